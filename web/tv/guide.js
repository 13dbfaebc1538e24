/* The TV channels of the house and what is on: asked for again when the gateway says that something changed, or says
   nothing. Without channels the list is empty, and nothing on any page speaks of them. Remembers the channel last watched,
   where it can. */
(function (Lareira) {
  'use strict';

  var KEY = 'lareira.channel', RETRY_MS = 5000;
  var last = null, retry = 0;
  var guide = { list: [], load: load, find: find, numbered: numbered, beside: beside, on: on, last: lastWatched, watched: watched };

  /* The gateway tells some thousands at once; there may be more. */
  function load(done, known) {
    var list = known || [];
    clearTimeout(retry);
    Lareira.api.channels(list.length, function (error, answer) {
      if (error && error.status === 0) { retry = setTimeout(function () { load(done); }, RETRY_MS); return; }
      var more = error ? [] : answer.channels || [];
      list = list.concat(more);
      if (more.length && list.length < answer.total) { load(done, list); return; }
      guide.list = list.sort(function (a, b) { return a.number - b.number; });
      done();
    });
  }

  function find(id) { return guide.list.filter(function (channel) { return channel.channel_id === id; })[0] || null; }
  function numbered(number) { return guide.list.filter(function (channel) { return channel.number === number; })[0] || null; }

  /* The channel `by` places further on, round and round. */
  function beside(channel, by) {
    var count = guide.list.length, at = guide.list.map(function (one) { return one.channel_id; }).indexOf(channel.channel_id);
    return count ? guide.list[(at + by + count) % count] : null;
  }

  /* {now, next, part}: what is on at this moment, although the guide may be a little old; `part` of it has gone by. */
  function on(channel, nowMs) {
    var now = channel.now, next = channel.next;
    if (now && Date.parse(now.ends_at) <= nowMs) {
      now = next && Date.parse(next.starts_at) <= nowMs ? next : null;
      next = now === next ? null : next;
    }
    var from = now ? Date.parse(now.starts_at) : 0, until = now ? Date.parse(now.ends_at) : 1;
    return { now: now, next: next, part: now ? Math.max(0, Math.min(1, (nowMs - from) / (until - from))) : 0 };
  }

  function watched(channel) {
    last = channel.channel_id;
    try { window.localStorage.setItem(KEY, last); } catch (none) { /* some televisions keep nothing */ }
  }

  function lastWatched() {
    if (!last) { try { last = window.localStorage.getItem(KEY); } catch (none) { last = null; } }
    return find(last) || guide.list[0] || null;
  }

  Lareira.guide = guide;
}(window.Lareira = window.Lareira || {}));
