/**
 * For tests only: a whole chain in memory, in the fewest lines that obey every rule. Each block keeps
 * its own view of the coins over its parent's, so branches need no undo. Mines regtest blocks exactly
 * as bitcoind's `generatetoaddress` does, which lets recorded hashes prove the formats.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  Block,
  BlockHeader,
  type ChainParams,
  chainParams,
  merkleRoot,
  NO_VOUT,
  Tx,
  workOf,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript, OP } from '@coind/script';
import { checkBlock, contextualCheckBlock } from '../check-block.ts';
import { checkHeader } from '../check-header.ts';
import { CoinsOverlay } from '../coins.ts';
import { type BlockEffects, connectBlock } from '../connect-block.ts';
import { type HeaderContext, medianTimeOf } from '../header-context.ts';
import { checkProofOfWork, hasProofOfWork, nextBits } from '../pow.ts';
import { ValidationError } from '../rejects.ts';
import { rulesFor } from '../rules.ts';
import { runScriptCheck } from '../script-check.ts';
import { subsidy } from '../subsidy.ts';
import { blockVersion } from '../version-bits.ts';
import { WITNESS_RESERVED_VALUE, witnessCommitmentOutput } from '../witness-commitment.ts';

/** Recorded runs and vectors beside the repository; undefined where they are not there. */
export function readShared(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../../../shared/${path}`, import.meta.url));
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** A header in its place, with the coins after its block once that has come. */
export class MiniBlock implements HeaderContext {
  readonly header: BlockHeader;
  readonly parent: MiniBlock | undefined;
  readonly height: number;
  readonly chainwork: bigint;
  /** The block, from when it came: perhaps before its parent's. */
  body: Block | undefined;
  coins: CoinsOverlay | undefined;
  effects: BlockEffects | undefined;
  failed = false;

  constructor(header: BlockHeader, parent?: MiniBlock) {
    this.header = header;
    this.parent = parent;
    this.height = parent ? parent.height + 1 : 0;
    this.chainwork = (parent?.chainwork ?? 0n) + workOf(header.bits);
  }

  get ref() {
    return { hash: this.header.hash, height: this.height };
  }

  get version(): number {
    return this.header.version;
  }

  get medianTimePast(): number {
    const times: number[] = [];
    for (let at: MiniBlock | undefined = this; at && times.length < 11; at = at.parent) {
      times.push(at.header.time);
    }
    return medianTimeOf(times);
  }

  ancestor(height: number): MiniBlock | undefined {
    if (height > this.height) return undefined;
    let at: MiniBlock | undefined = this;
    while (at && at.height > height) at = at.parent;
    return at;
  }
}

/** What to put into a block other than what bitcoind would. */
export interface BlockOptions {
  readonly parent?: MiniBlock;
  readonly txs?: readonly Tx[];
  readonly scriptPubKey?: Uint8Array;
  readonly reward?: bigint;
  readonly time?: number;
  readonly version?: number;
  readonly bits?: number;
  /** Last change before the proof of work. */
  readonly change?: (block: Block) => Block;
  /** True when `change` brings the nonce along. */
  readonly solved?: boolean;
}

/** A chain and its door. */
export class MiniChain {
  readonly params: ChainParams;
  readonly #blocks = new Map<string, MiniBlock>();
  tip: MiniBlock;
  /** The clock, unix seconds. */
  now = 1_700_000_000;

  constructor(params: ChainParams = chainParams('regtest') as ChainParams) {
    this.params = params;
    this.tip = new MiniBlock(params.genesis.header);
    this.tip.coins = new CoinsOverlay();
    this.#blocks.set(params.genesis.hash, this.tip);
  }

  /** A block on `parent` (the tip) as bitcoind makes it, proof of work done. */
  template(options: BlockOptions = {}): Block {
    const { parent = this.tip, txs = [], scriptPubKey = buildScript([OP.OP_1]) } = options;
    const height = parent.height + 1;
    const value = options.reward ?? subsidy(height, this.params);
    const segwit = height >= this.params.buried.segwit;
    const bare = new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: NO_VOUT },
          // OP_0 fills up to the two bytes that a coinbase script needs.
          scriptSig: buildScript([BigInt(height), ...(height <= 16 ? [OP.OP_0] : [])]),
          sequence: 0xfffffffe,
          witness: segwit ? [WITNESS_RESERVED_VALUE] : [],
        },
      ],
      outputs: [{ value, scriptPubKey }],
      locktime: height - 1,
    });
    const commitment = segwit ? [witnessCommitmentOutput([bare, ...txs])] : [];
    const coinbase = new Tx({ ...bare, outputs: [...bare.outputs, ...commitment] });
    const all = [coinbase, ...txs];
    const time = options.time ?? Math.max(parent.medianTimePast + 1, this.now);
    const block = new Block(
      new BlockHeader({
        version: options.version ?? blockVersion(parent, this.params),
        prevHash: parent.header.hash,
        merkleRoot: merkleRoot(all.map(({ txid }) => txid)).root,
        time,
        bits: options.bits ?? nextBits(parent, time, this.params),
        nonce: 0,
      }),
      all,
    );
    const changed = options.change?.(block) ?? block;
    return options.solved ? changed : solve(changed, this.params);
  }

  /** Mines `count` blocks on the tip. */
  mine(count: number, options: BlockOptions = {}): MiniBlock {
    for (let i = 0; i < count; i++) {
      const reason = this.submit(this.template(options));
      if (reason !== null) throw new Error(reason);
    }
    return this.tip;
  }

  /** Takes a header in; throws `ValidationError`. */
  accept(header: BlockHeader): MiniBlock {
    const known = this.#blocks.get(header.hash);
    if (known?.failed) throw new ValidationError('duplicate-invalid');
    if (known) return known;
    checkProofOfWork(header, this.params);
    const parent = this.#blocks.get(header.prevHash);
    if (!parent) throw new ValidationError('prev-blk-not-found');
    if (parent.failed) throw new ValidationError('bad-prevblk');
    checkHeader(header, parent, this.params, this.now);
    const block = new MiniBlock(header, parent);
    this.#blocks.set(header.hash, block);
    return block;
  }

  /** Takes a block in. Returns what `submitblock` answers: null, or a reason. */
  submit(block: Block): string | null {
    try {
      return this.#connect(block);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      const known = this.#blocks.get(block.hash);
      if (known && error.kind !== 'mutated') known.failed = true;
      return error.reason;
    }
  }

  /** As `submit`, but a refusal is thrown. */
  #connect(block: Block): string | null {
    const known = this.#blocks.get(block.hash);
    if (known?.body && !known.failed) return 'duplicate';
    const place = this.accept(block.header);
    const { parent } = place;
    if (!parent) return 'duplicate';
    checkBlock(block, this.params);
    contextualCheckBlock(block, parent, this.params);
    place.body = block;
    if (!parent.coins) return 'inconclusive';
    this.#join(place, parent, parent.coins, block);
    return this.tip.ancestor(place.height) === place ? null : 'inconclusive';
  }

  /** Connects a block, and those that waited for it. */
  #join(place: MiniBlock, parent: MiniBlock, before: CoinsOverlay, block: Block): void {
    const rules = rulesFor(block.header, parent, this.params);
    const effects = connectBlock(block, place.ref, parent, before, rules);
    for (const script of effects.scripts) runScriptCheck(script);
    const coins = new CoinsOverlay(before);
    for (const outpoint of effects.spentOutpoints) coins.spend(outpoint);
    for (const [outpoint, coin] of effects.created) coins.add(outpoint, coin);
    place.coins = coins;
    place.effects = effects;
    if (place.chainwork > this.tip.chainwork) this.tip = place;
    for (const child of this.#blocks.values()) {
      if (child.parent === place && child.body) this.#join(child, place, coins, child.body);
    }
  }

  /** As `submit`, but returns the refusal itself; undefined when there is none. */
  refusal(block: Block): ValidationError | undefined {
    try {
      this.#connect(block);
      return undefined;
    } catch (error) {
      if (error instanceof ValidationError) return error;
      throw error;
    }
  }
}

/** The same block with the first nonce that meets its target; unchanged when no nonce may. */
export function solve(block: Block, params: ChainParams): Block {
  for (let nonce = 0; nonce < 1 << 20; nonce++) {
    const header = new BlockHeader({ ...fieldsOf(block.header), nonce });
    if (hasProofOfWork(header.hash, header.bits, params.powLimit)) {
      return new Block(header, block.txs);
    }
  }
  return block;
}

/** The fields of a header, to make another of. */
export function fieldsOf(header: BlockHeader) {
  const { version, prevHash, merkleRoot, time, bits, nonce } = header;
  return { version, prevHash, merkleRoot, time, bits, nonce };
}

/** `block` with other transactions and the merkle root they have. */
export function withTxs(block: Block, txs: readonly Tx[]): Block {
  const { root } = merkleRoot(txs.map(({ txid }) => txid));
  return new Block(new BlockHeader({ ...fieldsOf(block.header), merkleRoot: root }), txs);
}
