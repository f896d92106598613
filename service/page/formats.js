// Numbers as people write them in a language. Each function returns one from a number to its text.

/** Counts, and measures of at most so many digits after the point. */
export function counts(lang, maximumFractionDigits = 0) {
  return new Intl.NumberFormat(lang, { maximumFractionDigits }).format;
}

/** Measures of any size, to so many digits in all. */
export function measures(lang, maximumSignificantDigits) {
  return new Intl.NumberFormat(lang, { maximumSignificantDigits }).format;
}

/** Shares: what is not quite all is never written as 100%, nor what is not quite nothing as 0%. */
export function shares(lang) {
  const { format } = new Intl.NumberFormat(lang, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (share) => {
    if (share > 0.9995 && share < 1) return `>${format(0.999)}`;
    if (share !== 0 && Math.abs(share) < 0.0005) return `<${format(0.001)}`;
    return format(share);
  };
}
