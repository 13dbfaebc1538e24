/* An invitation for one phone, as a square for its camera and as a code to be typed. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  Lareira.views.phone = function () {
    var t = Lareira.t, app = Lareira.app, gone = false;
    var code = el('p.code', {}), address = el('p.lead', {}), square = el('div.square', { 'aria-hidden': 'true' });
    var node = el('section.page.page-pairing', {}, [
      Lareira.parts.head(''),
      el('div.pairing', {}, [
        el('div.pairing-words', {}, [
          el('h2.display', { text: t('phone') }), el('p.lead', { text: t('phone_text') }), code, address,
          el('div.buttons', {}, [Lareira.parts.button(t('close'), app.back)])
        ]),
        square, Lareira.parts.hearth()
      ])
    ]);

    Lareira.api.invite(function (error, invite) {
      if (gone) { return; }
      if (error) {
        if (error.status !== 401) { app.back(); Lareira.panels.notice(error.status ? t('error_text') : t('unreachable')); }
        return;
      }
      [invite.code.slice(0, 5), invite.code.slice(5)].forEach(function (group) { code.appendChild(el('span', { text: group })); });
      code.setAttribute('aria-label', invite.code.split('').join(' '));
      address.textContent = invite.url.replace(/\?.*/, '');
      square.appendChild(Lareira.parts.picture('qr', invite.qr_svg));
    });
    return { node: node, leave: function () { gone = true; } };
  };
}(window.Lareira = window.Lareira || {}));
