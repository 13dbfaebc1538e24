/* What the special address of a notification opens: the invitation while the share is ready, and otherwise how it
   stands: not ready yet, over, no longer kept, nothing, or for somebody else. */
(function (Lareira) {
  'use strict';

  var AGAIN_MS = 1000, PATIENCE_MS = 120000;
  var el = Lareira.dom.el;

  Lareira.views.notification = function (params) {
    var t = Lareira.t, app = Lareira.app, gone = false, timer = 0, since = Date.now(), drawn = '';
    var node = el('section.page.page-stage', {}, [Lareira.parts.head('')]);
    var close = { label: t('close'), run: app.back };
    /* While it invites, or is about to, the same share doesn't ring as well. */
    var self = { node: node, invites: params.share, leave: leave, onEvent: onEvent };

    function clear() { Lareira.dom.remove(node.querySelector('.stage')); }

    function invite(entry) {
      clear();
      Lareira.ring.hush(params.share);
      node.appendChild(Lareira.invite.stage(entry, Lareira.invite.line(entry, ''), [], [
        Lareira.parts.button(t('watch_now'), function () { app.watch(entry, 'live'); }, '.is-main'),
        Lareira.parts.button(t('later'), function () { app.back(); Lareira.invite.answer('later', entry); }),
        Lareira.parts.button(t('decline'), function () { app.back(); Lareira.invite.answer('decline', entry); }),
        entry.sender && entry.sender.sender_id ? Lareira.parts.button(t('block_sender'),
          function () { Lareira.invite.block(entry, app.back); }) : null
      ]));
      Lareira.expect();
      Lareira.focus.ensure();
    }

    function say(title, text, entry, choices) {
      clear();
      Lareira.panels.ask({ title: title, text: text, entry: entry, choices: choices.concat(close), back: app.back });
    }

    /* Nothing of that name, or not for the one who is watching: someone else of the household may know it. */
    function nothing(forbidden) {
      var others = (app.device.users || []).length > 1;
      self.invites = null;
      say(forbidden ? t('wrong_title') : t('nothing_title'), forbidden ? t('not_yours') : t('nothing_text'), null,
        others ? [{ label: t('who_title'), run: function () { app.opened = false; app.go('who'); } }] : []);
    }

    function show(entry) {
      if (entry.state === drawn) { return; }
      drawn = entry.state;
      if (entry.introduction) { app.back(); app.go('details', { entry: entry }); return; }
      if (entry.state === 'ready' || (entry.state === 'ended' && entry.kind === 'clip')) { invite(entry); return; }
      if (entry.state === 'ended') {
        var over = Lareira.words.overQuestion(entry, function () { app.watch(entry, 'start'); });
        say(over.title, over.text, entry, over.choices);
        return;
      }
      say(t('expired'), t('expired_text'), entry, []);
    }

    function load() {
      clearTimeout(timer);
      Lareira.api.entry(params.share, function (error, entry) {
        if (gone) { return; }
        if (error && (error.status === 0 || error.status >= 500)) { timer = setTimeout(load, AGAIN_MS); return; }
        if (error) { nothing(error.status === 403); return; }
        if (entry.state !== 'pending' && entry.state !== 'preparing') { show(entry); return; }
        if (Date.now() - since < PATIENCE_MS) {
          timer = setTimeout(load, AGAIN_MS);
        } else { say(t('not_ready_title'), t('not_ready_text'), entry, []); }
      });
    }

    function leave() { gone = true; clearTimeout(timer); }

    function onEvent(name, data) {
      if (name === 'resync' || ((name === 'share' || name === 'ring') && data.share_id === params.share)) { load(); }
    }

    node.appendChild(el('div.stage', {}, [el('p.lead', { text: t('joining'), role: 'status' })]));
    load();
    return self;
  };
}(window.Lareira = window.Lareira || {}));
