//! What a video's pictures are coded in, read on the phone before a byte is sent: the file's boxes (ISO/IEC 14496-12, 4.2),
//! whose description stands at the end of many. What can't be read here is the gateway's to judge.

const HEAD = 16;
const MOST_BYTES = 32 << 20;
const MOST_BOXES = 10000;

/** The boxes in `view` from `at` to `end`: letters, and where what is in them begins and ends. */
function* boxes(view, at, end) {
  while (at + 8 <= end) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1 && at + HEAD <= end) {
      size = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
      head = HEAD;
    }
    if (size < head || at + size > end) { return; }
    yield [String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4)), at + head, at + size];
    at += size;
  }
}

function find(view, at, end, path) {
  const [name, ...rest] = path;
  for (const [letters, from, to] of boxes(view, at, end)) {
    if (letters === name) { return rest.length ? find(view, from, to, rest) : [from, to]; }
  }
  return null;
}

async function bytes(file, at, length) {
  return new DataView(await file.slice(at, at + length).arrayBuffer());
}

/** The letters of the pictures' sample entries: such as `avc1` or `hvc1`. */
export async function pictures(file) {
  for (let at = 0, passed = 0; at + 8 <= file.size && passed < MOST_BOXES; passed += 1) {
    const head = await bytes(file, at, HEAD);
    let size = head.getUint32(0);
    if (size === 1 && head.byteLength === HEAD) { size = head.getUint32(8) * 2 ** 32 + head.getUint32(12); }
    if (size < 8) { return []; }
    if (head.getUint32(4) === 0x6D6F6F76) {
      if (size > MOST_BYTES) { return []; }
      const moov = await bytes(file, at, size);
      const [whole] = [...boxes(moov, 0, moov.byteLength)];
      return whole ? entries(moov, whole[1], whole[2]) : [];
    }
    at += size;
  }
  return [];
}

function entries(moov, from, to) {
  const found = [];
  for (const [letters, at, end] of boxes(moov, from, to)) {
    const handler = letters === 'trak' && find(moov, at, end, ['mdia', 'hdlr']);
    if (handler && handler[0] + 12 <= handler[1] && moov.getUint32(handler[0] + 8) === 0x76696465) {
      const stsd = find(moov, at, end, ['mdia', 'minf', 'stbl', 'stsd']);
      if (stsd) { found.push(...[...boxes(moov, stsd[0] + 8, stsd[1])].map(([entry]) => entry)); }
    }
  }
  return found;
}

/** Whether a file is a video whose pictures are HEVC alone, which TVs don't all play. */
export async function isHevc(file) {
  const found = await pictures(file).catch(() => []);
  return found.length > 0 && found.every((entry) => /^(hvc1|hev1|dvh1|dvhe)$/.test(entry));
}
