/* What stands over a picture: the cover until the first one is there, and the bar that comes when it is wanted. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  /* The cover that stands until the first picture: the still we know, and who is about to be seen. */
  function cover(entry) {
    return el('div.cover', {}, [
      Lareira.parts.picture('photo', entry.thumbnail_url),
      el('div.cover-words', { role: 'status' }, [Lareira.parts.face(entry.sender, 'medium'),
        el('p.cover-line', { text: Lareira.t('joining') })])
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
      ])
    ].concat(under));
  }

  /* Shows the bar of `node` for a while: `drawn` fills it in, and as long as `stays` says so it doesn't go. */
  function curtain(node, ms, drawn, stays) {
    var timer = 0;
    function shows() { return node.classList.contains('shows-bar'); }
    function hide() { clearTimeout(timer); node.classList.remove('shows-bar'); }
    function show() {
      clearTimeout(timer);
      node.classList.add('shows-bar');
      drawn();
      timer = setTimeout(function () { if (stays && stays()) { show(); } else { hide(); } }, ms);
      Lareira.focus.ensure();
    }
    return { show: show, hide: hide, shows: shows };
  }

  /* Why nothing plays, as {title, text} for a question. */
  function trouble(why, message) {
    var t = Lareira.t;
    if (why === 'gone') { return { title: t('expired'), text: t('expired_text') }; }
    if (why === 'missing') { return { title: t('missing_title'), text: t('missing_text') }; }
    if (why === 'not-ready') { return { title: t('not_ready_title'), text: t('not_ready_text') }; }
    return { title: t('error_title'), text: why === 'connection' ? t('unreachable_text') : why === 'unsupported' || why === 'decode'
      ? t('decode_text') : message || t('error_text') };
  }

  Lareira.over = { cover: cover, bar: bar, curtain: curtain, trouble: trouble };
}(window.Lareira = window.Lareira || {}));
