'use strict';
// A television for tests: Debian's Chromium without a screen, driven by keys.

const path = require('node:path');
const { chromium } = require('playwright-core');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

async function launch(...more) { return launchAt(process.env.HOME, ...more); }

/** The same for someone whose home is `home`: what they trust is kept there. */
async function launchAt(home, ...more) {
  return chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: [...FLAGS, ...more],
    env: { ...process.env, HOME: home, XDG_DATA_HOME: path.join(home, '.local', 'share') } });
}

const TV = { viewport: { width: 1280, height: 720 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, permissions: ['camera', 'microphone'] };

/** Complains of whatever comes onto a page that is no word of ours but a missing value written out, wherever it stands. */
function watchWords() {
  const nonsense = /null|undefined|NaN|\[object|Invalid Date|Infinity|\{[a-z_]+\}/;
  const read = ['aria-label', 'alt', 'title', 'value', 'placeholder', 'src', 'href', 'd'];
  const look = (text, node) => {
    if (nonsense.test(text)) { console.error(`the page shows "${text.slice(0, 200)}" in ${node.nodeName}`); }
  };
  const all = (node) => {
    if (node.nodeType === 3) {
      const name = node.parentNode ? node.parentNode.nodeName : '';
      if (name !== 'SCRIPT' && name !== 'STYLE') { look(node.data, node.parentNode || node); }
      return;
    }
    if (node.attributes) { read.forEach((name) => { if (node.hasAttribute(name)) { look(node.getAttribute(name), node); } }); }
    node.childNodes.forEach(all);
  };
  new MutationObserver((changes) => changes.forEach((change) => {
    if (change.type === 'attributes') {
      look(change.target.getAttribute(change.attributeName) || '', change.target);
    } else if (change.type === 'characterData') { all(change.target); } else { change.addedNodes.forEach(all); }
  })).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: read });
}

/** A page of somebody's own, that nothing was opened on yet; what it says wrong on its console is gathered in page.complaints. */
async function blank(browser, { before = null, ...how } = {}) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Lisbon', ...how });
  const page = await context.newPage();
  /* What a page is waited for with is patience: on a busy machine half a minute is soon over. */
  page.setDefaultTimeout(120000);
  page.complaints = [];
  page.on('console', (message) => {
    /* A refused request and a lost line are told in the console too; tests that make them on purpose know. */
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.addInitScript(watchWords);
  if (before) { await page.addInitScript(before); }
  return page;
}

/** A page on the TV application. */
async function open(browser, mock, { width = 1280, height = 720, path = '/tv/', ...how } = {}) {
  const page = await blank(browser, { viewport: { width, height }, reducedMotion: 'reduce', ...how });
  await page.goto(mock.url + path);
  return page;
}

async function keys(page, ...names) { for (const name of names) { await page.keyboard.press(name); } }

/** A key that only remotes have, as the browser of a television tells it. */
async function remote(page, key) {
  await page.evaluate((name) => { document.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true })); },
    key);
}

/** Fails unless exactly one visible thing has the focus, wholly on the screen, if there is anything to choose at all. */
async function at(page, after = 'now') {
  const lost = await page.evaluate(() => {
    const seen = (node) => {
      for (let one = node; one && one !== document; one = one.parentNode) {
        const style = getComputedStyle(one);
        if (style.display === 'none' || style.visibility === 'hidden' || +style.opacity < 0.05) { return false; }
      }
      return node.offsetWidth > 0;
    };
    const root = window.Lareira.focus.topRoot();
    const choices = root ? [...root.querySelectorAll('[data-choice]')].filter((node) => !node.disabled && seen(node)) : [];
    const here = [...document.querySelectorAll('.is-focused')].filter(seen);
    if (!choices.length) { return here.length ? 'something has the focus that cannot be chosen' : ''; }
    if (here.length !== 1) {
      return `${here.length} of ${choices.length} choices have the focus on ${document.body.getAttribute('data-page')}`;
    }
    const box = here[0].getBoundingClientRect();
    return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight ? ''
      : 'what has the focus is not wholly on the screen';
  });
  if (lost) { throw new Error(`after ${after}: ${lost}`); }
}

/** Keys, with the focus looked for after each. */
async function press(page, ...names) {
  for (const name of names) {
    await page.keyboard.press(name);
    await at(page, name);
  }
}

/** The television sleeps: for the page, time jumps. */
async function sleep(page, ms) {
  await page.evaluate((skip) => {
    const real = window.realNow || (window.realNow = Date.now.bind(Date));
    window.skipped = (window.skipped || 0) + skip;
    Date.now = () => real() + window.skipped;
  }, ms);
}

/** What has the focus, as a screen reader would call it. */
async function focused(page) {
  return page.evaluate(() => {
    const node = document.activeElement;
    if (!node || !node.classList.contains('is-focused')) { return null; }
    const words = [];
    const listen = (one) => {
      if (one.nodeType === 3) {
        if (one.data.trim()) { words.push(one.data); }
      } else if (one.getAttribute('aria-hidden') !== 'true') { one.childNodes.forEach(listen); }
    };
    listen(node);
    return node.getAttribute('aria-label') || words.join(', ');
  });
}

/** Waits until the page hears what the gateway tells. */
async function listening(mock) {
  while (!mock.listeners.size) { await new Promise((done) => { setTimeout(done, 10); }); }
}

/** Waits for a page; the home page is drawn when the inbox is known, and keys before that are nobody's. */
async function on(page, name) {
  await page.waitForSelector(`body[data-page="${name}"]`);
  if (name === 'home') { await page.waitForFunction(() => document.querySelector('.is-focused')); }
}

/** Waits until the picture moves. */
async function playing(page) {
  await page.waitForFunction(() => { const video = document.querySelector('video'); return video && video.currentTime > 0 && !video.paused
    && video.readyState > 2 && document.querySelector('.has-started'); });
}

module.exports = { TV, PHONE, launch, launchAt, blank, open, keys, press, at, remote, focused, sleep, listening, on, playing };
