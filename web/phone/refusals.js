//! What the gateway refuses, in the words of whoever reads the page: one place for all codes that a phone can meet when it
//! shares (docs/api.md, docs/clips.md, docs/publish-websocket.md).

import { t } from '/shared/texts.js';

/** The words for a code, or '' where there are none. */
export function refusal(code) {
  const found = [
    [t('refused_full'), 'full'], [t('refused_disk_full'), 'disk_full'], [t('refused_too_often'), 'too_often'],
    [t('chosen_none'), 'no_recipients'], [t('refused_not_a_contact'), 'not_a_contact'],
    [t('refused_already_publishing'), 'already_publishing'], [t('refused_not_allowed'), 'not_allowed'],
    [t('refused_over'), 'not_found over ended expired withdrawn'], [t('refused_silent'), 'silent late_start'],
    [t('no_encoder'), 'unsupported_codec'], [t('done_unplayable'), 'unplayable'],
    [t('refused_busy'), 'busy closing late uploading rested yielded too_slow unavailable'],
    [t('refused_failed'), 'failed internal bad_answer store_failed disk recording'],
    [t('refused_bad'), 'bad_message unsupported_version bad_body bad_request invalid too_large'],
  ].find(([, codes]) => codes.split(' ').includes(code));
  return found ? found[0] : '';
}

/** The words for what a call threw. */
export function wordsOf({ status, code, message }) {
  return status ? refusal(code) || message : t('unreachable');
}
