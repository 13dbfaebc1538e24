'use strict';
// Whoever joins in the middle of a long group of pictures: live at once, on the TV's page and in players of the endless body.

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('node:test');
const { promisify } = require('node:util');
const execFile = promisify(require('node:child_process').execFile);
const { keys, playing } = require('./browser');
const { startDemo, television } = require('./demo');
const { note, part } = require('./film');
const { BITS, CELL, FRAME_RATE } = require('./media');
const { publish } = require('./publisher');
const { stage } = require('./stage');

const scene = stage();
/** So far into the group they join. */
const JOINS_AT = 15 * FRAME_RATE;

/** The demo's share is over, another is published whose key frames are 20 s apart, and 15 s of its first group are there. */
async function late(how) {
  const demo = scene.keep(await startDemo(1));
  const live = await publish(demo, { group: 600, ...how });
  scene.keep(live);
  while (live.arrivals.size < JOINS_AT) { await new Promise((done) => { setTimeout(done, 50); }); }
  return { demo, live };
}

for (const [name, how] of [['2 Mbit/s', {}], ['6 Mbit/s', { bits_per_second: 6000000 }], ['intra refresh', { refresh: true }]]) {
  test(`a TV that joins 15 s after the key frame shows what is live: ${name}`, async (t) => {
    const { demo, live } = await late(how);
    const page = await television(scene.browser, demo);
    await page.waitForSelector('.ring, .home-main .button.is-focused');
    await page.evaluate(() => {
      document.addEventListener('keydown', () => { window.pressed = performance.now(); }, { capture: true, once: true });
    });
    await keys(page, 'Enter');
    await page.waitForSelector('.has-started');
    const first = await page.evaluate(() => performance.now() - window.pressed);
    await playing(page);
    await note(page, { bits: BITS, cell: CELL });
    await page.waitForFunction(() => window.pictures.length > 90);
    const delays = (await page.evaluate(() => window.pictures)).map(([number, shown]) => shown - live.arrivals.get(number));
    t.diagnostic(`first picture ${Math.round(first)} ms after OK; the first ones ${Math.round(delays[0])} ms old, `
      + `median ${part(delays, 0.5)}, p95 ${part(delays, 0.95)} ms`);
    assert.ok(part(delays, 0.5) < 1500, `median ${part(delays, 0.5)} ms`);
    /* On a machine that is busy with other things the time to decode all before is theirs, not ours. */
    if (os.loadavg()[0] > os.cpus().length * 1.5) { t.diagnostic('the machine is busy: the first picture was not judged'); return; }
    assert.ok(first < 2000, `first picture after ${first} ms`);
  });
}

test('a player of the endless body is given at once all that it needs for what is live', async (t) => {
  const { live } = await late({});
  const joined = performance.timeOrigin + performance.now();
  /* Half a second of it, in the times it says itself; each picture's number stands in its squares. */
  const { stdout } = await execFile('ffmpeg', ['-v', 'error', '-i', live.live_mp4_url, '-an', '-frames:v', String(JOINS_AT + 30),
    '-fps_mode', 'passthrough',
    '-vf', `crop=${BITS * CELL}:2:0:${CELL / 2},scale=${BITS}:1:flags=neighbor`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
  { encoding: 'buffer', maxBuffer: 1 << 24 });
  const took = performance.timeOrigin + performance.now() - joined;
  const numbers = [];
  for (let at = 0; at + BITS <= stdout.length; at += BITS) {
    numbers.push([...stdout.subarray(at, at + BITS)].reduce((number, light, bit) => number + (light > 128 ? 2 ** bit : 0), 0));
  }
  const { stdout: packets } = await execFile('ffprobe', ['-v', 'error', '-read_intervals', '%+#600', '-select_streams', 'v',
    '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', live.live_mp4_url]);
  const times = packets.trim().split('\n').map(Number);
  const way = times.findIndex((time, i) => i > 0 && time - times[i - 1] > 0.02);
  t.diagnostic(`${numbers.length} pictures after ${Math.round(took)} ms; `
    + `${way} of them pass in ${(times[way - 1] - times[0]).toFixed(3)} s`);
  assert.equal(numbers[0], 0, 'from the key frame on');
  assert.ok(numbers.every((number, i) => number === i), 'every picture is whole');
  assert.ok(way > JOINS_AT - FRAME_RATE && times[way - 1] - times[0] < 0.2, 'those before it pass at once');
});
