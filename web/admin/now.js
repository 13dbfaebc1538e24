//! What the gateway is doing now: four figures with their last minutes, and the streams that flow.

import { el, present } from '/shared/dom.js';
import { n, t } from '/shared/texts.js';
import { length } from '/shared/words.js';
import { verb } from './api.js';
import { ask, chart } from './dom.js';
import { bytes } from './words.js';

/** Looks that are kept: five minutes of one each two seconds. */
const KEPT = 150;
/** Wrong codes in the last minutes that are more than somebody's typing. */
const MANY_WRONG = 20;
const seen = { cpu: [], memory: [], disk: [], watching: [] };
const rates = new Map();

function remember(list, value) {
  list.push(value);
  if (list.length > KEPT) { list.shift(); }
}

function tile(label, figure, values, most) {
  return el('div.tile', {}, el('p.quieter', {}, label), el('p.figure', {}, figure), chart(values, most, `${label}: ${figure}`));
}

/** Bits a second since the last look. */
function rate(stream, at) {
  const known = rates.get(stream.share_id) || { bytes: stream.bytes, at, values: [] };
  if (at > known.at) { remember(known.values, Math.max(0, (stream.bytes - known.bytes) * 8000 / (at - known.at))); }
  rates.set(stream.share_id, Object.assign(known, { bytes: stream.bytes, at }));
  return known.values;
}

function streamCard(stream, at, changed) {
  const values = rate(stream, at);
  const facts = [
    stream.width ? `${stream.width} × ${stream.height}` : null,
    stream.frame_rate ? `${Math.round(stream.frame_rate)} fps` : null,
    values.length ? `${(values.at(-1) / 1e6).toFixed(1)} Mbit/s` : null,
    length(stream.duration_ms),
    n('viewers', stream.viewers || 0),
    !stream.latency_ms ? null : stream.latency_from === 'gateway' ? t('delay_gateway', { ms: stream.latency_ms })
      : t('delay', { ms: stream.latency_ms }),
    stream.interrupted ? t('away') : null,
    ['failed', 'paused'].includes(stream.recording) ? t('not_recorded') : null
  ];
  const stop = () => ask({ title: t('stop'), text: t('stop_ask', { name: stream.sender_name }), action: t('stop'), danger: true,
    send: () => verb('share_stop', { share: stream.share_id }) }).then(changed);
  return el('article.card.stream', {},
    el('div', {},
      el('h3', { dir: 'auto' }, el(stream.interrupted ? 'i.live.is-away' : 'i.live'),
        stream.title ? `${stream.sender_name} · ${stream.title}` : stream.sender_name || ''),
      el('p.quieter', {}, facts.filter(Boolean).join(' · ')),
      el('ul.chips', {}, (stream.targets || []).map((target) =>
        el(target.state === 'watching' ? 'li.chip.is-on' : 'li.chip', { dir: 'auto' }, target.name)))),
    el('div.chart', {}, chart(values, 1, t('what'))),
    el('button', { onclick: stop }, t('stop')));
}

/** Draws a look into `section`; `changed` is called when something was done. */
export function draw(section, look, changed) {
  remember(seen.cpu, look.cpu_percent);
  remember(seen.memory, look.memory_bytes);
  remember(seen.disk, look.disk_free_bytes || 0);
  remember(seen.watching, look.viewers);
  const at = Date.parse(look.now);
  for (const share of rates.keys()) { if (!look.streams.some((stream) => stream.share_id === share)) { rates.delete(share); } }
  section.replaceChildren(...present([
    el('div.section-head', {}, el('h2', {}, t('now'))),
    el('div.tiles', {},
      tile(t('watching'), look.viewers, seen.watching, 2),
      tile(t('cpu'), `${look.cpu_percent.toFixed(1)} %`, seen.cpu, 10),
      tile(t('memory'), bytes(look.memory_bytes), seen.memory, 32 << 20),
      tile(t('disk'), bytes(look.disk_free_bytes), seen.disk, 1)),
    look.wrong_codes >= MANY_WRONG ? el('p.wrong', { role: 'alert' }, t('wrong_codes', { count: look.wrong_codes })) : null,
    look.little_room ? el('p.lead', { role: 'status' }, t('little_room', { left: bytes(look.room_left_bytes) })) : null,
    ...(look.streams.length ? look.streams.map((stream) => streamCard(stream, at, changed)) : [el('p.lead.still', {}, t('nothing_live'))])
  ]));
}
