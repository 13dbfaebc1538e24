// Building the page. Text goes in as text, never as markup.

import { t } from './texts.js';

/** el('button.main', { onclick }, 'words', child…): an element with classes, attributes, handlers and children. */
export function el(what, attributes = {}, ...children) {
  const [name, ...classes] = what.split('.');
  const node = document.createElement(name);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) { continue; }
    if (typeof value === 'function') { node[key] = value; } else { node.setAttribute(key, value === true ? '' : value); }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A small chart of the newest values; `most` is what fills its height at least. */
export function chart(values, most, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 100 40');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  if (values.length < 2) { return svg; }
  const top = Math.max(most, ...values) || 1;
  const points = values.map((value, i) => `${(100 * i / (values.length - 1)).toFixed(2)},${(39 - 37 * value / top).toFixed(2)}`);
  for (const [kind, d] of [['area', `M0,40 L${points.join(' L')} L100,40 Z`], ['line', `M${points.join(' L')}`]]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', kind);
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** A face: the photo, or the first letters of the name. */
export function face(person) {
  if (person.photo_url) { return el('img.face', { src: `${person.photo_url}?size=96`, alt: '' }); }
  const words = String(person.name || '?').trim().split(/\s+/);
  return el('span.face', { 'aria-hidden': 'true' }, [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...word][0] || '').join('').toUpperCase());
}

let passing = 0;
/** A word that passes by; `lasting` stays until the next. */
export function notice(text, lasting = false) {
  clearTimeout(passing);
  document.getElementById('notice').textContent = text;
  if (text && !lasting) { passing = setTimeout(() => notice(''), 6000); }
}

/** Asks in a dialog: fields are [name, label, attributes]; `send(values)` may throw what is wrong. Resolves when it is closed. */
export function ask({ title, text, fields = [], action, danger = false, send }) {
  return new Promise((resolve) => {
    const wrong = el('p.wrong', { role: 'alert' });
    const inputs = fields.map(([name, label, attributes = {}]) => {
      const { options, ...rest } = attributes;
      const input = options ? el('select', { name, ...rest }, options.map(([value, words]) => el('option', { value }, words))) : el('input', { name, autocomplete: 'off', ...rest });
      return rest.type === 'checkbox' ? el('label.check', {}, input, label) : el('label', {}, label, input);
    });
    const go = el(danger ? 'button.danger' : 'button.main', { type: 'submit' }, action);
    const form = el('form', { method: 'dialog', novalidate: true }, ...inputs, wrong, el('div.buttons', {}, el('button', { type: 'button', onclick: () => dialog.close() }, t('cancel')), go));
    const dialog = el('dialog', { 'aria-label': title }, el('h2', { dir: 'auto' }, title), text ? el('p.lead', { dir: 'auto' }, text) : null, form);
    form.onsubmit = async (event) => {
      event.preventDefault();
      go.disabled = true;
      wrong.textContent = '';
      try {
        await send(Object.fromEntries(fields.map(([name]) => { const input = form.elements[name]; return [name, input.type === 'checkbox' ? input.checked : input.type === 'file' ? input.files[0] : input.value.trim()]; })));
        dialog.close();
      } catch (error) {
        wrong.textContent = error.message;
      }
      go.disabled = false;
    };
    dialog.onclose = () => { dialog.remove(); resolve(); };
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Shows something in a dialog until it is closed. */
export function tell(title, ...children) {
  const dialog = el('dialog', { 'aria-label': title }, el('h2', {}, title), ...children, el('div.buttons', {}, el('button.main', { onclick: () => dialog.close() }, t('close'))));
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}
