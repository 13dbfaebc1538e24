'use strict';
// The chart of an adaptation, as an SVG that reads on white and on black: what the line takes and what is sent above, how far
// behind the TV is below.

const [WIDTH, TOP, HEIGHT, GAP, LEFT, RIGHT] = [900, 30, 170, 60, 60, 20];
const GREY = '#808890';

function chart({ samples, pictures, line, lasts }) {
  const x = (second) => LEFT + (second / lasts) * (WIDTH - LEFT - RIGHT);
  const panel = (index, most) => {
    const bottom = TOP + HEIGHT + index * (HEIGHT + GAP);
    return { bottom, y: (value) => bottom - (Math.min(value, most) / most) * HEIGHT };
  };
  const rate = panel(0, 6);
  const delay = panel(1, 3000);
  const steps = line.map(([second, bits],
    i) => `${i ? 'L' : 'M'}${x(second)} ${rate.y(line[Math.max(0, i - 1)][1] / 1e6)}L${x(second)} ${rate.y(bits / 1e6)}`)
    .join('') + `H${x(lasts)}`;
  const sent = samples.map(({ second, mbits }, i) => `${i ? 'L' : 'M'}${x(second).toFixed(1)} ${rate.y(mbits).toFixed(1)}`).join('');
  const dots = pictures.map(([second, ms]) => `M${x(second).toFixed(1)} ${delay.y(ms).toFixed(1)}h0`).join('');
  const heights = samples.filter((one, i) => i === 0 || one.height !== samples[i - 1].height);
  const text = (at, y, words, more = '') => `<text x="${at}" y="${y}" ${more}>${words}</text>`;
  const axis = ({ bottom, y }, values, unit) =>
    values.map((value) => `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity=".3"/>`
      + text(LEFT - 8, y(value) + 4, value, 'text-anchor="end"')).join('')
    + text(LEFT, bottom - HEIGHT - 12, unit);
  const seconds = Array.from({ length: Math.floor(lasts / 10) + 1 },
    (_, i) => text(x(i * 10), delay.bottom + 18, `${i * 10} s`, 'text-anchor="middle"')).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${delay.bottom + 30}"
  font-family="sans-serif" font-size="12" fill="${GREY}">
${axis(rate, [0, 2, 4, 6], 'Mbit/s: what the line takes (grey) and what is sent (orange), with the lines of the picture')}
${axis(delay, [0, 1000, 2000, 3000], 'ms from the camera to the TV, a dot a picture')}
<path d="${steps}" fill="none" stroke="${GREY}" stroke-width="2"/>
<path d="${sent}" fill="none" stroke="#e8702a" stroke-width="2"/>
${heights.map(({ second, mbits, height }) => text(x(second) + 3, rate.y(mbits) - 6, `${height}p`, 'fill="#e8702a"')).join('')}
<path d="${dots}" stroke="#3f8fd8" stroke-width="2" stroke-linecap="round"/>
${seconds}
</svg>
`;
}

module.exports = { chart };
