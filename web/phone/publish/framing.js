//! What goes over the publishing socket, version 1 of docs/publish-websocket.md: messages as bytes and JSON, nothing that
//! sends them.

/** Kinds of binary messages. */
export const PICTURE = 1;
export const SOUND = 2;
export const PIECE = 3;

const HEAD_BYTES = 12;

/** A binary message: its head, and room for `size` bytes that `fill` writes. Times are microseconds. */
export function frame(kind, isKey, timestampUs, size, fill) {
  const message = new Uint8Array(HEAD_BYTES + size);
  const view = new DataView(message.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, isKey ? 1 : 0);
  view.setBigInt64(4, BigInt(Math.round(timestampUs)));
  fill(message.subarray(HEAD_BYTES));
  return message;
}

/** What the page's clock counts from, in microseconds since 1970: so that the gateway can tell how long pictures take. */
const epochUs = () => Math.round((Date.now() - performance.now()) * 1000);

/** The first message of a socket that carries frames; `sound` may be null. */
export function startFrames(videoCodec, sound) {
  const audio = sound && { codec: sound.codec, sample_rate: sound.sampleRate, channels: sound.channels };
  if (audio && sound.description) { audio.description = base64(sound.description); }
  return JSON.stringify({ type: 'start', version: 1, epoch_us: epochUs(), video: { codec: videoCodec }, ...(audio ? { audio } : {}) });
}

/** The first message of a socket that carries one MP4 file in pieces. */
export function startFile() {
  return JSON.stringify({ type: 'start', version: 1, epoch_us: epochUs(), container: 'mp4' });
}

/** The message that ends the share. */
export function end() {
  return JSON.stringify({ type: 'end' });
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
