'use strict';
// The owner's page on a real gateway, from the code on the command line to everything the command line can do.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { TV, PHONE, blank } = require('./browser');
const { startDemo, startGateway } = require('./demo');
const { files, checkTexts } = require('./sources');
const { stage } = require('./stage');

const scene = stage();
let demo;
let page;

const admin = (...verb) => demo.admin(...verb);

async function open(how = {}) {
  page = await blank(scene.browser, { viewport: { width: 1280, height: 900 }, ...how });
}

/** Fills in the open dialog and sends it. */
async function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`dialog [name=${name}]`);
    if (await field.evaluate((node) => node.tagName === 'SELECT')) { await field.selectOption(value); } else { await field.fill(value); }
  }
  await page.click('dialog [type=submit]');
  await page.waitForSelector('dialog', { state: 'detached' });
}

test('the owner comes in with a code and does what the command line does', async () => {
  demo = scene.keep(await startDemo());
  await open();
  await page.goto(`${demo.url}/admin/`);
  await page.waitForSelector('.door');
  await page.fill('input[name=code]', '0000000000');
  await page.click('.door [type=submit]');
  await page.waitForFunction(() => document.querySelector('.wrong').textContent);
  const { code } = admin('owner');
  await page.fill('input[name=code]', code);
  await page.click('.door [type=submit]');
  await page.waitForSelector('.stream');
  assert.match(await page.textContent('#now'), /Grandma/);
  assert.match(await page.textContent('#channels'), /None\. Say in config\.toml/);

  await page.click('text=Add a home');
  await fill({ name: 'Beach house', country: '+351' });
  const household = page.locator('.household', { hasText: 'Beach house' });
  await household.locator('text=Add someone').click();
  await page.setInputFiles('dialog [name=photo]', { name: 'face.png', mimeType: 'image/png', buffer: await page.screenshot() });
  await fill({ name: '<b>Rui</b>', msisdn: '+351 912 345 678', pin: '1234' });
  await household.locator('img.face').waitFor();
  assert.match(await household.textContent(), /<b>Rui<\/b>.*\+351912345678.*has a PIN/s);
  const user = admin('user', 'list').users.find((one) => one.name === '<b>Rui</b>');
  assert.ok(user.has_pin && user.photo_url);

  await page.click('[aria-label="Rename: Living room"]');
  await fill({ name: 'Kitchen' });
  await page.click('[aria-label="Remove the TV Kitchen? It can be paired again."]');
  await fill({});
  await page.waitForFunction(() => !document.querySelector('#households').textContent.includes('Kitchen'));
  assert.deepEqual(admin('tv', 'list').tvs, []);

  const [phone] = admin('phone', 'list').phones;
  await page.click(`[aria-label="Rename: ${phone.name}"]`);
  await fill({ name: 'The old one' });
  await page.waitForFunction(() => document.querySelector('#phones strong').textContent === 'The old one');
  assert.ok((await page.textContent('#phones')).includes(phone.name), 'whose it is stands beneath');
  assert.equal(admin('phone', 'list').phones[0].phone_name, 'The old one');

  await page.click('[aria-label="Rename: The old one"]');
  await fill({ account: '' });
  await page.waitForFunction(() => document.querySelector('#phones').textContent.includes('of no home'));
  assert.deepEqual([admin('phone', 'list').phones[0].account_id, admin('phone', 'list').phones[0].phone_name], [null, 'The old one']);
  await page.click('[aria-label="Rename: The old one"]');
  await fill({ account: phone.account_id });
  await page.waitForFunction(() => !document.querySelector('#phones').textContent.includes('of no home'));
  assert.equal(admin('phone', 'list').phones[0].account_id, phone.account_id);

  await page.click('text=Invite a phone');
  await page.click('dialog [type=submit]');
  await page.waitForSelector('dialog .code');
  await page.waitForFunction(() => { const square = document.querySelector('dialog .square'); return square.complete
    && square.naturalWidth > 0; });
  assert.match((await page.textContent('dialog .code')).replace(/\s/g, ''), /^\d{10}$/);
  await page.click('dialog .main');

  await page.click('.stream button');
  await page.click('dialog [type=submit]');
  await page.waitForFunction(() => document.querySelector('#shares').textContent.includes('over'));
  await page.click('#shares td button:text-is("Keep")');
  await page.waitForSelector('#shares td button[aria-pressed=true]:text-is("Kept")');
  assert.ok(admin('share', 'list').shares.find((share) => share.share_id === demo.share_id).kept);
  await page.click('#shares td button:text-is("Kept")');
  await page.waitForSelector('#shares td button:text-is("Keep")');
  await page.click('#shares td button:text-is("Delete")');
  await page.click('dialog [type=submit]');
  await page.waitForFunction((share) => !document.querySelector('#shares').textContent.includes('over'));
  assert.ok(admin('share', 'list').shares.every((share) => share.share_id !== demo.share_id));

  await page.click('#out');
  await page.waitForSelector('.door');
  await page.reload();
  await page.waitForSelector('.door');
});

test('it comes in by the address the command line prints, on a phone and in the owner’s language', async () => {
  demo = scene.keep(await startDemo());
  await open({ viewport: { width: 390, height: 844 }, locale: 'pt-PT' });
  await page.goto(admin('owner').url.replace(/^http:\/\/[^/]+/, demo.url));
  await page.waitForSelector('.stream');
  assert.equal(await page.getAttribute('html', 'lang'), 'pt');
  assert.ok(!page.url().includes('#'), 'the code does not stay in the address');
  await page.goto('about:blank');
  await page.goto(`${demo.url}/admin/#pair=123456`);
  await page.waitForSelector('dialog [name=code]');
  assert.equal(await page.inputValue('dialog [name=code]'), '123456');
  await page.keyboard.press('Escape');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.ok(!wide, 'nothing hangs over the side');
});

test('over plain HTTP it shows the way to the protected page, and tells no code', async () => {
  demo = scene.keep(await startGateway(() => ''));
  await open({ viewport: { width: 390, height: 844 }, locale: 'es-ES' });
  const sent = [];
  page.on('request', (request) => { if (/sign-in|verb/.test(request.url())) { sent.push(request.url()); } });
  // As the gateway answers everyone but its own machine.
  await page.route('**/admin/api/**', (route) => route.fulfill({ status: 403, json: { error: { code: 'https_only', message: '' } } }));
  const { code } = admin('owner');
  for (const brought of [`#${code}`, '#pair=123456', '']) {
    await page.goto('about:blank');
    await page.goto(`${demo.url}/admin/${brought}`);
    await page.waitForSelector('a.go');
    assert.equal(await page.getAttribute('a.go', 'href'), `https://127.0.0.1:${demo.httpsPort}/admin/${brought}`);
    assert.match(await page.textContent('.door'), /HTTPS.*certificado/s);
    assert.equal(await page.getAttribute('.door a', 'href'), '/go/lareira.crt');
  }
  assert.deepEqual(sent, []);
});

test('the owner sees which browsers are in, and shows one out', async () => {
  demo = scene.keep(await startDemo());
  await open();
  await page.goto(admin('owner').url.replace(/^https?:\/\/[^/]+/, demo.url));
  await page.waitForSelector('#browsers .row');
  assert.match(await page.textContent('#browsers'), /Chrom.*Linux.*this one/s);
  const other = await blank(scene.browser, { viewport: { width: 1280, height: 900 } });
  await other.goto(admin('owner').url.replace(/^https?:\/\/[^/]+/, demo.url));
  await other.waitForSelector('#browsers .row');
  assert.equal(await other.locator('#browsers .row').count(), 2);
  await other.locator('#browsers .row', { hasNotText: 'this one' }).locator('button').click();
  await other.click('dialog [type=submit]');
  await other.waitForFunction(() => document.querySelectorAll('#browsers .row').length === 1);
  await page.waitForSelector('.door');
  assert.equal(admin('owner', 'list').owners.length, 1);
  admin('owner', 'end', '--all');
  await other.waitForSelector('.door');
  await other.context().close();
});

test('it shows the channels, what was wrong with their list, and fetches it again', async () => {
  const item = (name, i) => `#EXTINF:-1 tvg-chno="${i + 1}" group-title="News",${name}\nhttp://tv.example/${i}.m3u8\n`;
  const list = (names) => `#EXTM3U\n${names.map(item).join('')}#EXTINF:-1,Broken\nnowhere\n`;
  demo = scene.keep(await startGateway((folder) => {
    fs.writeFileSync(path.join(folder, 'tv.m3u'), list(['First', '<b>Second</b>']));
    return '[channels]\nlist = "tv.m3u"\n';
  }));
  await open();
  await page.goto(admin('owner').url.replace(/^http:\/\/[^/]+/, demo.url));
  const rows = (count) => page.waitForFunction((wanted) => document.querySelectorAll('#channels tbody tr').length === wanted, count);
  await page.waitForSelector('#channels h2');
  await page.click('text=Fetch again');
  await rows(2);
  assert.match(await page.textContent('#channels'), /List: 2 channels.*tv\.m3u.*<b>Second<\/b>.*Left out: 1.*line 7/s);
  fs.writeFileSync(path.join(demo.folder, 'tv.m3u'), list(['First', 'Second', 'Third']));
  await page.click('text=Fetch again');
  await rows(3);
});

test('it shows that channels are being fetched, and what came of it', async () => {
  let asked = 0;
  let release = null;
  const guide = '<tv><programme channel="c0" start="soon"><title>Never</title></programme></tv>';
  const upstream = http.createServer((request, response) => {
    if (request.url === '/good.xml') { response.end(guide); return; }
    if (request.url === '/gone.xml') { response.writeHead(404).end(); return; }
    asked += 1;
    const names = Array.from({ length: asked }, (_, i) => `#EXTINF:-1,C${i}\nhttp://tv.example/${i}.m3u8\n`).join('');
    const answer = () => response.end(`#EXTM3U url-tvg="good.xml,gone.xml"\n${names}`);
    if (asked === 1) { answer(); } else { release = answer; }
  });
  await new Promise((done) => { upstream.listen(0, '127.0.0.1', done); });
  const place = `127.0.0.1:${upstream.address().port}`;
  demo = scene.keep(await startGateway(() => `[channels]\nlist = "http://${place}/tv.m3u"\nallow = ["${place}"]\n`));
  await open();
  await page.goto(admin('owner').url.replace(/^http:\/\/[^/]+/, demo.url));
  await page.click('text=Fetch again');
  await page.waitForSelector('#channels button:disabled:has-text("Fetching…")');
  assert.ok(admin('channel', 'list').fetching, 'the page is right');
  while (!release) { await new Promise((done) => { setTimeout(done, 20); }); }
  release();
  await page.waitForSelector('#channels button:enabled:has-text("Fetch again")');
  const said = await page.textContent('#channels');
  assert.match(said, /List: 2 channels/);
  assert.match(said, /Guide: 0 programmes.*good\.xml.*Left out: 1.*soon.*Guide: 0 programmes.*gone\.xml.*status 404/s, 'each guide');
  upstream.close();
});

test('its texts are complete and all used', () => {
  checkTexts(files('admin').filter((one) => one.name.endsWith('.js')), 'admin');
});

test('from the TV’s first picture to the owner’s page, without the command line', async () => {
  demo = scene.keep(await startGateway(() => ''));
  const tv = await blank(scene.browser, TV);
  await tv.goto(`${demo.url}/tv/`);
  await tv.waitForSelector('.page-pairing .qr, .page-pairing img');
  assert.match(await tv.textContent('.lead'), /Whoever does it first/);
  if (process.env.PICTURES) { await tv.screenshot({ path: path.join(process.env.PICTURES, 'tv-first.png') }); }
  const { pair_url: address } = await tv.evaluate(() => fetch('/tv/api/device').then((answer) => answer.json()));
  assert.match(address, /\/go\/#claim=\d{6}$/);

  await open(PHONE);
  await page.goto(address);
  await page.fill('[name=name]', 'Rui');
  await page.tap('[type=submit]');
  await page.waitForSelector('body[data-page=terms]');
  await page.tap('.dock .main');
  await page.waitForSelector('body[data-page=people]');
  await tv.waitForFunction(() => !document.querySelector('.page-pairing'));
  await tv.context().close();

  // A contact is found under seal by the gateway itself.
  const { accounts } = admin('account', 'list');
  assert.equal(accounts[0].name, 'Rui’s home');
  const other = admin('account', 'add', 'Village');
  admin('user', 'add', '--account', other.account_id, '--name', 'Leo', '--email', 'leo@example.org');
  const asked = page.waitForRequest('**/contacts/match');
  await page.tap('.find');
  await page.fill('textarea', 'leo@example.org');
  await page.tap('textarea ~ button, .field + button');
  await page.waitForSelector('.card .tile');
  assert.equal(await page.textContent('.card .tile .name'), 'Leo');
  assert.deepEqual(Object.keys((await asked).postDataJSON()), ['sealed']);
  await page.tap('.bar .round');

  await page.tap('.my-home');
  await page.waitForURL('**/admin/');
  await page.waitForSelector('#phones .row');
  assert.match(await page.textContent('#phones'), /Rui.*the owner’s/s);
  assert.match(await page.textContent('#households'), /Rui’s home/);
  if (process.env.PICTURES) { await page.screenshot({ path: path.join(process.env.PICTURES, 'owner-phones.png'), fullPage: true }); }
});
