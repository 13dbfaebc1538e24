/* The endless body of `live.mp4` as whole boxes, over connections that come and go. Knows HTTP, not players.
   Tells: onBoxes([{type, bytes}]), onOver(why) once, at last; why is 'ended', 'forbidden', 'not-ready' or 'connection'. */
(function (Lareira) {
  'use strict';

  var WAITS_MS = [50, 250, 500, 1000, 2000, 3000];
  var PATIENCE_MS = 40000;
  /* Longer than the gateway holds a request for a share that isn't ready, shorter than a viewer's patience. */
  var SILENCE_MS = 12000;
  /* How long the last bytes of a share that is said to have ended may still take. */
  var DRAIN_MS = 2500;

  function Stream(url, on) {
    this.url = url;
    this.on = on;
    this.closed = false;
    this.ending = 0;
    this.tries = 0;
    this.lastBytes = Date.now();
    this.asked = 0;
    this.lastStatus = 0;
    this.abort = null;
    this.timer = 0;
    var self = this;
    this.watched = Date.now();
    this.watch = setInterval(function () {
      /* A television that slept: the silence was ours. */
      var slept = Date.now() - self.watched > SILENCE_MS;
      self.watched = Date.now();
      if (slept) { self.lastBytes = self.watched; self.tries = 0; self.hangUp(); return; }
      if (self.ending && Date.now() - Math.max(self.lastBytes, self.ending) > DRAIN_MS) { self.over('ended'); return; }
      if (self.abort && Date.now() - Math.max(self.lastBytes, self.asked) > SILENCE_MS) { self.hangUp(); }
    }, 1000);
    this.connect();
  }

  Stream.supported = function () {
    return !!(window.fetch && window.Response && 'body' in window.Response.prototype && window.ReadableStream);
  };

  Stream.prototype.connect = function () {
    var self = this, splitter = new Lareira.mp4.Splitter();
    var abort = window.AbortController ? new window.AbortController() : null;
    this.abort = abort;
    this.asked = Date.now();
    window.fetch(this.url, { credentials: 'same-origin', cache: 'no-store', signal: abort ? abort.signal : undefined })
      .then(function (response) {
        if (self.abort !== abort || self.closed) { if (response.body) { response.body.cancel(); } return null; }
        self.lastStatus = response.status;
        if (response.status === 410 || response.status === 404) { self.over('ended'); return null; }
        if (response.status === 403) { self.over('forbidden'); return null; }
        if (!response.ok) { throw new Error('status ' + response.status); }
        return self.read(response.body.getReader(), splitter, abort);
      })['catch'](function () { if (self.abort === abort) { self.again(); } });
  };

  Stream.prototype.read = function (reader, splitter, abort) {
    var self = this;
    function next() {
      return reader.read().then(function (piece) {
        if (self.closed || self.abort !== abort) { reader.cancel(); return null; }
        if (piece.done) { self.again(); return null; }
        var boxes = splitter.push(piece.value);
        self.lastBytes = Date.now();
        /* What is no MP4 says so here, and is asked for ever more seldom. */
        if (boxes.length) { self.tries = 0; self.on.onBoxes(boxes); }
        return next();
      });
    }
    return next();
  };

  /* After an end or an error: once more, at first at once, then with growing pauses. */
  Stream.prototype.again = function () {
    var self = this;
    if (this.closed) { return; }
    this.abort = null;
    if (this.ending) { this.over('ended'); return; }
    if (Date.now() - this.lastBytes > PATIENCE_MS && !Lareira.events.waits()) {
      this.over(this.lastStatus === 409 ? 'not-ready' : 'connection');
      return;
    }
    var wait = WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(function () { if (!self.closed) { self.connect(); } }, wait);
  };

  /* The share is said to have ended: what still comes is played, nothing more is asked for. */
  Stream.prototype.endSoon = function () { this.ending = this.ending || Date.now(); };

  Stream.prototype.hangUp = function () {
    var abort = this.abort;
    this.again();
    if (abort) { abort.abort(); }
  };

  Stream.prototype.over = function (why) {
    if (this.closed) { return; }
    this.close();
    this.on.onOver(why);
  };

  Stream.prototype.close = function () {
    var abort = this.abort;
    this.closed = true;
    this.abort = null;
    clearTimeout(this.timer);
    clearInterval(this.watch);
    if (abort) { abort.abort(); }
  };

  Lareira.Stream = Stream;
}(window.Lareira = window.Lareira || {}));
