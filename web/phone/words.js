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

/** How a share stands. One that reached nobody is in no inbox. */
export function stage({ state, targets = [] }) {
  const reached = targets.some((target) => !['invited', 'blocked', 'failed'].includes(target.state));
  if (state === 'ended' && !reached) { return t('share_never'); }
  return { pending: t('share_pending'), preparing: t('share_preparing'), ready: t('share_ready'), ended: t('share_ended'),
    expired: t('share_expired') }[state] || '';
}

/** How it stands with the recording of what is live, where it isn't all right. */
export function unkept(code) {
  return { disk_full: t('unkept_disk_full'), too_long: t('unkept_too_long'), gaps: t('unkept_gaps'), disk: t('unkept_disk') }[code] || '';
}

/** What a recording that is over lacks. */
export function lacks(code) {
  return { disk_full: t('lacks_disk_full'), too_long: t('lacks_too_long'), gaps: t('lacks_gaps'), disk: t('lacks_disk') }[code] || '';
}
