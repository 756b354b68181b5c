/**
 * What a block is held against first: fingerprints of the wallet's scripts, and of the transactions that it
 * has or that those spend from. Of a foreign block next to nothing passes, and only what passes is looked
 * up on disk: a foreign output costs a tenth of what it did. A fingerprint once entered stays; one too many
 * costs a look that finds nothing.
 */
import type { Txid } from '@coind/primitives';
import type { ScriptHex, WalletTables } from './tables.ts';

/** Scripts and transactions together, above which a wallet does without: 30 bytes of memory for each. */
const MOST = 300_000;
/** So many looks at the disk are worth reading everything once; a short life with small blocks never pays it. */
const WORTHWHILE = 2000;
/** Most scripts end in a few opcodes; what is before them is part of a hash or a key. */
const TAIL = 6;

/** 30 bits of a script, which a small integer of V8 holds; undefined for one that is too short. */
function fingerprintOf(script: Uint8Array): number | undefined {
  const at = script.length - TAIL;
  if (at < 0) return undefined;
  const high = ((script[at] as number) << 24) | ((script[at + 1] as number) << 16);
  return (high | ((script[at + 2] as number) << 8) | (script[at + 3] as number)) & 0x3fffffff;
}

/** The same of its hex. */
function fingerprintOfHex(script: ScriptHex): number | undefined {
  const at = script.length - 2 * TAIL;
  return at < 0 ? undefined : Number.parseInt(script.slice(at, at + 8), 16) & 0x3fffffff;
}

/** 28 bits of a txid. */
function fingerprintOfId(txid: Txid): number {
  return Number.parseInt(txid.slice(0, 7), 16);
}

/** Fingerprints of one wallet. Until they are all read, everything may be the wallet's. */
export class OwnFilter {
  readonly #most: number;
  readonly #scripts = new Set<number>();
  readonly #txids = new Set<number>();
  /** Heights at which the wallet has transactions. */
  readonly #heights = new Set<number>();
  #passed = 0;
  /** `without`: there is too much to remember. */
  #state: 'unread' | 'reading' | 'read' | 'without' = 'unread';

  /** Remembers up to `most` scripts and transactions together. */
  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** False when `script` is certainly not the wallet's. */
  mayOwn(script: Uint8Array): boolean {
    if (this.#state !== 'read') return this.#pass();
    const fingerprint = fingerprintOf(script);
    return fingerprint === undefined || this.#scripts.has(fingerprint);
  }

  /** The same of its hex. */
  mayOwnHex(script: ScriptHex): boolean {
    if (this.#state !== 'read') return this.#pass();
    const fingerprint = fingerprintOfHex(script);
    return fingerprint === undefined || this.#scripts.has(fingerprint);
  }

  /** False when the wallet certainly has no transaction of this id, and none that spends from one. */
  mayKnow(txid: Txid): boolean {
    return this.#state === 'read' ? this.#txids.has(fingerprintOfId(txid)) : this.#pass();
  }

  /** False when the wallet certainly has nothing in the block at `height`. */
  mayHaveAt(height: number): boolean {
    return this.#state === 'read' ? this.#heights.has(height) : this.#pass();
  }

  #pass(): boolean {
    this.#passed++;
    return true;
  }

  addScript(script: ScriptHex): void {
    const fingerprint = fingerprintOfHex(script);
    if (fingerprint !== undefined) this.#add(this.#scripts, fingerprint);
  }

  addTxid(txid: Txid): void {
    this.#add(this.#txids, fingerprintOfId(txid));
  }

  addHeight(height: number): void {
    this.#add(this.#heights, height);
  }

  #add(set: Set<number>, fingerprint: number): void {
    if (this.#state === 'without') return;
    set.add(fingerprint);
    if (this.#scripts.size + this.#txids.size <= this.#most) return;
    this.#state = 'without';
    for (const one of [this.#scripts, this.#txids, this.#heights]) one.clear();
  }

  /** Reads what is on disk, once that is worth it; gives up on a wallet that is too large. */
  async readWhenWorthwhile(tables: WalletTables): Promise<void> {
    if (this.#state !== 'unread' || this.#passed < WORTHWHILE) return;
    this.#state = 'reading';
    const isRead =
      (await this.#readAll(tables.scripts.chunks(), (script) => this.addScript(script))) &&
      (await this.#readAll(tables.known.chunks(), (script) => this.addScript(script))) &&
      (await this.#readAll(tables.heights.chunks(), ([height, txid]) => {
        this.addHeight(height);
        this.addTxid(txid);
      })) &&
      (await this.#readAll(tables.unconfirmed.chunks(), (txid) => this.addTxid(txid))) &&
      (await this.#readAll(tables.spends.chunks(), ({ txid }) => this.addTxid(txid)));
    if (isRead && this.#state === 'reading') this.#state = 'read';
  }

  async #readAll<K>(
    rows: AsyncIterable<readonly (readonly [K, unknown])[]>,
    add: (key: K) => void,
  ): Promise<boolean> {
    for await (const chunk of rows) {
      for (const [key] of chunk) add(key);
      // Something may have been too much while this waited for the disk.
      if (this.#state !== 'reading') return false;
    }
    return true;
  }
}
