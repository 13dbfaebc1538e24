//! Pictures made into H.264 (WebCodecs VideoEncoder): annex B, constrained baseline, a key frame each second or on
//! request. Size and rate follow a quality that may change at any time.

import { CaptureClock } from './clock.js';
import { codecs, fit } from './ladder.js';

const KEY_EVERY_US = 1000000;
/** Pictures that may wait in the encoder. */
const MOST_WAITING = 2;
/** An encoder that breaks again so soon won't do any better. */
const BREAKS_EVERY_MS = 2000;

/** A configuration the browser can encode, or null. */
export async function supported(width, height, { frameRate, bitsPerSecond }) {
  for (const codec of codecs(width, height, frameRate)) {
    for (const hardwareAcceleration of ['prefer-hardware', 'no-preference']) {
      const wanted = { codec, width, height, bitrate: bitsPerSecond, framerate: frameRate, latencyMode: 'realtime', bitrateMode: 'variable',
        hardwareAcceleration, avc: { format: 'annexb' } };
      try {
        if ((await VideoEncoder.isConfigSupported(wanted)).supported) { return wanted; }
      } catch { /* A browser that doesn't know one of the words throws: the next is tried. */ }
    }
  }
  return null;
}

/** Encodes pictures; `give(chunk, timestampUs)` gets each, `fail(error)` what breaks. */
export class VideoRoom {
  constructor(adaptation, give, fail) {
    Object.assign(this, { adaptation, give, fail });
    this.clock = new CaptureClock();
    this.encoder = null;
    this.config = null;
    this.isChanging = false;
    this.wantsKey = true;
    this.keyAtUs = -Infinity;
    this.takenAtUs = -Infinity;
    this.brokeAtMs = -Infinity;
  }

  /** The next picture is a key frame. */
  requestKey() {
    this.wantsKey = true;
  }

  /** Finds out what can be encoded for a camera of this size; the codec's name. */
  async prepare(width, height) {
    this.config = await this.find(width, height);
    if (!this.config) { throw new Error('no H.264'); }
    return this.config.codec;
  }

  async find(width, height) {
    const quality = this.adaptation.quality();
    const size = fit(width, height, quality);
    const config = await supported(size.width, size.height, quality);
    return config && { ...config, source: `${width}x${height}@${quality.width}` };
  }

  /** Takes a picture, encodes it or leaves it out, and closes it. */
  take(picture) {
    try {
      this.encode(picture);
    } catch (error) {
      this.broke(error);
    }
    picture.close();
  }

  /** Phones take encoders away, as when a page was hidden: another is opened for the next picture. */
  broke(error) {
    const nowMs = performance.now();
    if (nowMs - this.brokeAtMs < BREAKS_EVERY_MS) {
      this.fail(error);
      return;
    }
    this.brokeAtMs = nowMs;
    if (this.encoder && this.encoder.state !== 'closed') { this.encoder.close(); }
    this.encoder = null;
  }

  encode(picture) {
    const nowUs = performance.now() * 1000;
    const timestampUs = this.clock.at(picture.timestamp, nowUs);
    if (!this.adaptation.lets()) {
      this.wantsKey = true;
      return;
    }
    const quality = this.adaptation.quality();
    const isEarly = timestampUs - this.takenAtUs < 1e6 / quality.frameRate - 8000;
    if (isEarly || (this.encoder && this.encoder.encodeQueueSize > MOST_WAITING)) { return; }
    this.follow(picture.displayWidth, picture.displayHeight, quality);
    if (!this.encoder) { this.open(); }
    const key = this.wantsKey || timestampUs - this.keyAtUs >= KEY_EVERY_US;
    if (key) {
      this.wantsKey = false;
      this.keyAtUs = timestampUs;
    }
    this.takenAtUs = timestampUs;
    const own = this.sized(picture, timestampUs);
    try { this.encoder.encode(own, { keyFrame: key }); } finally { own.close(); }
  }

  /** Another size or rate: the rate changes at once, the size when it is known that it can be encoded. */
  follow(width, height, quality) {
    const source = `${width}x${height}@${quality.width}`;
    if (source !== this.config.source && !this.isChanging) {
      this.isChanging = true;
      this.find(width, height).then((found) => {
        this.isChanging = false;
        if (found && this.config) { this.use(found); } else if (this.config) { this.config.source = source; }
      }, (error) => this.fail(error));
    } else if (Math.abs(quality.bitsPerSecond / this.config.bitrate - 1) > 0.05) {
      this.use({ ...this.config, bitrate: quality.bitsPerSecond, framerate: quality.frameRate });
    }
  }

  use(config) {
    const isOtherSize = config.width !== this.config.width || config.height !== this.config.height;
    this.config = config;
    if (isOtherSize) { this.wantsKey = true; }
    if (this.encoder && this.encoder.state === 'configured') { this.encoder.configure(bare(config)); }
  }

  open() {
    const encoder = new VideoEncoder({ output: (chunk) => this.give(chunk, chunk.timestamp),
      error: (error) => { if (encoder === this.encoder) { this.broke(error); } } });
    this.encoder = encoder;
    encoder.configure(bare(this.config));
    this.wantsKey = true;
  }

  /** The picture in the size to be encoded, upright, with its time on the page's clock. */
  sized(picture, timestampUs) {
    const { width, height } = this.config;
    if (picture.displayWidth === width && picture.displayHeight === height && !picture.rotation) {
      return new VideoFrame(picture, { timestamp: timestampUs });
    }
    if (!this.canvas) { this.canvas = new OffscreenCanvas(width, height); }
    if (this.canvas.width !== width || this.canvas.height !== height) { Object.assign(this.canvas, { width, height }); }
    this.canvas.getContext('2d', { alpha: false }).drawImage(picture, 0, 0, width, height);
    return new VideoFrame(this.canvas, { timestamp: timestampUs });
  }

  /** Another camera: its clock is another. */
  changeSource() {
    this.clock.lagUs = Infinity;
    this.wantsKey = true;
  }

  close() {
    this.config = null;
    if (this.encoder && this.encoder.state !== 'closed') { this.encoder.close(); }
    this.encoder = null;
  }
}

function bare({ source, ...config }) {
  return config;
}
