/**
 * Laws of the chain, for chains that chance makes: what is connected and taken back was never there, the
 * order in which blocks come does not decide the tip beyond what "first seen" says, and a reorganisation
 * of any depth ends where a chain without it would.
 */
import {
  type Block,
  type BlockHash,
  concatBytes,
  type OutPoint,
  SEQUENCE_FINAL,
  Tx,
} from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import {
  ANYONE,
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  type Parent,
  params,
} from './mining.test.support.ts';
import { coinRecord } from './tables.ts';

const MATURE_COINS = 12;
const base = mineChain(genesis, 100 + MATURE_COINS);
const baseTip = asParent(base.at(-1) as Block, base.length);

/** An output that anybody may spend. */
interface Spendable {
  readonly outpoint: OutPoint;
  readonly value: bigint;
}

/** What every branch on `base` may spend in its first block. */
const startingCoins: readonly Spendable[] = base.slice(0, MATURE_COINS).map((block) => {
  const coinbase = block.txs[0] as Tx;
  return { outpoint: { txid: coinbase.txid, vout: 0 }, value: coinbase.outputs[0]?.value ?? 0n };
});

const UNSPENDABLE = [Uint8Array.of(0x6a), new Uint8Array(10_001)];

/** How a transaction looks: which coins it spends and what it makes of them, as numbers to choose by. */
const txShape = fc.record({
  inputs: fc.array(fc.nat(1000), { minLength: 1, maxLength: 3 }),
  outputs: fc.array(fc.constantFrom('spendable', 'worthless', 'data', 'oversized'), {
    minLength: 1,
    maxLength: 4,
  }),
});
const blockShape = fc.array(txShape, { maxLength: 4 });
type TxShape = typeof txShape extends fc.Arbitrary<infer Shape> ? Shape : never;

/** A branch as it grows: its last block and what may be spent after it. */
class Branch {
  readonly blocks: Block[] = [];
  parent: Parent;
  coins: Spendable[];

  constructor(parent: Parent = baseTip, coins: readonly Spendable[] = startingCoins) {
    this.parent = parent;
    this.coins = coins.slice();
  }

  /** A valid block; the coins that its transactions make may be spent by the next of them. */
  grow(shapes: readonly TxShape[], options?: { readonly pays?: bigint }): Block {
    const txs = shapes.flatMap((shape) => this.#spend(shape) ?? []);
    const block = mineOn(this.parent, txs, options);
    this.blocks.push(block);
    this.parent = asParent(block, this.parent.height + 1);
    return block;
  }

  fork(): Branch {
    return new Branch(this.parent, this.coins);
  }

  #spend({ inputs, outputs }: TxShape): Tx | undefined {
    const spent: Spendable[] = [];
    for (const choice of inputs) {
      const [coin] = this.coins.splice(choice % Math.max(this.coins.length, 1), 1);
      if (coin) spent.push(coin);
    }
    if (spent.length === 0) return undefined;
    const share = spent.reduce((sum, { value }) => sum + value, 0n) / BigInt(outputs.length);
    const tx = new Tx({
      version: 2,
      inputs: spent.map(({ outpoint }) => ({
        prevout: outpoint,
        scriptSig: new Uint8Array(0),
        sequence: SEQUENCE_FINAL,
        witness: [],
      })),
      outputs: outputs.map((kind) => {
        if (kind === 'data') return { value: 0n, scriptPubKey: UNSPENDABLE[0] as Uint8Array };
        if (kind === 'oversized')
          return { value: share, scriptPubKey: UNSPENDABLE[1] as Uint8Array };
        return { value: kind === 'worthless' ? 0n : share, scriptPubKey: ANYONE };
      }),
      locktime: 0,
    });
    for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
      if (scriptPubKey === ANYONE) this.coins.push({ outpoint: { txid: tx.txid, vout }, value });
    }
    return tx;
  }
}

async function withChain<T>(
  blocks: readonly Block[],
  work: (chain: Chain) => Promise<T>,
): Promise<T> {
  const chain = await openChain({ params }, { store: memoryStore(), clock });
  try {
    for (const block of blocks) {
      expect((await chain.submitBlock(block)).status).toBe('connected');
    }
    return await work(chain);
  } finally {
    await chain.close();
  }
}

/** The whole set of coins as bytes, in the order in which it is kept. */
async function coinsOf(chain: Chain): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const [{ txid, vout }, coin] of chain.utxos()) {
    pieces.push(Buffer.from(`${txid}:${vout}=`), coinRecord.encode(coin));
  }
  return Buffer.from(concatBytes(...pieces)).toString('latin1');
}

const muhash = async (chain: Chain) => (await chain.utxoStats('muhash')).hash;

test('taking back what was connected restores every coin, byte for byte', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(blockShape, { minLength: 1, maxLength: 8 }), async (shapes) => {
      await withChain(base, async (chain) => {
        const branch = new Branch();
        const way: { hash: BlockHash; muhash: string | undefined; coins: string }[] = [];
        for (const shape of shapes) {
          const before = { muhash: await muhash(chain), coins: await coinsOf(chain) };
          const block = branch.grow(shape);
          expect((await chain.submitBlock(block)).status).toBe('connected');
          way.push({ hash: block.hash, ...before });
        }
        const top = {
          tip: chain.tip.ref,
          muhash: await muhash(chain),
          coins: await coinsOf(chain),
        };
        for (const before of way.toReversed()) {
          await chain.invalidateBlock(before.hash);
          expect(await muhash(chain)).toBe(before.muhash);
          expect(await coinsOf(chain)).toBe(before.coins);
        }
        // Reconsidering any of them clears its ancestors and descendants, so it brings all back.
        await chain.reconsiderBlock((way[way.length >> 1] as { hash: BlockHash }).hash);
        expect(chain.tip.ref).toEqual(top.tip);
        expect(await muhash(chain)).toBe(top.muhash);
        expect(await coinsOf(chain)).toBe(top.coins);
      });
    }),
    { numRuns: 6 },
  );
});

test('a reorganisation of any depth ends with the coins of a chain that took the straight way', {
  timeout: 60_000,
}, async () => {
  const shapes = fc.array(blockShape, { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(shapes, shapes, fc.nat(3), async (common, left, shared) => {
      const trunk = new Branch();
      for (const shape of common.slice(0, shared)) trunk.grow(shape);
      // Both branches begin with the same choices, so that they hold some of the same transactions.
      const [a, b] = [trunk.fork(), trunk.fork()];
      for (const shape of left) a.grow(shape);
      for (const shape of [...left, []]) b.grow(shape.slice(0, 2));
      const straight = await withChain([...base, ...trunk.blocks, ...b.blocks], coinsOf);
      await withChain([...base, ...trunk.blocks, ...a.blocks], async (chain) => {
        const before = await coinsOf(chain);
        for (const block of b.blocks) await chain.submitBlock(block);
        expect(chain.tip.ref.hash).toBe(b.parent.hash);
        expect(await coinsOf(chain)).toBe(straight);
        await chain.invalidateBlock((b.blocks[0] as Block).hash);
        expect(chain.tip.ref.hash).toBe(a.parent.hash);
        expect(await coinsOf(chain)).toBe(before);
      });
    }),
    { numRuns: 6 },
  );
});

/** A block of a tree: valid, or with a coinbase that takes too much, which only connecting finds out. */
interface TreeBlock {
  readonly block: Block;
  readonly parent: TreeBlock | undefined;
  readonly height: number;
  readonly isValid: boolean;
}

function plant(
  choices: readonly { readonly parent: number; readonly isBad: boolean }[],
): TreeBlock[] {
  const tree: TreeBlock[] = [];
  for (const { parent: choice, isBad } of choices) {
    const parent = tree[(choice % (tree.length + 1)) - 1];
    const place = parent ? asParent(parent.block, parent.height) : genesis;
    tree.push({
      block: mineOn(place, [], { pays: isBad ? 1n : 0n }),
      parent,
      height: place.height + 1,
      isValid: !isBad && (parent?.isValid ?? true),
    });
  }
  return tree;
}

/**
 * The tip as the rule says: most work, and of equals the block that was the first to have come with all of
 * its ancestors. Blocks that waited for the same one are complete in the order in which they came.
 */
function expectedTip(order: readonly TreeBlock[]): BlockHash {
  const complete: TreeBlock[] = [];
  const waiting: TreeBlock[] = [];
  for (const arrived of order) {
    const queue = [arrived];
    for (const next of queue) {
      if (next.parent && !complete.includes(next.parent)) {
        waiting.push(next);
        continue;
      }
      complete.push(next);
      for (const child of waiting.filter(({ parent }) => parent === next)) {
        waiting.splice(waiting.indexOf(child), 1);
        queue.push(child);
      }
    }
  }
  let best: TreeBlock | undefined;
  for (const node of complete) {
    if (node.isValid && node.height > (best?.height ?? 0)) best = node;
  }
  return best?.block.hash ?? params.genesis.hash;
}

function shuffled<T>(items: readonly T[], by: readonly number[]): T[] {
  const mixed = items.slice();
  for (const [i, other] of by.entries()) {
    const [a, b] = [i % mixed.length, other % mixed.length];
    [mixed[a], mixed[b]] = [mixed[b] as T, mixed[a] as T];
  }
  return mixed;
}

test('in any order of delivery, most work wins, then the first that was complete; invalid ones never', {
  timeout: 60_000,
}, async () => {
  const choice = fc.record({ parent: fc.nat(30), isBad: fc.nat(5).map((n) => n === 0) });
  const trees = fc.array(choice, { minLength: 2, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(trees, fc.array(fc.nat(100), { maxLength: 20 }), async (choices, mix) => {
      const tree = plant(choices);
      const order = shuffled(tree, mix);
      await withChain([], async (chain) => {
        await chain.submitHeaders(tree.map(({ block }) => block.header));
        for (const { block } of order) await chain.submitBlock(block);
        expect(chain.tip.ref.hash).toBe(expectedTip(order));
        for (const { block, isValid } of tree) {
          if (isValid) expect(chain.info(block.hash)?.status).not.toBe('invalid');
          else expect(chain.isActive(block.hash)).toBe(false);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('refusing blocks and taking that back, in any order, ends at the same tip and coins', {
  timeout: 60_000,
}, async () => {
  const parents = fc.array(fc.nat(20), { minLength: 3, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(parents, fc.array(fc.nat(100), { maxLength: 6 }), async (choices, refused) => {
      const tree = plant(choices.map((parent) => ({ parent, isBad: false })));
      const highest = tree.reduce((best, node) => (node.height > best.height ? node : best));
      // One more on the highest: with a tie, what is refused comes back behind what took its place.
      const last = mineOn(asParent(highest.block, highest.height));
      await withChain([], async (chain) => {
        for (const { block } of tree) await chain.submitBlock(block);
        await chain.submitBlock(last);
        const before = await coinsOf(chain);
        const hashes = refused.map((n) => (tree[n % tree.length] as TreeBlock).block.hash);
        for (const hash of hashes) {
          await chain.invalidateBlock(hash);
          expect(chain.isActive(hash)).toBe(false);
        }
        for (const hash of shuffled(hashes, refused)) await chain.reconsiderBlock(hash);
        expect(chain.tip.ref.hash).toBe(last.hash);
        expect(await coinsOf(chain)).toBe(before);
      });
    }),
    { numRuns: 30 },
  );
});
