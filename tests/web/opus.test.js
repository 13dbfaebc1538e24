'use strict';
// Opus, as browsers send it, on the TV page: with the real gateway and a real publisher, flash and beep together.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { test } = require('node:test');
const { keys, playing } = require('./browser');
const { startDemo, television } = require('./demo');
const { until } = require('./publisher');
const { stage } = require('./stage');

const scene = stage();
let demo;
let page;

/** A share for the demo's user, published by ffmpeg: each second begins with a white picture and a beep. */
function publish() {
  const share = demo.admin('share', 'new', '--to', demo.user_id);
  const publisher = spawn('ffmpeg', [
    '-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', 'color=black:s=320x192:r=30,drawbox=t=fill:c=white:enable=\'lt(mod(n,30),3)\'',
    '-re', '-f', 'lavfi', '-i', 'aevalsrc=\'if(lt(mod(t,1),0.1),0.7*sin(2*PI*880*t),0)\':s=48000',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30',
    '-c:a', 'libopus', '-b:a', '64k', '-f', 'rtsp', '-rtsp_transport', 'tcp', share.publish.rtsp_url,
  ], { stdio: 'ignore' });
  scene.keep({ close: () => publisher.kill('SIGKILL') });
  return share;
}

/** Opens the page that a notification opens, accepts, and waits for the picture. */
async function watch(share, before) {
  /* The demo's own share would ring over it. */
  await until(demo, demo.share_id, 'ended');
  page = await television(scene.browser, demo, { path: `/tv/n/${share.share_id}`, before });
  await page.waitForSelector('.stage .button');
  await keys(page, 'Enter');
  await playing(page);
}

/** How long after its flash each beep is heard, in ms, over so many seconds: what the page's own video element gives out. */
function offsets(seconds) {
  return page.evaluate(async (ms) => {
    const video = document.querySelector('video');
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 256;
    context.createMediaElementSource(video).connect(analyser).connect(context.destination);
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const flashes = [], beeps = [], wave = new Float32Array(256);
    let bright = false, loudAt = 0;
    const each = (now, frame) => {
      pen.drawImage(video, 0, 0, 8, 8);
      const white = pen.getImageData(4, 4, 1, 1).data[0] > 128;
      if (white && !bright) { flashes.push(frame.expectedDisplayTime); }
      bright = white;
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
    const ear = setInterval(() => {
      analyser.getFloatTimeDomainData(wave);
      const now = performance.now();
      if (!wave.some((sample) => Math.abs(sample) > 0.2)) { return; }
      if (now - loudAt > 400) { beeps.push(now); }
      loudAt = now;
    }, 2);
    await new Promise((done) => { setTimeout(done, ms); });
    clearInterval(ear);
    const nearest = (beep) => flashes.map((flash) => beep - flash).sort((a, b) => Math.abs(a) - Math.abs(b))[0];
    return beeps.filter(() => flashes.length).map(nearest);
  }, seconds * 1000);
}

test('Opus is heard with the pictures, in step', async (t) => {
  demo = scene.keep(await startDemo(1));
  const share = publish();
  await watch(share);
  assert.match(await page.evaluate(() => window.Lareira.player.driver().mime), /opus/);
  const found = (await offsets(8)).map(Math.round).sort((a, b) => a - b);
  t.diagnostic(`beep after flash, in ms: ${found.join(', ')}`);
  assert.ok(found.length >= 5, `${found.length} beeps in 8 s`);
  assert.ok(Math.abs(found[found.length >> 1]) < 100, `in the median ${found[found.length >> 1]} ms`);
});

test('where the browser knows no Opus, the pictures are shown without sound', async () => {
  demo = scene.keep(await startDemo(1));
  const share = publish();
  await watch(share, () => {
    const knows = MediaSource.isTypeSupported;
    const add = MediaSource.prototype.addSourceBuffer;
    const without = (mime) => !/opus/i.test(mime);
    MediaSource.isTypeSupported = (mime) => without(mime) && knows.call(MediaSource, mime);
    MediaSource.prototype.addSourceBuffer = function (mime) {
      if (!without(mime)) { throw new DOMException('no Opus here', 'NotSupportedError'); }
      return add.call(this, mime);
    };
  });
  const played = () => page.evaluate(() => {
    const video = document.querySelector('video');
    return { at: video.currentTime, mse: !!window.Lareira.player.driver().edge, sound: video.webkitAudioDecodedByteCount };
  });
  const first = await played();
  await page.waitForTimeout(4000);
  const later = await played();
  assert.ok(first.mse && later.mse, 'by the live player, not by a slower one');
  assert.ok(later.at - first.at > 3.5, `${later.at - first.at} s in 4 s`);
  assert.equal(later.sound, 0);
});
