/* Building the page: elements with attributes, classes and text. Text goes in as text, never as markup. */
(function (Lareira) {
  'use strict';

  /* Longer than anything a screen shows; keeps a hostile title from costing the layout a second. */
  var LONGEST = 400;

  /* el('button.big', {'aria-label': 'x', text: 'y', onclick: f}, [children]) */
  function el(what, attributes, children) {
    var parts = what.split('.'), node = document.createElement(parts[0] || 'div');
    if (parts.length > 1) { node.className = parts.slice(1).join(' '); }
    Object.keys(attributes || {}).forEach(function (name) {
      var value = attributes[name];
      if (value === null || value === undefined || value === false) { return; }
      if (name === 'text') {
        node.textContent = clip(value);
      } else if (typeof value === 'function') {
        node[name] = value;
      } else {
        node.setAttribute(name, clip(value));
      }
    });
    (children || []).forEach(function (child) { if (child) { node.appendChild(child); } });
    return node;
  }

  function clip(value) {
    var text = String(value);
    return text.length > LONGEST ? text.slice(0, LONGEST) + '\u2026' : text;
  }

  /* Words of people: their own direction, not the page's. */
  function theirs(what, text) { return el(what, { text: text || '', dir: 'auto' }); }

  function clear(node) { while (node.firstChild) { node.removeChild(node.firstChild); } return node; }

  function remove(node) { if (node && node.parentNode) { node.parentNode.removeChild(node); } }

  /* Every page of the application, by its name. */
  Lareira.views = {};
  Lareira.dom = { el: el, theirs: theirs, clear: clear, remove: remove, clip: clip };
}(window.Lareira = window.Lareira || {}));
