'use strict';
// A siege: what a guest with a phone of their own, and strangers without anything, can do at once against a house. Each
// attack was once enough by itself to stop the API, live television or the memory. They come from loopback addresses of
// their own (127.9.…), as strangers have; the family is at 127.0.0.1.

const http = require('node:http');
const net = require('node:net');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Pictures of the film that is too long, two seconds each: a month. */
const LONG_PICTURES = 30 * 24 * 3600 / 2;
/** Pictures of a film that a family might send. */
const FAIR_PICTURES = 20000;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** A progressive JPEG of 6320 × 6320 pixels in 96 scans, all grey: 83 kB that cost a decoder 60 million blocks. */
function heavyPhoto() {
  const side = 6320;
  const segment = (marker, ...bytes) => Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes]);
  const size = [side >> 8, side & 255];
  const scan = (first, last) => segment(0xda, 1, 1, 0x00, first, last, 0x00);
  const blocks = (side / 8) ** 2;
  /* Runs of blocks without anything: 20 of 31,205 are all of them. Each is the code's one bit, then 14 bits. */
  const run = `0${(blocks / 20 - 2 ** 14).toString(2).padStart(14, '0')}`;
  const bits = run.repeat(20).padEnd(304, '1');
  const nothing = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const table = (kind, symbol) => segment(0xc4, kind, 1, ...Array(15).fill(0), symbol);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]), segment(0xdb, 0, ...Array(64).fill(16)), segment(0xc2, 8, ...size, ...size, 1, 1, 0x11, 0),
    table(0x00, 0), table(0x10, 0xe0), scan(0, 0), Buffer.alloc(Math.ceil(blocks / 8)),
    ...Array.from({ length: 95 }, () => Buffer.concat([scan(1, 63), nothing])), Buffer.from([0xff, 0xd9])
  ]);
}

/** A tiny picture as H.264: its description for MP4 (avcC) and itself. Made once by ffmpeg. */
function tinyPicture() {
  const file = path.join(os.tmpdir(), `lareira-siege-${process.pid}.mp4`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'color=gray:size=64x64:rate=1', '-frames:v', '1', '-c:v', 'libx264',
    '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-bsf:v', 'filter_units=remove_types=6', file]);
  const bytes = fs.readFileSync(file);
  fs.rmSync(file);
  const box = (type, from = 0) => {
    const at = bytes.indexOf(type, from, 'latin1') - 4;
    return bytes.subarray(at, at + bytes.readUInt32BE(at));
  };
  return { avcC: box('avcC'), sample: box('mdat').subarray(8) };
}

/** A film of so many tiny pictures, each a key frame and shown for so many milliseconds. */
function film(picture, pictures, each_ms) {
  const u32 = (...numbers) => {
    const bytes = Buffer.alloc(4 * numbers.length);
    numbers.forEach((number, at) => bytes.writeUInt32BE(number, 4 * at));
    return bytes;
  };
  const u16 = (...numbers) => {
    const bytes = Buffer.alloc(2 * numbers.length);
    numbers.forEach((number, at) => bytes.writeUInt16BE(number, 2 * at));
    return bytes;
  };
  const box = (type, ...parts) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
  };
  const full = (type, ...parts) => box(type, u32(0), ...parts);
  const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const length_ms = pictures * each_ms;
  const ftyp = box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isomavc1'));
  const avc1 = box('avc1', u32(0), u16(0, 1), Buffer.alloc(16), u16(64, 64), u32(0x480000, 0x480000, 0), u16(1), Buffer.alloc(32),
    u16(24, 0xffff), picture.avcC);
  const moov = (offset) => box('moov',
    full('mvhd', u32(0, 0, 1000, length_ms), u32(0x10000), u16(0x100, 0), u32(0, 0), matrix, Buffer.alloc(24), u32(2)),
    box('trak', box('tkhd', u32(7), u32(0, 0, 1, 0, length_ms, 0, 0), u16(0, 0, 0, 0), matrix, u32(64 << 16, 64 << 16)),
      box('mdia', full('mdhd', u32(0, 0, 1000, length_ms), u16(0x55c4, 0)), full('hdlr', u32(0), Buffer.from('vide'), Buffer.alloc(13)),
        box('minf', box('vmhd', u32(1), Buffer.alloc(8)), box('dinf', full('dref', u32(1), box('url ', u32(1)))),
          box('stbl', full('stsd', u32(1), avc1), full('stts', u32(1, pictures, each_ms)),
            full('stsz', u32(picture.sample.length, pictures)),
            full('stsc', u32(1, 1, pictures, 1)), full('stco', u32(1, offset)))))));
  const offset = ftyp.length + moov(0).length + 8;
  return Buffer.concat([ftyp, moov(offset), box('mdat', Buffer.alloc(pictures * picture.sample.length, picture.sample))]);
}

/** A request from `from`; gives the status, or 0 where the house said nothing. */
function ask(url, { from, method = 'GET', token, headers = {}, body = null, patience_ms = 20000 }) {
  return new Promise((resolve) => {
    const all = { Connection: 'close', ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'Content-Length': body.length } : {}), ...headers };
    const request = http.request(url, { method, localAddress: from, agent: false, headers: all, timeout: patience_ms }, (answer) => {
      let said = '';
      answer.setEncoding('latin1').on('data', (text) => { said += said.length < 65536 ? text : ''; })
        .on('end', () => resolve({ status: answer.statusCode, said })).on('error', () => resolve({ status: 0, said }));
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve({ status: 0, said: '' }));
    request.end(body);
  });
}

const json = (value) => ({ body: Buffer.from(JSON.stringify(value)), headers: { 'Content-Type': 'application/json' } });

/**
 * Lays siege to a house until `over` is called.
 *
 * `house`: `url`, `httpsPort` and `rtspPort`; `users`, ids of those it rings; `guest`, the token of the guest's phone;
 * `tv`, the cookie of a TV on which `pins`, users with a PIN, are guessed at; `ticketed`, the address of a recording
 * (to its last slash) that somebody in the family opened; `only`, if it is there, the names of the attacks to make.
 *
 * Gives `{answers, over}`: how often each attack was answered with which status, and how it is ended.
 */
function siege(house) {
  let going = true;
  const answers = {};
  const sockets = new Set();
  const running = [];
  const count = (name, status) => { const of = answers[name] = answers[name] || {}; of[status] = (of[status] || 0) + 1; };
  /** Does `work` again and again, `abreast` times at once. */
  const attack = (name, abreast, work) => {
    if (house.only && !house.only.includes(name)) { return; }
    for (let who = 0; who < abreast; who += 1) {
      running.push((async () => {
        while (going) {
          count(name, await work(who));
          await pause(1);
        }
      })());
    }
  };
  /** A connection that says `words` and then nothing more, held for as long as the house lets it. */
  const hold = (port, from, words) => new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from });
    let told = '';
    sockets.add(socket);
    socket.setEncoding('latin1').on('data', (text) => { told += told.length < 4096 ? text : ''; });
    socket.on('connect', () => socket.write(words)).on('error', () => {});
    socket.on('close', async () => {
      sockets.delete(socket);
      /* Whoever is shown out comes again, but not in the same breath. */
      await pause(going ? 500 : 0);
      resolve(/^\S+ (\d+)/.exec(told)?.[1] || 'closed');
    });
  });
  const guest = (path, { from = '127.9.1.1', ...how }) => ask(`${house.url}/api/v1/${path}`, { from, token: house.guest, ...how });
  const share = async (kind) => {
    const { status, said } = await guest('shares', { method: 'POST', ...json({ kind, targets: house.users }) });
    return { status, id: status === 201 ? JSON.parse(said).share_id : null };
  };

  const photo = heavyPhoto();
  attack('photos', 12, async () => (await guest('me/photo', { method: 'PUT', body: photo,
    headers: { 'Content-Type': 'image/jpeg' } })).status);

  const picture = tinyPicture();
  const clip = film(picture, 4, 500);
  const films = [film(picture, LONG_PICTURES, 2000), film(picture, FAIR_PICTURES, 1000)];
  attack('films', 2, async (who) => {
    const { status, id } = await share('clip');
    if (!id) { await pause(200); return status; }
    return (await guest(`shares/${id}/video`, { method: 'PUT', body: films[who], headers: { 'Content-Type': 'video/mp4' } })).status;
  });
  attack('tiny clips', 2, async () => {
    const { status, id } = await share('clip');
    if (!id) { await pause(50); return status; }
    return (await guest(`shares/${id}/video`, { method: 'PUT', body: clip, headers: { 'Content-Type': 'video/mp4' } })).status;
  });
  attack('pending shares', 4, async () => (await share('live')).status);
  attack('slow films', 8, async () => {
    const { status, id } = await share('clip');
    if (!id) { await pause(200); return status; }
    return hold(house.port,
      '127.9.1.1',
      `PUT /api/v1/shares/${id}/video HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${house.guest}\r\n`
        + `Content-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(24)}`);
  });

  attack('playlists', 24, async (who) => (await ask(`${house.ticketed}/index.m3u8`,
    { from: `127.9.2.${1 + who % 4}`, method: who % 2 ? 'HEAD' : 'GET' })).status);
  attack('heads', 64, async (who) => (await ask(`${house.ticketed}/video.mp4`, { from: `127.9.2.${1 + who % 4}`, method: 'HEAD' })).status);
  attack('PINs', 4, async (who) => (await ask(`${house.url}/tv/api/sign-in`,
    { from: '127.9.3.1', method: 'POST', body: json({ user_id: house.pins[who % house.pins.length], pin: '0000' }).body,
    headers: { 'Content-Type': 'application/json', Cookie: `lareira_tv=${house.tv}` } })).status);
  attack('codes', 4, async (who) => (await ask(`${house.url}/api/v1/enrol`,
    { from: `127.9.4.${1 + who}`, method: 'POST', ...json({ code: `${Math.floor(1e9 * Math.random())}`, name: 'Eve' }) })).status);
  attack('waiting TVs', 4, async (who) => (await ask(`${house.url}/tv/api/device`, { from: `127.9.5.${1 + who}` })).status);

  attack('half bodies', 24, (who) => hold(house.port, `127.9.6.${1 + who % 3}`,
    'POST /api/v1/contacts/match HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{'));
  attack('half handshakes', 96, (who) => hold(house.httpsPort, `127.9.7.${1 + who % 12}`,
    Buffer.from([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3])));
  attack('HTTP connections', 2200, (who) => hold(house.port, `127.9.8.${1 + who % 2}`, '\r\n'));
  attack('RTSP connections', 2200, (who) => hold(house.rtspPort, `127.9.8.${1 + who % 2}`, 'OPTIONS'));

  return {
    answers,
    over: async () => {
      going = false;
      for (const socket of sockets) { socket.destroy(); }
      await Promise.all(running);
    },
  };
}

module.exports = { siege, ask, film, tinyPicture, heavyPhoto, FAIR_PICTURES };

/* As a program of its own, so that what it costs is not the family's: the house as JSON comes in, the answers go out. */
if (require.main === module) {
  let told = '';
  process.stdin.setEncoding('utf8').on('data', (text) => {
    told += text;
    if (told.includes('\n') && !process.besieging) {
      process.besieging = siege(JSON.parse(told.slice(0, told.indexOf('\n'))));
      process.stdout.write('begun\n');
    }
  }).on('end', async () => {
    await process.besieging.over();
    process.stdout.write(`${JSON.stringify(process.besieging.answers)}\n`);
  });
}
