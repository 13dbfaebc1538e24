/* Staying near the live edge, as a policy without a clock or a player: samples of "how much is buffered ahead"
   go in, a speed comes out. What counts is the least that was ahead in the last second: above the margin we want,
   play a little faster; below it, a little slower. An underrun widens the margin, quiet time narrows it again.
   After a stop that everyone saw there is nothing smooth to keep: what came late meanwhile is jumped over at once.
   Each change of the speed costs the browser something, so there are few: three speeds besides the usual one, each kept
   until it has done its work. WebKit over GStreamer begins anew at every change, and locks up at some: there the speed
   stays as it is (`steady`), and only what is far behind is jumped over, now and then.
   Browsers run dry early: Chromium's sound output stops at 0.11 to 0.13 s ahead and then wants 0.4 s and more to go on,
   so the margin stays clear of the place where this browser was last seen to stop. */
(function (Lareira) {
  'use strict';

  var WINDOW_MS = 1000;
  var MARGIN_LEAST = 0.17, MARGIN_MOST = 0.8, MARGIN_STEP = 0.06, CLEAR = 0.05;
  var QUIET_MS = 15000, NARROW_PER_S = 0.005, NARROW_PART_PER_S = 0.05;
  var NOT_OUR_FAULT = 0.2;
  var FASTEST = 1.1, FASTER = 1.04, SLOWER = 0.95;
  /* Seconds off the margin: from where on a speed is taken, and up to where it is kept. */
  var FAR = 0.12, NEARER = 0.07, BEGIN = 0.04, ENOUGH = 0.015;
  var JUMP = 2, JUMP_SETTLING = 0.6, SETTLING_MS = 1500, HOPELESS_MS = 20000;
  var STEADY_JUMP = 2, STEADY_LANDING = 0.6, STEADY_AGAIN_MS = 10000;

  function Edge(now, steady) {
    this.steady = steady;
    this.rate = 1;
    this.jumped = -STEADY_AGAIN_MS;
    this.samples = [];
    this.margin = MARGIN_LEAST;
    this.least = MARGIN_LEAST;
    this.started = now;
    this.troubled = now;
    this.narrowed = now;
    this.fastSince = 0;
    this.settlesUntil = now + SETTLING_MS;
  }

  /* The speed for being so far off, where it was `rate` before. */
  function speed(rate, off) {
    if (off > FAR || (rate === FASTEST && off > NEARER)) { return FASTEST; }
    if (off > BEGIN || (rate > 1 && off > ENOUGH)) { return FASTER; }
    return off < -BEGIN || (rate < 1 && off < -ENOUGH) ? SLOWER : 1;
  }

  /* The browser stopped for want of media, with `ahead` seconds still unplayed. */
  Edge.prototype.underrun = function (now, ahead) {
    this.samples = [];
    /* With that much in hand it is the decoder that is slow; more in hand would only make the picture older. */
    if (ahead > this.margin + NOT_OUR_FAULT) { return; }
    if (now - this.troubled > 250 || this.troubled === this.started) {
      this.margin = Math.min(MARGIN_MOST, Math.max(this.margin + MARGIN_STEP, ahead + CLEAR));
      this.least = Math.max(MARGIN_LEAST, Math.min(this.margin, ahead + CLEAR));
    }
    this.troubled = now;
  };

  /* It goes on after a stop that everyone saw. */
  Edge.prototype.resumed = function (now) {
    this.samples = [];
    this.settlesUntil = now + SETTLING_MS;
  };

  /* The playing position was moved: what was measured before says nothing now. */
  Edge.prototype.moved = function () { this.samples = []; this.rate = 1; this.fastSince = 0; };

  /* How far behind the end of the buffer to land when jumping. */
  Edge.prototype.landing = function () { return this.steady ? STEADY_LANDING : this.margin + 0.1; };

  /* `ahead` in seconds. Answers {rate, jump}: the speed to play at, and whether to jump to the edge instead. */
  Edge.prototype.sample = function (now, ahead) {
    var least = ahead, i;
    this.samples.push({ at: now, ahead: ahead });
    while (now - this.samples[0].at > WINDOW_MS) { this.samples.shift(); }
    for (i = 0; i < this.samples.length; i += 1) { least = Math.min(least, this.samples[i].ahead); }

    if (now - this.troubled > QUIET_MS) {
      this.margin = Math.max(this.least, this.margin - Math.max(NARROW_PER_S,
        (this.margin - this.least) * NARROW_PART_PER_S) * (now - this.narrowed) / 1000);
    }
    this.narrowed = now;

    var full = this.samples.length > 1 && now - this.samples[0].at > WINDOW_MS / 2;
    if (this.steady) {
      if (!full || least < STEADY_JUMP || now - this.jumped < STEADY_AGAIN_MS) { return { rate: 1, jump: false }; }
      this.jumped = now;
      return { rate: 1, jump: true };
    }
    if (least > (now < this.settlesUntil ? Math.max(JUMP_SETTLING, this.margin + 0.3) : JUMP)) { return { rate: 1, jump: true }; }

    var off = least - this.margin, rate;
    /* Little is known yet; but what is far too much after a moment will not be too little after a second. */
    if (full || off > FAR) { this.rate = speed(this.rate, off); }
    rate = this.rate;

    /* A browser that ignores the speed (webOS) never gets there: jump once in a while instead. */
    if (rate <= 1 || off < 0.3) { this.fastSince = 0; } else if (!this.fastSince) { this.fastSince = now; }
    var hopeless = this.fastSince > 0 && now - this.fastSince > HOPELESS_MS;
    return { rate: rate, jump: hopeless };
  };

  Lareira.Edge = Edge;
}(window.Lareira = window.Lareira || {}));
