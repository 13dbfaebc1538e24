'use strict';
// The phone page's pure parts, and what its sources must be.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const acorn = require('acorn');
const { WEB, LANGUAGES, bare, files, made, checkTexts } = require('./sources');

const load = (name) => import(path.join(WEB, 'phone', name));
const ours = files('phone');
const scripts = ours.filter((file) => file.name.endsWith('.js'));

test('frames have the head that the document says', async () => {
  const { frame, startFrames, startFile, SOUND, PICTURE } = await load('publish/framing.js');
  const message = Buffer.from(frame(PICTURE, true, -2.4, 3, (room) => room.set([7, 8, 9])).buffer);
  assert.equal(message.toString('hex'), '01010000fffffffffffffffe070809');
  assert.equal(Buffer.from(frame(SOUND, false, 2 ** 40, 0, () => {})).toString('hex'), '020000000000010000000000');
  // What the clock counts from is told; the rest is what stands there.
  const told = (text) => {
    const { epoch_us: epochUs, ...rest } = JSON.parse(text);
    assert.ok(Math.abs(epochUs / 1000 - (Date.now() - performance.now())) < 1000, String(epochUs));
    return rest;
  };
  assert.deepEqual(told(startFrames('avc1.42e01f',
    { codec: 'mp4a.40.2', sampleRate: 48000, channels: 1, description: new Uint8Array([0x11, 0x88]) })), {
    type: 'start', version: 1, video: { codec: 'avc1.42e01f' },
      audio: { codec: 'mp4a.40.2', sample_rate: 48000, channels: 1, description: 'EYg=' },
  });
  assert.deepEqual(told(startFrames('avc1.42e01f', null)), { type: 'start', version: 1, video: { codec: 'avc1.42e01f' } });
  assert.deepEqual(told(startFile()), { type: 'start', version: 1, container: 'mp4' });
});

test('HEVC is known by a file\'s boxes, wherever its description stands', async () => {
  const { isHevc: asked } = await load('film_kind.js');
  const isHevc = (file) => asked(file).catch(() => false);
  const film = (name) => new Blob([fs.readFileSync(path.join(__dirname, '../captures/mp4', name))]);
  for (const name of ['phone.mp4', 'opus.mp4', 'vfr.mov', 'trim_long.mov', 'frag_noempty.mp4', 'two_sps_clip.mp4']) {
    assert.equal(await isHevc(film(name)), false, name);
  }
  assert.equal(await isHevc(film('hevc.mp4')), true);
  const known = fs.readFileSync(path.join(__dirname, '../captures/mp4/hevc.mp4'));
  for (let length = 0; length < known.length; length += 37) {
    assert.equal(typeof await isHevc(new Blob([known.subarray(0, length)])), 'boolean', `${length} bytes of it`);
  }
  // A description of 2^63 bytes, boxes of none, and no film at all.
  const endless = [0, 0, 0, 1, 109, 111, 111, 118, 127, 0, 0, 0, 0, 0, 0, 0];
  for (const bytes of [endless, Array(64).fill(0), [...Buffer.from('GIF89a, a picture')]]) {
    assert.equal(await isHevc(new Blob([new Uint8Array(bytes)])), false);
  }
  // Behind media of five gigabytes, of which nothing is read.
  const moov = known.subarray(known.indexOf('moov') - 4);
  let read = 0;
  const ahead = Buffer.from('00000001' + '6d646174' + '0000000140000000', 'hex');
  const large = { size: 0x140000000 + moov.length, slice: (from, to) => {
    read += to - from;
    return new Blob([from < 16 ? ahead.subarray(from, to) : moov.subarray(from - 0x140000000, to - 0x140000000)]);
  } };
  assert.ok(await isHevc(large));
  assert.ok(read < moov.length + 100, `${read} bytes`);
});

test('a picture fits its rung upright and sideways, and the level fits the picture', async () => {
  const { LADDER, fit, codecs, rungOf } = await load('publish/ladder.js');
  assert.deepEqual(fit(1920, 1080, LADDER[1]), { width: 1280, height: 720 });
  assert.deepEqual(fit(1080, 1920, LADDER[1]), { width: 720, height: 1280 });
  assert.deepEqual(fit(640, 480, LADDER[1]), { width: 640, height: 480 });
  assert.deepEqual(fit(640, 480, LADDER[3]), { width: 480, height: 360 });
  assert.deepEqual([[426, 240, 15], [1280, 720, 30], [1920, 1080, 30]].map((size) => codecs(...size)[0]),
    ['avc1.42e01e', 'avc1.42e01f', 'avc1.42e028']);
  assert.deepEqual([4500000, 2000000, 600000, 1].map((bits) => rungOf({ video_bits_per_second: bits })), [0, 1, 3, 4]);
  assert.equal(rungOf(null), 3);
});

/** A line of changing width that takes what is sent, on simulated time; `width(ms)` in bits a second. What waits does so
    where the page can't see it; what it hears is 100 ms old, and tells how long the newest picture that arrived was on its way. */
async function drive(width, lengthMs, top = 1) {
  const { Adaptation } = await load('publish/adapt.js');
  const adaptation = new Adaptation(top, 0);
  const [log, line, told] = [[], [], []];
  let [sent, received, delayMs, since] = [0, 0, 0, 0];
  for (let nowMs = 10; nowMs <= lengthMs; nowMs += 10) {
    if (adaptation.lets()) {
      const bytes = (adaptation.quality().bitsPerSecond / 8) * 0.01;
      line.push({ nowMs, bytes });
      sent += bytes;
    }
    for (let room = (width(nowMs) / 8) * 0.01; line.length && room > 0;) {
      const goes = Math.min(room, line[0].bytes);
      line[0].bytes -= goes;
      room -= goes;
      received += goes;
      if (line[0].bytes < 1e-6) { delayMs = nowMs - line.shift().nowMs; }
    }
    if (nowMs % 200 === 0 && received > since) {
      told.push({ at: nowMs + 100, ack: { queue_ms: delayMs + 5, received_bytes: received } });
      since = received;
    }
    if (told[0]?.at === nowMs) { adaptation.acknowledged(told.shift().ack, nowMs); }
    if (nowMs % 200 === 50) { adaptation.look(sent, nowMs); }
    log.push({ nowMs, queueMs: delayMs, isClosed: !adaptation.lets(), ...adaptation.quality() });
  }
  return log;
}

test('a line that is wide enough is left alone', async () => {
  const log = await drive(() => 4e6, 30000);
  assert.ok(log.every((one) => one.bitsPerSecond === 2000000 && one.height === 720 && !one.isClosed));
});

test('5 Mbit/s, then 600 kbit/s, then 5 Mbit/s: quickly down, slowly up, the delay under two seconds', async (t) => {
  const log = await drive((ms) => (ms > 20000 && ms <= 50000 ? 600000 : 5e6), 90000);
  const at = (ms) => log.find((one) => one.nowMs === ms);
  const worst = Math.max(...log.filter((one) => one.nowMs > 26000).map((one) => one.queueMs));
  const down = log.find((one) => one.nowMs > 20000 && one.bitsPerSecond <= 600000).nowMs - 20000;
  const up = log.find((one) => one.nowMs > 50000 && one.bitsPerSecond === 2000000 && one.height === 720).nowMs - 50000;
  t.diagnostic(`under the line's width after ${down} ms; the worst delay after six seconds ${Math.round(worst)} ms; back after ${up} ms`);
  assert.ok(at(19990).bitsPerSecond === 2000000 && at(19990).height === 720);
  assert.ok(down < 3000 && worst < 2000 && up <= 20000);
  assert.ok(log.every((one) => one.bitsPerSecond >= 150000 && one.bitsPerSecond <= 2000000), 'within the ladder');
  const low = log.filter((one) => one.nowMs > 30000 && one.nowMs < 50000);
  assert.ok(low.reduce((sum, one) => sum + one.bitsPerSecond, 0) / low.length > 300000, 'and it uses most of what there is');
});

test('a radio that holds things up now and then is no narrow line', async () => {
  const { Adaptation } = await load('publish/adapt.js');
  const adaptation = new Adaptation(1, 0);
  for (let nowMs = 200; nowMs < 60000; nowMs += 200) {
    adaptation.acknowledged({ queue_ms: (nowMs / 200) % 3 === 0 ? 20 : 350, received_bytes: nowMs * 250 }, nowMs);
    adaptation.look(nowMs * 250, nowMs);
  }
  assert.equal(adaptation.quality().bitsPerSecond, 2000000);
});

test('a line that stands still: nothing is encoded while a second is unacknowledged, and then it goes on', async () => {
  const log = await drive((ms) => (ms > 5000 && ms <= 9000 ? 1 : 5e6), 20000);
  const closed = log.filter((one) => one.isClosed);
  assert.ok(closed.length && closed[0].nowMs > 5000 && closed.at(-1).nowMs < 10000, `${closed[0]?.nowMs}–${closed.at(-1)?.nowMs}`);
});

test('times of two sources meet on one clock and never go back', async () => {
  const { CaptureClock } = await load('publish/clock.js');
  const clock = new CaptureClock();
  let last = -Infinity;
  for (let i = 0; i < 3000; i += 1) {
    const late = 20000 + ((i * 7919) % 13) * 3000;
    const time = clock.at(5e9 + i * 33333, i * 33333 + late);
    assert.ok(time > last);
    if (i > 20) { assert.ok(Math.abs(time - (i * 33333 + 20000)) < 500, `${time - i * 33333}`); }
    last = time;
  }
  assert.ok(clock.at(1000, 3000 * 33333) > last, 'a source that begins anew');
});

test('address books are read in the forms people have them', async () => {
  const { contactsOf, ofPicker } = await load('contacts.js');
  const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Reis;Ana Sofia;;;\r\nFN:Ana Sofia Reis\r\nTEL;TYPE=CELL:+351 912 345\r\n  678\r\n'
    + 'item1.EMAIL;type=INTERNET:ana@example.org\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n';
  assert.deepEqual(contactsOf(card), [{ name: 'Ana Sofia Reis', msisdn: '+351 912 345 678' },
    { name: 'Ana Sofia Reis', email: 'ana@example.org' }]);
  const old = 'BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9;Tio;;;\nTEL;CELL:912345678\nEND:VCARD\n'
    + 'BEGIN:VCARD\nVERSION:4.0\nFN:Eva\\, prima\nTEL;VALUE=uri:tel:+34-600-100-200\nEND:VCARD';
  assert.deepEqual(contactsOf(old), [{ name: 'Tio José', msisdn: '912345678' }, { name: 'Eva, prima', msisdn: '+34-600-100-200' }]);
  assert.deepEqual(contactsOf('Ana (912) 345-678\nRui <rui@example.org>; +34 600 100 200, nobody\n\n12'),
    [{ name: 'Ana', msisdn: '(912) 345-678' }, { name: 'Rui', email: 'rui@example.org' }, { name: '', msisdn: '+34 600 100 200' }]);
  assert.deepEqual(ofPicker([{ name: ['Eva'], tel: ['1', '2'], email: [] }, {}]),
    [{ name: 'Eva', msisdn: '1' }, { name: 'Eva', msisdn: '2' }]);
  for (const rubbish of ['', 'BEGIN:VCARD', '\0\u{1f600}'.repeat(500), 'BEGIN:VCARD\nTEL\nEND:VCARD', '='.repeat(100000),
    '1 '.repeat(50000)]) {
    assert.ok(Array.isArray(contactsOf(rubbish)));
  }
});

test('events are read in whatever pieces they come', async () => {
  const { EventReader } = await load('events.js');
  const text = 'retry: 1000\nevent: hello\ndata: {}\n\n:\n\nid: 7\nevent: target\ndata: {"a":\ndata: 1}\r\n\r\n'
    + 'id: 8\nevent: share\ndata: x\n\n';
  const wanted = [{ id: null, name: 'hello', data: '{}' }, { id: '7', name: 'target', data: '{"a":\n1}' },
    { id: '8', name: 'share', data: 'x' }];
  for (let size = 1; size <= text.length; size += 1) {
    const reader = new EventReader();
    const events = [];
    for (let at = 0; at < text.length; at += size) { events.push(...reader.take(text.slice(at, at + size))); }
    assert.deepEqual(events, wanted, `in pieces of ${size}`);
  }
});

test('its texts are complete and all used', () => {
  checkTexts(scripts, 'phone');
});

test('the page weighs at most 100 KiB before compression, and each file says what it is for', (t) => {
  const size = (file) => require('node:fs').statSync(path.join(WEB, file.name)).size;
  const weight = (file) => (/\.(js|css)$/.test(file.name) ? Buffer.byteLength(bare(file.text, file.name.endsWith('.css'))) : size(file));
  // The large icon is for the home screen: the page itself never shows it. The style sheet of /shared/ is the TV's.
  const all = [...ours.filter((file) => !/icon-512/.test(file.name)), ...files('shared').filter((file) => !file.name.endsWith('.css'))];
  const words = made().filter((file) => file.name.startsWith('phone/'));
  assert.equal(words.length, LANGUAGES.length);
  const bytes = all.reduce((sum, file) => sum + weight(file), 0) + Math.max(...words.map(weight));
  t.diagnostic(`${bytes} bytes`);
  assert.ok(bytes <= 100 * 1024, `${bytes} bytes`);
  for (const file of [...scripts, ...files('admin', 'shared').filter((one) => one.name.endsWith('.js'))]) {
    assert.match(file.text, /^\/\/! \S/, file.name);
  }
});

test('no text of a module goes over lines: the build leaves indentation and comments out', () => {
  for (const { name, text } of files('phone', 'admin', 'shared').filter((file) => file.name.endsWith('.js'))) {
    for (const source of [text, bare(text)]) {
      const pieces = [];
      assert.doesNotThrow(() => acorn.parse(source, { ecmaVersion: 2022, sourceType: 'module', onToken: (token) => pieces.push(token) }),
        name);
      const wrong = pieces.find((token) => token.type.label === 'template' && token.value.includes('\n'));
      assert.equal(wrong, undefined, name);
    }
  }
});

test('its colours are the palette’s', () => {
  const legend = files('shared').find((file) => file.name === 'shared/base.css').text;
  // by day, and who watches
  const extra = new Set(['#fffaf3', '#ecdfd0', '#d9c8b5', '#6b5443', '#a62c16', '#9c4213', '#46a758', '#9fe0ab', '#000']);
  const sheet = ours.find((file) => file.name === 'phone/phone.css').text;
  for (const [colour] of sheet.matchAll(/#[0-9a-f]{3,8}\b/gi)) { assert.ok(extra.has(colour) || legend.includes(colour), colour); }
});
