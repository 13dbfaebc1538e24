//! A finished video on its way to the TVs: sent with how far it is. A lost line goes on by itself, and after a reload the
//! same file goes on where it was.

import { el } from '/shared/dom.js';
import { Refused } from '/shared/request.js';
import { t } from '/shared/texts.js';
import { call } from './api.js';
import { keepAwake } from './awake.js';
import { show } from './dom.js';
import { follow } from './events.js';
import { isHevc } from './film_kind.js';
import { authorization, recall, remember } from './memory.js';
import { takeBack } from './mine.js';
import { wordsOf } from './refusals.js';

const PAUSE_MS = 2000;
const STALLED_MS = 60000;
/** What is said of a video although it was taken. */
const noted = ({ code }) => ({ without_sound: t('clip_without_sound'), shortened: t('clip_shortened') }[code]);

/** Sends one stretch, or asks (without a body); gives how many bytes the gateway has, or -1 when it has all. */
function put(id, range, body, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stalled = 0;
    const abort = () => request.abort();
    const moves = () => { clearTimeout(stalled); stalled = setTimeout(abort, STALLED_MS); };
    request.open('PUT', `/api/v1/shares/${id}/video`);
    Object.entries({ ...authorization(), 'Content-Range': range }).forEach((field) => request.setRequestHeader(...field));
    request.upload.onprogress = ({ loaded }) => { moves(); tell(loaded); };
    request.onloadend = () => {
      clearTimeout(stalled);
      signal.removeEventListener('abort', abort);
      const last = /-(\d+)$/.exec(request.getResponseHeader('Range') || '');
      if (request.status === 200) { resolve(-1); }
      if (request.status === 308) { resolve(last ? +last[1] + 1 : 0); }
      let error;
      try { ({ error } = JSON.parse(request.responseText)); } catch { /* Nothing was said. */ }
      reject(new Refused(request.status, error?.code, error?.message));
    };
    signal.addEventListener('abort', abort);
    moves();
    request.send(body);
  });
}

/** Sends a file until the gateway has all of it; throws what another try would not mend. */
async function send(id, file, tell, signal) {
  while (!signal.aborted) {
    try {
      const at = await put(id, `bytes */${file.size}`, null, () => {}, signal);
      if (at < 0 || (await put(id, `bytes ${at}-${file.size - 1}/${file.size}`, file.slice(at), (sent) => tell(at + sent), signal)) < 0) {
        return;
      }
    } catch (error) {
      if (![0, 416, 502, 503, 504].includes(error.status) && error.code !== 'uploading') { throw error; }
      tell(-1);
      await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    }
  }
}

/** Why a film is not taken. What it is made of, the gateway tells best. */
function clipRefusal(error) {
  const own = { too_large: t('clip_too_large'), not_recorded: t('clip_not_recorded'), other_file: t('clip_lost') }[error.code];
  return own || (error.code === 'unsupported_codec' ? error.message : wordsOf(error));
}

/** The share of this file: one that was begun, or a new one. */
async function shareOf(file, chosen, title) {
  const targets = chosen.map((one) => one.user_id);
  const name = [file.name, file.size, file.lastModified, ...targets].join('/');
  const begun = recall('clip');
  if (begun?.name === name) {
    const share = await call('GET', `/shares/${begun.id}`).catch(() => ({}));
    if (share.state === 'pending' || share.state === 'preparing') { return begun.id; }
  }
  const { share_id: id } = await call('POST', '/shares', { targets, kind: 'clip', ...(title ? { title } : {}) });
  remember({ clip: { name, id } });
  return id;
}

export async function clip(go, chosen, title, file) {
  const name = title || file.name;
  const over = (wrong, notes = []) => show('done', [el('section.card', {}, el('h1', { dir: 'auto' }, name),
    el(wrong ? 'p.wrong' : 'p', { role: 'status' }, wrong || t('clip_waits')),
    ...notes.map((note) => el('p', { role: 'status' }, noted(note))),
    el('button.main', { type: 'button', onclick: () => go.people() }, t('close')))]);
  if (await isHevc(file).catch(() => false)) {
    over(t('clip_hevc'));
    return;
  }
  const id = await shareOf(file, chosen, title);
  const all = new AbortController();
  const sleep = keepAwake();
  const bar = el('progress', { max: '1', value: '0', 'aria-label': t('clip_title') });
  const status = el('p', { role: 'status' });
  const tell = (sent) => {
    if (sent >= 0) { bar.value = sent / file.size; }
    status.textContent = sent < 0 ? t('lost') : sent < file.size ? `${Math.floor(bar.value * 100)} %` : t('clip_preparing');
  };
  const look = async () => {
    const share = await call('GET', `/shares/${id}`).catch((error) => ({ state: error.status === 404 ? 'unknown' : '' }));
    if (all.signal.aborted || !['ended', 'expired', 'unknown'].includes(share.state)) { return; }
    over(share.duration_ms ? '' : share.message || t('clip_lost'), share.notes);
  };
  show('clip', [el('section.card', {}, el('h1', {}, t('clip_title')), el('p', { dir: 'auto' }, name), bar, status,
    el('button', { type: 'button', onclick: () => takeBack(go, id, () => go.people()) }, t('cancel')))], () => {
      all.abort();
      sleep();
      stop();
    });
  const stop = follow(id, (name) => { if (name === 'hello' || name === 'share') { look(); } });
  try {
    await send(id, file, tell, all.signal);
    tell(file.size);
  } catch (error) {
    if (!all.signal.aborted && !go.revoked(error)) { over(clipRefusal(error) || t('clip_lost')); }
  }
}
