//! Whether a video's pictures are HEVC, read on the phone before a byte is sent: from the file's boxes (ISO/IEC 14496-12,
//! 4.2), whose description stands at the end of many. What can't be read here is the gateway's to judge.

const MOST_BYTES = 32 << 20;
const MOST_BOXES = 10000;
// A sample entry's letters stand behind `stsd`, its version, a count, and the entry's size (8.5.2).
const HEVC = /stsd[^]{12}(hvc1|hev1|dvh1|dvhe)/;
const H264 = /stsd[^]{12}avc[13]/;

/** Whether a file is a video in HEVC and nothing else, which TVs don't all play. */
export async function isHevc(file) {
  const read = (at, length) => file.slice(at, at + length).arrayBuffer();
  for (let at = 0, passed = 0; at + 16 <= file.size && passed < MOST_BOXES; passed += 1) {
    const head = new DataView(await read(at, 16));
    let size = head.getUint32(0);
    if (size === 1) { size = head.getUint32(8) * 2 ** 32 + head.getUint32(12); }
    if (size < 8) { break; }
    if (head.getUint32(4) === 0x6D6F6F76) {
      const moov = new TextDecoder('latin1').decode(await read(at, Math.min(size, MOST_BYTES)));
      return HEVC.test(moov) && !H264.test(moov);
    }
    at += size;
  }
  return false;
}
