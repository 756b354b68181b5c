/**
 * The tree of headers in memory: ancestors in logarithmic time, work, median time, and which blocks
 * could be the tip. A block is a candidate when it and all its ancestors have bodies and none is
 * invalid; among candidates most work wins, and of equals the one that was complete first.
 */
import { type BlockRef, type HeaderContext, medianTimeOf } from '@coind/consensus';
import { type BlockHash, BlockHeader, hashToHex, workOf } from '@coind/primitives';
import type { FilePosition } from './block-files.ts';
import type { HeaderRecord } from './tables.ts';

const MEDIAN_SPAN = 11;
/** Order among blocks of equal work that were there at the start: the old tip's branch comes first. */
const SEQUENCE_OF_LOADED_CHAIN = 0;
const SEQUENCE_OF_LOADED = 1;

/** A header in its place in the tree. Internal to this package, but for its `HeaderContext` face. */
export class BlockNode implements HeaderContext {
  readonly ref: BlockRef;
  readonly parent: BlockNode | undefined;
  readonly chainwork: bigint;
  /** An ancestor some way back, chosen so that any ancestor is reached in logarithmic time. */
  readonly skip: BlockNode;
  readonly #bytes: Uint8Array;
  #header: BlockHeader | undefined;
  #medianTimePast = -1;

  /** It broke a rule itself, or was refused by an operator. */
  invalid = false;
  /** An ancestor did. */
  parentInvalid: boolean;
  /** Once connected, so every rule and script was checked. */
  connected = false;
  txCount = 0;
  /** Transactions up to here; 0 as long as a body is missing on the way. */
  chainTxCount = 0;
  body: FilePosition | undefined;
  undo: FilePosition | undefined;
  /** When it was complete, counted; smaller wins among equals. */
  sequence = SEQUENCE_OF_LOADED;

  constructor(
    hash: BlockHash,
    bytes: Uint8Array,
    parent: BlockNode | undefined,
    work: bigint,
    header?: BlockHeader,
  ) {
    this.ref = { hash, height: parent ? parent.ref.height + 1 : 0 };
    this.parent = parent;
    this.chainwork = (parent?.chainwork ?? 0n) + work;
    this.parentInvalid = parent?.isInvalid ?? false;
    this.#bytes = bytes;
    this.#header = header;
    // Myers' skew-binary jump pointers: a pointer spans as far as its two predecessors together
    // whenever those span equally far.
    const near = parent?.skip;
    const far = near?.skip;
    const equal = parent && near && far && parent.height - near.height === near.height - far.height;
    this.skip = (equal ? far : parent) ?? this;
  }

  get hash(): BlockHash {
    return this.ref.hash;
  }

  get height(): number {
    return this.ref.height;
  }

  get header(): BlockHeader {
    this.#header ??= BlockHeader.decode(this.#bytes);
    return this.#header;
  }

  /** A signed number, without decoding the whole header. */
  get version(): number {
    const b = this.#bytes;
    return (
      (b[0] as number) |
      ((b[1] as number) << 8) |
      ((b[2] as number) << 16) |
      ((b[3] as number) << 24)
    );
  }

  /** Unix seconds, without decoding the whole header. */
  get time(): number {
    const b = this.#bytes;
    return (
      ((b[68] as number) | ((b[69] as number) << 8) | ((b[70] as number) << 16)) +
      (b[71] as number) * 0x1000000
    );
  }

  get medianTimePast(): number {
    if (this.#medianTimePast < 0) {
      const times: number[] = [];
      let node: BlockNode | undefined = this;
      for (; node && times.length < MEDIAN_SPAN; node = node.parent) times.push(node.time);
      this.#medianTimePast = medianTimeOf(times);
    }
    return this.#medianTimePast;
  }

  /** It or an ancestor is invalid. */
  get isInvalid(): boolean {
    return this.invalid || this.parentInvalid;
  }

  /** Its body and those of all ancestors are here. */
  get isComplete(): boolean {
    return this.chainTxCount > 0;
  }

  ancestor(height: number): BlockNode | undefined {
    if (height < 0 || height > this.height) return undefined;
    let node: BlockNode = this;
    while (node.height > height) {
      node = node.skip.height >= height ? node.skip : (node.parent as BlockNode);
    }
    return node;
  }

  /** Its body was here and was deleted to save space; that it is valid is still known. */
  get isPruned(): boolean {
    return this.txCount > 0 && this.body === undefined;
  }

  /** What the store keeps of it. */
  record(): HeaderRecord {
    return {
      header: this.#bytes,
      invalid: this.invalid,
      connected: this.connected,
      txCount: this.txCount,
      body: this.body,
      undo: this.undo,
    };
  }
}

/** True when `a` should be the tip rather than `b`. */
function isBetter(a: BlockNode, b: BlockNode): boolean {
  if (a.chainwork !== b.chainwork) return a.chainwork > b.chainwork;
  return a.sequence < b.sequence;
}

/** All known headers, the active chain among them, and the candidates for its tip. */
export class BlockIndex {
  readonly #nodes = new Map<BlockHash, BlockNode>();
  readonly #active: BlockNode[] = [];
  readonly #candidates = new Set<BlockNode>();
  /** Blocks with a body whose ancestors lack one, by parent: they complete when it does. */
  readonly #waiting = new Map<BlockNode, BlockNode[]>();
  readonly #workByBits = new Map<number, bigint>();
  #nextSequence = SEQUENCE_OF_LOADED + 1;
  #lastPrecious = -1;
  #workOfLastPrecious = 0n;
  /** The header with most work that is not invalid. */
  #bestInvalid: BlockNode | undefined;
  #bestHeader: BlockNode | undefined;
  /** The block of a snapshot: known to have so many transactions up to it before they are here. */
  #assumed: { readonly hash: BlockHash; readonly chainTxCount: number } | undefined;

  /**
   * The invalid block with most work, as far as anybody has tried to make it the tip: descendants that were
   * there when an operator refused a block count from the next start on, as in bitcoind.
   */
  get bestInvalid(): BlockNode | undefined {
    return this.#bestInvalid;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(hash: BlockHash): BlockNode | undefined {
    return this.#nodes.get(hash);
  }

  nodes(): IterableIterator<BlockNode> {
    return this.#nodes.values();
  }

  /** The tip of the active chain. There is one from `load` on. */
  get tip(): BlockNode {
    return this.#active[this.#active.length - 1] as BlockNode;
  }

  get bestHeader(): BlockNode {
    return this.#bestHeader ?? this.tip;
  }

  /** The block of the active chain at `height`. */
  at(height: number): BlockNode | undefined {
    return this.#active[height];
  }

  isActive(node: BlockNode): boolean {
    return this.#active[node.height] === node;
  }

  /** Makes `node`, a child of the tip or its parent, the tip. */
  setTip(node: BlockNode): void {
    this.#active.length = node.height;
    this.#active.push(node);
  }

  /** Makes the path from genesis to `node`, as it was loaded, the active chain. */
  setActive(node: BlockNode): void {
    for (let at: BlockNode | undefined = node; at; at = at.parent) {
      this.#active[at.height] = at;
      at.sequence = SEQUENCE_OF_LOADED_CHAIN;
    }
    for (const other of this.#nodes.values()) if (other.isInvalid) this.#noteInvalid(other);
    this.refillCandidates();
  }

  /** Enters a header whose parent is known (or that is genesis). */
  add(header: BlockHeader, parent: BlockNode | undefined): BlockNode {
    const work = this.#work(header.bits);
    const node = new BlockNode(header.hash, header.encode(), parent, work, header);
    this.#insert(node);
    return node;
  }

  /** Enters a stored row. Rows arrive parents first; undefined when the parent is missing. */
  addRecord(hash: BlockHash, record: HeaderRecord): BlockNode | undefined {
    const bytes = record.header;
    const parent = this.#nodes.get(hashToHex<BlockHash>(bytes.subarray(4, 36)));
    if (!parent && this.#nodes.size > 0) return undefined;
    const bits =
      (bytes[72] as number) |
      ((bytes[73] as number) << 8) |
      ((bytes[74] as number) << 16) |
      ((bytes[75] as number) << 24);
    const node = new BlockNode(hash, bytes, parent, this.#work(bits >>> 0));
    node.invalid = record.invalid;
    node.connected = record.connected;
    node.txCount = record.txCount;
    node.body = record.body;
    node.undo = record.undo;
    this.#insert(node);
    // A pruned block counts as complete: its descendants need not wait for a body that was deleted.
    if (node.txCount > 0 || hash === this.#assumed?.hash) {
      this.#complete(node, () => SEQUENCE_OF_LOADED);
    }
    return node;
  }

  /**
   * Takes a block for complete although bodies are missing up to it, because a snapshot vouches for it.
   * It is named by its hash before the stored rows are entered.
   */
  assume(block: BlockNode | BlockHash, chainTxCount: number): void {
    const hash = typeof block === 'string' ? block : block.hash;
    this.#assumed = { hash, chainTxCount };
    if (typeof block !== 'string') this.#complete(block, () => this.#nextSequence++);
  }

  /** Its body has arrived: it, and descendants that waited for it, may now be complete. */
  receiveBody(node: BlockNode, txCount: number, body: FilePosition): void {
    const back = node.isPruned;
    node.txCount = txCount;
    node.body = body;
    // A body that comes back may be what a better branch was passed over for.
    if (back) this.refillCandidates();
    else this.#complete(node, () => this.#nextSequence++);
  }

  /** Passes a candidate over, because a body on the way to it was pruned, until that comes back. */
  passOver(node: BlockNode): void {
    this.#candidates.delete(node);
  }

  /** The best block that could be the tip; the tip itself when none is better. */
  bestCandidate(): BlockNode | undefined {
    let best: BlockNode | undefined;
    for (const node of this.#candidates) {
      if (node.isInvalid || !node.isComplete) this.#candidates.delete(node);
      else if (!best || isBetter(node, best)) best = node;
    }
    return best;
  }

  /** Forgets candidates that the tip has beaten; they come back when the tip's branch is refused. */
  prune(): void {
    const { tip } = this;
    for (const node of this.#candidates) if (isBetter(tip, node)) this.#candidates.delete(node);
    this.#candidates.add(tip);
  }

  /** Looks at every block again: after something valid became invalid, or the reverse. */
  refillCandidates(): void {
    this.#candidates.clear();
    this.#bestHeader = undefined;
    for (const node of this.#nodes.values()) {
      if (node.isInvalid) continue;
      if (!this.#bestHeader || isBetter(node, this.#bestHeader)) this.#bestHeader = node;
      if (node.isComplete) this.#addCandidate(node);
    }
  }

  /**
   * Marks `node` invalid and says so to its descendants. `reached` is the one of them that was to become
   * the tip when it turned out.
   */
  invalidate(node: BlockNode, reached = node): void {
    node.invalid = true;
    this.#spreadInvalidity();
    this.#noteInvalid(reached);
    if (this.#bestHeader?.isInvalid) this.refillCandidates();
  }

  /** Clears the marks of `node`, its ancestors and its descendants; returns those that changed. */
  reconsider(node: BlockNode): BlockNode[] {
    const changed: BlockNode[] = [];
    for (const other of this.#nodes.values()) {
      const related =
        other.height >= node.height
          ? other.ancestor(node.height) === node
          : node.ancestor(other.height) === other;
      if (related && other.invalid) {
        other.invalid = false;
        changed.push(other);
      }
    }
    this.#spreadInvalidity();
    this.refillCandidates();
    return changed;
  }

  /** Puts `node` before all others of its work, as if it had come first. */
  makePrecious(node: BlockNode): void {
    if (node.chainwork < this.tip.chainwork) return;
    // Work has grown since: the order among the older ones no longer matters.
    if (this.tip.chainwork > this.#workOfLastPrecious) this.#lastPrecious = -1;
    this.#workOfLastPrecious = this.tip.chainwork;
    node.sequence = this.#lastPrecious--;
    if (node.isComplete && !node.isInvalid) this.#candidates.add(node);
  }

  /** Where the branch of `node` leaves the active chain. */
  forkOf(node: BlockNode): BlockNode {
    let at = node;
    const below = at.ancestor(this.tip.height);
    if (below) at = below;
    while (!this.isActive(at)) at = at.parent as BlockNode;
    return at;
  }

  /** The active tip and the last block of every other branch, highest first. */
  tips(): BlockNode[] {
    const inner = new Set<BlockNode>();
    for (const node of this.#nodes.values()) {
      if (node.parent && !this.isActive(node)) inner.add(node.parent);
    }
    const tips = [this.tip];
    for (const node of this.#nodes.values()) {
      if (!this.isActive(node) && !inner.has(node)) tips.push(node);
    }
    return tips.sort((a, b) => b.height - a.height);
  }

  /**
   * While the tip is valid, blocks it has beaten are no candidates. While a chain is being loaded
   * there is no tip yet; `setActive` looks at all blocks when there is.
   */
  #addCandidate(node: BlockNode): void {
    const tip = this.#active.at(-1);
    if (tip && (tip.isInvalid || !isBetter(tip, node))) this.#candidates.add(node);
  }

  /** Work of a target; most neighbours share one, and a division of 256 bits is not free. */
  #work(bits: number): bigint {
    let work = this.#workByBits.get(bits);
    if (work === undefined) {
      work = workOf(bits);
      this.#workByBits.set(bits, work);
    }
    return work;
  }

  #insert(node: BlockNode): void {
    this.#nodes.set(node.hash, node);
    if (node.isInvalid) return;
    if (!this.#bestHeader || node.chainwork > this.#bestHeader.chainwork) this.#bestHeader = node;
  }

  /** Gives chain counts to `node` and everything that waited for it, and enters candidates. */
  #complete(first: BlockNode, sequence: () => number): void {
    const assumed = first.hash === this.#assumed?.hash && this.#assumed.chainTxCount;
    const waits = first.parent !== undefined && !first.parent.isComplete;
    if (waits && first.txCount > 0) {
      const siblings = this.#waiting.get(first.parent);
      if (siblings) siblings.push(first);
      else this.#waiting.set(first.parent, [first]);
    }
    if (waits && !assumed) return;
    const queue = [first];
    for (const node of queue) {
      // The block of a snapshot was complete before its past came in; its place among equals stays.
      if (!node.isComplete) node.sequence = sequence();
      node.chainTxCount =
        waits && node === first && assumed
          ? assumed
          : (node.parent?.chainTxCount ?? 0) + node.txCount;
      if (!node.isInvalid) this.#addCandidate(node);
      const children = this.#waiting.get(node);
      if (children) queue.push(...children);
      this.#waiting.delete(node);
    }
  }

  /** Parents were entered before their children, so one pass in that order reaches everybody. */
  #spreadInvalidity(): void {
    for (const node of this.#nodes.values()) node.parentInvalid = node.parent?.isInvalid ?? false;
    if (!this.#bestInvalid?.isInvalid) this.#bestInvalid = undefined;
  }

  #noteInvalid(node: BlockNode): void {
    if (node.chainwork > (this.#bestInvalid?.chainwork ?? 0n)) this.#bestInvalid = node;
  }
}
