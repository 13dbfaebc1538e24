//! Publishes one share over its socket, from the first message to the last, and comes back by itself when the line was
//! lost: with growing pauses, a key frame first. It ends when the gateway says so, or when it is told to.

import { Adaptation } from './adapt.js';
import { PICTURE, SOUND, PIECE, frame, startFrames, startFile, end } from './framing.js';
import { LADDER } from './ladder.js';
import { pictures } from './pictures.js';
import { Recording, recordable } from './recorder.js';
import { SoundRoom } from './sound.js';
import { VideoRoom } from './video.js';

const PAUSES_MS = [250, 500, 1000, 2000];
const LOOK_EVERY_MS = 200;
/** A socket that neither opens nor acknowledges for so long is taken for lost. */
const SILENCE_MS = 4000;

/** The share's socket as this page reaches it: its own origin, with the address's path. */
export function ownAddress(websocketUrl, page) {
  const path = new URL(websocketUrl, page.href).pathname;
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${path}`;
}

/**
 * `camera`: `{stream, video}`, the picture being shown in `video`. `rung`: of the probe.
 * `tell({state, reason, code})`: `live`, `lost` (comes back by itself), `paused`, `ended`. `isOver()`: asks whether the share is.
 */
export class Publisher {
  constructor({ url, camera, rung, tell, isOver }) {
    Object.assign(this, { url, camera, rung, tell, isOver });
    this.adaptation = new Adaptation(rung, performance.now());
    this.tries = 0;
    this.isDone = false;
    this.isPaused = false;
    this.fileShare = 1;
    this.usesFrames = 'VideoEncoder' in window;
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
    this.video = new VideoRoom(this.adaptation, (chunk, timestampUs) => this.send(PICTURE, chunk, timestampUs), (error) => this.broken(error));
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
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.isStarted = false;
    this.heardAtMs = performance.now();
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      // Sound that comes to life later waits for the next socket: this one has said what it carries.
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
      this.adaptation.forget(nowMs);
      this.isStarted = true;
      this.hasKey = false;
      this.sentAtMs = 0;
      if (this.usesFrames) { this.video.requestKey(); } else { this.record(); }
      this.tell({ state: 'live' });
    } else if (message.type === 'ack') {
      this.sentAtMs = 0;
      this.adaptation.acknowledged(message, nowMs);
    } else if (message.type === 'key_frame') {
      if (this.usesFrames) { this.video.requestKey(); } else { this.again(); }
    } else if (message.type === 'end' && (message.reason === 'withdrawn' || message.reason === 'ended')) {
      this.finish({ state: 'ended', reason: message.reason });
    } else if (message.type === 'error') {
      this.finish({ state: 'ended', reason: 'error', message: message.message });
    }
  }

  send(kind, chunk, timestampUs) {
    if (this.isDone || !this.isStarted || this.socket.readyState !== WebSocket.OPEN) { return; }
    const isKey = kind === PICTURE && chunk.type === 'key';
    if (isKey) { this.hasKey = true; }
    // A new socket begins with a key frame, and sound waits for it too; sound is left out while pictures are.
    if (!this.hasKey || (kind === SOUND && !(this.saidSound && this.adaptation.lets()))) { return; }
    this.socket.send(frame(kind, isKey, timestampUs, chunk.byteLength, (room) => chunk.copyTo(room)));
    this.sentAtMs ||= performance.now();
  }

  record() {
    this.recording = new Recording(this.camera.stream, this.rung, this.fileShare, (bytes) => {
      if (this.isStarted && this.socket.readyState === WebSocket.OPEN) {
        this.socket.send(frame(PIECE, false, performance.now() * 1000, bytes.length, (room) => room.set(bytes)));
        this.sentAtMs ||= performance.now();
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
      this.adaptation.look(this.socket.bufferedAmount, nowMs);
      if (!this.usesFrames && !this.adaptation.lets()) {
        this.fileShare = Math.max(0.1, this.fileShare / 2);
        this.again();
      }
    }
  }

  /** What is being sent, for people: the height of a picture that lies, and bits a second. */
  quality() {
    const { bitsPerSecond, height } = this.adaptation.quality();
    return { height, bitsPerSecond };
  }

  again() {
    if (!this.isDone && !this.isPaused) { this.connect(); }
  }

  async lost() {
    if (this.isDone || this.isPaused) { return; }
    this.drop();
    this.tell({ state: 'lost' });
    if (this.tries > 0 && (await this.isOver())) {
      this.finish({ state: 'ended', reason: 'lost' });
      return;
    }
    if (this.isDone || this.isPaused) { return; }
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.connect(), PAUSES_MS[Math.min(this.tries, PAUSES_MS.length - 1)]);
    this.tries += 1;
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
  async resume(camera) {
    if (this.isDone || !this.isPaused) { return; }
    this.isPaused = false;
    this.tries = 1;
    if (camera && camera.stream !== this.camera.stream) { this.changeCamera(camera); }
    if (this.sound?.context) { this.sound.context.resume(); }
    if (await this.isOver()) { this.finish({ state: 'ended', reason: 'lost' }); } else { this.again(); }
  }

  /** Ends the share. */
  stop() {
    if (this.socket?.readyState === WebSocket.OPEN && this.isStarted) { this.socket.send(end()); }
    this.finish({ state: 'ended', reason: 'stopped' }, false);
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
