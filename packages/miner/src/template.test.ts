import { type HeaderContext, headerContextOf, witnessCommitmentIndex } from '@coind/consensus';
import type { Chunk, Entry } from '@coind/mempool';
import {
  BlockHeader,
  bytesToHex,
  type ChainParams,
  chainParams,
  feeRate,
  merkleRoot,
  type Sats,
  Tx,
  type TxInput,
  type Txid,
} from '@coind/primitives';
import { expect, test } from 'vitest';
import { coinbaseTx } from './coinbase.ts';
import {
  type BlockTemplate,
  blockOf,
  emptyTemplate,
  minimumTime,
  selectEntries,
  templateDefaults,
} from './template.ts';

const regtest = chainParams('regtest') as ChainParams;
const script = new Uint8Array([0x51]);

/** A branch of `length` blocks on regtest's genesis, one every `spacing` seconds. */
function branch(length: number, spacing: number, version = 0x20000000): HeaderContext {
  const headers = [regtest.genesis.header];
  for (let height = 1; height <= length; height++) {
    const { hash, time, bits } = headers[height - 1] as BlockHeader;
    const fields = { version, merkleRoot: '00'.repeat(32), bits, nonce: 0 };
    headers.push(new BlockHeader({ ...fields, prevHash: hash, time: time + spacing }));
  }
  return headerContextOf(headers);
}

const onGenesis = (now: number): BlockTemplate =>
  emptyTemplate(branch(0, 0), now, templateDefaults, regtest);

let serial = 0;
function entryOf(weight: number, fee: Sats, sigopCost = 4, locktime = 0): Entry {
  const prevout = { txid: 'aa'.repeat(32) as Txid, vout: ++serial };
  const input: TxInput = { prevout, scriptSig: new Uint8Array(0), sequence: 0, witness: [] };
  // Made up to the weight by the script of its one output, behind one byte of length or three.
  const scriptPubKey = new Uint8Array(weight / 4 - (weight < 1_000 ? 60 : 62));
  const outputs = [{ value: 0n, scriptPubKey }];
  const tx = new Tx({ version: 2, inputs: [input], outputs, locktime });
  return {
    tx,
    fee,
    modifiedFee: fee,
    time: 0,
    height: 0,
    sequence: 0,
    sigopCost,
    weight: tx.weight,
    vsize: tx.vsize,
    spent: [],
    parents: new Set(),
    children: new Set(),
    unbroadcast: false,
  };
}

function chunkOf(cluster: object, ...entries: Entry[]): Chunk {
  let fee = 0n;
  let size = 0;
  for (const entry of entries) {
    fee += entry.fee;
    size += entry.weight;
  }
  // The template reads what an entry is, never how the pool keeps it.
  return { fee, size, entries, prefixSize: size, cluster, lastTxid: '' } as unknown as Chunk;
}

test('a new block signals while testdummy is undecided', () => {
  const versions = [0, 142, 143, 200].map(
    (length) => emptyTemplate(branch(length, 600), 0, templateDefaults, regtest).version,
  );
  expect(versions).toEqual([0x20000000, 0x20000000, 0x30000000, 0x30000000]);
  const forced = { ...templateDefaults, version: 7 };
  expect(emptyTemplate(branch(0, 0), 0, forced, regtest).version).toBe(7);
});

test('time is the clock, but later than the median', () => {
  const parent = branch(20, 600);
  expect(minimumTime(parent, regtest)).toBe(parent.medianTimePast + 1);
  expect(emptyTemplate(parent, 0, templateDefaults, regtest).time).toBe(parent.medianTimePast + 1);
  expect(emptyTemplate(parent, 2e9, templateDefaults, regtest).time).toBe(2e9);
});

test('the first block of a period is at most ten minutes before the last one of the period before', () => {
  // 143 blocks, then one far ahead: the median stays behind.
  const parent = branch(142, 1);
  const headers: BlockHeader[] = [];
  for (let height = 0; height <= 142; height++)
    headers.push(parent.ancestor(height)?.header as BlockHeader);
  const last = headers[142] as BlockHeader;
  headers.push(new BlockHeader({ ...last, prevHash: last.hash, time: last.time + 5_000 }));
  expect(minimumTime(headerContextOf(headers), regtest)).toBe(last.time + 5_000 - 600);
});

test('a coinbase holds the height, pays once and commits to the witnesses', () => {
  const hexOf = (height: number): string => {
    const tx = coinbaseTx({ height, value: 5n, scriptPubKey: script, txs: [] }, regtest);
    expect(tx).toMatchObject({ version: 2, locktime: height - 1 });
    expect(tx.inputs[0]?.sequence).toBe(0xfffffffe);
    expect(tx.outputs[0]).toEqual({ value: 5n, scriptPubKey: script });
    expect(witnessCommitmentIndex(tx)).toBe(1);
    return bytesToHex(tx.inputs[0]?.scriptSig ?? script);
  };
  const fields = { height: 7, value: 5n, scriptPubKey: script, txs: [], isFinal: true };
  const final = coinbaseTx(fields, regtest);
  expect([final.locktime, final.inputs[0]?.sequence]).toEqual([0, 0xffffffff]);
  expect([1, 16, 17, 127, 128, 65_536].map(hexOf)).toEqual([
    '5100',
    '6000',
    '0111',
    '017f',
    '028000',
    '03000001',
  ]);
  const early = { ...regtest, buried: { ...regtest.buried, segwit: 500 } };
  const plain = coinbaseTx({ height: 499, value: 5n, scriptPubKey: script, txs: [] }, early);
  // bitcoind commits even where nothing may prove it yet.
  expect(plain.outputs).toHaveLength(2);
  expect(plain.hasWitness).toBe(false);
});

test('chunks go in as long as weight and sigops allow; the rest of a cluster waits', () => {
  const [one, two, three] = [{}, {}, {}];
  const first = chunkOf(one, entryOf(2_000, 9_000n), entryOf(2_000, 9_000n));
  const big = chunkOf(two, entryOf(8_000, 20_000n));
  const rest = chunkOf(two, entryOf(400, 800n));
  const last = chunkOf(three, entryOf(400, 700n));
  const options = { ...templateDefaults, maxWeight: 20_000 };
  const chosen = selectEntries([first, big, rest, last], onGenesis(0), options);
  expect(chosen.entries).toEqual([...first.entries, ...last.entries]);
  expect(chosen).toMatchObject({ fees: 18_700n, weight: 12_400, sigopCost: 412 });
  const heavy = chunkOf({}, entryOf(400, 900n, 79_600));
  expect(selectEntries([heavy, last], onGenesis(0), options).entries).toEqual(last.entries);
});

test('a chunk that is not final yet waits, and so does what pays too little', () => {
  const early = chunkOf({}, entryOf(400, 900n, 4, 1));
  const ready = chunkOf({}, entryOf(400, 900n, 4, 0));
  expect(selectEntries([early, ready], onGenesis(0), templateDefaults).entries).toEqual(
    ready.entries,
  );
  const options = { ...templateDefaults, minFee: feeRate(10_000n) };
  const edge = chunkOf({}, entryOf(400, 1_000n));
  expect(selectEntries([edge, ready], onGenesis(0), options).entries).toEqual(edge.entries);
});

test('the block of a template commits to its transactions', () => {
  const { tx } = entryOf(400, 10n);
  const template = onGenesis(1_700_000_000);
  const block = blockOf(template, script, regtest, { txs: [tx] });
  expect(block.txs).toHaveLength(2);
  expect(block.header).toMatchObject({
    prevHash: regtest.genesis.hash,
    time: 1_700_000_000,
    bits: 0x207fffff,
    nonce: 0,
    merkleRoot: merkleRoot(block.txs.map(({ txid }) => txid)).root,
  });
  expect(block.txs[0]?.outputs[0]?.value).toBe(5_000_000_000n);
});
