'use strict';
// What the sources of the TV page must be, whatever they do: old browsers' JavaScript, small, one palette, complete texts.

const assert = require('node:assert/strict');
const test = require('node:test');
const acorn = require('acorn');
const { bare, files, load, made } = require('./sources');

const scripts = [...files('tv'), ...made()].filter((file) => file.name.startsWith('tv/') && file.name.endsWith('.js'));
const sheets = files('tv', 'shared').filter((file) => file.name.endsWith('.css'));
// Of /shared/ the TV has the style sheet and the mark: the modules are for newer browsers.
const ours = [...files('tv', 'shared').filter((file) => !/^shared\/.*\.js$/.test(file.name)),
  ...made().filter((file) => file.name.startsWith('tv/'))];

test('every script parses as ECMAScript 5, and so does the player it may load', () => {
  for (const file of [...scripts, ...files('vendor').filter((one) => one.name.endsWith('.js'))]) {
    assert.doesNotThrow(() => acorn.parse(file.text, { ecmaVersion: 5 }), file.name);
  }
});

test('the TV page weighs at most 136 KiB before compression, the players apart that are fetched only when needed', (t) => {
  const weigh = (list) => list.reduce((sum, file) => sum + Buffer.byteLength(bare(file.text, file.name.endsWith('.css'))), 0);
  const app = weigh(ours.filter((file) => !file.name.startsWith('tv/player/')));
  t.diagnostic(`${app} bytes, and ${weigh(ours) - app} of players`);
  assert.ok(app <= 136 * 1024, `${app} bytes`);
});

test('nothing is written as markup, and nothing needs more than our content policy allows', () => {
  for (const file of scripts) {
    assert.doesNotMatch(file.text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'/,
      file.name);
  }
  const page = ours.find((file) => file.name === 'tv/index.html').text;
  assert.doesNotMatch(page, /<script>|<style|\son\w+=|\sstyle=|https?:\/\//);
});

test('every script of the page is loaded, and each once: with the page, or with the players', () => {
  const page = ours.find((file) => file.name === 'tv/index.html').text;
  const loaded = [...page.matchAll(/<script (?:type="text\/later" data-later="player" )?src="\/([^"]+)"/g)].map((match) => match[1]).sort();
  assert.deepEqual(loaded, scripts.map((file) => file.name).sort());
});

test('texts are complete in every language and none is unused', () => {
  const { texts } = load('texts.js');
  const used = new Set();
  for (const file of scripts) {
    for (const [, key] of file.text.matchAll(/(?:\bt|Lareira\.t|Lareira\.list)\('([a-z_]+)'/g)) { used.add(key); }
    for (const [, key] of file.text.matchAll(/Lareira\.n\('([a-z_]+)'/g)) { used.add(`${key}_one`).add(`${key}_other`); }
    /* A key that is computed can't be checked: there must be none. */
    assert.doesNotMatch(file.text.replace(/function t\(key[\s\S]*/, ''),
      /(?:\bLareira\.t|[^.\w]t)\((?!'|key, values)/, `${file.name} computes a text's key`);
  }
  const places = (value) => JSON.stringify([...String(value).matchAll(/\{\w+\}/g)].map(String).sort());
  for (const key of used) { assert.ok(texts[key], `${key} is missing`); }
  for (const [key, row] of Object.entries(texts)) {
    assert.ok(used.has(key), `${key} is used nowhere`);
    assert.ok(row.length === 3 && row.every((text) => text && text.length), `${key} is not there in English, Spanish and Portuguese`);
    for (const text of row) { assert.equal(places(text), places(row[0]), `${key}: "${text}" fills in other things than English`); }
    assert.ok(row.every((text) => text.length === row[0].length || !Array.isArray(text)), `${key}: lists differ in length`);
  }
});

test('pages have no words of their own outside the texts', () => {
  for (const file of scripts.filter((one) => one.name !== 'tv/texts/all.js')) {
    const words = [...file.text.matchAll(/text: '([^']*)'|textContent = '([^']*)'|'aria-label': '([^']*)'/g)].map((match) => match[1]
      || match[2] || match[3] || '');
    for (const word of words) {
      assert.ok(!/[a-z]{2}/i.test(word.replace(/\\u[0-9a-f]{4}/g, '')) || word === 'Lareira', `${file.name} says "${word}"`);
    }
  }
});

test('one palette, one type scale, one motion', () => {
  const base = sheets.find((file) => file.name === 'shared/base.css').text;
  const legend = base.slice(0, base.indexOf('*/'));
  const colours = new Set([...legend.matchAll(/#[0-9a-f]{6}/g)].map(String));
  const remote = new Set(['#e5484d', '#46a758', '#f5d90a', '#5b8def']); // the remote's keys, for their dots alone
  const triples = new Set([...colours].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).join(', ')));
  const sizes = new Set(['1rem', '1.25rem', '1.5rem', '2.25rem', '3.5rem', '6rem']);
  const times = new Set(['.18s', '.4s', '9s', '.5s']); // .5s: how long a cover keeps quiet before it speaks
  for (const sheet of sheets) {
    const rules = sheet.text.replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [colour] of rules.replace(/\.key-\w+::before \{ background-color: (#\w+); \}/g,
      (rule, colour) => (remote.has(colour) ? '' : rule)).matchAll(/#[0-9a-f]{3,8}\b/gi)) {
      assert.ok(colours.has(colour), `${sheet.name}: ${colour} is not in the palette`);
    }
    for (const [, triple] of rules.matchAll(/rgba\((\d+, \d+, \d+),/g)) {
      assert.ok(triples.has(triple), `${sheet.name}: rgba(${triple}) is not in the palette`);
    }
    for (const [, size] of rules.matchAll(/font-size: ([^;]+);/g)) {
      assert.ok(sizes.has(size) || /v[wh]$|^12px$/.test(size), `${sheet.name}: type of ${size} is not in the scale`);
    }
    for (const [time] of rules.matchAll(/(?<![\w.])\d*\.?\d+s\b/g)) {
      assert.ok(times.has(time), `${sheet.name}: a motion of ${time} is not ours`);
    }
    assert.doesNotMatch(rules,
      /var\(|display: grid|[^-]gap:|inset:|aspect-ratio:(?! 16)/, `${sheet.name} uses what old televisions don't know`);
    for (const [, properties] of rules.matchAll(/transition: ([^;]+);/g)) {
      for (const one of properties.split(/,(?![^(]*\))/)) {
        assert.match(one.trim(), /^(transform|opacity|none)\b/, `${sheet.name} moves more than transform and opacity`);
      }
    }
  }
});

test('words on their grounds have a contrast of at least 4.5', () => {
  const light = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const pairs = [['#f6ede3', '#14100d'], ['#b9a898', '#14100d'], ['#b9a898', '#1e1814'], ['#ff8a4c', '#1e1814'], ['#241207', '#f6ede3'],
    ['#241207', '#ff8a4c'], ['#f6ede3', '#c6361d'],
    ['#f6ede3', '#7a4a32'], ['#f6ede3', '#6b5a2e'], ['#f6ede3', '#4f5d3a'], ['#f6ede3', '#3a5a5c'], ['#f6ede3', '#5a4668'],
      ['#f6ede3', '#7a3f4a']];
  for (const [a, b] of pairs) {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${a} on ${b}: ${((high + 0.05) / (low + 0.05)).toFixed(2)}`);
  }
});
