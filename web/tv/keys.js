/* Remote controls and keyboards by one set of names: left right up down ok back exit play pause playpause stop forward
   rewind channelup channeldown pageup pagedown red green yellow blue info digit (with its number), and repeat for a key
   held down. Browsers, HbbTV, webOS and Tizen; the wheel of a pointer and a swipe turn pages. */
(function (Lareira) {
  'use strict';

  var BY_NAME = {
    ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down',
    Left: 'left', Right: 'right', Up: 'up', Down: 'down',
    Enter: 'ok', Select: 'ok', Accept: 'ok', ' ': 'ok', Spacebar: 'ok',
    Escape: 'back', Esc: 'back', Backspace: 'back', GoBack: 'back', BrowserBack: 'back', XF86Back: 'back',
    Exit: 'exit', XF86Exit: 'exit', BrowserHome: 'exit', GoHome: 'exit',
    MediaPlay: 'play', Play: 'play', MediaPause: 'pause', Pause: 'pause',
    MediaPlayPause: 'playpause', MediaStop: 'stop',
    MediaFastForward: 'forward', FastFwd: 'forward', MediaTrackNext: 'forward',
    MediaRewind: 'rewind', Rewind: 'rewind', MediaTrackPrevious: 'rewind',
    ChannelUp: 'channelup', ChannelDown: 'channeldown', PageUp: 'channelup', PageDown: 'channeldown',
    ColorF0Red: 'red', ColorF1Green: 'green', ColorF2Yellow: 'yellow', ColorF3Blue: 'blue', F1: 'blue', Help: 'blue', Info: 'info'
  };
  /* Old televisions give codes only: 461 webOS and HbbTV, 10009 Tizen, 166 Android's browser key. */
  var BY_CODE = {
    37: 'left', 39: 'right', 38: 'up', 40: 'down', 13: 'ok', 29443: 'ok',
    8: 'back', 27: 'back', 166: 'back', 461: 'back', 10009: 'back',
    10182: 'exit', 1001: 'exit', 172: 'exit',
    415: 'play', 19: 'pause', 179: 'playpause', 10252: 'playpause', 413: 'stop', 178: 'stop',
    417: 'forward', 412: 'rewind', 176: 'forward', 177: 'rewind',
    427: 'channelup', 428: 'channeldown', 33: 'channelup', 34: 'channeldown',
    403: 'red', 404: 'green', 405: 'yellow', 406: 'blue', 457: 'info'
  };
  var WHEEL_MS = 250, SWIPE_PX = 60;
  /* Tizen gives these keys only to those who ask. */
  var TIZEN = ['MediaPlay', 'MediaPause', 'MediaPlayPause', 'MediaStop', 'MediaFastForward', 'MediaRewind', 'Exit',
    'ChannelUp', 'ChannelDown', 'ColorF0Red', 'ColorF1Green', 'ColorF2Yellow', 'ColorF3Blue', 'Info', '0', '1', '2', '3', '4', '5', '6',
      '7', '8', '9'];

  function constants() {
    /* HbbTV and CE-HTML name their codes as global constants. */
    var names = { VK_BACK: 'back', VK_ENTER: 'ok', VK_LEFT: 'left', VK_RIGHT: 'right', VK_UP: 'up', VK_DOWN: 'down',
      VK_PLAY: 'play', VK_PAUSE: 'pause', VK_PLAY_PAUSE: 'playpause', VK_STOP: 'stop', VK_FAST_FWD: 'forward', VK_REWIND: 'rewind',
      VK_CHANNEL_UP: 'channelup', VK_CHANNEL_DOWN: 'channeldown', VK_RED: 'red', VK_GREEN: 'green', VK_YELLOW: 'yellow', VK_BLUE: 'blue',
        VK_INFO: 'info' };
    Object.keys(names).forEach(function (name) {
      var code = typeof window[name] === 'number' ? window[name] : window.KeyEvent && window.KeyEvent[name];
      if (typeof code === 'number') { BY_CODE[code] = names[name]; }
    });
  }

  function name(event) {
    var code = event.keyCode || event.which || 0, key = event.key;
    if (event.ctrlKey || event.altKey || event.metaKey) { return null; }
    if (key && /^[0-9]$/.test(key)) { return { name: 'digit', digit: +key }; }
    if (key && BY_NAME.hasOwnProperty(key)) { return { name: BY_NAME[key] }; }
    if (code >= 48 && code <= 57) { return { name: 'digit', digit: code - 48 }; }
    if (code >= 96 && code <= 105) { return { name: 'digit', digit: code - 96 }; }
    if (key && key.length === 1) { return null; }
    return BY_CODE.hasOwnProperty(code) ? { name: BY_CODE[code] } : null;
  }

  /* Pointers have no keys: the wheel and a swipe turn pages, the second button is Back. */
  function points(handle) {
    var wheeled = 0, from = null;
    function page(down) { handle({ name: down ? 'pagedown' : 'pageup' }); }
    document.addEventListener('wheel', function (event) {
      if (Date.now() - wheeled < WHEEL_MS || !event.deltaY) { return; }
      wheeled = Date.now();
      page(event.deltaY > 0);
    });
    document.addEventListener('touchstart', function (event) { from = event.touches[0].clientY; });
    document.addEventListener('touchend', function (event) {
      var way = from - event.changedTouches[0].clientY;
      if (Math.abs(way) > SWIPE_PX) { page(way > 0); }
    });
    document.addEventListener('contextmenu', function (event) { if (handle({ name: 'back' })) { event.preventDefault(); } });
  }

  /* handle({name, digit, repeat}) answers true when it used the key. */
  function listen(handle) {
    constants();
    points(handle);
    document.addEventListener('keydown', function (event) {
      var key = name(event);
      if (!key) { return; }
      key.repeat = !!event.repeat;
      if (handle(key)) { event.preventDefault(); event.stopPropagation(); }
    }, true);
    try {
      TIZEN.forEach(function (key) { window.tizen.tvinputdevice.registerKey(key); });
    } catch (elsewhere) { /* not a Tizen television */ }
    /* Browsers whose Back key is history: keep one step in hand, so that Back comes to us. */
    if (window.history && window.history.pushState) {
      window.history.pushState({ lareira: 1 }, '');
      window.addEventListener('popstate', function () {
        if (handle({ name: 'back', repeat: false })) { window.history.pushState({ lareira: 1 }, ''); } else { window.history.back(); }
      });
    }
  }

  Lareira.keys = { listen: listen, name: name };
}(window.Lareira = window.Lareira || {}));
