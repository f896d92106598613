// Runs before anything is painted, so that a chosen theme does not come a moment late.
try {
  const chosen = localStorage.getItem('modiste.theme');
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // No storage: the system decides.
}
