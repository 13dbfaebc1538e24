/* The one video element and the choice of what drives it: our own live player over MSE, hls.js (fetched only when it is
   needed), or the browser's native HLS. Views call live(), recording(), channel(), stop(); the rest is told by callbacks:
   onStart, onPicture, onStall(bool), onOver(why), onMuted(). `why`: ended, forbidden, not-ready, connection, decode, unsupported. */
(function (Lareira) {
  'use strict';

  var HLS = 'application/vnd.apple.mpegurl';
  /* For this long a browser that gives up a share's list is asked once more: at first there is little in it. */
  var YOUNG_MS = 20000, AGAIN_MS = 1000;
  var video = null, driver = null, on = null, unlisten = null, again = null;

  function element() {
    if (video) { return video; }
    video = document.createElement('video');
    video.setAttribute('playsinline', '');
    video.setAttribute('webkit-playsinline', '');
    video.preload = 'auto';
    video.tabIndex = -1;
    document.getElementById('picture').appendChild(video);
    return video;
  }

  /* The gateway that served this page serves the video too, whatever name it knows itself by. */
  function local(url) {
    var match = /^https?:\/\/[^\/]+(\/play\/.*)$/.exec(url || '');
    return match ? match[1] : url;
  }

  /* With sound, as televisions allow it; where a browser wants a gesture first, without it and with a word about it. */
  function play() {
    var promise = video.play();
    if (!promise || !promise['catch']) { return; }
    promise['catch'](function (error) {
      if (error.name !== 'NotAllowedError' || video.muted) { return; }
      video.muted = true;
      var again = video.play();
      if (again && again['catch']) { again['catch'](function () { /* a pause overtook it */ }); }
      if (on && on.onMuted) { on.onMuted(); }
    });
  }

  function over(why) {
    if (!on) { return; }
    var told = on;
    stop(why === 'ended');
    told.onOver(why);
  }

  /* What every driver but the live one shares: the element's own events. */
  function listen() {
    var told = on, pictured = false, timer = 0;
    var events = {
      playing: function () { clearTimeout(timer); told.onStall(false); if (!pictured) { pictured = true; told.onPicture(); } },
      waiting: function () { clearTimeout(timer); timer = setTimeout(function () { told.onStall(true); }, 1200); },
      ended: function () { over('ended'); },
      error: function () {
        if (video.error && !(again && again())) {
          over(video.error.code === 4 ? 'unsupported' : video.error.code === 2 ? 'connection' : 'decode');
        }
      }
    };
    Object.keys(events).forEach(function (name) { video.addEventListener(name, events[name]); });
    unlisten = function () {
      clearTimeout(timer);
      Object.keys(events).forEach(function (name) { video.removeEventListener(name, events[name]); });
    };
  }

  function direct(url, at) {
    listen();
    driver = { close: function (keep) { if (keep) { video.pause(); } else { empty(); } } };
    video.src = url;
    if (at > 0) {
      var seek = function () { video.removeEventListener('loadedmetadata', seek); video.currentTime = at; };
      video.addEventListener('loadedmetadata', seek);
    }
    on.onStart();
    play();
  }

  function throughHls(url, live, at) {
    var mine = on;
    driver = { close: empty };
    Lareira.load('hls', function (here) {
      if (on !== mine) { return; }
      if (!here) { over('connection'); return; }
      if (!window.Hls.isSupported()) { nativeOr(url, live, at); return; }
      var restarts = 0;
      /* No worker: our content policy allows no blob scripts, and there is nothing to transmux. */
      var hls = new window.Hls({
        enableWorker: false, lowLatencyMode: true, backBufferLength: 30, startPosition: live ? -1 : at || 0,
        maxLiveSyncPlaybackRate: live ? 1.08 : 1
      });
      hls.on(window.Hls.Events.ERROR, function (name, data) {
        if (!data.fatal) { return; }
        var status = data.response && data.response.code;
        if (status === 410 || status === 404) { over('ended'); return; }
        if (status === 403) { over('forbidden'); return; }
        restarts += 1;
        if (data.type === 'mediaError' && restarts < 3) { hls.recoverMediaError(); return; }
        if (data.type === 'networkError' && (restarts < 10 || Lareira.events.waits())) {
          setTimeout(function () { if (on === mine) { hls.loadSource(url); } }, 1000);
          return;
        }
        over(data.type === 'networkError' ? 'connection' : 'decode');
      });
      listen();
      driver = {
        close: function (keep) { hls.destroy(); if (!keep) { empty(); } },
        delayMs: function () { return live && hls.latency > 0 ? Math.round(hls.latency * 1000) : null; }
      };
      hls.loadSource(url);
      hls.attachMedia(video);
      on.onStart();
      play();
    });
  }

  function nativeOr(url, live, at) {
    if (!video.canPlayType(HLS)) { over('unsupported'); return; }
    var mine = on, until = Date.now() + YOUNG_MS;
    again = live && function () {
      if (Date.now() > until) { return false; }
      setTimeout(function () { if (on === mine) { unlisten(); direct(url, at); } }, AGAIN_MS);
      return true;
    };
    direct(url, at);
  }

  function hasMse() { return !!(window.MediaSource || window.ManagedMediaSource); }

  function begin(callbacks) {
    element();
    stop();
    on = callbacks;
    video.muted = false;
    if (video.playbackRate !== 1) { video.playbackRate = 1; }
    document.body.classList.add('has-picture');
  }

  /* The live picture of a share, as near to now as the browser lets us. */
  function live(urls, callbacks) {
    begin(callbacks);
    var url = local(urls.live_mp4_url), mime = urls.mime;
    function otherwise() {
      if (!urls.hls_url) { over('unsupported'); } else { list(local(urls.hls_url), true, 0); }
    }
    if (!url || !hasMse() || !Lareira.LivePlayer.supported(mime)) { otherwise(); return; }
    driver = new Lareira.LivePlayer(video, url, mime, {
      onStart: function () { on.onStart(); play(); },
      onPicture: callbacks.onPicture,
      onStall: callbacks.onStall,
      onOver: function (why) {
        if (on !== callbacks) { return; }
        if (why === 'unsupported' && urls.hls_url) { empty(); otherwise(); return; }
        over(why);
      }
    });
  }

  /* An HLS list, by whichever way this browser knows. */
  function list(url, live, at) {
    if (hasMse()) { throughHls(url, live, at); } else { nativeOr(url, live, at); }
  }

  /* A TV channel. */
  function channel(url, callbacks) {
    begin(callbacks);
    list(url, true, 0);
  }

  /* The recording, from `at` seconds; `growing` while the share is still live. */
  function recording(urls, growing, at, callbacks) {
    begin(callbacks);
    var file = local(urls.video_mp4_url), hls = local(urls.hls_url);
    if (hls && (growing || !file)) {
      list(hls, false, at);
    } else if (file) {
      direct(file, at);
    } else {
      over('unsupported');
    }
  }

  /* Lets go of the video's memory and sockets: televisions have one decoder. */
  function empty() {
    if (!video) { return; }
    video.pause();
    video.removeAttribute('src');
    video.load();
  }

  function stop(keepPicture) {
    if (unlisten) { unlisten(); unlisten = null; }
    again = null;
    var old = driver;
    driver = null;
    on = null;
    if (old) { old.close(keepPicture); }
    if (!keepPicture) {
      if (video && video.currentSrc) { empty(); }
      document.body.classList.remove('has-picture');
    }
  }

  Lareira.player = {
    live: live,
    recording: recording,
    channel: channel,
    stop: stop,
    empty: empty,
    play: play,
    video: element,
    unmute: function () { if (video && video.muted) { video.muted = false; play(); return true; } return false; },
    isMuted: function () { return !!(video && video.muted); },
    /* Gateway to screen, in ms; null when it can't be known. */
    delayMs: function () { return driver && driver.delayMs ? driver.delayMs() : null; },
    /* The gateway says that the share has ended: what is on its way is still played. */
    endSoon: function () { if (driver && driver.endSoon) { driver.endSoon(); } },
    driver: function () { return driver; }
  };
}(window.Lareira = window.Lareira || {}));
