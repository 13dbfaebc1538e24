//! The words of the phone's page: those of the phone's own language alone are loaded. A test fails on one that is missing or
//! unused.

const LANGUAGES = ['en', 'es', 'pt'];

const wanted = (globalThis.navigator?.languages || []).map((one) => one.toLowerCase().slice(0, 2));
/** The language of the phone that the page speaks. */
export const language = wanted.find((code) => LANGUAGES.includes(code)) || 'en';

const { words } = await import(`./texts/${language}.js`);

/** The text of that name, with its places filled in. */
export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** The text for so many. */
export function n(key, count) {
  return t(`${key}_${count === 1 ? 'one' : 'other'}`, { count });
}
