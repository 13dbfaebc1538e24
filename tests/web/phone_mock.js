'use strict';
// A stand-in for the gateway as phones see it: the phone API with invented people, and a WebSocket that takes in video
// and holds every message against docs/publish-websocket.md. What doesn't stand there is gathered in `faults`.

const fs = require('node:fs');
const crypto = require('node:crypto');
const http = require('node:http');
const path = require('node:path');
const { WebSocketServer } = require('ws');
const { WEB, served } = require('./sources');

const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml', png: 'image/png', webmanifest: 'application/manifest+json' };
// The gateway's own (src/http/pages/mod.rs).
const POLICY = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "
  + "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const CODE = '1234567890';
const TV_CODE = '123456';
const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const MOST_BYTES = 4 * 1024 * 1024;

const people = () => [
  { user_id: 'u-1', name: 'Avó Lurdes', photo_url: null },
  { user_id: 'u-2', name: 'Clara', photo_url: null },
  { user_id: 'u-3', name: 'Tio Joaquim', photo_url: null },
  { user_id: 'u-4', name: 'Maximiliana Wolfeschlegelsteinhausenbergerdorff', photo_url: null },
];

/** Squares enough to look like a picture for phones. */
const DARK = Array.from({ length: 29 * 29 }, (_, i) => i).filter((i) => (i * 7919) % 13 < 6);
const SQUARES = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29">'
  + `${DARK.map((i) => `<path fill="#241207" d="M${i % 29} ${Math.floor(i / 29)}h1v1h-1z"/>`).join('')}</svg>`;

/** What one socket sent. */
class Line {
  constructor() {
    Object.assign(this, { start: null, pictures: [], sounds: [], pieces: [], bytes: 0, ended: false, fastestUs: Infinity });
    this.last = new Map();
  }
}

class PhoneMock {
  constructor(options = {}) {
    Object.assign(this, { contacts: people(), accepted: false, token: 'token-1',
      house: { https_url: 'https://127.0.0.1:8443', claimed: true }, recipients: ['u-1'],
      own: { sender_id: 's-1', phone_id: 'p-1', name: 'Rui', msisdn: null, email: null, photo_url: null, owner: false,
      contacts_key: KEY.toString('base64url') }, shares: new Map(), lines: [], faults: [], calls: [], listeners: new Map(), events: [],
      refuses: false, slowBits: 0, suggested: { width: 1280, height: 720, frame_rate: 30, video_bits_per_second: 2000000 } }, options);
    this.sockets = new Set();
    this.server = http.createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => { this.sockets.add(socket); socket.on('close', () => this.sockets.delete(socket)); });
    this.gate = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, perMessageDeflate: false });
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  async listen(host = '127.0.0.1') {
    await new Promise((done) => { this.server.listen(0, host, done); });
    this.url = `http://${host}:${this.server.address().port}`;
    return this;
  }

  async close() {
    for (const socket of this.sockets) { socket.destroy(); }
    await new Promise((done) => { this.server.close(done); });
  }

  fault(text) { this.faults.push(text); }

  share(id) { return this.shares.get(id); }

  get newest() { return [...this.shares.values()].at(-1); }

  tell(id, name, data) {
    this.events.push({ id: this.events.length + 1, share: id, name, data });
    for (const response of this.listeners.get(id) || []) {
      response.write(`id: ${this.events.length}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  target(id, userId, state, latencyMs) {
    const target = this.share(id).targets.find((one) => one.user_id === userId);
    Object.assign(target, { state, ...(latencyMs ? { latency_ms: latencyMs } : {}) });
    this.tell(id, 'target', target);
  }

  over(share, reason) {
    Object.assign(share, { state: 'ended', reason });
    this.tell(share.share_id, 'share', { share_id: share.share_id, state: 'ended', reason });
    if (share.socket) { share.socket.send(JSON.stringify({ type: 'end', reason })); share.socket.close(reason === 'ended' ? 1000 : 1008); }
  }

  /** The line breaks; for `awayMs` nobody comes in. */
  cut(awayMs) {
    this.refuses = true;
    for (const share of this.shares.values()) { if (share.socket) { share.socket.terminate(); } }
    setTimeout(() => { this.refuses = false; }, awayMs);
  }

  upgrade(request, socket, head) {
    const share = [...this.shares.values()].find((one) => request.url.split('?camera=')[0] === `/publish/${one.secret}`);
    const refuse = (status) => { socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`); };
    if (this.refuses) { socket.destroy(); return; }
    if (this.handshakeRefused) { refuse(409); return; }
    if (!share || share.state === 'ended') { refuse(404); return; }
    if (share.socket) { refuse(409); return; }
    this.gate.handleUpgrade(request, socket, head, (ws) => this.publish(share, ws));
  }

  publish(share, ws) {
    const line = new Line();
    this.lines.push(line);
    share.socket = ws;
    ws.on('close', () => { if (share.socket === ws) { share.socket = null; } });
    ws.on('message', (data, isBinary) => {
      if (isBinary) { this.media(share, ws, line, data); return; }
      const message = JSON.parse(String(data));
      if (message.type === 'start') {
        this.start(share, ws, line, message);
      } else if (message.type === 'end') { this.over(share, 'ended'); } else { this.fault(`unknown text: ${data}`); }
    });
  }

  start(share, ws, line, message) {
    if (this.startRefused) {
      ws.send(JSON.stringify({ type: 'error', ...this.startRefused }));
      ws.close(1008);
      return;
    }
    if (line.start) { this.fault('a second start'); }
    if (message.version !== 1) { this.fault(`version ${message.version}`); }
    if (message.container) {
      if (message.container !== 'mp4' || message.video) { this.fault(`start: ${JSON.stringify(message)}`); }
    } else {
      if (!/^avc1\.[0-9a-f]{6}$/i.test(message.video.codec)) { this.fault(`video ${message.video.codec}`); }
      const { audio } = message;
      if (audio && !(audio.sample_rate > 0 && audio.channels > 0
        && (audio.codec === 'opus' || (audio.codec === 'mp4a.40.2' && audio.description)))) {
        this.fault(`audio ${JSON.stringify(audio)}`);
      }
    }
    line.start = message;
    ws.send(JSON.stringify({ type: 'started', version: 1, share_id: share.share_id }));
    this.acknowledge(ws, line);
  }

  media(share, ws, line, data) {
    if (!line.start) { this.fault('media before start'); }
    const [kind, flags] = data;
    if (data.length < 12 || data.readUInt16BE(2) !== 0 || flags > 1) { this.fault('a bad head'); }
    const timestampUs = Number(data.readBigInt64BE(4));
    const bytes = data.subarray(12);
    const isKey = flags === 1;
    const goes = line.last.get(kind);
    if (goes !== undefined && (timestampUs < goes || timestampUs - goes > 10e6)) {
      this.fault(`time of kind ${kind} went from ${goes} to ${timestampUs}`);
    }
    line.last.set(kind, timestampUs);
    line.bytes += data.length;
    if (line.start.container ? kind !== 3 : kind !== 1 && kind !== 2) { this.fault(`kind ${kind}`); }
    if (kind === 1) {
      if (!line.pictures.length && !isKey) { this.fault('pictures begin without a key frame'); }
      if (bytes.readUInt32BE(0) !== 1 && bytes.readUIntBE(0, 3) !== 1) { this.fault('not annex B'); }
      if (isKey && !sorts(bytes).includes(7)) { this.fault('a key frame without parameter sets'); }
      if (isKey !== sorts(bytes).includes(5)) { this.fault('the key flag lies'); }
      line.pictures.push({ timestampUs, isKey, bytes: Buffer.from(bytes), at: Date.now() });
    } else {
      (kind === 2 ? line.sounds : line.pieces).push({ timestampUs, bytes: Buffer.from(bytes) });
    }
    if (share.state === 'pending') {
      share.state = 'ready';
      this.tell(share.share_id, 'share', { share_id: share.share_id, state: 'ready' });
      for (const one of share.targets) { this.target(share.share_id, one.user_id, 'notified'); }
    }
  }

  /** Tells what arrived, as the gateway does; `queueMs` is what a slow line would show. */
  acknowledge(ws, line) {
    let told = 0;
    const timer = setInterval(() => {
      if (ws.readyState !== ws.OPEN) { clearInterval(timer); return; }
      if (line.bytes === told) { return; }
      told = line.bytes;
      ws.send(JSON.stringify({ type: 'ack', timestamp_us: line.last.get(1) ?? 0, received_bytes: line.bytes, queue_ms: this.queueMs || 10,
        viewers: 0 }));
    }, 200);
  }

  answer(request, response) {
    if (this.isAway) { request.socket.destroy(); return; }
    const url = new URL(request.url, 'http://gateway');
    const film = /^\/api\/v1\/shares\/([^/]+)\/video$/.exec(url.pathname);
    if (film) { this.film(request, response, film[1]); return; }
    if (url.pathname.startsWith('/api/v1/')) {
      const pieces = [];
      const begun = Date.now();
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => this.api(request, url.pathname.slice(7), Buffer.concat(pieces), response, Date.now() - begun,
        url.searchParams));
      return;
    }
    if (url.pathname.startsWith('/publish/')) {
      const [status, code] = this.handshakeRefused || [426, 'upgrade_required'];
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { code, message: 'in English' } }));
      return;
    }
    let name = path.posix.normalize(url.pathname.replace(/^\/go\//, '/phone/'));
    if (name.endsWith('/')) { name += 'index.html'; }
    const file = served(name);
    if (file === null) { response.writeHead(404); response.end(); return; }
    response.writeHead(200, { 'Content-Type': TYPES[name.split('.').pop()] || 'application/octet-stream', 'Content-Security-Policy': POLICY,
      'Cache-Control': 'no-store' });
    response.end(file);
  }

  /** Takes a film as docs/clips.md has it. `cutAt`: the line breaks once, at so many bytes; `holdAt`: no more is read from there on;
      `filmRefused`: what is said of one that is whole. */
  film(request, response, id) {
    const share = this.share(id);
    const answer = (status, headers, value) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(value ? JSON.stringify(value) : '');
    };
    this.calls.push({ call: `${request.method} video`, body: request.headers['content-range'] });
    if (request.headers.authorization !== `Bearer ${this.token}` || request.method !== 'PUT' || !share || share.kind !== 'clip') {
      answer(404, {}, { error: { code: 'not_found', message: 'there is no such share' } });
      return;
    }
    share.bytes ||= Buffer.alloc(0);
    const so = () => (share.bytes.length ? { Range: `bytes=0-${share.bytes.length - 1}` } : {});
    const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(request.headers['content-range']) || [];
    if (first === undefined) {
      if (request.headers['content-length'] !== '0') { this.fault('a question with a body'); }
      answer(share.bytes.length < +total ? 308 : 200, so(), null);
      return;
    }
    // A browser may repeat by itself what broke off.
    if (+first !== share.bytes.length) {
      answer(416, so(), { error: { code: 'offset', message: `${share.bytes.length} bytes have arrived: go on there` } });
      return;
    }
    if (+request.headers['content-length'] !== last - first + 1) { this.fault('the range lies'); }
    if (share.state === 'pending') { this.stands(share, 'preparing'); }
    request.on('data', (piece) => {
      share.bytes = Buffer.concat([share.bytes, piece]);
      if (this.cutAt && share.bytes.length >= this.cutAt) { this.cutAt = 0; request.socket.destroy(); }
      if (this.holdAt && share.bytes.length >= this.holdAt) { request.pause(); }
    });
    request.on('end', () => {
      if (share.bytes.length < +total) { answer(308, so(), null); return; }
      if (!this.filmRefused) { answer(200, {}, { share_id: id, state: 'preparing' }); return; }
      answer(415, {}, { error: { code: 'unsupported_codec', message: this.filmRefused } });
    });
  }

  stands(share, state, more) {
    Object.assign(share, { state }, more);
    this.tell(share.share_id, 'share', { share_id: share.share_id, state, kind: share.kind });
  }

  api(request, route, bytes, response, elapsedMs, query) {
    const json = (status, value) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const fail = (status, code, message) => json(status, { error: { code, message } });
    const call = `${request.method} ${route}`;
    const isJson = (request.headers['content-type'] || '').startsWith('application/json');
    const body = isJson && bytes.length ? JSON.parse(bytes) : bytes;
    this.calls.push({ call, body });
    if (call === 'POST /enrol') {
      if (body.code !== CODE) { fail(403, 'bad_code', 'this code is wrong or too old'); return; }
      this.own.name = body.name;
      this.own.photo_url = body.photo || null;
      json(201, { token: this.token, sender_id: 's-1' });
      return;
    }
    if (call === 'GET /house') { json(200, this.house); return; }
    if (call === 'POST /claim') {
      if (this.house.claimed) { fail(409, 'claimed', 'this home has an owner already; ask them for an invitation'); return; }
      if (this.house.closed) { fail(403, 'claim_closed', 'no TV\'s square counts any more'); return; }
      if (body.code !== TV_CODE) { fail(404, 'bad_code', 'that code is wrong, used or too old; ask for a new one'); return; }
      this.house.claimed = true;
      Object.assign(this.own, { name: body.name, owner: true });
      json(201, { token: this.token, sender_id: 's-1', account_id: 'a-1', user_id: 'u-0' });
      return;
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      fail(401, 'no_phone', 'enrol this phone first: its token is missing or was revoked');
      return;
    }
    const [, what, id, verb] = route.split('/');
    if (what === 'shares' && id) { this.shareCall(request, response, id, verb, json, fail, body); return; }
    switch (call) {
      case 'GET /me': json(200, this.own); break;
      case 'PATCH /me': Object.assign(this.own, body); json(200, this.own); break;
      case 'PUT /me/photo': json(200, { photo_url: null }); break;
      case 'GET /contacts': json(200, { contacts: this.contacts }); break;
      case 'POST /contacts/match': {
        const book = this.opened(body);
        const found = book.contacts.slice(0, 500).some((one) => (one.msisdn || '').replace(/\D/g, '').endsWith('912345678'))
          ? [{ user_id: 'u-9', name: 'Prima Inês', photo_url: null }] : [];
        this.contacts.push(...found);
        json(200, { matched: found, considered: Math.min(500, book.contacts.length), ignored: Math.max(0, book.contacts.length - 500),
          ...this.budget });
        break;
      }
      case 'GET /terms': {
        const language = (request.headers['accept-language'] || 'en').slice(0, 2);
        const [title, ...text] = fs.readFileSync(path.join(WEB, 'terms', `${language}.txt`), 'utf8').split('\n');
        json(200, { version: '1', title, text: text.join('\n').trim(), accepted: this.accepted, accepted_at: null });
        break;
      }
      case 'POST /terms/accept': this.accepted = true; json(200,
        { version: '1', accepted: true, accepted_at: new Date().toISOString() }); break;
      case 'POST /probe': json(200, { bytes: bytes.length, elapsed_ms: elapsedMs, bits_per_second: 1e7, suggested: this.suggested }); break;
      case 'GET /recipients': json(200, { targets: this.recipients }); break;
      case 'PUT /recipients': this.recipients = body.targets; json(200, {}); break;
      case 'GET /camera-apps': json(200, { rtsp_url: `rtsp://127.0.0.1:8554/phone/${this.token}`,
        larix_url: `larix://set/v1?conn[][url]=rtsp%3A%2F%2F127.0.0.1%3A8554%2Fphone%2F${this.token}&conn[][name]=Lareira` }); break;
      case 'GET /larix.svg': response.writeHead(200, { 'Content-Type': 'image/svg+xml' }); response.end(SQUARES); break;
      case 'POST /owner-session':
        if (!this.own.owner) { fail(403, 'not_owners_phone', 'this phone is not the owner’s'); break; }
        response.writeHead(200, { 'Content-Type': 'application/json',
          'Set-Cookie': 'lareira_owner=cookie-1; Path=/admin; HttpOnly; SameSite=Strict' });
        response.end('{}');
        break;
      case 'GET /shares': {
        const own = [...this.shares.values()].reverse().map(({ secret, socket, ...told }) => told);
        const [offset, limit] = ['offset', 'limit'].map((name) => Number(query.get(name)));
        json(200, { total: own.length, shares: own.slice(offset, offset + limit) });
        break;
      }
      case 'POST /shares': {
        if (this.shareRefused) { fail(...this.shareRefused, 'in English'); break; }
        const share = { share_id: `share-${this.shares.size + 1}`, secret: `secret-${this.shares.size + 1}`, state: 'pending',
          kind: body.kind, title: body.title || null, started_at: new Date().toISOString(), duration_ms: null, viewers: 0, media: null,
          targets: body.targets.map((user) => ({ user_id: user, name: this.contacts.find((one) => one.user_id === user).name,
          state: 'invited' })) };
        this.shares.set(share.share_id, share);
        json(201, { share_id: share.share_id, state: 'pending',
          publish: { rtsp_url: 'rtsp://gateway/x', websocket_url: `wss://gateway.example:8443/publish/${share.secret}` } });
        break;
      }
      default: fail(404, 'not_found', 'nothing is at this address');
    }
  }

  /** The contacts that came, as docs/contacts.md has them. */
  opened({ sealed, ...plain }) {
    if (!sealed) { this.fault('contacts came without a seal'); return plain; }
    const bytes = Buffer.from(sealed, 'base64');
    const cipher = crypto.createDecipheriv('aes-128-gcm', KEY, bytes.subarray(0, 12));
    cipher.setAAD(Buffer.from(this.own.phone_id));
    cipher.setAuthTag(bytes.subarray(-16));
    const book = JSON.parse(Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]));
    if (book.contacts.length > 500 || book.contacts.some((one) => 'name' in one)) {
      this.fault('more of the address book came than is needed');
    }
    return book;
  }

  shareCall(request, response, id, verb, json, fail, body) {
    const share = this.share(id);
    if (!share) { fail(404, 'not_found', 'there is no such share'); return; }
    if (verb === 'events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`retry: 1000\nevent: hello\ndata: {"now":"${new Date().toISOString()}"}\n\n`);
      const last = request.headers['last-event-id'];
      for (const event of this.events.filter((one) => last !== undefined && one.share === id && one.id > +last)) {
        response.write(`id: ${event.id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`);
      }
      if (!this.listeners.has(id)) { this.listeners.set(id, new Set()); }
      this.listeners.get(id).add(response);
      response.on('close', () => this.listeners.get(id).delete(response));
    } else if (verb === 'stop') {
      if (share.state !== 'ended') { this.over(share, 'ended'); }
      json(200, {});
    } else if (request.method === 'PATCH') {
      share.title = body.title || null;
      const { secret, socket, ...told } = share;
      json(200, told);
    } else if (request.method === 'DELETE') {
      this.shares.delete(id);
      json(200, {});
    } else {
      const { secret, socket, bytes, ...told } = share;
      json(200, told);
    }
  }
}

/** The types of the NAL units in an access unit in annex B. */
function sorts(bytes) {
  const found = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) { found.push(bytes[at + 3] & 31); }
  return found;
}

const start = (options, host) => new PhoneMock(options).listen(host);

module.exports = { start, CODE, KEY, TV_CODE, people };

if (require.main === module) { start().then((mock) => process.stdout.write(`${mock.url}/go/#${CODE}\n`)); }
