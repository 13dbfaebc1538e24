//! Plain HTTP gives no camera: how to come in by HTTPS instead, step by step.

import { el, show } from './dom.js';
import { t } from './texts.js';

export function secure(address) {
  const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  const steps = (title, list, isOpen) => el('details.card', { open: isOpen }, el('summary', {}, el('h2', {}, title)), el('ol.steps', {}, list.map((step) => el('li', {}, step))));
  const apple = steps(t('ios'), [t('ios_1'), t('ios_2'), t('ios_3')], isApple);
  const android = steps(t('android'), [t('android_1'), t('android_2'), t('android_3')], !isApple);
  show('secure', [
    el('header.hero', {}, el('img.mark', { src: '/shared/mark.svg', alt: 'Lareira' }), el('h1', {}, t('secure_title')), el('p.lead', {}, t('secure_text'))),
    el('a.button', { href: '/go/lareira.crt' }, t('secure_get')),
    isApple ? [apple, android] : [android, apple],
    el('a.button.main', { href: address }, t('secure_go')),
    el('p.lead.small', {}, t('secure_why')),
  ].flat());
}
