// What the page remembers. A browser may refuse to store; the page then forgets, and works.

function kept(store) {
  return {
    get(name) {
      try {
        return window[store].getItem(`modiste.${name}`);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        if (value) window[store].setItem(`modiste.${name}`, value);
        else window[store].removeItem(`modiste.${name}`);
      } catch {
        // Not kept.
      }
    },
  };
}

/** Choices of the reader: theme and language. */
export const choices = kept('localStorage');

/** What ends with the tab: the API key. */
export const session = kept('sessionStorage');
