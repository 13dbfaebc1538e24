/* The live player: the picture, and nothing over it unless asked. OK shows who is sending; Back leaves. */
(function (Lareira) {
  'use strict';

  var BAR_MS = 5000, HIDDEN_MS = 10000, AGAIN_MS = 1000, LOOK_MS = 250;
  var WAKES = /^(ok|up|down|left|right|info|play|pause|playpause)$/;
  var el = Lareira.dom.el;

  Lareira.views.live = function (params) {
    var t = Lareira.t, app = Lareira.app, entry = params.entry;
    var left = false, over = false, shownAt = 0, hiddenTimer = 0, receipts = null, cancel = null, asleep = false, renewed = 0,
      pin = params.pin, interrupted = false, stalls = false, muted = false, restart = null;
    var hint = el('p.hint-line', { role: 'status' });
    var since = el('span', {});
    var overlay = Lareira.over.bar(entry, Lareira.parts.liveMark(),
      el('p.bar-title', {}, [since, entry.title ? Lareira.dom.theirs('span', entry.title) : null]),
      el('div.buttons', {}, [
        entry.recorded === false ? null : Lareira.parts.button(t('from_start'), fromStart),
        Lareira.parts.button(t('close'), leavePage)
      ]));
    var node = el('section.page.page-player.page-live', { 'aria-label': t('live_from', { name: Lareira.parts.senderName(entry) }) },
      [Lareira.over.cover(entry), overlay, hint]);
    var curtain = Lareira.over.curtain(node, BAR_MS, drawBar);
    var patience = Lareira.patience(function () { return !interrupted && !restart && !asleep; },
      [{ label: t('try_again'), run: begin }, { label: t('close'), run: leavePage }]);

    function leavePage() { app.back(); }

    function fromStart() { app.watch(entry, 'start'); }

    function drawBar() {
      since.textContent = entry.started_at ? t('since', { time: Lareira.words.clock(new Date(entry.started_at)) }) : '';
    }

    function showBar() {
      if (!curtain.shows()) { shownAt = Date.now(); }
      curtain.show();
    }

    function begin() {
      node.classList.remove('has-started');
      interrupted = !!entry.interrupted;
      say();
      patience.wait();
      if (cancel) { cancel(); }
      cancel = Lareira.accept(entry, 'live', pin, function (play) {
        pin = params.pin = '';
        Lareira.player.live(play, {
          onStart: function () { /* the first picture follows at once */ },
          onPicture: function () {
            interrupted = false;
            say();
            node.classList.add('has-started');
            patience.end();
            if (!receipts) { receipts = Lareira.receipts(entry.share_id); }
          },
          onStall: function (yes) {
            stalls = yes;
            if (yes) { patience.wait(); } else if (node.classList.contains('has-started')) { patience.end(); }
            say();
          },
          onMuted: function () { muted = true; say(); },
          onOver: ended
        });
      }, ended);
    }

    function say() {
      hint.textContent = interrupted ? t('interrupted', { name: Lareira.parts.senderName(entry) }) : stalls ? t('stalled')
        : muted ? t('press_for_sound') : '';
      node.classList.toggle('is-muted', muted);
    }

    function quiet() {
      if (receipts) { receipts(); receipts = null; }
      interrupted = stalls = muted = false;
      say();
      curtain.hide();
    }

    /* The gateway starts again: the last picture stays, with a word over it, until the next one is there. Where none comes in
       time it is asked for anew. */
    function waitForRestart() {
      if (restart || over || asleep || Lareira.panels.isOpen()) { return; }
      var from = null;
      Lareira.panels.notice('');
      restart = { isBack: false, panel: Lareira.panels.ask({ title: t('restarting'), text: t('restarting_text'),
        choices: [{ label: t('close'), run: leavePage }] }), timer: setInterval(function () {
        var at = Lareira.player.video().currentTime, goesOn = from !== null && at !== from;
        if (goesOn || !Lareira.events.waits()) {
          restarted();
          if (!goesOn && !asleep) { begin(); }
        } else if (restart.isBack) { from = at; }
      }, LOOK_MS) };
    }

    function restarted() {
      if (!restart) { return; }
      clearInterval(restart.timer);
      if (Lareira.panels.isOpen(restart.panel)) { Lareira.panels.close(); }
      restart = null;
    }

    function ended(why, message) {
      if (left) { return; }
      if (why === 'cancelled') { leavePage(); return; }
      if (why === 'forbidden' && renewed < 3) {
        /* The ticket ran out while we watched: ask for another. */
        renewed += 1;
        setTimeout(function () { if (!left) { begin(); } }, 300 * renewed);
        return;
      }
      if (why === 'connection' || why === 'not-ready') {
        /* It is asked for until it comes; what stands over it meanwhile is the business of patience. */
        patience.wait(why);
        setTimeout(function () { if (!left && !asleep) { begin(); } }, AGAIN_MS);
        return;
      }
      over = true;
      patience.end();
      restarted();
      quiet();
      var close = { label: t('close'), run: leavePage }, words;
      if (why === 'ended') { Lareira.api.entry(entry.share_id, function (error, after) { isOver(error ? entry : after, close); }); return; }
      if (why === 'gone') {
        Lareira.panels.ask({ title: t('over_title'), text: t('expired_text'), entry: entry, choices: [close] });
        return;
      }
      words = Lareira.over.trouble(why, message);
      Lareira.panels.ask({ title: words.title, text: words.text, entry: entry, choices: [{ label: t('try_again'), run: again }, close] });
    }

    /* `after`: the same share as it is after its end. */
    function isOver(after, close) {
      if (left) { return; }
      if (app.below('channel')) {
        /* It came over a channel, and that goes on. */
        leavePage();
        Lareira.panels.notice(Lareira.words.over(after) + ' ' + t('over_inbox'));
        return;
      }
      var question = Lareira.words.overQuestion(after, function () { app.watch(after, 'start'); });
      question.choices.push(close);
      Lareira.panels.ask(question);
    }

    function again() { over = false; begin(); }

    /* A hidden page plays nothing: after a while it lets go, and comes back at the edge. */
    function visibility() {
      clearTimeout(hiddenTimer);
      if (document.hidden && !over) {
        hiddenTimer = setTimeout(function () { asleep = true; patience.end(); quiet(); Lareira.player.stop(); }, HIDDEN_MS);
      } else if (asleep) {
        asleep = false;
        begin();
      }
    }

    function onKey(key) {
      if (over) { return false; }
      if (Lareira.player.isMuted() && key.name === 'ok') {
        Lareira.player.unmute();
        muted = false;
        say();
        return true;
      }
      if (key.name === 'back' && curtain.shows()) { curtain.hide(); return true; }
      if (key.name === 'stop') { leavePage(); return true; }
      if (key.name === 'rewind' && entry.recorded !== false) { fromStart(); return true; }
      if (!WAKES.test(key.name)) { return false; }
      if (!curtain.shows()) { showBar(); return true; }
      showBar();
      /* A second press right after the first was meant for the bar, not for what now lies under it. */
      return key.name === 'ok' && Date.now() - shownAt < 400;
    }

    document.addEventListener('visibilitychange', visibility);
    node.addEventListener('mousemove', function () { if (!over) { showBar(); } });
    node.addEventListener('touchstart', function () { if (!over) { showBar(); } });
    begin();
    return {
      node: node, share: entry.share_id, onKey: onKey,
      onEvent: function (name, data) {
        if (name === 'stopping') { waitForRestart(); }
        if (name === 'reach' && restart) { restart.isBack = data.reached; }
        if (name === 'resync' && data.slept && !over && !asleep) { quiet(); begin(); }
        if (name !== 'share' || data.share_id !== entry.share_id) { return; }
        if ('interrupted' in data && !over) { interrupted = data.interrupted; say(); }
        if (data.state === 'ended') { Lareira.player.endSoon(); }
        if (data.state === 'unknown' || data.state === 'expired' || data.state === 'withdrawn') { Lareira.player.stop(); ended('gone'); }
      },
      leave: function () {
        left = true;
        patience.end();
        restarted();
        curtain.hide();
        clearTimeout(hiddenTimer);
        document.removeEventListener('visibilitychange', visibility);
        if (cancel) { cancel(); }
        quiet();
        Lareira.player.stop();
      }
    };
  };
}(window.Lareira = window.Lareira || {}));
