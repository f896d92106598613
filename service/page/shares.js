// Shares as people read them: what is not quite all is never written as 100%, nor what is not quite nothing as 0%.

/** Return a function from a share to its text. */
export function shares(lang) {
  const percent = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 });
  return (share) => {
    if (share > 0.9995 && share < 1) return `>${percent.format(0.999)}`;
    if (share !== 0 && Math.abs(share) < 0.0005) return `<${percent.format(0.001)}`;
    return percent.format(share);
  };
}
