'use strict';
// The phone page in a real browser with its false camera, from the invitation to taking a video back, against a stand-in
// that holds every message against docs/publish-websocket.md. PICTURES=folder keeps what each page looks like.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test, afterEach } = require('node:test');
const { PHONE, blank } = require('./browser');
const { start, CODE, TV_CODE } = require('./phone_mock');
const { stage } = require('./stage');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const scene = stage('--use-fake-device-for-media-stream=device-count=2,fps=30', '--use-fake-ui-for-media-stream');
let mock;
let page;
afterEach(() => { assert.deepEqual(mock.faults, [], 'the gateway was told what the document does not say'); });

async function open(at, { locale = 'en-GB', scheme = 'dark', before = null, viewport = PHONE.viewport } = {}) {
  page = await blank(scene.browser, { ...PHONE, viewport, locale, before, colorScheme: scheme, deviceScaleFactor: 2 });
  await page.goto(`${mock.url}/go/${at}`);
}

const on = (name) => page.waitForSelector(`body[data-page="${name}"]`);
const until = async (what, within = 10000) => {
  for (const end = Date.now() + within; !what();) {
    assert.ok(Date.now() < end, `in vain: ${what}`);
    await new Promise((done) => { setTimeout(done, 20); });
  }
};

/** Nothing hangs over the side, axe finds nothing serious; the picture is kept if asked for. */
async function sound(name) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} hangs over the side`);
  await page.evaluate(AXE);
  const faults = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)));
  assert.deepEqual(faults, [], name);
  if (process.env.PICTURES) { await page.screenshot({ path: path.join(process.env.PICTURES, `phone-${name}.png`) }); }
}

/** Comes in and goes on to the camera. */
async function toCamera(how) {
  mock.accepted = true;
  await open('', { ...how,
    before: `localStorage.setItem('lareira',
        localStorage.getItem('lareira') || JSON.stringify({ token: 'token-1', chosen: ['u-1', 'u-2'] }));
      ${(how && how.before) || ''}` });
  await on('people');
  await page.tap('.dock .main');
  await on('studio');
  await page.waitForSelector('.start:enabled');
}

async function goLive(how) {
  await toCamera(how);
  await page.tap('.start');
  await on('live');
  await page.waitForFunction(() => !document.querySelector('.mark-live.is-waiting'));
  await until(() => mock.newest.state === 'ready');
}

/** What ffprobe decodes of pictures or a file: one line a picture, "width,height,type". */
function decoded(bytes, format) {
  const file = path.join(os.tmpdir(), `lareira-phone-${process.pid}`);
  fs.writeFileSync(file, bytes);
  try {
    return execFileSync('ffprobe', ['-v', 'error', '-f', format, '-select_streams', 'v', '-show_entries', 'frame=width,height,pict_type',
      '-of', 'csv=p=0', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      .trim().split('\n').map((one) => one.replace(/,+$/, ''));
  } finally { fs.unlinkSync(file); }
}

for (const [locale, scheme, words] of [['en-GB', 'dark', ['Who shall see it?', 'watching']],
  ['es-ES', 'light', ['¿Quién lo verá?', 'mirando']], ['pt-PT', 'light', ['Quem vai ver?', 'a ver']]]) {
  test(`the whole story by touch: ${locale}, ${scheme}`, async (t) => {
    mock = scene.keep(await start());
    const name = (one) => `${one}-${scheme}-${locale.slice(0, 2)}`;
    await open(`#${CODE}`, { locale, scheme });
    await on('door');
    assert.ok(!page.url().includes(CODE), 'the code does not stay in the address');
    await page.setInputFiles('.photo-field input', path.join(__dirname, '..', '..', 'web', 'phone', 'icon-192.png'));
    await page.waitForSelector('.face img');
    await page.fill('[name=name]', 'Rui');
    await sound(name('door'));
    await page.tap('[type=submit]');
    await on('terms');
    assert.match(mock.calls.find((one) => one.call === 'POST /enrol').body.photo, /^data:image\/jpeg;base64,/);
    await sound(name('terms'));
    await page.tap('.dock .main');
    await on('people');
    assert.equal(await page.textContent('h1'), words[0]);
    assert.ok(await page.isDisabled('.dock .main'));

    await page.tap('.find');
    await on('find');
    await page.fill('textarea', `Inês +351 912 345 678\n${Array.from({ length: 510 }, (_, i) => `x${i}@example.org`).join('\n')}`);
    await page.tap('textarea ~ button, .field + button');
    await page.waitForSelector('.card .tile');
    assert.match(await page.textContent('.answer'), /^1 .*11/);
    await sound(name('find'));
    await page.tap('.card .main');
    await on('people');
    await page.tap('.tile:nth-child(1)');
    await page.tap('.tile:nth-child(2)');
    assert.equal(await page.locator('.tile[aria-pressed=true]').count(), 3);
    await page.fill('[name=about]', 'Golo!');
    await page.evaluate(() => document.activeElement.blur());
    await sound(name('people'));
    await page.tap('.dock .main');
    await on('studio');
    await page.waitForSelector('.start:enabled');
    await page.waitForFunction(() => document.querySelector('video').currentTime > 0.2);
    await sound(name('studio'));
    const tapped = Date.now();
    await page.tap('.start');
    await until(() => mock.newest && mock.newest.state === 'ready');
    t.diagnostic(`from the tap to the first picture at the gateway: ${Date.now() - tapped} ms`);
    await on('live');
    assert.deepEqual(mock.calls.find((one) => one.call === 'POST /shares').body,
      { targets: ['u-1', 'u-2', 'u-9'], kind: 'live', title: 'Golo!' });
    const share = mock.newest;
    await until(() => mock.listeners.get(share.share_id)?.size);
    mock.target(share.share_id, 'u-1', 'watching');
    await page.waitForFunction((word) => document.querySelector('[data-state=watching] .standing')?.textContent === word, words[1]);
    mock.target(share.share_id, 'u-1', 'watching', 420);
    mock.target(share.share_id, 'u-9', 'later');
    await page.waitForFunction(() => /0[.,]4/.test(document.querySelector('[data-state=watching] .standing').textContent));
    await page.waitForFunction(() => document.querySelector('.time').textContent === '0:03'
      && document.querySelector('.quality').textContent.includes('720p'));
    await sound(name('live'));
    await page.tap('.end');
    await page.tap('dialog .danger');
    await on('done');
    const [line] = mock.lines;
    // It is said on the socket and asked for besides: whichever comes first ends it.
    await until(() => share.state === 'ended');
    await sound(name('done'));

    assert.equal(mock.lines.length, 1);
    assert.match(line.start.video.codec, /^avc1\.42e01f$/i);
    assert.ok(['opus', 'mp4a.40.2'].includes(line.start.audio.codec));
    const keys = line.pictures.filter((one) => one.isKey);
    assert.ok(keys.length >= 3);
    keys.slice(1).forEach((one, i) => assert.ok(one.timestampUs - keys[i].timestampUs < 1200000, 'a key frame a second'));
    const pictures = decoded(Buffer.concat(line.pictures.map((one) => one.bytes)), 'h264');
    assert.equal(pictures.length, line.pictures.length, 'every picture decodes');
    assert.ok(pictures.every((one) => /^(1280,720|720,1280|\d+,720|720,\d+),[IP]$/.test(one)), pictures[0]);
    const apart = Math.abs(line.sounds[5].timestampUs - line.pictures[0].timestampUs);
    assert.ok(line.sounds.length > 60 && apart < 1500000, `sound and picture ${apart} µs apart`);
    t.diagnostic(`${pictures.length} pictures of ${pictures[0]}, `
      + `${line.sounds.length} pieces of ${line.start.audio.codec}, ${line.bytes} bytes`);

    await page.tap('.card button:nth-of-type(2)');
    await on('people');
    assert.equal(await page.locator('.tile[aria-pressed=true]').count(), 3, 'the choice is remembered');
    await page.tap('.bar .text');
    await on('mine');
    assert.match(await page.textContent('.list'), /Golo!.*Avó Lurdes, Clara, Prima Inês/s);
    await sound(name('mine'));
    await page.tap('.list .choices button:nth-child(1)');
    await page.waitForSelector('dialog input');
    await page.fill('dialog input', 'Dois golos!');
    await sound(name('rename'));
    await page.tap('dialog .main');
    await page.waitForFunction(() => document.querySelector('.list h2').textContent === 'Dois golos!');
    assert.equal(share.title, 'Dois golos!');
    await page.tap('.list .choices button:nth-child(2)');
    await page.waitForSelector('dialog .danger');
    await sound(name('take-back'));
    await page.tap('dialog .danger');
    await page.waitForFunction(() => !document.querySelector('.list'));
    assert.equal(mock.shares.size, 0);
    await page.tap('.bar .round');
    await on('people');
    await page.tap('.own');
    await on('me');
    await sound(name('me'));
    await page.fill('[name=msisdn]', '+351 911 111 111');
    await page.tap('[type=submit]');
    await on('people');
    assert.equal(mock.own.msisdn, '+351 911 111 111');
  });
}

test('a lost line comes back by itself into the same share, with a key frame first', async (t) => {
  mock = scene.keep(await start());
  await goLive();
  await until(() => mock.lines[0].pictures.length > 20);
  const cut = Date.now();
  mock.cut(5000);
  await page.waitForSelector('.mark-live.is-waiting');
  await until(() => mock.lines.length === 2 && mock.lines[1].pictures.length > 20, 20000);
  t.diagnostic(`back ${mock.lines[1].pictures[0].at - cut - 5000} ms after the line was`);
  assert.equal(mock.shares.size, 1);
  assert.ok(mock.lines[1].pictures[0].isKey && mock.lines[1].pictures[0].timestampUs > mock.lines[0].pictures.at(-1).timestampUs);
  await page.waitForFunction(() => !document.querySelector('.mark-live.is-waiting'));
});

test('a key frame that is asked for comes soon, and a slow line gets less', async () => {
  mock = scene.keep(await start());
  await goLive();
  const [line] = mock.lines;
  await until(() => line.pictures.at(-1)?.isKey);
  const asked = Date.now();
  mock.newest.socket.send(JSON.stringify({ type: 'key_frame' }));
  await until(() => line.pictures.some((one) => one.isKey && one.at > asked));
  assert.ok(line.pictures.find((one) => one.isKey && one.at > asked).at - asked < 500);
  mock.queueMs = 900;
  await page.waitForFunction(() => /^[23]\d\dp|^540p/.test(document.querySelector('.quality').textContent));
  const since = Date.now() + 1500;
  await until(() => line.pictures.some((one) => one.isKey && one.at > since));
  const small = decoded(Buffer.concat(line.pictures.slice(line.pictures.findIndex((one) => one.isKey && one.at > since))
    .map((one) => one.bytes)), 'h264');
  assert.ok(small.every((one) => Math.min(...one.split(',').slice(0, 2).map(Number)) < 720), small[0]);
});

test('a page that is hidden pauses, and goes on with the same share', async () => {
  mock = scene.keep(await start());
  await goLive();
  const hide = (isHidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
  await hide(true);
  await until(() => !mock.newest.socket);
  await hide(false);
  await until(() => mock.lines.length === 2 && mock.lines[1].pictures.length > 5);
  assert.equal(mock.shares.size, 1);
});

test('the camera turns round while live, and sound goes off and on', async () => {
  mock = scene.keep(await start());
  await goLive();
  const [line] = mock.lines;
  await page.tap('.tools .round:nth-child(1)');
  assert.ok(await page.evaluate(() => document.querySelector('video').srcObject.getAudioTracks().every((track) => !track.enabled)));
  await page.tap('.tools .round:nth-child(2)');
  await page.waitForSelector('video.is-mirrored');
  await new Promise((done) => { setTimeout(done, 1200); });
  const count = line.pictures.length;
  await until(() => line.pictures.length > count + 20);
  assert.equal(mock.lines.length, 1, 'the line stays');
  assert.equal(decoded(Buffer.concat(line.pictures.map((one) => one.bytes)), 'h264').length, line.pictures.length);
});

test('without WebCodecs the recorder’s MP4 goes over the same socket', async (t) => {
  mock = scene.keep(await start());
  await goLive({ before: 'delete window.VideoEncoder;' });
  const [line] = mock.lines;
  await until(() => line.pieces.length > 4, 20000);
  await page.tap('.end');
  await page.tap('dialog .danger');
  await on('done');
  const { epoch_us: epoch, ...begun } = line.start;
  assert.deepEqual(begun, { type: 'start', version: 1, container: 'mp4' });
  assert.ok(Math.abs(Date.now() - epoch / 1000) < 300000, 'and when the piece was filmed');
  const pictures = decoded(Buffer.concat(line.pieces.map((one) => one.bytes)), 'mp4');
  t.diagnostic(`${pictures.length} pictures of ${pictures[0]} in ${line.pieces.length} pieces`);
  assert.ok(pictures.length > 20);
});

test('a revoked phone is told so and can come in again; a wrong code is said', async () => {
  mock = scene.keep(await start({ accepted: true }));
  await open('', { before: "localStorage.setItem('lareira', localStorage.getItem('lareira') || JSON.stringify({ token: 'old' }));" });
  await on('door');
  assert.match(await page.textContent('.wrong'), /signed out/);
  await sound('revoked');
  await page.fill('[name=code]', '99');
  await page.fill('[name=name]', 'Rui');
  await page.tap('[type=submit]');
  await page.waitForFunction(() => /wrong, used or too old/.test(document.querySelector('.wrong').textContent));
  await page.fill('[name=code]', CODE);
  await page.tap('[type=submit]');
  await on('people');
});

for (const [locale, unkept, again, lacks] of [
  ['en-GB', /Live, but not being kept: the disk is full\./, /being kept again/, /A part of it is missing in the inboxes\./],
  ['es-ES', /no se está guardando: el disco está lleno\./, /guardando otra vez/, /En Recibidos falta una parte\./],
  ['pt-PT', /não está a ser guardado: o disco está cheio\./, /outra vez a ser guardado/, /Nos Recebidos falta uma parte\./],
]) {
  test(`a recording that stops is said while live, that it goes on too, and at the end what is missing: ${locale}`, async () => {
    mock = scene.keep(await start());
    await goLive({ locale });
    assert.equal(await page.textContent('.kept'), '');
    const told = (code) => mock.tell(mock.newest.share_id, 'share',
      { share_id: mock.newest.share_id, state: 'ready', recording_failure: 'words', recording_failure_code: code });
    told('disk_full');
    await page.waitForSelector('.kept:not(:empty)');
    assert.match(await page.textContent('.kept'), unkept);
    await sound(`unkept-${locale}`);
    const before = await page.textContent('.kept');
    told('gaps');
    await page.waitForFunction((words) => document.querySelector('.kept').textContent !== words, before);
    assert.match(await page.textContent('.kept'), again);
    mock.over(mock.newest, 'ended');
    await on('done');
    assert.match(await page.textContent('.card'), lacks);
    await sound(`lacks-${locale}`);
  });
}

for (const [locale, waits, nobody] of [
  ['en-GB', /No picture to begin with arrives/, /It didn’t begin.*H\.264, 8 bits/s],
  ['es-ES', /No llega imagen con la que empezar/, /No llegó a empezar.*H\.264 de 8 bits/s],
  ['pt-PT', /Não chega imagem por onde começar/, /Não chegou a começar.*H\.264 de 8 bits/s],
]) {
  test(`why nothing can be shown is said while it waits, and at the end: ${locale}`, async () => {
    mock = scene.keep(await start());
    await goLive({ locale });
    const { share_id: id } = mock.newest;
    await until(() => mock.listeners.get(id)?.size);
    mock.tell(id, 'share', { share_id: id, state: 'preparing', not_ready: { code: 'no_key_frame', message: 'words' } });
    await page.waitForSelector('.kept:not(:empty)');
    assert.match(await page.textContent('.kept'), waits);
    await sound(`not-ready-${locale}`);
    mock.tell(id, 'share', { share_id: id, state: 'preparing', not_ready: null });
    await page.waitForSelector('.kept:empty', { state: 'attached' });
    mock.tell(id, 'share', { share_id: id, state: 'ended', reason: 'unplayable', recording_failure_code: 'unsupported' });
    await on('done');
    assert.match(await page.textContent('.card'), nobody);
  });
}

test('an interruption is said, and where nothing is recorded no video is promised', async () => {
  mock = scene.keep(await start());
  await goLive();
  const { share_id: id } = mock.newest;
  await until(() => mock.listeners.get(id)?.size);
  const told = (interrupted) => mock.tell(id, 'share', { share_id: id, state: 'ready', interrupted });
  told(true);
  await page.waitForSelector('.mark-live.is-waiting');
  told(false);
  await page.waitForSelector('.mark-live:not(.is-waiting)');
  mock.newest.recorded = false;
  mock.tell(id, 'hello', {});
  await page.waitForFunction(() => /No video of it was kept/.test(document.querySelector('.kept').textContent));
  await page.tap('.end');
  await page.tap('dialog .danger');
  await on('done');
  assert.match(await page.textContent('.card'), /live\. No video of it was kept\./);
});

test('an end that a gateway which is away can\'t hear is said again when it is back', async () => {
  mock = scene.keep(await start());
  await goLive();
  const share = mock.newest;
  mock.isAway = true;
  mock.refuses = true;
  share.socket.terminate();
  await page.waitForSelector('.mark-live.is-waiting');
  await page.tap('.end');
  await page.tap('dialog .danger');
  await on('done');
  assert.equal(share.state, 'ready', 'nobody heard it');
  mock.isAway = false;
  await until(() => share.state === 'ended', 20000);
});

test('a share that ends elsewhere ends here, and a camera that is refused is explained', async () => {
  mock = scene.keep(await start());
  await goLive();
  mock.over(mock.newest, 'withdrawn');
  await on('done');
  await page.context().close();
  await mock.close();
  mock = scene.keep(await start());
  mock.accepted = true;
  await open('', { before: `
    localStorage.setItem('lareira', JSON.stringify({ token: 'token-1', chosen: ['u-1'] }));
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));` });
  await on('people');
  await page.tap('.dock .main');
  await page.waitForSelector('.trouble:not([hidden])');
  assert.match(await page.textContent('.trouble'), /may not use the camera/);
  assert.ok(await page.isDisabled('.start'));
});

test('plain HTTP shows the way to HTTPS, never a camera', async () => {
  mock = scene.keep(await start());
  for (const [scheme, locale] of [['light', 'en-GB'], ['dark', 'pt-PT']]) {
    if (page) { await page.context().close(); }
    await open(`#${CODE}`, { scheme, locale, before: "Object.defineProperty(window, 'isSecureContext', { value: false });" });
    await on('secure');
    assert.equal(await page.getAttribute('a.main', 'href'), `https://127.0.0.1:8443/go/#${CODE}`);
    assert.ok(await page.isVisible('a[href="/go/lareira.crt"]'));
    await sound(`secure-${scheme}`);
  }
});

test('sideways, everything is on the screen', async () => {
  mock = scene.keep(await start());
  await goLive({ viewport: { width: 844, height: 390 } });
  await sound('live-sideways');
  const box = await page.locator('.end').boundingBox();
  assert.ok(box.y + box.height <= 390);
});

for (const [locale, scheme] of [['en-GB', 'light'], ['pt-PT', 'dark']]) {
  test(`the first phone makes the house its owner’s: ${locale}, ${scheme}`, async () => {
    mock = scene.keep(await start({ accepted: true, house: { https_url: null, claimed: false } }));
    await open('#claim=999999', { locale, scheme });
    await on('door');
    assert.ok(!page.url().includes('999999'), 'the code does not stay in the address');
    await page.fill('[name=name]', 'Rui');
    await sound(`claim-${scheme}`);
    await page.tap('[type=submit]');
    await page.waitForSelector('[name=code]');
    assert.notEqual(await page.textContent('.wrong'), '', 'a code that is too old can be typed anew');
    await page.fill('[name=code]', TV_CODE);
    await page.fill('[name=name]', 'Rui');
    await page.fill('[name=home]', 'Casa da Avó');
    await sound(`claim-wrong-${scheme}`);
    await page.tap('[type=submit]');
    await on('people');
    assert.deepEqual(mock.calls.filter((one) => one.call === 'POST /claim')[1].body,
      { code: TV_CODE, name: 'Rui', home: 'Casa da Avó', country: '', region: locale.slice(3) });
    await sound(`people-owner-${scheme}`);
    await page.tap('.my-home');
    await page.waitForURL('**/admin/');
    assert.ok((await page.context().cookies(`${mock.url}/admin/`)).some((one) => one.name === 'lareira_owner' && one.httpOnly));
    // The owner's page itself has nothing to ask here.
    page.complaints.length = 0;
  });
}

test('where no square counts any more the phone says which code does', async () => {
  mock = scene.keep(await start({ house: { https_url: null, claimed: false, closed: true } }));
  await open(`#claim=${TV_CODE}`);
  await on('door');
  await page.fill('[name=name]', 'Rui');
  await page.tap('[type=submit]');
  await page.waitForFunction(() => /lareira admin claim-code/.test(document.querySelector('.wrong').textContent));
  assert.ok(await page.isVisible('[name=code]'));
});

test('a house without an owner asks for the TV’s code, and one with an owner for an invitation', async () => {
  mock = scene.keep(await start({ house: { https_url: null, claimed: false } }));
  await open('');
  await on('door');
  assert.ok(await page.isVisible('[name=home]') && await page.isVisible('[name=code]'));
  mock.house.claimed = true;
  await page.fill('[name=code]', TV_CODE);
  await page.fill('[name=name]', 'Eva');
  await page.tap('[type=submit]');
  await page.waitForFunction(() => /has an owner already/.test(document.querySelector('.wrong').textContent));
  assert.ok(await page.isHidden('[name=home]'));
  await page.context().close();
  await open(`#claim=${TV_CODE}`);
  await page.waitForFunction(() => /has an owner already/.test(document.querySelector('.wrong')?.textContent));
});

for (const [locale, scheme] of [['es-ES', 'light'], ['en-GB', 'dark']]) {
  test(`camera apps are set up by a link, a picture or an address: ${locale}, ${scheme}`, async () => {
    mock = scene.keep(await start({ accepted: true }));
    await open('', { locale, scheme, before: "localStorage.setItem('lareira', JSON.stringify({ token: 'token-1' }));" });
    await on('people');
    assert.equal(await page.locator('.my-home').count(), 0, 'this phone is not the owner’s');
    await page.tap('.own');
    await on('me');
    await page.tap('#page > button:not(.text)');
    await on('apps');
    await page.waitForSelector('.square:not([hidden])');
    assert.ok(await page.evaluate(() => document.querySelector('.square').naturalWidth > 0));
    assert.equal(await page.inputValue('[readonly]'), 'rtsp://127.0.0.1:8554/phone/token-1');
    assert.match(await page.getAttribute('a.main', 'href'), /^larix:\/\/set\/v1\?conn\[\]\[url\]=rtsp%3A/);
    assert.ok(mock.calls.every((one) => !one.call.includes('token-1')), 'no token in an address');
    await sound(`apps-${scheme}`);
    await page.locator('.square').scrollIntoViewIfNeeded();
    if (process.env.PICTURES) { await page.screenshot({ path: path.join(process.env.PICTURES, `phone-apps-end-${scheme}.png`) }); }
    assert.equal(await page.locator('.tile[aria-pressed=true]').count(), 1);
    await page.tap('.tile:nth-child(2)');
    await until(() => mock.recipients.length === 2);
    await page.tap('.tile:nth-child(1)');
    await until(() => mock.recipients.length === 1);
    assert.deepEqual(mock.recipients, ['u-2']);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.tap('.card [type=button]:not(.tile)');
    await page.waitForFunction(() => document.getElementById('notice').textContent);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'rtsp://127.0.0.1:8554/phone/token-1');
  });
}

test('own videos come a page at a time', async () => {
  mock = scene.keep(await start({ accepted: true }));
  for (let i = 1; i <= 45; i += 1) {
    mock.shares.set(`s-${i}`, { share_id: `s-${i}`, state: 'ended', kind: 'live', title: `Video ${i}`,
      started_at: new Date(i * 1e8).toISOString(), duration_ms: 61000, viewers: 0, media: null, targets: [] });
  }
  await open('', { before: "localStorage.setItem('lareira', JSON.stringify({ token: 'token-1' }));" });
  await on('people');
  await page.tap('.bar .text');
  await on('mine');
  const count = () => page.locator('.list li').count();
  assert.deepEqual([await count(), await page.textContent('.list h2')], [20, 'Video 45']);
  await page.tap('#page > button');
  await page.waitForFunction(() => document.querySelectorAll('.list li').length === 40);
  await page.tap('#page > button');
  await page.waitForFunction(() => document.querySelectorAll('.list li').length === 45);
  assert.ok(await page.isHidden('#page > button'));
});

test('without HTTPS the page does without a camera, and contacts without a seal', async () => {
  mock = scene.keep(await start({ accepted: true, house: { https_url: null, claimed: true } }));
  mock.opened = (plain) => plain;
  await open('', { before: `
    localStorage.setItem('lareira', JSON.stringify({ token: 'token-1' }));
    Object.defineProperty(window, 'isSecureContext', { value: false });
    Object.defineProperty(crypto, 'subtle', { value: undefined });` });
  await on('people');
  await page.tap('.find');
  await page.fill('textarea', '912345678');
  await page.tap('textarea ~ button, .field + button');
  await page.waitForSelector('.card .tile');
  assert.deepEqual(mock.calls.find((one) => one.call === 'POST /contacts/match').body,
    { contacts: [{ msisdn: '912345678' }], region: 'GB' });
  /* A day's budget that is spent is told. */
  mock.budget = { ignored: 7, budget_spent: true, try_again_at: '2026-11-29T00:00:00Z' };
  await page.tap('textarea ~ button, .field + button');
  await page.waitForFunction(() => /7 entries wait.*tomorrow/.test(document.querySelector('.answer').textContent));
});

/** A file to be sent; what is in it is nobody's business here. */
function filmFile(t, bytes) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-film-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'IMG_0042.MOV');
  fs.writeFileSync(file, require('node:crypto').randomBytes(bytes));
  return file;
}

async function toPeople(options, how) {
  mock = scene.keep(await start({ accepted: true, ...options }));
  await open('', { ...how,
    before: `localStorage.setItem('lareira',
      localStorage.getItem('lareira') || JSON.stringify({ token: 'token-1', chosen: ['u-1', 'u-2'] }));` });
  await on('people');
}
const questions = () => mock.calls.filter((one) => one.call === 'PUT video').map((one) => one.body);

for (const [locale, scheme, words] of [['en-GB', 'dark', /rings on their TVs/], ['es-ES', 'light', /Suena en sus teles/],
  ['pt-PT', 'light', /Toca nas TVs/]]) {
  test(`a video that was filmed before is sent whole: ${locale}, ${scheme}`, async (t) => {
    const file = filmFile(t, 30_000_000);
    await toPeople({ holdAt: 4_000_000 }, { locale, scheme });
    await sound(`people-clip-${scheme}-${locale.slice(0, 2)}`);
    await page.fill('[name=about]', 'Primeiros passos');
    await page.setInputFiles('.dock input', file);
    await on('clip');
    await until(() => mock.newest && mock.newest.bytes?.length >= 4_000_000);
    assert.deepEqual(mock.calls.find((one) => one.call === 'POST /shares').body,
      { targets: ['u-1', 'u-2'], kind: 'clip', title: 'Primeiros passos' });
    await page.waitForFunction(() => document.querySelector('progress').value > 0.1
      && document.querySelector('.card [role=status]').textContent.includes('%'));
    await sound(`clip-${scheme}-${locale.slice(0, 2)}`);
    mock.holdAt = 0;
    for (const socket of mock.sockets) { socket.destroy(); }
    await until(() => mock.newest.bytes.length === 30_000_000, 20000);
    assert.ok(mock.newest.bytes.equals(fs.readFileSync(file)), 'all of it, in order');
    await page.waitForFunction(() => document.querySelector('progress').value === 1);
    await until(() => mock.listeners.get(mock.newest.share_id)?.size);
    mock.stands(mock.newest, 'ready');
    mock.stands(mock.newest, 'ended', { duration_ms: 12000 });
    await on('done');
    assert.match(await page.textContent('.card'), words);
    await sound(`clip-done-${scheme}-${locale.slice(0, 2)}`);
    await page.tap('.card .main');
    await on('people');
  });
}

test('a lost line goes on with the video where it was', async (t) => {
  const file = filmFile(t, 6_000_000);
  await toPeople({ cutAt: 2_000_000 });
  await page.setInputFiles('.dock input', file);
  await on('clip');
  await until(() => mock.newest && mock.newest.bytes?.length === 6_000_000, 20000);
  assert.ok(mock.newest.bytes.equals(fs.readFileSync(file)));
  assert.equal(mock.shares.size, 1);
  const asked = questions();
  assert.ok(asked.filter((one) => one === 'bytes */6000000').length >= 2, 'it asks how far it is');
  assert.ok(+/bytes (\d+)-/.exec(asked.at(-1))[1] >= 2_000_000, 'nothing is sent twice');
});

test('after a reload the same file goes on, another one begins anew', async (t) => {
  const file = filmFile(t, 9_000_000);
  await toPeople({ holdAt: 3_000_000 });
  await page.setInputFiles('.dock input', file);
  await until(() => mock.newest && mock.newest.bytes?.length >= 3_000_000);
  await page.reload();
  await on('people');
  mock.holdAt = 0;
  const had = mock.newest.bytes.length;
  await page.setInputFiles('.dock input', file);
  await until(() => mock.newest.bytes.length === 9_000_000, 20000);
  assert.equal(mock.shares.size, 1);
  assert.ok(+/bytes (\d+)-/.exec(questions().at(-1))[1] >= had);
  mock.stands(mock.newest, 'ended', { duration_ms: 1000 });
  await on('done');
  await page.tap('.card .main');
  await on('people');
  await page.setInputFiles('.dock input', filmFile(t, 1000));
  await until(() => mock.shares.size === 2 && mock.newest.bytes?.length === 1000);
});

test('a video that can’t be shown is refused in the gateway’s words, and one on its way can be called off', async (t) => {
  await toPeople({ filmRefused: 'The video is coded in HEVC (H.265); set the camera to its most compatible format' });
  await page.setInputFiles('.dock input', filmFile(t, 100_000));
  await on('done');
  assert.match(await page.textContent('.wrong'), /most compatible/);
  await sound('clip-refused');
  await page.tap('.card .main');
  await on('people');
  mock.holdAt = 1_000_000;
  await page.setInputFiles('.dock input', filmFile(t, 9_000_000));
  await on('clip');
  await until(() => mock.newest.bytes?.length >= 1_000_000);
  await page.tap('.card button');
  await page.tap('dialog .danger');
  await on('people');
  assert.equal(mock.shares.size, 1, 'it is withdrawn');
});
