import { COIN, feeRate, type OutPoint, type Sats, Tx } from '@coind/primitives';
import { p2pkh } from '@coind/script';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareTxids } from './graph.ts';
import {
  Bench,
  childOf,
  OPEN,
  outputOf,
  type Spend,
  START,
  spend,
  TRUE,
} from './mempool.test.support.ts';
import { mempoolDefaults } from './options.ts';

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
const coin = (index: number): OutPoint => coins[index] as OutPoint;
const pay = (index: number, options: Spend = {}): Tx => spend([coin(index)], 50n * COIN, options);

describe('the door', () => {
  test('takes a payment in, tells it, and shows it', async () => {
    const tx = pay(0);
    expect(await bench.test(tx)).toBe('accepted');
    expect(bench.mempool.size).toBe(0);
    expect(await bench.submit(tx)).toBe('accepted');
    expect(bench.added).toEqual([tx.txid]);
    expect(bench.mempool.get(tx.txid)).toMatchObject({
      fee: 1_000n,
      vsize: tx.vsize,
      time: START,
      height: 110,
      sequence: 1,
    });
    expect(bench.mempool.getByWtxid(tx.wtxid)?.tx).toBe(tx);
    expect(bench.mempool.spender(coin(0))).toBe(tx.txid);
    expect(await bench.mempool.coin(coin(0))).toBeUndefined();
    expect((await bench.mempool.coin(outputOf(tx)))?.output.value).toBe(50n * COIN - 1_000n);
    expect(bench.mempool.info()).toMatchObject({ size: 1, vbytes: tx.vsize, fees: 1_000n });
    expect(bench.mempool.sequence).toBe(2);
  });

  test('knows what it has and what is mined', async () => {
    const tx = pay(0);
    await bench.submit(tx);
    expect(await bench.submit(tx)).toBe('txn-already-in-mempool');
    const twin = pay(0, { witness: [new Uint8Array([1]), TRUE] });
    expect(await bench.submit(twin)).toBe('txn-same-nonwitness-data-in-mempool');
    await bench.mine([tx]);
    expect(bench.mempool.sequence).toBe(3);
    expect(await bench.submit(tx)).toBe('txn-already-known');
    expect(await bench.submit(pay(0, { fee: 9n }))).toBe('bad-txns-inputs-missingorspent');
  });

  test('asks for a fee', async () => {
    expect(await bench.submit(pay(0, { fee: 0n }))).toBe('min relay fee not met, 0 < 10');
    expect(await bench.submit(pay(0, { fee: 9n }))).toBe('min relay fee not met, 9 < 10');
    expect(await bench.submit(pay(0, { fee: 10n }))).toBe('accepted');
  });

  test('refuses what pays more than its sender meant to, after all else', async () => {
    const most = { maxFee: 999n };
    const dear = await bench.mempool.submit(pay(0, { fee: 1_000n }), most);
    expect(dear).toMatchObject({ accepted: false, error: { message: 'max-fee-exceeded' } });
    expect(bench.mempool.size).toBe(0);
    expect(bench.added).toEqual([]);
    const odd = await bench.mempool.submit(pay(0, { fee: 1_000n, version: 4 }), most);
    expect(odd).toMatchObject({ error: { reason: 'version' } });
    expect(await bench.mempool.submit(pay(0, { fee: 999n }), most)).toMatchObject({
      accepted: true,
    });
  });

  test('wants the next block to be able to hold it', async () => {
    expect(await bench.submit(pay(0, { locktime: 111 }))).toBe('non-final');
    expect(await bench.submit(pay(0, { sequence: 110 }))).toBe('accepted');
    expect(await bench.submit(pay(1, { sequence: 112 }))).toBe('non-BIP68-final');
    const young = spend([await bench.reward(12)], 50n * COIN);
    expect(await bench.submit(young)).toBe(
      'bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99',
    );
  });

  test('checks scripts by the rules of relay', async () => {
    const stranger = pay(0, { script: p2pkh(new Uint8Array(20)) });
    await bench.submit(stranger);
    const theft = childOf(stranger, { witness: [] });
    expect(await bench.submit(theft)).toMatch(
      /^mempool-script-verify-flag-failed \(.*\), input 0 of [0-9a-f]{64} \(wtxid [0-9a-f]{64}\), spending [0-9a-f]{64}:0$/,
    );
    const stripped = await bench.mempool.submit(pay(1, { witness: [] }));
    expect(stripped).toMatchObject({ accepted: false, error: { kind: 'witness-stripped' } });
  });

  test('takes what is not standard only where told so', async () => {
    const odd = pay(0, { version: 4 });
    expect(await bench.submit(odd)).toBe('version');
    const lenient = await Bench.open({ requireStandard: false });
    const tx = spend([await lenient.reward(1)], 50n * COIN, { version: 4 });
    expect(await lenient.submit(tx)).toBe('accepted');
    await lenient.chain.close();
  });

  test('marks our own until somebody else has it', async () => {
    const tx = pay(0);
    await bench.mempool.submit(tx, { unbroadcast: true });
    expect(bench.mempool.info().unbroadcast).toBe(1);
    bench.mempool.markBroadcast(tx.txid);
    expect(bench.mempool.info().unbroadcast).toBe(0);
    expect(bench.mempool.get(tx.txid)?.unbroadcast).toBe(false);
  });
});

describe('families', () => {
  test('are counted and chunked', async () => {
    const a = pay(0, { fee: 100_000n, outputs: 2 });
    const b = childOf(a, { fee: 1_000n });
    const c = childOf(b, { fee: 5_000n });
    const d = childOf(a, { fee: 4_000n }, 1);
    for (const tx of [a, b, c, d]) expect(await bench.submit(tx)).toBe('accepted');
    const { mempool } = bench;
    expect(mempool.ancestors(c.txid).map(({ tx }) => tx.txid)).toEqual(
      [a.txid, b.txid].sort(compareTxids),
    );
    expect(mempool.children(a.txid).map(({ tx }) => tx.txid)).toEqual(
      [b.txid, d.txid].sort(compareTxids),
    );
    expect(mempool.descendants(a.txid)).toHaveLength(3);
    expect(mempool.ancestorTotals(c.txid)).toEqual({
      count: 3,
      vsize: a.vsize + b.vsize + c.vsize,
      fees: 106_000n,
    });
    expect(mempool.descendantTotals(b.txid).count).toBe(2);
    const chunks = mempool.cluster(a.txid).map(({ entries }) => entries.map(({ tx }) => tx.txid));
    expect(chunks).toEqual([[a.txid], [d.txid], [b.txid, c.txid]]);
    expect(bench.txids()).toEqual([a, d, b, c].map(({ txid }) => txid));
    expect(() => mempool.cluster('00'.repeat(32) as typeof a.txid)).toThrow(RangeError);
  });

  test('have at most 64 members', async () => {
    let tx = pay(0);
    for (let i = 0; i < 64; i++) {
      expect(await bench.submit(tx)).toBe('accepted');
      tx = childOf(tx);
    }
    expect(await bench.submit(tx)).toBe('too-large-cluster');
    expect(await bench.submit(pay(1))).toBe('accepted');
  });

  test('and 101,000 virtual bytes', async () => {
    const a = pay(0, { fee: 1_000_000n, outputs: 1_500 });
    const b = childOf(a, { fee: 1_000_000n, outputs: 850 });
    expect(a.vsize + b.vsize).toBeGreaterThan(101_000);
    expect(await bench.submit(a)).toBe('accepted');
    expect(await bench.submit(b)).toBe('too-large-cluster');
  });

  test('of version 3 are one parent and one child', async () => {
    const parent = pay(0, { version: 3, outputs: 2 });
    const child = childOf(parent, { version: 3 });
    expect(await bench.submit(parent)).toBe('accepted');
    expect(await bench.submit(childOf(parent))).toMatch(
      /^TRUC-violation, non-version=3 tx .* cannot spend from version=3 tx /,
    );
    expect(await bench.submit(child)).toBe('accepted');
    expect(await bench.submit(childOf(child, { version: 3 }))).toMatch(
      /^TRUC-violation, tx .* would have too many ancestors$/,
    );
    const poor = childOf(parent, { version: 3, fee: 1_001n }, 1);
    expect(await bench.submit(poor)).toMatch(/^insufficient fee \(including sibling eviction\), /);
    const rich = childOf(parent, { version: 3, fee: 2_000n }, 1);
    expect(await bench.submit(rich)).toBe('accepted');
    expect(bench.removed).toEqual([`${child.txid} replaced`]);
  });

  test('take the dust of a free parent along', async () => {
    const dusty = (fee: Sats): Tx => {
      const { inputs, version, locktime } = pay(0, { fee });
      const value = 50n * COIN - 100n - fee;
      const outputs = [value, 100n].map((worth) => ({ value: worth, scriptPubKey: OPEN }));
      return new Tx({ version, inputs, outputs, locktime });
    };
    expect(await bench.submit(dusty(0n))).toBe('min relay fee not met, 0 < 14');
    expect(await bench.submit(dusty(500n))).toBe('dust, tx with dust output must be 0-fee');
    const free = await Bench.open({ minRelayFee: feeRate(0n) });
    const parent = dusty(0n);
    expect(await free.submit(parent)).toBe('accepted');
    const careless = childOf(parent);
    expect(await free.submit(careless)).toBe(
      `missing-ephemeral-spends, tx ${careless.txid} (wtxid=${careless.wtxid}) did not spend parent's ephemeral dust`,
    );
    const both = spend([outputOf(parent, 0), outputOf(parent, 1)], 20n * COIN);
    expect(await free.submit(both)).toBe('accepted');
    await free.chain.close();
  });
});

describe('replacement', () => {
  test('pays for what it evicts and for itself', async () => {
    const first = pay(0, { fee: 1_000n });
    await bench.submit(first);
    const less = pay(0, { fee: 900n });
    expect(await bench.submit(less)).toBe(
      `insufficient fee, rejecting replacement ${less.txid}, less fees than conflicting txs; 0.000009 < 0.00001`,
    );
    const scant = pay(0, { fee: 1_009n });
    expect(await bench.submit(scant)).toBe(
      `insufficient fee, rejecting replacement ${scant.txid}, not enough additional fees to relay; 0.00000009 < 0.0000001`,
    );
    const enough = pay(0, { fee: 1_010n });
    const outcome = await bench.mempool.submit(enough);
    expect(outcome).toMatchObject({ accepted: true, replaced: [first] });
    expect(bench.txids()).toEqual([enough.txid]);
    expect(bench.removed).toEqual([`${first.txid} replaced`]);
  });

  test('evicts descendants too, and pays for them', async () => {
    const parent = pay(0, { fee: 1_000n });
    const child = childOf(parent, { fee: 50_000n });
    for (const tx of [parent, child]) await bench.submit(tx);
    expect(await bench.submit(pay(0, { fee: 40_000n }))).toContain('less fees than conflicting');
    expect(await bench.submit(pay(0, { fee: 60_000n }))).toBe('accepted');
    expect(bench.removed.map((text) => text.split(' ')[1])).toEqual(['replaced', 'replaced']);
    expect(bench.mempool.size).toBe(1);
  });

  test('makes the pool better at every size', async () => {
    await bench.submit(pay(0, { fee: 3_000n }));
    const large = pay(0, { fee: 4_000n, outputs: 10 });
    expect(await bench.submit(large)).toBe(
      'replacement-failed, insufficient feerate: does not improve feerate diagram',
    );
  });

  test('does not spend what it evicts', async () => {
    const parent = pay(0, { fee: 1_000n });
    await bench.submit(parent);
    const both = new Tx({
      ...spend([coin(0), outputOf(parent)], 49n * COIN),
      outputs: [{ value: 98n * COIN, scriptPubKey: OPEN }],
    });
    expect(await bench.submit(both)).toBe(
      `bad-txns-spends-conflicting-tx, ${both.txid} spends conflicting transaction ${parent.txid}`,
    );
  });

  test('needs no signal', async () => {
    await bench.submit(pay(0, { sequence: 0xffffffff }));
    expect(await bench.submit(pay(0, { fee: 5_000n }))).toBe('accepted');
  });

  test('unless the pool holds to what was agreed up to 0.16', async () => {
    const early = await Bench.open({ replaceable: 'signalling' });
    await early.submit(pay(0, { sequence: 0xfffffffe }));
    expect(await early.submit(pay(0, { fee: 5_000n }))).toBe('txn-mempool-conflict');
    await early.submit(pay(1, { sequence: 0xfffffffd }));
    expect(await early.submit(pay(1, { fee: 5_000n }))).toBe('accepted');
    await early.chain.close();
  });
});

describe('blocks', () => {
  test('take what they hold, and what contradicts them, out', async () => {
    const mined = pay(0);
    const child = childOf(mined);
    const loser = pay(1, { fee: 2_000n });
    const orphan = childOf(loser);
    for (const tx of [mined, child, loser, orphan]) await bench.submit(tx);
    const winner = pay(1);
    await bench.mine([mined, winner]);
    expect(bench.txids()).toEqual([child.txid]);
    expect(bench.removed).toEqual([
      `${mined.txid} block`,
      `${loser.txid} conflict`,
      `${orphan.txid} conflict`,
    ]);
    expect(bench.mempool.get(child.txid)?.parents.size).toBe(0);
    await bench.mine([child]);
    expect(bench.mempool.info()).toMatchObject({ size: 0, usage: 0, vbytes: 0, fees: 0n });
  });

  test('are told of in order: what went, what leaves for what came, what comes back, the end', async () => {
    const told: string[] = [];
    const name = new Map<string, string>();
    bench.mempool.follow({
      txAdded: ({ txid }, _entry, sequence) => told.push(`+${name.get(txid)} ${sequence}`),
      txRemoved: ({ txid }, reason, sequence) =>
        told.push(`-${name.get(txid)} ${reason} ${sequence}`),
      blockLost: ({ hash }) => told.push(`lost ${name.get(hash)}`),
      blockTaken: ({ hash }) => told.push(`taken ${name.get(hash)}`),
      tipSettled: () => told.push('settled'),
    });
    const [loser, mined, winner] = [pay(0, { fee: 2_000n }), pay(1), pay(0)];
    for (const [text, { txid }] of Object.entries({ loser, mined, winner })) name.set(txid, text);
    await bench.submit(loser);
    await bench.submit(mined);
    const fork = bench.chain.tip.ref.hash;
    const first = await bench.mine([winner, mined]);
    // A conflict has the number of the transaction that contradicts it, not one behind all that were mined.
    expect(told.splice(0)).toEqual([
      '+loser 1',
      '+mined 2',
      '-loser conflict 3',
      '-mined block 4',
      'taken undefined',
      'settled',
    ]);
    name.set(first.hash, 'first');
    const second = await bench.mine([], fork);
    name.set(second.hash, 'second');
    await bench.chain.preciousBlock(second.hash);
    expect(told).toEqual(['lost first', 'taken second', '+winner 5', '+mined 6', 'settled']);
  });

  test('that lose their place give their transactions back', async () => {
    const parent = pay(0);
    const child = childOf(parent);
    const grandchild = childOf(child);
    await bench.mine([parent, child]);
    await bench.submit(grandchild);
    await bench.chain.invalidateBlock(bench.chain.tip.ref.hash);
    expect(bench.txids().sort()).toEqual([parent, child, grandchild].map((tx) => tx.txid).sort());
    expect(bench.mempool.ancestors(grandchild.txid)).toHaveLength(2);
    expect(bench.mempool.get(parent.txid)?.sequence).toBe(0);
    await bench.mine([parent, child, grandchild]);
    expect(bench.mempool.size).toBe(0);
  });

  test('of a longer branch decide what stays', async () => {
    const fork = bench.chain.tip.ref.hash;
    const both = pay(0);
    const lost = pay(1);
    const rival = pay(1, { fee: 7_000n });
    const onLost = childOf(lost);
    const onBoth = childOf(both);
    await bench.mine([both, lost]);
    for (const tx of [onLost, onBoth]) expect(await bench.submit(tx)).toBe('accepted');
    const first = await bench.mine([rival], fork);
    await bench.mine([both], first.hash);
    expect(bench.chain.tip.ref.height).toBe(112);
    expect(bench.txids()).toEqual([onBoth.txid]);
    expect(bench.removed).toEqual([`${onLost.txid} reorg`]);
  });

  test('give back no more than the limits allow', async () => {
    const tight = await Bench.open({ clusterCount: 3 });
    const chain = [spend([await tight.reward(1)], 50n * COIN, { fee: 5_000n })];
    for (let i = 1; i < 5; i++)
      chain.push(childOf(chain[i - 1] as Tx, { fee: 5_000n - BigInt(i) }));
    await tight.mine(chain.slice(0, 3));
    for (const tx of chain.slice(3)) expect(await tight.submit(tx)).toBe('accepted');
    await tight.chain.invalidateBlock(tight.chain.tip.ref.hash);
    expect(tight.txids()).toEqual(chain.slice(0, 3).map(({ txid }) => txid));
    expect(tight.removed.map((text) => text.split(' ')[1])).toEqual(['sizelimit', 'sizelimit']);
    await tight.chain.close();
  });

  test('give back the oldest transactions of a long branch, as much as memory allows', async () => {
    const tight = await Bench.open({ returningBytes: 1_500 });
    const payments: Tx[] = [];
    for (let i = 0; i < 4; i++) payments.push(spend([await tight.reward(1 + i)], 50n * COIN));
    const fork = await tight.mine(payments.slice(0, 2));
    await tight.mine(payments.slice(2));
    const onLast = childOf(payments[3] as Tx);
    expect(await tight.submit(onLast)).toBe('accepted');
    await tight.chain.invalidateBlock(fork.hash);
    const kept = payments.slice(0, 3).map(({ txid }) => txid);
    expect(tight.txids().sort()).toEqual(kept.slice(0, tight.mempool.size).sort());
    expect(tight.mempool.size).toBeLessThan(4);
    expect(tight.removed).toEqual([`${onLast.txid} reorg`]);
    await tight.chain.close();
  });

  test('give nothing back from below the last ten when the chain is cut by hand', async () => {
    const [deep, near] = [pay(0), pay(1)];
    const cut = await bench.mine([deep]);
    await bench.mine([near]);
    for (let i = 0; i < 9; i++) await bench.mine([]);
    await bench.chain.invalidateBlock(cut.hash);
    expect(bench.txids()).toEqual([near.txid]);
  });

  test('that vanish take immature coins along', async () => {
    const young = spend([await bench.reward(11)], 50n * COIN);
    expect(await bench.submit(young)).toBe('accepted');
    await bench.chain.invalidateBlock(bench.chain.tip.ref.hash);
    expect(bench.mempool.size).toBe(0);
    expect(bench.removed).toEqual([`${young.txid} reorg`]);
  });
});

describe('limits', () => {
  test('old entries go when something new comes', async () => {
    const old = pay(0);
    const child = childOf(old);
    await bench.submit(old);
    bench.now += 10;
    await bench.submit(child);
    bench.now += mempoolDefaults.expirySeconds - 9;
    const late = pay(1);
    await bench.submit(late);
    expect(bench.txids()).toEqual([late.txid]);
    expect(bench.removed).toEqual([`${old.txid} expiry`, `${child.txid} expiry`]);
  });

  test('a full pool keeps what pays best and asks for more', async () => {
    const small = await Bench.open({ maxBytes: 5_000 });
    const rewards = await Promise.all([1, 2, 3, 4, 5].map((height) => small.reward(height)));
    const at = (index: number, fee: Sats) =>
      spend([rewards[index] as OutPoint], 50n * COIN, { fee });
    const worst = at(0, 2_000n);
    for (const tx of [at(1, 3_000n), worst, at(2, 4_000n)]) {
      expect(await small.submit(tx)).toBe('accepted');
    }
    expect(await small.submit(at(3, 5_000n))).toBe('accepted');
    expect(small.removed).toEqual([`${worst.txid} sizelimit`]);
    expect(small.mempool.minFee()).toBe((2_000n * 1_000n) / BigInt(worst.vsize) + 100n);
    expect(await small.submit(at(4, 1_500n))).toMatch(/^mempool min fee not met, 1500 < \d+$/);
    expect(await small.submit(at(4, 2_500n))).toBe('mempool full');
    await small.chain.close();
  });

  test('a prioritised transaction is judged by what was added', async () => {
    const tx = pay(0, { fee: 0n });
    bench.mempool.prioritise(tx.txid, 10_000n);
    expect(await bench.submit(tx)).toBe('accepted');
    expect(bench.mempool.get(tx.txid)).toMatchObject({ fee: 0n, modifiedFee: 10_000n });
    bench.mempool.prioritise(tx.txid, -4_000n);
    expect(bench.mempool.chunks()[0]?.fee).toBe(6_000n);
    expect([...bench.mempool.priorities()]).toEqual([[tx.txid, 6_000n]]);
    await bench.mine([tx]);
    expect(bench.mempool.priorities().size).toBe(0);
  });
});
