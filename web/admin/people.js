//! Households with their people and TVs, and the phones that share with them.

import { el } from '/shared/dom.js';
import { face } from '/shared/face.js';
import { t } from '/shared/texts.js';
import { when } from '/shared/words.js';
import { verb } from './api.js';
import { ask, tell } from './dom.js';

/** Photos are made this small before they are sent: the gateway draws them anew anyway. */
const PHOTO_SIDE = 640;

/** Photos of this size are asked for. */
const SMALL = '?size=96';

const orNull = (text) => text || null;

/** A photo file as base64 of a JPEG no larger than needed. */
async function shrunk(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, PHOTO_SIDE / Math.min(picture.width, picture.height));
  const canvas = el('canvas', { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.9).split(',')[1];
}

async function photoOf(user, file) {
  if (file) { await verb('user_photo', { user, file: file.name, base64: await shrunk(file) }); }
}

function addHousehold() {
  return ask({
    title: t('add_home'), action: t('save'),
    fields: [['name', t('home_name'), { required: true, maxlength: 100 }],
      ['country', t('country'), { placeholder: '+351', inputmode: 'tel' }]],
    send: ({ name, country }) => verb('account_add', { name, country: orNull(country) })
  });
}

const ABOUT = () => [
  ['name', t('name'), { maxlength: 100 }], ['msisdn', t('number'), { type: 'tel' }], ['email', t('email'), { type: 'email' }],
  ['pin', t('pin_new'), { inputmode: 'numeric', maxlength: 8 }], ['photo', t('photo'), { type: 'file', accept: 'image/*' }]
];

function addPerson(account) {
  return ask({
    title: t('add_person'), action: t('save'), fields: ABOUT(),
    send: async ({ name, msisdn, email, pin, photo }) => {
      const user = await verb('user_add', { account: account.account_id, name, msisdn: orNull(msisdn), email: orNull(email),
        pin: orNull(pin) });
      await photoOf(user.user_id, photo);
    }
  });
}

function editPerson(user) {
  const fields = ABOUT().map(([name, label, attributes]) => [name, label,
    { ...attributes, value: { name: user.name, msisdn: user.msisdn, email: user.email }[name] || null }]);
  if (user.has_pin) { fields.push(['no_pin', t('pin_none'), { type: 'checkbox' }]); }
  return ask({
    title: t('edit_person', { name: user.name }), action: t('save'), fields,
    send: async ({ name, msisdn, email, pin, photo, no_pin }) => {
      await verb('user_set', { user: user.user_id, name, msisdn, email, pin: no_pin ? 'none' : pin ? { digits: pin } : 'same' });
      await photoOf(user.user_id, photo);
    }
  });
}

/** Pairs a TV to one of the households; the code may have come with the picture the TV shows. */
export function pairTv(accounts, brought = null) {
  const whose = ['account', t('homes'), { options: accounts.map((account) => [account.account_id, account.name]) }];
  return ask({
    title: t('pair_tv'), action: t('save'),
    fields: [['code', t('pair_code'), { inputmode: 'numeric', maxlength: 7, value: brought }], ['name', t('name'), { maxlength: 100 }],
      ...(accounts.length > 1 ? [whose] : [])],
    send: ({ code, name, account }) => verb('tv_approve', { code, account: account || accounts[0].account_id, name: orNull(name) })
  });
}

function sure(title, text, send) { return ask({ title, text, action: title, danger: true, send }); }

function person(user, changed) {
  const facts = [user.msisdn, user.email, user.has_pin ? t('has_pin') : null].filter(Boolean).join(' · ');
  return el('li.row', {}, face(user, SMALL),
    el('div.words', {}, el('strong', { dir: 'auto' }, user.name), el('span.quieter', {}, facts)),
    el('button.quiet', { 'aria-label': t('edit_person', { name: user.name }), onclick: () => editPerson(user).then(changed) }, '✎'),
    el('button.quiet', { 'aria-label': t('remove_person', { name: user.name }),
      onclick: () => sure(t('remove'), t('remove_person', { name: user.name }), () => verb('user_remove', { user: user.user_id }))
      .then(changed) }, '✕'));
}

function television(tv, users, changed) {
  const inside = users.filter((user) => tv.signed_in.includes(user.user_id)).map((user) => user.name).join(', ');
  const rename = () => ask({ title: t('rename'), action: t('save'), fields: [['name', t('name'), { value: tv.name, maxlength: 100 }]],
    send: ({ name }) => verb('tv_rename', { tv: tv.tv_id, name }) });
  return el('li.row', {},
    el('div.words', {}, el('strong', { dir: 'auto' }, tv.name), el('span.quieter', { dir: 'auto' }, inside)),
    el('button.quiet', { 'aria-label': `${t('rename')}: ${tv.name || ''}`, onclick: () => rename().then(changed) }, '✎'),
    el('button.quiet', { 'aria-label': t('remove_tv', { name: tv.name }),
      onclick: () => sure(t('remove'), t('remove_tv', { name: tv.name }), () => verb('tv_remove', { tv: tv.tv_id })).then(changed) }, '✕'));
}

/** Draws the households. */
export function households(section, { accounts, users, tvs }, changed) {
  section.replaceChildren(
    el('div.section-head', {}, el('h2', {}, t('homes')),
      el('div.buttons', {}, el(accounts.length ? 'button' : 'button.main', { onclick: () => addHousehold().then(changed) },
      t('add_home')))),
    ...(accounts.length ? [] : [el('p.lead', {}, t('no_home'))]),
    ...accounts.map((account) => {
      const own = users.filter((user) => user.account_id === account.account_id);
      const sets = tvs.filter((tv) => tv.account_id === account.account_id);
      return el('div.household', {},
        el('h3', { dir: 'auto' }, account.name),
        el('h4', {}, t('people')),
        el('ul.grid', {}, own.map((user) => person(user, changed))),
        el('h4', {}, t('tvs')),
        sets.length ? el('ul.grid', {}, sets.map((tv) => television(tv, own, changed))) : el('p.quieter', {}, t('no_tv')),
        el('div.buttons.below', {}, el('button', { onclick: () => addPerson(account).then(changed) }, t('add_person')),
          el('button', { onclick: () => pairTv([account]).then(changed) }, t('pair_tv'))));
    }));
}

async function invite(accounts) {
  let made = null;
  await ask({
    title: t('invite'), action: t('invite'),
    fields: [['name', t('invite_name'), { maxlength: 100 }],
      ['account', t('homes'), { options: accounts.map((account) => [account.account_id, account.name]) }]],
    send: async ({ name, account }) => { made = await verb('invite', { name: orNull(name), account: orNull(account), ttl_ms: 3600000 }); }
  });
  if (made) {
    tell(t('invite'), el('p.lead', {}, t('invite_text')), el('img.square', { src: `/admin/api/invite.svg?code=${made.code}`, alt: '' }),
      el('p.code', {}, made.code.replace(/(\d{5})(?=\d)/g, '$1 ')), el('p', {}, el('a', { href: made.url }, made.url)));
  }
}

/** A phone: by its own name where it has one, and by its person's; and of which household they are. */
function device(phone, accounts, changed) {
  const name = phone.phone_name || phone.name || '';
  const home = accounts.find((account) => account.account_id === phone.account_id);
  const facts = [phone.phone_name ? phone.name : null, phone.owner ? t('owners') : null, home ? home.name : t('of_none'),
    when(phone.created_at)].filter(Boolean).join(' · ');
  // The household it is of comes first, so that it stays unless another one is chosen.
  const homes = [...accounts.map((account) => [account.account_id, account.name]),
    ['', t('of_none')]].sort(([a], [b]) => (b === (phone.account_id || '')) - (a === (phone.account_id || '')));
  const rename = () => ask({
    title: t('rename'), action: t('save'),
    fields: [['name', t('phone_name'), { value: phone.phone_name, maxlength: 100 }], ['account', t('homes'), { options: homes }]],
    send: async ({ name, account }) => {
      if (name !== (phone.phone_name || '')) { await verb('phone_rename', { phone: phone.phone_id, name }); }
      if (account !== (phone.account_id || '')) {
        await (account ? verb('phone_join', { phone: phone.phone_id, account }) : verb('phone_leave', { phone: phone.phone_id }));
      }
    }
  });
  return el('li.row', {}, face(phone, SMALL),
    el('div.words', {}, el('strong', { dir: 'auto' }, name), el('span.quieter', { dir: 'auto' }, facts)),
    el('button.quiet', { 'aria-label': `${t('rename')}: ${name}`, onclick: () => rename().then(changed) }, '✎'),
    el('button.quiet', { 'aria-label': t('revoke_ask', { name }),
      onclick: () => sure(t('revoke'), t('revoke_ask', { name }), () => verb('phone_revoke', { phone: phone.phone_id })).then(changed) },
      t('revoke')));
}

/** Draws the phones. */
export function phones(section, { phones: list, accounts }, changed) {
  section.replaceChildren(
    el('div.section-head', {}, el('h2', {}, t('phones')),
      el('div.buttons', {}, el('button', { onclick: () => invite(accounts).then(changed) }, t('invite')))),
    list.length ? el('ul.grid', {}, list.map((phone) => device(phone, accounts, changed))) : el('p.lead', {}, t('no_phone')));
}
