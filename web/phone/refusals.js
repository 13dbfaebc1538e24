//! What the gateway refuses, in the words of whoever reads the page: one place for all codes that a phone can meet when it
//! shares (docs/api.md, docs/clips.md, docs/publish-websocket.md).

import { t } from '/shared/texts.js';

/** The words for a code, or '' where there are none. */
export function refusal(code) {
  return {
    full: t('refused_full'), disk_full: t('refused_disk_full'), too_often: t('refused_too_often'), no_recipients: t('chosen_none'),
    not_a_contact: t('refused_not_a_contact'), already_publishing: t('refused_already_publishing'), not_allowed: t('refused_not_allowed'),
    not_found: t('refused_over'), over: t('refused_over'), ended: t('refused_over'), expired: t('refused_over'),
    withdrawn: t('refused_over'), silent: t('refused_silent'), late_start: t('refused_silent'), unsupported_codec: t('no_encoder'),
    unplayable: t('done_unplayable'), busy: t('refused_busy'), closing: t('refused_busy'), late: t('refused_busy'),
    uploading: t('refused_busy'), rested: t('refused_busy'), yielded: t('refused_busy'), too_slow: t('refused_busy'),
    unavailable: t('refused_busy'), failed: t('refused_failed'), internal: t('refused_failed'), bad_answer: t('refused_failed'),
    store_failed: t('refused_failed'), disk: t('refused_failed'), recording: t('refused_failed'), bad_message: t('refused_bad'),
    unsupported_version: t('refused_bad'), bad_body: t('refused_bad'), bad_request: t('refused_bad'), invalid: t('refused_bad'),
    too_large: t('refused_bad'),
  }[code] || '';
}

/** The words for what a call threw. */
export function wordsOf({ status, code, message }) {
  return status ? refusal(code) || message : t('unreachable');
}
