'use strict';
// The page's own sources for tests that need no browser.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const WEB = path.join(__dirname, '..', '..', 'web');

/** Every file under the given folders of web/, as {name, text}. */
function files(...folders) {
  const found = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(WEB, folder), { withFileTypes: true })) {
      const name = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) { walk(name); } else { found.push({ name, text: fs.readFileSync(path.join(WEB, name), 'utf8') }); }
    }
  };
  folders.forEach(walk);
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

const LANGUAGES = ['en', 'es', 'pt'];

/** The texts of a page as {key: [English, Spanish, Portuguese]}; a list is an array of them. Whether they are all there is
    what the build says, and tests/tidy/. */
function texts(page) {
  const blocks = fs.readFileSync(path.join(WEB, 'texts', `${page}.txt`), 'utf8').replace(/^#.*\n/gm, '').trim().split(/\n{2,}/);
  const said = (line) => (line.includes(' | ') ? line.slice(5).split(' | ') : line.slice(5));
  return Object.fromEntries(blocks.map((block) => block.split('\n')).map(([key, ...lines]) => [key, lines.map(said)]));
}

/** Scripts that `build.rs` makes of texts, by their names under web/; their weight is that of those it makes. */
function made() {
  const rows = (page, write) => Object.entries(texts(page)).map(([key, row]) => `${key}:${JSON.stringify(write(row))}`);
  const found = [{ name: 'tv/texts/all.js',
    text: `(window.Lareira=window.Lareira||{}).texts={\n${rows('tv', (row) => row).join(',\n')}\n};\n` }];
  for (const page of ['phone', 'admin']) {
    for (const [i, language] of LANGUAGES.entries()) {
      const own = rows(page, (row) => row[i]).map((row) => `${row},\n`).join('');
      found.push({ name: `${page}/texts/${language}.js`, text: `export const words={\n${own}};\n` });
    }
  }
  return found;
}

/** What the gateway serves under a name: a file of web/, or a script that is made of texts. `null`: there is none. */
function served(name) {
  const script = made().find((file) => file.name === name.replace(/^\//, ''));
  if (script) { return script.text; }
  const file = path.join(WEB, name);
  return fs.existsSync(file) && fs.statSync(file).isFile() ? fs.readFileSync(file) : null;
}

/** A script or style sheet without what `build.rs` leaves out: indentation, empty lines, comments that begin a line, and of a
 *  style sheet the blanks that nothing needs. */
function bare(text, isSheet = false) {
  const lines = text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*\n/gm, '').replace(/^\s+/gm, '');
  return isSheet ? lines.replace(/ ?([{};]) ?/g, '$1').replace(/([:,]) /g, '$1').replace(/;\}/g, '}').replace(/\n/g, '') : lines;
}

/** The Lareira namespace with its texts and some of its pure files loaded, outside any browser. */
function load(...names) {
  const window = {};
  const context = vm.createContext({ window, Uint8Array, Date, Math, JSON });
  for (const name of ['texts/all.js', ...names]) { vm.runInContext(String(served(`tv/${name}`)), context, { filename: name }); }
  return window.Lareira;
}

/** Fails unless scripts use just the texts of a page, alike in every language, and write none as markup. */
function checkTexts(scripts, page) {
  const used = new Set();
  for (const file of scripts) {
    assert.doesNotMatch(file.text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file.name);
    for (const [, key] of file.text.matchAll(/\bt\('([a-z_0-9]+)'/g)) { used.add(key); }
    for (const [, key] of file.text.matchAll(/\bn\('([a-z_]+)'/g)) { used.add(`${key}_one`).add(`${key}_other`); }
  }
  const own = texts(page);
  assert.deepEqual(Object.keys(own).sort(), [...used].sort());
  for (const [key, row] of Object.entries(own)) {
    assert.ok(row.length === LANGUAGES.length && row.every((text) => text.length), key);
    const places = (value) => [...value.matchAll(/\{\w+\}/g)].map(String).sort().join();
    for (const text of row) { assert.equal(places(text), places(row[0]), `${key}: ${text}`); }
  }
}

module.exports = { WEB, LANGUAGES, files, texts, made, served, bare, load, checkTexts };
