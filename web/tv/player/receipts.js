/* Tells the gateway that a share is being watched, from where, and how old the picture is: at the start, every five
   seconds, and when the viewer has left, even by closing the page. The sender's phone shows it. */
(function (Lareira) {
  'use strict';

  var EVERY_MS = 5000;

  Lareira.receipts = function (share) {
    var stopped = false;
    function say() {
      var video = Lareira.player.video();
      Lareira.api.watching(share, Math.max(0, Math.round((video.currentTime || 0) * 1000)), Lareira.player.delayMs(),
        function () { /* the next one tells more */ });
    }
    var timer = setInterval(say, EVERY_MS);
    /* The first delay is known after some pictures. */
    var soon = setTimeout(say, 700);
    function stop() {
      if (stopped) { return; }
      stopped = true;
      clearInterval(timer);
      clearTimeout(soon);
      window.removeEventListener('pagehide', stop);
      Lareira.api.left(share);
    }
    window.addEventListener('pagehide', stop);
    say();
    return stop;
  };
}(window.Lareira = window.Lareira || {}));
