/* Settings of the person who is watching. What is changed here waits until it is saved, and then goes in one piece. */
(function (Lareira) {
  'use strict';

  var LANGUAGES = ['en', 'es', 'pt'], STEP = 30, DAY = 1440;
  var el = Lareira.dom.el;

  /* '22:00' and some minutes more, round the clock. */
  function later(time, minutes) {
    var parts = time.split(':'), all = (+parts[0] * 60 + +parts[1] + minutes + DAY) % DAY;
    return ('0' + Math.floor(all / 60)).slice(-2) + ':' + ('0' + all % 60).slice(-2);
  }

  Lareira.views.settings = function (params) {
    var t = Lareira.t, app = Lareira.app, gone = false;
    var about = el('p.settings-about', { 'aria-live': 'polite' }), rows = el('div.rows', {}), buttons = el('div.buttons', {});
    var node = el('section.page.page-settings', {}, [
      Lareira.parts.head(t('settings'), null, 'settings'),
      el('div.settings', {}, [
        el('div.settings-side', {}, [Lareira.parts.face(app.user, 'huge'), Lareira.dom.theirs('h2.settings-who', app.user.name), about]),
        el('div.settings-main', {}, [rows, buttons])
      ])
    ]);

    function mine() { return params.mine; }
    function changed() { return JSON.stringify(params.mine) !== JSON.stringify(params.kept); }
    function languageName() { return { en: t('english'), es: t('spanish'), pt: t('portuguese') }[mine().language || Lareira.language()]; }

    /* `turn(by)` changes it, by +1 for OK and right, by -1 for left; without `value` it leads somewhere. */
    function row(name, label, text, value, turn, more) {
      var line = Lareira.parts.row(el('span.row-label', { text: label }), value, function () { turn(1); draw(name); }, more);
      line.setAttribute('data-row', name);
      line.onreach = function () { about.textContent = text; };
      line.turn = function (by) { turn(by); draw(name); };
      return line;
    }

    function toggle(name, label, text, on, turn) {
      var line = row(name, label, text, el('i.switch' + (on ? '.is-on' : ''), {}), turn);
      line.setAttribute('role', 'switch');
      line.setAttribute('aria-checked', String(on));
      return line;
    }

    function choice(name, label, text, value, turn) {
      return row(name, label, text, el('span.row-value', { text: value }), turn, '.turns');
    }

    function way(name, label, text, to) {
      var line = Lareira.parts.row(el('span.row-label', { text: label }), el('i.row-way', {}), to);
      line.setAttribute('data-row', name);
      line.onreach = function () { about.textContent = text; };
      return line;
    }

    function draw(at) {
      var quiet = mine().quiet_hours, all;
      all = [
        choice('language', t('language'), t('language_about'), languageName(), function (by) {
          mine().language = LANGUAGES[(LANGUAGES.indexOf(mine().language || Lareira.language()) + by + 3) % 3];
        }),
        toggle('service', t('receive'), t('receive_about'), !mine().service_off, function () { mine().service_off = !mine().service_off; }),
        app.user.has_pin ? toggle('pin', t('ask_pin'), t('ask_pin_about'), !mine().skip_pin,
          function () { mine().skip_pin = !mine().skip_pin; }) : null,
        toggle('quiet', t('quiet'), t('quiet_about'), !!quiet, function () {
          mine().quiet_hours = quiet ? null : { from: '22:00', to: '07:00', utc_offset_minutes: -new Date().getTimezoneOffset() };
        }),
        quiet ? choice('from', t('quiet_from'), t('quiet_about'), quiet.from, function (by) { quiet.from = later(quiet.from, STEP * by); })
          : null,
        quiet ? choice('to', t('quiet_to'), t('quiet_about'), quiet.to, function (by) { quiet.to = later(quiet.to, STEP * by); }) : null,
        way('blocked', t('blocked'), t('blocked_about'), function () { params.at = 'blocked'; app.go('blocked'); }),
        way('phone', t('phone'), t('phone_about'), function () { params.at = 'phone'; app.go('phone'); }),
        way('out', t('sign_out'), t('sign_out_about', { name: app.user.name }), app.signOut)
      ];
      Lareira.dom.clear(rows);
      all.forEach(function (one) { if (one) { rows.appendChild(one); } });
      buttons.firstChild.disabled = !changed();
      all = rows.querySelector('[data-row="' + (at || params.at || 'language') + '"]');
      all.setAttribute('data-first', '');
      if (Lareira.focus.topRoot() === node) { Lareira.focus.set(all); }
    }

    function save() {
      if (mine().quiet_hours) { mine().quiet_hours.utc_offset_minutes = -new Date().getTimezoneOffset(); }
      Lareira.api.setSettings(mine(), function (error) {
        if (gone) { return; }
        if (error) { Lareira.panels.notice(error.status ? t('not_saved') : t('unreachable')); return; }
        app.speak(mine().language);
        app.back();
        Lareira.panels.notice(Lareira.t('saved'));
      });
    }

    function leave() {
      if (!params.mine || !changed()) { app.back(); return; }
      Lareira.panels.ask({ title: t('keep_title'), text: t('keep_text'),
        choices: [{ label: t('save'), run: save }, { label: t('discard'), run: app.back }], back: function () { /* on with it */ } });
    }

    buttons.appendChild(Lareira.parts.button(t('save'), save, '.is-main'));
    buttons.appendChild(Lareira.parts.button(t('cancel'), app.back));
    if (params.mine) { draw(); } else {
      buttons.firstChild.disabled = true;
      Lareira.api.settings(function (error, settings) {
        if (gone) { return; }
        if (error) {
          if (error.status !== 401) { app.back(); Lareira.panels.notice(error.status ? t('error_text') : t('unreachable')); }
          return;
        }
        /* What this page doesn't know goes back as it came. */
        params.kept = settings;
        params.mine = JSON.parse(JSON.stringify(settings));
        draw();
      });
    }
    return {
      node: node, help: 'settings',
      leave: function () { gone = true; },
      onKey: function (key) {
        var line = Lareira.focus.current();
        if (key.name === 'back') { leave(); return true; }
        if ((key.name === 'left' || key.name === 'right') && line && line.classList.contains('turns')) {
          line.turn(key.name === 'left' ? -1 : 1);
          return true;
        }
        return false;
      }
    };
  };
}(window.Lareira = window.Lareira || {}));
