'use strict';
// The pages in engines other than Chromium's, with the real gateway: WebKit as set-top boxes have it, and Firefox. The TV's
// page rings, plays and ends in both; the phone's page publishes from Firefox.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { keys, on, playing } = require('./browser');
const { startDemo } = require('./demo');
const { firefox, webkit } = require('./engines');
const { publish, until } = require('./publisher');

/** Which of the pages' own words a test looks for. */
const ENDED = /ended|stopped/i;

/** Runs `work` with a demo and a browser, and gives both back, whatever comes. */
async function scene(engine, seconds, work) {
  const demo = await startDemo(seconds);
  let browser = null;
  try {
    browser = await engine();
    await work(demo, browser);
  } finally {
    if (browser) { await browser.close(); }
    await demo.close();
  }
}

/** The page of the demo's TV. */
const television = (browser, demo) => browser.open(demo.tv_url,
  { cookie: { name: 'lareira_tv', value: demo.tv_cookie, url: `${demo.url}/tv` } });

/** How far the page's video is, how many pictures it has decoded, and how often its place or speed were changed. */
const far = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  const driver = Lareira.player.driver();
  return { at: video.currentTime, pictures: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth,
    jumps: driver ? driver.jumps : 0, rate: video.playbackRate };
});

/** Waits until so many seconds and pictures more have been seen; a page that has locked up fails. */
async function goesOn(page, seconds = 3) {
  const before = await far(page);
  await page.waitForFunction(([at, pictures]) => {
    const video = document.querySelector('video');
    return video.currentTime >= at && video.getVideoPlaybackQuality().totalVideoFrames >= pictures;
  }, [before.at + seconds, before.pictures + seconds * 10]);
  return far(page);
}

/** Rings, plays, ends, and plays again from the inbox. */
async function story(demo, browser) {
  const live = await publish(demo);
  try {
    await chapters(demo, browser, live);
  } finally { await live.close(); }
}

async function chapters(demo, browser, live) {
  const page = await television(browser, demo);
  await page.waitForSelector('.ring');
  await keys(page, 'Enter');
  await playing(page);
  assert.ok((await goesOn(page)).width > 0);
  if (process.env.PICTURES) { await page.screenshot({ path: `${process.env.PICTURES}/${browser.name}.png` }); }
  await live.end();
  await page.waitForSelector('.panel');
  assert.match(await page.textContent('.panel'), ENDED);
  await keys(page, 'Enter');
  await on(page, 'recorded');
  await playing(page);
  await goesOn(page);
  assert.deepEqual(page.complaints, []);
}

/** What WPE's driver says when the engine itself has broken down, as Debian's does once in a while as it plays, whatever the
 * page does. What a page does wrong breaks it nearly every time. */
const BROKE_DOWN = /page crash or hang|the browser did not answer/;
const BREAKDOWNS = 30;

/** Does `work` until it gives `true`; anew where the engine broke down in it. */
async function inSpite(t, work) {
  for (let breakdowns = 0; ;) {
    try {
      if (await work(breakdowns)) { return; }
    } catch (error) {
      breakdowns += 1;
      if (!BROKE_DOWN.test(error.message) || breakdowns > BREAKDOWNS) { throw error; }
      t.diagnostic(`the engine broke down: ${error.message}`);
    }
  }
}

test('WebKit rings, plays, ends, and plays again from the start', (t) => inSpite(t, async () => {
  await scene(webkit, 1, story);
  return true;
}));

test('WebKit plays ten times after Enter, whenever it joins, and goes on', (t) => scene(webkit, 1, async (demo, browser) => {
  const live = await publish(demo);
  t.after(live.close);
  let played = 0;
  await inSpite(t, async (breakdowns) => {
    const page = await television(browser, demo);
    try {
      /* It rings once; from then on it is the first that the home page offers. */
      await page.waitForSelector(played + breakdowns === 0 ? '.ring' : '.home-main .button.is-focused');
      await keys(page, 'Enter');
      await playing(page);
      const { jumps, rate } = await goesOn(page);
      assert.ok(jumps <= 1 && rate === 1, `${jumps} jumps, at a speed of ${rate}`);
      played += 1;
      t.diagnostic(`${played}: plays, ${jumps} jumps`);
    } finally { await page.close(); }
    return played === 10;
  });
}));

test('Firefox rings, plays, ends, and plays again from the start', () => scene(firefox, 1, story));

test('a phone with Firefox publishes, and Firefox shows it on the TV', () => scene(firefox, 1, async (demo, browser) => {
  await until(demo, demo.share_id, 'ended');
  const tv = await television(browser, demo);
  const phone = await browser.open(demo.phone_url, { width: 390, height: 844,
    before: [(kept) => { if (location.protocol === 'http:') { localStorage.setItem('lareira', JSON.stringify(kept)); } },
      { token: demo.phone_token, chosen: [demo.user_id] }] });
  for (const [page, further] of [['terms', '.dock .main'], ['people', '.dock .main'], ['studio', '.start:enabled'], ['live', null]]) {
    await phone.waitForSelector(`body[data-page="${page}"]`);
    if (further) {
      await phone.waitForSelector(further);
      await phone.tap(further);
    }
  }
  await tv.waitForSelector('.ring');
  await keys(tv, 'Enter');
  await playing(tv);
  assert.ok((await goesOn(tv)).width > 0);
  assert.deepEqual([...tv.complaints, ...phone.complaints], []);
}));
