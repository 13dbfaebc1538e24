//! What was shared, newest first.

import { el, notice } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { length, when } from '/shared/words.js';
import { verb } from './api.js';
import { ask } from './dom.js';

const SHOWN = 50;
const STATES = { pending: () => t('state_pending'), preparing: () => t('state_preparing'), ready: () => t('state_ready'),
  ended: () => t('state_ended'), expired: () => t('state_expired') };

function row(share, changed) {
  const name = share.sender_name || '';
  const withdraw = () => ask({ title: t('withdraw'), text: t('withdraw_ask', { name }), action: t('withdraw'), danger: true,
    send: () => verb('share_delete', { share: share.share_id }) });
  const keep = () => verb(share.kept ? 'share_unkeep' : 'share_keep', { share: share.share_id });
  const keeping = share.state === 'expired' ? null
    : el('button.quiet', { 'aria-pressed': String(share.kept),
    'aria-label': share.kept ? t('unkeep_this', { name }) : t('keep_this', { name }),
    onclick: () => keep().catch((error) => notice(error.message)).then(changed) }, share.kept ? t('kept') : t('keep'));
  return el('tr', {},
    el('td', {}, when(share.started_at || share.created_at)),
    el('td', { dir: 'auto' }, name),
    el('td', { dir: 'auto' }, [share.title, (STATES[share.state] || String)(share.state)].filter(Boolean).join(' · ')),
    el('td', {}, length(share.duration_ms)),
    el('td', {}, keeping, el('button.quiet', { 'aria-label': t('withdraw_ask', { name }), onclick: () => withdraw().then(changed) },
      t('withdraw'))));
}

/** Draws the newest shares. */
export function shares(section, { shares: list }, changed) {
  const head = el('thead', {}, el('tr', {}, [t('when'), t('who'), t('what'), t('length')].map((words) => el('th', { scope: 'col' }, words)),
    el('th', {})));
  section.replaceChildren(
    el('div.section-head', {}, el('h2', {}, t('shares'))),
    list.length ? el('table', {}, head, el('tbody', {}, list.slice(0, SHOWN).map((share) => row(share, changed))))
      : el('p.lead', {}, t('no_share')));
}
