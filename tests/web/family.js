'use strict';
// The family's side of a siege: a TV plays what is live, a phone, a TV and the owner ask what they always ask, and all of
// it is written down, with what the gateway takes of the machine.

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { ask, film, tinyPicture, FAIR_PICTURES } = require('./siege');
const { keys, playing } = require('./browser');
const { television } = require('./demo');

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const HOME = '127.0.0.1';
/** A picture that has not moved for this long has stopped, however busy the machine is. */
const STANDS_STILL_MS = 20000;

/** What the family asks, each with a name: {from, method, path, headers}. */
function questions(demo, owner, tv) {
  return {
    'the TV page': { path: '/tv/' },
    'a TV': { path: '/tv/api/device', headers: tv },
    'its inbox': { path: '/tv/api/inbox?limit=20', headers: tv },
    'its channels': { path: '/tv/api/channels', headers: tv },
    'a phone': { path: '/api/v1/me', token: demo.phone_token },
    'its share': { path: `/api/v1/shares/${demo.share_id}`, token: demo.phone_token },
    'the house': { path: '/api/v1/house' },
    'the owner': { path: '/admin/api/now', headers: { Cookie: owner } },
    'health': { path: '/healthz' },
  };
}

/** Moves a guest, users with PINs and a second TV in, and gives what `siege` needs to know of the house. */
async function prepare(demo, tv) {
  const account = demo.admin('account', 'list').accounts[0].account_id;
  const call = async (method, at, headers, value) => {
    const { status, said } = await ask(`${demo.url}${at}`, { from: HOME, method,
      headers: { 'Content-Type': 'application/json', ...headers }, body: value === undefined ? null : Buffer.from(JSON.stringify(value)) });
    if (status < 200 || status > 299) { throw new Error(`${method} ${at}: ${status} ${said}`); }
    return said ? JSON.parse(said) : null;
  };
  const pins = ['1234', '4321'].map((pin) => demo.admin('user', 'add', '--account', account, '--name', `Kid ${pin}`, '--pin', pin).user_id);
  const { code } = demo.admin('invite');
  const guest = (await call('POST', '/api/v1/enrol', {}, { code, name: 'Eve' })).token;
  const family = { Authorization: `Bearer ${demo.phone_token}` };
  for (const who of [{ Authorization: `Bearer ${guest}` }, family]) { await call('POST', '/api/v1/terms/accept', who, {}); }
  /* A long film that the family has: its playlists and tables are asked for again and again. */
  const { share_id } = await call('POST', '/api/v1/shares', family, { kind: 'clip', targets: [demo.user_id] });
  const sent = await ask(`${demo.url}/api/v1/shares/${share_id}/video`,
    { from: HOME, method: 'PUT', headers: { ...family, 'Content-Type': 'video/mp4' }, body: film(tinyPicture(), FAIR_PICTURES, 1000) });
  if (sent.status >= 300) { throw new Error(`the family's film: ${sent.status} ${sent.said}`); }
  let play;
  while (!(play = (await call('GET', `/tv/api/shares/${share_id}`, tv)).play)) { await pause(50); }
  const at = (url) => (url.startsWith('http') ? url : demo.url + url);
  const hls = at(play.hls_url);
  return {
    url: demo.url, port: Number(new URL(demo.url).port),
      httpsPort: Number(new URL((await call('GET', '/api/v1/house', {})).https_url).port), rtspPort: Number(new URL(demo.rtsp_url).port),
    guest, users: [demo.user_id], tv: demo.tv_cookie, pins, ticketed: hls.slice(0, hls.lastIndexOf('/')),
  };
}

/** The attackers, a process of their own; `end` gives how often each was answered how. */
async function attackers(house) {
  const child = spawn(process.execPath, [path.join(__dirname, 'siege.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const ended = new Promise((done) => { child.once('exit', done); });
  const begun = new Promise((done, failed) => {
    child.stdout.setEncoding('utf8').on('data', (text) => { said += text; if (said.startsWith('begun\n')) { done(); } });
    child.once('exit', () => failed(new Error('the attackers ended')));
  });
  child.stdin.write(`${JSON.stringify(house)}\n`);
  await begun;
  return async () => {
    child.stdin.end();
    await ended;
    return JSON.parse(said.slice('begun\n'.length));
  };
}

/** Memory that a process has now, in bytes. */
function memory_bytes(pid) {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

/** The family lives for `seconds`: each answer's time by question, what was refused, pictures and the longest time without one,
 *  memory. */
async function live(demo, page, asked, seconds) {
  const times_ms = {};
  const refused = [];
  let rounds = 0, peak_bytes = 0;
  await page.evaluate(() => {
    const video = document.querySelector('video');
    const seen = window.seenPictures = { count: 0, longest_ms: 0, last: performance.now() };
    const look = () => {
      const now = performance.now();
      seen.count += 1;
      seen.longest_ms = Math.max(seen.longest_ms, now - seen.last);
      seen.last = now;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
  const standing = [];
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    const before = await page.evaluate(() => window.seenPictures.count);
    for (const [name, { path: at, ...how }] of Object.entries(asked)) {
      const started = performance.now();
      const { status, said } = await ask(demo.url + at, { from: HOME, ...how });
      (times_ms[name] ||= []).push(performance.now() - started);
      if (status < 200 || status > 399) { refused.push(`${name}: ${status} ${said.slice(0, 200)}`); }
    }
    peak_bytes = Math.max(peak_bytes, memory_bytes(demo.pid));
    await pause(200);
    await page.waitForFunction((count) => window.seenPictures.count > count, before, { timeout: STANDS_STILL_MS })
      .catch(() => standing.push(`after ${before} pictures`));
    rounds += 1;
  }
  const seen = await page.evaluate(() => ({ ...window.seenPictures }));
  return { times_ms, refused, rounds, peak_bytes, standing, pictures: seen.count, longest_ms: Math.max(seen.longest_ms, 0) };
}

/** A cookie that opens the owner's page. */
async function owner(demo) {
  const { code } = demo.admin('owner');
  return new Promise((resolve, reject) => {
    const request = require('node:http').request(`${demo.url}/admin/api/sign-in`,
      { method: 'POST', headers: { 'Content-Type': 'application/json' } }, (answer) => {
      answer.resume();
      const cookies = answer.headers['set-cookie'];
      if (cookies) { resolve(cookies[0].split(';')[0]); } else { reject(new Error(`the owner was not let in: ${answer.statusCode}`)); }
    });
    request.on('error', reject).end(JSON.stringify({ code }));
  });
}

/**
 * A house that is live on a TV is besieged for so many seconds. Gives what the family saw `during` it and `after` (ten
 * seconds later, for five), and how the attackers were answered.
 */
async function besieged(browser, demo, seconds) {
  const cookie = await owner(demo);
  const page = await television(browser, demo);
  await page.waitForSelector('.ring');
  await keys(page, 'Enter');
  await playing(page);
  const cookies = await page.context().cookies(`${demo.url}/tv/`);
  const tv = { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
  const house = await prepare(demo, tv);
  const asked = questions(demo, cookie, tv);
  const before = await live(demo, page, asked, 5);
  const end = await attackers(house);
  const during = await live(demo, page, asked, seconds);
  const answers = await end();
  await pause(10000);
  const after = await live(demo, page, asked, 5);
  return { before, during, after, answers };
}

module.exports = { besieged };
