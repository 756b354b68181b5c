/** How much may be sent per day (`-maxuploadtarget`), and when old blocks are not served any more. */

/** A day. */
export const UPLOAD_CYCLE_SECONDS = 24 * 60 * 60;
const BLOCK_INTERVAL_SECONDS = 600;
const MAX_BLOCK_BYTES = 4_000_000;

/** Counts what goes out in a cycle of a day. */
export class UploadTarget {
  readonly targetBytes: number;
  readonly #now: () => number;
  #cycleStart = 0;
  #sentBytes = 0;

  /** `targetBytes` 0 is no limit; `now` in unix seconds. */
  constructor(targetBytes: number, now: () => number) {
    this.targetBytes = targetBytes;
    this.#now = now;
  }

  sent(bytes: number): void {
    const now = this.#now();
    if (this.#cycleStart + UPLOAD_CYCLE_SECONDS < now) {
      this.#cycleStart = now;
      this.#sentBytes = 0;
    }
    this.#sentBytes += bytes;
  }

  get secondsLeft(): number {
    if (this.targetBytes === 0) return 0;
    if (this.#cycleStart === 0) return UPLOAD_CYCLE_SECONDS;
    return Math.max(0, this.#cycleStart + UPLOAD_CYCLE_SECONDS - this.#now());
  }

  get bytesLeft(): number {
    return this.targetBytes === 0 ? 0 : Math.max(0, this.targetBytes - this.#sentBytes);
  }

  /** `historical`: what is left is kept for one new block every ten minutes. */
  reached(historical: boolean): boolean {
    if (this.targetBytes === 0) return false;
    const kept = historical
      ? Math.floor(this.secondsLeft / BLOCK_INTERVAL_SECONDS) * MAX_BLOCK_BYTES
      : 0;
    return kept >= this.targetBytes || this.#sentBytes >= this.targetBytes - kept;
  }
}
