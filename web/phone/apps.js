//! Camera apps: the address at which they publish as this phone, a link and a picture that set one up, and who sees it.

import { el, notice } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { call } from './api.js';
import { round, show } from './dom.js';
import { authorization } from './memory.js';
import { tile } from './people.js';

export function apps(go, { contacts }, { targets }, { rtsp_url: address, larix_url: link }) {
  const chosen = new Set(targets);
  const choose = () => go.careful(() => call('PUT', '/recipients', { targets: [...chosen] }));
  const field = el('input', { readonly: true, value: address, 'aria-label': t('apps_address') });
  const copy = async () => {
    field.select();
    try { await navigator.clipboard.writeText(address); } catch { document.execCommand('copy'); }
    notice(t('apps_copied'));
  };
  const square = el('img.square', { alt: t('apps_scan'), hidden: true });
  // The picture is as secret as the token, which goes with the question and not into an address.
  fetch('/api/v1/larix.svg', { headers: authorization(), cache: 'no-store' }).then(async (response) => {
    if (!response.ok) { return; }
    square.src = URL.createObjectURL(await response.blob());
    square.onload = () => URL.revokeObjectURL(square.src);
    square.hidden = false;
  }).catch(() => {});
  show('apps', [
    el('header.bar', {}, round('back', t('back'), () => go.me())),
    el('h1', {}, t('apps')),
    el('p.lead', {}, t('apps_text')),
    el('section.card', {}, el('h2', {}, t('people_title')),
      contacts.length ? el('div.tiles', {}, contacts.map((person) => tile(person, chosen, choose))) : el('p', {}, t('people_none'))),
    el('section.card', {}, el('h2', {}, t('apps_address')), field, el('button', { type: 'button', onclick: copy }, t('apps_copy'))),
    el('section.card', {}, el('h2', {}, 'Larix Broadcaster'), el('a.button.main', { href: link }, t('apps_open')),
      el('p', {}, t('apps_scan')), square),
  ]);
}
