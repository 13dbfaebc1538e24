//! Whom to share with: tiles of people, several chosen, the choice remembered; and how to find more of them.

import { el, notice } from '/shared/dom.js';
import { face } from '/shared/face.js';
import { n, t } from '/shared/texts.js';
import { call } from './api.js';
import { contactsOf, ofPicker, region } from './contacts.js';
import { field, icon, round, show } from './dom.js';
import { recall, remember } from './memory.js';
import { sealed } from './seal.js';

/** Of an address book, no more is looked at. */
const MOST_CONTACTS = 500;

/** A person to choose; `chosen` is the set of those who are, and `changed` is called when it has changed. */
export function tile(person, chosen, changed) {
  const node = el('button.tile', { type: 'button', 'aria-pressed': String(chosen.has(person.user_id)) },
    el('span.ring', {}, face(person), el('span.tick', {}, icon('check'))), el('span.name', { dir: 'auto' }, person.name));
  node.onclick = () => {
    if (!chosen.delete(person.user_id)) { chosen.add(person.user_id); }
    node.setAttribute('aria-pressed', String(chosen.has(person.user_id)));
    changed();
  };
  return node;
}

export function people(go, contacts, own) {
  const chosen = new Set((recall('chosen') || []).filter((id) => contacts.some((one) => one.user_id === id)));
  const wanted = () => [contacts.filter((one) => chosen.has(one.user_id)), about.querySelector('input').value.trim()];
  const next = el('button.main', { type: 'button', onclick: () => go.studio(...wanted()) });
  const file = el('input.unseen', { type: 'file', accept: 'video/*',
    onchange: () => { if (file.files[0]) { go.clip(...wanted(), file.files[0]); } } });
  const send = el('label.button.text', {}, file, t('clip_pick'));
  const count = () => {
    next.textContent = chosen.size ? n('chosen', chosen.size) : t('chosen_none');
    next.disabled = !chosen.size;
    send.hidden = !chosen.size;
  };
  const about = field(t('people_about'), { name: 'about', maxlength: '200', autocomplete: 'off' });
  const tiles = contacts.map((person) => tile(person, chosen, () => {
    remember({ chosen: [...chosen] });
    count();
  }));
  count();
  show('people', [
    el('header.bar', {}, el('button.own', { type: 'button', 'aria-label': t('me'), onclick: () => go.me() }, face(own)),
      own.owner ? el('button.text.my-home', { type: 'button', onclick: () => go.admin() }, t('my_home')) : null,
      el('button.text', { type: 'button', onclick: () => go.mine() }, t('mine'))),
    el('h1', {}, t('people_title')),
    contacts.length ? el('div.tiles', {}, tiles) : el('p.lead', {}, t('people_none')),
    el('button.text.find', { type: 'button', onclick: () => go.find() }, t('people_add')),
    contacts.length ? about : null,
    contacts.length ? el('footer.dock', {}, next, send) : null,
  ]);
}

/** Finds people by the phone's contacts: picked where the browser can, from a file or a pasted list elsewhere. */
export function find(go) {
  const answer = el('p.answer', { role: 'status' });
  const look = (list) => go.careful(async () => {
    const contacts = list.filter((one) => one.msisdn || one.email);
    if (!contacts.length) { notice(t('find_empty')); return; }
    // Names are nobody's business here: numbers and addresses are compared.
    const book = contacts.slice(0, MOST_CONTACTS).map(({ msisdn, email }) => ({ msisdn, email }));
    const { matched, budget_spent: spent, ignored: unasked } =
      await call('POST', '/contacts/match', await sealed(await call('GET', '/me'), { contacts: book, region: region() }));
    const ignored = contacts.length - book.length;
    answer.textContent = `${n('found', matched.length)}. ${ignored ? n('ignored', ignored) : ''} ${spent ? n('unasked', unasked) : ''}`;
    remember({ chosen: [...new Set([...(recall('chosen') || []), ...matched.map((one) => one.user_id)])] });
    results.replaceChildren(...matched.map((one) =>
      el('span.tile', {}, el('span.ring', {}, face(one)), el('span.name', { dir: 'auto' }, one.name))));
    onward.hidden = false;
    onward.scrollIntoView({ block: 'end' });
  });
  const results = el('div.tiles');
  const onward = el('button.main', { type: 'button', hidden: true, onclick: () => go.people() }, t('next'));
  const pasted = el('textarea', { rows: '4', autocapitalize: 'off', spellcheck: 'false' });
  const file = el('input.unseen', { type: 'file', accept: '.vcf,text/vcard,text/x-vcard,text/plain',
    onchange: async () => { if (file.files[0]) { look(contactsOf(await file.files[0].text())); } } });
  const pick = async () => {
    const properties = ['name', 'tel', 'email'];
    try { look(ofPicker(await navigator.contacts.select(properties, { multiple: true }))); } catch { /* Nobody was picked. */ }
  };
  show('find', [
    el('header.bar', {}, round('back', t('back'), () => go.people())),
    el('h1', {}, t('find_title')),
    el('p.lead', {}, t('find_text')),
    el('section.card', {},
      'contacts' in navigator && 'ContactsManager' in window ? el('button', { type: 'button', onclick: pick }, t('find_pick')) : null,
      el('label.button', {}, file, t('find_file')),
      el('label.field', {}, el('span', {}, t('find_paste')), pasted),
      el('button', { type: 'button', onclick: () => look(contactsOf(pasted.value)) }, t('find_go')),
      answer, results, onward),
  ]);
}
