//! While one is live: how long, how good, who watches and how far behind; and its end.

import { el } from '/shared/dom.js';
import { face } from '/shared/face.js';
import { n, t } from '/shared/texts.js';
import { length } from '/shared/words.js';
import { call } from './api.js';
import { show, sure } from './dom.js';
import { follow } from './events.js';
import { takeBack } from './mine.js';
import { ownAddress, Publisher } from './publish/publisher.js';
import { refusal } from './refusals.js';
import { decimal, lacks, notReady, standing, unkept } from './words.js';

const TICK_MS = 500;
const AGAIN_MS = 2000;
/** How often a gateway that is away is asked: after it is back, a share that nobody goes on with ends by itself. */
const TIMES = 45;

/** Publishes a share and shows how it goes; whether it does. `stage`: the camera page's own parts, which stay. Throws if
    this browser can't send. */
export async function live({ go, camera, chosen, share, rung, stage }) {
  const id = share.share_id;
  const seen = new Set();
  let startedMs = 0;
  /** Whether the gateway has shown a picture of it, and why it took nothing, where it said so. */
  let isReady = false;
  let why = '';
  const mark = el('span.mark-live.is-waiting', { role: 'status' }, t('connecting'));
  const time = el('span.time', {}, '0:00');
  const quality = el('span.quality');
  const kept = el('p.kept', { role: 'status' });
  const refused = el('p.why', { role: 'alert' });
  const tiles = new Map(chosen.map((person) => [person.user_id, tile(person)]));
  const end = el('button.end', { type: 'button' }, t('end'));

  const told = (target) => {
    const one = tiles.get(target.user_id);
    if (!one) { return; }
    if (target.state === 'watching') { seen.add(target.user_id); }
    one.dataset.state = target.state;
    one.querySelector('.standing').textContent = standing(target);
  };
  // What is known of its recording, and of why nothing can be shown yet.
  let lack = '';
  let isKept = true;
  let hindrance = '';
  const fare = () => { kept.textContent = notReady(hindrance) || (isKept ? unkept(lack) : t('done_unkept')); };
  const recorded = (code) => { lack = code || ''; fare(); };
  const hindered = (what) => { hindrance = what ? what.code : ''; fare(); };
  const isOver = async () => {
    try {
      const { state, targets, recording_failure_code: code, recorded: willBeKept, not_ready: what } = await call('GET', `/shares/${id}`);
      targets.forEach(told);
      isKept = willBeKept !== false;
      hindered(what);
      recorded(code);
      isReady ||= state === 'ready';
      return state === 'ended' || state === 'expired';
    } catch (error) {
      return error.status === 401 || error.status === 404;
    }
  };
  const said = ({ state, reason, code, message }) => {
    mark.classList.toggle('is-waiting', state !== 'live');
    if (state === 'lost') { why = refusal(code); }
    refused.textContent = state === 'lost' ? why : '';
    if (state === 'live') {
      startedMs ||= Date.now();
      why = '';
      mark.textContent = t('live');
    } else if (state === 'ended') {
      over(reason, refusal(code) || message, code);
    } else {
      mark.textContent = { lost: why ? t('again_soon') : t('lost'), restarting: t('restarting') }[state] || t('paused');
    }
  };

  const publisher = new Publisher({ url: ownAddress(share.publish.websocket_url, location),
    camera: { stream: camera.stream, video: camera.video }, rung, tell: said, isOver });
  let isStarted = false;
  try {
    await publisher.start();
    isStarted = !stage.isLeft();
  } finally {
    if (!isStarted) {
      publisher.tell = () => {};
      publisher.stop();
    }
  }
  if (!isStarted) { return false; }

  const stopEvents = follow(id, (name, value) => {
    if (name === 'hello') { isOver(); }
    if (name === 'target') { told(value); }
    if (name !== 'share') { return; }
    if (value.recording_failure_code) { recorded(value.recording_failure_code); }
    if ('not_ready' in value) { hindered(value.not_ready); }
    if ('interrupted' in value && publisher.isStarted) { said({ state: value.interrupted ? 'lost' : 'live' }); }
    if (value.state === 'ready') { isReady = true; }
    if (value.state === 'ended' || value.state === 'unknown') {
      publisher.finish({ state: 'ended', reason: value.state === 'unknown' ? 'unknown' : value.reason || 'ended',
        code: value.recording_failure_code });
    }
  });
  const tick = setInterval(() => {
    time.textContent = length(startedMs ? Date.now() - startedMs : 0);
    const { height, bitsPerSecond } = publisher.quality();
    quality.textContent = t('quality', { height, mbits: decimal(bitsPerSecond / 1e6) });
    if (camera.stream && camera.stream !== publisher.camera.stream && !publisher.isPaused) {
      publisher.changeCamera({ stream: camera.stream, video: camera.video });
    }
  }, TICK_MS);

  // Hidden, or without its camera (a call, another program), it pauses; a camera that is gone for good is opened anew.
  let isOpening = false;
  const look = async () => {
    if (isOpening || stage.isTurning()) { return; }
    if (document.hidden || !camera.isAlive) { publisher.pause(); }
    if (document.hidden || !publisher.isPaused || camera.track?.muted) { return; }
    if (!camera.isAlive) {
      if (stage.isInTrouble()) { return; }
      isOpening = true;
      await stage.opened(() => camera.open());
      isOpening = false;
    }
    if (camera.isAlive) { publisher.resume({ stream: camera.stream, video: camera.video }); }
  };
  const watch = setInterval(look, TICK_MS);
  document.addEventListener('visibilitychange', look);
  const online = () => { if (!publisher.isStarted) { publisher.again(); } };
  window.addEventListener('online', online);

  const leave = () => {
    clearInterval(tick);
    clearInterval(watch);
    stopEvents();
    document.removeEventListener('visibilitychange', look);
    window.removeEventListener('online', online);
  };
  const over = (reason, message, code) => {
    leave();
    // Nothing more will come of this phone: its place is free again.
    if (reason === 'error') { stop(id); }
    const ms = startedMs ? Date.now() - startedMs : 0;
    done(go, { id, reason, message, code: code || hindrance, why, isReady, isKept, lack, seen: seen.size, ms, chosen });
  };
  end.onclick = async () => {
    if (!(await sure(t('end_ask'), t('end'))) || publisher.isDone) { return; }
    // The socket's own end may be lost with the line: the gateway is asked as well.
    stop(id);
    publisher.stop();
  };

  document.body.dataset.page = 'live';
  stage.top.replaceChildren(el('div.facts', {}, mark, time, quality, refused, kept));
  stage.bottom.replaceChildren(el('ul.watchers', {}, [...tiles.values()]), el('div.row', {}, stage.tools, end));
  end.focus();
  return true;
}

/** Asks the gateway to end a share, until it has answered. */
async function stop(id) {
  for (let i = 0; i < TIMES; i += 1) {
    const { status } = await call('POST', `/shares/${id}/stop`).catch((error) => error);
    if (status !== 0 && !(status >= 500)) { return; }
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  }
}

function tile(person) {
  return el('li.watcher', { 'data-state': 'invited' }, el('span.ring', {}, face(person)), el('span.name', { dir: 'auto' }, person.name),
    el('span.standing', {}, t('state_invited')));
}

/** How it went, where there was a picture of it; and what there is of it now. */
function ending(reason, isKept, ms) {
  const how = { lost: t('done_lost'), restarted: t('done_restarted') }[reason] || t('done_text', { length: length(ms) });
  return `${how} ${isKept ? t('done_waits') : t('done_unkept')}`;
}

/** How it went. It is told as done only where the gateway had a picture of it: nothing else is in anybody's inbox. */
function done(go, { id, reason, message, code, why, isReady, isKept, lack, seen, ms, chosen }) {
  const isGone = reason === 'unknown';
  const isDone = isReady && !isGone && reason !== 'never_started' && reason !== 'unplayable';
  const text = isGone ? t('refused_over')
    : reason === 'error' ? t('done_error', { message })
      : reason === 'unplayable' ? notReady(code) || t('done_unplayable')
        : !isDone ? why || notReady(code) || t('done_never')
          : ending(reason, isKept, ms);
  show('done', [
    el('section.card', {}, el('img.mark', { src: '/shared/mark.svg', alt: '' }),
      el('h1', {}, isDone || isGone ? t('done_title') : t('done_never_title')), el('p', {}, text),
      isDone && lacks(lack) ? el('p', {}, lacks(lack)) : null, seen ? el('p', {}, n('watched', seen)) : null,
      el('button.main', { type: 'button', onclick: () => go.studio(chosen, '') }, t('done_again')),
      el('button', { type: 'button', onclick: () => go.people() }, t('close')),
      isDone ? el('button.text', { type: 'button', onclick: () => takeBack(go, id, () => go.people()) }, t('take_back')) : null),
  ]);
}
