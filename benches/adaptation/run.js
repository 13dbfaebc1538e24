#!/usr/bin/env node
'use strict';
// How a phone's page follows a line that gets narrow and wide again: a real browser in a network namespace of its own
// publishes over road.py to a real gateway, and a TV's browser plays it. Needs root, ffmpeg, Chromium, python3, and
// `npm install --prefix tests/web`. Writes the chart of docs/adaptation.md, and says the figures that stand there.
//
//   cargo build --release && benches/adaptation/run.js [ONE_WAY_MS] [LOSS]

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ROOT = path.join(__dirname, '../..');
process.env.LAREIRA ||= path.join(ROOT, 'target/release/lareira');
const { TV, PHONE, launch, blank, keys, playing } = require(`${ROOT}/tests/web/browser`);
const { startGateway } = require(`${ROOT}/tests/web/demo`);
const { film, note, ways, part } = require(`${ROOT}/tests/web/film`);
const { chart } = require('./chart');

const NAMESPACE = 'lareira-phone';
const [HOME, AWAY] = ['10.77.0.1', '10.77.0.2'];
const WIDE = 5e6;
const NARROW = 600e3;
/** From when on, in seconds, the line is how wide. */
const LINE = [[0, WIDE], [20, NARROW], [50, WIDE]];
const LASTS_S = 90;
const [ONE_WAY_MS, LOSS] = [Number(process.argv[2] || 50), Number(process.argv[3] || 0.02)];

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function openRoad() {
  execFileSync('ip', ['netns', 'add', NAMESPACE]);
  const road = spawn('python3', [path.join(__dirname, 'road.py'), NAMESPACE, HOME, AWAY], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => { road.stdout.once('data', resolve); road.once('exit',
    () => reject(new Error('the road was not opened'))); });
  return {
    say: (...words) => road.stdin.write(`${words.join(' ')}\n`),
    close: async () => { const ended = new Promise((done) => { road.once('exit', done); }); road.stdin.end('end\n'); await ended; },
  };
}

/** A phone that is enrolled and has agreed, and whom it can share with. */
async function enrol(gateway) {
  const account = gateway.admin('account', 'add', 'Home').account_id;
  const user = gateway.admin('user', 'add', '--account', account, '--name', 'Clara').user_id;
  const { code } = gateway.admin('invite');
  const ask = async (path, body, token) => (await fetch(`${gateway.url}/api/v1${path}`,
    { method: 'POST', headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body) })).json();
  const { token } = await ask('/enrol', { code, name: 'Rui' });
  await ask('/terms/accept', {}, token);
  return { account, token, user };
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-adaptation-'));
  const undo = [() => fs.rmSync(folder, { recursive: true })];
  try {
    const browserInside = path.join(folder, 'chromium');
    fs.writeFileSync(browserInside, `#!/bin/sh\nexec ip netns exec ${NAMESPACE} ${process.env.CHROMIUM || '/usr/bin/chromium'} "$@"\n`,
      { mode: 0o755 });
    undo.push(() => execFileSync('ip', ['netns', 'del', NAMESPACE]));
    const road = await openRoad();
    undo.push(() => road.close());
    const gateway = await startGateway(() => '', { httpsHost: HOME });
    undo.push(() => gateway.close());
    const { account, token, user } = await enrol(gateway);
    const tvs = await launch();
    undo.push(() => tvs.close());
    const tv = await blank(tvs, TV);
    await tv.goto(`${gateway.url}/tv/`);
    await tv.waitForSelector('.code');
    gateway.admin('tv', 'approve', (await tv.getAttribute('.code', 'aria-label')).replace(/ /g, ''), '--account', account);
    await tv.waitForSelector('body[data-page=home]');

    const outside = process.env.CHROMIUM;
    process.env.CHROMIUM = browserInside;
    const phones = await launch('--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film(path.join(folder, 'camera.mjpeg'))}`);
    if (outside) { process.env.CHROMIUM = outside; } else { delete process.env.CHROMIUM; }
    undo.push(() => phones.close());
    const phone = await blank(phones, { ...PHONE, ignoreHTTPSErrors: true,
      before: `localStorage.setItem('lareira', ${JSON.stringify(JSON.stringify({ token, chosen: [user] }))});` });
    road.say('loss', LOSS);
    road.say('delay_ms', ONE_WAY_MS);
    road.say('uplink', WIDE);
    await phone.goto(`https://${HOME}:${gateway.httpsPort}/go/`);
    await phone.tap('.dock .main');
    await phone.waitForSelector('.start:enabled');
    await note(phone);
    await phone.tap('.start');
    await tv.waitForSelector('.ring');
    await keys(tv, 'Enter');
    await playing(tv);
    await note(tv);

    const began = Date.now();
    const samples = [];
    const changes = [...LINE];
    while (Date.now() - began < LASTS_S * 1000) {
      const second = (Date.now() - began) / 1000;
      if (changes.length && second >= changes[0][0]) { road.say('uplink', changes.shift()[1]); }
      const [, height, mbits] = /(\d+)p.*?([\d.]+)/.exec(await phone.textContent('.quality')) || [];
      const isLost = await phone.isVisible('.mark-live.is-waiting');
      if (height) { samples.push({ second, height: Number(height), mbits: Number(mbits), isLost }); }
      await sleep(250);
    }
    const noted = await Promise.all([phone, tv].map((page) => page.evaluate(() => window.pictures)));
    const pictures = ways(...noted).map(([at, ms]) => [(at - began) / 1000, ms]).filter(([second]) => second > 0 && second < LASTS_S);
    tell(samples, pictures);
    fs.writeFileSync(path.join(ROOT, 'docs/pictures/adaptation.svg'), chart({ samples, pictures, line: LINE, lasts: LASTS_S }));
  } finally {
    for (const one of undo.reverse()) { await Promise.resolve().then(one).catch((error) => console.error(String(error))); }
  }
}

function tell(samples, pictures) {
  const [narrowed, widened] = [LINE[1][0], LINE[2][0]];
  const between = (from, to) => pictures.filter(([second]) => second >= from && second < to).map(([, ms]) => ms);
  const say = (what, list) =>
    console.log(`${what}: median ${part(list, 0.5)}, p95 ${part(list, 0.95)}, worst ${part(list, 1)} ms of ${list.length} pictures`);
  const settled = samples.filter(({ second }) => second > narrowed / 2 && second < narrowed);
  const before = part(settled.map(({ mbits }) => mbits * 1000), 0.5);
  say('delay on the wide line', between(5, narrowed));
  say('delay in the first 5 s on the narrow line', between(narrowed, narrowed + 5));
  say('delay on the narrow line after that', between(narrowed + 5, widened));
  say('delay once it is wide again', between(widened, LASTS_S));
  const low = samples.find(({ second, mbits }) => second > narrowed && mbits * 1e6 < NARROW);
  const back = samples.find(({ second, mbits }) => second > widened && mbits * 1000 >= before * 0.9);
  const since = (then, from) => (then ? (then.second - from).toFixed(1) : 'never');
  console.log(`before: ${before} kbit/s, ${settled.at(-1).height} lines; `
    + `under the narrow line's width after ${since(low, narrowed)} s; as good as before again after ${since(back, widened)} s`);
  const lost = samples.filter(({ isLost }, i) => isLost && !samples[i - 1]?.isLost).map(({ second }) => `${second.toFixed(1)} s`);
  console.log(`the phone took its line for lost ${lost.length ? `at ${lost.join(', ')}` : 'never'}`);
  const shown = pictures.map(([second]) => second);
  const gaps = shown.slice(1).map((second, i) => [second - shown[i], second]).sort((one, other) => other[0] - one[0]);
  const longest = gaps.slice(0, 3).map(([gap, at]) => `${gap.toFixed(2)} s at ${at.toFixed(1)} s`);
  console.log(`the longest the picture stood still: ${longest.join(', ')}`);
}

main().catch((error) => { console.error(error); process.exitCode = 1; });
