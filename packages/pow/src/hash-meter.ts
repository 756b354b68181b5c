/** How fast a search is: hashes per second over the last seconds, from a number that only grows. */

interface Sample {
  readonly ms: number;
  readonly hashes: number;
}

/** Samples a rate is the mean over. */
const WINDOW = 8;

/** Measures hashes per second; somebody has to say `sample` about once a second. */
export class HashMeter {
  readonly #samples: Sample[] = [];

  /** Takes down how many hashes there were at a time in milliseconds. */
  sample(hashes: number, ms: number): void {
    this.#samples.push({ ms, hashes });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /** Zero until there are two samples. */
  get perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.ms <= first.ms) return 0;
    return (1000 * (last.hashes - first.hashes)) / (last.ms - first.ms);
  }

  clear(): void {
    this.#samples.length = 0;
  }
}
