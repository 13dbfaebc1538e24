'use strict';
// The TV page as a viewer meets it, by keys alone, against the stand-in gateway.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { open, keys, remote, focused, press, at, listening, on, playing } = require('./browser');
const { start, pastShares, PEOPLE, FAMILY } = require('./mock');
const { stage } = require('./stage');

const scene = stage();
let mock;
let page;

const clara = () => [{ ...FAMILY()[0], signed_in: true }];
async function begin(options, how) {
  mock = scene.keep(await start(options));
  page = await open(scene.browser, mock, how);
}
const said = (call) => mock.calls.filter((one) => one.call === call);
/** The page is kept as a picture if asked for. */
const pictured = async (name) => {
  if (process.env.PICTURES) { await page.screenshot({ path: path.join(process.env.PICTURES, `tv-${name}.png`) }); }
};
/** Waits until what begins with these words has the focus. */
async function focusedOn(words) { while (!(await focused(page) || '').startsWith(words)) { await page.waitForTimeout(20); } }

async function until(check) { while (!check()) { await new Promise((done) => { setTimeout(done, 20); }); } }

test('an unpaired television shows its code, and goes on by itself once it is approved', async () => {
  await begin({ paired: false, users: clara() });
  await on(page, 'pairing');
  assert.equal(await page.getAttribute('.code', 'aria-label'), 'K 7 Q 4 M D');
  mock.paired = true;
  await on(page, 'home');
});

test('in a house that nobody owns yet the square is for the first phone', async () => {
  await begin({ paired: false, claimed: false });
  await on(page, 'pairing');
  const words = () => page.textContent('.pairing-words');
  assert.match(await words(), /Whoever does it first/);
  assert.doesNotMatch(await words(), /lareira admin/);
  mock.claimed = true;
  mock.tell('tv', { paired: false });
  await page.waitForFunction(() => /lareira admin tv approve/.test(document.querySelector('.pairing-words').textContent));
});

test('where the square claims nothing any more, the page says how to go on', async () => {
  await begin({ paired: false, claimed: false });
  await on(page, 'pairing');
  await page.waitForSelector('.square img');
  for (const [claim, words] of [['contested', /More than one TV/], ['late', /first minutes after a start/]]) {
    mock.claim = claim;
    await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('.pairing-words').textContent), words.source);
    assert.equal(await page.locator('.square img').count(), 0);
    assert.match(await page.textContent('.pairing-words'), /lareira admin claim-code.*\/go\//s);
    assert.equal(await page.textContent('.code'), '', 'a code that claims nothing is not shown');
  }
  mock.claimed = true;
  await page.waitForSelector('.square img');
  assert.equal(await page.getAttribute('.code', 'aria-label'), 'K 7 Q 4 M D');
});

test('one person without a PIN is simply watching', async () => {
  await begin({ users: [FAMILY()[0]] });
  await on(page, 'home');
  assert.deepEqual(said('POST /sign-in').map((one) => one.body), [{ user_id: 'u-1' }]);
});

test('an answer from before the sign-in does not sign anyone out', async () => {
  await begin({ users: [FAMILY()[0]] });
  await on(page, 'home');
  mock.users[0].signed_in = false;
  mock.calls.length = 0;
  let asked = 0, stale;
  const isAsked = new Promise((done) => { stale = done; });
  await page.route('**/tv/api/sign-in', async (route) => {
    await listening(mock);
    mock.tell('tv', {});
    await isAsked;
    await route.continue();
  });
  const isTold = new Promise((done) => {
    page.route('**/tv/api/device', async (route) => {
      asked += 1;
      const response = await route.fetch();
      if (asked === 2) {
        stale();
        await on(page, 'home');
      }
      await route.fulfill({ response });
      if (asked === 3) { done(); }
    });
  });
  await page.reload();
  await isTold;
  assert.equal(await page.evaluate(() => Lareira.app.user.name), 'Clara');
  assert.equal(said('POST /sign-in').length, 1);
});

test('several are asked who is watching; a PIN is typed by digits or by arrows, and a wrong one is said', async () => {
  await begin({ users: FAMILY() });
  await on(page, 'who');
  assert.match(await focused(page), /^Clara/);
  await keys(page, 'ArrowRight');
  assert.equal(await focused(page), 'Rui Manuel, With PIN');
  await keys(page, 'Enter', '9', '9', '9', '9', 'Enter');
  await page.waitForFunction(() => document.querySelector('.pin-words').textContent.includes('PIN'));
  assert.equal(await focused(page), '1');
  await keys(page, 'Enter', 'ArrowRight', 'Enter', 'ArrowRight', 'Enter', 'ArrowLeft', 'ArrowLeft', 'ArrowDown', 'Enter');
  await keys(page, 'ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight');
  assert.equal(await focused(page), 'Done');
  await keys(page, 'Enter');
  await on(page, 'home');
  assert.deepEqual(said('POST /sign-in').map((one) => one.body.pin), ['9999', '1234']);
});

test('after too many wrong PINs the pad says how long to wait, and Back leads out', async () => {
  await begin({ users: FAMILY(), wrong: 4 });
  await on(page, 'who');
  await keys(page, 'ArrowRight', 'Enter', '9', 'Enter');
  await page.waitForSelector('.is-locked');
  assert.match(await page.textContent('.pin-words'), /1:(30|29)/);
  assert.equal(await focused(page), 'Cancel');
  await keys(page, '1', 'Escape');
  assert.equal(await page.$('.panel'), null);
  assert.match(await focused(page), /^Rui Manuel/);
});

test('a ring over the home page: later, then another one declined', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const first = mock.ring();
  await page.waitForSelector('.ring');
  mock.ring({ sender: PEOPLE[1], title: '' });
  assert.equal(await focused(page), 'Watch now');
  assert.equal(await page.textContent('.ring-who'), 'Ana Sofia Reis');
  await keys(page, 'ArrowRight', 'Enter');
  await page.waitForFunction(() => { const who = document.querySelector('.ring-who'); return who && who.textContent === 'Tio Joaquim'; });
  await keys(page, 'ArrowRight', 'ArrowRight', 'ArrowRight');
  assert.equal(await focused(page), 'Decline');
  await keys(page, 'Enter');
  assert.equal(await page.$('.ring'), null);
  await until(() => said(`POST /shares/${first.share_id}/later`).length && said('POST /shares/live-1/decline').length);
  assert.ok(await focused(page), 'the focus came back to the page');
});

test('somebody who rings for the first time asks: who they are, nothing of theirs, and Not now is where the focus is', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const asks = () => page.waitForSelector('.ring.is-quiet');
  const first = mock.ring({ introduction: true, sender: PEOPLE[0] });
  await asks();
  assert.equal(await focused(page), 'Not now');
  assert.match(await page.textContent('.ring'), /Ana Sofia Reis.*for the first time.*\+351 912 345 678/);
  assert.doesNotMatch(await page.textContent('.ring'), /Arrábida/);
  assert.equal(await page.$('.ring img, .ring .still'), null, 'no still and no photo');
  assert.equal(await page.$('.page-home.has-hero'), null, 'nor behind it');
  await remote(page, 'MediaPlay');
  assert.equal(await page.$$eval('.ring', (rings) => rings.length), 1, 'no key but a choice answers');
  await press(page, 'Enter');
  await until(() => said(`POST /shares/${first.share_id}/later`).length);
  assert.equal(await page.$('.ring'), null);

  /* From the inbox it tells about itself, and asks there too. */
  await page.waitForSelector('.recent .tile');
  await press(page, 'ArrowDown', 'Enter');
  await on(page, 'details');
  assert.equal(await focused(page), 'Allow');
  assert.equal(await page.$('.stage img'), null);
  await press(page, 'Escape');
  await on(page, 'home');

  const second = mock.ring({ introduction: true, sender: PEOPLE[0] });
  await asks();
  await press(page, 'ArrowRight');
  assert.equal(await focused(page), 'Allow');
  await press(page, 'Enter');
  await page.waitForSelector('.ring:not(.is-quiet) .still img');
  assert.equal(await focused(page), 'Watch now');
  assert.deepEqual([said(`POST /shares/${second.share_id}/allow`).length, said(`POST /shares/${second.share_id}/accept`).length], [1, 0]);
  await press(page, 'Escape');

  mock.ring({ introduction: true, sender: PEOPLE[1] });
  await asks();
  await press(page, 'ArrowRight', 'ArrowRight');
  assert.equal(await focused(page), 'Block');
  await press(page, 'Enter');
  await page.waitForSelector('.panel');
  await press(page, 'ArrowRight', 'Enter');
  await until(() => said('PUT /blocks').length);
  assert.deepEqual(said('PUT /blocks')[0].body, { blocked: ['s-joaquim'], delete_entries: false });
});

test('who asks over a playing picture leaves its middle free, and dims nothing', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  mock.ring();
  await page.waitForSelector('.ring');
  await keys(page, 'Enter');
  await playing(page);
  mock.ring({ introduction: true, sender: PEOPLE[5] });
  await page.waitForSelector('.ring.is-quiet');
  const free = await page.evaluate(() => {
    const card = document.querySelector('.ring-card').getBoundingClientRect();
    return card.top > innerHeight * 0.6 && getComputedStyle(document.querySelector('.ring')).backgroundImage === 'none';
  });
  assert.ok(free);
  await at(page);
  await keys(page, 'Escape');
  await page.waitForSelector('.ring', { state: 'detached' });
  await playing(page);
});

test('who asks for someone else of the household is theirs to allow; allowed on another TV, it rings here too', async () => {
  await begin({ users: [{ ...FAMILY()[0], signed_in: true }, FAMILY()[1]] });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring({ introduction: true, sender: PEOPLE[0], user_id: 'u-2' });
  await page.waitForSelector('.ring.is-quiet');
  assert.match(await page.textContent('.ring'), /with Rui Manuel for the first time/);
  assert.equal(await page.$$eval('.ring .button', (buttons) => buttons.length), 2, 'Not now and Allow');
  delete entry.introduction;
  mock.tell('ring', entry);
  await page.waitForSelector('.ring:not(.is-quiet)');
  assert.match(await page.textContent('.ring'), /sharing something for Rui Manuel/);
  await press(page, 'Escape');

  const other = mock.ring({ introduction: true, sender: PEOPLE[0], user_id: 'u-2' });
  await page.waitForSelector('.ring.is-quiet');
  await press(page, 'ArrowRight', 'Enter', '1', '2', '3', '4', 'Enter');
  await until(() => said(`POST /shares/${other.share_id}/allow`).length);
  await page.waitForSelector('.ring:not(.is-quiet)');
});

test('the special address of a share from somebody new asks as well, and it rings once they are allowed', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring({ introduction: true, sender: PEOPLE[1] });
  await page.goto(`${mock.url}/tv/n/${entry.share_id}`);
  await on(page, 'details');
  await page.waitForSelector('.stage .ring-number');
  assert.equal(await focused(page), 'Allow');
  await press(page, 'Enter');
  await page.waitForSelector('.ring:not(.is-quiet)');
  await press(page, 'Escape');
  await page.waitForFunction(() => /Play/.test(document.querySelector('.stage').textContent));
  await press(page, 'Escape');
  await on(page, 'home');
});

test('a ring whose share ends before an answer goes away and says so', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring();
  await page.waitForSelector('.ring');
  mock.end(entry.share_id);
  await page.waitForSelector('.ring', { state: 'detached' });
  assert.match(await page.textContent('#notice'), /Ana Sofia Reis/);
});

test('accepted, it plays at once; it ends; the whole of it is watched from the start; Back leads home', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  const entry = mock.ring();
  await page.waitForSelector('.ring');
  await keys(page, 'Enter');
  await on(page, 'live');
  await playing(page);
  await until(() => said(`POST /shares/${entry.share_id}/watching`).some((one) => one.body.latency_ms > 0));
  const receipt = said(`POST /shares/${entry.share_id}/watching`).at(-1).body;
  assert.ok(receipt.latency_ms < 1500 && receipt.position_ms >= 0, JSON.stringify(receipt));
  mock.end(entry.share_id);
  await page.waitForSelector('.panel');
  assert.equal(await focused(page), 'Start watching');
  await until(() => said(`POST /shares/${entry.share_id}/left`).length === 1);
  await keys(page, 'Enter');
  await on(page, 'recorded');
  await playing(page);
  assert.deepEqual(said(`POST /shares/${entry.share_id}/accept`).map((one) => one.body.from), ['live', 'start']);
  await keys(page, 'Escape');
  await on(page, 'home');
  await until(() => said(`POST /shares/${entry.share_id}/left`).length === 2);
  assert.equal(await page.evaluate(() => document.querySelector('video').currentSrc && document.querySelector('video').getAttribute('src')),
    null);
});

test('the live picture stays clear; OK brings the bar, Back takes it away, Back again leaves to where it came from', async () => {
  await begin({ users: clara(), entries: pastShares(4, Date.now()) });
  await on(page, 'home');
  await listening(mock);
  mock.ring();
  await page.waitForSelector('.ring');
  await keys(page, 'Escape');
  await page.waitForSelector('.ring', { state: 'detached' });
  await on(page, 'home');
  /* What was let pass is offered by the home page, once it has read that. */
  await focusedOn('Watch now');
  await keys(page, 'ArrowRight');
  await focusedOn('Inbox');
  await keys(page, 'Enter');
  await on(page, 'inbox');
  await page.waitForSelector('.tile.is-focused');
  await keys(page, 'Enter');
  await playing(page);
  assert.equal(await page.$('.shows-bar'), null);
  await keys(page, 'Enter');
  await page.waitForSelector('.shows-bar');
  assert.equal(await focused(page), 'From the start');
  await keys(page, 'Backspace');
  assert.equal(await page.$('.shows-bar'), null);
  await on(page, 'live');
  await keys(page, 'Escape');
  await on(page, 'inbox');
});

test('a ring over a playing picture is answered and switches; Back then leads to the page before', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  mock.ring();
  await page.waitForSelector('.ring');
  await keys(page, 'Enter');
  await playing(page);
  const second = mock.ring({ sender: PEOPLE[2] });
  await page.waitForSelector('.ring');
  assert.ok(await page.evaluate(() => document.querySelector('.ring-card').getBoundingClientRect().width < innerWidth * 0.65),
    'the picture is left be');
  await keys(page, 'Enter');
  assert.ok(await page.$('.ring'), 'a press in the first moment was meant for the picture');
  await page.waitForTimeout(650);
  await keys(page, 'Enter');
  await until(() => said(`POST /shares/${second.share_id}/accept`).length);
  await playing(page);
  await keys(page, 'Escape');
  await on(page, 'home');
});

test('from the start while still live: the same share, from its beginning', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  mock.ring();
  await page.waitForSelector('.ring');
  await page.waitForTimeout(3500);
  await keys(page, 'Enter');
  await playing(page);
  await keys(page, 'Enter');
  await page.waitForTimeout(450);
  await keys(page, 'Enter');
  await on(page, 'recorded');
  await playing(page);
  assert.ok(await page.evaluate(() => document.querySelector('video').currentTime) < 2);
});

test('the inbox: pages of six, the count, and the same place after a video', async () => {
  await begin({ users: clara(), entries: pastShares(27, Date.now()) });
  await page.waitForSelector('.recent .tile');
  await keys(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.tile.is-focused');
  const count = () => page.textContent('.count');
  assert.equal(await count(), '1 / 27');
  await keys(page, 'ArrowRight', 'ArrowRight');
  assert.equal(await count(), '3 / 27');
  await keys(page, 'ArrowRight');
  assert.equal(await count(), '4 / 27');
  await keys(page, 'ArrowDown');
  await page.waitForFunction(() => document.querySelector('.count').textContent === '7 / 27');
  for (let i = 0; i < 12; i += 1) { await keys(page, 'ArrowDown'); await page.waitForTimeout(60); }
  assert.match(await count(), /^2[5-7] \/ 27$/);
  await keys(page, 'Enter');
  await on(page, 'details');
  assert.equal(await focused(page), 'Play');
  await keys(page, 'Enter');
  await playing(page);
  await keys(page, 'Escape');
  await on(page, 'details');
  await keys(page, 'Escape');
  await page.waitForSelector('.tile.is-focused');
  assert.match(await count(), /^2[5-7] \/ 27$/);
  for (let i = 0; i < 30; i += 1) { await keys(page, 'ArrowLeft'); await page.waitForTimeout(40); }
  assert.equal(await count(), '1 / 27');
});

test('a recording that lacks something says so in a word on its tile, and in a sentence on its page', async () => {
  const entries = pastShares(6, Date.now());
  const lacking = [['disk_full', 'The end is missing: the disk was full.'],
    ['gaps', 'A part is missing: the disk took nothing for a while.'], ['too_long', 'It ends after 24 hours: no recording is longer.'],
    ['disk', 'Not all of it is here: the disk had a fault.']];
  lacking.forEach(([code], i) => { entries[i].recording_failure_code = code; });
  await begin({ users: clara(), entries });
  await page.waitForSelector('.recent .tile');
  await keys(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.tile.is-focused');
  assert.deepEqual(await page.$$eval('.grid .tile', (tiles) => tiles.map((tile) => Boolean(tile.querySelector('.mark-lacks')))),
    [true, true, true, true, false, false]);
  assert.match(await page.textContent('.tile.is-focused .spoken'), /Incomplete/);
  await pictured('inbox-incomplete');
  for (const [code, sentence] of lacking) {
    await keys(page, 'Enter');
    await on(page, 'details');
    assert.ok((await page.textContent('.stage')).includes(sentence), code);
    assert.equal(await focused(page), 'Play');
    if (code === 'disk_full') { await pictured('details-incomplete'); }
    await keys(page, 'Escape');
    await page.waitForSelector('.tile.is-focused');
    await keys(page, 'ArrowRight');
  }
});

test('the recorded player: pause, seek by steps that grow, and the end', async () => {
  await begin({ users: clara(), entries: pastShares(2, Date.now()) });
  await page.waitForSelector('.recent .tile');
  await keys(page, 'Enter');
  await playing(page);
  const time = () => page.evaluate(() => document.querySelector('video').currentTime);
  await keys(page, 'Enter');
  await page.waitForFunction(() => document.querySelector('video').paused);
  const paused = await time();
  await keys(page, 'ArrowRight', 'ArrowRight');
  await page.waitForFunction((from) => Math.abs(document.querySelector('video').currentTime - from - 20) < 1, paused);
  await remote(page, 'MediaRewind');
  await page.waitForFunction((from) => Math.abs(document.querySelector('video').currentTime - from - 10) < 1, paused);
  await remote(page, 'MediaPlay');
  await page.waitForFunction(() => !document.querySelector('video').paused);
  assert.match(await page.getAttribute('.track', 'aria-valuetext'), /second/);
  for (let i = 0; i < 8; i += 1) { await keys(page, 'ArrowRight'); }
  await page.waitForSelector('.panel');
  assert.equal(await focused(page), 'Close');
  await keys(page, 'Escape');
  await on(page, 'home');
});

test('a share that asks for a PIN gets it; Back gives up quietly', async () => {
  await begin({ users: clara(), entries: pastShares(2, Date.now()), askPin: true });
  await page.waitForSelector('.recent .tile');
  await keys(page, 'Enter');
  await page.waitForSelector('.pin');
  await keys(page, '9', 'Enter');
  await page.waitForFunction(() => document.querySelector('.pin-words').textContent.includes('PIN'));
  await keys(page, '1', '2', '3', '4', 'Enter');
  await playing(page);
  await keys(page, 'Escape');
  await on(page, 'home');
  await page.waitForSelector('.recent .tile');
  mock.askPin = true;
  await keys(page, 'Enter');
  await page.waitForSelector('.pin');
  await keys(page, 'Escape');
  await on(page, 'home');
});

test('the gateway restarts under an open page, which comes back by itself and rings again', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  await listening(mock);
  await mock.restart(6000);
  await page.waitForFunction(() => document.getElementById('notice').className === '');
  await until(() => mock.listeners.size > 0);
  mock.ring();
  await page.waitForSelector('.ring');
});

test('a page that finds no gateway waits for it', async () => {
  mock = scene.keep(await start({ users: clara() }));
  page = await open(scene.browser, mock,
    { before: `
      const real = XMLHttpRequest.prototype.open;
      XMLHttpRequest.prototype.open = function (m, u, a) {
        real.call(this, m, Date.now() < window.since ? 'http://127.0.0.1:1/' : u, a);
      };
      window.since = Date.now() + 1500;` });
  await on(page, 'waiting');
  page.complaints.length = 0;
  await on(page, 'home');
  page.complaints.length = 0;
});

test('names and titles made to break pages break nothing', async () => {
  const nasty = ['<img src=x onerror="window.broken=1">', '\u202e\u2066desrever', 'A'.repeat(10000), '', '🔥'.repeat(500),
    '"><script>window.broken=1</script>'];
  await begin({ users: clara(), entries: nasty.map((text, i) =>
    ({ ...pastShares(6, Date.now())[i], sender: { name: text, photo_url: '/mock/none.png' }, title: text })) });
  await page.waitForSelector('.recent .tile');
  await listening(mock);
  for (const text of nasty) {
    mock.ring({ sender: { name: text, photo_url: null }, title: text });
    await page.waitForSelector('.ring');
    assert.ok(await page.evaluate(() => { const box = document.querySelector('.ring-card').getBoundingClientRect(); return box.left >= 0
      && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight; }));
    assert.equal(await focused(page), 'Watch now');
    await keys(page, 'Escape');
  }
  await keys(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.grid .tile');
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
});

test('a pointer works too', async () => {
  await begin({ users: FAMILY() });
  await on(page, 'who');
  await page.hover('.person >> nth=2');
  assert.match(await focused(page), /^Maximiliana/);
  await page.mouse.click(5, 700);
  assert.match(await focused(page), /^Maximiliana/, 'a click beside everything loses no focus');
  await page.click('.person >> nth=0');
  await on(page, 'home');
});

test('the language is the settings\', and Spanish and Portuguese fit', async () => {
  for (const [language, title] of [['es', 'Todavía no hay nada que ver'], ['pt', 'Ainda não há nada para ver']]) {
    await begin({ users: clara(), language });
    await page.waitForFunction((text) => document.querySelector('.display') && document.querySelector('.display').textContent === text,
      title);
    assert.equal(await page.getAttribute('html', 'lang'), language);
    await listening(mock);
    mock.ring();
    await page.waitForSelector('.ring');
    assert.ok(await page.evaluate(() => [...document.querySelectorAll('.ring .button')].every((button) =>
      button.getBoundingClientRect().right < innerWidth - 80)));
    await page.context().close();
    await mock.close();
    page = null;
    mock = null;
  }
});

test('keys by the names and codes of televisions', async () => {
  await begin({ users: clara() });
  await on(page, 'home');
  const named = await page.evaluate(() => [
    { keyCode: 461 }, { keyCode: 10009 }, { key: 'GoBack', keyCode: 0 }, { key: 'XF86Back', keyCode: 10009 },
      { key: 'Backspace', keyCode: 8 }, { keyCode: 413 }, { keyCode: 415 }, { keyCode: 19 },
    { keyCode: 417 }, { keyCode: 412 }, { keyCode: 10252 }, { keyCode: 53 }, { keyCode: 101 }, { key: 'x', keyCode: 88 },
      { key: 'Enter', keyCode: 13 }, { keyCode: 10182 },
  ].map((event) => { const key = window.Lareira.keys.name(event); return key && key.name + (key.digit === undefined ? '' : key.digit); }));
  assert.deepEqual(named, ['back', 'back', 'back', 'back', 'back', 'stop', 'play', 'pause', 'forward', 'rewind', 'playpause', 'digit5',
    'digit5', null, 'ok', 'exit']);
});
