/* The recorded player: pause and seek, with a bar that comes when it is needed. Plays the beginning of a share
   that is still live too; then the bar grows. */
(function (Lareira) {
  'use strict';

  var BAR_MS = 4000, COMMIT_MS = 280;
  var el = Lareira.dom.el;

  Lareira.views = Lareira.views || {};
  Lareira.views.recorded = function (params) {
    var t = Lareira.t, app = Lareira.app, entry = params.entry, growing = Lareira.parts.isLive(entry);
    var video = Lareira.player.video(), seek = new Lareira.Seek();
    var left = false, over = false, started = false, target = -1, barTimer = 0, commitTimer = 0, receipts = null, cancel = null, renewed = 0;
    var played = el('div.track-played', {}), knob = el('div.track-knob', {}), at = el('span.at', {}), end = el('span.end', {});
    var track = el('div.track', { role: 'slider', 'aria-label': t('position'), 'aria-valuemin': '0' }, [el('div.track-line', {}, [played]), knob]);
    var sign = el('div.sign', { 'aria-hidden': 'true' });
    var hint = el('p.hint-line', { role: 'status' });
    var overlay = Lareira.over.bar(entry, growing ? Lareira.parts.liveMark() : null,
      el('p.bar-title', {}, [el('span', { text: Lareira.words.when(entry.started_at) }), entry.title ? Lareira.dom.theirs('span', entry.title) : null]),
      el('div.progress', {}, [at, track, end]));
    var node = el('section.page.page-player.page-recorded', { 'aria-label': t('video_from', { name: Lareira.parts.senderName(entry) }) },
      [Lareira.over.cover(entry), overlay, sign, hint]);

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

    function showBar(yes) {
      clearTimeout(barTimer);
      node.classList.toggle('shows-bar', yes);
      if (!yes) { return; }
      draw();
      barTimer = setTimeout(function () { if (!video.paused && target < 0) { showBar(false); } else { showBar(true); } }, BAR_MS);
    }

    function begin(from) {
      node.classList.remove('has-started');
      cancel = Lareira.accept(entry, 'start', function (play) {
        Lareira.panels.close();
        Lareira.player.recording(play, growing, from, {
          onStart: function () { /* the first picture follows */ },
          onPicture: function () {
            node.classList.add('has-started');
            if (!started) { started = true; showBar(true); }
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
      over = true;
      if (receipts) { receipts(); receipts = null; }
      hint.textContent = '';
      showBar(false);
      var close = { label: t('close'), run: app.back };
      if (why === 'ended') {
        Lareira.panels.ask({ title: t('watched_title'), text: entry.title || Lareira.parts.senderName(entry), entry: entry,
          choices: [close, { label: t('watch_again'), run: function () { over = false; begin(0); } }], back: app.back });
        return;
      }
      Lareira.panels.ask({
        title: why === 'gone' ? t('expired') : why === 'not-ready' ? t('not_ready_title') : t('error_title'),
        text: why === 'gone' ? t('expired_text') : why === 'connection' ? t('unreachable_text') : why === 'unsupported' || why === 'decode' ? t('decode_text') : message || t('error_text'),
        entry: entry, choices: why === 'gone' ? [close] : [{ label: t('try_again'), run: function () { over = false; begin(Math.max(0, position() - 2)); } }, close]
      });
    }

    function show(kind) {
      sign.className = 'sign is-' + kind;
      void sign.offsetWidth;
      sign.classList.add('is-shown');
    }

    function pause(yes) {
      if (yes === video.paused) { showBar(true); return; }
      if (yes) { video.pause(); } else { Lareira.player.play(); }
      node.classList.toggle('is-paused', yes);
      show(yes ? 'paused' : 'playing');
      showBar(true);
    }

    /* Presses gather and move the mark at once; the video follows when they pause. */
    function step(direction) {
      var whole = duration();
      var to = Math.max(0, position() + seek.press(Date.now(), direction, whole));
      target = whole > 0 ? Math.min(to, Math.max(0, whole - 1)) : to;
      node.classList.add('is-seeking');
      showBar(true);
      clearTimeout(commitTimer);
      commitTimer = setTimeout(commit, COMMIT_MS);
    }

    function commit() {
      var to = target;
      if (to < 0) { return; }
      video.currentTime = to;
      /* The mark waits at its place until the video is there. */
      setTimeout(function () { if (target === to) { target = -1; node.classList.remove('is-seeking'); } }, 400);
    }

    function onKey(key) {
      if (over || !started) { return false; }
      if (Lareira.player.isMuted() && key.name === 'ok') { Lareira.player.unmute(); hint.textContent = ''; return true; }
      if (key.name === 'left' || key.name === 'rewind') { step(-1); return true; }
      if (key.name === 'right' || key.name === 'forward') { step(1); return true; }
      if (key.name === 'ok' || key.name === 'playpause') { if (!key.repeat) { pause(!video.paused); } return true; }
      if (key.name === 'play') { pause(false); return true; }
      if (key.name === 'pause') { pause(true); return true; }
      if (key.name === 'stop') { app.back(); return true; }
      if (key.name === 'up' || key.name === 'down') { showBar(!node.classList.contains('shows-bar')); return true; }
      return false;
    }

    function pointed(event) {
      var box = track.getBoundingClientRect(), x = (event.touches ? event.touches[0] : event).clientX;
      target = Math.max(0, Math.min(1, (x - box.left) / box.width)) * duration();
      showBar(true);
      commit();
      event.stopPropagation();
      event.preventDefault();
    }

    function rest() { if (document.hidden && !over && !video.paused) { pause(true); } }

    var drawing = setInterval(function () { if (node.classList.contains('shows-bar')) { draw(); } }, 250);
    track.addEventListener('mousedown', pointed);
    track.addEventListener('touchstart', pointed);
    node.addEventListener('mousemove', function () { if (!over && started) { showBar(true); } });
    node.addEventListener('click', function () { if (!over && started) { pause(!video.paused); } });
    track.addEventListener('click', function (event) { event.stopPropagation(); });
    document.addEventListener('visibilitychange', rest);
    begin(0);
    return {
      node: node, share: entry.share_id, onKey: onKey,
      onEvent: function (name, data) {
        if (name !== 'share' || data.share_id !== entry.share_id) { return; }
        if (data.state === 'ended') { entry.state = 'ended'; }
        if (data.state === 'unknown' || data.state === 'expired' || data.state === 'withdrawn') { Lareira.player.stop(); ended('gone'); }
      },
      leave: function () {
        left = true;
        clearTimeout(barTimer);
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
