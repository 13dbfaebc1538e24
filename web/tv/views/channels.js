/* The list of channels with what is on now and next. It is a page, and it also stands over a running channel: the list
   at the left, the chosen one told at the right. Shows a window of rows, however many channels there are. */
(function (Lareira) {
  'use strict';

  var ROWS = 7;
  var el = Lareira.dom.el, theirs = Lareira.dom.theirs;

  function logo(channel) {
    var name = channel.name || '';
    return el('span.logo', { 'aria-hidden': 'true' }, [theirs('b', name), Lareira.parts.picture('photo', channel.logo_url)]);
  }

  function progress(part) {
    var played = el('div.track-played', {});
    played.style.transform = 'scaleX(' + part + ')';
    return el('div.programme-line', { 'aria-hidden': 'true' }, [played]);
  }

  /* What is on, as said in a row and in the banner. */
  function programme(channel) {
    var t = Lareira.t, on = Lareira.guide.on(channel, Date.now());
    return el('div.programme', {}, [
      el('p.programme-now', {}, [on.now ? theirs('span', on.now.title) : el('span', { text: t('no_guide') })]),
      on.now ? el('div.programme-times', {}, [el('span', { text: Lareira.words.span(on.now.starts_at, on.now.ends_at) }),
        progress(on.part)]) : null,
      on.next ? el('p.programme-next', {}, [el('span', { text: Lareira.words.clock(new Date(on.next.starts_at)) }),
        theirs('span', on.next.title)]) : null
    ]);
  }

  /* {node, onKey, draw}: pick(channel) when one is chosen. */
  function list(at, pick) {
    var index = 0;
    var rows = el('div.channel-rows', {}), about = el('div.channel-about', {}), count = el('p.count', { 'aria-hidden': 'true' });
    var node = el('div.channel-list', {}, [rows, about]);

    function first() { return index - index % ROWS; }

    function row(channel, i) {
      var now = Lareira.guide.on(channel, Date.now()).now, title = now ? now.title : '';
      var line = el('button.channel-row', { type: 'button', 'data-choice': '', 'data-first': i === index ? '' : null,
        onclick: function () { pick(channel); } }, [
        el('span.channel-number', { text: channel.number }), logo(channel),
        el('span.channel-words', {}, [theirs('b', channel.name), theirs('span', title)])
      ]);
      line.onreach = function () { index = i; tell(channel); };
      return line;
    }

    function tell(channel) {
      count.textContent = (index + 1) + ' / ' + Lareira.guide.list.length;
      Lareira.dom.clear(about);
      [el('p.over', {}, [el('span', { text: channel.number }), channel.group ? theirs('span.group', channel.group) : null, count]),
        theirs('h2.display', channel.name), programme(channel)].forEach(function (one) { about.appendChild(one); });
    }

    function draw() {
      var all = Lareira.guide.list;
      index = Math.max(0, Math.min(index, all.length - 1));
      Lareira.dom.clear(rows);
      all.slice(first(), first() + ROWS).forEach(function (channel, i) { rows.appendChild(row(channel, first() + i)); });
      var line = rows.children[index % ROWS];
      /* Where it is not yet on the page, it can be told already. */
      if (line && !Lareira.focus.set(line)) { tell(all[index]); }
    }

    function to(place) {
      var shown = first();
      index = Math.max(0, Math.min(Lareira.guide.list.length - 1, place));
      if (first() === shown) { Lareira.focus.set(rows.children[index % ROWS]); } else { draw(); }
      return true;
    }

    function onKey(key) {
      var all = Lareira.guide.list.length;
      if (key.name === 'down') { return to(index === all - 1 && !key.repeat ? 0 : index + 1); }
      if (key.name === 'up') { return to(index === 0 && !key.repeat ? all - 1 : index - 1); }
      if (key.name === 'pagedown' || key.name === 'channeldown') { return to(index + ROWS); }
      if (key.name === 'pageup' || key.name === 'channelup') { return to(index - ROWS); }
      return key.name === 'left' || key.name === 'right';
    }

    Lareira.guide.list.forEach(function (channel, i) { if (at && channel.channel_id === at.channel_id) { index = i; } });
    draw();
    return { node: node, onKey: onKey, draw: draw };
  }

  Lareira.channels = { list: list, programme: programme, logo: logo };

  Lareira.views.channels = function () {
    var made = list(Lareira.guide.last(), Lareira.app.tune);
    Lareira.expect();
    var node = el('section.page.page-channels', {}, [Lareira.parts.head(Lareira.t('channels')), made.node]);
    return { node: node, onKey: made.onKey,
      onEvent: function (name) {
        if (name === 'channel') { if (Lareira.guide.list.length) { made.draw(); } else { Lareira.app.back(); } }
      } };
  };
}(window.Lareira = window.Lareira || {}));
