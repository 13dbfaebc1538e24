/* One video of the inbox: who sent it and when, how long it is; to be played, deleted, or its sender blocked. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  Lareira.views.details = function (params) {
    var t = Lareira.t, app = Lareira.app, gone = false;
    var node = el('section.page.page-stage', {}, [Lareira.parts.head(t('inbox'))]);

    function facts(entry) {
      var words = [Lareira.words.when(entry.started_at)];
      if (entry.duration_ms) { words.push(Lareira.words.length(entry.duration_ms)); }
      if (!entry.seen) { words.push(t('unseen')); }
      return words.join('  \u00b7  ');
    }

    function draw() {
      var entry = params.entry, expired = entry.state === 'expired', plays = Lareira.parts.plays(entry),
        sender = entry.sender && entry.sender.sender_id;
      Lareira.dom.remove(node.querySelector('.stage'));
      node.appendChild(Lareira.invite.stage(entry, null, [
        el('p.facts', { text: facts(entry) }),
        Lareira.words.lacks(entry) ? el('p.lead', { text: Lareira.words.lacks(entry) }) : null,
        entry.introduction ? Lareira.invite.number(entry) : null,
        entry.introduction ? el('p.lead', { text: t('asks_text') }) : null,
        expired ? el('p.lead', { text: t('expired') + '. ' + t('expired_text') })
          : plays ? null : el('p.lead', { text: Lareira.words.over(entry) + ' ' + t('over_unkept') })
      ], [
        entry.introduction ? Lareira.parts.button(t('allow'), allow) : null,
        !plays || entry.introduction ? null : Lareira.parts.button(t('play'), play, '.is-main.key-green'),
        Lareira.parts.button(t('remove'), remove, '.key-red'),
        sender ? Lareira.parts.button(t('block_sender'), function () { Lareira.invite.block(entry, leave); }) : null
      ]));
      if (Lareira.focus.topRoot() === node) { Lareira.focus.ensure(); }
    }

    function play() { if (!params.entry.introduction) { app.watch(params.entry, 'live'); } }
    function allow() { Lareira.invite.allow(params.entry, load); }
    function remove() { Lareira.invite.remove(params.entry, leave); }
    function leave() { if (!gone) { app.back(); } }

    function load() {
      Lareira.api.entry(params.entry.share_id, function (error, entry) {
        if (gone) { return; }
        if (error) { if (error.status === 404) { Lareira.panels.notice(t('expired')); leave(); } return; }
        var before = params.entry, same = ['state', 'seen', 'duration_ms', 'introduction',
          'recording_failure_code', 'recorded'].every(function (name) { return entry[name] === before[name]; });
        params.entry = entry;
        if (!same) { draw(); }
      });
    }

    draw();
    load();
    Lareira.expect();
    return {
      node: node, help: 'inbox',
      leave: function () { gone = true; },
      onKey: function (key) {
        if (key.name === 'red') { remove(); return true; }
        if ((key.name === 'play' || key.name === 'playpause' || key.name === 'green') && Lareira.parts.plays(params.entry)) {
          play();
          return true;
        }
        return false;
      },
      onEvent: function (name, data) { if (name !== 'reach' || data.again) { load(); } }
    };
  };
}(window.Lareira = window.Lareira || {}));
