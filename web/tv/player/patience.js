/* How long a picture is waited for before its viewer is told what to do: less than ten seconds, whatever the reason. It goes
   on by itself all the same: once the picture comes the word about it goes. `may()` says whether it is time for such a word
   at all (the sender is known to be away, another question stands there); choices: [{label, run}] of the question. */
(function (Lareira) {
  'use strict';

  var PATIENCE_MS = 8000, AGAIN_MS = 500;

  Lareira.patience = function (may, choices) {
    var timer = 0, asks = false, why = '';

    function ask() {
      if (!may() || Lareira.panels.isOpen()) { timer = setTimeout(ask, AGAIN_MS); return; }
      var words = Lareira.over.trouble(why === 'not-ready' ? why : 'missing');
      asks = true;
      Lareira.panels.ask({ title: words.title, text: words.text, choices: choices.map(function (choice) {
        return { label: choice.label, run: function () { end(); choice.run(); } };
      }), closed: gone });
    }

    /* Another question took its place, or was left where it stood: it is asked again after that one. */
    function gone() {
      if (asks) { asks = false; timer = setTimeout(ask, AGAIN_MS); }
    }

    /* The picture is there, or nobody waits for it any more. */
    function end() {
      clearTimeout(timer);
      timer = 0;
      if (asks) { asks = false; Lareira.panels.close(); }
    }

    return {
      /* It is waited for from now on; `reason`, where one is known. */
      wait: function (reason) {
        why = reason || why;
        if (!timer && !asks) { timer = setTimeout(ask, PATIENCE_MS); }
      },
      end: end
    };
  };
}(window.Lareira = window.Lareira || {}));
