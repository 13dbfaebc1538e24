//! The words of a page in the language of whoever reads it. Only that language is loaded: the build makes a module of
//! it from `web/texts/`, beside the page.

const LANGUAGES = ['en', 'es', 'pt'];

const wanted = navigator.languages.map((one) => one.toLowerCase().slice(0, 2));
/** The language that the page speaks. */
export const language = wanted.find((code) => LANGUAGES.includes(code)) || 'en';

const { words } = await import(new URL(`texts/${language}.js`, document.baseURI));

/** The text of that name, with its places filled in; what isn't known is left out. */
export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name] ?? '') : place));
}

/** The text for so many. */
export function n(key, count) {
  return t(`${key}_${count === 1 ? 'one' : 'other'}`, { count });
}
