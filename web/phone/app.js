//! The phone's page: which part of it is shown, from the invitation to live. Each part is a file of its own.

import { call } from './api.js';
import { clip } from './clip.js';
import { el, show } from './dom.js';
import { door } from './door.js';
import { forget, recall } from './memory.js';
import { mine } from './mine.js';
import { me } from './me.js';
import { find, people } from './people.js';
import { secure } from './secure.js';
import { studio } from './studio.js';
import { terms } from './terms.js';
import { language, t } from './texts.js';

document.documentElement.lang = language;

/** The code in an invitation's address: `#CODE`, `#code=CODE` or `?code=CODE`. */
export function codeIn({ hash, search }) {
  const found = /^#(?:code=)?([\w -]+)$/.exec(decodeURIComponent(hash)) || /[?&]code=([\w-]+)/.exec(search);
  return found ? found[1].trim() : '';
}

/** The way between the parts; each gets this. */
const go = {
  async home() {
    if (!recall('token')) { go.door(); return; }
    await go.careful(async () => {
      const { accepted, ...text } = await call('GET', '/terms');
      if (accepted) { await go.people(); } else { terms(go, text); }
    });
  },
  door: (code = '', wrong = '') => door(go, code, wrong),
  people: () => go.careful(async () => people(go, (await call('GET', '/contacts')).contacts, await call('GET', '/me'))),
  find: () => find(go),
  studio: (chosen, title) => studio(go, chosen, title),
  clip: (chosen, title, file) => go.careful(() => clip(go, chosen, title, file)),
  mine: () => go.careful(() => mine(go)),
  me: () => go.careful(async () => me(go, await call('GET', '/me'))),

  /** Does something with the gateway; a revoked phone is told so, and what can't be reached is tried again. */
  async careful(work) {
    try {
      await work();
    } catch (error) {
      if (!go.revoked(error)) {
        if (!('status' in error)) { throw error; }
        show('trouble', [el('section.card', {}, el('img.mark', { src: '/shared/mark.svg', alt: '' }), el('p', { role: 'alert' }, error.status ? error.message : t('unreachable')), el('button.main', { type: 'button', onclick: () => go.home() }, t('again')))]);
      }
    }
  },

  /** Whether the gateway doesn't know this phone any more; the person is told, and can be invited again. */
  revoked(error) {
    if (error.status !== 401) { return false; }
    forget();
    go.door('', t('revoked'));
    return true;
  },
};

function enter() {
  const code = codeIn(location);
  if (!window.isSecureContext) { secure(code); return; }
  if (code) { history.replaceState(null, '', '/go/'); }
  if (code && !recall('token')) { go.door(code); } else { go.home(); }
}

window.addEventListener('hashchange', enter);
enter();
