'use strict';
// Every flow of the checklist on the TV's side (F8 to F26, P17 to P27), by keys alone. After every key exactly one visible
// thing has the focus, wherever there is something to choose.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { open, keys, remote, focused, press, at, listening, on, playing, sleep } = require('./browser');
const { start, pastShares, stations, PEOPLE, FAMILY } = require('./mock');
const { stage } = require('./stage');

const scene = stage();
let mock;
let page;

const clara = () => [{ ...FAMILY()[0], signed_in: true }];
const rui = (more) => [FAMILY()[0], { ...FAMILY()[1], signed_in: true, ...more }];
async function begin(options, how) {
  mock = scene.keep(await start(options));
  page = await open(scene.browser, mock, how);
  if (!how || !how.path) { await page.waitForSelector('body[data-page]'); }
}
const said = (call) => mock.calls.filter((one) => one.call === call);
async function until(check) { while (!check()) { await new Promise((done) => { setTimeout(done, 20); }); } }
const notice = (words) => page.waitForFunction((text) => { const node = document.querySelector('#notice.is-shown'); return node
  && node.textContent.includes(text); }, words);
const pictured = () => page.waitForSelector('.page-channel.has-started');
const number = (wanted) => page.waitForFunction((text) => document.querySelector('.banner-number')
  && document.querySelector('.banner-number').textContent === text, wanted);

/** From home to the inbox, with the focus on its first tile. */
async function toInbox() {
  await on(page, 'home');
  await page.waitForSelector('.recent .tile');
  await press(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.grid .tile.is-focused');
}

for (const [width, height] of [[1280, 720], [1920, 1080]]) {
  for (const language of ['en', 'es', 'pt']) {
    test(`a walk through every page, by keys, at ${height} lines in ${language}`, async () => {
      await begin({ users: FAMILY().slice(0, 2), entries: pastShares(9, Date.now()), channels: stations(Date.now()), blocked: ['s-joaquim'],
        language }, { width, height, locale: language });
      await on(page, 'who');
      await press(page, 'ArrowRight', 'Enter', '1', '2', '3', '4', 'Enter');
      await toInbox();
      assert.equal(await page.getAttribute('html', 'lang'), language);
      await press(page, 'Enter');
      await on(page, 'details');
      await press(page, 'ArrowRight', 'Enter', 'ArrowRight', 'Escape', 'ArrowRight', 'ArrowRight', 'Enter', 'ArrowRight', 'ArrowRight',
        'Escape', 'ArrowUp', 'ArrowLeft', 'ArrowLeft', 'Enter');
      await playing(page);
      await press(page, 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowRight', 'Escape');
      await on(page, 'details');
      await press(page, 'Escape');
      await page.waitForSelector('.grid .tile.is-focused');
      await press(page, 'ArrowUp', 'Enter');
      await page.waitForSelector('.help-text h2');
      await press(page, 'ArrowDown', 'ArrowUp', 'Enter', 'Escape');
      await on(page, 'home');
      await page.waitForSelector('.recent .tile');
      await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter');
      await page.waitForSelector('.row.is-focused');
      for (let i = 0; i < 3; i += 1) { await press(page, 'ArrowDown'); }
      await press(page, 'Enter', 'ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowDown', 'Enter');
      await on(page, 'blocked');
      await page.waitForSelector('.row.is-focused');
      await press(page, 'Enter', 'ArrowDown', 'ArrowRight', 'Enter');
      await on(page, 'settings');
      await press(page, 'ArrowDown', 'Enter');
      await page.waitForSelector('.square .qr');
      await press(page, 'ArrowUp', 'Enter');
      await on(page, 'settings');
      await press(page, 'ArrowDown', 'ArrowDown', 'Enter');
      await on(page, 'home');
      assert.equal(mock.settings.quiet_hours.from, '22:30');
      assert.equal(mock.settings.quiet_hours.to, '06:30');
      await remote(page, 'ColorF2Yellow');
      await on(page, 'channels');
      await press(page, 'ArrowDown', 'Enter');
      await pictured();
      await press(page, 'Enter', 'ArrowDown', 'Escape', 'ArrowUp', 'Escape');
      await on(page, 'channels');
      await press(page, 'Escape');
      await on(page, 'home');
      const entry = mock.ring({ user_id: 'u-2' });
      await page.waitForSelector('.ring');
      await press(page, 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft', 'Enter');
      await playing(page);
      await press(page, 'Enter', 'ArrowRight', 'Escape');
      mock.end(entry.share_id);
      await page.waitForSelector('.panel');
      await at(page);
      await press(page, 'ArrowRight', 'Enter');
      await on(page, 'home');
    });
  }
}

test('F8: a television that no household knows says so, and goes on by itself', async () => {
  await begin({ users: clara(), account: null });
  await on(page, 'homeless');
  assert.equal(await focused(page), 'Try again');
  mock.account = { account_id: 'a-1', name: 'Casa' };
  await press(page, 'Enter');
  await on(page, 'home');
  mock.paired = false;
  mock.tell('tv', { paired: false });
  await on(page, 'pairing');
  assert.ok(await page.waitForSelector('.square img'));
  mock.paired = true;
  await on(page, 'home');
});

test('F10, F11: a ready share plays at once from the inbox, and Back leads to the inbox; another one tells about itself', async () => {
  await begin({ users: clara(), entries: pastShares(9, Date.now()) });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring({ kind: 'clip', duration_ms: 60000 });
  await page.waitForSelector('.ring');
  await press(page, 'Escape');
  mock.streams.get(entry.share_id).end();
  await toInbox();
  await press(page, 'Enter');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'inbox');
  await page.waitForSelector('.grid .tile.is-focused');
  await press(page, 'ArrowRight', 'ArrowRight', 'Enter');
  await on(page, 'details');
  assert.equal(await page.textContent('.stage .display'), 'Tio Joaquim');
  assert.match(await page.textContent('.facts'), /(Today|Yesterday), \d\d:\d\d.*1:38/);
  await press(page, 'Escape');
  await page.waitForSelector('.grid .tile.is-focused');
  assert.equal(await page.textContent('.count'), '3 / 10');
});

test('F20: deleting asks first, says what was done, and leads back to the inbox', async () => {
  await begin({ users: clara(), entries: pastShares(9, Date.now()) });
  await toInbox();
  await press(page, 'Enter');
  await on(page, 'details');
  await press(page, 'ArrowRight', 'Enter');
  assert.equal(await focused(page), 'Keep it');
  await press(page, 'Enter');
  assert.deepEqual(said('DELETE /inbox/past-0'), []);
  await press(page, 'Enter', 'ArrowRight', 'Enter');
  await on(page, 'inbox');
  await notice('deleted');
  await page.waitForFunction(() => document.querySelector('.count').textContent === '1 / 8');
  /* The red key does it from the inbox too. */
  await remote(page, 'ColorF0Red');
  await press(page, 'ArrowRight', 'Enter');
  await page.waitForFunction(() => document.querySelector('.count').textContent === '1 / 7');
  assert.equal(said('DELETE /inbox/past-1').length, 1);
  await at(page);
});

test('F21: blocking the sender asks whether their videos go too', async () => {
  await begin({ users: clara(), entries: pastShares(9, Date.now()), blocked: ['s-max'] });
  await toInbox();
  await press(page, 'Enter');
  await on(page, 'details');
  await press(page, 'ArrowRight', 'ArrowRight', 'Enter', 'ArrowRight', 'ArrowRight');
  assert.equal(await focused(page), 'Block and delete');
  await press(page, 'Enter');
  await on(page, 'inbox');
  await notice('Ana Sofia Reis is blocked');
  assert.deepEqual(said('PUT /blocks').map((one) => one.body), [{ blocked: ['s-max', 's-ana'], delete_entries: true }]);
  await page.waitForFunction(() => document.querySelector('.count').textContent === '1 / 7');
});

test('F22, F23: settings wait for Save and go in one piece; a refusal is said and loses nothing', async () => {
  await begin({ users: rui() });
  await on(page, 'home');
  await press(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.row.is-focused');
  await press(page, 'Enter', 'ArrowDown', 'Enter', 'ArrowDown', 'Enter');
  assert.deepEqual(said('PUT /settings'), []);
  await press(page, 'Escape');
  assert.equal(await focused(page), 'Save');
  mock.refuse.set('PUT /settings', 500);
  await press(page, 'Enter');
  await notice('Nothing was changed');
  await on(page, 'settings');
  mock.refuse.clear();
  await press(page, 'Escape', 'Enter');
  await on(page, 'home');
  assert.deepEqual(mock.settings, { skip_pin: false, service_off: true, language: 'es', quiet_hours: null });
  assert.equal(await page.getAttribute('html', 'lang'), 'es');
});

test('F22: settings without a session lead to the sign-in', async () => {
  await begin({ users: rui() });
  await on(page, 'home');
  mock.users.forEach((user) => { user.signed_in = false; });
  await press(page, 'ArrowRight', 'Enter');
  await on(page, 'who');
  await at(page);
});

test('whoever signs out is asked who is watching, even alone', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await press(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.row.is-focused');
  await press(page, 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown');
  assert.equal(await focused(page), 'Sign out');
  await press(page, 'Enter');
  await on(page, 'who');
  await press(page, 'Enter');
  await on(page, 'home');
});

test('F24: ticks are staged, one Save commits them all or nothing, Cancel commits none', async () => {
  await begin({ users: clara(), blocked: ['s-ana', 's-joaquim', 's-marta'] });
  const toBlocked = async () => {
    await on(page, 'home');
    await press(page, 'ArrowRight', 'Enter');
    await page.waitForSelector('.row.is-focused');
    await press(page, 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter');
    await on(page, 'blocked');
    await page.waitForSelector('.row.is-focused');
  };
  await toBlocked();
  await press(page, 'Enter', 'ArrowDown', 'Enter', 'ArrowUp', 'Enter', 'ArrowDown', 'ArrowDown', 'ArrowDown');
  assert.equal(await focused(page), 'Save');
  await press(page, 'ArrowRight', 'Enter');
  await on(page, 'settings');
  assert.deepEqual(said('PUT /blocks'), []);
  await press(page, 'Enter');
  await page.waitForSelector('.page-blocked .row.is-focused');
  await press(page, 'Enter', 'ArrowDown', 'Enter');
  mock.refuse.set('PUT /blocks', 500);
  await press(page, 'ArrowDown', 'ArrowDown', 'Enter');
  await notice('Nothing was changed');
  assert.deepEqual(await page.$$eval('.row', (rows) => rows.map((row) => row.getAttribute('aria-checked'))), ['false', 'false', 'true']);
  mock.refuse.clear();
  await press(page, 'Enter');
  await on(page, 'settings');
  assert.deepEqual(mock.blocked, ['s-marta']);
});

test('F25, F15: a notification waits for a share that is not ready, invites, and each answer is told', async () => {
  mock = scene.keep(await start({ users: clara() }));
  const visit = async (entry) => {
    if (page) { await page.context().close(); }
    page = await open(scene.browser, mock, { path: `/tv/n/${entry.share_id}` });
    await on(page, 'notification');
  };
  const first = mock.ring({ state: 'preparing' });
  await visit(first);
  first.state = 'ready';
  await page.waitForSelector('.stage .button');
  await at(page);
  await press(page, 'ArrowRight');
  assert.equal(await focused(page), 'Later');
  await press(page, 'Enter');
  await on(page, 'home');
  await until(() => said(`POST /shares/${first.share_id}/later`).length);
  await visit(first);
  await page.waitForSelector('.stage .button');
  await press(page, 'ArrowRight', 'ArrowRight', 'Enter');
  await on(page, 'home');
  await until(() => said(`POST /shares/${first.share_id}/decline`).length);
  await visit(first);
  await page.waitForSelector('.stage .button');
  await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter', 'ArrowRight', 'Enter');
  await on(page, 'home');
  assert.deepEqual(mock.blocked, ['s-ana']);
  mock.askPin = true;
  await visit(first);
  await page.waitForSelector('.stage .button');
  await press(page, 'Enter');
  await page.waitForSelector('.pin');
  await press(page, '1', '2', '3', '4', 'Enter');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'home');
});

test('F25: the page of a notification invites alone: the same share does not ring over it, another one does', async () => {
  mock = scene.keep(await start({ users: clara() }));
  const entry = mock.ring({ state: 'preparing' });
  page = await open(scene.browser, mock, { path: `/tv/n/${entry.share_id}` });
  await on(page, 'notification');
  await listening(mock);
  // Rung before the page has seen that it is ready, while it invites, and asked for anew by a page that comes back.
  entry.state = 'ready';
  mock.tell('ring', entry);
  await page.waitForSelector('.stage .button');
  for (let i = 0; i < 3; i += 1) { mock.tell('ring', { ...entry, user_id: 'u-1' }); }
  const other = mock.ring({ title: 'Another one' });
  await page.waitForSelector('.ring');
  assert.match(await page.textContent('.ring'), /Another one/);
  await page.keyboard.press('Escape');
  await page.waitForSelector('.ring', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.body.getAttribute('data-page')), 'notification');
  await press(page, 'Enter');
  await playing(page);
  mock.end(other.share_id);
});

test('F8: a TV that was removed from its household while it is on shows its code again, whatever it asks', async () => {
  mock = scene.keep(await start({ users: clara() }));
  page = await open(scene.browser, mock);
  await on(page, 'home');
  mock.paired = false;
  mock.tell('inbox', mock.counts());
  await on(page, 'pairing');
});

test('F25, F17: a notification of nothing, of a share that is over, of one that is gone, and for somebody else', async () => {
  mock = scene.keep(await start({ users: FAMILY().slice(0, 2).map((user, i) => ({ ...user, signed_in: i === 0 })) }));
  page = await open(scene.browser, mock, { path: '/tv/n/none' });
  await page.waitForSelector('.panel');
  assert.equal(await page.textContent('.panel-title'), 'Nothing here');
  await press(page, 'Escape');
  await on(page, 'home');
  const entry = mock.ring();
  mock.end(entry.share_id);
  entry.not_for = 'u-1';
  await page.goto(`${mock.url}/tv/n/${entry.share_id}`);
  await page.waitForSelector('.panel');
  assert.equal(await page.textContent('.panel-title'), 'For somebody else');
  assert.equal(await focused(page), 'Who is watching?');
  await press(page, 'Enter', 'ArrowRight', 'Enter', '1', '2', '3', '4', 'Enter');
  await page.waitForFunction(() => { const title = document.querySelector('.panel-title'); return title
    && title.textContent === 'The share has ended'; });
  assert.equal(await focused(page), 'Start watching');
  await press(page, 'Enter');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'home');
  entry.state = 'expired';
  await page.goto(`${mock.url}/tv/n/${entry.share_id}`);
  await page.waitForSelector('.panel');
  assert.equal(await page.textContent('.panel-title'), 'This video is no longer kept');
  await press(page, 'Enter');
  await on(page, 'home');
});

test('a ring for someone else of the household is theirs to answer: they sign in, and it plays', async () => {
  await begin({ users: FAMILY().slice(0, 2).map((user, i) => ({ ...user, signed_in: i === 0 })) });
  await on(page, 'home');
  await listening(mock);
  mock.ring({ user_id: 'u-2' });
  await page.waitForSelector('.ring');
  assert.match(await page.textContent('.ring-what'), /for Rui Manuel/);
  await press(page, 'Enter', '1', '2', '3', '4', 'Enter');
  await playing(page);
  assert.equal(await page.evaluate(() => window.Lareira.app.user.name), 'Rui Manuel');
});

test('a ring reaches a television on which nobody is signed in', async () => {
  await begin({ users: FAMILY().slice(0, 2) });
  await on(page, 'who');
  await listening(mock);
  mock.ring({ user_id: 'u-1' });
  await page.waitForSelector('.ring');
  await press(page, 'Enter');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'who');
});

test('P25 to P27: each page has its help, and nothing of a help page but its words is taken', async () => {
  await begin({ users: FAMILY().slice(0, 2) });
  await on(page, 'who');
  await press(page, 'ArrowUp', 'Enter');
  await page.waitForSelector('.help-text h2');
  assert.equal(await page.textContent('.help-text h2'), 'Who is watching');
  await press(page, 'Escape', 'Enter');
  await on(page, 'home');
  for (const [steps, title] of [[0, 'The inbox'], [1, 'Settings']]) {
    for (let i = 0; i < steps; i += 1) { await press(page, 'ArrowRight'); }
    await press(page, 'Enter');
    await page.waitForFunction((name) => document.querySelector('.head-title')
      && document.querySelector('.head-title').textContent === name, steps === 0 ? 'Inbox' : 'Settings');
    await remote(page, 'ColorF3Blue');
    await page.waitForSelector('.help-text h2');
    assert.equal(await page.textContent('.help-text h2'), title);
    await press(page, 'Escape', 'Escape');
    await on(page, 'home');
  }
  assert.equal(await page.evaluate(() => window.broken), undefined);
});

test('channels: the list, the picture, up and down, digits, the list over the picture, and Back', async () => {
  await begin({ users: clara(), channels: stations(Date.now()) });
  await on(page, 'home');
  await page.waitForFunction(() => [...document.querySelectorAll('.button')].some((button) => button.textContent === 'Channels'));
  await press(page, 'ArrowRight', 'Enter');
  await on(page, 'channels');
  assert.equal(await focused(page), '1, RTP 1, Telejornal');
  for (let i = 0; i < 8; i += 1) { await press(page, 'ArrowDown'); }
  assert.equal(await focused(page), '22, BBC Two');
  assert.match(await page.textContent('.programme'), /No programme information/);
  await press(page, 'PageUp', 'ArrowUp', 'Enter');
  await pictured();
  await number('1');
  await press(page, 'ArrowUp');
  await number('2');
  await press(page, 'PageDown', 'PageDown');
  await number('101');
  await press(page, '1', '2');
  assert.equal(await page.textContent('.zap'), '12La 1');
  await press(page, 'Enter');
  await number('12');
  await press(page, '7', '7');
  await notice('no channel 77');
  await pictured();
  await press(page, 'ArrowLeft', 'Enter');
  await page.waitForSelector('.channel-list.is-over');
  await press(page, 'ArrowUp', 'Enter');
  await number('5');
  await pictured();
  await press(page, 'Escape');
  await on(page, 'channels');
  assert.equal(await focused(page), '5, RTP Notícias, Direto ao Ponto');
  mock.channels = [];
  mock.tell('channel', {});
  await on(page, 'home');
  assert.equal(await page.evaluate(() => [...document.querySelectorAll('.button')].some((button) => button.textContent === 'Channels')),
    false);
});

test('a ring over a running channel leaves it be; accepted, the share plays; Back, or its end, returns to the channel', async () => {
  await begin({ users: clara(), channels: stations(Date.now()) });
  await on(page, 'home');
  await page.waitForFunction(() => window.Lareira.guide.list.length > 0);
  await press(page, '1', '2', 'Enter');
  await pictured();
  mock.ring();
  await page.waitForSelector('.ring');
  const source = await page.evaluate(() => { const video = document.querySelector('video'); window.since =
    video.currentTime; return video.src; });
  await page.waitForFunction(() => { const video = document.querySelector('video'); return !video.paused
    && video.currentTime > window.since + 0.7; });
  assert.equal(await page.evaluate(() => document.querySelector('video').src), source);
  const card = await (await page.$('.ring-card')).boundingBox();
  assert.ok(card.width * card.height < 1280 * 720 * 0.2, 'the banner is small');
  await press(page, 'ArrowRight', 'ArrowLeft', 'Enter');
  await on(page, 'live');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'channel');
  await number('12');
  await pictured();
  const second = mock.ring({ sender: PEOPLE[2] });
  await page.waitForSelector('.ring');
  await remote(page, 'MediaPlay');
  await playing(page);
  mock.end(second.share_id);
  await on(page, 'channel');
  await notice('Marta e Pedro has stopped');
  await number('12');
  await remote(page, 'Exit');
  await on(page, 'home');
});

test('a channel that fails says so, is tried again, and can be left by the next key', async () => {
  await begin({ users: clara(), channels: stations(Date.now()), dead: new Set(['channel-1']) });
  await on(page, 'home');
  await page.waitForFunction(() => window.Lareira.guide.list.length > 0);
  await press(page, '1', 'Enter');
  await page.waitForFunction(() => document.querySelector('.hint-line')
    && /No picture/.test(document.querySelector('.hint-line').textContent));
  assert.equal(await page.$('.panel'), null);
  await press(page, 'ArrowUp');
  await number('2');
  await pictured();
});

test('channels that could not be fetched are asked for again', async () => {
  await begin({ users: clara(), channels: stations(Date.now()) },
    { before: `
      const real = XMLHttpRequest.prototype.open;
      let lost = 0;
      XMLHttpRequest.prototype.open = function (m, u, a) {
        const loses = /channels/.test(u) && !lost;
        lost += loses;
        real.call(this, m, loses ? 'http://127.0.0.1:1/' : u, a);
      };` });
  await on(page, 'home');
  await page.waitForSelector('.key-yellow');
  page.complaints.length = 0;
  await remote(page, 'ColorF2Yellow');
  await on(page, 'channels');
});

test('without MSE a channel plays by the browser\'s own HLS', async () => {
  await begin({ users: clara(), channels: stations(Date.now()) },
    { before: 'delete window.MediaSource; delete window.ManagedMediaSource; delete window.WebKitMediaSource' });
  await on(page, 'home');
  await page.waitForFunction(() => window.Lareira.guide.list.length > 0);
  await page.request.get(`${mock.url}/play/channel-1/ticket/index.m3u8`);
  const stream = mock.streams.get('channel-1');
  await until(() => stream.segments.length > 4);
  await press(page, '1', 'Enter');
  await pictured();
  assert.equal(await page.evaluate(() => !!window.Hls), false);
});

test('F19: watched from its start while it is live, a share leads to now again by its button and by seeking past its end', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring();
  await page.waitForSelector('.ring');
  await until(() => mock.streams.get(entry.share_id).segments.length > 5);
  await press(page, 'Enter');
  await playing(page);
  await remote(page, 'MediaRewind');
  await on(page, 'recorded');
  await playing(page);
  await press(page, 'ArrowDown');
  assert.equal(await focused(page), 'Jump to live');
  await press(page, 'Enter');
  await on(page, 'live');
  await playing(page);
  await remote(page, 'MediaRewind');
  await on(page, 'recorded');
  await playing(page);
  await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight');
  await on(page, 'live');
  await playing(page);
  await press(page, 'Escape');
  await on(page, 'home');
});

test('a television that slept asks for everything again, and plays on at the edge', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  mock.ring();
  await page.waitForSelector('.ring');
  await press(page, 'Enter');
  await playing(page);
  const asked = said('GET /device').length;
  const accepted = mock.calls.filter((one) => /accept$/.test(one.call)).length;
  await sleep(page, 3600000);
  await until(() => said('GET /device').length > asked && mock.calls.filter((one) => /accept$/.test(one.call)).length > accepted);
  await playing(page);
  assert.equal(await page.$('.panel'), null);
  await press(page, 'Escape');
  await on(page, 'home');
  mock.entries.unshift(pastShares(1, Date.now())[0]);
  await sleep(page, 3600000);
  await page.waitForSelector('.recent .tile');
  mock.ring({ sender: PEOPLE[2] });
  await page.waitForSelector('.ring');
});

test('lost events: the page asks for everything again', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  mock.entries.push(...pastShares(3, Date.now()));
  mock.channels = stations(Date.now());
  mock.tell('resync', {});
  await page.waitForSelector('.recent .tile');
  await page.waitForFunction(() => [...document.querySelectorAll('.button')].some((button) => button.textContent === 'Channels'));
  await at(page);
});

test('the gateway restarts under a page with unsaved changes: they are still there', async () => {
  await begin({ users: rui() });
  await on(page, 'home');
  await press(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.row.is-focused');
  await press(page, 'ArrowDown', 'Enter');
  await listening(mock);
  await mock.restart(300);
  await until(() => mock.listeners.size > 0);
  assert.equal(await page.getAttribute('[data-row="service"]', 'aria-checked'), 'false');
  await press(page, 'Escape', 'Enter');
  await on(page, 'home');
  assert.equal(mock.settings.service_off, true);
});

test('hostile names break neither details nor the blocked nor channels', async () => {
  const nasty = ['<img src=x onerror="window.broken=1">', '\u202e\u2066desrever', 'A'.repeat(10000), '"><script>window.broken=1</script>'];
  await begin({
    users: [{ ...clara()[0], name: nasty[2] }], entries: nasty.map((text, i) =>
      ({ ...pastShares(4, Date.now())[i], sender: { ...PEOPLE[i], name: text }, title: text })),
    channels: nasty.map((text, i) => ({ ...stations(Date.now())[i], name: text, group: text,
      now: { ...stations(Date.now())[i].now, title: text } })),
  });
  const inside = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth
    && [...document.querySelectorAll('.button, .row, .channel-row')].every((node) => !node.offsetWidth
    || node.getBoundingClientRect().right <= innerWidth));
  await toInbox();
  for (let i = 0; i < nasty.length; i += 1) {
    await press(page, 'Enter');
    await on(page, 'details');
    assert.ok(await inside());
    await press(page, 'Escape');
    await page.waitForSelector('.grid .tile.is-focused');
    if (i < nasty.length - 1) { await press(page, 'ArrowRight'); }
  }
  await press(page, 'Escape');
  await remote(page, 'ColorF2Yellow');
  await on(page, 'channels');
  for (let i = 0; i < nasty.length; i += 1) { await press(page, 'ArrowDown'); assert.ok(await inside()); }
  await press(page, 'Escape');
  await page.waitForSelector('.recent .tile');
  await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter');
  await on(page, 'settings');
  assert.ok(await inside());
  assert.equal(await page.evaluate(() => window.broken), undefined);
});

test('a pointer turns pages with its wheel, and its second button is Back', async () => {
  await begin({ users: clara(), entries: pastShares(27, Date.now()) });
  await toInbox();
  await page.mouse.move(640, 400);
  await page.mouse.wheel(0, 120);
  await page.waitForFunction(() => document.querySelector('.count').textContent !== '1 / 27');
  await page.mouse.click(640, 715, { button: 'right' });
  await on(page, 'home');
});

test('F25: a video that was sent whole rings though it is over, until it is answered or withdrawn', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const clip = (more) => mock.ring({ share_id: `clip-${mock.entries.length}`, kind: 'clip', state: 'ended', duration_ms: 61000, ...more });
  const entry = clip();
  mock.tell('share', { share_id: entry.share_id, state: 'ended', kind: 'clip' });
  await page.waitForSelector('.ring');
  /* The ring is for the one that was told of first, still, when the next word has come. */
  const before = said('GET /inbox').length;
  mock.tell('inbox', mock.counts());
  await until(() => said('GET /inbox').length > before);
  assert.match(await page.textContent('.ring'), /sent you a video/);
  assert.equal(await focused(page), 'Watch now');
  await press(page, 'Enter');
  await on(page, 'recorded');
  await until(() => said(`POST /shares/${entry.share_id}/accept`).length === 1);
  await press(page, 'Escape');
  await on(page, 'home');

  const second = clip();
  await page.waitForSelector('.ring');
  mock.tell('share', { share_id: second.share_id, state: 'unknown' });
  await page.waitForFunction(() => !document.querySelector('.ring'));

  const third = clip();
  await page.waitForSelector('.ring');
  await press(page, 'ArrowRight', 'Enter');
  await until(() => mock.entry(third.share_id).target_state === 'later');
});

test('F25: the special address of a video that was sent whole invites, though it is over', async () => {
  const entries = pastShares(2, Date.now());
  Object.assign(entries[0], { kind: 'clip', state: 'ended', seen: false, target_state: 'notified', duration_ms: 61000 });
  await begin({ users: clara(), entries }, { path: `/tv/n/${entries[0].share_id}` });
  await on(page, 'notification');
  await page.waitForFunction(() => /sent you a video/.test(document.querySelector('.stage').textContent));
  assert.equal(await focused(page), 'Watch now');
});
