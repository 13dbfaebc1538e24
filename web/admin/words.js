//! Sizes and long times as people say them.

import { language } from '/shared/texts.js';

/** 1500000 -> '1.4 MiB'. */
export function bytes(count) {
  if (count === null || count === undefined) { return '–'; }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** step;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${units[step]}`;
}

/** How long the gateway has been up: '3 d 4 h', '12 min'. */
export function span(ms) {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 60) { return `${minutes} min`; }
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
