'use strict';
// The page's own sources for tests that need no browser.

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

module.exports = { WEB, files, load };
