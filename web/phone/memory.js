//! What the phone remembers between visits: its token, whom it chose last, and the shares it made. A browser that keeps
//! nothing still works for one visit.

const NAME = 'lareira';
/** Shares that are listed; older ones are forgotten here, not on the gateway. */
const MOST_SHARES = 30;

let kept = {};
try { kept = JSON.parse(localStorage.getItem(NAME)) || {}; } catch { /* Nothing, or nothing readable, was kept. */ }

/** What is remembered under a name. */
export function recall(name) {
  return kept[name];
}

/** Remembers values: `{token, chosen, facing, shares, clip}`. */
export function remember(values) {
  kept = { ...kept, ...values };
  try { localStorage.setItem(NAME, JSON.stringify(kept)); } catch { /* This visit only, then. */ }
}

/** Forgets everything. */
export function forget() {
  kept = {};
  try { localStorage.removeItem(NAME); } catch { /* Nothing was kept. */ }
}

/** A share this phone made, newest first. */
export function addShare(id) {
  remember({ shares: [id, ...(kept.shares || []).filter((one) => one !== id)].slice(0, MOST_SHARES) });
}

export function removeShare(id) {
  remember({ shares: (kept.shares || []).filter((one) => one !== id) });
}
