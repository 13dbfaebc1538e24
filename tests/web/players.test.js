'use strict';
// Other people's players on the low-latency HLS of a publisher whose sound lags: ffmpeg puts half a second of it into a packet
// at low bit rates.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { test } = require('node:test');
const { open } = require('./browser');
const { startDemo } = require('./demo');
const { stage } = require('./stage');

const scene = stage();
/** Seconds that each player has to show. */
const SECONDS = 10;

const PLAYERS = {
  'hls.js': {
    script: path.join(__dirname, '../../web/vendor/hls.light.min.js'),
    begin: (url) => {
      const player = new window.Hls({ lowLatencyMode: true });
      player.on(window.Hls.Events.ERROR, (event, data) => {
        window.told.errors.push(`${data.fatal ? 'FATAL ' : ''}${data.details}`);
      });
      player.loadSource(url);
      player.attachMedia(document.querySelector('video'));
    },
  },
  'Shaka Player': {
    script: require.resolve('shaka-player/dist/shaka-player.compiled.js'),
    begin: async (url) => {
      window.shaka.polyfill.installAll();
      const player = new window.shaka.Player();
      await player.attach(document.querySelector('video'));
      player.addEventListener('error', (event) => {
        window.told.errors.push(`${event.detail.severity === 2 ? 'FATAL ' : ''}${event.detail.code}`);
      });
      player.configure({ streaming: { lowLatencyMode: true } });
      await player.load(url);
    },
  },
  'video.js': {
    script: require.resolve('video.js/dist/video.min.js'),
    begin: (url) => {
      const video = document.querySelector('video');
      video.className = 'video-js';
      const html5 = { vhs: { overrideNative: true, llhls: true } };
      const player = window.videojs(video, { liveui: true, preload: 'auto', autoplay: 'muted', html5 });
      player.on('error', () => { window.told.errors.push(`FATAL ${player.error().code} ${player.error().message}`); });
      player.src({ src: url, type: 'application/vnd.apple.mpegurl' });
      player.play();
    },
  },
};

/** A share for the demo's user, published by ffmpeg with its own packing of sound at a low bit rate. */
function publish(demo) {
  const share = demo.admin('share', 'new', '--to', demo.user_id);
  const publisher = spawn('ffmpeg', [
    '-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x192:r=30',
    '-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30', '-c:a', 'aac', '-b:a', '24k', '-ac', '1',
    '-f', 'rtsp', '-rtsp_transport', 'tcp', share.publish.rtsp_url,
  ], { stdio: 'ignore' });
  scene.keep({ close: () => publisher.kill('SIGKILL') });
  return share;
}

/** Waits until the stream has been ready for so many segments. */
async function has(url, segments) {
  for (;;) {
    const answer = await fetch(url);
    if (answer.ok && (await answer.text()).split('#EXTINF').length > segments) { return; }
    await new Promise((done) => { setTimeout(done, 100); });
  }
}

for (const [name, { script, begin }] of Object.entries(PLAYERS)) {
  test(`${name} plays a stream whose sound lags`, async (t) => {
    const demo = scene.keep(await startDemo());
    const { play } = publish(demo);
    await has(play.hls_url, 4);
    const site = http.createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<video muted playsinline></video>');
    });
    await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
    const page = await open(scene.browser, { url: `http://127.0.0.1:${site.address().port}` }, { path: '/' });
    site.close();
    await page.addScriptTag({ content: fs.readFileSync(script, 'utf8') });
    await page.evaluate(() => {
      const video = document.querySelector('video');
      window.told = { errors: [], waits: 0, jumps: [] };
      video.addEventListener('waiting', () => { window.told.waits += video.currentTime > 0 ? 1 : 0; });
      video.addEventListener('seeking', () => { window.told.jumps.push(video.currentTime.toFixed(2)); });
    });
    const at = () => page.evaluate(() => document.querySelector('video').currentTime);
    const plays = async (seconds) => {
      const to = await at() + seconds;
      await page.waitForFunction((time) => document.querySelector('video').currentTime > time, to);
    };
    const shown = () => page.evaluate(() => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames);
    await page.evaluate(begin, play.hls_url);
    await page.evaluate(() => { document.querySelector('video').play().catch(() => {}); });
    await page.waitForFunction(() => {
      const video = document.querySelector('video');
      return video.currentTime > 0 && video.readyState > 2;
    });
    /* Whoever begins nearer to the edge than the sound lags behind catches its breath at first. */
    await plays(4);
    const [from, before] = [await at(), await shown()];
    await plays(SECONDS);
    const pictures = await shown() - before;
    const seen = await page.evaluate((since) => {
      const video = document.querySelector('video');
      const holes = [];
      for (let i = 1; i < video.buffered.length; i += 1) {
        const hole = video.buffered.start(i) - video.buffered.end(i - 1);
        if (video.buffered.start(i) > since) { holes.push(hole.toFixed(3)); }
      }
      return { ...window.told, holes, size: video.videoWidth, sound: video.webkitAudioDecodedByteCount };
    }, from);
    t.diagnostic(`${name}: ${pictures} pictures in ${SECONDS} s; ${JSON.stringify(seen)}`);
    assert.deepEqual(seen.errors.filter((error) => error.startsWith('FATAL')), []);
    assert.deepEqual(seen.holes, [], 'there are no holes in what it was given');
    assert.equal(seen.size, 320);
    assert.ok(pictures >= SECONDS * 20, `${pictures} pictures`);
    assert.ok(seen.sound > 0, 'there is sound');
  });
}
