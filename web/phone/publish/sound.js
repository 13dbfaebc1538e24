//! The microphone made into AAC, or into Opus where the browser has no AAC (old televisions play AAC alone).

import { CaptureClock } from './clock.js';

const SAMPLE_RATE = 48000;
/** How long the encoder may take to say what it makes. */
const FIRST_WAIT_MS = 1500;

const CHOICES = [
  { codec: 'mp4a.40.2', sampleRate: SAMPLE_RATE, numberOfChannels: 1, bitrate: 96000, aac: { format: 'aac' } },
  { codec: 'opus', sampleRate: SAMPLE_RATE, numberOfChannels: 1, bitrate: 64000 },
];

/** Whether this browser can encode sound at all; some encode pictures alone. */
export function encodesSound() {
  return 'AudioEncoder' in window;
}

async function supported() {
  if (!encodesSound()) { return null; }
  for (const choice of CHOICES) {
    try {
      if ((await AudioEncoder.isConfigSupported(choice)).supported) { return choice; }
    } catch { /* Not known to this browser: the next is tried. */ }
  }
  return null;
}

/** Sound going on; `give(chunk, timestampUs)` gets each piece. */
export class SoundRoom {
  constructor(give) {
    this.give = give;
    this.clock = new CaptureClock();
    this.format = null;
    this.source = null;
    this.samples = 0;
    this.offsetUs = 0;
    this.givenUs = -Infinity;
  }

  /** Begins with a track. `format` is then `{codec, sampleRate, channels, description}`, or null without sound. */
  async open(track) {
    const config = track && (await supported());
    if (!config) { return; }
    this.context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
    // Where it may not run yet, this waits for a touch; the picture doesn't.
    this.context.resume();
    await this.context.audioWorklet.addModule('/go/publish/microphone.js');
    this.node = new AudioWorkletNode(this.context, 'microphone', { numberOfOutputs: 1 });
    // Nothing is heard: the node is asked for sound only if it leads somewhere.
    const silence = new GainNode(this.context, { gain: 0 });
    this.node.connect(silence).connect(this.context.destination);
    const format = { codec: config.codec, sampleRate: SAMPLE_RATE, channels: 1, description: null };
    const first = new Promise((done) => {
      this.encoder = new AudioEncoder({
        output: (chunk, about) => {
          const description = about?.decoderConfig?.description;
          this.format ||= { ...format, description: description ? bytesOf(description) : null };
          done();
          this.givenUs = Math.max(this.givenUs + 1, chunk.timestamp + this.offsetUs);
          this.give(chunk, this.givenUs);
        },
        error: () => done(),
      });
    });
    this.encoder.configure(config);
    // Opus needs no description: it is announced at once, and begins when it can.
    if (config.codec === 'opus') { this.format = format; }
    this.node.port.onmessage = ({ data }) => this.take(data);
    this.follow(track);
    if (!this.format) { await Promise.race([first, new Promise((done) => { setTimeout(done, FIRST_WAIT_MS); })]); }
  }

  /** Another microphone from now on. */
  follow(track) {
    if (!this.context || !track) { return; }
    if (this.source) { this.source.disconnect(); }
    try {
      this.source = this.context.createMediaStreamSource(new MediaStream([track]));
      this.source.connect(this.node);
    } catch { /* Firefox takes no microphone of another rate: pictures go on without sound. */ }
  }

  take(samples) {
    if (this.encoder.state !== 'configured') { return; }
    // Encoders count on from the first sample they were given, whatever is said of later ones: what the clock corrects is added after.
    const ownUs = (this.samples * 1e6) / SAMPLE_RATE;
    this.samples += samples.length;
    const timestamp = Math.round(ownUs);
    this.offsetUs = this.clock.at(ownUs, performance.now() * 1000) - timestamp;
    const data = new AudioData({ format: 'f32-planar', sampleRate: SAMPLE_RATE, numberOfFrames: samples.length, numberOfChannels: 1,
      timestamp, data: samples });
    this.encoder.encode(data);
    data.close();
  }

  close() {
    if (this.encoder && this.encoder.state !== 'closed') { this.encoder.close(); }
    if (this.context) { this.context.close(); }
  }
}

function bytesOf(source) {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
}
