/** One thing after another: the single writer of a wallet is a queue of promises. */

/** Runs functions in the order given, each after the one before has settled. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as `work` does; a failure does not stop those behind it. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // The next one waits for this one but does not care how it ended; the caller gets the failure.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** When everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
