'use strict';
// A publisher that costs little: ffmpeg sends a clip that is coded already, again and again, to a share of the demo's phone. Each
// picture carries its number, and when the gateway had it is learnt by reading the endless body from its beginning.

const { spawn } = require('node:child_process');
const media = require('./media');

const state = async (demo, share) => (await (await fetch(`${demo.api_url}shares/${share}`,
  { headers: { Authorization: `Bearer ${demo.phone_token}` } })).json()).state;

/** Waits until a share is in that state. */
async function until(demo, share, wanted) {
  while (await state(demo, share) !== wanted) { await new Promise((done) => { setTimeout(done, 50); }); }
}

/** Publishes for the demo's user once the demo's own share is over; `how` is the clip's. Gives `share_id`, `live_mp4_url`,
 *  `arrivals` (the picture's number -> Unix ms), `end`, which ends it as a camera app does, and `close`. */
async function publish(demo, { seconds = 60, ...how } = {}) {
  await until(demo, demo.share_id, 'ended');
  const { share_id, publish: to, play } = demo.admin('share', 'new', '--to', demo.user_id);
  const child = spawn('ffmpeg', ['-v', 'error', '-re', '-stream_loop', '-1', '-i', media.clip(1280, 720, seconds, how), '-c', 'copy',
    '-f', 'rtsp', '-rtsp_transport', 'tcp', '-max_delay', '0', to.rtsp_url], { stdio: 'ignore' });
  const ended = new Promise((done) => { child.once('exit', done); });
  const over = new AbortController();
  const arrivals = new Map();
  const reading = follow(play.live_mp4_url, arrivals, media.FRAME_RATE * seconds, over.signal);
  return {
    share_id, live_mp4_url: play.live_mp4_url, arrivals,
    end: async () => { child.kill('SIGTERM'); await ended; },
    close: async () => { over.abort(); child.kill('SIGKILL'); await Promise.all([ended, reading]); }
  };
}

/** Notes when each picture of the endless body comes; after `count` of them their numbers begin anew. */
async function follow(url, arrivals, count, signal) {
  let rest = Buffer.alloc(0);
  let number = 0;
  try {
    const { body } = await fetch(url, { signal });
    for await (const piece of body) {
      rest = Buffer.concat([rest, piece]);
      const now = performance.timeOrigin + performance.now();
      while (rest.length >= 8 && rest.length >= rest.readUInt32BE(0)) {
        const box = rest.subarray(0, rest.readUInt32BE(0));
        rest = rest.subarray(box.length);
        /* The first track's are pictures. */
        if (box.toString('latin1', 4, 8) === 'moof' && box.readUInt32BE(box.indexOf('tfhd') + 8) === 1) {
          arrivals.set(number % count, now);
          number += 1;
        }
      }
    }
  } catch (error) { if (!signal.aborted) { throw error; } }
}

module.exports = { publish, until };
