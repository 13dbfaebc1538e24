//! The TV channels: where they come from, how that went, and what there is.

import { el, present } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { when } from '/shared/words.js';
import { verb } from './api.js';

const SHOWN = 50;
const LOOK_MS = 1000;
let timer = 0;

/** What the gateway has; `null` where no channels were set up. */
export async function lineup() {
  try {
    return await verb('channel_list');
  } catch (error) {
    if (error.code === 'no_channels') { return null; }
    throw error;
  }
}

/** What was skipped: how many, and the first of them. */
function skipped(count, reasons) {
  return count ? el('details', {}, el('summary', {}, t('skipped', { count })),
    el('ul.skipped', {}, reasons.map((reason) => el('li', {}, reason)))) : null;
}

/** One source, and how it stands. */
function origin(words, { source, fetched_at: at, problem, skipped_total: count, skipped: reasons }) {
  if (!source) { return null; }
  return el('li.row', {},
    el('div.words', {}, el('strong', {}, words), el('span.quieter', {}, el('code', {}, source)),
      problem ? el('span.wrong', {}, problem) : null, skipped(count, reasons)),
    el('span.quieter', {}, at ? when(at) : ''));
}

/** Draws the channels. */
export function channels(section, known, changed) {
  const fetching = Boolean(known && known.fetching);
  const fetch = el('button', { disabled: fetching, onclick: () => { fetch.disabled = true; verb('channel_refresh')
    .then(changed, changed); } }, fetching ? t('fetching') : t('fetch_again'));
  clearTimeout(timer);
  if (fetching) { timer = setTimeout(() => lineup().then((again) => channels(section, again, changed), changed), LOOK_MS); }
  const head = el('div.section-head', {}, el('h2', {}, t('channels')), known ? el('div.buttons', {}, fetch) : null);
  if (!known) {
    section.replaceChildren(head, el('p.lead', {}, t('no_channels')),
      el('p', {}, el('code', {}, '[channels] list = "https://…/channels.m3u"')));
    return;
  }
  const titles = el('thead', {}, el('tr', {}, [t('channel_number'), t('name'),
    t('group')].map((words) => el('th', { scope: 'col' }, words))));
  const rows = known.channels.slice(0, SHOWN).map((channel) =>
    el('tr', {}, el('td', {}, String(channel.number)), el('td', { dir: 'auto' }, channel.name),
    el('td', { dir: 'auto' }, channel.group || '')));
  section.replaceChildren(...present([head,
    el('ul.grid', {}, origin(t('channel_list', { count: known.total }), known.list),
      known.guides.map((guide) => origin(t('channel_guide', { count: guide.programmes }), guide))),
    rows.length ? el('table', {}, titles, el('tbody', {}, rows)) : null,
    known.total > rows.length ? el('p.quieter', {}, t('and_more', { count: known.total - rows.length })) : null,
    skipped(known.skipped_total, known.skipped.map(({ line, reason }) => t('skipped_line', { line, reason })))]));
}
