/* Help for a page, as the gateway words it: its headings and paragraphs are built anew here, nothing else of it is taken. */
(function (Lareira) {
  'use strict';

  var STEP = 0.6, LONGEST = 20000;
  var el = Lareira.dom.el;

  var SHOWN_AS = { H1: 'h2', H2: 'h3', P: 'p', LI: 'p.item' };

  /* Plain headings, paragraphs and lists out of any document. */
  function copy(main) {
    var found = main.querySelectorAll('h1, h2, p, li'), nodes = [], left = LONGEST, i, text, node;
    for (i = 0; i < found.length && left > 0; i += 1) {
      text = found[i].textContent.replace(/\s+/g, ' ').trim().slice(0, left);
      left -= text.length + 1;
      node = el(SHOWN_AS[found[i].tagName]);
      node.textContent = text;
      if (text) { nodes.push(node); }
    }
    return nodes;
  }

  Lareira.views.help = function (params) {
    var t = Lareira.t, gone = false;
    var text = el('div.help-text.scrolls', { tabindex: '-1' }, [el('p', { text: t('joining') })]);
    var node = el('section.page.page-help', {}, [
      Lareira.parts.head(t('help')),
      text,
      el('div.buttons', {}, [Lareira.parts.button(t('close'), Lareira.app.back)])
    ]);

    function scroll(by) { text.scrollTop += by * STEP * text.clientHeight; }

    Lareira.api.help(params.topic, Lareira.language(), function (document) {
      var main = document && document.querySelector('main');
      if (gone) { return; }
      Lareira.dom.clear(text);
      (main ? copy(main) : [el('p', { text: t('help_none') })]).forEach(function (one) { text.appendChild(one); });
    });
    return {
      node: node,
      leave: function () { gone = true; },
      onKey: function (key) {
        if (key.name === 'down' || key.name === 'pagedown' || key.name === 'channeldown') { scroll(1); return true; }
        if (key.name === 'up' || key.name === 'pageup' || key.name === 'channelup') { scroll(-1); return true; }
        return false;
      }
    };
  };
}(window.Lareira = window.Lareira || {}));
