import { COIN, feeRate, type OutPoint, Tx } from '@coind/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  Bench,
  childOf,
  OPEN,
  outputOf,
  type Spend,
  spend,
  worthOf,
} from './mempool.test.support.ts';
import { isChildWithParentsTree, type PackageOutcome } from './packages.ts';

/** Anybody may spend it, and nobody has to sign for it (P2A). */
const ANCHOR = new Uint8Array([0x51, 0x02, 0x4e, 0x73]);

let bench: Bench;
let coins: OutPoint[];
beforeEach(async () => {
  bench = await Bench.open();
  coins = [];
  for (let height = 1; height <= 10; height++) coins.push(await bench.reward(height));
});
afterEach(async () => {
  bench.mempool.close();
  await bench.chain.close();
});
const pay = (index: number, options: Spend = {}): Tx =>
  spend([coins[index] as OutPoint], 50n * COIN, options);
/** Takes every first output of `parents`. */
const gather = (parents: readonly Tx[], fee: bigint, version = 2): Tx =>
  spend(
    parents.map((tx) => outputOf(tx)),
    worthOf(parents[0] as Tx),
    { fee, version },
  );
const submit = (...txs: Tx[]): Promise<PackageOutcome> => bench.mempool.submitPackage(txs);
const wordsOf = ({ error, members }: PackageOutcome) => [
  error?.message ?? 'success',
  ...members.map((member) =>
    member ? (member.accepted ? 'accepted' : member.error.message) : 'undecided',
  ),
];

describe('the form of a package', () => {
  test('parents first, no twins, one spender per coin, 25 at most', async () => {
    const parent = pay(0);
    const child = childOf(parent);
    const cases: [Tx[], string][] = [
      [[child, parent], 'package-not-sorted'],
      [[parent, parent], 'package-contains-duplicates'],
      [[parent, pay(0, { fee: 5_000n })], 'conflict-in-package'],
      [[parent, pay(1)], 'package-not-child-with-parents'],
      [Array.from({ length: 26 }, () => parent), 'package-too-many-transactions'],
    ];
    for (const [txs, reason] of cases) {
      const outcome = await submit(...txs);
      expect(outcome.error).toMatchObject({ reason, kind: 'package' });
      expect(outcome.members.every((member) => member === undefined)).toBe(true);
    }
    expect(bench.mempool.size).toBe(0);
  });

  test('a tree has no parent that spends from another', () => {
    const first = pay(0, { outputs: 2 });
    const second = childOf(first, {}, 1);
    const child = spend([outputOf(first), outputOf(second)], 10n * COIN);
    expect(isChildWithParentsTree([pay(1), gather([pay(1)], 1n)])).toBe(true);
    expect(isChildWithParentsTree([first, second, child])).toBe(false);
    expect(isChildWithParentsTree([first])).toBe(false);
  });
});

describe('a child that pays for its parents', () => {
  test('takes parents in that pay too little', async () => {
    const parents = [pay(0, { fee: 0n }), pay(1, { fee: 0n })];
    const child = gather(parents, 10_000n);
    const outcome = await submit(...parents, child);
    expect(wordsOf(outcome)).toEqual(['success', 'accepted', 'accepted', 'accepted']);
    const vsize = [...parents, child].reduce((sum, tx) => sum + tx.vsize, 0);
    for (const member of outcome.members) {
      if (!member?.accepted) throw new Error('refused');
      expect(member.effective?.rate).toBe(10_000_000n / BigInt(vsize));
      expect(member.effective?.of).toEqual([...parents, child]);
    }
    expect(bench.added).toEqual([...parents, child].map(({ txid }) => txid));
    expect(bench.mempool.ancestorTotals(child.txid).count).toBe(3);
  });

  test('does not lend its fee to a parent that pays for itself', async () => {
    const rich = pay(0, { fee: 5_000n });
    const poor = pay(1, { fee: 0n });
    const child = spend([outputOf(rich), outputOf(poor)], 49n * COIN, { fee: 2n * COIN });
    const { members } = await submit(rich, poor, child);
    const [first, second] = members;
    expect(first).toMatchObject({ accepted: true, effective: { of: [rich] } });
    expect(second).toMatchObject({ accepted: true, effective: { of: [poor, child] } });
  });

  test('is refused with its parents when it pays too little for all', async () => {
    const parent = pay(0, { fee: 0n });
    const outcome = await submit(parent, childOf(parent, { fee: 10n }));
    expect(wordsOf(outcome)).toEqual([
      'transaction failed',
      'min relay fee not met, 0 < 10',
      'min relay fee not met, 10 < 20',
    ]);
    expect(bench.mempool.size).toBe(0);
  });

  test('names what is there already, and a twin with another witness', async () => {
    const parent = pay(0);
    await bench.submit(parent);
    const child = childOf(parent);
    const known = await submit(parent, child);
    expect(known.members[0]).toMatchObject({ accepted: true, replaced: [] });
    expect(known.members[0]).not.toHaveProperty('effective');
    const { version, inputs, outputs, locktime } = parent;
    const stripped = inputs.map((input) => ({ ...input, witness: [] }));
    const twin = new Tx({ version, inputs: stripped, outputs, locktime });
    const { members } = await submit(twin, child);
    expect(members[0]).toMatchObject({ accepted: true, entry: { tx: parent } });
  });

  test('does not save a parent that is wrong in itself', async () => {
    const parent = pay(0, { fee: -1n });
    const outcome = await submit(parent, childOf(parent, { fee: 10_000n }));
    expect(outcome.error?.reason).toBe('transaction failed');
    expect(outcome.members[0]).toMatchObject({ error: { reason: 'bad-txns-in-belowout' } });
    expect(outcome.members[1]).toMatchObject({
      error: { reason: 'bad-txns-inputs-missingorspent' },
    });
  });

  test('above the rate of the caller nothing goes', async () => {
    const parent = pay(0, { fee: 0n });
    const child = childOf(parent, { fee: COIN });
    const maxFeeRate = feeRate(10_000n);
    const { error, members } = await bench.mempool.submitPackage([parent, child], { maxFeeRate });
    expect(error?.reason).toBe('transaction failed');
    expect(members[1]).toMatchObject({ error: { reason: 'max feerate exceeded' } });
    expect(bench.mempool.size).toBe(0);
  });
});

describe('replacement by a package', () => {
  test('a parent that could not replace alone does so with its child', async () => {
    const old = pay(0, { fee: 1_000n });
    await bench.submit(old);
    const parent = pay(0, { fee: 0n, outputs: 2 });
    const outcome = await submit(parent, childOf(parent, { fee: 20_000n }));
    expect(wordsOf(outcome)).toEqual(['success', 'accepted', 'accepted']);
    expect(outcome.members[0]).toMatchObject({ replaced: [old] });
    expect(outcome.members[1]).toMatchObject({ replaced: [] });
    expect(bench.removed).toEqual([`${old.txid} replaced`]);
  });

  test('has to pay for what goes and may have one parent only', async () => {
    await bench.submit(pay(0, { fee: 10_000n }));
    const parent = pay(0, { fee: 0n });
    const cheap = await submit(parent, childOf(parent, { fee: 9_000n }));
    expect(cheap.error?.message).toMatch(
      /^package RBF failed: insufficient anti-DoS fees, rejecting replacement .{64}, less fees than/,
    );
    const parents = [parent, pay(1, { fee: 0n })];
    const wide = await submit(...parents, gather(parents, 90_000n));
    expect(wide.error?.message).toBe('package RBF failed: package must be 1-parent-1-child');
    expect(bench.mempool.size).toBe(1);
  });
});

describe('version 3 in a package', () => {
  test('a free parent with one small child', async () => {
    const parent = pay(0, { fee: 0n, version: 3 });
    const child = childOf(parent, { fee: 5_000n, version: 3 });
    expect(wordsOf(await submit(parent, child))).toEqual(['success', 'accepted', 'accepted']);
  });

  test('no second parent, no child of another version', async () => {
    const parents = [pay(0, { fee: 0n, version: 3 }), pay(1, { fee: 0n, version: 3 })];
    const two = await submit(...parents, gather(parents, 9_000n, 3));
    expect(two.error).toMatchObject({ reason: 'TRUC-violation', kind: 'package' });
    expect(two.error?.debug).toMatch(/ would have too many ancestors$/);
    const other = await submit(parents[0] as Tx, childOf(parents[0] as Tx, { fee: 9_000n }));
    expect(other.error?.debug).toMatch(/^non-version=3 tx .* cannot spend from version=3 tx/);
  });
});

describe('dust that lives for one block', () => {
  const withDust = (): Tx => {
    const { version, inputs, locktime } = pay(0, { fee: 0n, version: 3 });
    const outputs = [
      { value: 50n * COIN, scriptPubKey: OPEN },
      { value: 0n, scriptPubKey: ANCHOR },
    ];
    return new Tx({ version, inputs, outputs, locktime });
  };

  test('comes with a child that takes it', async () => {
    const parent = withDust();
    const { version, inputs, outputs, locktime } = childOf(parent, { fee: 5_000n, version: 3 });
    const anchor = { prevout: outputOf(parent, 1), sequence: 0, witness: [] };
    const all = [...inputs, { ...anchor, scriptSig: new Uint8Array(0) }];
    const child = new Tx({ version, inputs: all, outputs, locktime });
    expect(wordsOf(await submit(parent, child))).toEqual(['success', 'accepted', 'accepted']);
  });

  test('must not stay behind', async () => {
    const parent = withDust();
    const outcome = await submit(parent, childOf(parent, { fee: 5_000n, version: 3 }));
    expect(outcome.error?.reason).toBe('unspent-dust');
    expect(outcome.members[1]).toMatchObject({ error: { reason: 'missing-ephemeral-spends' } });
  });
});

describe('several tested at once', () => {
  test('a chain of them, of which nothing stays', async () => {
    const parent = pay(0);
    const child = childOf(parent);
    const grandchild = childOf(child);
    const outcome = await bench.mempool.testPackage([parent, child, grandchild]);
    expect(wordsOf(outcome)).toEqual(['success', 'accepted', 'accepted', 'accepted']);
    expect(bench.mempool.size).toBe(0);
    expect(bench.added).toEqual([]);
  });

  test('each pays for itself, and none may replace', async () => {
    const free = pay(0, { fee: 0n });
    const outcome = await bench.mempool.testPackage([free, childOf(free, { fee: 50_000n })]);
    expect(wordsOf(outcome)).toEqual([
      'transaction failed',
      'min relay fee not met, 0 < 10',
      'undecided',
    ]);
    await bench.submit(pay(1));
    const again = await bench.mempool.testPackage([pay(2), pay(1, { fee: 90_000n })]);
    expect(again.members[1]).toMatchObject({ error: { reason: 'bip125-replacement-disallowed' } });
  });

  test('a bad script does not speak against those before it', async () => {
    const good = pay(0);
    const bad = pay(1, { witness: [new Uint8Array([0x52])] });
    const outcome = await bench.mempool.testPackage([good, bad]);
    expect(outcome.members[0]).toMatchObject({ accepted: true, effective: { of: [good] } });
    expect(outcome.members[1]).toMatchObject({ accepted: false });
  });

  test('clusters they would join are limited together', async () => {
    await bench.mempool.close();
    const small = await Bench.open({ clusterCount: 3 });
    const root = spend([await small.reward(1)], 50n * COIN, { outputs: 4 });
    await small.submit(root);
    const children = [0, 1, 2].map((vout) => childOf(root, {}, vout));
    const { error } = await small.mempool.testPackage(children);
    expect(error).toMatchObject({ reason: 'too-large-cluster', kind: 'package' });
    expect((await small.mempool.testPackage(children.slice(1))).error).toBeUndefined();
    small.mempool.close();
    await small.chain.close();
  });
});
