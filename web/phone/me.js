//! What the TVs show of this phone's owner, and signing the phone out.

import { el, notice } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { call } from './api.js';
import { field, round, show, sure } from './dom.js';
import { forget } from './memory.js';
import { photoField } from './photo.js';

export function me(go, own) {
  const photo = photoField(t('me_photo'), own.photo_url);
  const wrong = el('p.wrong', { role: 'alert' });
  const form = el('form.card', {},
    photo.node,
    field(t('door_name'), { name: 'name', required: true, autocomplete: 'name', maxlength: '100', value: own.name }),
    field(t('me_number'), { name: 'msisdn', type: 'tel', autocomplete: 'tel', value: own.msisdn }),
    field(t('me_email'), { name: 'email', type: 'email', autocomplete: 'email', value: own.email }),
    wrong, el('button.main', { type: 'submit' }, t('save')));
  form.onsubmit = async (event) => {
    event.preventDefault();
    wrong.textContent = '';
    const [name, msisdn, email] = ['name', 'msisdn', 'email'].map((one) => form.elements[one].value.trim());
    try {
      if (photo.blob) { await call('PUT', '/me/photo', await photo.blob()); }
      await call('PATCH', '/me', { name, msisdn, email });
      notice(t('saved'));
      await go.people();
    } catch (error) {
      if (!go.revoked(error)) { wrong.textContent = error.status ? error.message : t('unreachable'); }
    }
  };
  const out = async () => {
    if (await sure(t('forget_ask'), t('forget'))) {
      forget();
      go.door();
    }
  };
  show('me', [el('header.bar', {}, round('back', t('back'), () => go.people())), el('h1', {}, t('me')), form,
    el('button', { type: 'button', onclick: () => go.apps() }, t('apps')),
    el('button.text', { type: 'button', onclick: out }, t('forget'))]);
}
