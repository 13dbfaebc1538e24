//! The camera's page: the picture before it goes out, and the one button.

import { el, notice } from '/shared/dom.js';
import { face } from '/shared/face.js';
import { t } from '/shared/texts.js';
import { call, probe } from './api.js';
import { keepAwake } from './awake.js';
import { Camera } from './camera.js';
import { round, show } from './dom.js';
import { live } from './live.js';
import { recall, remember } from './memory.js';
import { rungOf } from './publish/ladder.js';
import { wordsOf } from './refusals.js';

export function studio(go, chosen, title) {
  const video = el('video', { muted: true, playsinline: true, 'aria-label': t('camera_title') });
  video.muted = true;
  const camera = new Camera(video);
  camera.facing = recall('facing') || camera.facing;
  const sleep = keepAwake();
  const measured = probe();
  let isLeft = false;
  let isStarting = false;
  let isTurning = false;

  const turn = round('turn', t('turn'), async () => {
    isTurning = true;
    free();
    await opened(() => camera.turn());
    remember({ facing: camera.facing });
    isTurning = false;
    free();
  });
  const torch = round('torch', t('torch'), async () => {
    await camera.light(!camera.isLit).catch(() => {});
    torch.setAttribute('aria-pressed', String(camera.isLit));
  }, { hidden: true, 'aria-pressed': 'false' });
  const mute = round('sound', t('mute'), () => {
    camera.mute(!camera.isMuted);
    const other = round(camera.isMuted ? 'silent' : 'sound', camera.isMuted ? t('unmute') : t('mute'));
    mute.replaceChildren(...other.childNodes);
    mute.setAttribute('aria-label', other.title);
    mute.title = other.title;
    mute.classList.toggle('is-on', camera.isMuted);
  });
  const status = el('p.status', { role: 'status' }, t('measuring'));
  const start = el('button.start', { type: 'button', disabled: true }, el('span.dot'), el('span.label', {}, t('go_live')));
  const trouble = el('div.trouble', { hidden: true, role: 'alert' });
  const faces = el('div.faces', { 'aria-hidden': 'true' }, chosen.slice(0, 5).map((one) => face(one)),
    chosen.length > 5 ? el('span.face.tone-1', {}, `+${chosen.length - 5}`) : null);
  const top = el('header.over.top', {}, round('back', t('back'), () => go.people()), faces);
  const tools = el('div.tools', {}, mute, turn, torch);
  const bottom = el('footer.over.bottom', {}, status, start, tools);

  /** One thing at a time: the camera isn't turned while it starts, and nothing starts while it turns. */
  const free = () => {
    turn.disabled = isTurning || isStarting;
    start.disabled = isTurning || isStarting || !camera.stream;
  };
  const opened = async (work) => {
    trouble.hidden = true;
    try {
      await work();
      if (isLeft) { camera.close(); return; }
      torch.hidden = !camera.hasTorch;
      turn.hidden = false;
      mute.hidden = !camera.hasSound;
    } catch (error) {
      trouble.hidden = false;
      const isDenied = error.name === 'NotAllowedError' || error.name === 'SecurityError';
      trouble.replaceChildren(el('p', {}, isDenied ? t('camera_denied') : t('camera_none')),
        el('button', { type: 'button', onclick: () => opened(() => camera.open()) }, t('again')));
    }
    free();
  };

  const stage = { top, bottom, tools, opened, isLeft: () => isLeft, isTurning: () => isTurning, isInTrouble: () => !trouble.hidden };
  start.onclick = async () => {
    isStarting = true;
    free();
    status.textContent = t('going');
    const asked = call('POST', '/shares', { targets: chosen.map((one) => one.user_id), kind: 'live', ...(title ? { title } : {}) });
    let isLive = false;
    try {
      const [suggested, share] = await Promise.all([measured, asked]);
      isLive = !isLeft && (await live({ go, camera, chosen, share, rung: rungOf(suggested), stage }));
    } catch (error) {
      status.textContent = '';
      if (!isLeft && !go.revoked(error)) {
        notice('status' in error ? wordsOf(error) : t('no_encoder'));
      }
    }
    // A share that nothing will come to doesn't wait for it.
    if (!isLive) { asked.then(({ share_id: id }) => call('POST', `/shares/${id}/stop`)).catch(() => {}); }
    isStarting = false;
    free();
  };

  show('studio', [el('h1.unseen', {}, t('camera_title')), video, trouble, top, bottom], () => {
    isLeft = true;
    camera.close();
    sleep();
  });
  opened(() => camera.open());
  const hint = () => {
    if (!isLeft && status.textContent !== t('going')) { status.textContent = innerHeight > innerWidth ? t('sideways') : ''; }
  };
  measured.then(hint);
}
