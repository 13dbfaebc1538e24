/* The application: which page is shown and where Back leads, who is watching, and what happens with keys and events.
   A page is a function(params) giving {node, onKey?, onBack?, onEvent?, help?, leave?}; its params are kept while it is left. */
(function (Lareira) {
  'use strict';

  var PAIRING_POLL_MS = 2000, RETRY_MS = 3000;
  var trail = [], page = null, retryTimer = 0, unreachedTimer = 0, listens = false, signIns = 0;

  var app = {
    device: null, user: null,
    go: go, back: back, open: open, watch: watch, watchAs: watchAs, tune: tune, isOn: isOn,
    below: below, begun: begun, chooseUser: chooseUser, signOut: signOut, speak: speak, start: start
  };

  function top() { return trail[trail.length - 1]; }

  function draw() {
    var host = document.getElementById('page'), here = top();
    if (!Lareira.views[here.name]) { fetchPlayer(here); return; }
    if (page) {
      if (page.leave) { page.leave(); }
      Lareira.focus.pop(page.node);
      Lareira.dom.clear(host);
    }
    Lareira.panels.close();
    page = Lareira.views[here.name](here.params);
    page.name = here.name;
    document.body.setAttribute('data-page', here.name);
    host.appendChild(page.node);
    Lareira.focus.lay(page.node);
  }

  /* The players' pages are not here before something is played. */
  function fetchPlayer(here) {
    Lareira.load('player', function (came) {
      if (top() !== here) { return; }
      if (!came) { trail.pop(); Lareira.panels.notice(Lareira.t('unreachable')); }
      draw();
    });
  }

  function go(name, params) { trail.push({ name: name, params: params || {} }); draw(); }
  function only(name, params) { trail = []; go(name, params); }
  function home() { only('home'); }

  function back() {
    if (trail.length < 2) { return false; }
    trail.pop();
    draw();
    return true;
  }

  /* Whether the page under this one is of that name. */
  function below(name) { return trail.length > 1 && trail[trail.length - 2].name === name; }

  /* Whether the page that is shown is about this share already: it plays it, or invites to it. */
  function isOn(share) { return !!(page && (page.share === share || page.invites === share)); }

  /* What choosing a share does: one that is ready plays at once, another one tells about itself first, and so does one of
     somebody who is to be allowed first. */
  function open(entry) {
    if (!entry.introduction && (entry.state === 'ready' || Lareira.parts.isLive(entry))) {
      watch(entry, 'live');
    } else { go('details', { entry: entry }); }
  }

  /* Plays a share: 'live' at its edge, 'start' from its beginning. The player goes on top of the page it was chosen on;
     a player that is open is replaced, so that Back still leads to where the viewer came from. */
  function watch(entry, from, pin) {
    var name = from === 'live' && Lareira.parts.isLive(entry) ? 'live' : 'recorded', here = top();
    if (here && (here.name === 'live' || here.name === 'recorded' || here.name === 'notification')) { trail.pop(); }
    go(name, { entry: entry, pin: pin });
  }

  /* The same for someone else of the household: they say that they are watching first. The PIN is asked for once. */
  function watchAs(user, entry) {
    chooseUser(user, function (pin) { watch(entry, 'live', pin); });
  }

  /* Goes to a channel: the one that runs is changed, wherever it lies under what is shown. */
  function tune(channel) {
    cutTo('channel');
    if (top().name === 'channel') { trail.pop(); }
    go('channel', { channel: channel });
  }

  /* Forgets what lies over the page of that name, if there is one. */
  function cutTo(name) {
    for (var i = trail.length - 1; i >= 0; i -= 1) { if (trail[i].name === name) { trail.length = i + 1; return true; } }
    return false;
  }

  function speak(code) {
    Lareira.setLanguage((code || navigator.language || 'en').slice(0, 2).toLowerCase());
    document.documentElement.lang = Lareira.language();
  }

  /* Asks who this television is, and goes on from there; again and again until the gateway answers. */
  function start() {
    clearTimeout(retryTimer);
    var before = signIns;
    Lareira.api.device(function (error, device) {
      /* Someone signed in meanwhile: the answer may not know of them yet. */
      if (before !== signIns) { start(); return; }
      if (error && (error.status === 0 || error.status >= 500)) {
        if (!trail.length) { go('waiting'); }
        retryTimer = setTimeout(start, RETRY_MS);
        return;
      }
      if (error || (device.paired && !device.account)) { homeless(); return; }
      app.device = device;
      if (!device.paired) { pair(device); return; }
      if (!listens) { listens = true; Lareira.events.start(hear); }
      var users = device.users || [], signed = users.filter(function (user) { return user.signed_in; });
      if (app.user && signed.some(function (user) { return user.user_id === app.user.user_id; })) { return; }
      app.user = null;
      if (signed.length === 1) { signedIn(signed[0], begun); return; }
      if (!signed.length && users.length === 1 && !users[0].has_pin && !app.asks) { chooseUser(users[0], begun); return; }
      if (!users.length) { retryTimer = setTimeout(start, RETRY_MS); }
      if (!page || page.name !== 'who' || users.length) { only('who'); }
    });
  }

  function stopListening() { listens = false; app.user = null; Lareira.events.stop(); }

  function pair(device) {
    stopListening();
    if (page && page.name === 'pairing') { page.update(device); } else { only('pairing', { device: device }); }
    retryTimer = setTimeout(start, PAIRING_POLL_MS);
  }

  /* No household has this television, or the gateway won't say. It may change: keep asking. */
  function homeless() {
    stopListening();
    if (!page || page.name !== 'homeless') { only('homeless'); }
    retryTimer = setTimeout(start, RETRY_MS);
  }

  /* Someone says that they are watching; the PIN is asked for if they have one. then(pin) follows. */
  function chooseUser(user, then) {
    function send(pin, answered) {
      Lareira.api.signIn(user.user_id, pin, function (error) {
        answered(error);
        if (!error) { signedIn(user, function () { then(pin); }); }
      });
    }
    function pad() {
      Lareira.panels.pin({ title: Lareira.t('pin_for', { name: user.name }), person: user, send: send,
        done: function () { /* signed in */ } });
    }
    if (app.user && app.user.user_id === user.user_id) { then(''); return; }
    if (user.has_pin && !user.signed_in) { pad(); return; }
    send('', function (error) {
      if (!error) { return; }
      if (error.status === 401 && user.has_pin) { pad(); return; }
      if (!trail.length) { go('who'); }
      Lareira.panels.notice(error.status ? Lareira.t('error_text') : Lareira.t('unreachable'));
    });
  }

  function signedIn(user, then) {
    (app.device.users || []).forEach(function (one) { one.signed_in = one.user_id === user.user_id; });
    signIns += 1;
    app.user = user;
    app.asks = false;
    Lareira.ring.anew();
    Lareira.api.settings(function (error, settings) {
      var code = !error && settings.language;
      if (!code || code === Lareira.language()) { return; }
      speak(code);
      if (page && page.name === 'home') { draw(); }
    });
    Lareira.guide.load(function () { tell('channel', {}); });
    then();
  }

  /* At the beginning: home, or what a notification's special address asks for. */
  function begun() {
    var special = /^\/tv\/n\/([^\/]+)/.exec(window.location.pathname);
    home();
    if (!special || app.opened) { return; }
    app.opened = true;
    go('notification', { share: decodeURIComponent(special[1]) });
  }

  /* Whoever signs out is asked who is watching next, even where only one person lives. */
  function signOut() {
    Lareira.api.signOut(function (error) {
      if (error && error.status !== 401) {
        Lareira.panels.notice(error.status ? Lareira.t('error_text') : Lareira.t('unreachable'));
        return;
      }
      app.asks = true;
      lost();
    });
  }

  function lost() {
    if (!app.user) { return; }
    app.user = null;
    start();
  }

  function tell(name, data) { if (page && page.onEvent) { page.onEvent(name, data); } }

  function hear(name, data) {
    if (name === 'ring') { Lareira.ring.ring(data); }
    if (name === 'share') { Lareira.ring.heard(data); }
    if (name === 'reach') { reached(data); }
    if (name === 'stopping') { reached({ reached: false }); }
    if (name === 'tv' || name === 'resync') { start(); }
    if ((name === 'channel' || name === 'resync') && app.user) { Lareira.guide.load(function () { tell('channel', {}); }); }
    if (name !== 'channel') { tell(name, data); }
  }

  /* The gateway went or came back. A blink is not worth a word, unless it said that it starts again. */
  function reached(data) {
    clearTimeout(unreachedTimer);
    if (!data.reached) {
      var waits = Lareira.events.waits();
      if (waits && !Lareira.panels.isOpen()) { Lareira.panels.notice(Lareira.t('restarting'), true); }
      unreachedTimer = setTimeout(function () {
        if (Lareira.events.waits()) { reached(data); } else { Lareira.panels.notice(Lareira.t('unreachable'), true); }
      }, 4000);
      return;
    }
    Lareira.panels.notice('');
    if (data.again) { start(); }
  }

  /* Out, to television: to the channel that runs below, else home, and from there the television's own way. */
  function exit() {
    Lareira.ring.close();
    Lareira.panels.close();
    if (trail.length < 2) {
      try { window.tizen.application.getCurrentApplication().exit(); } catch (elsewhere) { /* the browser's own key */ }
      return false;
    }
    if (top().name !== 'channel' && cutTo('channel')) { draw(); } else { home(); }
    return true;
  }

  /* Where nothing plays, blue asks for help and yellow for the channels. */
  function colour(name) {
    if (name === 'blue' && page.help) { go('help', { topic: page.help }); return true; }
    if (name !== 'yellow' || !app.user || page.share || !Lareira.guide.list.length || /^channel/.test(page.name)) { return false; }
    go('channels');
    return true;
  }

  /* Keys go to the top: panel, ring, a number being typed, page; what nobody wants moves the focus. */
  function key(pressed) {
    var name = pressed.name, rings = Lareira.ring.isShown(), asks = Lareira.panels.isOpen();
    var moves = name === 'left' || name === 'right' || name === 'up' || name === 'down';
    if (rings && Lareira.ring.onKey(pressed)) { return true; }
    if (asks && (!rings || name === 'digit') && Lareira.panels.onKey(pressed)) { return true; }
    if (!asks && Lareira.zap.onKey(pressed)) { return true; }
    /* Over a running picture a ring takes only the keys that answer it. */
    if (!asks && !(rings && (moves || name === 'ok')) && page && page.onKey && page.onKey(pressed)) { return true; }
    if (moves) { Lareira.focus.move(name); return true; }
    if (name === 'ok') {
      if (!pressed.repeat) { Lareira.focus.choose(); }
      return true;
    }
    if (name === 'exit') { return exit(); }
    if (asks || rings) { return false; }
    if (name === 'blue' || name === 'yellow') { return colour(name); }
    /* On the first page Back is the television's own. */
    return name === 'back' && back();
  }

  Lareira.app = app;
  Lareira.api.signedOut = lost;
  speak('');
  Lareira.keys.listen(key);
  start();
}(window.Lareira = window.Lareira || {}));
