//! The shares this phone made: how each stands, and taking one back.

import { call } from './api.js';
import { el, notice, round, show, sure } from './dom.js';
import { recall, removeShare } from './memory.js';
import { t } from './texts.js';
import { length, stage, when } from './words.js';

export async function mine(go) {
  const shares = await Promise.all((recall('shares') || []).map((id) => call('GET', `/shares/${id}`).catch((error) => {
    if (error.status !== 404) { throw error; }
    removeShare(id);
    return null;
  })));
  show('mine', [
    el('header.bar', {}, round('back', t('back'), () => go.people())),
    el('h1', {}, t('mine')),
    shares.some(Boolean) ? el('ul.list', {}, shares.filter(Boolean).map((share) => row(go, share))) : el('p.lead', {}, t('mine_none')),
  ]);
}

function row(go, share) {
  const facts = [share.started_at && when(share.started_at), share.duration_ms && length(share.duration_ms), (!share.duration_ms && share.message) || stage(share.state)].filter(Boolean).join(' · ');
  return el('li.card', {},
    el('h2', { dir: 'auto' }, share.title || (share.kind === 'clip' ? t('clip') : t('untitled'))),
    el('p', {}, facts),
    el('p', { dir: 'auto' }, t('to', { names: share.targets.map((one) => one.name).join(', ') })),
    share.state === 'expired' ? null : el('button', { type: 'button', onclick: () => takeBack(go, share.share_id, () => go.mine()) }, t('take_back')));
}

/** Withdraws a share, once the person is sure. */
export async function takeBack(go, id, after) {
  if (!(await sure(t('take_back_ask'), t('take_back')))) { return; }
  await go.careful(async () => {
    await call('DELETE', `/shares/${id}`);
    removeShare(id);
    notice(t('taken_back'));
    after();
  });
}
