//! Lengths and dates as people say them.

import { language } from '/shared/texts.js';

/** 754000 -> '12:34'; 3754000 -> '1:02:34'; '' for a length that isn't known. */
export function length(ms) {
  if (!Number.isFinite(ms)) { return ''; }
  const s = Math.floor(ms / 1000);
  const two = (number) => String(number).padStart(2, '0');
  return `${s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}` : Math.floor(s / 60)}:${two(s % 60)}`;
}

/** A date and time, short. */
export function when(text) {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(text));
}
