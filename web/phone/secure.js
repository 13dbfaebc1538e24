//! Plain HTTP gives no camera: how to come in by HTTPS instead, step by step.

import { el } from '/shared/dom.js';
import { t } from '/shared/texts.js';
import { drawing, show } from './dom.js';

/** What the phone shows at each step: its screen in grey, what to touch in the colour of `now`. */
const SCREEN = ['', 'M4 2h48a4 4 0 0 1 4 4v76h-56V6a4 4 0 0 1 4-4z'];
const rows = (...at) => ['soft', at.map((y) => `M6 ${y}h44v10H6z`).join('')];
const PICTURES = {
  allow: [SCREEN, ['soft', 'M6 26h44v34H6zM12 32h32M12 38h24'], ['now', 'M30 48h16v8H30z']],
  gear: [SCREEN, rows(10, 40, 56), ['now', 'M6 25h44v10H6zM44 27.500l3 2.500-3 2.500']],
  trust: [SCREEN, rows(10, 26),
    ['now', 'M6 42h44v12H6zM36 44h8a4 4 0 0 1 0 8h-8a4 4 0 0 1 0-8zM44 45.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5']],
  get: [SCREEN, ['soft', 'M6 12h44M6 20h30'], ['now', 'M6 34h44v12H6zM28 56v14M22 65l6 6 6-6']],
  anyway: [SCREEN, rows(10, 24), ['now', 'M28 36l14 5v9c0 9-7 13-14 16-7-3-14-7-14-16v-9zM28 45v8M28 57v1']],
  file: [SCREEN, rows(10, 56), ['now', 'M6 28h44v20H6zM12 32h6l3 3v9h-9zM25 38h18']],
};

export function secure(address) {
  const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  const steps = (title, list, isOpen) => el('details.card', { open: isOpen }, el('summary', {}, el('h2', {}, title)),
    el('ol.steps', {}, list.map(([picture, step]) => el('li', {}, drawing(PICTURES[picture]), el('span', {}, step)))));
  const apple = steps(t('ios'), [['allow', t('ios_1')], ['gear', t('ios_2')], ['trust', t('ios_3')]], isApple);
  const android = steps(t('android'), [['get', t('android_1')], ['anyway', t('android_2')], ['file', t('android_3')]], !isApple);
  show('secure', [
    el('header.hero', {}, el('img.mark', { src: '/shared/mark.svg', alt: 'Lareira' }), el('h1', {}, t('secure_title')),
      el('p.lead', {}, t('secure_text'))),
    el('a.button', { href: '/go/lareira.crt' }, t('secure_get')),
    isApple ? [apple, android] : [android, apple],
    el('a.button.main', { href: address }, t('secure_go')),
    el('p.lead.small', {}, t('secure_why')),
  ].flat());
}
