//! The phone's camera and microphone: opened, turned round, lit, muted.

/** What to ask of the camera; a phone turns it upright by itself. */
function wishes(facing) {
  return {
    video: { facingMode: { ideal: facing }, width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 30, max: 30 } },
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  };
}

/** One camera at a time, shown in `video`. */
export class Camera {
  constructor(video) {
    this.video = video;
    this.facing = 'environment';
    this.stream = null;
    this.isMuted = false;
    this.isLit = false;
    this.opening = 0;
  }

  /** Opens it, asking the person if need be. Throws what getUserMedia throws. Closed or opened again meanwhile, it stays closed. */
  async open() {
    this.close();
    const mine = this.opening;
    const wanted = wishes(this.facing);
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(wanted);
    } catch (error) {
      // A device without a microphone, or one that another program holds, still has a picture.
      if (error.name !== 'NotFoundError' && error.name !== 'NotReadableError') { throw error; }
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted.video });
    }
    if (mine !== this.opening) {
      stop(stream);
      return this;
    }
    this.stream = stream;
    this.mute(this.isMuted);
    this.video.srcObject = this.stream;
    this.video.classList.toggle('is-mirrored', this.facing === 'user');
    await this.video.play();
    return this;
  }

  get track() {
    return this.stream?.getVideoTracks()[0];
  }

  get hasSound() {
    return Boolean(this.stream?.getAudioTracks().length);
  }

  get hasTorch() {
    return Boolean(this.track?.getCapabilities?.().torch);
  }

  /** Whether it gives pictures: a call or the system may take it away. */
  get isAlive() {
    return this.track?.readyState === 'live' && !this.track.muted;
  }

  async turn() {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    this.isLit = false;
    return this.open();
  }

  async light(isLit) {
    await this.track.applyConstraints({ advanced: [{ torch: isLit }] });
    this.isLit = isLit;
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    for (const track of this.stream?.getAudioTracks() || []) { track.enabled = !isMuted; }
  }

  close() {
    this.opening += 1;
    if (this.stream) { stop(this.stream); }
    this.stream = null;
    this.video.srcObject = null;
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) { track.stop(); }
}
