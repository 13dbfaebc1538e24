//! Keeps the screen on while it matters. The browser lets go of the lock when the page is hidden; it is taken anew.

/** Keeps the screen on until the function it returns is called. */
export function keepAwake() {
  let lock = null;
  let isOver = false;
  const take = async () => {
    if (isOver || document.hidden || !navigator.wakeLock) { return; }
    try {
      lock = await navigator.wakeLock.request('screen');
      if (isOver) { lock.release(); }
    } catch { /* A phone low on power refuses: its screen goes off as ever. */ }
  };
  take();
  document.addEventListener('visibilitychange', take);
  return () => {
    isOver = true;
    document.removeEventListener('visibilitychange', take);
    if (lock) { lock.release(); }
  };
}
