//! What the owner's page is built of: charts and dialogs.

import { el, svg } from '/shared/dom.js';
import { t } from '/shared/texts.js';

/** A small chart of the newest values; `most` is what fills its height at least. */
export function chart(values, most, label) {
  const top = Math.max(most, ...values) || 1;
  const x = (i) => (100 * i / (values.length - 1)).toFixed(2);
  const points = values.map((value, i) => `${x(i)},${(39 - 37 * value / top).toFixed(2)}`).join(' L');
  const paths = [{ class: 'area', d: `M0,40 L${points} L100,40 Z` }, { class: 'line', d: `M${points}` }];
  const attributes = { viewBox: '0 0 100 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': label };
  return svg(attributes, values.length < 2 ? [] : paths);
}

/** Asks in a dialog: fields are [name, label, attributes]; `send(values)` may throw what is wrong. Resolves when it is closed. */
export function ask({ title, text, fields = [], action, danger = false, send }) {
  return new Promise((resolve) => {
    const wrong = el('p.wrong', { role: 'alert' });
    const inputs = fields.map(([name, label, attributes = {}]) => {
      const { options, ...rest } = attributes;
      const input = options ? el('select', { name, ...rest }, options.map(([value, words]) => el('option', { value }, words)))
        : el('input', { name, autocomplete: 'off', ...rest });
      return rest.type === 'checkbox' ? el('label.check', {}, input, label) : el('label', {}, label, input);
    });
    const go = el(danger ? 'button.danger' : 'button.main', { type: 'submit' }, action);
    const form = el('form', { method: 'dialog', novalidate: true }, ...inputs, wrong,
      el('div.buttons', {}, el('button', { type: 'button', onclick: () => dialog.close() }, t('cancel')), go));
    const dialog = el('dialog', { 'aria-label': title }, el('h2', { dir: 'auto' }, title),
      text ? el('p.lead', { dir: 'auto' }, text) : null, form);
    form.onsubmit = async (event) => {
      event.preventDefault();
      go.disabled = true;
      wrong.textContent = '';
      try {
        await send(Object.fromEntries(fields.map(([name]) => { const input =
          form.elements[name]; return [name, input.type === 'checkbox' ? input.checked : input.type === 'file' ? input.files[0]
          : input.value.trim()]; })));
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
  const dialog = el('dialog', { 'aria-label': title }, el('h2', {}, title), ...children,
    el('div.buttons', {}, el('button.main', { onclick: () => dialog.close() }, t('close'))));
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}
