//! A share's server-sent events (HTML Living Standard, section 9.2), read with fetch, because EventSource can't say whose
//! phone it is. Comes back by itself, from the last event it heard.

import { authorization } from './memory.js';

const PAUSES_MS = [500, 1000, 2000, 4000];
/** The gateway says something every quarter of a minute. */
const SILENCE_MS = 40000;

/** Turns text that comes in any pieces into events `{id, name, data}`. */
export class EventReader {
  constructor() {
    this.rest = '';
    this.id = null;
    this.clear();
  }

  clear() {
    this.name = 'message';
    this.data = [];
  }

  /** The events that this piece completes. */
  take(piece) {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line === '') {
        if (this.data.length) { events.push({ id: this.id, name: this.name, data: this.data.join('\n') }); }
        this.clear();
      } else if (!line.startsWith(':')) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === 'id') { this.id = value; }
        if (field === 'event') { this.name = value; }
        if (field === 'data') { this.data.push(value); }
      }
    }
    return events;
  }
}

/** Calls `hear(name, value)` with each event of a share, and `hear('hello')` on each connection, until `stop` is called. Returns `stop`. */
export function follow(shareId, hear) {
  const all = new AbortController();
  let last = null;
  let tries = 0;
  const listen = async () => {
    const once = new AbortController();
    let silence = 0;
    const heard = () => { clearTimeout(silence); silence = setTimeout(() => once.abort(), SILENCE_MS); };
    const stop = () => once.abort();
    all.signal.addEventListener('abort', stop);
    try {
      heard();
      const headers = { ...authorization(), Accept: 'text/event-stream', ...(last === null ? {} : { 'Last-Event-ID': last }) };
      const response = await fetch(`/api/v1/shares/${shareId}/events`, { headers, cache: 'no-store', signal: once.signal });
      if (response.status === 401 || response.status === 404) { return false; }
      if (!response.ok) { throw new Error(String(response.status)); }
      const reader = new EventReader();
      const text = new TextDecoder();
      const bytes = response.body.getReader();
      for (;;) {
        const { value, done } = await bytes.read();
        if (done) { return true; }
        heard();
        tries = 0;
        for (const event of reader.take(text.decode(value, { stream: true }))) {
          if (event.id !== null) { last = event.id; }
          hear(event.name, JSON.parse(event.data));
        }
      }
    } catch {
      return true;
    } finally {
      clearTimeout(silence);
      all.signal.removeEventListener('abort', stop);
    }
  };
  const run = async () => {
    while (!all.signal.aborted && (await listen())) {
      await new Promise((done) => { setTimeout(done, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]); });
      tries += 1;
    }
  };
  run();
  return () => all.abort();
}
