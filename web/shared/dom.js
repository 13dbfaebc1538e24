//! Building a page. Text goes in as text, never as markup.

/** el('button.main', { onclick }, 'words', child…): an element with classes, attributes, handlers and children. */
export function el(what, attributes = {}, ...children) {
  const [name, ...classes] = what.split('.');
  const node = document.createElement(name);
  node.classList.add(...classes);
  set(node, attributes);
  node.append(...present(children));
  return node;
}

/** What of these is there to be shown: `null`, `undefined` and `false` are nothing, which the browser would write out as words. */
export function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) { continue; }
    if (typeof value === 'function') { node[key] = value; } else { node.setAttribute(key, value === true ? '' : value); }
  }
}

const SVG = 'http://www.w3.org/2000/svg';

/** A drawing with attributes, of paths that are each `{ d, class }`. */
export function svg(attributes, paths) {
  const made = (name, own) => {
    const node = document.createElementNS(SVG, name);
    set(node, own);
    return node;
  };
  const node = made('svg', attributes);
  node.append(...paths.map((path) => made('path', path)));
  return node;
}

let passing = 0;
/** A word that passes by; one that is `lasting` stays until the next. */
export function notice(text, lasting = false) {
  clearTimeout(passing);
  document.getElementById('notice').textContent = text;
  if (text && !lasting) { passing = setTimeout(() => notice(''), 6000); }
}
