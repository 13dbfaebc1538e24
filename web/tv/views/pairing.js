/* First run: the code by which this television joins a household. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el, t = function (key, values) { return Lareira.t(key, values); };

  /* 'K7Q4MD' -> ['K7Q', '4MD']: read aloud in two breaths. A code that has its own dash keeps its parts. */
  function groups(code) {
    if (/[-\s]/.test(code)) { return code.split(/[-\s]+/); }
    if (code.length < 5) { return [code]; }
    var half = Math.ceil(code.length / 2);
    return [code.slice(0, half), code.slice(half)];
  }

  Lareira.views.pairing = function (params) {
    var shown = '';
    var code = el('p.code', {});
    var command = el('p.hint', {}), lead = el('p.lead', { text: t('pair_text') });
    var square = el('div.square', { 'aria-hidden': 'true' });
    var node = el('section.page.page-pairing', {}, [
      Lareira.parts.head('', el('span', {})),
      el('div.pairing', {}, [
        el('div.pairing-words', {}, [
          el('h2.display', { text: t('pair_title') }),
          lead, code, command
        ]),
        square, Lareira.parts.hearth()
      ])
    ]);

    function update(device) {
      var text = String(device.pairing_code || ''), isFirst = device.claimed === false;
      /* In a house that nobody owns the code is worth something with its square alone. */
      var closed = isFirst && (device.claim === 'contested' || device.claim === 'late') && device.claim;
      if (text + isFirst + closed === shown) { return; }
      shown = text + isFirst + closed;
      Lareira.dom.clear(code);
      Lareira.dom.clear(square);
      if (closed) {
        lead.textContent = closed === 'late' ? t('claim_late') : t('claim_contested');
        command.textContent = t('claim_code', { command: 'lareira admin claim-code', address: window.location.origin + '/go/' });
        code.removeAttribute('aria-label');
        return;
      }
      groups(text).forEach(function (group) { code.appendChild(el('span', { text: group })); });
      code.setAttribute('aria-label', text.split('').join(' '));
      command.textContent = isFirst ? '' : t('pair_hint', { command: 'lareira admin tv approve ' + text });
      lead.textContent = t('pair_text');
      if (!device.pair_url || !device.pair_qr_svg) { return; }
      square.appendChild(Lareira.parts.picture('qr', device.pair_qr_svg));
      lead.textContent = isFirst ? t('pair_first') : t('pair_text') + ' ' + t('pair_scan');
    }

    update(params.device);
    return { node: node, update: update };
  };
}(window.Lareira = window.Lareira || {}));
