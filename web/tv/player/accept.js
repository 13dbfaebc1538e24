/* From "I want to see this" to the addresses it plays at: accepts the share, asks for the PIN when the gateway wants
   it (`known`: one that was just typed), and waits while a share is not ready yet. granted(play) or failed(why) follows,
   unless the answered cancel() came first. */
(function (Lareira) {
  'use strict';

  var AGAIN_MS = 1000, PATIENCE_MS = 25000;

  function wantsPin(error) { return (error.status === 401 || error.status === 403) && /pin/i.test(error.code); }

  /* A live share that is over can still be watched from its start; one that is gone can't. */
  function hasEnded(error) { return (error.status === 409 || error.status === 410) && /ended/i.test(error.code); }

  function why(error) {
    if (error.status === 0) { return 'connection'; }
    if (hasEnded(error)) { return 'ended'; }
    if (error.status === 404 || error.status === 410) { return 'gone'; }
    if (error.status === 401 || error.status === 403) { return 'forbidden'; }
    if (error.status === 409) { return 'not-ready'; }
    return 'refused';
  }

  Lareira.accept = function (entry, from, known, granted, failed) {
    var cancelled = false, timer = 0, since = Date.now();

    function ask(pin, answered) {
      Lareira.api.accept(entry.share_id, from, pin, function (error, answer) {
        if (cancelled) { return; }
        if (answered && error && (wantsPin(error) || error.status === 429)) { answered(error); return; }
        if (answered) { answered(null); }
        if (!error && answer.play) { granted(answer.play); return; }
        if (!error) { failed('refused', ''); return; }
        if (wantsPin(error)) { pad(); return; }
        if (!hasEnded(error) && (error.status === 409 || error.status === 0 || error.status === 503)
          && (Date.now() - since < PATIENCE_MS || Lareira.events.waits())) {
          timer = setTimeout(function () { ask(pin); }, AGAIN_MS);
          return;
        }
        failed(why(error), error.message);
      });
    }

    function pad() {
      Lareira.panels.pin({
        title: Lareira.t('pin_for', { name: Lareira.app.user.name }), person: Lareira.app.user,
        send: ask, done: function () { /* granted or failed has been told */ },
        cancel: function () { cancelled = true; failed('cancelled', ''); }
      });
    }

    ask(known || '');
    return function () { cancelled = true; clearTimeout(timer); };
  };
}(window.Lareira = window.Lareira || {}));
