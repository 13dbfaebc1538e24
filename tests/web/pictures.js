'use strict';
// Pictures of every page at both sizes, to be looked at: `node pictures.js [folder]`.

const fs = require('node:fs');
const path = require('node:path');
const { launch, open, keys, remote, listening, on, playing } = require('./browser');
const { start, pastShares, stations, PEOPLE, FAMILY } = require('./mock');

const folder = process.argv[2] || path.join(__dirname, 'pictures');
const one = () => [{ ...FAMILY()[0], signed_in: true }];

async function inboxOf(page) {
  await page.waitForSelector('.recent .tile');
  await keys(page, 'ArrowRight', 'Enter');
  await page.waitForSelector('.grid .tile');
}

const SCENES = {
  async pairing(shot) {
    const page = await shot.open({ paired: false });
    await on(page, 'pairing');
    await shot.take(page);
  },
  async who(shot) {
    const page = await shot.open({ users: FAMILY() });
    await on(page, 'who');
    await shot.take(page);
    await keys(page, 'ArrowRight', 'Enter', '4', '4');
    await shot.take(page, 'pin');
    await keys(page, 'Enter');
    await page.waitForFunction(() => document.querySelector('.pin-words').textContent);
    await shot.take(page, 'pin-wrong');
    for (let i = 0; i < 4; i += 1) { await keys(page, '9', '9', '9', '9', 'Enter'); await page.waitForTimeout(150); }
    await shot.take(page, 'pin-locked');
  },
  async home(shot) {
    const empty = await shot.open({ users: one() });
    await on(empty, 'home');
    await shot.take(empty, 'empty');
    const full = await shot.open({ users: FAMILY().slice(0, 2).map((user, i) => ({ ...user, signed_in: i === 0 })),
      entries: pastShares(27, Date.now()) });
    await full.waitForSelector('.recent .tile');
    await shot.take(full, 'unseen');
    const live = await shot.open({ users: FAMILY().slice(0, 2).map((user, i) => ({ ...user, signed_in: i === 0 })),
      entries: pastShares(27, Date.now()) });
    await listening(shot.mock);
    shot.mock.ring();
    await live.waitForSelector('.ring');
    await live.waitForTimeout(500);
    await shot.take(live, 'ring');
    await keys(live, 'Escape');
    await live.waitForTimeout(300);
    await shot.take(live, 'live');
    shot.mock.ring({ sender: PEOPLE[5], title: 'T'.repeat(10000), thumbnail_url: null });
    await live.waitForSelector('.ring');
    await shot.take(live, 'ring-long');
    await keys(live, 'Escape');
    shot.mock.ring({ sender: PEOPLE[3], title: 'שקיעה בים', thumbnail_url: '/mock/scene/2' });
    await live.waitForSelector('.ring');
    await shot.take(live, 'ring-rtl');
  },
  async inbox(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(27, Date.now()) });
    await listening(shot.mock);
    shot.mock.ring({ title: 'Jantar', thumbnail_url: '/mock/scene/5' });
    await page.waitForSelector('.ring');
    await keys(page, 'Escape');
    await page.waitForTimeout(200);
    await keys(page, 'ArrowRight', 'Enter');
    await page.waitForSelector('.grid .tile');
    await keys(page, 'ArrowRight', 'ArrowRight');
    await page.waitForTimeout(500);
    await shot.take(page);
    await keys(page, 'ArrowDown', 'ArrowDown');
    await page.waitForTimeout(500);
    await shot.take(page, 'second');
  },
  async live(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(5, Date.now()) });
    await listening(shot.mock);
    const entry = shot.mock.ring();
    await page.waitForSelector('.ring');
    await keys(page, 'Enter');
    await playing(page);
    await page.waitForTimeout(800);
    await shot.take(page);
    await keys(page, 'Enter');
    await page.waitForTimeout(300);
    await shot.take(page, 'bar');
    shot.mock.ring({ sender: PEOPLE[2], title: 'First steps!', thumbnail_url: '/mock/scene/1' });
    await page.waitForSelector('.ring');
    await page.waitForTimeout(500);
    await shot.take(page, 'ring-over');
    await keys(page, 'Escape');
    shot.mock.end(entry.share_id);
    await page.waitForSelector('.panel');
    await page.waitForTimeout(300);
    await shot.take(page, 'ended');
  },
  async recorded(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(5, Date.now()) });
    await page.waitForSelector('.recent .tile');
    await keys(page, 'Enter');
    await playing(page);
    await keys(page, 'ArrowRight', 'ArrowRight');
    await page.waitForTimeout(900);
    await shot.take(page);
    await keys(page, 'Enter');
    await page.waitForTimeout(400);
    await shot.take(page, 'paused');
  },
  async details(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(9, Date.now()) });
    await inboxOf(page);
    await keys(page, 'Enter');
    await on(page, 'details');
    await shot.take(page);
    await keys(page, 'ArrowRight', 'Enter');
    await shot.take(page, 'delete');
    await keys(page, 'Escape', 'ArrowRight', 'Enter');
    await shot.take(page, 'block');
    await keys(page, 'Escape', 'Escape');
    await page.waitForSelector('.grid .tile');
    await keys(page, 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter');
    await on(page, 'details');
    await shot.take(page, 'long');
    await keys(page, 'Escape');
    await page.waitForSelector('.grid .tile');
    await keys(page, 'ArrowLeft', 'ArrowLeft', 'Enter');
    await on(page, 'details');
    await shot.take(page, 'rtl');
  },
  async notification(shot) {
    const page = await shot.open({ users: FAMILY().slice(0, 2).map((user, i) => ({ ...user, signed_in: i === 0 })) });
    const entry = shot.mock.ring();
    await page.goto(`${shot.mock.url}/tv/n/${entry.share_id}`);
    await page.waitForSelector('.stage .button');
    await shot.take(page);
    shot.mock.end(entry.share_id);
    await page.waitForSelector('.panel');
    await shot.take(page, 'ended');
    await page.goto(`${shot.mock.url}/tv/n/nothing`);
    await page.waitForSelector('.panel');
    await shot.take(page, 'nothing');
  },
  async settings(shot) {
    for (const language of ['en', 'es', 'pt']) {
      const page = await shot.open({ users: [{ ...FAMILY()[1], signed_in: true }, FAMILY()[0]], language,
        blocked: ['s-joaquim', 's-max', 's-ana'] });
      await on(page, 'home');
      await keys(page, 'ArrowRight', 'Enter');
      await page.waitForSelector('.row.is-focused');
      await keys(page, 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter', 'ArrowDown');
      await shot.take(page, language);
      if (language !== 'en') { continue; }
      await keys(page, 'Escape');
      await shot.take(page, 'unsaved');
      await keys(page, 'Escape', 'ArrowDown', 'ArrowDown', 'Enter');
      await on(page, 'blocked');
      await page.waitForSelector('.row.is-focused');
      await keys(page, 'ArrowDown', 'Enter');
      await shot.take(page, 'blocked');
      await keys(page, 'Escape', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'Enter');
      await on(page, 'help');
      await page.waitForSelector('.help-text h2');
      await shot.take(page, 'help');
    }
  },
  async channels(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(5, Date.now()), channels: stations(Date.now()) });
    await page.waitForSelector('.recent .tile');
    await shot.take(page, 'home');
    await remote(page, 'ColorF2Yellow');
    await on(page, 'channels');
    await keys(page, 'ArrowDown', 'ArrowDown');
    await shot.take(page);
    await keys(page, 'Enter');
    await page.waitForSelector('.page-channel.has-started', { timeout: 15000 });
    await shot.take(page, 'banner');
    await keys(page, 'Enter');
    await shot.take(page, 'list');
    await keys(page, 'Escape', '1', '2');
    await shot.take(page, 'digits');
    await page.waitForFunction(() => document.querySelector('.banner-number').textContent === '12');
    await shot.take(page, 'long');
    await page.waitForSelector('.page-channel.has-started', { timeout: 15000 });
    shot.mock.ring();
    await page.waitForSelector('.ring');
    await page.waitForTimeout(5500);
    await shot.take(page, 'ring');
    shot.mock.dead = new Set(['channel-13']);
  },
  async homeless(shot) {
    const page = await shot.open({ users: one(), account: null });
    await on(page, 'homeless');
    await shot.take(page);
  },
  async waiting(shot) {
    const page = await shot.open({ users: one() }, async (context) => { await context.route('**/tv/api/**', (route) => route.abort()); });
    await on(page, 'waiting');
    await shot.take(page);
  },
  async error(shot) {
    const page = await shot.open({ users: one(), entries: pastShares(5, Date.now()).map((entry) => ({ ...entry, state: 'ended' })) });
    await page.waitForSelector('.recent .tile');
    shot.mock.entries[0].state = 'expired';
    await keys(page, 'Enter');
    await page.waitForSelector('.panel');
    await shot.take(page);
  },
};

(async () => {
  const only = process.argv.slice(3);
  const browser = await launch();
  fs.mkdirSync(folder, { recursive: true });
  for (const [width, height] of [[1280, 720], [1920, 1080]]) {
    for (const [name, scene] of Object.entries(SCENES)) {
      if (only.length && !only.includes(name)) { continue; }
      const shot = {
        mock: null,
        async open(options, prepare) {
          if (this.mock) { await this.mock.close(); }
          this.mock = await start(options);
          if (!prepare) { return open(browser, this.mock, { width, height }); }
          const context = await browser.newContext({ viewport: { width, height }, locale: 'en-GB', reducedMotion: 'reduce' });
          await prepare(context);
          const page = await context.newPage();
          await page.goto(`${this.mock.url}/tv/`);
          return page;
        },
        async take(page, part) {
          await page.waitForTimeout(250);
          await page.screenshot({ path: path.join(folder, `${height}-${name}${part ? `-${part}` : ''}.png`) });
          if (page.complaints && page.complaints.length) {
            process.stdout.write(`${name}: ${page.complaints.join('; ')}\n`);
            page.complaints.length = 0;
          }
        },
      };
      try { await scene(shot); } catch (error) { process.stdout.write(`${name} at ${height}: ${error.message}\n`); }
      if (shot.mock) { await shot.mock.close(); }
    }
  }
  await browser.close();
})();
