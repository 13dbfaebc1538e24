//! What the phone's page is built of: its drawings, buttons, fields, pages and questions.

import { el, present, svg } from '/shared/dom.js';
import { t } from '/shared/texts.js';

const ICONS = {
  turn: 'M4 12a8 8 0 0 1 13.700-5.600L20 8.500M20 4v4.500h-4.500M20 12a8 8 0 0 1-13.700 5.600L4 15.500M4 20v-4.500h4.500',
  torch: 'M13 3 5 13.500h6L10 21l8-10.500h-6z',
  sound: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  silent: 'M15 10.500V6a3 3 0 0 0-5.600-1.500M9 9v2a3 3 0 0 0 4.500 2.600M5 11a7 7 0 0 0 10.600 6'
    + 'M19 11a7 7 0 0 1-.600 2.800M12 18v3M4 3l16 18',
  back: 'M15 5l-7 7 7 7',
  more: 'M5 7h14M5 12h14M5 17h14',
  check: 'M5 12.500l4.500 4.500L19 7.500',
};

/** A line drawing by its name. */
export function icon(name) {
  return svg({ viewBox: '0 0 24 24', 'aria-hidden': 'true', class: 'icon' }, [{ d: ICONS[name] }]);
}

/** A small picture of lines, each `[class, path]`; words beside it say the same. */
export function drawing(lines) {
  return svg({ viewBox: '-2 0 60 84', 'aria-hidden': 'true', class: 'drawing' }, lines.map(([name, d]) => ({ d, class: name })));
}

/** A round button with a drawing, and what it does for those who don't see it. */
export function round(name, label, onclick, attributes = {}) {
  return el('button.round', { type: 'button', 'aria-label': label, title: label, onclick, ...attributes }, icon(name));
}

/** A field with its label above. */
export function field(label, attributes) {
  return el('label.field', {}, el('span', {}, label), el('input', attributes));
}

let leave = null;
/** Shows a page: what was there is left. `left` is called when this one is. */
export function show(name, children, left = null) {
  if (leave) { leave(); }
  leave = left;
  document.body.dataset.page = name;
  const page = document.getElementById('page');
  page.replaceChildren(...present(children));
  window.scrollTo(0, 0);
  const title = page.querySelector('h1');
  if (title) {
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }
}

/** Asks before what can't be undone; or for what is written into `field`. */
export function sure(text, action, field = null) {
  return new Promise((resolve) => {
    const dialog = el('dialog', { 'aria-label': action, onclose: () => { resolve(false); dialog.remove(); } },
      el('form', { method: 'dialog', onsubmit: () => resolve(true) },
        el('p', { dir: 'auto' }, text), field,
        el('div.choices', {}, el('button', { type: 'button', onclick: () => dialog.close() }, t('cancel')),
          el(field ? 'button.main' : 'button.danger', { type: 'submit' }, action))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
