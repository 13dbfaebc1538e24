/* The ring: someone's video is ready. A card over whatever is shown; over a playing picture it leaves the picture be.
   Rings wait for each other, and one that is not answered goes quietly: the share is in the inbox anyway. */
(function (Lareira) {
  'use strict';

  var PATIENCE_MS = 60000;
  var el = Lareira.dom.el, theirs = Lareira.dom.theirs;
  var waiting = [], shown = null, timer = 0;

  function sameAs(id) { return function (entry) { return entry.share_id === id; }; }

  /* A share rings. The event says who; the still stands in the entry. Without an entry the event will do. */
  function ring(entry) {
    if (!entry || !entry.share_id) { return; }
    if ((shown && shown.entry.share_id === entry.share_id) || waiting.some(sameAs(entry.share_id))) { return; }
    if (Lareira.app.isWatching(entry.share_id)) { return; }
    if (entry.thumbnail_url) { put(entry); return; }
    Lareira.api.entry(entry.share_id, function (error, whole) {
      if (!error) { put(whole); } else if (entry.sender) { put(entry); }
    });
  }

  function put(entry) {
    if ((shown && shown.entry.share_id === entry.share_id) || waiting.some(sameAs(entry.share_id))) { return; }
    waiting.push(entry);
    if (!shown) { next(); }
  }

  function next() {
    var entry = waiting.shift();
    if (entry) { draw(entry); }
  }

  function draw(entry) {
    var t = Lareira.t, clip = entry.kind === 'clip';
    var line = clip ? t('ring_clip') : t('ring_live');
    var watch = Lareira.parts.button(t('watch_now'), function () { answer('watch'); }, '.is-main');
    watch.setAttribute('data-first', '');
    var node = el('section.ring', { role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'ring-who', 'aria-describedby': 'ring-what' }, [
      el('div.ring-card', {}, [
        Lareira.parts.still(entry, false),
        el('div.ring-words', {}, [
          el('div.ring-sender', {}, [
            Lareira.parts.face(entry.sender, 'medium'),
            el('div.ring-lines', {}, [
              el('h2.ring-who', { id: 'ring-who', text: Lareira.parts.senderName(entry), dir: 'auto' }),
              el('p.ring-what', { id: 'ring-what' }, [clip ? null : el('i.ember'), el('span', { text: line })])
            ])
          ]),
          entry.title ? theirs('p.ring-title', entry.title) : null,
          el('div.buttons', {}, [
            watch,
            Lareira.parts.button(t('later'), function () { answer('later'); }),
            Lareira.parts.button(t('decline'), function () { answer('decline'); })
          ])
        ])
      ])
    ]);
    shown = { entry: entry, node: node };
    document.getElementById('ring').appendChild(node);
    document.body.classList.add('has-ring');
    Lareira.focus.push(node);
    clearTimeout(timer);
    timer = setTimeout(close, PATIENCE_MS);
  }

  function close() {
    if (!shown) { return; }
    var old = shown;
    clearTimeout(timer);
    shown = null;
    Lareira.dom.remove(old.node);
    document.body.classList.remove('has-ring');
    Lareira.focus.pop(old.node);
    next();
  }

  function answer(what) {
    var entry = shown && shown.entry;
    if (!entry) { return; }
    close();
    if (what === 'watch') { Lareira.app.watch(entry, 'live'); return; }
    Lareira.api[what](entry.share_id, function (error) {
      if (error) { Lareira.panels.notice(error.status ? Lareira.t('error_text') : Lareira.t('unreachable')); return; }
      if (what === 'later') { Lareira.panels.notice(Lareira.t('later_done')); }
    });
  }

  /* What is told of a share meanwhile: one that is over or withdrawn rings no more. */
  function heard(share) {
    var over = share.state === 'ended' || share.state === 'expired' || share.state === 'unknown' || share.state === 'withdrawn';
    if (!over || share.kind === 'clip') { return; }
    waiting = waiting.filter(function (entry) { return entry.share_id !== share.share_id; });
    if (shown && shown.entry.share_id === share.share_id) {
      var name = Lareira.parts.senderName(shown.entry);
      close();
      Lareira.panels.notice(Lareira.t('ring_over', { name: name }));
    }
  }

  function onKey(key) {
    if (!shown) { return false; }
    if (key.name === 'back') { close(); return true; }
    if (key.name === 'play' || key.name === 'playpause') { answer('watch'); return true; }
    return false;
  }

  Lareira.ring = { ring: ring, heard: heard, onKey: onKey, close: close, isShown: function () { return !!shown; } };
}(window.Lareira = window.Lareira || {}));
