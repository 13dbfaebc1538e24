//! The sizes a picture is sent in, and how H.264 calls them (ITU-T H.264, table A-1). Pure.

/** Best first; the same rungs as the gateway's probe suggests. Rates are bits and pictures a second. */
export const LADDER = [
  { width: 1920, height: 1080, frameRate: 30, bitsPerSecond: 4500000 },
  { width: 1280, height: 720, frameRate: 30, bitsPerSecond: 2000000 },
  { width: 960, height: 540, frameRate: 30, bitsPerSecond: 1200000 },
  { width: 640, height: 360, frameRate: 30, bitsPerSecond: 600000 },
  { width: 426, height: 240, frameRate: 15, bitsPerSecond: 250000 },
];

/** The rung that a probe's `suggested` names; without one, the smallest but one. */
export function rungOf(suggested) {
  const found = suggested ? LADDER.findIndex((rung) => rung.bitsPerSecond <= suggested.video_bits_per_second) : LADDER.length - 2;
  return found < 0 ? LADDER.length - 1 : found;
}

/** A camera's picture made to fit a rung, upright or sideways, never larger than it came; sides are even. */
export function fit(width, height, rung) {
  const scale = Math.min(1, rung.width / Math.max(width, height), rung.height / Math.min(width, height));
  const even = (side) => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}

// Level, macroblocks of a picture, macroblocks a second.
const LEVELS = [[0x1e, 1620, 40500], [0x1f, 3600, 108000], [0x28, 8192, 245760], [0x32, 22080, 589824]];

/** The names of H.264 to try for a size, constrained baseline first. */
export function codecs(width, height, frameRate) {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const [level] = LEVELS.find(([, most, rate]) => blocks <= most && blocks * frameRate <= rate) || LEVELS.at(-1);
  return ['42e0', '4200', '4d00'].map((profile) => `avc1.${profile}${level.toString(16)}`);
}
