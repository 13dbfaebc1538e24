/* The recorded player: pause and seek, with a bar that comes when it is needed. Plays the beginning of a share
   that is still live too; then the bar grows. */
(function (Lareira) {
  'use strict';

  var BAR_MS = 4000, COMMIT_MS = 280, EDGE_S = 3, AGAIN_MS = 1000;
  var el = Lareira.dom.el;

  Lareira.views.recorded = function (params) {
    var t = Lareira.t, app = Lareira.app, entry = params.entry, growing = Lareira.parts.isLive(entry);
    var video = Lareira.player.video(), pin = params.pin, seek = new Lareira.Seek();
    var left = false, over = false, started = false, target = -1, commitTimer = 0, receipts = null, cancel = null, renewed = 0;
    var played = el('div.track-played', {}), knob = el('div.track-knob', {}), at = el('span.at', {}), end = el('span.end', {});
    var track = el('div.track', { role: 'slider', 'data-choice': '', 'data-first': '', tabindex: '-1', 'aria-label': t('position'),
      'aria-valuemin': '0' }, [el('div.track-line', {}, [played]), knob]);
    var sign = el('div.sign', { 'aria-hidden': 'true' });
    var hint = el('p.hint-line', { role: 'status' });
    var overlay = Lareira.over.bar(entry, growing ? Lareira.parts.liveMark() : null,
      el('p.bar-title', {}, [el('span', { text: Lareira.words.when(entry.started_at) }),
        entry.title ? Lareira.dom.theirs('span', entry.title) : null]),
      [el('div.progress', {}, [at, track, end]), el('div.buttons', {}, [
        growing ? Lareira.parts.button(t('jump_live'), toLive, '.to-live') : null,
        Lareira.parts.button(t('close'), app.back)
      ])]);
    var node = el('section.page.page-player.page-recorded', { 'aria-label': t('video_from', { name: Lareira.parts.senderName(entry) }) },
      [Lareira.over.cover(entry), overlay, sign, hint]);
    var curtain = Lareira.over.curtain(node, BAR_MS, draw, function () { return video.paused || target >= 0; });

    /* In seconds; a fragmented file that says no length has the one the inbox knows. */
    function duration() {
      var known = video.duration, ranges = video.seekable;
      if (isFinite(known) && known > 0) { return known; }
      if (growing && ranges.length) { return ranges.end(ranges.length - 1); }
      return (entry.duration_ms || 0) / 1000 || (ranges.length ? ranges.end(ranges.length - 1) : 0);
    }

    function position() { return target >= 0 ? target : video.currentTime || 0; }

    function draw() {
      var whole = duration(), here = Math.min(position(), whole || Infinity), part = whole > 0 ? Math.min(1, here / whole) : 0;
      played.style.transform = 'scaleX(' + part + ')';
      knob.style.left = part * 100 + '%';
      at.textContent = Lareira.words.length(here * 1000);
      end.textContent = whole > 0 ? Lareira.words.length(whole * 1000) : '';
      track.setAttribute('aria-valuemax', Math.round(whole));
      track.setAttribute('aria-valuenow', Math.round(here));
      track.setAttribute('aria-valuetext', Lareira.words.spokenLength(here * 1000));
    }

    function showBar() { curtain.show(); }

    function toLive() { app.watch(entry, 'live'); }

    function begin(from) {
      node.classList.remove('has-started');
      cancel = Lareira.accept(entry, 'start', pin, function (play) {
        pin = params.pin = '';
        Lareira.panels.close();
        Lareira.player.recording(play, growing, from, {
          onStart: function () { /* the first picture follows */ },
          onPicture: function () {
            node.classList.add('has-started');
            if (!started) { started = true; showBar(); }
            if (!receipts) { receipts = Lareira.receipts(entry.share_id); }
          },
          onStall: function (yes) { hint.textContent = yes ? t('stalled') : ''; },
          onMuted: function () { hint.textContent = t('press_for_sound'); },
          onOver: ended
        });
      }, ended);
    }

    function ended(why, message) {
      if (left) { return; }
      if (why === 'cancelled') { app.back(); return; }
      if (why === 'forbidden' && renewed < 3) { renewed += 1; begin(video.currentTime || 0); return; }
      if (why !== 'ended' && why !== 'gone' && Lareira.events.waits()) {
        hint.textContent = t('restarting');
        setTimeout(function () { if (!left) { begin(position()); } }, AGAIN_MS);
        return;
      }
      over = true;
      if (receipts) { receipts(); receipts = null; }
      hint.textContent = '';
      curtain.hide();
      var words, close = { label: t('close'), run: app.back };
      if (why === 'ended') {
        Lareira.panels.ask({ title: t('watched_title'), text: entry.title || Lareira.parts.senderName(entry), entry: entry,
          choices: [close, { label: t('watch_again'), run: function () { over = false; begin(0); } }], back: app.back });
        return;
      }
      words = Lareira.over.trouble(why, message);
      Lareira.panels.ask({
        title: words.title, text: words.text, entry: entry,
        choices: why === 'gone' ? [close] : [{ label: t('try_again'),
          run: function () { over = false; begin(Math.max(0, position() - 2)); } }, close]
      });
    }

    function show(kind) {
      sign.className = 'sign is-' + kind;
      void sign.offsetWidth;
      sign.classList.add('is-shown');
    }

    function pause(yes) {
      if (yes === video.paused) { showBar(); return; }
      if (yes) { video.pause(); } else { Lareira.player.play(); }
      node.classList.toggle('is-paused', yes);
      show(yes ? 'paused' : 'playing');
      showBar();
    }

    /* Presses gather and move the mark at once; the video follows when they pause. */
    function step(direction) {
      var whole = duration();
      var to = Math.max(0, position() + seek.press(Date.now(), direction, whole));
      target = whole > 0 ? Math.min(to, Math.max(0, whole - 1)) : to;
      node.classList.add('is-seeking');
      showBar();
      clearTimeout(commitTimer);
      commitTimer = setTimeout(commit, COMMIT_MS);
    }

    function commit() {
      var to = target;
      if (to < 0) { return; }
      if (pastEnd()) { toLive(); return; }
      video.currentTime = to;
      /* The mark waits at its place until the video is there. */
      setTimeout(function () { if (target === to) { target = -1; node.classList.remove('is-seeking'); } }, 400);
    }

    /* Far enough to the right of a share that is still live there is only now. */
    function pastEnd() { return growing && entry.state !== 'ended' && target >= duration() - EDGE_S; }

    function onKey(key) {
      var name = key.name, aside = curtain.shows() && Lareira.focus.current() !== track;
      if (over || !started) { return false; }
      if (Lareira.player.isMuted() && name === 'ok') { Lareira.player.unmute(); hint.textContent = ''; return true; }
      if (name === 'rewind' || (name === 'left' && !aside)) { step(-1); return true; }
      if (name === 'forward' || (name === 'right' && !aside)) { step(1); return true; }
      if (name === 'playpause' || (name === 'ok' && !aside)) { if (!key.repeat) { pause(!video.paused); } return true; }
      if (name === 'play') { pause(false); return true; }
      if (name === 'pause') { pause(true); return true; }
      if (name === 'stop') { app.back(); return true; }
      if (name === 'up' || name === 'down' || name === 'info') { var shown = curtain.shows(); showBar(); return !shown || name === 'info'; }
      if (name === 'left' || name === 'right') { showBar(); }
      return false;
    }

    function pointed(event) {
      var box = track.getBoundingClientRect(), x = (event.touches ? event.touches[0] : event).clientX;
      target = Math.max(0, Math.min(1, (x - box.left) / box.width)) * duration();
      showBar();
      commit();
      event.stopPropagation();
      event.preventDefault();
    }

    function rest() { if (document.hidden && !over && !video.paused) { pause(true); } }

    var drawing = setInterval(function () { if (curtain.shows()) { draw(); } }, 250);
    track.addEventListener('mousedown', pointed);
    track.addEventListener('touchstart', pointed);
    node.addEventListener('mousemove', function () { if (!over && started) { showBar(); } });
    node.addEventListener('click', function () { if (!over && started) { pause(!video.paused); } });
    overlay.addEventListener('click', function (event) { event.stopPropagation(); });
    document.addEventListener('visibilitychange', rest);
    begin(0);
    return {
      node: node, share: entry.share_id, onKey: onKey,
      onEvent: function (name, data) {
        if (name === 'resync' && data.slept && !over && !video.paused) { begin(video.currentTime || 0); }
        if (name !== 'share' || data.share_id !== entry.share_id) { return; }
        if (data.state === 'ended') { 
          /* The way to now is only there while there is a now. */
          entry.state = 'ended';
          ['.to-live', '.mark-live'].forEach(function (one) { Lareira.dom.remove(overlay.querySelector(one)); });
          Lareira.focus.ensure();
        }
        if (data.state === 'unknown' || data.state === 'expired' || data.state === 'withdrawn') { Lareira.player.stop(); ended('gone'); }
      },
      leave: function () {
        left = true;
        curtain.hide();
        clearTimeout(commitTimer);
        clearInterval(drawing);
        document.removeEventListener('visibilitychange', rest);
        if (cancel) { cancel(); }
        if (receipts) { receipts(); }
        Lareira.player.stop();
      }
    };
  };
}(window.Lareira = window.Lareira || {}));
