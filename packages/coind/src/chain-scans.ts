/** One scan at a time: who has the place, how far it is, and that it may be broken off. */
import { RpcError } from '@coind/rpc';

/** A scan under way. */
export interface Scan {
  /** Percent. */
  progress: number;
  height: number;
  aborted: boolean;
}

/** The place of a scan; `scantxoutset` has one and `scanblocks` another. */
export class ScanPlace {
  #scan: Scan | undefined;

  /** The scan under way. */
  get scan(): Scan | undefined {
    return this.#scan;
  }

  /** Runs `work` as the scan. Throws -8 when there is one already. */
  async run<T>(work: (scan: Scan) => Promise<T>): Promise<T> {
    if (this.#scan) {
      throw new RpcError(-8, 'Scan already in progress, use action "abort" or "status"');
    }
    const scan = { progress: 0, height: 0, aborted: false };
    this.#scan = scan;
    try {
      return await work(scan);
    } finally {
      this.#scan = undefined;
    }
  }

  /** Asks the scan under way to end; false when there is none. */
  abort(): boolean {
    if (this.#scan) this.#scan.aborted = true;
    return this.#scan !== undefined;
  }
}
