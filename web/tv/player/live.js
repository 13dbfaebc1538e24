/* Live video through Media Source Extensions: takes the boxes of a Stream, plays them at the live edge, and measures
   how old the picture on the screen is. Tells: onPicture() at the first picture, onStall(bool), onOver(why). */
(function (Lareira) {
  'use strict';

  var TICK_MS = 50;
  /* A stop this long is seen. */
  var SEEN_MS = 400;
  var KEEP_S = 20, KEEP_LEAST_S = 2;
  /* Room the browser's sound output asks for before it starts. */
  var START_S = 0.24;
  /* A seek costs more than it gains where it goes no further. */
  var LEAST_SEEK_S = 0.1;
  /* A seek may take so long; then bytes are given to the buffer again, whatever the browser says. */
  var SEEK_MS = 1500;

  /* A steady browser is looked after, and given media, so often; it begins with so much. */
  var STEADY_TICK_MS = 100, STEADY_START_S = 0.5;

  /* Its first picture lies so far behind the beginning: a hair before it, by rounding, it would be thrown away, and all that
     build on it; much later, it would be waited for. */
  var EARLY_S = 0.0001, LATE_S = 0.05;

  /* WebKit over GStreamer (WPE on set-top boxes, WebKitGTK, old Tizen) locks up where the page seeks or changes the speed
     while it is given media, and stops at every gap between pictures. Safari has another player inside. */
  Lareira.isSteady = function (agent) { return /AppleWebKit/i.test(agent) && /Linux|X11/.test(agent) && !/Chrom/.test(agent); };

  function mediaSource() { return window.MediaSource || window.ManagedMediaSource || null; }

  function LivePlayer(video, url, mime, on) {
    var Source = mediaSource(), self = this;
    this.video = video;
    this.on = on;
    this.mime = mime;
    this.queue = [];
    this.queued = 0;
    this.buffer = null;
    this.tracks = [];
    this.timing = [];
    this.arrived = null;
    this.open = null;
    this.lastDecode = -1;
    this.started = false;
    this.pictured = false;
    this.movedAt = 0;
    this.ticking = false;
    this.stalledSince = 0;
    this.saidStalled = false;
    this.finished = '';
    this.soundless = false;
    this.passing = false;
    this.delays = [];
    this.jumps = 0;
    this.stalls = 0;
    this.steady = Lareira.isSteady(window.navigator.userAgent);
    /* So far before media browsers begin to play them all the same. */
    this.near = this.steady ? LEAST_SEEK_S : 0.02;
    /* Where the stream's time lies before the element's: a steady one begins at 0, without a seek. */
    this.base = this.steady ? null : 0;
    this.edge = new Lareira.Edge(Date.now(), this.steady);
    this.source = new Source();
    if (Source !== window.MediaSource) { video.disableRemotePlayback = true; }
    if ('latencyHint' in video) { video.latencyHint = 0; }
    this.address = URL.createObjectURL(this.source);
    video.src = this.address;
    this.opened = function () { self.prepare(); };
    this.source.addEventListener('sourceopen', this.opened);
    this.stream = new Lareira.Stream(url, {
      onBoxes: function (boxes) { self.take(boxes); },
      onOver: function (why) { self.finish(why); }
    });
    this.failed = function () { if (video.error) { self.fail('decode'); } };
    video.addEventListener('error', this.failed);
    this.sought = function () { self.pump(); };
    video.addEventListener('seeked', this.sought);
    this.timer = setInterval(function () { self.tick(); }, this.steady ? STEADY_TICK_MS : TICK_MS);
    if (video.requestVideoFrameCallback) {
      var each = function (now, frame) {
        if (self.closed) { return; }
        self.picture(frame.mediaTime, frame.expectedDisplayTime - window.performance.now());
        self.frames = video.requestVideoFrameCallback(each);
      };
      this.frames = video.requestVideoFrameCallback(each);
    }
  }

  function plays(mime) {
    var Source = mediaSource();
    return !Source.isTypeSupported || Source.isTypeSupported(mime);
  }

  /* Pictures without sound count: a television that knows no Opus shows them. */
  LivePlayer.supported = function (mime) {
    if (!mediaSource() || !Lareira.Stream.supported()) { return false; }
    return !mime || plays(mime) || plays(Lareira.mp4.mimeOfPictures(mime));
  };

  /* Boxes from the network: facts are read, bytes go to the queue. */
  LivePlayer.prototype.take = function (boxes) {
    var self = this;
    boxes.forEach(function (box) {
      if (box.type === 'moov') { self.begin(box.bytes); }
      /* Without sound, a fragment that has nothing else is passed over, its media with it. */
      if (box.type === 'moof') { self.passing = self.soundless && !Lareira.mp4.mute(box.bytes, self.tracks); }
      if (self.passing && (box.type === 'moof' || box.type === 'mdat')) { return; }
      if (box.type === 'prft') { self.arrived = Lareira.mp4.arrival(box.bytes); return; }
      if (box.type === 'moof') { self.note(box.bytes); }
      if (box.type === 'moof' && self.steady) { self.bridge(box.bytes); }
      self.queue.push(box.bytes);
      self.queued += box.bytes.length;
    });
    this.prepare();
    this.pump();
  };

  /* An initialisation segment: the first one, one after a reconnect, or a change of resolution in mid-stream. */
  LivePlayer.prototype.begin = function (moov) {
    this.tracks = Lareira.mp4.tracks(moov);
    var mime = Lareira.mp4.mimeOf(this.tracks), quiet = Lareira.mp4.mimeOf(Lareira.mp4.pictures(this.tracks));
    this.lastDecode = -1;
    this.open = null;
    this.soundless = !plays(mime) && plays(quiet);
    if (this.soundless) { mime = quiet; Lareira.mp4.mute(moov, this.tracks); }
    if (!plays(mime)) { return; }
    if (this.buffer && this.buffer.changeType && mime !== this.mime) {
      /* Queued with the bytes, so that it happens between the old and the new ones. */
      this.queue.push({ changeType: mime });
    }
    this.mime = mime;
  };

  LivePlayer.prototype.trackOf = function (id) {
    for (var i = 0; i < this.tracks.length; i += 1) { if (this.tracks[i].id === id) { return this.tracks[i]; } }
    return null;
  };

  /* A fragment: when its first picture is shown, and when the gateway got it. */
  LivePlayer.prototype.note = function (moof) {
    var self = this, arrived = this.arrived;
    this.arrived = null;
    Lareira.mp4.runs(moof).forEach(function (run) {
      var track = self.trackOf(run.track);
      if (!track || track.kind !== 'vide') { return; }
      var decode = run.decode / track.timescale;
      if (self.lastDecode < 0 && self.newest !== undefined && decode < self.newest - 30) {
        /* The clock began anew (the gateway restarted): what is buffered belongs to another time. */
        self.queue.push({ clear: true });
      }
      self.lastDecode = decode;
      self.newest = decode;
      if (self.base === null) { self.base = decode + Math.max(0, (run.offset - track.shift) / track.timescale - LATE_S) - EARLY_S; }
      if (arrived && arrived.track === run.track) {
        self.timing.push({ time: decode + (run.offset - track.shift) / track.timescale - self.base, unixMs: arrived.unixMs });
        if (self.timing.length > 900) { self.timing.splice(0, 300); }
      }
    });
  };

  /* A picture lasts until the next one: the newest stays in the queue until that is known. */
  LivePlayer.prototype.bridge = function (moof) {
    var run = Lareira.mp4.runs(moof).filter(function (one) { return (this.trackOf(one.track) || {}).kind === 'vide'; }, this)[0];
    if (!run) { return; }
    var open = this.open, lasts = open ? run.decode - open.run.decode : 0;
    if (lasts > 0 && open.run.lasts && this.queue.indexOf(open.moof) >= 0) { Lareira.mp4.last(open.moof, open.run, lasts); }
    this.open = { moof: moof, run: run };
  };

  LivePlayer.prototype.prepare = function () {
    if (this.buffer || this.closed || this.source.readyState !== 'open' || !this.queue.length || this.base === null) { return; }
    var self = this;
    try {
      this.buffer = this.source.addSourceBuffer(this.mime);
      if (this.base) { this.buffer.timestampOffset = -this.base; }
    } catch (unsupported) {
      this.fail('unsupported');
      return;
    }
    this.buffer.addEventListener('updateend', function () { self.appended(); });
    this.pump();
  };

  /* Gives the buffer all that waits, in one piece, up to the next instruction in the queue. */
  LivePlayer.prototype.pump = function () {
    var buffer = this.buffer, at = 0, size = 0, all, i;
    if (!buffer || buffer.updating || this.closed || this.source.readyState !== 'open') { return; }
    if (this.steady && (!this.ticking || (this.video.seeking && Date.now() - this.movedAt < SEEK_MS))) { return; }
    var first = this.queue[0];
    if (first && !first.length) {
      this.queue.shift();
      try {
        if (first.changeType) { buffer.changeType(first.changeType); }
        if (first.clear) { this.started = false; this.edge.moved(); buffer.remove(0, Infinity); return; }
      } catch (refused) { this.fail('unsupported'); return; }
      this.pump();
      return;
    }
    /* Up to the picture whose end isn't known yet. */
    var open = this.open && !this.finished ? this.open.moof : null;
    while (at < this.queue.length && this.queue[at].length && this.queue[at] !== open) { size += this.queue[at].length; at += 1; }
    if (!at) { this.trim(KEEP_S); return; }
    all = this.queue[0];
    if (at > 1) {
      all = new Uint8Array(size);
      for (i = 0, size = 0; i < at; i += 1) { all.set(this.queue[i], size); size += this.queue[i].length; }
    }
    try {
      buffer.appendBuffer(all);
      this.queue.splice(0, at);
      this.queued -= size;
    } catch (error) {
      if (error.name === 'QuotaExceededError') { this.makeRoom(); } else { this.fail('decode'); }
    }
  };

  LivePlayer.prototype.appended = function () {
    if (!this.started) { this.tick(); }
    if (this.queue.length) { this.pump(); } else { this.trim(KEEP_S); }
    this.conclude();
  };

  /* Removes what was played long ago; true when there was something to remove. */
  LivePlayer.prototype.trim = function (keep) {
    var ranges, buffer = this.buffer;
    if (!buffer || buffer.updating || this.source.readyState !== 'open') { return false; }
    ranges = buffer.buffered;
    var until = this.video.currentTime - keep / 2;
    if (!ranges.length || this.video.currentTime - ranges.start(0) < keep || until <= 0) { return false; }
    buffer.remove(0, until);
    return true;
  };

  /* The buffer is full: first what was played; if that isn't enough, everything, and on from the newest. */
  LivePlayer.prototype.makeRoom = function () {
    if (this.trim(KEEP_LEAST_S)) { return; }
    this.started = false;
    this.buffer.remove(0, Infinity);
  };

  /* How much is buffered ahead of the playing position; -1 when the position lies in no range. */
  LivePlayer.prototype.ahead = function () {
    var ranges = this.video.buffered, now = this.video.currentTime, i;
    for (i = ranges.length - 1; i >= 0; i -= 1) {
      if (now >= ranges.start(i) - this.near && now <= ranges.end(i)) { return ranges.end(i) - now; }
    }
    return -1;
  };

  LivePlayer.prototype.tick = function () {
    if (this.steady) {
      this.ticking = true;
      this.pump();
      this.ticking = false;
    }
    var video = this.video, ranges = video.buffered, now = Date.now();
    if (this.closed || !this.buffer || !ranges.length) { this.watchStall(now, true, 0); return; }
    var start = ranges.start(ranges.length - 1), end = ranges.end(ranges.length - 1);
    if (!this.started) {
      if (this.steady && end - start < STEADY_START_S) { return; }
      this.started = true;
      if (!this.steady || video.currentTime < start - LEAST_SEEK_S || video.currentTime > end) {
        this.moveTo(Math.max(start, end - START_S));
      }
      this.on.onStart();
      return;
    }
    if (video.seeking) { return; }
    /* Some browsers tell of their pictures late, or never. */
    if (!this.pictured && video.currentTime > start && video.played.length && video.played.end(0) - video.played.start(0) > 0.1) {
      this.pictured = true;
      this.on.onPicture();
    }
    var ahead = this.ahead();
    var later = video.currentTime < start - this.near;
    if (ahead < 0 || (later && ahead < 0.05)) {
      /* A gap in the stream (lost media, a reconnect): over it, to the newest stretch. */
      if (later || video.currentTime > end + 0.5) { this.jump(start, end); }
      this.watchStall(now, true, 0);
      return;
    }
    /* Browsers stop before the very end: what they say of themselves (HAVE_FUTURE_DATA) counts. */
    this.watchStall(now, ahead < 0.02 || video.readyState < 3, ahead);
    if (this.finished) {
      if (video.playbackRate !== 1) { video.playbackRate = 1; }
      this.conclude();
      return;
    }
    if (video.paused) { return; }
    var advice = this.edge.sample(now, end - video.currentTime);
    if (advice.jump) { this.jump(start, end); return; }
    if (video.playbackRate !== advice.rate) { video.playbackRate = advice.rate; }
  };

  LivePlayer.prototype.jump = function (start, end) {
    this.jumps += 1;
    this.moveTo(Math.max(start, end - Math.max(START_S, this.edge.landing())));
  };

  LivePlayer.prototype.moveTo = function (time) {
    this.movedAt = Date.now();
    var now = this.video.currentTime;
    if (Math.abs(time - now) >= LEAST_SEEK_S || this.ahead() < 0) { this.video.currentTime = time; }
    this.edge.moved();
  };

  /* A stall is told when it lasts: a blink is the edge's business, not the viewer's. */
  LivePlayer.prototype.watchStall = function (now, dry, ahead) {
    if (this.finished) { dry = false; }
    if (dry && !this.stalledSince) {
      this.stalledSince = now;
      if (this.started && now - this.movedAt > 600) { this.stalls += 1; this.edge.underrun(now, ahead); }
    }
    if (!dry && this.stalledSince) {
      if (now - this.stalledSince > SEEN_MS) { this.edge.resumed(now); }
      this.stalledSince = 0;
    }
    var lasting = this.stalledSince > 0 && now - this.stalledSince > 1200;
    if (lasting !== this.saidStalled) { this.saidStalled = lasting; this.on.onStall(lasting); }
  };

  /* A picture is on the screen (`in_ms` from now). */
  LivePlayer.prototype.picture = function (mediaTime, inMs) {
    if (!this.pictured) { this.pictured = true; this.on.onPicture(); }
    var found = null, i;
    for (i = this.timing.length - 1; i >= 0 && !found; i -= 1) {
      if (this.timing[i].time <= mediaTime + 0.002) { found = this.timing[i]; }
    }
    if (!found || mediaTime - found.time > 0.2 || Lareira.events.offsetMs === null) { return; }
    this.delays.push(Date.now() + inMs + Lareira.events.offsetMs - found.unixMs);
    if (this.delays.length > 150) { this.delays.shift(); }
  };

  /* The median delay from the gateway to the screen over the last seconds, in whole ms; null when not known. */
  LivePlayer.prototype.delayMs = function () {
    if (!this.video.requestVideoFrameCallback) { this.picture(this.video.currentTime, 0); }
    if (!this.delays.length) { return null; }
    var sorted = this.delays.slice().sort(function (a, b) { return a - b; });
    return Math.max(0, Math.round(sorted[sorted.length >> 1]));
  };

  LivePlayer.prototype.endSoon = function () { this.stream.endSoon(); };

  /* The stream is over: what is buffered is still played. */
  LivePlayer.prototype.finish = function (why) {
    if (this.finished || this.closed) { return; }
    if (why !== 'ended') { this.fail(why); return; }
    this.finished = why;
    this.finishedAt = Date.now();
    this.conclude();
  };

  LivePlayer.prototype.conclude = function () {
    if (!this.finished || this.closed || (this.buffer && this.buffer.updating)) { return; }
    if (this.queue.length && this.buffer) { return; }
    if (this.source.readyState === 'open' && this.buffer) {
      try { this.source.endOfStream(); } catch (ignored) { /* then the check below ends it */ }
    }
    var ahead = this.ahead();
    if (this.video.ended || ahead < 0.1 || Date.now() - this.finishedAt > 4000) { this.fail('ended'); }
  };

  LivePlayer.prototype.fail = function (why) {
    if (this.closed) { return; }
    this.close(why === 'ended');
    this.on.onOver(why);
  };

  /* `keep` leaves the last picture standing. */
  LivePlayer.prototype.close = function (keep) {
    if (this.closed) { return; }
    this.closed = true;
    clearInterval(this.timer);
    this.stream.close();
    this.source.removeEventListener('sourceopen', this.opened);
    this.video.removeEventListener('error', this.failed);
    this.video.removeEventListener('seeked', this.sought);
    if (this.frames && this.video.cancelVideoFrameCallback) { this.video.cancelVideoFrameCallback(this.frames); }
    if (this.video.playbackRate !== 1) { this.video.playbackRate = 1; }
    URL.revokeObjectURL(this.address);
    if (keep) { this.video.pause(); } else { Lareira.player.empty(); }
  };

  Lareira.LivePlayer = LivePlayer;
}(window.Lareira = window.Lareira || {}));
