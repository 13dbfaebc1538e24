'use strict';
// A stand-in for the gateway: the TV API with invented people, and live video with real pacing, so that the pages can be
// seen and tested alone. `node mock.js [port]` serves it for looking at; tests start it inside themselves.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const media = require('./media');
const { WEB, served } = require('./sources');

const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml', txt: 'text/plain; charset=utf-8' };
const POLICY = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:";
const MIME = 'video/mp4; codecs="avc1.42c01f,mp4a.40.2"';
const HOUR_MS = 3600000;

const clips = {};
function clipOf(width, height, seconds) {
  const key = `${width}x${height}x${seconds}`;
  if (!clips[key]) { clips[key] = media.fragments(media.clip(width, height, seconds), seconds); }
  return clips[key];
}

/** One live stream: fragments come due by the clock and go to every reader, newest group of pictures first. */
class Live {
  constructor(clip) {
    this.clip = clip;
    this.readers = new Set();
    this.group = [];
    this.segments = [];
    this.arrivals = new Map(); // the frame's number -> when it arrived, Unix ms
    this.loop = 0;
    this.next = 0;
    this.over = false;
    this.heldUntil = 0;
    this.jitterMs = 0;
    this.begun = performance.now();
    this.timer = setInterval(() => this.tick(), 2);
  }

  tick() {
    const now = performance.now();
    if (now < this.heldUntil) { return; }
    if (this.jitterMs && Math.random() < 0.02) { this.heldUntil = now + Math.random() * this.jitterMs; }
    for (;;) {
      const fragment = this.clip.fragments[this.next];
      const offset_s = this.loop * this.clip.seconds;
      if ((now - this.begun) / 1000 < fragment.time_s + offset_s) { return; }
      this.put(fragment, offset_s);
      this.next += 1;
      if (this.next === this.clip.fragments.length) { this.next = 0; this.loop += 1; }
    }
  }

  put(fragment, offset_s) {
    const date = performance.timeOrigin + performance.now();
    const pieces = [media.shifted(fragment, offset_s)];
    if (fragment.video) {
      const decode = fragment.runs[0].decode + BigInt(Math.round(offset_s * fragment.runs[0].timescale));
      pieces.unshift(media.prft(fragment.track, date, decode));
      this.arrivals.set(fragment.frame, date);
    }
    if (fragment.key) {
      this.group = [];
      this.segments.push({ clip: this.clip, pieces: [] });
    }
    this.group.push(...pieces);
    if (this.segments.length) { this.segments.at(-1).pieces.push(...pieces); }
    for (const reader of this.readers) { for (const piece of pieces) { reader.write(piece); } }
  }

  join(response) {
    response.write(this.clip.init);
    for (const piece of this.group) { response.write(piece); }
    this.readers.add(response);
    response.on('close', () => this.readers.delete(response));
  }

  /** Another picture size from now on, with its own initialisation segment in mid-stream. */
  change(clip) {
    const frames = Math.ceil((performance.now() - this.begun) / 1000);
    this.clip = clip;
    this.loop = Math.floor(frames / clip.seconds);
    this.next = clip.fragments.findIndex((fragment) => fragment.key && fragment.time_s + this.loop * clip.seconds >= frames);
    if (this.next < 0) { this.loop += 1; this.next = 0; }
    for (const reader of this.readers) { reader.write(clip.init); }
  }

  drop() { for (const reader of this.readers) { reader.destroy(); } }

  end() {
    this.over = true;
    clearInterval(this.timer);
    for (const reader of this.readers) { reader.end(); }
  }
}

function scene(seed, big) {
  const skies = [['#27455c', '#d9915a'], ['#5a7d8c', '#e8c39a'], ['#3b2f52', '#c65f4a'], ['#6d8a6b', '#d8d2a8'], ['#1d2b44', '#6b7fa8'],
    ['#a34f3b', '#f0b46a']];
  const [top, low] = skies[seed % skies.length];
  const hill = (y, colour, wave) => `<path d="M0 ${y} q ${160} ${-wave} 320 0 t 320 0 V360 H0z" fill="${colour}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" width="${big}" height="${(big * 9) / 16}">`
    + '<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1">'
    + `<stop offset="0" stop-color="${top}"/><stop offset="1" stop-color="${low}"/></linearGradient></defs>`
    + '<rect width="640" height="360" fill="url(#s)"/>'
    + `<circle cx="${120 + (seed * 97) % 420}" cy="${110 + (seed * 31) % 70}" r="34" fill="#fff1d6" opacity=".85"/>`
    + `${hill(220, '#00000040', 70 + (seed * 13) % 50)}${hill(260, '#00000066', -50)}${hill(300, '#000000a0', 40)}</svg>`;
}

function portrait(seed) {
  const backs = ['#c9a27a', '#8fa6a0', '#b98b8b', '#a7a078', '#8f93b0'];
  const hairs = ['#2b1c14', '#5a3a22', '#8c6a3a', '#1c1c20', '#9a9a9a'];
  const skins = ['#e8bd9b', '#c98f66', '#8a5a3c', '#f0cdb0'];
  return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
    + `<rect width="100" height="100" fill="${backs[seed % 5]}"/>`
    + `<path d="M14 100c2-24 18-32 36-32s34 8 36 32z" fill="${backs[(seed + 2) % 5]}"/>`
    + `<rect x="42" y="56" width="16" height="18" rx="8" fill="${skins[seed % 4]}"/>`
    + `<circle cx="50" cy="42" r="21" fill="${skins[seed % 4]}"/>`
    + `<path d="M27 44c-2-22 10-29 23-29s25 7 23 29c-5-10-10-14-23-15-13 1-18 5-23 15z" fill="${hairs[seed % 5]}"/></svg>`;
}

/** Something that looks like a QR code. */
function square() {
  let cells = '';
  for (let i = 0; i < 625; i += 1) {
    const [x, y] = [i % 25, Math.floor(i / 25)];
    const eye = (a, b) => x >= a && x < a + 7 && y >= b && y < b + 7;
    const ring = (a, b) => { const d = Math.max(Math.abs(x - a - 3), Math.abs(y - b - 3)); return d !== 2; };
    const on = eye(0, 0) ? ring(0, 0) : eye(18, 0) ? ring(18, 0) : eye(0, 18) ? ring(0, 18) : (x * 7 + y * 13 + x * y) % 3 === 0;
    if (on) { cells += `M${x} ${y}h1v1h-1z`; }
  }
  return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 29 29">'
    + `<rect x="-2" y="-2" width="29" height="29" fill="#fff"/><path d="${cells}"/></svg>`;
}

const PEOPLE = [
  { sender_id: 's-ana', name: 'Ana Sofia Reis', photo_url: '/mock/portrait/1' },
  { sender_id: 's-joaquim', name: 'Tio Joaquim', photo_url: null },
  { sender_id: 's-marta', name: 'Marta e Pedro', photo_url: '/mock/portrait/3' },
  { sender_id: 's-noa', name: 'נועה לוי', photo_url: null },
  { sender_id: 's-lurdes', name: 'Avó Lurdes', photo_url: '/mock/portrait/4' },
  { sender_id: 's-max', name: 'Maximiliana Wolfeschlegelsteinhausenbergerdorff de Albuquerque e Castro', photo_url: null },
];
const STATIONS = [
  [1, 'RTP 1', 'Telejornal', 'O Preço Certo'], [2, 'RTP 2', 'Biosfera', 'Jornal 2'], [3, 'SIC', 'Primeira Página', 'A Máscara'],
    [4, 'TVI', 'Jornal Nacional', 'Cacau'],
  [5, 'RTP Notícias', 'Direto ao Ponto', 'Eixo Norte Sul'],
    [12, 'La 1', 'Cuéntame cómo pasó, el reencuentro de los Alcántara en San Genaro', 'La Gran Consulta'],
  [13, 'La 2', 'El hombre y la tierra', 'Saber y ganar'], [21, 'BBC One', 'The One Show', 'EastEnders'], [22, 'BBC Two', null, null],
    [101, 'Rádio Renascença em imagens, a estação mais comprida', null, 'Matinas'],
];

/** Channels with what is on now and next, as a playlist and a guide give them. */
function stations(nowMs) {
  const at = (minutes) => new Date(nowMs + minutes * 60000).toISOString();
  return STATIONS.map(([number, name, now, next], i) => ({
    channel_id: `c-${number}`, number, name, group: number < 10 ? 'Portugal' : number < 20 ? 'España' : 'World',
      logo_url: i % 4 === 3 ? null : `/mock/logo/${i}`,
    play: { hls_url: `/play/channel-${number}/ticket/index.m3u8` },
    now: now ? { title: now, starts_at: at(-17 - i * 3), ends_at: at(28 - i * 2) } : null,
      next: next ? { title: next, starts_at: at(28 - i * 2), ends_at: at(75) } : null,
  }));
}

function logo(seed) {
  const inks = ['#e05a3a', '#4a7fb0', '#d9a53a', '#5b9a6f', '#9a6fae'];
  return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90"><rect width="160" height="90" fill="#f4f1ec"/>'
    + `<circle cx="${50 + (seed % 3) * 8}" cy="45" r="24" fill="${inks[seed % 5]}"/>`
    + `<rect x="70" y="${30 - (seed % 2) * 6}" width="50" height="30" rx="${(seed % 4) * 5}" fill="${inks[(seed + 2) % 5]}"/></svg>`;
}

const HELP = {
  'sign-in': ['Who is watching', ['Choose your face with the arrows and press OK.',
    'If you have a PIN, type it with the digits, or choose them on the screen.'],
    ['After five wrong tries the TV waits for a while.', 'Your videos are shown to nobody else.']],
  inbox: ['The inbox', ['Everything that was shared with you is here, newest first.',
    'A share that is live plays at once. Another one tells about itself first: who sent it, when, and how long it is.'],
    ['Arrows move, OK chooses, Back leads back.', 'The red key deletes, the green one plays.']],
  settings: ['Settings', ['What you change counts from the moment you save it.'],
    ['Quiet hours: nothing rings in that time.',
    'Receive videos: off means that nobody can share with you.', `A very long line: ${'so it goes on and on, '.repeat(30)}`,
    ...Array.from({ length: 12 }, (_, i) => `Point ${i + 1}, to make this page longer than the screen.`)]],
};

const TITLES = ['Pôr do sol na Arrábida', '', 'First steps!', 'ים', 'Aniversário da Clara', 'L'.repeat(10000), 'Goal in the last minute',
  ''];

/** `count` shares of the past, newest first, some of them as awkward as people make them. */
function pastShares(count, nowMs) {
  const entries = [];
  for (let i = 0; i < count; i += 1) {
    entries.push({
      share_id: `past-${i}`, sender: PEOPLE[i % PEOPLE.length], title: TITLES[i % TITLES.length],
      started_at: new Date(nowMs - (i * 11 + 2) * HOUR_MS).toISOString(), duration_ms: 20000 + ((i * 77777) % 4000000),
      state: 'ended', kind: i % 7 === 6 ? 'clip' : 'live', seen: i > 2, target_state: i > 2 ? 'watched' : 'invited',
      thumbnail_url: i % 6 === 3 ? null : `/mock/scene/${i}`,
    });
  }
  return entries;
}

class Mock {
  constructor(options) {
    Object.assign(this, {
      paired: true, claimed: true, claim: 'square', users: [], entries: [], channels: [], blocked: [], pin: '1234', wrong: 0, askPin: false,
        account: { account_id: 'a-1', name: 'Casa' },
      refuse: new Map(), // a call such as 'PUT /settings' -> the status it is refused with
    }, options);
    this.settings = { skip_pin: true, service_off: false, language: this.language || 'en', quiet_hours: null };
    this.streams = new Map();
    this.listeners = new Set();
    this.calls = [];
    this.sockets = new Set();
    this.server = http.createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => { socket.setNoDelay(true); this.sockets.add(socket); socket.on('close',
      () => this.sockets.delete(socket)); });
  }

  async listen(port) {
    await new Promise((done, failed) => { this.server.once('error', failed); this.server.listen(port || 0, '127.0.0.1', done); });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async close() {
    for (const stream of this.streams.values()) { stream.end(); }
    for (const socket of this.sockets) { socket.destroy(); }
    await new Promise((done) => { this.server.close(done); });
  }

  /** Goes away as a restart does, for a while, and comes back at the same port. */
  async restart(awayMs) {
    for (const socket of this.sockets) { socket.destroy(); }
    await new Promise((done) => { this.server.close(done); });
    await new Promise((done) => { setTimeout(done, awayMs); });
    await this.listen(this.port);
  }

  tell(name, data) { for (const response of this.listeners) { response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`); } }

  /** An entry as it is told: of a sender who is to be allowed first, no more than who it is. */
  shown(entry) {
    if (!entry.introduction) { return entry; }
    return { ...entry, sender: { ...entry.sender, photo_url: null, number: '+351 912 345 678' }, title: null, thumbnail_url: null };
  }

  entry(id) { return this.entries.find((entry) => entry.share_id === id); }

  /** A share becomes ready, and rings. */
  ring(more) {
    const entry = { share_id: `live-${this.entries.length}`, sender: PEOPLE[0], title: 'Pôr do sol na Arrábida',
      started_at: new Date().toISOString(), duration_ms: null, state: 'ready', kind: 'live', seen: false, target_state: 'notified',
      thumbnail_url: '/mock/scene/0', ...more };
    this.entries.unshift(entry);
    this.streams.set(entry.share_id, new Live(clipOf(1280, 720, 60)));
    this.tell('ring', this.shown(entry));
    this.tell('inbox', this.counts());
    return entry;
  }

  end(id, more = {}) {
    const entry = this.entry(id);
    Object.assign(entry, { state: 'ended', duration_ms: Date.now() - Date.parse(entry.started_at), ...more });
    this.streams.get(id).end();
    this.tell('share', { share_id: id, state: 'ended', reason: more.reason || 'stopped' });
  }

  counts() { return { total: this.entries.length, unseen: this.entries.filter((entry) => !entry.seen).length }; }

  play(id) {
    const base = `${this.url}/play/${id}/ticket`;
    return { live_mp4_url: `${base}/live.mp4`, hls_url: `${base}/index.m3u8`, video_mp4_url: `${base}/video.mp4`,
      thumbnail_url: `${base}/thumbnail.jpg`, mime: MIME };
  }

  answer(request, response) {
    const url = new URL(request.url, this.url);
    const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    if (parts[0] === 'play') { return this.playback(request, response, parts); }
    if (parts[0] === 'tv' && parts[1] === 'api') {
      let body = '';
      request.on('data', (piece) => { body += piece; });
      request.on('end', () => this.api(request.method, parts.slice(2), url, body ? JSON.parse(body) : {}, response));
      return undefined;
    }
    if (parts[0] === 'tv' && parts[1] === 'help') { return this.help(parts[2], url.searchParams.get('lang'), response); }
    if (parts[0] === 'mock') {
      if (parts[1] === 'qr') { response.writeHead(200, { 'Content-Type': 'image/svg+xml' }); return response.end(square()); }
      if (!/^\d+$/.test(parts[2])) { response.writeHead(404); return response.end(); }
      response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
      return response.end({ portrait: () => portrait(+parts[2]), scene: () => scene(+parts[2], 640),
        logo: () => logo(+parts[2]) }[parts[1]]());
    }
    const name = url.pathname === '/tv/' || parts[1] === 'n' ? '/tv/index.html' : path.posix.normalize(url.pathname);
    const file = served(name);
    if (file === null) { response.writeHead(404); return response.end(); }
    response.writeHead(200, { 'Content-Type': TYPES[name.split('.').pop()] || 'application/octet-stream', 'Content-Security-Policy': POLICY,
      'Cache-Control': 'no-store' });
    return response.end(file);
  }

  api(method, parts, url, body, response) {
    const json = (status, value, headers) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(JSON.stringify(value));
    };
    const fail = (status, code, message, headers) => json(status, { error: { code, message } }, headers);
    this.calls.push({ call: `${method} /${parts.join('/')}`, body, at: Date.now() });
    const [what, id, verb] = parts;
    const refused = this.refuse.get(`${method} /${what}`);
    if (refused) { return fail(refused, 'refused', 'Refused on purpose.'); }
    if (what === 'device') {
      if (!this.paired) {
        const square = this.claimed || this.claim === 'square' ? { pair_url: `${this.url}/pair/K7Q4MD`, pair_qr_svg: '/mock/qr/1.svg' }
          : {};
        return json(200, { tv_id: 'tv-1', paired: false, claimed: this.claimed, ...(this.claimed ? {} : { claim: this.claim }),
          pairing_code: 'K7Q4MD', ...square, users: [] });
      }
      return json(200, { tv_id: 'tv-1', paired: true, account: this.account, users: this.account ? this.users : [] });
    }
    if (what === 'events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write(`retry: 500\nevent: hello\ndata: ${JSON.stringify({ now: new Date().toISOString() })}\n\n`);
      this.listeners.add(response);
      return response.on('close', () => this.listeners.delete(response));
    }
    if (what === 'sign-in') {
      const user = this.users.find((one) => one.user_id === body.user_id);
      if (user.has_pin && body.pin !== this.pin) {
        this.wrong += 1;
        return this.wrong >= 5 ? fail(429, 'locked', 'Too many wrong PINs.', { 'Retry-After': '90' })
          : fail(401, 'wrong_pin', 'Wrong PIN.');
      }
      this.users.forEach((one) => { one.signed_in = one === user; });
      return json(200, {});
    }
    if (!this.paired) { return fail(403, 'not_paired', 'Pair it first.'); }
    if (!this.users.some((user) => user.signed_in)) { return fail(401, 'not_signed_in', 'Sign in first.'); }
    if (what === 'sign-out') { this.users.forEach((one) => { one.signed_in = false; }); return json(200, {}); }
    if (what === 'settings') {
      if (method === 'PUT') { this.settings = body; }
      return json(200, method === 'PUT' ? {} : this.settings);
    }
    if (what === 'blocks') {
      if (method === 'GET') {
        return json(200, { blocked: this.blocked, senders: PEOPLE.filter((one) => this.blocked.includes(one.sender_id)) });
      }
      if (body.delete_entries) {
        this.entries = this.entries.filter((one) => this.blocked.includes(one.sender.sender_id)
          || !body.blocked.includes(one.sender.sender_id));
      }
      this.blocked = body.blocked;
      return json(200, {});
    }
    if (what === 'invite') {
      return json(201, { code: '1234567890', url: 'http://lareira.local:8080/go/?code=1234567890', qr_svg: '/shared/mark.svg' });
    }
    if (what === 'channels') { return json(200, { channels: this.channels }); }
    if (what === 'inbox' && method === 'DELETE') {
      this.entries = this.entries.filter((one) => one.share_id !== id);
      this.tell('inbox', this.counts());
      return json(200, {});
    }
    if (what === 'inbox') {
      const offset = +url.searchParams.get('offset') || 0;
      return json(200, { ...this.counts(), entries: this.entries.slice(offset, offset + (+url.searchParams.get('limit') || 20))
        .map((one) => this.shown(one)) });
    }
    const entry = this.entry(id);
    if (what !== 'shares' || !entry) { return fail(404, 'unknown_share', 'There is no such share.'); }
    if (entry.not_for && this.users.find((one) => one.signed_in).user_id === entry.not_for) {
      return fail(403, 'not_a_target', 'It is for somebody else.');
    }
    if (!verb) { return json(200, entry.introduction ? this.shown(entry) : { ...entry, play: this.play(id) }); }
    if (verb === 'allow') {
      delete entry.introduction;
      this.tell('ring', entry);
      return json(200, {});
    }
    if (verb === 'accept') {
      if (this.askPin && body.pin !== this.pin) { return fail(401, body.pin ? 'wrong_pin' : 'pin_required', 'PIN, please.'); }
      if (entry.state === 'expired') { return fail(410, 'expired', 'This video is no longer kept.'); }
      entry.seen = true;
      return json(200, { play: this.play(id) });
    }
    if (verb === 'later' || verb === 'decline') {
      entry.target_state = verb === 'later' ? 'later' : 'declined';
      entry.seen = verb === 'decline';
    }
    return json(200, {});
  }

  help(topic, language, response) {
    const known = HELP[topic];
    if (!known) { response.writeHead(404); return response.end(); }
    const [title, paragraphs, items] = known;
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY });
    const inside = (name, texts) => texts.map((text) => `<${name}>${text}</${name}>`).join('');
    return response.end(`<!DOCTYPE html><html lang="${language}"><head><title>${title}</title></head><body><main><h1>${title}</h1>`
      + `${inside('p', paragraphs)}<h2>With the remote</h2><ul>${inside('li', items)}</ul>`
      + '<script>window.broken = 1</script></main></body></html>');
  }

  playback(request, response, parts) {
    const [, id, , file] = parts;
    if (this.dead && this.dead.has(id)) { response.writeHead(503); return response.end(); }
    if (id.startsWith('channel-') && !this.streams.has(id)) { this.streams.set(id, new Live(clipOf(640, 360, 60))); }
    const stream = this.streams.get(id);
    if (file === 'live.mp4' && this.broken) { return this.broken(response, request); }
    if (file === 'live.mp4') {
      if (!stream || stream.over) { response.writeHead(410); return response.end(); }
      response.writeHead(200, { 'Content-Type': 'video/mp4', 'Cache-Control': 'no-store' });
      return stream.join(response);
    }
    if (file === 'video.mp4') { return this.file(request, response, media.clip(1280, 720, 60)); }
    return this.hls(response, stream, file);
  }

  /** Plain HLS: a segment a group of pictures; a recorded share is one clip long, a live one grows. */
  hls(response, stream, file) {
    const clip = clipOf(1280, 720, 60);
    const live = stream && !stream.over;
    if (file === 'index.m3u8') {
      const count = live ? Math.max(0, stream.segments.length - 1) : clip.seconds;
      const lines = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:1', ...(live ? [] : ['#EXT-X-PLAYLIST-TYPE:VOD']),
        '#EXT-X-MAP:URI="init.mp4"'];
      for (let n = 0; n < count; n += 1) { lines.push('#EXTINF:1.0,', `segment-${n}.m4s`); }
      if (!live) { lines.push('#EXT-X-ENDLIST'); }
      response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl', 'Cache-Control': 'no-store' });
      return response.end(`${lines.join('\n')}\n`);
    }
    response.writeHead(200, { 'Content-Type': 'video/mp4' });
    if (file === 'init.mp4') { return response.end(stream ? stream.clip.init : clip.init); }
    const n = +/\d+/.exec(file)[0];
    if (live) { return response.end(Buffer.concat(stream.segments[n].pieces)); }
    return response.end(Buffer.concat(clip.fragments.filter((fragment) => Math.floor(fragment.time_s) === n)
      .map((fragment) => fragment.bytes)));
  }

  file(request, response, name) {
    const size = fs.statSync(name).size;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range || '');
    const from = range ? +range[1] : 0;
    const to = range && range[2] ? Math.min(+range[2], size - 1) : size - 1;
    response.writeHead(range ? 206 : 200, { 'Content-Type': 'video/mp4', 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1,
      ...(range ? { 'Content-Range': `bytes ${from}-${to}/${size}` } : {}) });
    fs.createReadStream(name, { start: from, end: to }).pipe(response);
  }
}

const FAMILY = () => [
  { user_id: 'u-1', name: 'Clara', photo_url: '/mock/portrait/2', has_pin: false, signed_in: false },
  { user_id: 'u-2', name: 'Rui Manuel', photo_url: null, has_pin: true, signed_in: false },
  { user_id: 'u-3', name: 'Maximiliana Wolfeschlegelsteinhausen', photo_url: null, has_pin: false, signed_in: false },
  { user_id: 'u-4', name: 'נועה לוי', photo_url: null, has_pin: false, signed_in: false },
];

/** Starts a stand-in; options override what it begins with (users, entries, paired, language, pin …). */
async function start(options, port) {
  /* Made once on a machine, which takes seconds: not while a page waits for an answer. */
  for (const [width, height] of [[1280, 720], [640, 360]]) { media.clip(width, height, 60); }
  return new Mock(options || {}).listen(port);
}

module.exports = { start, pastShares, stations, PEOPLE, FAMILY, clipOf };

if (require.main === module) {
  start({ users: FAMILY().slice(0, 2), entries: pastShares(27, Date.now()), channels: stations(Date.now()),
    blocked: ['s-joaquim', 's-max'] }, +process.argv[2] || 8090).then((mock) => {
    process.stdout.write(`${mock.url}/tv/ — a line on standard input rings; "end" ends the newest live share\n`);
    let last = null;
    process.stdin.on('data', (line) => {
      if (String(line).trim() === 'end' && last) { mock.end(last.share_id); } else { last = mock.ring(); }
    });
  });
}
