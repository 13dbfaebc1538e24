/* The inbox: everything that was shared with this person, newest first, in pages of large tiles. */
(function (Lareira) {
  'use strict';

  var COLUMNS = 3, PAGE = 6;
  var PAGES_ON = /^(forward|pagedown|channeldown)$/, PAGES_BACK = /^(rewind|pageup|channelup)$/, PLAYS = /^(play|playpause|green)$/;
  var el = Lareira.dom.el;

  Lareira.views.inbox = function (params) {
    var t = Lareira.t, app = Lareira.app, gone = false, last = '', asked = 0, ahead = null;
    var index = params.index || 0, total = params.total || 0, entries = [];
    var count = el('span.count', { 'aria-hidden': 'true' });
    var colours = el('span.colours', { 'aria-hidden': 'true' },
      [el('span.key-green', { text: t('play') }), el('span.key-red', { text: t('remove') })]);
    var grid = el('div.grid', {});
    var node = el('section.page.page-inbox', {}, [Lareira.parts.head(t('inbox'), el('span', {}, [colours, count]), 'inbox'), grid]);

    function first() { return index - index % PAGE; }

    function said() {
      count.textContent = total ? (index + 1) + ' / ' + total : '';
      colours.classList.toggle('is-here', total > 0);
    }

    function draw() {
      Lareira.dom.clear(grid);
      if (!total) {
        grid.appendChild(el('div.empty', {}, [
          el('h2.display', { text: t('home_empty_title') }), el('p.lead', { text: t('home_empty_text') }),
          Lareira.parts.button(t('close'), app.back)
        ]));
        return settle(grid.querySelector('button'));
      }
      entries.forEach(function (entry, i) {
        var tile = Lareira.parts.tile(entry, function () { app.open(entry); });
        tile.onreach = function () { index = params.index = first() + i; said(); };
        grid.appendChild(tile);
      });
      said();
      settle(grid.children[index % PAGE] || grid.lastChild);
    }

    function settle(tile) { if (Lareira.focus.topRoot() === node && tile) { Lareira.focus.set(tile); } }

    function load() {
      var turn = asked += 1, from = first();
      Lareira.api.inbox(from, PAGE, function (error, page) {
        if (gone || turn !== asked) { return; }
        if (error) {
          if (error.status && error.status !== 401) { Lareira.panels.notice(t('error_text')); }
          return;
        }
        show(page, from);
      });
    }

    function show(page, from) {
      var text = JSON.stringify(page) + from;
      total = params.total = page.total;
      if (total && index >= total) { index = params.index = total - 1; load(); return; }
      if (text === last) { return; }
      last = text;
      entries = page.entries;
      draw();
      if (from + PAGE < total) {
        Lareira.api.inbox(from + PAGE, PAGE, function (error, next) { if (!error) { ahead = { from: from + PAGE, page: next }; } });
      }
    }

    /* To another page: what was fetched ahead is shown at once, and asked for again behind it. */
    function turn(to) {
      index = params.index = Math.max(0, Math.min(total - 1, to));
      if (ahead && ahead.from === first()) { show(ahead.page, first()); }
      load();
    }

    function onKey(key) {
      var at = index % PAGE, column = at % COLUMNS;
      if (!entries.length) { return false; }
      if (key.name === 'down' && at + COLUMNS >= PAGE && first() + PAGE < total) { turn(first() + PAGE + column); return true; }
      if (key.name === 'down' && at + COLUMNS >= entries.length && at - column + COLUMNS < entries.length) {
        settle(grid.lastChild);
        return true;
      }
      if (key.name === 'up' && at < COLUMNS && first() > 0) { turn(first() - COLUMNS + column); return true; }
      /* Left and right read on like lines of text. */
      if (key.name === 'right' && at === entries.length - 1 && index + 1 < total) { turn(index + 1); return true; }
      if (key.name === 'left' && at === 0 && index > 0) { turn(index - 1); return true; }
      if (key.name === 'right' && column === COLUMNS - 1 && grid.children[at + 1]) { settle(grid.children[at + 1]); return true; }
      if (key.name === 'left' && column === 0 && at > 0) { settle(grid.children[at - 1]); return true; }
      if (PAGES_ON.test(key.name) && first() + PAGE < total) { turn(first() + PAGE); return true; }
      if (PAGES_BACK.test(key.name) && first() > 0) { turn(first() - PAGE); return true; }
      var entry = entries[at];
      if (key.name === 'red' && entry) { Lareira.invite.remove(entry, load); return true; }
      if (PLAYS.test(key.name) && entry && Lareira.parts.plays(entry)) {
        if (entry.introduction) { app.open(entry); } else { app.watch(entry, 'live'); }
        return true;
      }
      return false;
    }

    load();
    return {
      node: node, help: 'inbox',
      onKey: onKey,
      leave: function () { gone = true; },
      onEvent: function (name, data) { if (name !== 'reach' || data.again) { load(); } }
    };
  };
}(window.Lareira = window.Lareira || {}));
