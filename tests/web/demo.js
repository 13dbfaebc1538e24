'use strict';
// The real gateway as `lareira demo` runs it: on ports of its own, with a household, a TV and a phone that is live.

const path = require('node:path');
const { execFileSync, spawn } = require('node:child_process');

const PROGRAM = path.join(__dirname, '../../target/debug/lareira');

/** A demo, for ever or for so many seconds: what it prints, the address it serves at, the owner's verbs, and a way to end it. */
function startDemo(seconds = null) {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ['demo', '--json', ...(seconds ? ['--seconds', String(seconds)] : [])], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((done) => { child.once('exit', done); });
    let said = '';
    let complained = '';
    child.stderr.on('data', (bytes) => { complained += bytes; });
    child.stdout.on('data', (bytes) => {
      said += bytes;
      if (!said.includes('\n')) { return; }
      const told = JSON.parse(said.slice(0, said.indexOf('\n')));
      resolve({
        ...told,
        url: new URL(told.tv_url).origin,
        admin: (...verb) => JSON.parse(execFileSync(PROGRAM, ['admin', '--json', '--data-dir', told.data_dir, ...verb]).toString()),
        stop: async () => { child.kill('SIGTERM'); await ended; }
      });
    });
    child.once('exit', (code) => { reject(new Error(`the demo ended with ${code}: ${complained}`)); });
  });
}

module.exports = { startDemo };
