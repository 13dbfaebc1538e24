//! The owner's page: the door, and behind it what the gateway is doing and who it belongs to.

import { el, notice } from '/shared/dom.js';
import { language, t } from '/shared/texts.js';
import * as api from './api.js';
import { browsers } from './browsers.js';
import { channels, lineup } from './channels.js';
import { draw } from './now.js';
import { households, pairTv, phones } from './people.js';
import { shares } from './shares.js';
import { span } from './words.js';

const LOOK_MS = 2000;
const page = document.getElementById('page');
const out = document.getElementById('out');
const pulse = document.getElementById('pulse');
/** What the address brings: a code to come in with, or that of a TV. */
const brought = location.hash.slice(1);
let timer = 0;
/** The pairing code in the address, from the picture that a TV shows. */
let pairing = null;

function door(words = '') {
  clearTimeout(timer);
  out.hidden = true;
  pulse.textContent = '';
  const code = el('input', { name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', 'aria-label': t('door_code'),
    placeholder: '12345 67890' });
  const form = el('form', {}, code, el('p.wrong', { role: 'alert' }, words), el('button.main', { type: 'submit' }, t('come_in')));
  form.onsubmit = (event) => { event.preventDefault(); knock(code.value); };
  page.replaceChildren(el('section.door', {}, el('h2', {}, t('door_title')), el('p.lead', {}, t('door_text')),
    el('p', {}, el('code', {}, 'lareira admin owner')), form));
  code.focus();
}

/** Over plain HTTP nothing is asked or told here: on to the protected page, and how a device comes to trust it. */
async function onlyProtected() {
  clearTimeout(timer);
  out.hidden = true;
  pulse.textContent = '';
  const { https_url: address } = await fetch('/api/v1/house').then((answer) => answer.json()).catch(() => ({}));
  page.replaceChildren(el('section.door', {}, el('h2', {}, t('https_title')), el('p.lead', {}, t('https_text')),
    el('p', {}, el('a', { href: '/go/lareira.crt' }, t('https_get'))), el('p.quieter', {}, t('https_trust')),
    el('p', {}, address ? el('a.go', { href: `${address}/admin/${brought ? `#${brought}` : ''}` }, t('https_go')) : t('unreachable'))));
}

async function knock(code) {
  try {
    await api.signIn(code);
  } catch (error) {
    door(error.status === 404 ? t('door_wrong') : error.status ? error.message : t('unreachable'));
    return;
  }
  enter();
}

/** What is behind the door. Lists are asked for when something was done, the rest every other second. */
function enter() {
  const sections = Object.fromEntries(['now', 'households', 'phones', 'shares', 'channels',
    'browsers'].map((name) => [name, el('section', { id: name })]));
  page.replaceChildren(...Object.values(sections));
  out.hidden = false;
  let flowing = null;

  async function lists() {
    const names = ['account', 'user', 'tv', 'phone', 'share', 'owner'];
    const [known, ...answers] = await Promise.all([lineup(), ...names.map((name) => api.verb(`${name}_list`))]);
    const all = Object.assign({}, ...answers);
    households(sections.households, all, changed);
    phones(sections.phones, all, changed);
    shares(sections.shares, all, changed);
    channels(sections.channels, known, changed);
    browsers(sections.browsers, all, changed);
    if (pairing && all.accounts.length) {
      const code = pairing;
      pairing = null;
      pairTv(all.accounts, code).then(changed);
    }
  }

  async function look() {
    clearTimeout(timer);
    try {
      const seen = await api.now();
      if (!document.querySelector('dialog')) { draw(sections.now, seen, changed); }
      pulse.textContent = t('up_since', { version: seen.version, time: span(seen.uptime_ms) });
      const ids = seen.streams.map((stream) => stream.share_id + stream.state).join();
      if (ids !== flowing) { flowing = ids; await lists(); }
      notice('');
    } catch (error) {
      if (error.status === 401) { door(); return; }
      if (error.code === 'https_only') { onlyProtected(); return; }
      notice(error.status ? error.message : t('unreachable'), true);
    }
    timer = setTimeout(look, LOOK_MS);
  }

  function changed() { flowing = null; return look(); }
  look();
}

document.documentElement.lang = language;
out.textContent = t('sign_out');
out.onclick = () => api.signOut().catch(() => null).then(() => door());

if (brought) { history.replaceState(null, '', location.pathname); }
if (/^pair=\d{6}$/.test(brought)) { pairing = brought.slice(5); }
api.now().then(enter, (error) => {
  if (error.code === 'https_only') { onlyProtected(); return; }
  if (error.status === 401 && /^\d{10}$/.test(brought)) { knock(brought); return; }
  door(error.status ? '' : t('unreachable'));
});
