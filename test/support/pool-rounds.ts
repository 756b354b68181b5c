/**
 * Random operations on a chain and its mempool in memory: chains of payments, replacements, packages, fees set
 * by hand, blocks, rival blocks, reorganisations, evictions for lack of room and age. After every one the
 * pool has to agree with the slow `PoolModel`, and the template on it has to be valid by consensus.
 */
import assert from 'node:assert/strict';
import { type Chain, openChain } from '@coind/chain';
import {
  checkBlock,
  connectBlock,
  contextualCheckBlock,
  outpointsToLoad,
  rulesFor,
  runScriptCheck,
} from '@coind/consensus';
import { createMempool, type Mempool, mempoolDefaults, type RemovalReason } from '@coind/mempool';
import { blockOf, createTemplate, emptyTemplate, templateDefaults } from '@coind/miner';
import {
  Block,
  BlockHeader,
  type ChainParams,
  chainParams,
  feeFor,
  feeRate,
  type OutPoint,
  outpointKey,
  sha256,
  Tx,
  type Txid,
} from '@coind/primitives';
import { p2wsh } from '@coind/script';
import { memoryStore } from '@coind/store';
import { checkPool, type PoolBounds, PoolModel } from './pool-model.ts';
import { randomOf } from './random.ts';

const params = chainParams('regtest') as ChainParams;
/** Anybody can spend it, and it is standard. */
const TRUE = new Uint8Array([0x51]);
const OPEN = p2wsh(sha256(TRUE));
const START = 1_700_000_000;
const LEAST_OUTPUT = 1_000n;

const bounds = {
  maxBytes: 60_000,
  clusterCount: 12,
  clusterVbytes: 3_000,
  incrementalFee: mempoolDefaults.incrementalFee,
  expirySeconds: 20_000,
} as const satisfies PoolBounds & { readonly expirySeconds: number };

/** What a run did: how often each operation had an effect, and why transactions left the pool. */
export interface PoolReport {
  readonly done: Readonly<Record<string, number>>;
  readonly left: Readonly<Partial<Record<RemovalReason, number>>>;
  /** Most transactions at one time. */
  readonly most: number;
  readonly height: number;
}

/** Does `steps` operations and checks everything after each. Throws at the first disagreement. */
export async function poolRounds(steps: number, seed: number): Promise<PoolReport> {
  const rounds = await Rounds.open(seed);
  for (let step = 0; step < steps; step++) {
    try {
      await rounds.step();
      await rounds.check();
    } catch (error) {
      throw new Error(`seed ${seed}, step ${step} (${rounds.doing})`, { cause: error });
    }
  }
  const { done, left, most, model } = rounds;
  return { done, left, most, height: model.height };
}

class Rounds {
  readonly model = new PoolModel();
  readonly done: Record<string, number> = {};
  readonly left: Partial<Record<RemovalReason, number>> = {};
  most = 0;
  /** The operation at hand. */
  doing = '';
  readonly #chain: Chain;
  readonly #mempool: Mempool;
  readonly #clock: { now(): number };
  readonly #random: (below: number) => number;
  #now = START;
  /** The transaction that is being submitted. */
  #new: Txid | undefined;

  private constructor(chain: Chain, clock: { now(): number }, seed: number) {
    this.#chain = chain;
    this.#clock = clock;
    this.#random = randomOf(seed);
    this.#mempool = createMempool({ ...mempoolDefaults, ...bounds }, { chain, clock });
    this.#mempool.follow({
      txAdded: (tx) => this.model.txs.set(tx.txid, tx),
      txRemoved: ({ txid }, reason) => {
        // What is thrown out on its way in, for lack of room, is told to leave without having come.
        const there = this.model.txs.delete(txid) || txid === this.#new;
        assert(there, 'something left that was not there');
        this.left[reason] = (this.left[reason] ?? 0) + 1;
      },
    });
  }

  static async open(seed: number): Promise<Rounds> {
    let rounds: Rounds | undefined;
    const clock = { now: () => (rounds ? rounds.#now : START) };
    const chain = await openChain({ params }, { store: memoryStore(), clock });
    rounds = new Rounds(chain, clock, seed);
    for (let count = 0; count < 120; count++) await rounds.#mine([]);
    return rounds;
  }

  /** One operation. */
  async step(): Promise<void> {
    this.#now += this.#random(20);
    const dice = this.#random(1_000);
    const name = operations.find(({ below }) => dice < below)?.name ?? 'pay';
    this.doing = name;
    if (await this.#operate(name)) this.done[name] = (this.done[name] ?? 0) + 1;
  }

  #operate(name: (typeof operations)[number]['name']): Promise<boolean> {
    switch (name) {
      case 'pay':
        return this.#submit(this.#payment(this.#pickCoins(1 + this.#random(3))));
      case 'replace':
        return this.#submit(this.#payment(this.#rivalCoins()));
      case 'package':
        return this.#package();
      case 'prioritise':
        return Promise.resolve(this.#prioritise());
      case 'block':
        return this.#mineTemplate();
      case 'rival':
        return this.#mineRival();
      case 'reorganise':
        return this.#reorganise();
      case 'wait':
        this.#now += this.#random(2 * bounds.expirySeconds);
        return Promise.resolve(true);
    }
  }

  /** Throws unless the pool agrees with the model and a block could be made of it. */
  async check(): Promise<void> {
    checkPool(this.#mempool, this.model, bounds);
    this.most = Math.max(this.most, this.#mempool.size);
    await this.#checkTemplate();
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#random(items.length)];
  }

  /** Unspent outputs, of the pool rather than of the chain. */
  #pickCoins(count: number): OutPoint[] {
    const picked = new Map<string, OutPoint>();
    for (let tries = 0; tries < 3 * count && picked.size < count; tries++) {
      const made = this.#random(3) > 0 ? this.#pick([...this.model.txs.values()]) : undefined;
      const outpoint = made
        ? { txid: made.txid, vout: this.#random(made.outputs.length) }
        : this.#pick([...this.model.coins.values()])?.outpoint;
      if (!outpoint || this.#mempool.spender(outpoint)) continue;
      picked.set(outpointKey(outpoint), outpoint);
    }
    return [...picked.values()];
  }

  /** At least one coin that the pool spends already. */
  #rivalCoins(): OutPoint[] {
    const victim = this.#pick([...this.model.txs.values()]);
    const contested = victim && this.#pick(victim.inputs)?.prevout;
    const more = this.#pickCoins(this.#random(2));
    return contested ? [contested, ...more] : more;
  }

  /** Spends `coins` at a random rate; undefined when there is too little in them. */
  #payment(coins: readonly OutPoint[], rate = this.#rate()): Tx | undefined {
    if (coins.length === 0) return undefined;
    let total = 0n;
    for (const coin of coins) total += this.model.value(coin) ?? 0n;
    const count = 1 + this.#random(4);
    const make = (fee: bigint): Tx =>
      new Tx({
        version: 2,
        inputs: coins.map((prevout) => ({
          prevout,
          scriptSig: new Uint8Array(0),
          sequence: 0xfffffffd,
          witness: [TRUE],
        })),
        outputs: Array.from({ length: count }, () => ({
          value: (total - fee) / BigInt(count),
          scriptPubKey: OPEN,
        })),
        locktime: 0,
      });
    const fee = feeFor(feeRate(BigInt(rate)), make(0n).vsize);
    return (total - fee) / BigInt(count) < LEAST_OUTPUT ? undefined : make(fee);
  }

  /** Satoshis per 1,000 vbytes; low ones as often as high ones. */
  #rate(): number {
    return Math.floor(50 * 1.15 ** this.#random(60));
  }

  async #submit(tx: Tx | undefined): Promise<boolean> {
    if (!tx) return false;
    const expected = this.model.allows(tx, this.#mempool.minFee(), bounds);
    const lost = this.model.withDescendants(this.model.conflicts(tx));
    const { accepted: tested } = await this.#mempool.test(tx);
    this.#new = tx.txid;
    const outcome = await this.#mempool.submit(tx);
    const answer = outcome.accepted ? 'accepted' : outcome.error.message;
    const full = answer === 'mempool full';
    assert.equal(tested, outcome.accepted || full, `tested and ${answer}`);
    if (expected === 'no') assert(!outcome.accepted, 'what must not enter entered');
    if (expected === 'yes') assert(outcome.accepted || full, answer);
    if (outcome.accepted) assert.deepEqual(new Set(outcome.replaced), lost, 'what was replaced');
    return outcome.accepted;
  }

  /** A parent that pays nothing, and a child that pays for both. */
  async #package(): Promise<boolean> {
    const parent = this.#payment(this.#pickCoins(1), 0);
    if (!parent) return false;
    const value = parent.outputs[0]?.value as bigint;
    const fee = feeFor(feeRate(BigInt(this.#rate())), 250);
    if (value - fee < LEAST_OUTPUT) return false;
    const child = new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: parent.txid, vout: 0 },
          scriptSig: new Uint8Array(0),
          sequence: 0xfffffffd,
          witness: [TRUE],
        },
      ],
      outputs: [{ value: value - fee, scriptPubKey: OPEN }],
      locktime: 0,
    });
    const { error } = await this.#mempool.submitPackage([parent, child]);
    return error === undefined;
  }

  #prioritise(): boolean {
    const tx = this.#pick([...this.model.txs.values()]);
    if (!tx) return false;
    const delta = BigInt(this.#random(20_000) - 5_000);
    const total = (this.model.deltas.get(tx.txid) ?? 0n) + delta;
    if (total === 0n) this.model.deltas.delete(tx.txid);
    else this.model.deltas.set(tx.txid, total);
    this.#mempool.prioritise(tx.txid, delta);
    return true;
  }

  async #mineTemplate(): Promise<boolean> {
    const maxWeight = this.#random(2) === 0 ? 30_000 : 4_000_000;
    const template = createTemplate({ ...templateDefaults, maxWeight }, this.#modules());
    await this.#connect(blockOf(template, OPEN, params));
    return true;
  }

  /** A block with a transaction that the pool doesn't have and whose coins it spends. */
  async #mineRival(): Promise<boolean> {
    const victim = this.#pick(
      [...this.model.txs.values()].filter((tx) => this.model.parents(tx).length === 0),
    );
    const rival = victim && this.#payment([(victim.inputs[0] as Tx['inputs'][0]).prevout]);
    if (!rival || this.model.txs.has(rival.txid)) return false;
    await this.#mine([rival]);
    return true;
  }

  async #reorganise(): Promise<boolean> {
    const depth = 1 + this.#random(3);
    const first = this.#chain.at(this.model.height - depth + 1);
    if (!first || this.model.height - depth < 115) return false;
    for (let count = 0; count < depth; count++) this.model.blockDisconnected();
    await this.#chain.invalidateBlock(first.ref.hash);
    this.#forgetLostDeltas();
    await this.check();
    const rivals = this.#random(2) === 0 ? await this.#mineRival() : false;
    if (!rivals) await this.#mine([]);
    return true;
  }

  async #mine(txs: readonly Tx[]): Promise<void> {
    const parent = this.#chain.headerContext(this.#chain.tip.ref.hash);
    const template = emptyTemplate(parent, this.#now, templateDefaults, params);
    await this.#connect(blockOf(template, OPEN, params, { txs }));
  }

  async #connect(unsolved: Block): Promise<void> {
    const block = solved(unsolved);
    const outcome = await this.#chain.submitBlock(block);
    assert.equal(outcome.status, 'connected', 'error' in outcome ? outcome.error.message : '');
    this.model.blockConnected(block);
    this.#forgetLostDeltas();
  }

  /** What can never be mined any more loses the fee that was set by hand: as the pool says. */
  #forgetLostDeltas(): void {
    const kept = this.#mempool.priorities();
    for (const txid of this.model.deltas.keys()) {
      if (kept.has(txid)) continue;
      assert(!this.model.txs.has(txid), 'a fee set by hand was lost');
      this.model.deltas.delete(txid);
    }
  }

  #modules() {
    return { chain: this.#chain, mempool: this.#mempool, clock: this.#clock };
  }

  async #checkTemplate(): Promise<void> {
    // Fees set by hand may be below zero, and nothing shall be left out for that.
    const minFee = feeRate(-1_000_000_000n);
    const template = createTemplate({ ...templateDefaults, minFee }, this.#modules());
    const { txs } = blockOf(template, OPEN, params);
    const members = new Set<Txid>(txs.slice(1).map(({ txid }) => txid));
    assert.equal(members.size, this.#mempool.size, 'there is room for all');
    let fees = 0n;
    for (const tx of txs.slice(1)) fees += this.model.fee(tx) as bigint;
    assert.equal(template.fees, fees, 'fees of the template');
    await this.#checkBlock(blockOf(template, OPEN, params));
  }

  /** As the chain would judge it, but for its proof of work. */
  async #checkBlock(block: Block): Promise<void> {
    const { ref } = this.#chain.tip;
    const parent = this.#chain.headerContext(ref.hash);
    checkBlock(block, params, { pow: false });
    contextualCheckBlock(block, parent, params);
    const rules = { ...rulesFor(block.header, parent, params), checkScripts: true };
    const outpoints = outpointsToLoad(block, rules);
    const coins = await this.#chain.coins(outpoints);
    const known = new Map(outpoints.map((outpoint, i) => [outpointKey(outpoint), coins[i]]));
    const view = { get: (outpoint: OutPoint) => known.get(outpointKey(outpoint)) };
    const placed = { hash: block.hash, height: ref.height + 1 };
    const { scripts } = connectBlock(block, placed, parent, view, rules);
    for (const script of scripts) runScriptCheck(script);
  }
}

/** What is done how often: thousandths, summed up. */
const operations = [
  { name: 'pay', below: 680 },
  { name: 'replace', below: 880 },
  { name: 'package', below: 940 },
  { name: 'prioritise', below: 972 },
  { name: 'block', below: 984 },
  { name: 'rival', below: 990 },
  { name: 'reorganise', below: 998 },
  { name: 'wait', below: 1_000 },
] as const;

/** Every second nonce does on this network. */
function solved(block: Block): Block {
  const { version, prevHash, merkleRoot, time, bits } = block.header;
  for (let nonce = 0; ; nonce++) {
    const fields = { version, prevHash, merkleRoot, time, bits, nonce };
    const tried = new Block(new BlockHeader(fields), block.txs);
    if (tried.hash < '8') return tried;
  }
}
