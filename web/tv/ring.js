/* The ring: someone's video is ready. A card over whatever is shown; over a playing picture it leaves the picture be.
   Rings wait for each other, and one that is not answered goes quietly: the share is in the inbox anyway. Who asks to be
   allowed (`introduction`) begins at "Not now". */
(function (Lareira) {
  'use strict';

  var PATIENCE_MS = 60000, MEANT_MS = 600;
  var waiting = [], shown = null, timer = 0, since = 0;

  function known(id) {
    if (shown && shown.entry.share_id === id) { return shown.entry; }
    return waiting.filter(function (entry) { return entry.share_id === id; })[0] || null;
  }

  /* A share rings. The event says who; the still stands in the entry. Without an entry the event will do. */
  function ring(event) {
    if (!event || !event.share_id || Lareira.app.isOn(event.share_id)) { return; }
    event.state = event.state || 'ready';
    var before = known(event.share_id), isAllowed = before && before.introduction && !event.introduction;
    if (event.thumbnail_url || (before && !isAllowed)) { put(event); return; }
    var asker = Lareira.app.user;
    Lareira.api.entry(event.share_id, function (error, whole) {
      if (error && Lareira.app.user !== asker) { ring(event); return; }
      if (!error) { whole.user_id = event.user_id; put(whole); } else if (event.sender) { put(event); }
    });
  }

  /* Someone else is watching now: what rings is asked for anew, as they may see it. It rings on meanwhile, so that no key
     falls between. */
  function anew() {
    (shown ? [shown.entry] : []).concat(waiting).forEach(function (entry) {
      Lareira.api.entry(entry.share_id, function (error, whole) {
        var at = waiting.indexOf(entry), isShown = shown && shown.entry === entry;
        if ((error && error.status === 0) || (at < 0 && !isShown)) { return; }
        whole = error ? { share_id: entry.share_id, sender: entry.sender, title: entry.title, kind: entry.kind,
          introduction: entry.introduction, state: 'ready' } : whole;
        whole.user_id = entry.user_id;
        if (isShown) { waiting.unshift(whole); close(); } else { waiting[at] = whole; }
      });
    });
  }

  function put(entry) {
    var before = known(entry.share_id);
    if (Lareira.app.isOn(entry.share_id)) { return; }
    if (!before) {
      waiting.push(entry);
      if (!shown) { next(); }
      return;
    }
    /* Who asked was allowed. */
    if (before.introduction && !entry.introduction) {
      if (shown && shown.entry === before) { waiting.unshift(entry); close(); } else { waiting[waiting.indexOf(before)] = entry; }
      return;
    }
    /* It rings for several people of the household: first of all for the one who is here. */
    if (!otherThan(before) || otherThan(entry)) { return; }
    before.user_id = entry.user_id;
    if (shown && shown.entry === before) { waiting.unshift(before); close(); }
  }

  function next() {
    var entry = waiting.shift();
    if (entry) { draw(entry); }
  }

  /* Whom of the household it is for, when that isn't the person who is watching. */
  function otherThan(entry) {
    var user = Lareira.app.user;
    if (!entry.user_id || (user && user.user_id === entry.user_id)) { return null; }
    return (Lareira.app.device.users || []).filter(function (one) { return one.user_id === entry.user_id; })[0] || null;
  }

  function choice(text, what, more) { return Lareira.parts.button(text, function () { answer(what); }, more); }

  function draw(entry) {
    var t = Lareira.t, other = otherThan(entry), name = other && other.name, asks = entry.introduction;
    var first = asks ? choice(t('not_now'), 'later') : choice(t('watch_now'), 'watch', '.is-main');
    first.setAttribute('data-first', '');
    var node = Lareira.dom.el('section.ring' + (asks ? '.is-quiet' : ''),
      { role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'ring-who',
      'aria-describedby': asks ? 'ring-what ring-number' : 'ring-what' }, [
      asks ? Lareira.invite.stranger(entry, name, [first, choice(t('allow'), 'allow'), other ? null : choice(t('block'), 'block')]) :
        Lareira.invite.card(entry, name, [first, choice(t('later'), 'later'), other ? null : choice(t('decline'), 'decline')])
    ]);
    shown = { entry: entry, node: node, other: other };
    since = Date.now();
    document.getElementById('ring').appendChild(node);
    document.body.classList.add('has-ring');
    Lareira.focus.push(node);
    if (!asks) { Lareira.expect(); }
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
    var was = shown;
    if (!was) { return; }
    close();
    if (what === 'watch') {
      if (was.other) { Lareira.app.watchAs(was.other, was.entry); } else { Lareira.app.watch(was.entry, 'live'); }
      return;
    }
    if (what === 'block') { Lareira.invite.block(was.entry, function () { /* it is said */ }); return; }
    if (what === 'allow') {
      if (was.other) { Lareira.app.chooseUser(was.other, function () { allow(was.entry); }); } else { allow(was.entry); }
      return;
    }
    /* For someone else it waits by itself. */
    if (was.other) { Lareira.panels.notice(Lareira.t('later_done')); } else { Lareira.invite.answer(what, was.entry); }
  }

  /* It rings then, in quiet hours too. */
  function allow(entry) {
    Lareira.invite.allow(entry, function () { ring({ share_id: entry.share_id, user_id: entry.user_id, kind: entry.kind }); });
  }

  /* What is told of a share meanwhile: one that is over or withdrawn rings no more. A clip is over as soon as it is there,
     and waits to be seen all the same. */
  function heard(share) {
    var over = share.state === 'ended' || share.state === 'expired' || share.state === 'unknown' || share.state === 'withdrawn';
    if (!over || (share.kind === 'clip' && share.state === 'ended')) { return; }
    var rang = hush(share.share_id);
    if (!rang) { return; }
    var words = Lareira.words.over({ sender: rang.sender, reason: share.reason });
    Lareira.panels.notice(words + ' ' + Lareira.t('over_inbox'));
  }

  /* A share rings no more; what was shown of it, if anything was. */
  function hush(share) {
    waiting = waiting.filter(function (entry) { return entry.share_id !== share; });
    var rang = shown && shown.entry.share_id === share ? shown.entry : null;
    if (rang) { close(); }
    return rang;
  }

  function onKey(key) {
    if (!shown) { return false; }
    if (key.name === 'back') { close(); return true; }
    /* Over a picture, a press in the first moment was meant for the picture. */
    if (key.name === 'ok' && document.body.classList.contains('has-picture') && Date.now() - since < MEANT_MS) { return true; }
    if (!shown.entry.introduction && (key.name === 'play' || key.name === 'playpause')) { answer('watch'); return true; }
    return false;
  }

  Lareira.ring = { ring: ring, anew: anew, heard: heard, hush: hush, onKey: onKey, close: close, isShown: function () { return !!shown; } };
}(window.Lareira = window.Lareira || {}));
