//! The camera's page: the picture before it goes out, and the one button.

import { call, probe } from './api.js';
import { keepAwake } from './awake.js';
import { Camera } from './camera.js';
import { el, face, notice, round, show } from './dom.js';
import { live } from './live.js';
import { recall, remember } from './memory.js';
import { rungOf } from './publish/ladder.js';
import { t } from './texts.js';

export function studio(go, chosen, title) {
  const video = el('video', { muted: true, playsinline: true, 'aria-label': t('camera_title') });
  video.muted = true;
  const camera = new Camera(video);
  camera.facing = recall('facing') || camera.facing;
  const sleep = keepAwake();
  const measured = probe();
  let isLeft = false;

  const turn = round('turn', t('turn'), async () => {
    turn.disabled = true;
    await opened(() => camera.turn());
    remember({ facing: camera.facing });
    turn.disabled = false;
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
  const faces = el('div.faces', { 'aria-hidden': 'true' }, chosen.slice(0, 5).map(face), chosen.length > 5 ? el('span.face.tone-1', {}, `+${chosen.length - 5}`) : null);
  const top = el('header.over.top', {}, round('back', t('back'), () => go.people()), faces);
  const tools = el('div.tools', {}, mute, turn, torch);
  const bottom = el('footer.over.bottom', {}, status, start, tools);

  const opened = async (work) => {
    trouble.hidden = true;
    try {
      await work();
      if (isLeft) { camera.close(); return; }
      torch.hidden = !camera.hasTorch;
      turn.hidden = false;
      mute.hidden = !camera.hasSound;
      start.disabled = false;
    } catch (error) {
      start.disabled = true;
      trouble.hidden = false;
      const isDenied = error.name === 'NotAllowedError' || error.name === 'SecurityError';
      trouble.replaceChildren(el('p', {}, isDenied ? t('camera_denied') : t('camera_none')), el('button', { type: 'button', onclick: () => opened(() => camera.open()) }, t('again')));
    }
  };

  start.onclick = async () => {
    start.disabled = true;
    status.textContent = t('going');
    try {
      const [suggested, share] = await Promise.all([measured, call('POST', '/shares', { targets: chosen.map((one) => one.user_id), kind: 'live', ...(title ? { title } : {}) })]);
      if (isLeft) { call('POST', `/shares/${share.share_id}/stop`).catch(() => {}); return; }
      await live({ go, camera, chosen, share, rung: rungOf(suggested), stage: { top, bottom, tools, opened } });
    } catch (error) {
      start.disabled = false;
      status.textContent = '';
      if (!go.revoked(error)) { notice(error.status === 0 ? t('unreachable') : 'status' in error ? error.message : t('no_encoder')); }
    }
  };

  show('studio', [el('h1.unseen', {}, t('camera_title')), video, trouble, top, bottom], () => {
    isLeft = true;
    camera.close();
    sleep();
  });
  opened(() => camera.open());
  const hint = () => { if (!isLeft && status.textContent !== t('going')) { status.textContent = innerHeight > innerWidth ? t('sideways') : ''; } };
  measured.then(hint);
}
