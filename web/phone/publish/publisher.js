//! Publishes one share over its socket, from the first message to the last, and comes back by itself when the line was
//! lost: with growing pauses, a key frame first. It ends when the gateway says so, or when it is told to.

import { Adaptation } from './adapt.js';
import { PICTURE, SOUND, PIECE, frame, startFrames, startFile, end } from './framing.js';
import { LADDER } from './ladder.js';
import { pictures } from './pictures.js';
import { Recording, recordable } from './recorder.js';
import { SoundRoom, encodesSound } from './sound.js';
import { VideoRoom } from './video.js';

const PAUSES_MS = [250, 500, 1000];
const LOOK_EVERY_MS = 200;
/** A socket that neither opens nor acknowledges for so long is taken for lost. */
const SILENCE_MS = 4000;
/** How long a gateway that said that it stops is waited for as one that starts again. */
const RESTART_MS = 60000;
/** Errors that another try may not meet. The socket is closed after them. */
const PASSING = ['refused', 'late_start'];

/** The share's socket as this page reaches it: its own origin, with the address's path. */
export function ownAddress(websocketUrl, page) {
  const path = new URL(websocketUrl, page.href).pathname;
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}`;
}

/**
 * `camera`: `{stream, video}`, the picture being shown in `video`. `rung`: of the probe.
 * `tell({state, reason, code})`: `live`, `lost` (comes back by itself; `code` where the gateway said why), `restarting` (so does the
 * gateway), `paused`, `ended`.
 * `isOver()`: asks whether the share is.
 */
export class Publisher {
  constructor({ url, camera, rung, tell, isOver }) {
    Object.assign(this, { url, camera, rung, tell, isOver });
    this.adaptation = new Adaptation(rung, performance.now());
    this.tries = 0;
    this.isDone = false;
    this.isPaused = false;
    this.fileShare = 1;
    /** Why the gateway let nothing in, the last time it said so. */
    this.refusal = '';
    this.restartUntilMs = 0;
    // So that the gateway knows this camera when it comes back over another network.
    this.name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    // Safari encodes pictures since 16.4, sound since 26: between them only its recorder has both.
    this.usesFrames = 'VideoEncoder' in window && (encodesSound() || !camera.stream.getAudioTracks().length || !recordable());
  }

  /** Gets encoders ready and connects. Throws where this browser can't send video at all. */
  async start() {
    if (this.usesFrames) { await this.openEncoders(); }
    if (!this.usesFrames) { await this.narrow(); }
    this.looking = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.connect();
  }

  async openEncoders() {
    const { stream, video } = this.camera;
    this.video = new VideoRoom(this.adaptation, (chunk, timestampUs) => this.send(PICTURE, chunk, timestampUs),
      (error) => this.broken(error));
    try {
      this.codec = await this.video.prepare(video.videoWidth, video.videoHeight);
    } catch {
      this.usesFrames = false;
      return;
    }
    this.sound = new SoundRoom((chunk, timestampUs) => this.send(SOUND, chunk, timestampUs));
    try {
      await this.sound.open(stream.getAudioTracks()[0]);
    } catch { /* Sound that can't be had leaves the picture. */ }
    this.stopPictures = pictures(stream.getVideoTracks()[0], video, (picture) => this.video.take(picture));
  }

  /** A recorder takes the camera's own size: the camera is asked for that of the rung. */
  async narrow() {
    if (!recordable()) { throw new Error('no encoder'); }
    const { width, height } = LADDER[this.rung];
    await this.camera.stream.getVideoTracks()[0].applyConstraints({ width: { ideal: width }, height: { ideal: height } }).catch(() => {});
  }

  /** Another camera or microphone from now on. */
  changeCamera(camera) {
    this.camera = camera;
    const { stream, video } = camera;
    if (!this.usesFrames) {
      this.again();
      return;
    }
    this.stopPictures();
    this.video.changeSource();
    this.sound.follow(stream.getAudioTracks()[0]);
    this.stopPictures = pictures(stream.getVideoTracks()[0], video, (picture) => this.video.take(picture));
  }

  connect() {
    clearTimeout(this.waiting);
    this.drop();
    const socket = new WebSocket(`${this.url}?camera=${this.name}`);
    this.socket = socket;
    this.isStarted = false;
    this.heardAtMs = performance.now();
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      // What a share's first socket says of sound holds for all of it.
      this.saidSound = Boolean(this.sound?.format);
      socket.send(this.usesFrames ? startFrames(this.codec, this.sound.format) : startFile());
    };
    socket.onmessage = ({ data }) => { if (socket === this.socket) { this.heard(JSON.parse(data)); } };
    socket.onclose = () => { if (socket === this.socket) { this.lost(); } };
  }

  heard(message) {
    const nowMs = performance.now();
    this.heardAtMs = nowMs;
    if (message.type === 'started') {
      this.tries = 0;
      this.refusal = '';
      this.restartUntilMs = 0;
      this.adaptation.forget(nowMs);
      this.isStarted = true;
      this.hasKey = false;
      this.sentAtMs = 0;
      this.sentBytes = 0;
      if (this.usesFrames) { this.video.requestKey(); } else { this.record(); }
      this.tell({ state: 'live' });
    } else if (message.type === 'ack') {
      this.sentAtMs = 0;
      this.adaptation.acknowledged(message, nowMs);
    } else if (message.type === 'key_frame') {
      if (this.usesFrames) { this.video.requestKey(); } else { this.again(); }
    } else if (message.type === 'end' && (message.reason === 'withdrawn' || message.reason === 'ended')) {
      this.finish({ state: 'ended', reason: message.reason });
    } else if (message.type === 'end') {
      if (message.reason === 'stopping') { this.restartUntilMs = nowMs + RESTART_MS; } else { this.refusal = message.reason; }
    } else if (message.type === 'error' && message.code === 'not_playable') {
      this.finish({ state: 'ended', reason: 'unplayable', code: message.reason });
    } else if (message.type === 'error' && PASSING.includes(message.code)) {
      this.refusal = message.reason || message.code;
    } else if (message.type === 'error') {
      this.finish({ state: 'ended', reason: 'error', code: message.code, message: message.message });
    }
  }

  send(kind, chunk, timestampUs) {
    if (this.isDone || !this.isStarted || this.socket.readyState !== WebSocket.OPEN) { return; }
    const isKey = kind === PICTURE && chunk.type === 'key';
    if (isKey) { this.hasKey = true; }
    // A new socket begins with a key frame, and sound waits for it too; sound is left out while pictures are.
    if (!this.hasKey || (kind === SOUND && !(this.saidSound && this.adaptation.lets()))) { return; }
    this.give(frame(kind, isKey, timestampUs, chunk.byteLength, (room) => chunk.copyTo(room)));
  }

  give(message) {
    this.socket.send(message);
    this.sentBytes += message.byteLength;
    this.sentAtMs ||= performance.now();
  }

  record() {
    this.recording = new Recording(this.camera.stream, this.rung, this.fileShare, (bytes) => {
      if (this.isStarted && this.socket.readyState === WebSocket.OPEN) {
        this.give(frame(PIECE, false, performance.now() * 1000, bytes.length, (room) => room.set(bytes)));
      }
    });
  }

  look() {
    if (this.isDone || this.isPaused || !this.socket) { return; }
    const nowMs = performance.now();
    const isOpening = this.socket.readyState === WebSocket.CONNECTING || (this.socket.readyState === WebSocket.OPEN && !this.isStarted);
    const since = isOpening ? this.heardAtMs : this.sentAtMs || nowMs;
    if (nowMs - since > SILENCE_MS) {
      this.drop();
      this.lost();
    } else if (this.isStarted) {
      this.adaptation.look(this.sentBytes, nowMs);
      if (!this.usesFrames && !this.adaptation.lets()) {
        this.fileShare = Math.max(0.1, this.fileShare / 2);
        this.again();
      }
    }
  }

  /** What is being sent, for people: the height of a picture that lies, and bits a second. */
  quality() {
    const { bitsPerSecond, height } = this.adaptation.quality();
    const { videoWidth, videoHeight } = this.camera.video;
    return { height: Math.min(height, videoWidth, videoHeight) || height, bitsPerSecond };
  }

  again() {
    if (!this.isDone && !this.isPaused) { this.connect(); }
  }

  lost() {
    if (this.isDone || this.isPaused) { return; }
    const wasRefused = this.refusal;
    this.drop();
    const isRestarting = performance.now() < this.restartUntilMs;
    this.tell({ state: isRestarting ? 'restarting' : 'lost', code: wasRefused });
    // Asked on a line that may be dead: nothing waits for the answers.
    if (this.tries > 0) { this.endIfOver(); }
    if (!wasRefused && !isRestarting && this.tries > 0) { this.askWhy(); }
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.connect(), PAUSES_MS[Math.min(this.tries, PAUSES_MS.length - 1)]);
    this.tries += 1;
  }

  async endIfOver() {
    if ((await this.isOver()) && !this.isStarted) { this.finish({ state: 'ended', reason: 'lost' }); }
  }

  /** Why nothing is let in: a browser isn't told what its socket's handshake was answered, but what a plain question is. */
  async askWhy() {
    try {
      const answer = await fetch(this.url.replace(/^ws/, 'http'), { cache: 'no-store' });
      const { error } = await answer.json();
      if (error.code === 'upgrade_required' || this.isStarted || this.isDone || this.isPaused) { return; }
      this.tell({ state: 'lost', code: error.code });
    } catch { /* The line is gone indeed. */ }
  }

  /** The page is hidden, or a call has the camera: nothing is sent; the share waits for its resume window. */
  pause() {
    if (this.isDone || this.isPaused) { return; }
    this.isPaused = true;
    clearTimeout(this.waiting);
    this.drop();
    this.tell({ state: 'paused' });
  }

  /** Goes on after a pause, perhaps with a camera opened anew. */
  resume(camera) {
    if (this.isDone || !this.isPaused) { return; }
    this.isPaused = false;
    this.tries = 1;
    if (camera && camera.stream !== this.camera.stream) { this.changeCamera(camera); }
    if (this.sound?.context) { this.sound.context.resume(); }
    this.endIfOver();
    this.again();
  }

  /** Ends the share. */
  stop() {
    const isSaid = this.socket?.readyState === WebSocket.OPEN && this.isStarted;
    if (isSaid) { this.socket.send(end()); }
    this.finish({ state: 'ended', reason: 'stopped' }, !isSaid);
  }

  broken(error) {
    this.finish({ state: 'ended', reason: 'error', message: error.message });
  }

  drop() {
    const { socket } = this;
    this.socket = null;
    this.isStarted = false;
    if (this.recording) { this.recording.close(); this.recording = null; }
    if (socket) { socket.close(); }
  }

  finish(news, closes = true) {
    if (this.isDone) { return; }
    this.isDone = true;
    clearInterval(this.looking);
    clearTimeout(this.waiting);
    if (this.stopPictures) { this.stopPictures(); }
    this.video?.close();
    this.sound?.close();
    // After our own "end" the gateway closes.
    if (closes) { this.drop(); } else if (this.recording) { this.recording.close(); }
    this.tell(news);
  }
}
