'use strict';
// Moving pictures for the stand-in gateway, made once by ffmpeg and kept in the system's temporary folder: fragmented
// MP4, a fragment a frame, with the number of each frame burnt in as a bar code that a test reads back from the page.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const FRAME_RATE = 30;
const BITS = 11;
const CELL = 16;

/** The bar code: BITS cells of CELL pixels from the top left corner, the lowest bit first; white is one. */
function barCode() {
  const boxes = [`drawbox=x=0:y=0:w=${BITS * CELL}:h=${CELL}:color=black:t=fill`];
  for (let bit = 0; bit < BITS; bit += 1) {
    boxes.push(`drawbox=x=${bit * CELL}:y=0:w=${CELL}:h=${CELL}:color=white:t=fill:enable='gte(mod(floor(n/${2 ** bit}),2),1)'`);
  }
  return boxes.join(',');
}

/** Makes (or finds) a clip and gives its path. A key frame comes every `group` pictures, unless they are refreshed bit by bit
 *  (`refresh`: intra refresh, whose first picture alone is a key frame). */
function clip(width, height, seconds, { group = FRAME_RATE, bits_per_second = 2000000, refresh = false } = {}) {
  const folder = path.join(os.tmpdir(), 'lareira-page-tests');
  const file = path.join(folder, `clip-${[width, height, seconds, group, bits_per_second, refresh].join('-')}.mp4`);
  if (fs.existsSync(file)) { return file; }
  fs.mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${process.pid}.part`;
  execFileSync('ffmpeg', [
    '-v', 'error', '-y',
    '-f', 'lavfi', '-i', `gradients=size=${width}x${height}:rate=${FRAME_RATE}:`
      + 'c0=0x24506e:c1=0xd9915a:c2=0x5b2f3c:nb_colors=3:speed=0.02:seed=7',
    '-f', 'lavfi', '-i', 'sine=frequency=330:beep_factor=2:sample_rate=48000',
    '-vf', barCode(), '-t', String(seconds),
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p',
    '-b:v', String(bits_per_second), '-minrate', String(bits_per_second), '-maxrate', String(bits_per_second), '-bufsize',
      String(bits_per_second), '-g', String(group), '-keyint_min', String(group), '-sc_threshold', '0',
    '-x264-params', `nal-hrd=cbr${refresh ? ':intra-refresh=1' : ''}`,
    '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-use_editlist', '0',
    '-movflags', 'empty_moov+default_base_moof+frag_every_frame', '-f', 'mp4', unfinished,
  ]);
  fs.renameSync(unfinished, file);
  return file;
}

function* boxes(bytes, start, end) {
  for (let at = start; at + 8 <= end;) {
    const size = bytes.readUInt32BE(at);
    yield { type: bytes.toString('latin1', at + 4, at + 8), at, body: at + 8, end: at + size };
    at += size;
  }
}

function find(bytes, start, end, ...names) {
  for (const box of boxes(bytes, start, end)) {
    if (box.type === names[0]) { return names.length === 1 ? box : find(bytes, box.body, box.end, ...names.slice(1)); }
  }
  return null;
}

/** A clip as {init, seconds, fragments: [{time_s, video, key, bytes}]}. */
function fragments(file, seconds) {
  const bytes = fs.readFileSync(file);
  const result = { init: null, seconds, fragments: [] };
  const tracks = {};
  let start = 0;
  let moof = null;
  let frame = 0;
  for (const box of boxes(bytes, 0, bytes.length)) {
    if (box.type === 'moov') {
      result.init = bytes.subarray(start, box.end);
      for (const trak of boxes(bytes, box.body, box.end)) {
        if (trak.type !== 'trak') { continue; }
        const id = bytes.readUInt32BE(find(bytes, trak.body, trak.end, 'tkhd').body + 12);
        const mdia = find(bytes, trak.body, trak.end, 'mdia');
        tracks[id] = {
          timescale: bytes.readUInt32BE(find(bytes, mdia.body, mdia.end, 'mdhd').body + 12),
          video: bytes.toString('latin1', find(bytes, mdia.body, mdia.end, 'hdlr').body + 8).startsWith('vide'),
        };
      }
    }
    if (box.type === 'moof') { moof = box; start = box.at; }
    if (box.type === 'mdat' && moof) {
      const trafs = [...boxes(bytes, moof.body, moof.end)].filter((inner) => inner.type === 'traf');
      const runs = trafs.map((traf) => {
        const id = bytes.readUInt32BE(find(bytes, traf.body, traf.end, 'tfhd').body + 4);
        const tfdt = find(bytes, traf.body, traf.end, 'tfdt').body;
        if (bytes[tfdt] !== 1) { throw new Error('the clip has 32-bit decode times'); }
        return { id, tfdt: tfdt + 4 - start, decode: bytes.readBigUInt64BE(tfdt + 4) };
      });
      const lead = runs.find((run) => tracks[run.id].video) || runs[0];
      const video = tracks[lead.id].video;
      result.fragments.push({
        time_s: Number(lead.decode) / tracks[lead.id].timescale, video, key: video && frame % FRAME_RATE === 0, frame: video ? frame : -1,
        track: lead.id, bytes: bytes.subarray(start, box.end), runs: runs.map((run) => ({ ...run, timescale: tracks[run.id].timescale })),
      });
      if (video) { frame += 1; }
      moof = null;
    }
  }
  result.fragments.sort((a, b) => a.time_s - b.time_s);
  return result;
}

/** The fragment's bytes, later by `offset_s`. */
function shifted(fragment, offset_s) {
  const bytes = Buffer.from(fragment.bytes);
  for (const run of fragment.runs) {
    bytes.writeBigUInt64BE(run.decode + BigInt(Math.round(offset_s * run.timescale)), run.tfdt);
  }
  return bytes;
}

/** A producer reference time box (ISO/IEC 14496-12, 8.16.5), version 1. */
function prft(track, unixMs, decode) {
  const box = Buffer.alloc(32);
  box.writeUInt32BE(32, 0);
  box.write('prft', 4, 'latin1');
  box[8] = 1;
  box.writeUInt32BE(track, 12);
  const seconds = Math.floor(unixMs / 1000);
  box.writeUInt32BE((seconds + 2208988800) >>> 0, 16);
  box.writeUInt32BE(Math.floor((unixMs / 1000 - seconds) * 4294967296), 20);
  box.writeBigUInt64BE(decode, 24);
  return box;
}

module.exports = { clip, fragments, shifted, prft, FRAME_RATE, BITS, CELL };
