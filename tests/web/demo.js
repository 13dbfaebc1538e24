'use strict';
// The real gateway: as `lareira demo` runs it, on ports of its own, with a household, a TV and a phone that is live; or
// as it is served, empty.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { execFileSync, spawn } = require('node:child_process');
const { TV, blank } = require('./browser');

const PROGRAM = process.env.LAREIRA || path.join(__dirname, '../../target/debug/lareira');

/** A demo, for ever or for so many seconds: what it prints, its process, the address it serves at, the owner's verbs, and a way
 *  to end it. */
function startDemo(seconds = null) {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ['demo', '--json', ...(seconds ? ['--seconds', String(seconds)] : [])],
      { stdio: ['ignore', 'pipe', 'pipe'] });
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
        pid: child.pid,
        url: new URL(told.tv_url).origin,
        admin: (...verb) => JSON.parse(execFileSync(PROGRAM, ['admin', '--json', '--data-dir', told.data_dir, ...verb]).toString()),
        close: async () => { child.kill('SIGTERM'); await ended; }
      });
    });
    child.once('exit', (code) => { reject(new Error(`the demo ended with ${code}: ${complained}`)); });
  });
}

/** The page of the demo's TV, at its home or at `path`, on a processor so many times slower. */
async function television(browser, demo, { path: at = null, slowed = 1, ...how } = {}) {
  const page = await blank(browser, { ...TV, ...how });
  await page.context().addCookies([{ name: 'lareira_tv', value: demo.tv_cookie, url: `${demo.url}/tv`, httpOnly: true }]);
  if (slowed > 1) { await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slowed }); }
  await page.goto(at ? demo.url + at : demo.tv_url);
  return page;
}

/** Ports that nobody has just now. */
async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count },
    () => new Promise((resolve) => { const server = net.createServer().listen(0, '127.0.0.1', () => resolve(server)); })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => { server.close(done); })));
  return ports;
}

/** A gateway with settings of its own, in a folder that is given back with it; the folder is there for `settings(folder)`. */
async function startGateway(settings, { names = [], httpsHost = '127.0.0.1' } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lareira-'));
  const [http, https, rtsp] = await freePorts(3);
  const data = path.join(folder, 'data');
  const config = path.join(folder, 'config.toml');
  fs.writeFileSync(config, [
    `data_dir = ${JSON.stringify(data)}`,
    '[http]', `address = "127.0.0.1:${http}"`, `names = ${JSON.stringify(names)}`,
    '[https]', `address = "${httpsHost}:${https}"`,
    '[rtsps]', 'address = "127.0.0.1:0"',
    '[rtsp]', `address = "127.0.0.1:${rtsp}"`,
    settings(folder)
  ].join('\n'));
  const url = `http://127.0.0.1:${http}`;
  const serve = async () => {
    const child = spawn(PROGRAM, ['serve', '--config', config], { stdio: 'ignore' });
    const ended = new Promise((done) => { child.once('exit', done); });
    const patience = Date.now() + 20000;
    while (!await fetch(`${url}/healthz`).then((answer) => answer.ok, () => false)) {
      if (child.exitCode !== null || Date.now() > patience) {
        child.kill('SIGTERM');
        throw new Error(`the gateway did not begin to serve (${child.exitCode})`);
      }
      await new Promise((done) => { setTimeout(done, 50); });
    }
    return async () => { child.kill('SIGTERM'); await ended; };
  };
  let stop = await serve();
  return {
    url, folder, httpsPort: https,
    admin: (...verb) => JSON.parse(execFileSync(PROGRAM, ['admin', '--json', '--data-dir', data, ...verb]).toString()),
    /** Told to stop, and, when that is done and `meanwhile` has happened, started again. */
    restart: async (meanwhile = async () => {}) => {
      await stop();
      await meanwhile();
      stop = await serve();
    },
    close: async () => { await stop(); fs.rmSync(folder, { recursive: true }); }
  };
}

module.exports = { startDemo, startGateway, television };
