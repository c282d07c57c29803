/** Counts the seconds of the world in front of a camera; slower than real time when told so. */
export class MediaClock {
  #rate = 1;
  #seconds = 0;
  #readAtMs = performance.now();

  seconds(): number {
    const nowMs = performance.now();
    this.#seconds += ((nowMs - this.#readAtMs) / 1000) * this.#rate;
    this.#readAtMs = nowMs;
    return this.#seconds;
  }

  run(rate: number): void {
    this.seconds();
    this.#rate = rate;
  }
}
