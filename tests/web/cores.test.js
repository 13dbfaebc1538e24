'use strict';
// The page's pure parts, without a browser: boxes, the live edge, seeking, words.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { load } = require('./sources');
const media = require('./media');

const clip = () => media.fragments(media.clip(1280, 720, 60), 60);

test('boxes come out whole however the bytes are cut', () => {
  const { mp4 } = load('player/mp4.js');
  const source = clip();
  const bytes = Buffer.concat([source.init, ...source.fragments.slice(0, 40).map((one) => one.bytes)]);
  const all = (step) => {
    const splitter = new mp4.Splitter();
    const boxes = [];
    for (let at = 0; at < bytes.length; at += step) { boxes.push(...splitter.push(new Uint8Array(bytes.subarray(at, at + step)))); }
    assert.equal(splitter.rest, null);
    return boxes;
  };
  const whole = all(bytes.length);
  assert.deepEqual(whole.slice(0, 4).map((box) => box.type), ['ftyp', 'moov', 'moof', 'mdat']);
  for (const step of [1, 2, 3, 7, 8, 9, 100, 1000, 4097]) {
    const cut = all(step);
    assert.equal(Buffer.compare(Buffer.concat(cut.map((box) => box.bytes)), bytes), 0, `pieces of ${step}`);
    assert.equal(cut.length, whole.length);
  }
});

test('what is not MP4 is refused, not waited for', () => {
  const { mp4 } = load('player/mp4.js');
  assert.throws(() => new mp4.Splitter().push(new Uint8Array([0, 0, 0, 3, 60, 104, 116, 109])), /not an MP4/);
});

test('tracks, codecs and times are read from an initialisation segment and its fragments', () => {
  const { mp4 } = load('player/mp4.js');
  const source = clip();
  let moov = null;
  for (const box of new mp4.Splitter().push(new Uint8Array(source.init))) { if (box.type === 'moov') { moov = box.bytes; } }
  const tracks = mp4.tracks(moov);
  assert.deepEqual(Array.from(tracks, (track) => track.kind), ['vide', 'soun']);
  assert.match(mp4.mimeOf(tracks), /^video\/mp4; codecs="avc1\.42[0-9a-f]{4},mp4a\.40\.2"$/);
  const fragment = source.fragments.find((one) => one.video && one.frame === 90);
  const moof = new mp4.Splitter().push(new Uint8Array(fragment.bytes))[0].bytes;
  const [run] = mp4.runs(moof);
  assert.equal(run.track, fragment.track);
  assert.ok(Math.abs(run.decode / tracks[0].timescale - fragment.time_s) < 1e-9);
});

test('Opus is named, and taken out where only pictures can be played', () => {
  const { mp4 } = load('player/mp4.js');
  const bytes = fs.readFileSync(path.join(__dirname, '../captures/mp4/recorder.mp4'));
  const boxes = new mp4.Splitter().push(new Uint8Array(bytes));
  const of = (type) => Uint8Array.from(boxes.find((box) => box.type === type).bytes);
  const moov = of('moov');
  const tracks = mp4.tracks(moov);
  assert.match(mp4.mimeOf(tracks), /^video\/mp4; codecs="avc1\.42c00a,opus"$/);
  assert.equal(mp4.mimeOf(mp4.pictures(tracks)), 'video/mp4; codecs="avc1.42c00a"');
  assert.equal(mp4.mimeOfPictures('video/mp4; codecs="avc1.42c01f,opus"'), 'video/mp4; codecs="avc1.42c01f"');
  assert.ok(mp4.mute(moov, tracks));
  assert.deepEqual(Array.from(mp4.tracks(moov), (track) => track.kind), ['vide']);
  const moof = of('moof');
  assert.equal(mp4.runs(moof).length, 2);
  assert.ok(mp4.mute(moof, tracks));
  assert.deepEqual(Array.from(mp4.runs(moof), (run) => run.track), [1]);
  assert.equal(mp4.mute(moof, tracks.slice(1)), false, 'nothing of pictures is left');
});

test('a truncated or lying initialisation segment gives less, never an error', () => {
  const { mp4 } = load('player/mp4.js');
  const source = clip();
  const moov = new Uint8Array(source.init.subarray(source.init.indexOf('moov') - 4));
  for (let end = 8; end < moov.length; end += 1) { assert.ok(Array.isArray(mp4.tracks(moov.subarray(0, end)))); }
  for (let at = 8; at < moov.length; at += 1) {
    const lie = Uint8Array.from(moov);
    lie[at] ^= 0xff;
    assert.ok(Array.isArray(mp4.tracks(lie)));
  }
});

test('the arrival time in prft is read to the millisecond', () => {
  const { mp4 } = load('player/mp4.js');
  const now = 1764000000123.4;
  const read = mp4.arrival(new Uint8Array(media.prft(1, now, 90000n)));
  assert.equal(read.track, 1);
  assert.ok(Math.abs(read.unixMs - now) < 0.5);
});

/** A viewer by arithmetic: media comes in at one second a second, late by `late(now)`; the page plays at the advised speed. */
function play({ seconds, start, dry = 0.12, late = () => 0, ignoresRate = false, steady = false }) {
  const { Edge } = load('player/edge.js');
  const edge = new Edge(0, steady);
  let position = -start;
  let rate = 1;
  let stopped = false;
  let since = 0;
  const seen = { dry: 0, jumps: 0, aheads: [], rates: new Set(), changes: 0 };
  for (let now = 0; now < seconds * 1000; now += 50) {
    const end = (now - late(now)) / 1000;
    const ahead = end - position;
    if (stopped && ahead > 0.35) {
      stopped = false;
      if (now - since > 400) { edge.resumed(now); }
    }
    if (!stopped) {
      if (ahead <= dry) { stopped = true; since = now; seen.dry += 1; edge.underrun(now, Math.max(0, ahead)); } else {
        const advice = edge.sample(now, ahead);
        if (advice.jump) {
          position = end - edge.landing();
          edge.moved();
          seen.jumps += 1;
        } else {
          seen.changes += advice.rate === rate ? 0 : 1;
          rate = advice.rate;
          seen.rates.add(rate);
        }
        position += 0.05 * (ignoresRate ? 1 : rate);
      }
    }
    seen.aheads.push(ahead);
  }
  return seen;
}

test('the edge: from a late start to the margin, smoothly, without running dry', () => {
  const seen = play({ seconds: 60, start: 0.4 });
  assert.equal(seen.dry, 0);
  assert.equal(seen.jumps, 0);
  assert.ok(seen.aheads.slice(200).every((ahead) => ahead > 0.14 && ahead < 0.26), `${seen.aheads.slice(200, 210)}`);
  assert.ok([...seen.rates].every((rate) => rate >= 0.95 && rate <= 1.1));
});

test('the edge: the speed changes seldom, whatever the jitter', () => {
  assert.ok(play({ seconds: 60, start: 0.4 }).changes <= 4);
  for (const jitter of [30, 60, 120, 250]) {
    let seed = 1;
    const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
    const seen = play({ seconds: 120, start: 0.4, late: () => random() * jitter });
    assert.ok(seen.changes <= 24, `${seen.changes} changes in two minutes with ${jitter} ms of jitter`);
    assert.deepEqual([...seen.rates].filter((rate) => ![0.95, 1, 1.04, 1.1].includes(rate)), []);
  }
});

test('the edge: where the speed has to stay as it is, it does, and what is far behind is jumped over now and then', () => {
  const calm = play({ seconds: 60, start: 1.4, steady: true });
  assert.deepEqual([[...calm.rates], calm.jumps, calm.dry], [[1], 0, 0]);
  const late = play({ seconds: 60, start: 4, steady: true });
  assert.deepEqual([[...late.rates], late.jumps], [[1], 1]);
  assert.ok(late.aheads.at(-1) < 1.2, `${late.aheads.at(-1)}`);
  const torn = play({ seconds: 60, start: 0.9, steady: true, late: (now) => (now % 6000 < 1500 ? now % 6000 : 0) });
  assert.ok(torn.jumps <= 6, `${torn.jumps} jumps in a minute`);
});

test('the edge: far behind it jumps, once', () => {
  const seen = play({ seconds: 20, start: 8 });
  assert.equal(seen.jumps, 1);
  assert.ok(seen.aheads.at(-1) < 0.3);
});

test('the edge: jitter widens the margin, calm narrows it again', () => {
  const seen = play({ seconds: 120, start: 0.4, late: (now) => (now < 40000 && now % 2000 < 100 ? 150 : 0) });
  assert.ok(seen.dry <= 3, `ran dry ${seen.dry} times`);
  assert.ok(seen.aheads.at(-1) < 0.26);
});

test('the edge: what came late during a stop is jumped over, and not played late for long', () => {
  const seen = play({ seconds: 30, start: 0.4, late: (now) => (now > 10000 && now < 11500 ? now - 10000 : 0) });
  assert.deepEqual([seen.dry, seen.jumps], [1, 1]);
  assert.ok(seen.aheads.slice(12500 / 50).every((ahead) => ahead < 0.5), `${Math.max(...seen.aheads.slice(12500 / 50))}`);
});

test('the edge: a browser that ignores the speed is moved by a jump, now and then', () => {
  const seen = play({ seconds: 60, start: 1.5, ignoresRate: true });
  assert.ok(seen.jumps >= 1 && seen.jumps <= 3);
  assert.ok(seen.aheads.at(-1) < 0.6);
});

test('seeking goes further the longer one keeps at it, and begins anew after a pause or a turn', () => {
  const { Seek } = load('player/seek.js');
  const seek = new Seek();
  const steps = [];
  for (let i = 0; i < 50; i += 1) { steps.push(seek.press(i * 100, 1, 36000)); }
  assert.equal(steps[0], 10);
  assert.ok(steps.every((step, i) => i === 0 || step >= steps[i - 1]));
  assert.equal(steps[49], 180);
  assert.equal(seek.press(5000, -1, 36000), -10);
  assert.equal(seek.press(9000, -1, 36000), -10);
  assert.equal(new Seek().press(0, 1, 30), 10);
});

test('dates, lengths and initials as people write them', () => {
  const Lareira = load('texts.js', 'words.js');
  const { words } = Lareira;
  const now = new Date(2026, 2, 15, 12, 0).getTime();
  const at = (...parts) => words.when(new Date(...parts).toISOString(), now);
  assert.equal(at(2026, 2, 15, 8, 5), 'Today, 08:05');
  assert.equal(at(2026, 2, 14, 23, 59), 'Yesterday, 23:59');
  assert.equal(at(2026, 2, 10, 18, 42), 'Tuesday, 18:42');
  assert.equal(at(2026, 0, 3, 18, 42), '3 January');
  assert.equal(at(2024, 11, 31, 18, 42), '31 December 2024');
  assert.equal(words.when('nonsense', now), '');
  Lareira.setLanguage('pt');
  assert.equal(at(2026, 2, 14, 23, 59), 'Ontem, 23:59');
  assert.equal(at(2024, 11, 31, 18, 42), '31 de dezembro de 2024');
  assert.equal(words.length(754000), '12:34');
  assert.equal(words.length(3754000), '1:02:34');
  assert.equal(words.initials('Ana Sofia Reis'), 'AR');
  assert.equal(words.initials('Avó'), 'A');
  assert.equal(words.initials('נועה לוי'), 'נל');
  assert.equal(words.initials('\u202e evil'), 'E');
  assert.equal(words.initials('👵 Lurdes'), '👵L');
  assert.equal(words.initials('   '), '');
  assert.equal(words.initials(null), '');
});
