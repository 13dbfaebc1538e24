//! What the gateway refuses, in the words of whoever reads the page: one place for all codes that a phone can meet when it
//! shares (docs/api.md, docs/clips.md, docs/publish-websocket.md).

import { t } from '/shared/texts.js';

/** Words, and the codes that they are for. */
const WORDS = [
  [t('no_full'), 'full'],
  [t('no_disk_full'), 'disk_full'],
  [t('no_too_often'), 'too_often'],
  [t('no_not_a_contact'), 'not_a_contact'],
  [t('no_already_publishing'), 'already_publishing'],
  [t('no_over'), 'not_found over ended expired withdrawn'],
  [t('no_silent'), 'silent late_start'],
  [t('no_encoder'), 'unsupported_codec unplayable'],
  [t('no_busy'), 'busy not_allowed closing late uploading rested yielded too_slow unavailable'],
  [t('no_failed'), 'failed internal bad_answer store_failed disk'],
  [t('no_bad'), 'bad_message unsupported_version bad_body bad_request invalid too_large'],
];

/** The words for a code, or '' where there are none. */
export function refusal(code) {
  const [words] = WORDS.find(([, codes]) => codes.split(' ').includes(code)) || [''];
  return words;
}

/** The words for what a call threw. */
export function wordsOf({ status, code, message }) {
  return status ? refusal(code) || message : t('unreachable');
}
