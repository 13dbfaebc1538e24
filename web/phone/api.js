//! The phone API (docs/api.md): calls in JSON with the phone's token, and the probe. What goes wrong is a Refused.

import { request } from '/shared/request.js';
import { authorization } from './memory.js';

const TIMEOUT_MS = 15000;

/** Asks; `body` is sent as JSON, a Blob as it is. */
export function call(method, path, body) {
  return request(method, `/api/v1${path}`, body, { headers: authorization(), signal: within(TIMEOUT_MS) });
}

/** A signal that aborts after so long. */
function within(ms) {
  const aborter = new AbortController();
  setTimeout(() => aborter.abort(), ms);
  return aborter.signal;
}

const SMALL_BYTES = 256 * 1024;
const LARGE_BYTES = 1024 * 1024;
const PROBE_MS = 6000;
const QUICK_MS = 350;

/** Measures the way to the gateway; what it suggests, or null when it couldn't be measured in time. */
export async function probe() {
  const send = async (size) => {
    const response = await fetch('/api/v1/probe', { method: 'POST',
      headers: { ...authorization(), 'Content-Type': 'application/octet-stream' }, body: noise(size), cache: 'no-store',
      signal: within(PROBE_MS) });
    return response.ok ? response.json() : null;
  };
  try {
    const first = await send(SMALL_BYTES);
    if (!first || first.elapsed_ms > QUICK_MS) { return first?.suggested || null; }
    return (await send(LARGE_BYTES))?.suggested || null;
  } catch {
    return null;
  }
}

/** Bytes that nothing on the way can make smaller. */
function noise(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) { crypto.getRandomValues(bytes.subarray(at, at + 65536)); }
  return bytes;
}
