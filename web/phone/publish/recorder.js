//! Where the browser can't encode pictures one by one (no WebCodecs): MediaRecorder's MP4, handed on piece by piece. Its
//! rate can't change on the way; a line that is too slow for it gets another file with half the rate.

import { LADDER } from './ladder.js';

const PIECE_MS = 200;
/** Chromium writes a fragment for each key frame. */
const KEY_EVERY_MS = 1000;
const TYPES = ['video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'video/mp4;codecs=avc1.42E01F,opus', 'video/mp4;codecs=avc1,mp4a.40.2',
  'video/mp4;codecs=avc1', 'video/mp4'];

/** The kind of MP4 this browser records, or undefined. */
export function recordable() {
  return 'MediaRecorder' in window ? TYPES.find((type) => MediaRecorder.isTypeSupported(type)) : undefined;
}

/** Records a stream; `give(bytes)` gets the file's pieces in order. */
export class Recording {
  constructor(stream, rung, share, give) {
    const bits = LADDER[rung].bitsPerSecond * share;
    this.recorder = new MediaRecorder(stream, { mimeType: recordable(), videoBitsPerSecond: Math.round(bits), audioBitsPerSecond: 96000,
      videoKeyFrameIntervalDuration: KEY_EVERY_MS });
    let last = Promise.resolve();
    this.recorder.ondataavailable = ({ data }) => {
      if (data.size) { last = last.then(async () => { if (!this.isOver) { give(new Uint8Array(await data.arrayBuffer())); } }); }
    };
    this.recorder.start(PIECE_MS);
  }

  close() {
    this.isOver = true;
    if (this.recorder.state !== 'inactive') { this.recorder.stop(); }
  }
}
