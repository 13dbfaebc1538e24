'use strict';
// Browsers with other engines than Chromium's, without a screen: WebKit as set-top boxes have it (WPE, in cog, over
// WebDriver) and Firefox (over WebDriver BiDi; Debian has no geckodriver, and Playwright drives only Firefoxes of its own).
// Their pages answer to what the tests ask of Playwright's, as far as `browser.js` and tests of all engines need it.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const WebSocket = require('ws');

const KEYS = { Enter: '\uE007', Escape: '\uE00C', Backspace: '\uE003', ArrowLeft: '\uE012', ArrowUp: '\uE013', ArrowRight: '\uE014',
  ArrowDown: '\uE015' };
/** A page that answers nothing for so long has locked up. */
const LOCKED_MS = 30000;
/** For so long a page is waited for, as in `browser.js`. */
const PATIENCE_MS = 120000;
const LOOK_MS = 200;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** What `promise` gives, unless it takes longer than a page that lives. */
function answered(promise, what) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the browser did not answer for ${LOCKED_MS / 1000} s: ${what}`)), LOCKED_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts a program; gives it with what it says on its standard error, and a promise of its end. */
function run(program, args, env = {}) {
  /* In a group of its own: what it has started, and has locked up, ends with it. */
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env }, detached: true });
  const ended = new Promise((done) => { child.once('exit', done); child.once('error', done); });
  let said = '';
  const heard = [];
  child.stderr.on('data', (bytes) => { said += bytes; heard.forEach((look) => look()); });
  /** Waits until it says something like this. */
  const says = (words) => answered(new Promise((resolve, reject) => {
    const look = () => { const found = words.exec(said); if (found) { resolve(found); } };
    heard.push(look);
    look();
    ended.then(() => reject(new Error(`${program} ended: ${said}`)));
  }), `${program} says nothing of ${words}`);
  return { says, end: async () => { if (child.exitCode === null && child.signalCode === null) { process.kill(-child.pid, 'SIGKILL'); }
    await ended; } };
}

/** A page of such a browser. `line` says how it is told what to do. */
class Page {
  constructor(line) {
    this.line = line;
    this.complaints = line.complaints || [];
    this.keyboard = { press: (name) => answered(line.key(KEYS[name] || name), `the key ${name}`) };
  }

  goto(url) { return answered(this.line.go(url), url); }

  async evaluate(work, value = null) {
    const { error, value: given } = JSON.parse(await answered(this.line.call(`${work}`, JSON.stringify(value)), `${work}`));
    if (error) { throw new Error(error); }
    return given;
  }

  async waitForFunction(work, value = null, { timeout = PATIENCE_MS } = {}) {
    const until = Date.now() + timeout;
    for (;;) {
      const given = await this.evaluate(work, value);
      if (given) { return given; }
      if (Date.now() > until) { throw new Error(`waited ${timeout / 1000} s for ${work} ${JSON.stringify(value)}`); }
      await pause(LOOK_MS);
    }
  }

  waitForSelector(selector, { state = 'visible', ...how } = {}) {
    return this.waitForFunction(([which, shown]) => {
      const node = document.querySelector(which);
      return !!(node && node.getClientRects().length) === shown;
    }, [selector, state !== 'hidden'], how);
  }

  tap(selector) { return this.evaluate((which) => { document.querySelector(which).click(); }, selector); }

  textContent(selector) { return this.evaluate((which) => document.querySelector(which).textContent, selector); }

  waitForTimeout(ms) { return pause(ms); }

  close() { return this.line.end(); }

  async screenshot({ path: file }) { fs.writeFileSync(file, Buffer.from(await answered(this.line.picture(), 'a picture'), 'base64')); }
}

/** A function and its value, as the text of one that gives JSON some time later. */
const wrapped = (work, json) => `Promise.resolve().then(function () { return (${work})(${json}); }).then(function (value) {
  return JSON.stringify({ value: value === undefined ? null : value }); }, function (error) {
  return JSON.stringify({ error: String(error) }); })`;

/** WPE WebKit. Give it back with `close`. */
async function webkit() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-webkit-'));
  const drivers = [];
  return {
    name: 'webkit',
    /** A page that shows `url`, with this cookie of its site if any: in a browser of its own, as one driver has but one. */
    async open(url, { cookie = null } = {}) {
      const port = await freePort();
      const driver = run('WPEWebDriver', [`--port=${port}`],
        { HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home });
      drivers.push(driver);
      const ask = async (method, where, body) => {
        const answer = await fetch(`http://127.0.0.1:${port}${where}`, { method, body: body && JSON.stringify(body) });
        const { value } = await answer.json();
        if (!answer.ok) { throw new Error(`${where}: ${value.error} ${value.message}`); }
        return value;
      };
      const until = Date.now() + PATIENCE_MS;
      while (!await ask('GET', '/status').catch(() => null)) {
        if (Date.now() > until) { throw new Error('WPEWebDriver does not answer'); }
        await pause(LOOK_MS);
      }
      const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: { browserName: 'cog',
        'wpe:browserOptions': { binary: '/usr/bin/cog',
          args: ['--automation', '--platform=headless', '--media-playback-requires-user-gesture=false'] } } } });
      const at = `/session/${sessionId}`;
      const page = new Page({
        go: (where) => ask('POST', `${at}/url`, { url: where }),
        call: (work, json) => ask('POST', `${at}/execute/async`,
          { script: `var done = arguments[0]; ${wrapped(work, json)}.then(done);`, args: [] }),
        key: (value) => ask('POST', `${at}/actions`,
          { actions: [{ type: 'key', id: 'remote', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }] }),
        picture: () => ask('GET', `${at}/screenshot`),
        end: () => driver.end()
      });
      if (cookie) {
        /* A page of the site has to be open already. */
        await page.goto(new URL('/healthz', url).href);
        await ask('POST', `${at}/cookie`, { cookie: { name: cookie.name, value: cookie.value, path: new URL(cookie.url).pathname,
          httpOnly: true } });
      }
      await page.goto(url);
      return page;
    },
    async close() {
      for (const driver of drivers) { await driver.end(); }
      fs.rmSync(home, { recursive: true, force: true });
    }
  };
}

/** Firefox, with a camera and a microphone that are not real. Give it back with `close`. */
async function firefox() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-firefox-'));
  const wishes = { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0,
    'media.autoplay.blocking_policy': 0, 'intl.accept_languages': 'en-GB', 'app.update.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false, 'browser.shell.checkDefaultBrowser': false,
    'browser.startup.homepage_override.mstone': 'ignore' };
  fs.writeFileSync(path.join(profile, 'user.js'),
    Object.entries(wishes).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(''));
  const program = run(process.env.FIREFOX || 'firefox-esr',
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'], { HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' });
  const [, address] = await program.says(/BiDi listening on (ws:\S+)/);
  const socket = new WebSocket(`${address}/session`);
  await new Promise((done, failed) => { socket.once('open', done); socket.once('error', failed); });
  const waiting = new Map();
  const pages = new Map();
  let last = 0;
  socket.on('message', (text) => {
    const { id, type, result, message, method, params } = JSON.parse(text);
    if (waiting.has(id)) {
      const [done, failed] = waiting.get(id);
      waiting.delete(id);
      if (type === 'success') { done(result); } else { failed(new Error(message)); }
    } else if (method === 'log.entryAdded' && params.level === 'error' && pages.has(params.source.context)) {
      pages.get(params.source.context).push(params.text);
    }
  });
  const ask = (method, params) => new Promise((done, failed) => {
    last += 1;
    waiting.set(last, [done, failed]);
    socket.send(JSON.stringify({ id: last, method, params }));
  });
  await ask('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
  await ask('session.subscribe', { events: ['log.entryAdded'] });
  return {
    name: 'firefox',
    /** A page that shows `url`, with this cookie of its site if any; `before`, a function and its value, runs first. */
    async open(url, { cookie = null, width = 1280, height = 720, before = null } = {}) {
      const { context } = await ask('browsingContext.create', { type: 'window' });
      const complaints = [];
      pages.set(context, complaints);
      await ask('browsingContext.setViewport', { context, viewport: { width, height } });
      if (cookie) {
        await ask('storage.setCookie', { cookie: { name: cookie.name, value: { type: 'string', value: cookie.value },
          domain: new URL(cookie.url).hostname, path: new URL(cookie.url).pathname, httpOnly: true } });
      }
      if (before) {
        const [work, value] = before;
        await ask('script.addPreloadScript',
          { functionDeclaration: `() => { (${work})(${JSON.stringify(value)}); }`, contexts: [context] });
      }
      const page = new Page({
        complaints,
        go: (where) => ask('browsingContext.navigate', { context, url: where, wait: 'complete' }),
        call: async (work, json) => (await ask('script.evaluate',
          { expression: wrapped(work, json), target: { context }, awaitPromise: true, userActivation: true })).result.value,
        key: (value) => ask('input.performActions', { context,
          actions: [{ type: 'key', id: 'remote', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }] }),
        picture: async () => (await ask('browsingContext.captureScreenshot', { context })).data,
        end: () => ask('browsingContext.close', { context })
      });
      await page.goto(url);
      return page;
    },
    async close() {
      socket.close();
      await program.end();
      fs.rmSync(profile, { recursive: true, force: true });
    }
  };
}

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

module.exports = { webkit, firefox };
