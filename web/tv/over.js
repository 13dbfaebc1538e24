/* What stands over a picture: the cover until the first one is there, and the bar with who is sending it. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  /* The cover that stands until the first picture: the still we know, and who is about to be seen. */
  function cover(entry) {
    return el('div.cover', {}, [
      Lareira.parts.picture('photo', entry.thumbnail_url),
      el('div.cover-words', { role: 'status' }, [
        Lareira.parts.face(entry.sender, 'medium'),
        el('p.cover-line', { text: Lareira.t('joining') })
      ])
    ]);
  }

  function bar(entry, mark, lines, under) {
    return el('div.bar', {}, [
      el('div.bar-top', {}, [
        Lareira.parts.face(entry.sender, 'medium'),
        el('div.bar-lines', {}, [
          el('h2.bar-who', {}, [Lareira.dom.theirs('span', Lareira.parts.senderName(entry)), mark]),
          lines
        ])
      ]),
      under
    ]);
  }

  Lareira.over = { cover: cover, bar: bar };
}(window.Lareira = window.Lareira || {}));
