import { type Block, bytesToHex, concatBytes } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import { afterEach, expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import {
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params,
  spend,
  spendCoinbase,
} from './mining.test.support.ts';
import {
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  SNAPSHOT_HEADER_SIZE,
  writeSnapshot,
} from './utxo-snapshot.ts';

const chains: Chain[] = [];
afterEach(async () => {
  for (const chain of chains.splice(0)) await chain.close();
});

async function chainOf(blocks: readonly Block[]): Promise<Chain> {
  const chain = await openChain({ params }, { store: memoryStore(), clock });
  chains.push(chain);
  for (const block of blocks) {
    expect((await chain.submitBlock(block)).status).toBe('connected');
  }
  return chain;
}

async function dump(chain: Chain, height = chain.tip.ref.height) {
  const pieces: Uint8Array[] = [];
  const ref = chain.at(height)?.ref;
  if (!ref) throw new Error(`no block at ${height}`);
  const summary = await writeSnapshot(chain, ref, (bytes) => void pieces.push(bytes));
  return { summary, bytes: concatBytes(...pieces) };
}

const base = mineChain(genesis, 101);
const payment = spendCoinbase(base[0] as Block, 3);
const child = spend({ txid: payment.txid, vout: 1 }, payment.outputs[1]?.value as bigint);
const paying = mineOn(asParent(base.at(-1) as Block, 101), [payment]);
const spending = mineOn(asParent(paying, 102), [child, spendCoinbase(base[1] as Block)]);

test('the header names network, block and number of coins', async () => {
  const chain = await chainOf(base);
  const { bytes, summary } = await dump(chain);
  const header = decodeSnapshotHeader(bytes.subarray(0, SNAPSHOT_HEADER_SIZE));
  expect(header).toEqual({
    messageStart: params.messageStart,
    baseHash: chain.tip.ref.hash,
    coinCount: 101n,
  });
  expect(summary.coins).toBe(101);
  expect(encodeSnapshotHeader(header)).toEqual(bytes.subarray(0, SNAPSHOT_HEADER_SIZE));
});

test('has the hash of the set, and the coins of a transaction behind one txid', async () => {
  const chain = await chainOf([...base, paying]);
  const { summary, bytes } = await dump(chain);
  expect(summary.hash).toBe((await chain.utxoStats('hash_serialized_3')).hash);
  const wire = bytesToHex(bytes);
  const txid = bytesToHex(Uint8Array.from(Buffer.from(payment.txid, 'hex')).reverse());
  // Three outputs: index, height 102 doubled, amount, OP_TRUE.
  expect(wire.split(txid)).toHaveLength(2);
  expect(wire.split(txid)[1]?.startsWith('0300804c')).toBe(true);
});

test('an earlier block gives the same file as a chain that ends there', async () => {
  const whole = await chainOf([...base, paying, spending, mineOn(asParent(spending, 103))]);
  for (const [height, blocks] of [
    [101, base],
    [102, [...base, paying]],
    [103, [...base, paying, spending]],
    [0, []],
  ] as const) {
    const back = await dump(whole, height);
    const straight = await dump(await chainOf(blocks));
    expect(back.bytes).toEqual(straight.bytes);
    expect(back.summary).toEqual(straight.summary);
  }
  expect(whole.tip.ref.height).toBe(104);
});

test('a block off the chain is refused', async () => {
  const chain = await chainOf([...base, paying, spending]);
  const stray = mineOn(asParent(base.at(-1) as Block, 101));
  await chain.submitBlock(stray);
  const off = { hash: stray.hash, height: 102 };
  await expect(writeSnapshot(chain, off, () => undefined)).rejects.toThrow(RangeError);
});

test('bytes that are no snapshot are refused with the reason', () => {
  const header = encodeSnapshotHeader({
    messageStart: params.messageStart,
    baseHash: (base[0] as Block).hash,
    coinCount: 1n,
  });
  const changed = (at: number) =>
    Uint8Array.from(header, (byte, i) => (i === at ? byte ^ 1 : byte));
  expect(() => decodeSnapshotHeader(changed(0))).toThrow('magic bytes');
  expect(() => decodeSnapshotHeader(changed(5))).toThrow('Version of snapshot 3');
  expect(() => decodeSnapshotHeader(header.subarray(0, 20))).toThrow('end of data');
});
