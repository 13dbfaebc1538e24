/* What an invitation to watch looks like, wherever it stands (the ring, the page of a notification), and the two answers
   that need a question first: blocking its sender, and taking it out of the inbox. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  /* What is happening. `forWhom`: someone else of the household, when it isn't for the person who is watching. */
  function line(entry, forWhom) {
    var t = Lareira.t, clip = entry.kind === 'clip',
      text = forWhom ? t('ring_for', { name: forWhom }) : clip ? t('ring_clip') : t('ring_live');
    return el('p.ring-what', { id: 'ring-what' }, [clip ? null : el('i.ember'), el('span', { text: text, dir: 'auto' })]);
  }

  function card(entry, forWhom, buttons) {
    return el('div.ring-card', {}, [
      Lareira.parts.still(entry, false),
      el('div.ring-words', {}, [
        el('div.ring-sender', {}, [
          Lareira.parts.face(entry.sender, 'medium'),
          el('div.ring-lines', {}, [
            el('h2.ring-who', { id: 'ring-who', text: Lareira.parts.senderName(entry), dir: 'auto' }),
            line(entry, forWhom)
          ])
        ]),
        entry.title ? Lareira.dom.theirs('p.ring-title', entry.title) : null,
        el('div.buttons', {}, buttons)
      ])
    ]);
  }

  /* The number they say is theirs. */
  function number(entry) {
    return entry.sender.number ? el('p.ring-number', { id: 'ring-number', text: Lareira.t('asks_number', entry.sender) }) : null;
  }

  /* A sender from outside who asks to be allowed: who they say they are, and nothing of theirs. */
  function stranger(entry, forWhom, buttons) {
    return el('div.ring-card', {}, [
      el('div.ring-words', {}, [
        el('h2.ring-who', { id: 'ring-who', text: Lareira.parts.senderName(entry), dir: 'auto' }),
        el('p.ring-what', { id: 'ring-what', text: forWhom ? Lareira.t('asks_for', { name: forWhom }) : Lareira.t('asks'), dir: 'auto' }),
        number(entry),
        el('div.buttons', {}, buttons)
      ])
    ]);
  }

  /* One share with a page to itself: its still behind, its sender and some lines before it. */
  function stage(entry, over, lines, buttons) {
    return el('div.stage', {}, [
      el('div.backdrop', { 'aria-hidden': 'true' }, [Lareira.parts.still(entry, false)]),
      el('div.home-main', {}, [
        el('div.home-words', {}, [
          Lareira.parts.face(entry.sender, 'large'), over,
          Lareira.dom.theirs('h2.display', Lareira.parts.senderName(entry)),
          entry.title ? Lareira.dom.theirs('p.lead', entry.title) : null
        ].concat(lines)),
        el('div.buttons', {}, buttons)
      ])
    ]);
  }

  function failed(error) { Lareira.panels.notice(error.status ? Lareira.t('error_text') : Lareira.t('unreachable')); }

  /* Later or no: said to the gateway, and a word about where it is now. */
  function answer(what, entry) {
    Lareira.api[what](entry.share_id, function (error) {
      if (error) { failed(error); } else if (what === 'later') { Lareira.panels.notice(Lareira.t('later_done')); }
    });
  }

  function allow(entry, done) {
    Lareira.api.allow(entry.share_id, function (error) { if (error) { failed(error); } else { done(); } });
  }

  /* The gateway takes the whole list of the blocked: what it has, and one more. */
  function block(entry, done) {
    var t = Lareira.t, sender = entry.sender.sender_id, name = Lareira.parts.senderName(entry);
    function commit(deleting) {
      Lareira.api.blocks(function (error, known) {
        if (error) { failed(error); return; }
        var blocked = known.blocked.filter(function (id) { return id !== sender; }).concat(sender);
        Lareira.api.setBlocks({ blocked: blocked, delete_entries: deleting }, function (refused) {
          if (refused) { failed(refused); return; }
          Lareira.panels.notice(t('block_done', { name: name }));
          done();
        });
      });
    }
    Lareira.panels.ask({
      title: t('block_title', { name: name }), text: t('block_text'), person: entry.sender,
      choices: [{ label: t('cancel'), run: stay }, { label: t('block'), run: function () { commit(false); } },
        { label: t('block_delete'), run: function () { commit(true); } }],
      back: stay
    });
  }

  function remove(entry, done) {
    var t = Lareira.t;
    Lareira.panels.ask({
      title: t('delete_title'), text: t('delete_text'), entry: entry,
      choices: [{ label: t('keep'), run: stay }, { label: t('remove'), run: function () {
        Lareira.api.remove(entry.share_id, function (error) {
          if (error && error.status !== 404) { failed(error); return; }
          Lareira.panels.notice(t('delete_done'));
          done();
        });
      } }],
      back: stay
    });
  }

  function stay() { /* the question is closed; nothing else happens */ }

  Lareira.invite = { card: card, stranger: stranger, number: number, line: line, stage: stage, answer: answer, allow: allow, block: block,
    remove: remove };
}(window.Lareira = window.Lareira || {}));
