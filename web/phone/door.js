//! The door: an invitation's code, a name and perhaps a photo make this phone a sender's; the first phone of all makes the
//! house its owner's, with the code that a TV shows or that stands in the gateway's log.

import { el } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { call } from './api.js';
import { region } from './contacts.js';
import { field, show } from './dom.js';
import { forget, remember } from './memory.js';
import { photoField } from './photo.js';

export function door(go, code, wrong, isClaim) {
  const message = el('p.wrong', { role: 'alert' }, wrong);
  const button = el('button.main', { type: 'submit' }, isClaim ? t('claim_go') : t('door_go'));
  const photo = photoField(t('door_photo'));
  const form = el('form.card', {},
    code ? null : field(isClaim ? t('claim_code') : t('door_code'),
      { name: 'code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: '20' }),
    photo.node,
    field(t('door_name'), { name: 'name', required: true, autocomplete: 'name', maxlength: '100' }),
    isClaim ? field(t('claim_home'), { name: 'home', autocomplete: 'off', maxlength: '100' }) : null,
    isClaim ? field(t('claim_country'), { name: 'country', type: 'tel', autocomplete: 'tel-country-code', placeholder: '+351' }) : null,
    message, button);
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    message.textContent = '';
    const said = (name) => form.elements[name]?.value.trim();
    try {
      const { token } = await call('POST', isClaim ? '/claim' : '/enrol',
        { code: code || said('code'), name: said('name'),
        ...(isClaim ? { home: said('home'), country: said('country'), region: region() } : {}),
        ...(photo.url ? { photo: photo.url } : {}) });
      forget();
      remember({ token });
      await go.home();
    } catch (error) {
      button.disabled = false;
      if (error.code === 'claimed') { go.door('', t('claim_taken')); return; }
      const isWrong = [401, 403, 404, 410].includes(error.status);
      const words = isWrong ? (error.code === 'claim_closed' ? t('claim_closed') : isClaim ? t('claim_wrong') : t('door_wrong'))
        : error.status ? error.message : t('unreachable');
      // A code that doesn't hold can be typed anew.
      if (code && isWrong) { go.door('', words, isClaim); return; }
      message.textContent = words;
    }
  };
  const lead = isClaim ? t('claim_text') : code ? t('door_invited') : t('door_text');
  show('door', [
    el('header.hero', {}, el('img.mark', { src: '/shared/mark.svg', alt: 'Lareira' }),
      el('h1', {}, isClaim ? t('claim_title') : t('door_title')), el('p.lead', {}, lead)),
    form,
  ]);
}
