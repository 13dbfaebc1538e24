/* The live player: the picture, and nothing over it unless asked. OK shows who is sending; Back leaves. */
(function (Lareira) {
  'use strict';

  var BAR_MS = 5000, HIDDEN_MS = 10000;
  var WAKES = /^(ok|up|down|left|right|info|play|pause|playpause)$/;
  var el = Lareira.dom.el;

  Lareira.views.live = function (params) {
    var t = Lareira.t, app = Lareira.app, entry = params.entry;
    var left = false, over = false, shownAt = 0, hiddenTimer = 0, receipts = null, cancel = null, asleep = false, renewed = 0,
      pin = params.pin;
    var hint = el('p.hint-line', { role: 'status' });
    var since = el('span', {});
    var overlay = Lareira.over.bar(entry, Lareira.parts.liveMark(),
      el('p.bar-title', {}, [since, entry.title ? Lareira.dom.theirs('span', entry.title) : null]),
      el('div.buttons', {}, [
        Lareira.parts.button(t('from_start'), function () { app.watch(entry, 'start'); }),
        Lareira.parts.button(t('close'), leavePage)
      ]));
    var node = el('section.page.page-player.page-live', { 'aria-label': t('live_from', { name: Lareira.parts.senderName(entry) }) },
      [Lareira.over.cover(entry), overlay, hint]);
    var curtain = Lareira.over.curtain(node, BAR_MS, drawBar);

    function leavePage() { app.back(); }

    function drawBar() {
      since.textContent = entry.started_at ? t('since', { time: Lareira.words.clock(new Date(entry.started_at)) }) : '';
    }

    function showBar() {
      if (!curtain.shows()) { shownAt = Date.now(); }
      curtain.show();
    }

    function begin() {
      node.classList.remove('has-started');
      cancel = Lareira.accept(entry, 'live', pin, function (play) {
        pin = params.pin = '';
        Lareira.panels.close();
        Lareira.player.live(play, {
          onStart: function () { /* the first picture follows at once */ },
          onPicture: function () {
            node.classList.add('has-started');
            if (!receipts) { receipts = Lareira.receipts(entry.share_id); }
          },
          onStall: function (yes) { hint.textContent = yes ? t('stalled') : ''; },
          onMuted: function () { hint.textContent = t('press_for_sound'); node.classList.add('is-muted'); },
          onOver: ended
        });
      }, ended);
    }

    function quiet() {
      if (receipts) { receipts(); receipts = null; }
      hint.textContent = '';
      curtain.hide();
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
      over = true;
      quiet();
      var close = { label: t('close'), run: leavePage }, name = Lareira.parts.senderName(entry), words;
      if (why === 'ended' && app.below('channel')) {
        /* It came over a channel, and that goes on. */
        leavePage();
        Lareira.panels.notice(t('ring_over', { name: name }));
        return;
      }
      if (why === 'ended' || why === 'gone') {
        Lareira.panels.ask({
          title: t('over_title'), text: why === 'gone' ? t('expired_text') : t('over_text', { name: name }), entry: entry,
          choices: why === 'gone' ? [close] : [{ label: t('start_watching'), run: function () { app.watch(stopped(), 'start'); } }, close]
        });
        return;
      }
      words = Lareira.over.trouble(why, message);
      Lareira.panels.ask({ title: words.title, text: words.text, entry: entry, choices: [{ label: t('try_again'), run: again }, close] });
    }

    function again() { over = false; begin(); }

    /* The same share as it is after its end. */
    function stopped() {
      var after = {};
      Object.keys(entry).forEach(function (key) { after[key] = entry[key]; });
      after.state = 'ended';
      return after;
    }

    /* A hidden page plays nothing: after a while it lets go, and comes back at the edge. */
    function visibility() {
      clearTimeout(hiddenTimer);
      if (document.hidden && !over) {
        hiddenTimer = setTimeout(function () { asleep = true; quiet(); Lareira.player.stop(); }, HIDDEN_MS);
      } else if (asleep) {
        asleep = false;
        begin();
      }
    }

    function onKey(key) {
      if (over) { return false; }
      if (Lareira.player.isMuted() && key.name === 'ok') {
        Lareira.player.unmute();
        hint.textContent = '';
        node.classList.remove('is-muted');
        return true;
      }
      if (key.name === 'back' && curtain.shows()) { curtain.hide(); return true; }
      if (key.name === 'stop') { leavePage(); return true; }
      if (key.name === 'rewind') { app.watch(entry, 'start'); return true; }
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
        if (name === 'resync' && data.slept && !over && !asleep) { quiet(); begin(); }
        if (name !== 'share' || data.share_id !== entry.share_id) { return; }
        if (data.state === 'ended') { Lareira.player.endSoon(); }
        if (data.state === 'unknown' || data.state === 'expired' || data.state === 'withdrawn') { Lareira.player.stop(); ended('gone'); }
      },
      leave: function () {
        left = true;
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
