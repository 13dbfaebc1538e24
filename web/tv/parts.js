/* Pieces that several pages are made of: the mark, the clock, faces, stills, tiles, buttons, rows. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el, theirs = Lareira.dom.theirs;
  var TONES = 6;

  function tone(text) {
    var sum = 0, i;
    for (i = 0; i < Math.min(text.length, 64); i += 1) { sum = (sum * 37 + text.charCodeAt(i) * (i + 3)) % 9973; }
    return sum % TONES;
  }

  /* A picture that may not come: what stands under it stays when it doesn't. */
  function picture(className, url) {
    if (!url) { return null; }
    var image = el('img.' + className, { alt: '', src: url, draggable: 'false' });
    image.onload = function () { image.classList.add('is-here'); };
    image.onerror = function () { Lareira.dom.remove(image); };
    return image;
  }

  function face(person, size) {
    var name = (person && person.name) || '';
    return el('div.face.face-' + size + '.tone-' + tone(name), { 'aria-hidden': 'true' },
      [el('span', { text: Lareira.words.initials(name) }), picture('photo', person && person.photo_url)]);
  }

  /* A share's still, 16:9, with its marks. `entry` as in the inbox. */
  function still(entry, marks) {
    var name = entry.sender ? entry.sender.name : '';
    return el('div.still', { 'aria-hidden': 'true' }, [
      el('div.still-empty.tone-' + tone(name || ''), {}, [el('span', { text: Lareira.words.initials(name) })]),
      picture('photo', entry.thumbnail_url),
      marks && isLive(entry) ? liveMark() : null,
      marks && Lareira.words.lacks(entry) ? el('span.mark.mark-lacks', { text: Lareira.t('incomplete') }) : null,
      marks && !isLive(entry) && entry.duration_ms ? el('span.mark.mark-length', { text: Lareira.words.length(entry.duration_ms) }) : null
    ]);
  }

  function isLive(entry) { return entry.kind !== 'clip' && (entry.state === 'ready' || entry.state === 'preparing'); }

  /* Whether there is something of it to be watched: now, or what was kept of it. */
  function plays(entry) { return isLive(entry) || (entry.state === 'ended' && entry.recorded !== false); }

  function liveMark() { return el('span.mark.mark-live', { text: Lareira.t('live') }); }

  function senderName(entry) { return (entry.sender && entry.sender.name) || Lareira.t('someone'); }

  /* One share as a thing to choose. */
  function tile(entry, choose) {
    var marks = isLive(entry) ? [Lareira.t('live')] : entry.seen ? [] : [Lareira.t('unseen')];
    if (Lareira.words.lacks(entry)) { marks.push(Lareira.t('incomplete')); }
    if (entry.duration_ms && !isLive(entry)) { marks.push(Lareira.words.spokenLength(entry.duration_ms)); }
    return el('button.tile', { type: 'button', 'data-choice': '', 'data-share': entry.share_id, onclick: choose }, [
      still(entry, true),
      el('div.tile-text', {}, [
        face(entry.sender, 'small'),
        el('div.tile-lines', {}, [
          el('div.tile-who', {}, [theirs('span', senderName(entry)), entry.seen || isLive(entry) ? null : el('i.unseen')]),
          el('div.tile-when', {}, [el('span', { text: Lareira.words.when(entry.started_at) }),
            entry.title ? el('i.dot', { text: '\u00b7', 'aria-hidden': 'true' }) : null,
            entry.title ? theirs('span.tile-title', entry.title) : null])
        ])
      ]),
      spoken(marks.join(', '))
    ]);
  }

  /* For screen readers: what others see as a mark or a picture. */
  function spoken(text) { return text ? el('span.spoken', { text: text }) : null; }

  function button(label, choose, more) {
    return el('button.button' + (more || ''), { type: 'button', 'data-choice': '', onclick: choose }, [el('span', { text: label })]);
  }

  /* A line of a list: what it is, and how it stands. */
  function row(label, value, choose, more) {
    return el('button.row' + (more || ''), { type: 'button', 'data-choice': '', onclick: choose }, [label, value]);
  }

  /* The head of a page: mark (for pointers it is the way back), heading, help, what stands at the right. */
  function head(title, right, topic) {
    return el('header.head', {}, [
      el('img.brand', { src: '/shared/mark.svg', alt: '', onclick: function () { Lareira.app.back(); } }),
      title ? el('h1.head-title', { text: title }) : el('h1.head-word', { text: 'Lareira' }),
      el('div.head-right', {}, [
        right || clock(),
        topic ? button(Lareira.t('help'), function () { Lareira.app.go('help', { topic: topic }); }, '.quiet.key-blue') : null
      ])
    ]);
  }

  /* A clock that goes for as long as it is on the page. */
  function clock() {
    var node = el('time.clock', { text: Lareira.words.clock(new Date()) });
    var timer = setInterval(function () {
      if (!document.body.contains(node)) { clearInterval(timer); return; }
      node.textContent = Lareira.words.clock(new Date());
    }, 5000);
    return node;
  }

  /* The hearth itself, where a page has room for it. */
  function hearth() { return el('img.hearth', { src: '/tv/hearth.svg', alt: '' }); }

  Lareira.parts = {
    face: face, hearth: hearth, still: still, tile: tile, button: button, row: row, spoken: spoken, head: head, picture: picture,
      isLive: isLive, plays: plays, liveMark: liveMark, senderName: senderName
  };
}(window.Lareira = window.Lareira || {}));
