/* Questions over the page: a panel with a few choices, the PIN pad, and short notices that pass by themselves. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;
  var open = null, noticeTimer = 0;

  function host() { return document.getElementById('panel'); }

  function show(node, handlers) {
    close();
    open = { node: node, onKey: handlers.onKey, onBack: handlers.onBack, onClose: handlers.onClose };
    host().appendChild(node);
    document.body.classList.add('has-panel');
    Lareira.focus.push(node);
  }

  function close() {
    if (!open) { return; }
    var old = open;
    open = null;
    if (old.onClose) { old.onClose(); }
    Lareira.dom.remove(old.node);
    document.body.classList.remove('has-panel');
    Lareira.focus.pop(old.node);
  }

  /* Whether one is open, or this one. */
  function isOpen(node) { return !!open && (!node || open.node === node); }

  /* A question: {title, text, entry (its still is shown) or person (their face), choices: [{label, run}], back: run,
     closed: told once it is gone, whoever closed it}. Choices close it. */
  function ask(question) {
    var label = 'panel-title';
    var buttons = question.choices.map(function (choice) {
      return Lareira.parts.button(choice.label, function () { close(); choice.run(); });
    });
    var node = el('section.panel', { role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': label, 'aria-describedby': 'panel-text' }, [
      el('div.panel-card', {}, [
        question.entry ? Lareira.parts.still(question.entry, false) : question.person ? Lareira.parts.face(question.person, 'huge')
          : el('img.panel-mark', { src: '/shared/mark.svg', alt: '' }),
        el('div.panel-words', {}, [
          el('h2.panel-title', { id: label, text: question.title }),
          el('p.panel-text', { id: 'panel-text', text: question.text || '', dir: 'auto' }),
          el('div.buttons', {}, buttons)
        ])
      ])
    ]);
    show(node, {
      onBack: function () { close(); (question.back || question.choices[question.choices.length - 1].run)(); },
      onClose: question.closed
    });
    return node;
  }

  /* The PIN pad: {title, person, send(pin, answered(error)), done, cancel}. An error of null is success. */
  function pin(question) {
    var digits = '', busy = false, until = 0, timer = 0;
    var dots = el('div.pin-dots', { role: 'status', 'aria-live': 'polite' });
    var words = el('p.pin-words', { role: 'alert' });
    var done = el('button.pin-key.pin-done', { type: 'button', 'data-choice': '', 'aria-label': Lareira.t('pin_done'), text: '\u2713',
      onclick: send });
    var cancel = Lareira.parts.button(Lareira.t('cancel'), back, '.pin-cancel');

    function draw() {
      Lareira.dom.clear(dots);
      for (var i = 0; i < Math.max(4, digits.length); i += 1) { dots.appendChild(el('i' + (i < digits.length ? '.is-full' : ''), {})); }
      dots.setAttribute('aria-label', Lareira.n('digits', digits.length));
      done.disabled = digits.length < 1 || busy || until > 0;
    }
    function type(digit) {
      if (busy || until || digits.length >= 12) { return; }
      words.textContent = '';
      digits += digit;
      draw();
    }
    function erase() { digits = digits.slice(0, -1); draw(); Lareira.focus.ensure(); }
    function back() { close(); if (question.cancel) { question.cancel(); } }
    function send() {
      if (!digits || busy || until) { return; }
      busy = true;
      draw();
      question.send(digits, function (error) {
        if (!document.body.contains(node)) { return; }
        busy = false;
        digits = '';
        if (!error) { close(); question.done(); return; }
        if (error.status === 429) { lock(error.retryAfter || 60); } else {
          words.textContent = error.status === 401 || error.status === 403 ? Lareira.t('pin_wrong') : error.status ? Lareira.t('error_text')
            : Lareira.t('unreachable');
        }
        draw();
        if (!until) { Lareira.focus.set(node.querySelector('[data-first]')); }
      });
    }
    function lock(seconds) {
      until = Date.now() + seconds * 1000;
      node.classList.add('is-locked');
      Lareira.focus.set(cancel);
      clearInterval(timer);
      timer = setInterval(count, 500);
      count();
    }
    function count() {
      var left = until - Date.now();
      if (left <= 0) {
        until = 0;
        clearInterval(timer);
        node.classList.remove('is-locked');
        words.textContent = '';
        draw();
        Lareira.focus.set(node.querySelector('[data-first]'));
        return;
      }
      words.textContent = Lareira.t('pin_locked', { time: Lareira.words.length(Math.ceil(left / 1000) * 1000) });
    }
    function key(digit) {
      return el('button.pin-key', { type: 'button', 'data-choice': '', 'data-first': digit === 1 ? '' : null, text: digit,
        onclick: function () { type(digit); } });
    }
    var erasing = el('button.pin-key', { type: 'button', 'data-choice': '', 'aria-label': Lareira.t('pin_erase'), text: '\u232b',
      onclick: erase });
    var node = el('section.panel', { role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'panel-title' }, [
      el('div.panel-card.pin', {}, [
        el('div.pin-side', {}, [
          Lareira.parts.face(question.person, 'large'),
          el('h2.panel-title', { id: 'panel-title', text: question.title, dir: 'auto' }),
          dots, words, cancel
        ]),
        el('div.pin-pad', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9].map(key).concat([erasing, key(0), done]))
      ])
    ]);
    show(node, {
      onBack: function () { if (digits && !busy) { erase(); } else { back(); } },
      onKey: function (pressed) {
        if (pressed.name !== 'digit') { return false; }
        type(pressed.digit);
        /* Whoever types digits wants OK to mean "done". */
        if (!done.disabled) { Lareira.focus.set(done); }
        return true;
      },
      onClose: function () { clearInterval(timer); }
    });
    draw();
  }

  /* A word that passes by; `lasting` stays until notice('') takes it away. */
  function notice(text, lasting) {
    var node = document.getElementById('notice');
    clearTimeout(noticeTimer);
    node.textContent = Lareira.dom.clip(text || '');
    node.className = text ? 'is-shown' : '';
    if (text && !lasting) { noticeTimer = setTimeout(function () { notice(''); }, 6000); }
  }

  function onKey(key) {
    if (!open) { return false; }
    if (open.onKey && open.onKey(key)) { return true; }
    if (key.name === 'back') { open.onBack(); return true; }
    return false;
  }

  Lareira.panels = { ask: ask, pin: pin, close: close, notice: notice, onKey: onKey, isOpen: isOpen };
}(window.Lareira = window.Lareira || {}));
