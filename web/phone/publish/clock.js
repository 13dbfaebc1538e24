//! One clock for pictures and sound. Each source counts time its own way; here its times are moved onto the page's clock
//! by the smallest lag ever seen, so that late deliveries don't shake them. Pure: microseconds come in and go out.

/** How much a source's clock may run slower than the page's: 200 millionths. */
const DRIFT = 0.0002;
/** Whose deliveries are this much late for so long is not late: the source stood still for a moment. */
const LATE_US = 80000;
const LATE_FOR_US = 1000000;

/** The times of one source. */
export class CaptureClock {
  constructor() {
    this.lagUs = Infinity;
    this.lastUs = -Infinity;
    this.seenUs = 0;
    this.punctual(0);
  }

  punctual(nowUs) {
    this.punctualUs = nowUs;
    this.leastLateUs = Infinity;
  }

  /** When something stamped `ownUs` by its source, and delivered at `nowUs`, was captured. Never goes back. */
  at(ownUs, nowUs) {
    const lagUs = nowUs - ownUs;
    this.lagUs = Math.min(this.lagUs + (nowUs - this.seenUs) * DRIFT, lagUs);
    this.seenUs = nowUs;
    if (lagUs - this.lagUs < LATE_US) { this.punctual(nowUs); } else { this.leastLateUs = Math.min(this.leastLateUs, lagUs); }
    if (lagUs - this.lagUs > 2000000 || nowUs - this.punctualUs > LATE_FOR_US) {
      this.lagUs = this.leastLateUs;
      this.punctual(nowUs);
    }
    this.lastUs = Math.max(this.lastUs + 1, Math.round(ownUs + this.lagUs));
    return this.lastUs;
  }
}
