/* The application: which page is shown and where Back leads, who is watching, and what happens with keys and events.
   A page is a function(params) giving {node, onKey?, onBack?, onEvent?, leave?}; its params are kept while it is left. */
(function (Lareira) {
  'use strict';

  var PAIRING_POLL_MS = 2000, RETRY_MS = 3000;
  var trail = [], page = null, retryTimer = 0, unreachedTimer = 0;

  var app = {
    device: null, user: null,
    go: go, back: back, home: home, replace: replace, watch: watch, isWatching: isWatching,
    signedIn: signedIn, chooseUser: chooseUser, start: start, trail: function () { return trail; }
  };

  function draw() {
    var host = document.getElementById('page'), here = trail[trail.length - 1];
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
    Lareira.focus.push(page.node);
    if (page.shown) { page.shown(); }
  }

  function go(name, params) { trail.push({ name: name, params: params || {} }); draw(); }
  function replace(name, params) { trail.pop(); go(name, params); }
  function home() { trail = [{ name: 'home', params: {} }]; draw(); }

  function back() {
    if (trail.length < 2) { return false; }
    trail.pop();
    draw();
    return true;
  }

  function isWatching(share) { return !!(page && page.share === share); }

  /* Plays a share: 'live' at its edge, 'start' from its beginning. The player goes on top of the page it was chosen on;
     a player that is open is replaced, so that Back still leads to where the viewer came from. */
  function watch(entry, from) {
    var name = from === 'live' && Lareira.parts.isLive(entry) ? 'live' : 'recorded';
    var here = trail[trail.length - 1];
    if (here && (here.name === 'live' || here.name === 'recorded')) { trail.pop(); }
    go(name, { entry: entry });
  }

  function language(code) {
    var wanted = (code || navigator.language || 'en').slice(0, 2).toLowerCase();
    Lareira.setLanguage(wanted);
    document.documentElement.lang = Lareira.language();
  }

  /* Asks who this television is, and goes on from there; again and again until the gateway answers. */
  function start() {
    clearTimeout(retryTimer);
    Lareira.api.device(function (error, device) {
      if (error) {
        if (trail.length === 0) { go('waiting'); }
        retryTimer = setTimeout(start, RETRY_MS);
        return;
      }
      app.device = device;
      if (!device.paired) {
        app.user = null;
        Lareira.events.stop();
        if (page && page.name === 'pairing') { page.update(device); } else { trail = [{ name: 'pairing', params: { device: device } }]; draw(); }
        retryTimer = setTimeout(start, PAIRING_POLL_MS);
        return;
      }
      var users = device.users || [], signed = users.filter(function (user) { return user.signed_in; });
      if (app.user && signed.some(function (user) { return user.user_id === app.user.user_id; })) { return; }
      if (signed.length === 1) { signedIn(signed[0]); return; }
      if (signed.length === 0 && users.length === 1 && !users[0].has_pin) { chooseUser(users[0]); return; }
      if (page && page.name === 'who' && !users.length) { retryTimer = setTimeout(start, RETRY_MS); return; }
      chooseAgain();
      if (!users.length) { retryTimer = setTimeout(start, RETRY_MS); }
    });
  }

  function chooseAgain() {
    app.user = null;
    trail = [{ name: 'who', params: {} }];
    draw();
  }

  /* Someone says that they are watching; the PIN is asked for if they have one. */
  function chooseUser(user) {
    function send(pin, answered) { Lareira.api.signIn(user.user_id, pin, answered); }
    function pad() {
      Lareira.panels.pin({ title: Lareira.t('pin_for', { name: user.name }), person: user, send: send, done: function () { signedIn(user); } });
    }
    if (app.user && app.user.user_id === user.user_id) { home(); return; }
    if (user.has_pin && !user.signed_in) { pad(); return; }
    send('', function (error) {
      if (!error) { signedIn(user); return; }
      if (error.status === 401 && user.has_pin) { pad(); return; }
      if (trail.length === 0) { go('who'); }
      Lareira.panels.notice(error.status ? Lareira.t('error_text') : Lareira.t('unreachable'));
    });
  }

  function signedIn(user) {
    (app.device.users || []).forEach(function (one) { one.signed_in = one.user_id === user.user_id; });
    app.user = user;
    Lareira.api.settings(function (error, settings) {
      var code = !error && settings.language;
      if (code && code !== Lareira.language()) { language(code); if (page && page.name === 'home') { draw(); } }
    });
    home();
    Lareira.events.start(hear);
    var special = /^\/tv\/n\/([^\/]+)/.exec(window.location.pathname);
    if (special && !app.opened) {
      app.opened = true;
      Lareira.api.entry(decodeURIComponent(special[1]), function (error, entry) {
        if (error) { Lareira.panels.notice(Lareira.t('not_yours')); return; }
        if (entry.state === 'ready') { Lareira.ring.ring(entry); } else { Lareira.panels.notice(Lareira.t('over_title')); }
      });
    }
  }

  function hear(name, data) {
    if (name === 'ring') { Lareira.ring.ring(data); }
    if (name === 'share') { Lareira.ring.heard(data); }
    if (name === 'reach') { reached(data); }
    if (page && page.onEvent) { page.onEvent(name, data); }
  }

  /* The gateway went or came back. A blink is not worth a word. */
  function reached(data) {
    clearTimeout(unreachedTimer);
    if (!data.reached) {
      unreachedTimer = setTimeout(function () { Lareira.panels.notice(Lareira.t('unreachable'), true); }, 4000);
      return;
    }
    Lareira.panels.notice('');
    if (data.again) { start(); }
  }

  /* Keys go to the top: panel, ring, page; what nobody wants moves the focus. */
  function key(pressed) {
    if (Lareira.panels.isOpen() && !Lareira.ring.isShown()) {
      if (Lareira.panels.onKey(pressed)) { return true; }
    } else if (Lareira.ring.isShown()) {
      if (Lareira.ring.onKey(pressed)) { return true; }
    } else if (page && page.onKey && page.onKey(pressed)) {
      return true;
    }
    if (pressed.name === 'left' || pressed.name === 'right' || pressed.name === 'up' || pressed.name === 'down') {
      Lareira.focus.move(pressed.name);
      return true;
    }
    if (pressed.name === 'ok') {
      if (!pressed.repeat) { Lareira.focus.choose(); }
      return true;
    }
    /* On the first page Back is the television's own. */
    if (pressed.name === 'back') { return back(); }
    if (pressed.name === 'exit') {
      Lareira.panels.close();
      if (app.user && trail.length > 1) { home(); }
      return true;
    }
    return false;
  }

  Lareira.views = Lareira.views || {};
  Lareira.views.waiting = function () {
    return { node: Lareira.dom.el('section.page.page-waiting', {}, [
      Lareira.dom.el('img.waiting-mark', { src: '/shared/mark.svg', alt: '' }),
      Lareira.dom.el('p.waiting-words', { text: Lareira.t('unreachable'), role: 'status' })
    ]) };
  };

  Lareira.app = app;
  language('');
  Lareira.keys.listen(key);
  start();
}(window.Lareira = window.Lareira || {}));
