/* What the gateway tells by itself: server-sent events, kept open for as long as the page lives, or asking now and
   then where the browser has none. Also knows the gateway's clock (offsetMs: add to Date.now()), whether it is reached,
   and when the television has slept: its connection may be dead without a word, and what was missed is asked for. */
(function (Lareira) {
  'use strict';

  var NAMES = ['ring', 'share', 'inbox', 'channel', 'tv', 'resync', 'stopping'];
  var POLL_MS = 4000;
  var WAITS_MS = [500, 1000, 2000, 4000, 8000];
  var TICK_MS = 2000, SLEPT_MS = 12000;
  /* Once the gateway is back, those who publish have so long to be back as well. */
  var RETURN_MS = 30000;
  var source = null, ticker = 0, ticked = 0, tell = null, timer = 0, tries = 0, connected = null, known = null, until = 0;

  /* waits(): the gateway said that it starts again, and that is not long ago. */
  var events = { offsetMs: null, start: start, stop: stop, waits: function () { return Date.now() < until; } };

  function parse(text) {
    try { return JSON.parse(text) || {}; } catch (broken) { return {}; }
  }

  function reach(yes) {
    if (connected === yes) { return; }
    var again = connected === false && yes;
    connected = yes;
    if (again && events.waits()) { until = Date.now() + RETURN_MS; }
    tell('reach', { reached: yes, again: again });
  }

  function hello(data) {
    var now = Date.parse(data.now);
    if (!isNaN(now)) { events.offsetMs = now - Date.now(); }
  }

  function connect() {
    source = new window.EventSource('/tv/api/events');
    var mine = source;
    source.onopen = function () { tries = 0; reach(true); };
    source.onerror = function () {
      if (mine !== source) { return; }
      reach(false);
      /* A browser gives up for good when the answer is an error (a gateway just starting): begin anew by ourselves. */
      if (mine.readyState === 2) { mine.close(); later(); }
    };
    source.addEventListener('stopping', function (event) { until = Date.now() + (parse(event.data).wait_ms || 0); });
    source.addEventListener('hello', function (event) { hello(parse(event.data)); });
    NAMES.forEach(function (name) {
      mine.addEventListener(name, function (event) { if (mine === source) { tell(name, parse(event.data)); } });
    });
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(connect, WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]);
    tries += 1;
  }

  /* Without EventSource: the newest entries tell what began and what ended. */
  function poll() {
    Lareira.api.inbox(0, 10, function (error, page) {
      if (!tell) { return; }
      reach(!error || error.status !== 0);
      if (page) {
        var states = {};
        page.entries.forEach(function (entry) {
          states[entry.share_id] = entry.state;
          if (!known) { return; }
          var before = known[entry.share_id];
          if (before === entry.state) { return; }
          /* A clip is over as soon as it is there. */
          var comes = entry.state === 'ready' || (entry.kind === 'clip' && entry.state === 'ended' && !before);
          tell(comes && !entry.seen ? 'ring' : 'share', entry);
        });
        if (known && JSON.stringify(known) !== JSON.stringify(states)) { tell('inbox', { total: page.total, unseen: page.unseen }); }
        known = states;
      }
      timer = setTimeout(poll, POLL_MS);
    });
  }

  function tick() {
    var slept = Date.now() - ticked > SLEPT_MS;
    ticked = Date.now();
    if (!slept) { return; }
    start(tell);
    tell('resync', { slept: true });
  }

  /* handle(name, data); besides the gateway's names: 'reach' {reached, again}. */
  function start(handle) {
    stop();
    tell = handle;
    ticked = Date.now();
    ticker = setInterval(tick, TICK_MS);
    if (window.EventSource) { connect(); } else { poll(); }
  }

  function stop() {
    clearTimeout(timer);
    clearInterval(ticker);
    if (source) { source.close(); source = null; }
    known = null;
    tries = 0;
  }

  Lareira.events = events;
}(window.Lareira = window.Lareira || {}));
