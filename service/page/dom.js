// Small helpers for building elements. No markup is ever made from text, so nothing needs escaping.

/**
 * Return a new element.
 *
 * Attributes: a text alone, or `class`, `text`, `dataset` (an object), `on` (an object of listeners); true means an empty
 * attribute, false, null and undefined none. Children: nodes or texts; null and false are left out.
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (tag === 'button') made.type = tag; // and not one that sends its form, unless it says so
  if (typeof attributes === 'string') attributes = { text: attributes };
  for (const [name, value] of Object.entries(attributes)) {
    if ((value ?? false) === false) continue;
    if (name === 'text') made.textContent = value;
    else if (name === 'dataset') Object.assign(made.dataset, value);
    else if (name === 'on') for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...nodes(children));
  return made;
}

const nodes = (children) => children.flat(Infinity).filter((child) => (child ?? false) !== false);

/** Return a button. */
export function button(text, click) {
  return el('button', { text, on: { click } });
}

/** Return a text in small letters. */
export function fine(text) {
  return el('p', { class: 'fine', text });
}

/** Return a control with its label over it. */
export function field(text, control) {
  return el('label', { class: 'field' }, el('span', { text }), control);
}

/** Replace the children of an element. */
export function fill(root, ...children) {
  root.replaceChildren(...nodes(children));
}

/** Write the texts of every element below `root` that names one with `data-t`. */
export function translate(root, t) {
  for (const one of root.querySelectorAll('[data-t]')) one.textContent = t(one.dataset.t);
}

/** Call `handler` when nothing has called for it for `ms` milliseconds. */
export function debounced(handler, ms) {
  let timer = 0;
  const call = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => handler(...given), ms);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
