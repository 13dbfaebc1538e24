//! Runs beside the page (AudioWorklet): hands on the microphone's sound in pieces of 1024 samples, mixed to one channel.

const PIECE = 1024;

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  process([channels]) {
    if (!channels.length) { return true; }
    for (let i = 0; i < channels[0].length; i += 1) {
      let sum = 0;
      for (const channel of channels) { sum += channel[i]; }
      this.piece[this.filled] = sum / channels.length;
      this.filled += 1;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece, [this.piece.buffer]);
        this.piece = new Float32Array(PIECE);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('microphone', Microphone);
