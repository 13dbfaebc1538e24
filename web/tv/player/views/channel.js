/* A TV channel: the picture, and for a moment which one it is and what is on. Up, down and the channel keys go to the
   next one, digits to any; OK tells again, and then opens the list over the picture. */
(function (Lareira) {
  'use strict';

  var BAR_MS = 5000, ZAP_MS = 350, AGAIN_MS = 4000, HIDDEN_MS = 10000;
  var el = Lareira.dom.el, theirs = Lareira.dom.theirs;

  Lareira.views.channel = function (params) {
    var t = Lareira.t, app = Lareira.app, guide = Lareira.guide;
    var channel = params.channel, left = false, asleep = false, tuneTimer = 0, hiddenTimer = 0, list = null;
    var hint = el('p.hint-line', { role: 'status' }), bar = el('div.bar', { 'aria-live': 'polite' }), cover = el('div.cover', {});
    var node = el('section.page.page-player.page-channel', {}, [cover, bar, hint]);
    var curtain = Lareira.over.curtain(node, BAR_MS, draw);

    function draw() {
      Lareira.dom.clear(bar);
      bar.appendChild(el('div.banner', {}, [
        el('div.banner-channel', {}, [el('span.banner-number', { text: channel.number }), Lareira.channels.logo(channel)]),
        el('div.banner-lines', {}, [theirs('h2.bar-who', channel.name), Lareira.channels.programme(channel)])
      ]));
    }

    function tune(to, wait) {
      channel = params.channel = to;
      guide.watched(to);
      clearTimeout(tuneTimer);
      Lareira.player.stop();
      document.body.classList.add('has-picture');
      node.classList.remove('has-started');
      node.setAttribute('aria-label', channel.name);
      Lareira.dom.clear(cover);
      hint.textContent = '';
      curtain.show();
      tuneTimer = setTimeout(play, wait);
    }

    function play() {
      Lareira.player.channel(channel.play.hls_url, {
        onStart: function () { /* the first picture follows */ },
        onPicture: function () {
          node.classList.add('has-started');
          hint.textContent = Lareira.player.isMuted() ? t('press_for_sound') : '';
        },
        onStall: function (yes) { hint.textContent = yes ? t('stalled') : ''; },
        onMuted: function () { hint.textContent = t('press_for_sound'); },
        onOver: failed
      });
    }

    /* A channel that fails is no reason for a question: it says so, and is tried again. */
    function failed(why) {
      if (left) { return; }
      document.body.classList.add('has-picture');
      node.classList.remove('has-started');
      hint.textContent = why === 'decode' || why === 'unsupported' ? t('decode_text') : t('channel_lost');
      if (why !== 'unsupported') { tuneTimer = setTimeout(play, AGAIN_MS); }
    }

    function zap(by) { var to = guide.beside(channel, by); if (to) { tune(to, ZAP_MS); } return true; }

    function openList() {
      curtain.hide();
      list = Lareira.channels.list(channel, function (picked) {
        closeList();
        if (picked.channel_id === channel.channel_id) { curtain.show(); } else { tune(picked, 0); }
      });
      list.node.className += ' is-over';
      node.appendChild(list.node);
      Lareira.focus.push(list.node);
      list.draw();
    }

    function closeList() {
      var old = list;
      if (!old) { return; }
      list = null;
      Lareira.dom.remove(old.node);
      Lareira.focus.pop(old.node);
    }

    function onKey(key) {
      var name = key.name;
      if (list) {
        if (name === 'back') { closeList(); return true; }
        return list.onKey(key);
      }
      if (Lareira.player.isMuted() && name === 'ok') { Lareira.player.unmute(); hint.textContent = ''; return true; }
      if (name === 'stop') { app.back(); return true; }
      if (name === 'up' || name === 'channelup') { return zap(1); }
      if (name === 'down' || name === 'channeldown') { return zap(-1); }
      if (name === 'yellow' || (name === 'ok' && curtain.shows())) { openList(); return true; }
      if (name === 'ok' || name === 'info' || name === 'left' || name === 'right') { curtain.show(); return true; }
      return false;
    }

    /* A hidden page plays nothing, and comes back to the same channel. */
    function visibility() {
      clearTimeout(hiddenTimer);
      if (document.hidden) {
        hiddenTimer = setTimeout(function () { asleep = true; clearTimeout(tuneTimer); Lareira.player.stop(); }, HIDDEN_MS);
      } else if (asleep) { asleep = false; tune(channel, 0); }
    }

    document.addEventListener('visibilitychange', visibility);
    node.addEventListener('mousemove', function () { if (!list) { curtain.show(); } });
    node.addEventListener('click', function (event) { if (event.target === node || cover.contains(event.target)) { openList(); } });
    tune(channel, 0);
    return {
      node: node, onKey: onKey,
      onEvent: function (name, data) {
        if (name === 'resync' && data.slept) { tune(channel, 0); }
        if (name !== 'channel') { return; }
        if (!guide.list.length) { app.back(); return; }
        channel = params.channel = guide.find(channel.channel_id) || channel;
        if (curtain.shows()) { draw(); }
        if (list) { list.draw(); }
      },
      leave: function () {
        left = true;
        closeList();
        clearTimeout(tuneTimer);
        clearTimeout(hiddenTimer);
        curtain.hide();
        document.removeEventListener('visibilitychange', visibility);
        Lareira.player.stop();
      }
    };
  };
}(window.Lareira = window.Lareira || {}));
