//! The names of states, and numbers as people say them.

import { language, t } from '/shared/texts.js';

/** A number with one decimal. */
export function decimal(value) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}

/** How a target stands; someone who watches, with the delay of their picture. */
export function standing({ state, latency_ms: latencyMs, latency_from: from }) {
  if (state === 'watching' && latencyMs > 0) {
    const seconds = decimal(Math.max(0.1, latencyMs / 1000));
    return from === 'gateway' ? t('delay_gateway', { seconds }) : t('delay', { seconds });
  }
  return {
    invited: t('state_invited'), notified: t('state_notified'), watching: t('state_watching'), watched: t('state_watched'),
    later: t('state_later'), declined: t('state_declined'), blocked: t('state_blocked'), failed: t('state_failed'),
  }[state] || '';
}

/** How a share stands. One that reached nobody is in no inbox, and where nothing was kept there is nothing in it. */
export function stage({ state, recorded, interrupted, recording_failure_code: code, targets = [] }) {
  const reached = targets.some((target) => !['invited', 'blocked', 'failed'].includes(target.state));
  if (state === 'ended' && !reached) { return notReady(code) || t('share_never'); }
  if (state === 'ended' && recorded === false) { return t('done_unkept'); }
  if (state === 'ready' && interrupted) { return t('lost'); }
  return { pending: t('share_pending'), preparing: t('share_preparing'), ready: t('share_ready'), ended: t('share_ended'),
    expired: t('share_expired') }[state] || '';
}

/** Why nothing of what is sent can be shown, by the gateway's word for it. */
export function notReady(code) {
  switch (code) {
    case 'no_media': case 'only_sound': return t('refused_silent');
    case 'no_parameter_sets': case 'no_key_frame': case 'broken_pictures': return t('not_ready_key');
    case 'unsupported': case 'undecodable': return t('not_ready_kind');
    default: return '';
  }
}

/** How it stands with the recording of what is live, where it isn't all right. */
export function unkept(code) {
  return { disk_full: t('unkept_disk_full'), too_long: t('unkept_too_long'), gaps: t('unkept_gaps'), disk: t('unkept_disk') }[code] || '';
}

/** What a recording that is over lacks. */
export function lacks(code) {
  return { disk_full: t('lacks_disk_full'), too_long: t('lacks_too_long'), gaps: t('lacks_gaps'), disk: t('lacks_disk') }[code] || '';
}
