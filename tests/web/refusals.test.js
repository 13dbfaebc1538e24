'use strict';
// Every refusal that a phone meets when it shares is told in words of its reader's language: those at the creation of a
// share, those at publishing, on the socket or before it, and what becomes of a share to which nothing ever came.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test, afterEach } = require('node:test');
const { PHONE, blank } = require('./browser');
const { start } = require('./phone_mock');
const { WEB } = require('./sources');
const { stage } = require('./stage');

const scene = stage('--use-fake-device-for-media-stream=device-count=2,fps=30', '--use-fake-ui-for-media-stream');
const DOCS = path.join(WEB, '..', 'docs');
let mock;
let page;
afterEach(() => { assert.deepEqual(mock.faults, [], 'the gateway was told what the document does not say'); });

/** What the page may say in a language: a text for each key. */
function spoken(language) {
  const texts = new Map();
  let key = '';
  for (const line of fs.readFileSync(path.join(WEB, 'texts', 'phone.txt'), 'utf8').split('\n')) {
    if (/^\w+$/.test(line)) { key = line; }
    if (line.startsWith(`  ${language} `)) { texts.set(key, line.slice(5)); }
  }
  return texts;
}

const read = (file) => fs.readFileSync(path.join(DOCS, file), 'utf8');
const codesIn = (text) => [...text.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map(([, code]) => code);
/** Rows of a table as their cells. */
const rows = (text) => text.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split('|').map((cell) => cell.trim()));

/** The codes that docs/api.md names for creating a share, with those that any call may be answered with. */
function ofCreation() {
  const api = read('api.md');
  const anywhere = rows(api.slice(api.indexOf('### Errors'), api.indexOf('### Server-sent events')))
    .filter(([, status]) => /^[45]/.test(status)).flatMap(([, , codes]) => codesIn(codes));
  const own = codesIn(api.slice(api.indexOf('### `POST /api/v1/shares`'), api.indexOf('### `GET /api/v1/shares`'))
    .split('The share ends by itself')[1]);
  // What only browsers on other sites, broken clients or strangers meet.
  const never = ['no_phone', 'no_tv', 'not_signed_in', 'not_owner', 'not_paired', 'other_site', 'method', 'not_json', 'expectation',
    'head_too_large', 'transfer_encoding', 'version', 'unknown_host', 'bad_path', 'rtsps_url'];
  return [...new Set([...anywhere, ...own])].filter((code) => !never.includes(code));
}

/** What the book says of errors on the socket: codes, and reasons of `refused`. */
function ofSocket() {
  const book = read('publish-websocket.md');
  const errors = rows(book.slice(book.indexOf('## Errors'))).map(([, code, close]) => [codesIn(code)[0], close])
    .filter(([, close]) => /^1\d{3}$/.test(close)).map(([code]) => code);
  const reasons = rows(book.slice(book.indexOf('## Refusals'), book.indexOf('## Errors'))).map(([, code]) => codesIn(code)[0])
    .filter(Boolean);
  return { errors, reasons };
}

async function until(what) {
  for (const end = Date.now() + 20000; !what();) {
    assert.ok(Date.now() < end, `in vain: ${what}`);
    await new Promise((done) => { setTimeout(done, 20); });
  }
}

async function toCamera(locale) {
  mock.accepted = true;
  page = await blank(scene.browser, { ...PHONE, locale,
    before: 'localStorage.setItem(\'lareira\', JSON.stringify({ token: \'token-1\', chosen: [\'u-1\'] }))' });
  await page.goto(`${mock.url}/go/`);
  await page.waitForSelector('body[data-page="people"]');
  await page.tap('.dock .main');
  await page.waitForSelector('.start:enabled');
}

/** Waits until a place on the page shows something else than before; what it shows. */
async function shown(where, before = '') {
  await page.waitForFunction(([at, old]) => { const node = document.querySelector(at); return node && node.textContent
    && node.textContent !== old; }, [where, before]);
  return page.textContent(where);
}

for (const locale of ['en-GB', 'es-ES', 'pt-PT']) {
  const language = locale.slice(0, 2);
  const own = new Set(spoken(language).values());

  test(`a share that is refused at its creation says why: ${language}`, async () => {
    mock = scene.keep(await start());
    await toCamera(locale);
    const codes = ofCreation();
    assert.ok(['full', 'disk_full', 'too_often', 'not_a_contact', 'busy', 'closing', 'late', 'store_failed', 'invalid']
      .every((code) => codes.includes(code)), codes.join());
    for (const code of codes) {
      mock.shareRefused = [code === 'full' ? 503 : 409, code];
      await page.evaluate(() => { document.getElementById('notice').textContent = ''; });
      await page.tap('.start:enabled');
      const words = await shown('#notice');
      assert.ok(own.has(words), `${code}: ${words}`);
    }
    assert.equal(mock.shares.size, 0);
    mock.shareRefused = null;
  });

  test(`a share that is refused at publishing says why, and is not told as done: ${language}`, async () => {
    mock = scene.keep(await start());
    const { errors, reasons } = ofSocket();
    assert.ok(['full', 'disk_full', 'already_publishing', 'over', 'not_found', 'not_allowed', 'failed']
      .every((reason) => reasons.includes(reason)), reasons.join());
    assert.ok(errors.length >= 6, errors.join());
    const texts = spoken(language);
    await toCamera(locale);
    const begin = async () => {
      await page.waitForSelector('.start:enabled');
      await page.tap('.start');
      await page.waitForSelector('body[data-page="live"], body[data-page="done"]');
    };
    const ends = async (reason, words) => {
      if (reason) { mock.over(mock.newest, reason); }
      await page.waitForSelector('body[data-page="done"]');
      assert.equal(await page.textContent('h1'), texts.get('done_never_title'), `${reason}: nothing was live`);
      const said = await page.textContent('.card p');
      assert.ok(words ? said === words : own.has(said), said);
      assert.equal(await page.locator('.card .text').count(), 0, 'there is nothing to take back');
      await page.tap('.card .main');
    };
    for (const reason of reasons) {
      mock.startRefused = { code: 'refused', reason, message: 'in English' };
      await begin();
      const words = await shown('.facts [role=alert]');
      assert.ok(own.has(words), `${reason}: ${words}`);
      assert.equal(await page.textContent('.mark-live'), texts.get('again_soon'));
      await ends('never_started', words);
    }
    for (const code of errors.filter((one) => one !== 'refused')) {
      mock.startRefused = { code, message: 'in English' };
      await begin();
      if (code === 'late_start') {
        assert.ok(own.has(await shown('.facts [role=alert]')), code);
        await ends('never_started');
        continue;
      }
      await page.waitForSelector('body[data-page="done"]');
      const said = await page.textContent('.card p');
      // It gives its place back; a share that can't be played was ended by the gateway itself.
      if (code !== 'not_playable') { await until(() => mock.newest.state === 'ended'); }
      assert.ok(own.has(said.replace(texts.get('done_error').replace('{message}', ''), '')), `${code}: ${said}`);
      await page.tap('.card .main');
    }
    mock.startRefused = null;
    // The handshake itself is refused: the page asks why.
    for (const [status, code] of [[409, 'already_publishing'], [503, 'full'], [507, 'disk_full'], [500, 'failed']]) {
      mock.handshakeRefused = [status, code];
      await begin();
      assert.ok(own.has(await shown('.facts [role=alert]')), code);
      await ends('never_started');
    }
    mock.handshakeRefused = null;
    // Nothing was said: the line is gone, and nothing ever came.
    mock.refuses = true;
    await begin();
    await ends('never_started', texts.get('done_never'));
    for (const reason of ['unplayable', 'lost', 'stopped', 'restarted', 'not_kept']) {
      await begin();
      await ends(reason);
    }
    mock.refuses = false;
    // Chromium counts the pictures that wait in a track's reader as forgotten when it is cancelled, as it is here thirty times.
    page.complaints = page.complaints.filter((words) => !words.includes('VideoFrame was garbage collected'));
  });

  test(`a share that was refused goes live once there is a place: ${language}`, async () => {
    mock = scene.keep(await start());
    await toCamera(locale);
    mock.startRefused = { code: 'refused', reason: 'full', message: 'in English' };
    await page.tap('.start');
    await page.waitForSelector('body[data-page="live"]');
    await shown('.facts [role=alert]');
    mock.startRefused = null;
    await page.waitForFunction(() => !document.querySelector('.mark-live.is-waiting')
      && !document.querySelector('.facts [role=alert]').textContent);
    while (mock.newest.state !== 'ready') { await new Promise((done) => { setTimeout(done, 20); }); }
    mock.over(mock.newest, 'lost');
    await page.waitForSelector('body[data-page="done"]');
    assert.ok((await page.textContent('.card p')).startsWith(spoken(language).get('done_lost')));
  });
}
