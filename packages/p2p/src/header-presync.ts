/**
 * Low-work header protection: a chain of headers that begins with too little work is downloaded twice.
 * The first time only its work is counted and a bit of every so manieth header kept; the second time
 * the headers are compared with those bits and handed on once enough of them have agreed. So nobody
 * fills our memory with headers that cost nothing to make. Pure; whom to ask, the caller knows.
 */
import { type HeaderContext, isPossibleTransition } from '@coind/consensus';
import {
  type BlockHash,
  type BlockHeader,
  type ChainParams,
  hexToHash,
  SipHasher,
  workOf,
} from '@coind/primitives';
import type { Random } from './network.ts';

/** How often a bit is kept, and how many headers are held back: chosen by bitcoind for each network. */
export interface PresyncParams {
  readonly commitmentPeriod: number;
  readonly bufferSize: number;
}

const byNetwork: Readonly<Record<string, PresyncParams>> = {
  main: { commitmentPeriod: 641, bufferSize: 15218 },
  test: { commitmentPeriod: 673, bufferSize: 14460 },
  testnet4: { commitmentPeriod: 606, bufferSize: 16092 },
  signet: { commitmentPeriod: 620, bufferSize: 15724 },
};
const OTHER_NETWORKS: PresyncParams = { commitmentPeriod: 275, bufferSize: 7017 };

/** The numbers for a network. */
export function presyncParams(params: ChainParams): PresyncParams {
  return byNetwork[params.name] ?? OTHER_NETWORKS;
}

/** What came of a batch. */
export interface PresyncResult {
  /** False when the headers were not what they had to be: the sync is over. */
  readonly success: boolean;
  /** Ask for more, from `locatorStart`. */
  readonly requestMore: boolean;
  /** Headers whose chain has shown its work. */
  readonly ready: readonly BlockHeader[];
}

/** What a sync starts from. */
export interface PresyncStart {
  /** Number of the peer, for the log. */
  readonly peer: number;
  readonly params: ChainParams;
  /** The known block that the first header builds on. */
  readonly from: HeaderContext;
  readonly fromWork: bigint;
  readonly minimumWork: bigint;
  /** Unix seconds. */
  readonly now: number;
  readonly random: Random;
  /** Hears how far it has come and why it ended. */
  readonly log: (message: string) => void;
}

const MAX_FUTURE_BLOCK_TIME = 2 * 60 * 60;
/** By the rule about median times no chain has more blocks per second than this. */
const FASTEST_BLOCKS_PER_SECOND = 6;

/** One peer's low-work header sync. */
export class HeaderPresync {
  readonly #start: PresyncStart;
  readonly #period: number;
  readonly #buffer: number;
  readonly #offset: number;
  readonly #hasher: SipHasher;
  readonly #maxCommitments: number;
  readonly #commitments: boolean[] = [];
  #checked = 0;
  #phase: 'presync' | 'redownload' | 'done' = 'presync';
  #work: bigint;
  #last: { readonly hash: BlockHash; readonly bits: number; readonly time: number };
  #height: number;
  #redownloaded: BlockHeader[] = [];
  #redownloadWork: bigint;
  #redownloadLast: { readonly hash: BlockHash; readonly bits: number };
  #redownloadHeight: number;
  #releaseAll = false;

  constructor(start: PresyncStart) {
    const { from, fromWork, random } = start;
    const { commitmentPeriod, bufferSize } = presyncParams(start.params);
    this.#start = start;
    this.#period = commitmentPeriod;
    this.#buffer = bufferSize;
    this.#offset = random.below(commitmentPeriod);
    this.#hasher = new SipHasher(random.bytes(16));
    const seconds = start.now - from.medianTimePast + MAX_FUTURE_BLOCK_TIME;
    this.#maxCommitments = Math.floor((FASTEST_BLOCKS_PER_SECOND * seconds) / commitmentPeriod);
    const { hash, height } = from.ref;
    this.#work = fromWork;
    this.#last = { hash, bits: from.header.bits, time: from.header.time };
    this.#height = height;
    this.#redownloadWork = fromWork;
    this.#redownloadLast = { hash, bits: from.header.bits };
    this.#redownloadHeight = height;
    start.log(
      `Initial headers sync started with peer=${start.peer}: height=${height}, max_commitments=${this.#maxCommitments}, min_work=${start.minimumWork.toString(16).padStart(64, '0')}`,
    );
  }

  get phase(): 'presync' | 'redownload' | 'done' {
    return this.#phase;
  }

  /** Height of the last header counted; -1 outside the first phase. */
  get presyncHeight(): number {
    return this.#phase === 'presync' ? this.#height : -1;
  }

  /** Time of the last header counted. */
  get presyncTime(): number {
    return this.#last.time;
  }

  /** Where the next request has to begin. */
  get locatorStart(): BlockHash {
    return this.#phase === 'redownload' ? this.#redownloadLast.hash : this.#last.hash;
  }

  /** The block the sync began at. */
  get startHash(): BlockHash {
    return this.#start.from.ref.hash;
  }

  /** Takes the next batch; `full` when the peer may have more. Headers have valid proof of work. */
  process(headers: readonly BlockHeader[], full: boolean): PresyncResult {
    const result =
      this.#phase === 'presync' ? this.#count(headers, full) : this.#compare(headers, full);
    if (!(result.success && result.requestMore)) this.#end();
    return result;
  }

  #count(headers: readonly BlockHeader[], full: boolean): PresyncResult {
    const [first] = headers;
    if (!first || first.prevHash !== this.#last.hash) {
      this.#abort('non-continuous headers', this.#height, 'presync');
      return FAILED;
    }
    for (const header of headers) if (!this.#countOne(header)) return FAILED;
    if (this.#work >= this.#start.minimumWork) {
      this.#phase = 'redownload';
      this.#start.log(
        `Initial headers sync transition with peer=${this.#start.peer}: reached sufficient work at height=${this.#height}, redownloading from height=${this.#redownloadHeight}`,
      );
      return { success: true, requestMore: true, ready: [] };
    }
    if (!full) this.#abort('incomplete headers message', this.#height, 'presync');
    return { success: true, requestMore: full, ready: [] };
  }

  #countOne(header: BlockHeader): boolean {
    const height = this.#height + 1;
    if (!isPossibleTransition(this.#start.params, height, this.#last.bits, header.bits)) {
      this.#abort('invalid difficulty transition', height, 'presync');
      return false;
    }
    if (height % this.#period === this.#offset) {
      this.#commitments.push(this.#bitOf(header));
      if (this.#commitments.length > this.#maxCommitments) {
        this.#abort('exceeded max commitments', height, 'presync');
        return false;
      }
    }
    this.#work += workOf(header.bits);
    this.#last = { hash: header.hash, bits: header.bits, time: header.time };
    this.#height = height;
    return true;
  }

  #compare(headers: readonly BlockHeader[], full: boolean): PresyncResult {
    for (const header of headers) if (!this.#compareOne(header)) return FAILED;
    const ready = this.#release();
    if (this.#redownloaded.length === 0 && this.#releaseAll) {
      this.#start.log(
        `Initial headers sync complete with peer=${this.#start.peer}: releasing all at height=${this.#redownloadHeight} (redownload phase)`,
      );
      return { success: true, requestMore: false, ready };
    }
    if (!full) {
      this.#abort('incomplete headers message', this.#redownloadHeight, 'redownload');
    }
    return { success: true, requestMore: full, ready };
  }

  #compareOne(header: BlockHeader): boolean {
    const height = this.#redownloadHeight + 1;
    const before = this.#redownloadLast;
    if (header.prevHash !== before.hash) {
      this.#abort('non-continuous headers', height, 'redownload');
      return false;
    }
    if (!isPossibleTransition(this.#start.params, height, before.bits, header.bits)) {
      this.#abort('invalid difficulty transition', height, 'redownload');
      return false;
    }
    this.#redownloadWork += workOf(header.bits);
    if (this.#redownloadWork >= this.#start.minimumWork) this.#releaseAll = true;
    // Once the work is reached the chain may have grown beyond what was counted: no bits to compare.
    if (!this.#releaseAll && height % this.#period === this.#offset) {
      if (this.#checked >= this.#commitments.length) {
        this.#abort('commitment overrun', height, 'redownload');
        return false;
      }
      if (this.#commitments[this.#checked++] !== this.#bitOf(header)) {
        this.#abort('commitment mismatch', height, 'redownload');
        return false;
      }
    }
    this.#redownloaded.push(header);
    this.#redownloadHeight = height;
    this.#redownloadLast = { hash: header.hash, bits: header.bits };
    return true;
  }

  #release(): readonly BlockHeader[] {
    const keep = this.#releaseAll ? 0 : this.#buffer;
    return this.#redownloaded.splice(0, Math.max(0, this.#redownloaded.length - keep));
  }

  #bitOf(header: BlockHeader): boolean {
    return (this.#hasher.hash(hexToHash(header.hash)) & 1n) === 1n;
  }

  #abort(why: string, height: number, phase: string): void {
    this.#start.log(
      `Initial headers sync aborted with peer=${this.#start.peer}: ${why} at height=${height} (${phase} phase)`,
    );
  }

  #end(): void {
    this.#phase = 'done';
    this.#redownloaded = [];
    this.#commitments.length = 0;
  }
}

const FAILED: PresyncResult = { success: false, requestMore: false, ready: [] };
