//! The sender's own shares, newest first: how each stands, giving it another title, and taking it back.

import { el, notice } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { length, when } from '/shared/words.js';
import { call } from './api.js';
import { round, show, sure } from './dom.js';
import { stage } from './words.js';

const PAGE = 20;

export async function mine(go) {
  const list = el('ul.list');
  const more = el('button', { type: 'button', onclick: () => go.careful(add) }, t('more'));
  const add = async () => {
    const { total, shares } = await call('GET', `/shares?offset=${list.children.length}&limit=${PAGE}`);
    list.append(...shares.map((share) => row(go, share)));
    more.hidden = !shares.length || list.children.length >= total;
  };
  await add();
  show('mine', [
    el('header.bar', {}, round('back', t('back'), () => go.people())),
    el('h1', {}, t('mine')),
    list.children.length ? list : el('p.lead', {}, t('mine_none')),
    more,
  ]);
}

function row(go, share) {
  const facts = [share.started_at && when(share.started_at), share.duration_ms && length(share.duration_ms),
    (!share.duration_ms && share.kind === 'clip' && share.message) || stage(share)].filter(Boolean).join(' · ');
  const title = el('h2', { dir: 'auto' });
  const named = (words) => {
    share.title = words;
    title.textContent = words || (share.kind === 'clip' ? t('clip') : t('untitled'));
  };
  const rename = async () => {
    const field = el('input', { maxlength: '200', value: share.title, 'aria-label': t('people_about') });
    if (await sure(t('people_about'), t('save'), field)) {
      await go.careful(async () => named((await call('PATCH', `/shares/${share.share_id}`, { title: field.value })).title));
    }
  };
  named(share.title);
  return el('li.card', {},
    title,
    el('p', {}, facts),
    el('p', { dir: 'auto' }, t('to', { names: share.targets.map((one) => one.name).join(', ') })),
    share.state === 'expired' ? null : el('div.choices', {}, el('button', { type: 'button', onclick: rename }, t('rename')),
      el('button', { type: 'button', onclick: () => takeBack(go, share.share_id, () => go.mine()) }, t('take_back'))));
}

/** Withdraws a share, once the person is sure. */
export async function takeBack(go, id, after) {
  if (!(await sure(t('take_back_ask'), t('take_back')))) { return; }
  await go.careful(async () => {
    await call('DELETE', `/shares/${id}`);
    notice(t('taken_back'));
    after();
  });
}
