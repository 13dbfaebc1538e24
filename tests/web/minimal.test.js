'use strict';
// Every page with the least that the gateway may answer: households without people, people without names, whatever may be
// absent absent, and again with null in its place. What the pages then show is watched by browser.js: a missing value
// that is written out ("null", "undefined", "NaN" …) fails any test, and here all screens are walked for it.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { PHONE, TV, blank, keys, on } = require('./browser');
const mock = require('./mock');
const phoneMock = require('./phone_mock');
const { stage } = require('./stage');

const scene = stage('--use-fake-device-for-media-stream=device-count=2,fps=30', '--use-fake-ui-for-media-stream');

/** What a page shows, read as a person does; fails where it says nothing at all. */
async function shows(page, what) {
  await page.waitForFunction(() => document.body.innerText.trim());
  const words = await page.evaluate(() => document.body.innerText);
  assert.doesNotMatch(words, /null|undefined|NaN|\[object|Invalid Date/, what);
}

test('what is watched for is found, wherever it stands', async () => {
  const page = await blank(scene.browser);
  await page.goto('about:blank');
  await page.evaluate(() => {
    document.body.append('null', null);
    document.body.append(Object.assign(document.createElement('p'), { textContent: `${[undefined]}${undefined} x` }));
    document.body.firstChild.data = 'NaN s';
    document.body.setAttribute('title', String({}));
  });
  await page.waitForFunction(() => true);
  assert.ok(page.complaints.splice(0).length >= 4);
});

for (const [how, nothing] of [['absent', undefined], ['null', null]]) {
  /** An answer as short as it may be: fields that may be missing are `nothing`. */
  const least = (known, ...missing) => ({ ...known, ...Object.fromEntries(missing.map((name) => [name, nothing])) });

  test(`the phone's page, with the least that may be answered: ${how}`, async () => {
    const gateway = scene.keep(await phoneMock.start({ contacts: [],
      own: least({ sender_id: 's-1', phone_id: 'p-1', name: '', contacts_key: phoneMock.KEY.toString('base64url') },
        'msisdn', 'email', 'photo_url', 'owner') }));
    const page = await blank(scene.browser, PHONE);
    const at = async (name) => { await page.waitForSelector(`body[data-page="${name}"]`); await shows(page, name); };
    await page.goto(`${gateway.url}/go/#${phoneMock.CODE}`);
    await at('door');
    await page.fill('[name=name]', 'x');
    await page.tap('[type=submit]');
    await at('terms');
    gateway.own.name = nothing;
    await page.tap('.main');
    await at('people');
    await page.tap('.own');
    await at('me');
    await page.tap('form.card + button');
    await at('apps');
    await page.tap('.bar .round');
    await at('me');
    await page.tap('.bar .round');
    await at('people');
    await page.tap('.find');
    await at('find');
    await page.fill('textarea', '912 345 678');
    gateway.budget = least({}, 'budget_spent', 'try_again_at');
    await page.tap('textarea ~ button, label.field + button');
    await page.waitForSelector('.answer:not(:empty)');
    await shows(page, 'found');
    gateway.contacts = [least({ user_id: 'u-1' }, 'name', 'photo_url')];
    await page.tap('.card .main');
    await at('people');
    await page.tap('.bar .text:last-child');
    await at('mine');
    const those = { targets: [least({ user_id: 'u-1', state: 'invited' }, 'name', 'latency_ms'), { user_id: 'u-2', state: 'unheard_of' }] };
    for (const [i, state] of ['pending', 'preparing', 'ready', 'ended', 'expired', 'unheard_of'].entries()) {
      gateway.shares.set(`s-${i}`, least({ share_id: `s-${i}`, state, kind: i % 2 ? 'clip' : 'live', ...those }, 'title', 'started_at',
        'duration_ms', 'media', 'viewers', 'reason', 'message', 'kept', 'recording_failure', 'recording_failure_code'));
    }
    await page.tap('.bar .round');
    await at('people');
    await page.tap('.bar .text:last-child');
    await at('mine');
    assert.equal(await page.locator('.list li').count(), 6);
    await page.tap('.bar .round');
    await at('people');
    await page.tap('.tile');
    await page.tap('.dock .main');
    await at('studio');
    await page.tap('.start:enabled');
    await at('live');
    await page.waitForFunction(() => !document.querySelector('.mark-live.is-waiting'));
    const told = (user, state) => gateway.tell(gateway.newest.share_id, 'target', { user_id: user, state });
    for (const state of ['watching', 'watched', 'unheard_of']) { told('u-1', state); }
    told('nobody', 'watching');
    await shows(page, 'live');
    gateway.over(gateway.newest, nothing);
    await at('done');
    await page.tap('.card button:not(.main):not(.text)');
    await at('people');
  });

  test(`the TV's page, with the least that may be answered: ${how}`, async () => {
    const sender = least({}, 'sender_id', 'name', 'photo_url');
    const entry = (id, state, more) => least({ share_id: id, sender, state, kind: 'live', seen: false, target_state: 'invited', ...more },
      'title', 'started_at', 'duration_ms', 'thumbnail_url', 'recording_failure', 'recording_failure_code', 'message', 'reason');
    const entries = [entry('e-1', 'ended'), entry('e-2', 'expired'), entry('e-3', 'ended', { kind: 'clip' }), entry('e-4', 'pending'),
      entry('e-5', 'ended', { sender: nothing }), entry('e-6', 'ended', { introduction: true, sender: least(sender, 'number') })];
    const gateway = scene.keep(await mock.start({ account: least({ account_id: 'a-1' }, 'name'), users: [], entries: [] }));
    const open = async (at) => {
      const page = await blank(scene.browser, { ...TV, reducedMotion: 'reduce' });
      await page.goto(gateway.url + at);
      return page;
    };
    const nobody = await open('/tv/');
    await on(nobody, 'who');
    await shows(nobody, 'a household without people');
    gateway.users = [least({ user_id: 'u-1', has_pin: false, signed_in: true }, 'name', 'photo_url')];
    const page = await open('/tv/');
    await on(page, 'home');
    await shows(page, 'an empty home');
    gateway.entries = entries;
    gateway.channels = [least({ channel_id: 'c-1', number: 1, play: { hls_url: '/play/channel-1/t/index.m3u8' } }, 'name', 'group',
      'logo_url', 'now', 'next')];
    gateway.tell('inbox', gateway.counts());
    gateway.tell('channel', {});
    // Everything that can be chosen, on every page that can be reached from home within three steps.
    for (const way of ['', 'settings', 'inbox', 'channels', 'who', 'blocked', 'phone', 'help']) {
      if (way) {
        await page.evaluate((name) => { const { go } = window.Lareira.app; go(name, name === 'help' ? { topic: 'inbox' } : {}); }, way);
        await on(page, way);
      }
      await keys(page, 'ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowLeft');
      await shows(page, way || 'home');
    }
    for (const one of entries) {
      await page.evaluate((it) => window.Lareira.app.go('details', { entry: it }), one);
      await on(page, 'details');
      await shows(page, `details of ${one.share_id}`);
      await keys(page, 'ArrowRight', 'ArrowRight');
      const special = await open(`/tv/n/${one.share_id}`);
      await special.waitForSelector('body[data-page="notification"], body[data-page="details"]');
      await shows(special, `notification of ${one.share_id}`);
      await special.context().close();
    }
    for (const way of ['live', 'recorded']) {
      await page.evaluate(([name, it]) => window.Lareira.app.go(name, { entry: it }), [way, { ...entries[0], ...(way === 'live'
        ? { state: 'ready' } : {}) }]);
      await on(page, way);
      await shows(page, way);
    }
    await page.evaluate(() => window.Lareira.app.back());
    for (const asks of [false, true]) {
      gateway.ring(least({ share_id: `r-${asks}`, sender, ...(asks ? { introduction: true } : {}) }, 'title', 'started_at', 'thumbnail_url',
        'duration_ms'));
      await page.waitForSelector('.ring');
      await shows(page, 'a ring');
      await page.evaluate(() => window.Lareira.ring.close());
    }
    gateway.paired = false;
    const waiting = await open('/tv/');
    await on(waiting, 'pairing');
    await shows(waiting, 'pairing');
    gateway.paired = true;
    gateway.account = nothing;
    const homeless = await open('/tv/');
    await on(homeless, 'homeless');
    await shows(homeless, 'no household');
  });

  test(`the owner's page, with the least that may be answered: ${how}`, async () => {
    const gateway = scene.keep(await phoneMock.start());
    const page = await blank(scene.browser, TV);
    const date = '2026-11-28T03:56:18Z';
    const full = {
      account_list: { accounts: [least({ account_id: 'a-1' }, 'name', 'country', 'created_at')] },
      user_list: { users: [least({ user_id: 'u-1', account_id: 'a-1', has_pin: false }, 'name', 'msisdn', 'email', 'photo_url')] },
      tv_list: { tvs: [least({ tv_id: 't-1', account_id: 'a-1', signed_in: [] }, 'name')] },
      phone_list: { phones: [least({ phone_id: 'p-1', owner: false, created_at: date }, 'name', 'phone_name', 'account_id',
        'photo_url')] },
      share_list: { shares: ['pending', 'ready', 'ended', 'expired', 'unheard_of'].map((state) => least({ share_id: state, state,
        created_at: date, kept: false }, 'title', 'sender_name', 'started_at', 'duration_ms')) },
      owner_list: { owners: [least({ owner_id: 'o-1', since: date, seen_at: date }, 'browser', 'here')] },
      channel_list: { total: 1, programmes: 0, skipped_total: 1, skipped: [{ line: 1, reason: 'x' }],
        channels: [least({ number: 1 }, 'name', 'group')], list: least({ source: 'x' }, 'fetched_at', 'problem'),
      guides: [least({ source: 'y' }, 'fetched_at', 'problem', 'programmes', 'skipped_total', 'skipped'), least({}, 'source')] },
    };
    const empty = { account_list: { accounts: [] }, user_list: { users: [] }, tv_list: { tvs: [] }, phone_list: { phones: [] },
      share_list: { shares: [] }, owner_list: { owners: [] }, channel_list: { total: 0, programmes: 0, skipped_total: 0, skipped: [],
        channels: [], list: {}, guides: [] } };
    let answers = empty;
    let now = least({ now: date, uptime_ms: 0, version: '0', cpu_percent: 0, memory_bytes: 0, viewers: 0, wrong_codes: 0,
      streams: [] }, 'disk_free_bytes', 'room_left_bytes', 'little_room');
    await page.route('**/admin/api/**', (route) => {
      const json = route.request().url().endsWith('/now') ? now : answers[route.request().postDataJSON()] || {};
      return route.fulfill({ json });
    });
    await page.goto(`${gateway.url}/admin/`);
    await page.waitForSelector('#browsers h2');
    await shows(page, 'nothing at all');
    answers = full;
    now = { ...now, little_room: true, wrong_codes: 99, streams: [least({ share_id: 's-1', state: 'ready', bytes: 0, viewers: 0 },
      'title', 'sender_name', 'interrupted', 'duration_ms', 'latency_ms', 'recording', 'width', 'height', 'frame_rate', 'bits_per_second',
      'targets')] };
    await page.waitForSelector('.stream');
    await page.waitForSelector('.household');
    await shows(page, 'a little of everything');
    for (const button of await page.locator('section button:enabled').all()) {
      const opens = await button.evaluate((node) => { node.click(); return Boolean(document.querySelector('dialog')); });
      if (!opens) { continue; }
      await shows(page, 'a dialog');
      await page.evaluate(() => document.querySelector('dialog')?.close());
    }
  });
}
