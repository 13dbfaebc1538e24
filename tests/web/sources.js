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

/** The Lareira namespace with some of its pure files loaded, outside any browser. */
function load(...names) {
  const window = {};
  const context = vm.createContext({ window, Uint8Array, Date, Math, JSON });
  for (const name of names) { vm.runInContext(fs.readFileSync(path.join(WEB, 'tv', name), 'utf8'), context, { filename: name }); }
  return window.Lareira;
}

/** Fails unless scripts use just the texts {language: {key: text}} there are, alike in every language, and write none as markup. */
function checkTexts(scripts, texts) {
  const used = new Set();
  for (const file of scripts) {
    assert.doesNotMatch(file.text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file.name);
    for (const [, key] of file.text.matchAll(/\bt\('([a-z_0-9]+)'/g)) { used.add(key); }
    for (const [, key] of file.text.matchAll(/\bn\('([a-z_]+)'/g)) { used.add(`${key}_one`).add(`${key}_other`); }
  }
  for (const [language, own] of Object.entries(texts)) {
    assert.deepEqual(Object.keys(own).sort(), [...used].sort(), language);
    for (const [key, text] of Object.entries(own)) {
      const places = (value) => [...value.matchAll(/\{\w+\}/g)].map(String).sort().join();
      assert.equal(places(text), places(texts.en[key]), `${language}: ${key}`);
    }
  }
}

module.exports = { WEB, files, load, checkTexts };
