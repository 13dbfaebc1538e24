//! Whether a video's pictures are HEVC, read on the phone before a byte is sent: from the file's boxes (ISO/IEC 14496-12,
//! 4.2), whose description stands at the end of many. What can't be read here (it throws) is the gateway's to judge.

// A sample entry's letters stand behind `stsd`, its version, a count, and the entry's size (8.5.2).
const HEVC = /stsd[^]{12}(hvc1|hev1|dvh1|dvhe)/;

/** Whether a file is a video in HEVC, which TVs don't all play. */
export async function isHevc(file) {
  const read = (at, end) => file.slice(at, end).arrayBuffer();
  for (let at = 0, passed = 0; passed < 9999; passed += 1) {
    const head = new DataView(await read(at, at + 16));
    let size = head.getUint32(0);
    if (size === 1) { size = head.getUint32(8) * 2 ** 32 + head.getUint32(12); }
    // The letters `moov`; it has 32 MiB at most.
    if (head.getUint32(4) === 0x6D6F6F76) {
      return HEVC.test(new TextDecoder('latin1').decode(await read(at, at + Math.min(size, 2 ** 25))));
    }
    if (size < 8) { break; }
    at += size;
  }
  return false;
}
