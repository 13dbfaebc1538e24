/* Pages for when there is nobody to show anything to: the gateway isn't there, or no household has this television. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  function plain(title, text, button) {
    return { node: el('section.page.page-waiting', { role: 'status' }, [
      el('img.waiting-mark', { src: '/shared/mark.svg', alt: '' }),
      title ? el('h1.display', { text: title }) : null,
      el('p.lead', { text: text, dir: 'auto' }),
      button
    ]) };
  }

  Lareira.views.waiting = function () { return plain('', Lareira.t('unreachable')); };
  Lareira.views.homeless = function () {
    var t = Lareira.t;
    return plain(t('homeless_title'), t('homeless_text'), Lareira.parts.button(t('try_again'), Lareira.app.start));
  };
}(window.Lareira = window.Lareira || {}));
