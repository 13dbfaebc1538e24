//! The terms, agreed to once.

import { el } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { call } from './api.js';
import { show } from './dom.js';

export function terms(go, { title, text, version }) {
  const paragraphs = text.split(/\n{2,}/).map((part) => {
    const [first, ...rest] = part.split('\n');
    return rest.length ? [el('h2', {}, first), el('p', {}, rest.join(' '))] : el('p', {}, first);
  });
  const agree = () => go.careful(async () => {
    await call('POST', '/terms/accept', { version });
    await go.people();
  });
  show('terms', [el('h1', {}, title), el('article.prose', {}, paragraphs.flat()),
    el('footer.dock', {}, el('button.main', { type: 'button', onclick: agree }, t('terms_go')))]);
}
