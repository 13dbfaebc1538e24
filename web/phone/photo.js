//! A person's own photo: chosen or taken, cut square and made small on the phone before it is sent.

import { el } from '/shared/dom.js';

const SIDE = 480;

/** The middle of a picture file as a canvas. */
async function square(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = el('canvas', { width: SIDE, height: SIDE });
  canvas.getContext('2d').drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  picture.close();
  return canvas;
}

/** A round field for a photo; `url` is a data URL once there is one, and `blob()` the JPEG. */
export function photoField(label, shown = null) {
  const preview = el('span.face.is-large', { 'aria-hidden': 'true' });
  const picture = (src) => preview.replaceChildren(el('img', { src, alt: '' }));
  if (shown) { picture(shown); } else { preview.textContent = '+'; }
  const input = el('input.unseen', {
    type: 'file', accept: 'image/*',
    onchange: async () => {
      if (!input.files[0]) { return; }
      try {
        const canvas = await square(input.files[0]);
        photo.url = canvas.toDataURL('image/jpeg', 0.85);
        photo.blob = () => new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.85); });
        picture(photo.url);
      } catch { /* A file that is no picture changes nothing. */ }
    },
  });
  const photo = { url: null, blob: null, node: el('label.photo-field', {}, input, preview, el('span', {}, label)) };
  return photo;
}
