/* How far one more press of left or right goes: ten seconds at first, and more the longer one keeps at it.
   Pure: a press comes in with its time, seconds come out. */
(function (Lareira) {
  'use strict';

  var STEPS = [[0, 10], [4, 20], [10, 30], [20, 60], [40, 180]];
  var TOGETHER_MS = 700;

  function Seek() { this.presses = 0; this.last = -Infinity; this.direction = 0; }

  /* `direction` is 1 or -1; `duration` in seconds caps the stride at a twentieth of the whole, but never under ten. */
  Seek.prototype.press = function (now, direction, duration) {
    if (now - this.last > TOGETHER_MS || direction !== this.direction) { this.presses = 0; }
    this.last = now;
    this.direction = direction;
    var stride = STEPS[0][1], presses = this.presses;
    STEPS.forEach(function (step) { if (presses >= step[0]) { stride = step[1]; } });
    this.presses += 1;
    return direction * Math.max(10, Math.min(stride, duration / 20 || stride));
  };

  Lareira.Seek = Seek;
}(window.Lareira = window.Lareira || {}));
