'use strict';
// The phone page sends a film to the real gateway, the TV page beside it rings, and plays it.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { TV, PHONE, blank, playing } = require('./browser');
const { startGateway } = require('./demo');
const { stage } = require('./stage');

const scene = stage();

/** A household with a TV and a phone, whose page shows whom to share with. */
async function home(gateway) {
  const account = gateway.admin('account', 'add', 'Casa').account_id;
  gateway.admin('user', 'add', '--account', account, '--name', 'Ana');

  const tv = await blank(scene.browser, TV);
  await tv.goto(`${gateway.url}/tv/`);
  const { pairing_code: code } = await tv.evaluate(() => fetch('/tv/api/device').then((answer) => answer.json()));
  gateway.admin('tv', 'approve', code, '--account', account);
  await tv.waitForSelector('body[data-page=home]');

  const invite = gateway.admin('invite', '--account', account);
  const phone = await blank(scene.browser, PHONE);
  await phone.goto(`${gateway.url}/go/#${invite.code}`);
  await phone.fill('[name=name]', 'Rui');
  await phone.tap('[type=submit]');
  await phone.waitForSelector('body[data-page=terms]');
  await phone.tap('.dock .main');
  await phone.waitForSelector('body[data-page=people]');
  return { tv, phone };
}

test('a film goes from the phone page to the TV page', { timeout: 120000 }, async () => {
  const gateway = scene.keep(await startGateway(() => ''));
  const film = path.join(gateway.folder, 'IMG_0042.MOV');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30:d=8', '-f', 'lavfi', '-i', 'sine=d=8', '-c:v',
    'libx264', '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-b:v', '4M', '-c:a', 'aac', film]);
  const { tv, phone } = await home(gateway);
  await phone.tap('.tile');
  await phone.fill('[name=about]', 'Primeiros passos');

  // The line breaks once in the middle: the page goes on by itself.
  let cuts = 0;
  await phone.route('**/video', async (route) => {
    if (cuts === 0 && /bytes 0-/.test(route.request().headers()['content-range'])) {
      cuts += 1;
      await route.abort();
    } else { await route.continue(); }
  });
  await phone.setInputFiles('.dock input', film);
  await tv.waitForSelector('.ring');
  assert.match(await tv.textContent('.ring'), /Rui.*sent you a video.*Primeiros passos/s);
  await phone.waitForSelector('body[data-page=done]');
  assert.match(await phone.textContent('.card'), /rings on their TVs/);
  assert.equal(cuts, 1);
  await tv.keyboard.press('Enter');
  await tv.waitForSelector('body[data-page=recorded]');
  await playing(tv);
  const length = await tv.evaluate(() => document.querySelector('video').duration);
  assert.ok(Math.abs(length - 8) < 0.2, `${length} s`);
  await phone.tap('.card .main');
  await phone.waitForSelector('body[data-page=people]');
  await phone.tap('.bar .text');
  await phone.waitForSelector('body[data-page=mine]');
  assert.match(await phone.textContent('.list'), /Primeiros passos.*0:08.*in the inboxes/s);
});

/** How different the film that plays and its still are, both as they are and with the still mirrored. */
async function differences(tv) {
  return tv.evaluate(async () => {
    const video = document.querySelector('video');
    video.pause();
    await new Promise((done) => { video.onseeked = done; video.currentTime = 0.05; });
    const id = (await (await fetch('/tv/api/inbox')).json()).entries[0];
    const still = new Image();
    await new Promise((done, failed) => { still.onload = done; still.onerror = failed; still.src = id.thumbnail_url; });
    const drawn = (what, mirrored) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 48, height: 48 });
      const context = canvas.getContext('2d');
      if (mirrored) { context.setTransform(-1, 0, 0, 1, 48, 0); }
      context.drawImage(what, 0, 0, 48, 48);
      return context.getImageData(0, 0, 48, 48).data;
    };
    const shown = drawn(video, false);
    const off = (other) => shown.reduce((sum, value, n) => sum + Math.abs(value - other[n]), 0) / shown.length;
    return { asIs: off(drawn(still, false)), mirrored: off(drawn(still, true)), film: [video.videoWidth, video.videoHeight],
      still: [still.naturalWidth, still.naturalHeight] };
  });
}

test('turned and mirrored films play as their stills are; HEVC is not sent', { timeout: 120000 }, async () => {
  const gateway = scene.keep(await startGateway(() => ''));
  const { tv, phone } = await home(gateway);
  await phone.tap('.tile');
  for (const name of ['rot_transp.mp4', 'rot_hflip.mp4', 'trim_long.mov']) {
    await phone.setInputFiles('.dock input', path.join(__dirname, '../captures/mp4', name));
    await tv.waitForSelector('.ring');
    await tv.keyboard.press('Enter');
    await tv.waitForSelector('body[data-page=recorded]');
    await playing(tv);
    const { asIs, mirrored, film, still } = await differences(tv);
    assert.deepEqual(film, still, name);
    assert.ok(asIs < mirrored / 3, `${name}: ${asIs} as it is, ${mirrored} mirrored`);
    await phone.waitForSelector('body[data-page=done]');
    await phone.tap('.card .main');
    await phone.waitForSelector('body[data-page=people]');
    await tv.keyboard.press('Escape');
    await tv.waitForSelector('body:not([data-page=recorded])');
  }
  let asked = 0;
  await phone.route('**/api/v1/shares**', (route) => { asked += 1; return route.continue(); });
  await phone.setInputFiles('.dock input', path.join(__dirname, '../captures/mp4/hevc.mp4'));
  await phone.waitForSelector('body[data-page=done]');
  assert.match(await phone.textContent('.card .wrong'), /HEVC.*Most Compatible.*H\.264/s);
  assert.equal(asked, 0, 'nothing was sent');
});
