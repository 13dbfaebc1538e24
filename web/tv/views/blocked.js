/* The senders who are blocked. Ticks are taken off and put back as one likes; only saving them counts, all at once. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  Lareira.views.blocked = function () {
    var t = Lareira.t, app = Lareira.app, gone = false, kept = [], ticked = {};
    var rows = el('div.rows.scrolls', {}), buttons = el('div.buttons', {});
    var save = Lareira.parts.button(t('save'), commit, '.is-main');
    var node = el('section.page.page-blocked', {}, [
      Lareira.parts.head(t('blocked')),
      el('div.settings', {}, [
        el('div.settings-side', {}, [el('img.settings-mark', { src: '/shared/mark.svg', alt: '' }),
          el('p.settings-about', { text: t('blocked_text') })]),
        el('div.settings-main', {}, [rows, buttons])
      ])
    ]);

    function list() { return kept.filter(function (id) { return ticked[id]; }); }
    function changed() { return list().length !== kept.length; }

    function line(sender) {
      var id = sender.sender_id, name = sender.name || t('someone');
      var node = Lareira.parts.row(el('span.row-label', {}, [Lareira.parts.face(sender, 'small'), Lareira.dom.theirs('span', name)]),
        el('i.tick', {}), function () {
        ticked[id] = !ticked[id];
        draw();
      });
      function draw() {
        node.setAttribute('aria-checked', String(!!ticked[id]));
        save.disabled = !changed();
      }
      node.setAttribute('role', 'checkbox');
      draw();
      return node;
    }

    function show(answer) {
      var senders = (answer.senders || []).filter(function (sender) { return answer.blocked.indexOf(sender.sender_id) >= 0; });
      kept = answer.blocked;
      kept.forEach(function (id) { ticked[id] = true; });
      if (!senders.length) { rows.appendChild(el('p.lead', { text: t('blocked_nobody') })); }
      senders.forEach(function (sender) { rows.appendChild(line(sender)); });
      if (senders.length) { buttons.insertBefore(save, buttons.firstChild); buttons.lastChild.firstChild.textContent = t('cancel'); }
      if (Lareira.focus.topRoot() === node && senders.length) { Lareira.focus.set(rows.firstChild); }
    }

    function commit() {
      Lareira.api.setBlocks({ blocked: list() }, function (error) {
        if (gone) { return; }
        if (error) { Lareira.panels.notice(error.status ? t('not_saved') : t('unreachable')); return; }
        app.back();
        Lareira.panels.notice(t('saved'));
      });
    }

    buttons.appendChild(Lareira.parts.button(t('close'), app.back));
    Lareira.api.blocks(function (error, answer) {
      if (gone) { return; }
      if (error) {
        if (error.status !== 401) { app.back(); Lareira.panels.notice(error.status ? t('error_text') : t('unreachable')); }
        return;
      }
      show(answer);
    });
    return { node: node, help: 'settings', leave: function () { gone = true; } };
  };
}(window.Lareira = window.Lareira || {}));
