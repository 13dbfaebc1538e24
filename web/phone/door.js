//! The door: an invitation's code, a name and perhaps a photo make this phone a sender's.

import { call } from './api.js';
import { el, field, show } from './dom.js';
import { forget, remember } from './memory.js';
import { photoField } from './photo.js';
import { t } from './texts.js';

export function door(go, code, wrong) {
  const message = el('p.wrong', { role: 'alert' }, wrong);
  const button = el('button.main', { type: 'submit' }, t('door_go'));
  const photo = photoField(t('door_photo'));
  const form = el('form.card', {},
    code ? null : field(t('door_code'), { name: 'code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: '20' }),
    photo.node,
    field(t('door_name'), { name: 'name', required: true, autocomplete: 'name', maxlength: '100' }),
    message, button);
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    message.textContent = '';
    try {
      const { token } = await call('POST', '/enrol', { code: code || form.elements.code.value.trim(), name: form.elements.name.value.trim(), ...(photo.url ? { photo: photo.url } : {}) });
      forget();
      remember({ token });
      await go.home();
    } catch (error) {
      button.disabled = false;
      // A code that doesn't hold can be typed anew.
      if (code && (error.status === 401 || error.status === 403 || error.status === 404 || error.status === 410)) { go.door('', t('door_wrong')); return; }
      message.textContent = error.code === 'unreachable' ? t('unreachable') : error.status < 411 ? t('door_wrong') : error.message;
    }
  };
  show('door', [
    el('header.hero', {}, el('img.mark', { src: '/shared/mark.svg', alt: 'Lareira' }), el('h1', {}, t('door_title')), el('p.lead', {}, code ? t('door_invited') : t('door_text'))),
    form,
  ]);
}
