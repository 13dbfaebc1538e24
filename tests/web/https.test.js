'use strict';
// A phone's browser that trusts the gateway's own authority, as one does whose owner has installed its certificate: the
// page is secure without anything being overlooked, has a camera, and publishes over wss.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { test, before, after } = require('node:test');
const { PHONE, launchAt, blank } = require('./browser');
const { startGateway } = require('./demo');

const FLAGS = ['--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream',
  '--host-resolver-rules=MAP lareira.local 127.0.0.1'];
let home;
let gateway;
let secure;
before(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-home-'));
  gateway = await startGateway(() => '');
  secure = `https://lareira.local:${gateway.httpsPort}`;
});
after(async () => {
  await gateway.close();
  fs.rmSync(home, { recursive: true });
});

/** Whoever lives in `home` trusts the gateway's authority from now on. */
async function trust() {
  const answer = await fetch(`${gateway.url}/go/lareira.crt`);
  assert.equal(answer.status, 200);
  const certificate = path.join(home, 'lareira.crt');
  fs.writeFileSync(certificate, Buffer.from(await answer.arrayBuffer()));
  // Where Chromium has looked for it always, and where it does since it keeps to XDG.
  for (const store of [['.pki', 'nssdb'], ['.local', 'share', 'pki', 'nssdb']].map((names) => path.join(home, ...names))) {
    fs.mkdirSync(store, { recursive: true });
    const certutil = (...how) => execFileSync('certutil', ['-d', `sql:${store}`, ...how], { stdio: ['ignore', 'pipe', 'pipe'] });
    certutil('-N', '--empty-password');
    certutil('-A', '-n', 'Lareira', '-t', 'C,,', '-i', certificate);
  }
}

test('who has not installed the certificate is warned, who has is on a secure page', async () => {
  const stranger = await launchAt(path.join(home, 'stranger'), ...FLAGS);
  try {
    const page = await stranger.newPage();
    await assert.rejects(page.goto(`${secure}/go/`), /ERR_CERT_AUTHORITY_INVALID/);
  } finally { await stranger.close(); }

  await trust();
  const browser = await launchAt(home, ...FLAGS);
  try {
    const account = gateway.admin('account', 'add', 'Home').account_id;
    gateway.admin('user', 'add', '--account', account, '--name', 'Ana');
    const { code } = gateway.admin('invite', '--name', 'Rui', '--account', account);
    const page = await blank(browser, PHONE);
    const sockets = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.goto(`http://lareira.local:${new URL(gateway.url).port}/healthz`);
    assert.equal(await page.evaluate(() => isSecureContext), false, 'plain HTTP is not enough');
    await page.goto(`${secure}/go/#${code}`);
    assert.deepEqual(await page.evaluate(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      const kinds = stream.getTracks().map((track) => `${track.kind} ${track.readyState}`).sort();
      stream.getTracks().forEach((track) => track.stop());
      return { secure: isSecureContext, kinds };
    }), { secure: true, kinds: ['audio live', 'video live'] });

    await page.waitForSelector('body[data-page="door"]');
    await page.fill('[name=name]', 'Rui');
    await page.tap('[type=submit]');
    await page.waitForSelector('body[data-page="terms"]');
    await page.tap('.dock .main');
    await page.waitForSelector('body[data-page="people"]');
    await page.tap('.tile');
    await page.tap('.dock .main');
    await page.waitForSelector('body[data-page="studio"]');
    await page.tap('.start:enabled');
    await page.waitForSelector('body[data-page="live"]');
    await page.waitForFunction(() => !document.querySelector('.mark-live.is-waiting'));
    const shares = () => gateway.admin('share', 'list').shares;
    for (const end = Date.now() + 20000; shares().every((share) => share.state !== 'ready');) {
      assert.ok(Date.now() < end, `in vain: ${JSON.stringify(shares())}`);
      await new Promise((done) => { setTimeout(done, 100); });
    }
    assert.equal(sockets.length, 1);
    assert.ok(sockets[0].startsWith(`${secure.replace('https:', 'wss:')}/publish/`), sockets[0]);
    assert.deepEqual(page.complaints, []);
  } finally { await browser.close(); }
});
