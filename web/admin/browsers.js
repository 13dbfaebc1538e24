//! The browsers that the owner came in with, and showing one of them out.

import { el } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { when } from '/shared/words.js';
import { verb } from './api.js';
import { ask } from './dom.js';

function row(browser, changed) {
  const name = browser.browser || t('browser_unknown');
  const facts = [browser.here ? t('browser_here') : null,
    t('browser_since', { since: when(browser.since), seen: when(browser.seen_at) })].filter(Boolean).join(' · ');
  const end = () => ask({ title: t('browser_end'), text: t('browser_ask', { name }), action: t('browser_end'), danger: true,
    send: () => verb('owner_end', { owner: browser.owner_id }) });
  return el('li.row', {},
    el('div.words', {}, el('strong', { dir: 'auto' }, name), el('span.quieter', {}, facts)),
    el('button.quiet', { 'aria-label': t('browser_ask', { name }), onclick: () => end().then(changed) }, t('browser_end')));
}

/** Draws the browsers. */
export function browsers(section, { owners }, changed) {
  section.replaceChildren(
    el('div.section-head', {}, el('h2', {}, t('browsers'))),
    el('ul.grid', {}, owners.map((browser) => row(browser, changed))));
}
