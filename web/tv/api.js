/* The TV API as calls with callbacks: done(null, answer) or done(error) with {status, code, message, retryAfter}.
   Status 0 means that the gateway was not reached. */
(function (Lareira) {
  'use strict';

  var TIMEOUT_MS = 15000;
  /* The gateway no longer knows who asks: someone signed out elsewhere, or was removed, or the television was. */
  var SIGNED_OUT = /^(not_signed_in|no_tv|not_paired)$/;

  function failure(request) {
    var error = { status: request.status, code: '', message: '', retryAfter: 0 }, body;
    try { body = JSON.parse(request.responseText); } catch (ignored) { body = null; }
    if (body && body.error) {
      error.code = String(body.error.code || '');
      error.message = String(body.error.message || '');
    }
    error.retryAfter = parseInt(request.getResponseHeader('Retry-After'), 10) || 0;
    return error;
  }

  function call(method, path, body, done) {
    var request = new XMLHttpRequest();
    request.open(method, '/tv/api' + path, true);
    request.timeout = TIMEOUT_MS;
    request.setRequestHeader('Accept', 'application/json');
    if (body !== null) { request.setRequestHeader('Content-Type', 'application/json'); }
    request.onreadystatechange = function () {
      if (request.readyState !== 4) { return; }
      var answer = null;
      if (request.status >= 200 && request.status < 300) {
        try { answer = request.responseText ? JSON.parse(request.responseText) : {}; } catch (broken) { answer = null; }
        if (answer) { done(null, answer); return; }
      }
      var error = failure(request);
      if (SIGNED_OUT.test(error.code) && Lareira.api.signedOut) { Lareira.api.signedOut(); }
      done(error);
    };
    request.send(body === null ? null : JSON.stringify(body));
    return request;
  }

  function share(id, verb) { return '/shares/' + encodeURIComponent(id) + (verb ? '/' + verb : ''); }

  /* Said while the page is being closed: it must leave although nobody waits for an answer. */
  function parting(path) {
    if (navigator.sendBeacon && navigator.sendBeacon('/tv/api' + path, new Blob(['{}'], { type: 'application/json' }))) { return; }
    call('POST', path, {}, function () { /* nobody is left to hear */ });
  }

  /* A page of help, as a document; done(null) when there is none. */
  function help(topic, language, done) {
    var request = new XMLHttpRequest(), read;
    request.open('GET', '/tv/help/' + topic + '?lang=' + language, true);
    request.timeout = TIMEOUT_MS;
    try { request.responseType = 'document'; } catch (old) { /* read as text below */ }
    request.onreadystatechange = function () {
      if (request.readyState !== 4) { return; }
      try {
        read = request.responseType === 'document' ? request.responseXML || request.response
          : new DOMParser().parseFromString(request.responseText, 'text/html');
      } catch (broken) { read = null; }
      done(request.status === 200 ? read : null);
    };
    request.send();
  }

  Lareira.api = {
    /* Set by the application: called when the gateway no longer knows who is watching. */
    signedOut: null,
    device: function (done) { return call('GET', '/device', null, done); },
    signOut: function (done) { return call('POST', '/sign-out', {}, done); },
    setSettings: function (settings, done) { return call('PUT', '/settings', settings, done); },
    invite: function (done) { return call('POST', '/invite', {}, done); },
    blocks: function (done) { return call('GET', '/blocks', null, done); },
    setBlocks: function (blocks, done) { return call('PUT', '/blocks', blocks, done); },
    remove: function (id, done) { return call('DELETE', '/inbox/' + encodeURIComponent(id), null, done); },
    channels: function (offset, done) { return call('GET', offset ? '/channels?offset=' + offset : '/channels', null, done); },
    help: help,
    signIn: function (user, pin, done) { return call('POST', '/sign-in', pin ? { user_id: user, pin: pin } : { user_id: user }, done); },
    settings: function (done) { return call('GET', '/settings', null, done); },
    inbox: function (offset, limit, done) { return call('GET', '/inbox?offset=' + offset + '&limit=' + limit, null, done); },
    entry: function (id, done) { return call('GET', share(id), null, done); },
    accept: function (id, from, pin, done) {
      return call('POST', share(id, 'accept'), pin ? { from: from, pin: pin } : { from: from }, done);
    },
    allow: function (id, done) { return call('POST', share(id, 'allow'), {}, done); },
    later: function (id, done) { return call('POST', share(id, 'later'), {}, done); },
    decline: function (id, done) { return call('POST', share(id, 'decline'), {}, done); },
    watching: function (id, positionMs, latencyMs, done) {
      return call('POST', share(id, 'watching'), latencyMs === null ? { position_ms: positionMs }
        : { position_ms: positionMs, latency_ms: latencyMs }, done);
    },
    left: function (id) { parting(share(id, 'left')); }
  };
}(window.Lareira = window.Lareira || {}));
