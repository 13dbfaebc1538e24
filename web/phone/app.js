//! The phone's page: which part of it is shown, from the invitation to live. Each part is a file of its own.

import { el } from '/shared/dom.js';
import { language, t } from '/shared/texts.js';
import { call } from './api.js';
import { apps } from './apps.js';
import { clip } from './clip.js';
import { show } from './dom.js';
import { door } from './door.js';
import { me } from './me.js';
import { forget, recall } from './memory.js';
import { mine } from './mine.js';
import { find, people } from './people.js';
import { wordsOf } from './refusals.js';
import { secure } from './secure.js';
import { studio } from './studio.js';
import { terms } from './terms.js';

document.documentElement.lang = language;

/** What the address brings: an invitation's `#CODE`, `#code=CODE` or `?code=CODE`, or a TV's `#claim=CODE` or `?claim=CODE`. */
function brought({ hash, search }) {
  const [, kind = '', code = ''] = /^#(?:(code|claim)=)?([\w -]+)$/.exec(hash.replace(/%20/g, ' '))
    || /[?&](code|claim)=([\w-]+)/.exec(search) || [];
  return { code: code.trim(), isClaim: kind === 'claim' };
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
  door: (code = '', wrong = '', isClaim = false) => door(go, code, wrong, isClaim),
  people: () => go.careful(async () => people(go, (await call('GET', '/contacts')).contacts, await call('GET', '/me'))),
  find: () => find(go),
  apps: () => go.careful(async () => apps(go, ...await Promise.all([call('GET', '/contacts'), call('GET', '/recipients'),
    call('GET', '/camera-apps')]))),
  /** On to the owner's page. */
  admin: () => go.careful(async () => {
    await call('POST', '/owner-session');
    location.assign('/admin/');
  }),
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
        show('trouble', [el('section.card', {}, el('img.mark', { src: '/shared/mark.svg', alt: '' }),
          el('p', { role: 'alert' }, wordsOf(error)),
          el('button.main', { type: 'button', onclick: enter }, t('again')))]);
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
  return go.careful(async () => {
    const { code, isClaim } = brought(location);
    const isKnown = Boolean(recall('token'));
    const house = isKnown && !isClaim && window.isSecureContext ? { claimed: true } : await call('GET', '/house');
    // Without HTTPS there is no camera, but all the rest.
    if (!window.isSecureContext && house.https_url) { secure(`${house.https_url}/go/${location.hash || location.search}`); return; }
    if (code) { history.replaceState(null, '', '/go/'); }
    if (!house.claimed) {
      go.door(isClaim ? code : '', '', true);
    } else if (isKnown) {
      await go.home();
    } else {
      go.door(isClaim ? '' : code, isClaim ? t('claim_taken') : '');
    }
  });
}

window.addEventListener('hashchange', enter);
enter();
