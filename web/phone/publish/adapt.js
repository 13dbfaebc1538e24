//! How much is sent: follows what the gateway acknowledges. Quickly down, slowly up, within the probe's ladder. Pure: time
//! is an argument, in milliseconds.
//!
//! What waits does so where no page can look: in the phone's own network stack and on the way. But what was sent and not
//! acknowledged is known, and so is how fast the rest arrives.

import { LADDER } from './ladder.js';

const LEAST_BITS = 150000;
/** A queue this long means that the line is full. */
const LONG_MS = 250;
/** A queue this short means that there is room. */
const SHORT_MS = 100;
/** For so long a queue stands before it counts. */
const STANDING_MS = 700;
/** What a cut needs to show in the queue. */
const CUT_EVERY_MS = 800;
const RAISE_EVERY_MS = 1000;
/** How much more is tried: little around the rate that was too much last, more where that is far. */
const RAISE = 1.3;
const RAISE_CAREFULLY = 1.1;
/** How long the line must be quiet before more is tried; longer after a try that failed. */
const PATIENCE_MS = 2000;
const MOST_PATIENCE_MS = 6000;
/** Of a line that takes so much, this is used. */
const CAREFUL = 0.85;
/** Over so long it is measured what arrives. */
const ARRIVING_MS = 500;
/** Nothing is encoded while more than this is unacknowledged, and again below that. A round trip, the wait for an
    acknowledgement and a key frame are part of it. */
const CLOSE_MS = 1000;
const OPEN_MS = 250;

/** Decides bit rate, size and frame rate, and when to leave out pictures. */
export class Adaptation {
  /** `top`: the rung of the ladder that the probe found; never more is sent. */
  constructor(top, nowMs) {
    this.top = top;
    this.rung = top;
    this.bitsPerSecond = LADDER[top].bitsPerSecond;
    this.patienceMs = PATIENCE_MS;
    this.tooMuch = Infinity;
    this.forget(nowMs);
  }

  /** A new connection: what was measured on the old one says nothing about it. */
  forget(nowMs) {
    this.acks = [];
    this.isClosed = false;
    this.cutAtMs = nowMs;
    this.raisedAtMs = -Infinity;
    this.quietSinceMs = nowMs;
  }

  /** What to encode now: `{width, height, frameRate, bitsPerSecond}`, the sizes as the longest and shortest side. */
  quality() {
    const { width, height, frameRate } = LADDER[this.rung];
    return { width, height, frameRate, bitsPerSecond: Math.round(this.bitsPerSecond) };
  }

  /** The gateway has told what arrived. */
  acknowledged({ queue_ms: queueMs, received_bytes: receivedBytes }, nowMs) {
    this.acks.push({ queueMs, receivedBytes, nowMs });
    while (this.acks.length > 2 && nowMs - this.acks[1].nowMs > 1000) { this.acks.shift(); }
  }

  /** Looks at the line again, some times a second. `sentBytes`: all that was given to this connection. */
  look(sentBytes, nowMs) {
    const newest = this.acks.at(-1);
    const isLate = newest?.queueMs > LONG_MS;
    const arriving = this.arrivingBitsPerSecond();
    const rate = isLate && arriving > 0 ? Math.min(arriving, this.bitsPerSecond) : this.bitsPerSecond;
    const waitingMs = ((sentBytes - (newest?.receivedBytes || 0)) * 8000) / rate;
    if (this.isClosed) {
      if (waitingMs < OPEN_MS) {
        this.isClosed = false;
        // What waited was all the line had to do: how fast it went is what the line takes.
        const { receivedBytes, nowMs: since } = this.closed;
        this.cut(nowMs, (((newest?.receivedBytes || 0) - receivedBytes) * 8000 * CAREFUL) / (nowMs - since));
      }
      return;
    }
    if (waitingMs > CLOSE_MS) {
      this.isClosed = true;
      this.closed = { receivedBytes: newest?.receivedBytes || 0, nowMs };
      return;
    }
    const standingMs = this.standingMs(nowMs);
    if (standingMs > SHORT_MS) { this.quietSinceMs = nowMs; }
    if (standingMs > LONG_MS) {
      if (nowMs - this.cutAtMs >= CUT_EVERY_MS) { this.cut(nowMs, Math.max(arriving * CAREFUL, this.bitsPerSecond * 0.5)); }
    } else if (nowMs - this.quietSinceMs >= this.patienceMs && nowMs - this.raisedAtMs >= RAISE_EVERY_MS) {
      this.raise(nowMs);
    }
  }

  /** Whether the next picture may be encoded; where not, it is left out, and a key frame comes after it. */
  lets() {
    return !this.isClosed;
  }

  /** The queue that stays: the shortest of late. One that comes and goes is the radio's doing, and no reason to send less. */
  standingMs(nowMs) {
    const late = this.acks.filter((ack) => nowMs - ack.nowMs < STANDING_MS).map((ack) => ack.queueMs);
    return late.length ? Math.min(...late) : this.acks.at(-1)?.queueMs || 0;
  }

  cut(nowMs, bitsPerSecond) {
    this.patienceMs = nowMs - this.raisedAtMs < 5000 ? Math.min(MOST_PATIENCE_MS, this.patienceMs * 1.5) : PATIENCE_MS;
    this.tooMuch = this.bitsPerSecond;
    this.bitsPerSecond = Math.max(LEAST_BITS, Math.min(this.bitsPerSecond * 0.75, bitsPerSecond));
    this.cutAtMs = nowMs;
    this.quietSinceMs = nowMs;
    while (this.rung < LADDER.length - 1 && this.bitsPerSecond < LADDER[this.rung].bitsPerSecond * 0.6) { this.rung += 1; }
  }

  raise(nowMs) {
    const part = this.bitsPerSecond / this.tooMuch;
    this.bitsPerSecond = Math.min(LADDER[this.top].bitsPerSecond,
      this.bitsPerSecond * (part > 0.7 && part < 1.2 ? RAISE_CAREFULLY : RAISE));
    this.raisedAtMs = nowMs;
    // A size larger when its own rate is reached: a key frame of it costs, so it isn't taken earlier.
    if (this.rung > this.top && this.bitsPerSecond >= LADDER[this.rung - 1].bitsPerSecond) { this.rung -= 1; }
  }

  arrivingBitsPerSecond() {
    const last = this.acks.at(-1);
    const first = this.acks.find((ack) => last.nowMs - ack.nowMs <= ARRIVING_MS);
    return last && last.nowMs > first.nowMs ? ((last.receivedBytes - first.receivedBytes) * 8000) / (last.nowMs - first.nowMs) : 0;
  }
}
