//! How people are shown: by their photo, or by letters.

import { el } from '/shared/dom.js';

/** A face: the photo, or the first letters of the name on a tone of its own. `size`: how large a photo is asked for. */
export function face(person, size = '') {
  if (person.photo_url) { return el('img.face', { src: person.photo_url + size, alt: '' }); }
  const words = String(person.name || '?').trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...word][0] || '').join('').toUpperCase();
  const tone = [...String(person.user_id || person.name)].reduce((sum, sign) => sum + sign.codePointAt(0), 0) % 6;
  return el(`span.face.tone-${tone}`, { 'aria-hidden': 'true' }, letters);
}
