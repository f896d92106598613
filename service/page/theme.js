// Runs before anything is painted, so that a chosen theme does not come a moment late.
// `auto` follows the system. What is stored is the choice alone.
(() => {
  let chosen = 'auto';
  try {
    chosen = localStorage.getItem('modiste.theme') || 'auto';
  } catch {
    // No storage: the system decides.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
