/* Scripts that are fetched only when they are needed: the players with their pages, and the HLS player that some browsers
   want. The page names them under a type that no browser runs. load(name, done) fetches each once, in its order;
   done(whether it is here) follows. */
(function (Lareira) {
  'use strict';

  var loading = {}, loaded = {};

  Lareira.load = function (name, done) {
    var scripts = document.querySelectorAll('script[data-later=' + name + ']'), left = scripts.length, failed = false, i;
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
    function fetch(path) {
      var script = document.createElement('script');
      script.async = false;
      script.src = path;
      script.onload = function () { one(false); };
      script.onerror = function () { Lareira.dom.remove(script); one(true); };
      document.head.appendChild(script);
    }
    for (i = 0; i < scripts.length; i += 1) { fetch(scripts[i].getAttribute('src')); }
  };

  /* Something may be played soon: the player is fetched while the viewer thinks. */
  Lareira.expect = function () { Lareira.load('player', function () { /* here when it is wanted */ }); };
}(window.Lareira = window.Lareira || {}));
