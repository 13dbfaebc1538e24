'use strict';
// A camera's pictures that carry their numbers as black and white squares, and pages that note which one is seen when.

const { execFileSync } = require('node:child_process');

const BITS = 10;
const CELL = 40;
/** How wide the camera's pictures are; a phone may send them smaller. */
const WIDTH = 1280;

/** What a false camera sees: half a minute, as a file of JPEGs. */
function film(file) {
  const square = (bit, more) => `drawbox=x=${bit * CELL}:y=0:w=${CELL}:h=${CELL}:t=fill:${more}`;
  const squares = Array.from({ length: BITS },
    (_, bit) => `${square(bit, 'color=black')},${square(bit, `color=white:enable='gte(mod(floor(n/${2 ** bit}),2),1)'`)}`);
  execFileSync('ffmpeg',
    ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${WIDTH}x720:rate=30:duration=${2 ** BITS / 30},${squares.join(',')}`, '-q:v', '6',
    '-f', 'mjpeg', file]);
  return file;
}

/** Notes from now on for each picture of the page's video, in window.pictures, which one it is and when: taken where the page
 *  is the camera's, else shown.
    The squares are those of the film, or `bits` of `cell` pixels in a picture that is `width` wide, or as wide as it comes. */
async function note(page, { bits, cell, width = null } = { bits: BITS, cell: CELL, width: WIDTH }) {
  await page.evaluate(([bits, cell, width]) => {
    const video = document.querySelector('video');
    const canvas = document.createElement('canvas');
    canvas.width = bits * cell;
    canvas.height = cell;
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    window.pictures = [];
    const each = (now, frame) => {
      const scale = width ? video.videoWidth / width : 1;
      pen.drawImage(video, 0, 0, bits * cell * scale, cell * scale, 0, 0, bits * cell, cell);
      const pixels = pen.getImageData(0, cell / 2, bits * cell, 1).data;
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) { if (pixels[(bit * cell + cell / 2) * 4] > 128) { number += 2 ** bit; } }
      window.pictures.push([number, performance.timeOrigin + (video.srcObject ? frame.captureTime || now : frame.expectedDisplayTime)]);
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }, [bits, cell, width]);
}

/** Of a film that begins again, a picture that is shown later than this was another round's. */
const LONGEST_MS = 15000;

/** Each picture that both pages noted: when it was shown (ms since 1970), and for how many milliseconds it was on its way. */
function ways(taken, shown) {
  const times = new Map();
  for (const [number, at] of taken) { times.set(number, [...(times.get(number) || []), at]); }
  return shown.map(([number, at]) => [at, at - Math.max(...(times.get(number) || []).filter((one) => one < at))])
    .filter(([, ms]) => ms < LONGEST_MS);
}

/** The value that this share of a list lies below. */
function part(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round(sorted[Math.floor((sorted.length - 1) * share)]);
}

module.exports = { film, note, ways, part };
