/* Who is watching: the people of the household, with who is signed in already and who has a PIN. */
(function (Lareira) {
  'use strict';

  var el = Lareira.dom.el;

  function person(user) {
    var t = Lareira.t, state = user.signed_in ? t('signed_in') : user.has_pin ? t('with_pin') : '';
    return el('button.person', {
      type: 'button', 'data-choice': '',
      onclick: function () { Lareira.app.chooseUser(user, Lareira.app.begun); }
    }, [
      Lareira.parts.face(user, 'huge'),
      Lareira.dom.theirs('span.person-name', user.name),
      el('span.person-state' + (user.signed_in ? '.is-in' : ''), { text: state })
    ]);
  }

  Lareira.views.who = function () {
    var t = Lareira.t, users = Lareira.app.device.users || [];
    var node = el('section.page.page-who', {}, [
      Lareira.parts.head('', null, 'sign-in'),
      el('div.who', {}, [
        el('h2.display', { text: t('who_title') }),
        users.length ? el('div.people.scrolls', {}, users.map(person)) : el('p.lead', { text: t('who_nobody') })
      ])
    ]);
    return { node: node, help: 'sign-in' };
  };
}(window.Lareira = window.Lareira || {}));
