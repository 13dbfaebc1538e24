/* Scripts that are fetched only when they are needed: the players with their pages, and the HLS player that some browsers
   want. load(name, done) fetches each once, in its order; done(whether it is here) follows. */
(function (Lareira) {
  'use strict';

  var SCRIPTS = {
    player: ['mp4', 'edge', 'stream', 'live', 'player', 'accept', 'receipts', 'seek', 'over', 'views/live', 'views/recorded', 'views/channel'].map(function (name) {
      return '/tv/player/' + name + '.js';
    }),
    hls: ['/vendor/hls.light.min.js']
  };
  var loading = {}, loaded = {};

  Lareira.load = function (name, done) {
    var left = SCRIPTS[name].length, failed = false;
    if (loaded[name]) { done(true); return; }
    if (loading[name]) { loading[name].push(done); return; }
    loading[name] = [done];
    function one(missing) {
      left -= 1;
      failed = failed || missing;
      if (left) { return; }
      var waiting = loading[name];
      loading[name] = null;
      loaded[name] = !failed;
      waiting.forEach(function (each) { each(!failed); });
    }
    SCRIPTS[name].forEach(function (path) {
      var script = document.createElement('script');
      script.async = false;
      script.src = path;
      script.onload = function () { one(false); };
      script.onerror = function () { Lareira.dom.remove(script); one(true); };
      document.head.appendChild(script);
    });
  };

  /* Something may be played soon: the player is fetched while the viewer thinks. */
  Lareira.expect = function () { Lareira.load('player', function () { /* here when it is wanted */ }); };
}(window.Lareira = window.Lareira || {}));
