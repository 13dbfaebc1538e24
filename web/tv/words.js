/* Dates, lengths and counts as people say them, in the language of the page. Pure apart from the chosen language. */
(function (Lareira) {
  'use strict';

  var DAY_MS = 86400000;

  function two(n) { return (n < 10 ? '0' : '') + n; }
  function clock(date) { return two(date.getHours()) + ':' + two(date.getMinutes()); }
  function midnight(date) { return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime(); }

  /* '2026-03-14T18:42:00Z' -> 'Yesterday, 18:42'. */
  function when(text, nowMs) {
    var date = new Date(text), now = new Date(nowMs === undefined ? Date.now() : nowMs), t = Lareira.t;
    if (isNaN(date.getTime())) { return ''; }
    var days = Math.round((midnight(now) - midnight(date)) / DAY_MS), at = { time: clock(date) };
    if (days <= 0) { return t('today_at', at); }
    if (days === 1) { return t('yesterday_at', at); }
    if (days < 7) { return t('weekday_at', { day: Lareira.list('weekdays')[date.getDay()], time: at.time }); }
    var parts = { day: date.getDate(), month: Lareira.list('months')[date.getMonth()], year: date.getFullYear() };
    return date.getFullYear() === now.getFullYear() ? t('day_month', parts) : t('day_month_year', parts);
  }

  /* '20:00 – 20:45': when a programme is on. */
  function span(from, until) { return clock(new Date(from)) + ' \u2013 ' + clock(new Date(until)); }

  /* 754000 -> '12:34', 3754000 -> '1:02:34'. */
  function length(ms) {
    var s = Math.max(0, Math.round((ms || 0) / 1000)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return (h ? h + ':' + two(m) : m) + ':' + two(s % 60);
  }

  /* The same said aloud: '12 minutes 34 seconds'. */
  function spokenLength(ms) {
    var s = Math.max(0, Math.round((ms || 0) / 1000)), m = Math.floor(s / 60);
    return (m ? Lareira.n('minutes', m) + ' ' : '') + Lareira.n('seconds', s % 60);
  }

  /* 'Ana Sofia Reis' -> 'AR'; the first letters of the first and the last word. */
  function initials(name) {
    var words = String(name || '').trim().split(/\s+/), letters = [];
    [words[0], words.length > 1 ? words[words.length - 1] : ''].forEach(function (word) {
      var match = /^[\uD800-\uDBFF][\uDC00-\uDFFF]|^[^\u0000-\u002F\u003A-\u0040\u200E\u200F\u202A-\u202E\u2066-\u2069]/.exec(word || '');
      if (match) { letters.push(match[0].toUpperCase()); }
    });
    return letters.join('');
  }

  /* What is missing of a recording that is over: nothing where all of it is there. */
  function lacks(entry) {
    var t = Lareira.t;
    switch (!Lareira.parts.isLive(entry) && entry.state !== 'expired' && entry.recording_failure_code) {
      case 'disk_full': return t('lacks_disk_full');
      case 'too_long': return t('lacks_too_long');
      case 'gaps': return t('lacks_gaps');
      case 'disk': return t('lacks_disk');
      default: return '';
    }
  }

  /* Why a share is over, and what there is of it now: `entry` as the gateway tells it after the end. */
  function over(entry) {
    var t = Lareira.t, who = { name: Lareira.parts.senderName(entry) };
    switch (entry.reason) {
      case 'lost': return t('over_lost', who);
      case 'restarted': return t('over_restarted', who);
      case 'never_started': return t('over_never', who);
      case 'unplayable': return t('over_unplayable', who);
      default: return t('over_stopped', who);
    }
  }

  /* The same as a question: what can be watched of it is offered. */
  function overQuestion(entry, watch) {
    var t = Lareira.t, plays = Lareira.parts.plays(entry);
    return { title: t('over_title'), text: over(entry) + ' ' + (plays ? t('over_watch') : t('over_unkept')), entry: entry,
      choices: plays ? [{ label: t('start_watching'), run: watch }] : [] };
  }

  Lareira.words = { over: over, overQuestion: overQuestion, when: when, clock: clock,
    span: span, length: length, spokenLength: spokenLength, initials: initials, lacks: lacks };
}(window.Lareira = window.Lareira || {}));
