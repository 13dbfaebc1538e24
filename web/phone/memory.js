//! What the phone remembers between visits: its token, whom it chose last, and which camera. A browser that keeps nothing
//! still works for one visit.

const NAME = 'lareira';

let kept = {};
try { kept = JSON.parse(localStorage.getItem(NAME)) || {}; } catch { /* Nothing, or nothing readable, was kept. */ }

/** What is remembered under a name. */
export function recall(name) {
  return kept[name];
}

/** Remembers values: `{token, chosen, facing, clip}`. */
export function remember(values) {
  kept = { ...kept, ...values };
  try { localStorage.setItem(NAME, JSON.stringify(kept)); } catch { /* This visit only, then. */ }
}

/** Forgets everything. */
export function forget() {
  kept = {};
  try { localStorage.removeItem(NAME); } catch { /* Nothing was kept. */ }
}

/** The head that says which phone asks. */
export function authorization() {
  return kept.token ? { Authorization: `Bearer ${kept.token}` } : {};
}
