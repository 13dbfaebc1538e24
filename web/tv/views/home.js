/* Home: calm while there is nothing, and the newest thing to watch when there is something. */
(function (Lareira) {
  'use strict';

  var RECENT = 4;
  var el = Lareira.dom.el;

  function hero(page) {
    /* Nobody stands there who was not allowed. */
    var entries = page.entries.filter(function (entry) { return !entry.introduction; });
    var live = entries.filter(Lareira.parts.isLive)[0];
    var unseen = entries.filter(function (entry) { return !entry.seen && Lareira.parts.plays(entry); })[0];
    return live || unseen || null;
  }

  Lareira.views.home = function () {
    var t = Lareira.t, app = Lareira.app, gone = false, last = '';
    var backdrop = el('div.backdrop', { 'aria-hidden': 'true' });
    var words = el('div.home-words', { 'aria-live': 'polite' });
    var buttons = el('div.buttons', {});
    var recent = el('div.recent', {});
    var node = el('section.page.page-home', {}, [
      backdrop, Lareira.parts.head(''),
      el('div.home-main', {}, [words, buttons, Lareira.parts.hearth()]),
      recent
    ]);

    function draw(page) {
      var first = hero(page), live = first && Lareira.parts.isLive(first);
      var focused = Lareira.focus.current(), share = focused && focused.getAttribute('data-share'), label = focused && focused.textContent;
      var name = first ? Lareira.parts.senderName(first) : '';
      [backdrop, words, buttons, recent].forEach(Lareira.dom.clear);
      node.classList.toggle('has-hero', !!first);
      if (first) { backdrop.appendChild(Lareira.parts.picture('photo', first.thumbnail_url) || el('span', {})); }
      if (first) {
        words.appendChild(el('p.over' + (live ? '.is-live' : ''), {},
          [live ? el('i.ember') : null, el('span', { text: live ? t('live_now') : Lareira.words.when(first.started_at) })]));
        words.appendChild(Lareira.dom.theirs('h2.display', name));
        words.appendChild(Lareira.dom.theirs('p.lead', first.title || (live ? t('home_live_text') : t('home_unseen_text'))));
      } else {
        words.appendChild(el('h2.display', { text: page.total ? t('home_seen_title') : t('home_empty_title') }));
        words.appendChild(el('p.lead', { text: t('home_empty_text') }));
      }
      if (live) { Lareira.expect(); }
      if (first) {
        buttons.appendChild(Lareira.parts.button(live ? t('watch_now') : t('play'), function () { app.watch(first, 'live'); }, '.is-main'));
        buttons.lastChild.setAttribute('data-first', '');
      }
      buttons.appendChild(Lareira.parts.button(page.unseen ? t('inbox_unseen', { count: page.unseen }) : t('inbox'),
        function () { app.go('inbox'); }));
      if (Lareira.guide.list.length) {
        buttons.appendChild(Lareira.parts.button(t('channels'), function () { app.go('channels'); }, '.key-yellow'));
      }
      buttons.appendChild(Lareira.parts.button(t('settings'), function () { app.go('settings'); }));
      if ((app.device.users || []).length > 1) {
        buttons.appendChild(el('button.button.with-face', { type: 'button', 'data-choice': '', onclick: function () { app.go('who'); } },
          [Lareira.parts.face(app.user, 'tiny'), Lareira.dom.theirs('span', app.user.name), Lareira.parts.spoken(t('who_now'))]));
      }
      if (page.entries.length > (first ? 1 : 0)) {
        page.entries.filter(function (entry) { return entry !== first; }).slice(0, RECENT).forEach(function (entry) {
          recent.appendChild(Lareira.parts.tile(entry, function () { app.open(entry); }));
        });
      }
      var same = share && node.querySelector('.tile[data-share="' + share.replace(/["\\]/g, '') + '"]');
      Array.prototype.forEach.call(buttons.children, function (button) { if (!share && button.textContent === label) { same = button; } });
      if (Lareira.focus.topRoot() === node) { if (same) { Lareira.focus.set(same); } else { Lareira.focus.ensure(); } }
    }

    function load() {
      Lareira.api.inbox(0, RECENT + 1, function (error, page) {
        if (gone || (error && error.status === 0)) { return; }
        if (error && error.status === 401) { return; }
        if (error) { page = { total: 0, unseen: 0, entries: [] }; Lareira.panels.notice(t('error_text')); }
        var said = JSON.stringify([page, Lareira.guide.list.length > 0]);
        if (said === last) { return; }
        last = said;
        draw(page);
      });
    }

    load();
    return {
      node: node,
      leave: function () { gone = true; },
      onEvent: function (name, data) { if (name !== 'reach' || data.again) { load(); } }
    };
  };
}(window.Lareira = window.Lareira || {}));
