/**
 * The single writer: work that changes the chain or the pool runs one piece at a time, in the order
 * in which it was asked for, so the tip cannot move under anybody who decides something.
 */

/** A queue of one at a time. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything asked for before; its failure is the caller's alone. */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
