/* Digits typed anywhere choose a channel by its number: they stand in the corner for a moment, with the name they lead to. */
(function (Lareira) {
  'use strict';

  var WAIT_MS = 1800, LONGEST = 4;
  var typed = '', timer = 0;

  function host() { return document.getElementById('zap'); }

  function draw() {
    var channel = Lareira.guide.numbered(+typed), el = Lareira.dom.el;
    Lareira.dom.clear(host());
    if (typed) {
      host().appendChild(el('div.zap', {}, [el('b', { text: typed }), Lareira.dom.theirs('span', channel ? channel.name : '')]));
    }
  }

  function forget() { clearTimeout(timer); typed = ''; draw(); }

  function go() {
    var channel = Lareira.guide.numbered(+typed), number = typed;
    forget();
    if (channel) { Lareira.app.tune(channel); } else { Lareira.panels.notice(Lareira.t('no_channel', { number: number })); }
  }

  function digit(one) {
    if (typed.length >= LONGEST) { typed = ''; }
    typed += one;
    draw();
    clearTimeout(timer);
    timer = setTimeout(go, WAIT_MS);
  }

  function onKey(key) {
    if (!Lareira.guide.list.length || !Lareira.app.user) { return false; }
    if (key.name === 'digit') { digit(key.digit); return true; }
    if (!typed) { return false; }
    if (key.name === 'ok') { go(); return true; }
    if (key.name === 'back') {
      typed = typed.slice(0, -1);
      draw();
      clearTimeout(timer);
      if (typed) { timer = setTimeout(go, WAIT_MS); }
      return true;
    }
    forget();
    return false;
  }

  Lareira.zap = { onKey: onKey };
}(window.Lareira = window.Lareira || {}));
