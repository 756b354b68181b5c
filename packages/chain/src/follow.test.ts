import type { BlockRef, BlockStep, Follower } from '@coind/consensus';
import type { Block, BlockHash } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import { asParent, clock, genesis, mineChain, mineOn, params } from './mining.test.support.ts';

let chain: Chain;
let fatal: unknown[];
beforeEach(async () => {
  fatal = [];
  chain = await open();
});

const open = () =>
  openChain(
    { params },
    { store: memoryStore(), clock, onFatal: (error) => void fatal.push(error) },
  );

async function submitAll(blocks: readonly Block[], to = chain): Promise<void> {
  for (const block of blocks) await to.submitBlock(block);
}

/** Keeps the hashes of the blocks it was given; checks that each fits on the last. */
class Recorder implements Follower {
  readonly name = 'recorder';
  readonly hashes: BlockHash[] = [];
  steps = 0;
  failAt = -1;

  async position(): Promise<BlockRef | undefined> {
    const hash = this.hashes.at(-1);
    return hash && { hash, height: this.hashes.length - 1 };
  }

  async connect(block: Block, ref: BlockRef): Promise<void> {
    await this.#step();
    expect(ref).toEqual({ hash: block.hash, height: this.hashes.length });
    if (ref.height > 0) expect(block.header.prevHash).toBe(this.hashes.at(-1));
    this.hashes.push(block.hash);
  }

  async disconnect(block: Block, ref: BlockRef): Promise<void> {
    await this.#step();
    expect(ref).toEqual({ hash: block.hash, height: this.hashes.length - 1 });
    expect(this.hashes.pop()).toBe(block.hash);
  }

  async #step(): Promise<void> {
    if (this.steps++ === this.failAt) throw new Error('the disk is full');
    // Slower than the chain, as a wallet on a disk is.
    if (this.steps % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const activeHashes = (of = chain) =>
  Array.from({ length: of.tip.ref.height + 1 }, (_, height) => of.at(height)?.ref.hash);

test('a new follower is given everything from genesis, then each block', async () => {
  await submitAll(mineChain(genesis, 40));
  const follower = new Recorder();
  await chain.follow(follower);
  expect(follower.hashes).toEqual(activeHashes());
  await submitAll([mineOn({ ...chain.tip.ref, time: chain.tip.header.time })]);
  await chain.idle();
  expect(follower.hashes).toEqual(activeHashes());
  expect(follower.hashes.length).toBe(42);
});

test('a follower goes through reorganisations, also those it slept through', async () => {
  const [a, b] = [mineChain(genesis, 5), mineChain(genesis, 7)];
  const follower = new Recorder();
  const stop = await chain.follow(follower);
  await submitAll(a);
  await chain.idle();
  await stop();
  await submitAll(b);
  expect(follower.hashes.at(-1)).toBe(a[4]?.hash);
  await chain.follow(follower);
  expect(follower.hashes).toEqual(activeHashes());
  await chain.invalidateBlock((b[0] as Block).hash);
  await chain.idle();
  expect(follower.hashes.at(-1)).toBe(a[4]?.hash);
});

/** Takes in several blocks at once; remembers how many. */
class Gatherer extends Recorder {
  readonly given: number[] = [];
  /** Steps wait for it. */
  held: Promise<void> | undefined;

  async connectAll(steps: readonly BlockStep[]): Promise<void> {
    await this.held;
    for (const { block, ref } of steps) await this.connect(block, ref);
    this.given.push(steps.length);
  }
}

test('who takes in several blocks at once gets those that came meanwhile together', async () => {
  await submitAll(mineChain(genesis, 100));
  const follower = new Gatherer();
  await chain.follow(follower);
  expect(follower.given).toEqual([64, 37]);
  let release = (): void => {};
  follower.held = new Promise((resolve) => {
    release = resolve;
  });
  await submitAll(mineChain({ ...chain.tip.ref, time: chain.tip.header.time }, 30));
  release();
  await chain.idle();
  expect(follower.hashes).toEqual(activeHashes());
  // What was there when the held step began, and the rest.
  expect(follower.given.length).toBeLessThanOrEqual(4);
});

test('what is gathered is taken in for who waits, and left to the next start otherwise', async () => {
  const follower = new Gatherer();
  const stop = await chain.follow(follower);
  const [first, second, third] = mineChain(genesis, 3) as [Block, Block, Block];
  for (const block of [first, second]) {
    await chain.submitBlock(block);
    await chain.idle();
    expect(follower.hashes).toEqual(activeHashes());
  }
  await chain.submitBlock(third);
  await stop();
  const { length } = follower.hashes;
  expect(follower.hashes).toEqual(activeHashes().slice(0, length));
  await chain.follow(follower);
  expect(follower.hashes).toEqual(activeHashes());
});

test('followers do not wait for one another', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = new Recorder();
  const fast = new Recorder();
  await chain.follow(fast);
  await chain.follow(slow);
  const connect = slow.connect.bind(slow);
  slow.connect = async (block, ref) => {
    await held;
    await connect(block, ref);
  };
  await submitAll(mineChain(genesis, 3));
  while (fast.hashes.length < 4) await new Promise((resolve) => setImmediate(resolve));
  expect(slow.hashes.length).toBe(1);
  release();
  await chain.idle();
  expect(slow.hashes).toEqual(fast.hashes);
});

test('a failure is told, stops that follower and fails whoever waits', async () => {
  const follower = new Recorder();
  await chain.follow(follower);
  follower.failAt = follower.steps + 1;
  await submitAll(mineChain(genesis, 3));
  await expect(chain.idle()).rejects.toThrow('the disk is full');
  expect(fatal).toMatchObject([{ message: 'the disk is full' }]);
  expect(follower.hashes.length).toBe(2);
  expect(chain.tip.ref.height).toBe(3);
});

test('a follower of another chain is refused', async () => {
  const other = await open();
  const follower = new Recorder();
  await submitAll(mineChain(genesis, 2), other);
  await other.follow(follower);
  await expect(chain.follow(follower)).rejects.toMatchObject({ code: 'unknown-position' });
});

test('wherever the chain goes, a follower ends at its tip', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }), async (choices) => {
      const here = await open();
      const follower = new Recorder();
      await here.follow(follower);
      const places = [genesis];
      for (const choice of choices) {
        const parent = places[choice % places.length] ?? genesis;
        const block = mineOn(parent);
        await here.submitBlock(block);
        places.push(asParent(block, parent.height + 1));
        if (choice % 7 === 0) await here.invalidateBlock(block.hash);
      }
      await here.idle();
      expect(follower.hashes).toEqual(activeHashes(here));
      await here.close();
    }),
    { numRuns: 30 },
  );
});
