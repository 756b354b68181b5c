import { witnessCommitmentOutput } from '@coind/consensus';
import {
  Block,
  BlockHeader,
  bytesToHex,
  DecodeError,
  hexToHash,
  merkleRoot,
  NO_VOUT,
  SEQUENCE_FINAL,
  SipHasher,
  sha256,
  Tx,
  type Txid,
  Writer,
  ZERO_HASH,
  ZERO_TXID,
} from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CompactBlock,
  compactBlockOf,
  decodeBlockTxn,
  decodeBlockTxnRequest,
  decodeCompactBlock,
  encodeBlockTxn,
  encodeBlockTxnRequest,
  encodeCompactBlock,
  isMutated,
  PartialBlock,
} from './compact-blocks.ts';

const segwit = { segwitActive: true };

/** A transaction unlike others by `n`, with a witness. */
function spend(n: number): Tx {
  const txid = n.toString(16).padStart(64, '0') as Txid;
  const witness = [Uint8Array.of(n & 0xff, 1)];
  return new Tx({
    version: 2,
    inputs: [{ prevout: { txid, vout: n }, scriptSig: new Uint8Array(0), sequence: 0, witness }],
    outputs: [{ value: BigInt(n), scriptPubKey: Uint8Array.of(0x51) }],
    locktime: 0,
  });
}

function blockOf(txs: readonly Tx[]): Block {
  const coinbaseOf = (outputs: Tx['outputs']): Tx =>
    new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: NO_VOUT },
          scriptSig: Uint8Array.of(1, 1),
          sequence: SEQUENCE_FINAL,
          witness: [new Uint8Array(32)],
        },
      ],
      outputs,
      locktime: 0,
    });
  const commitment = witnessCommitmentOutput([coinbaseOf([]), ...txs]);
  const all = [coinbaseOf([commitment]), ...txs];
  const { root } = merkleRoot(all.map(({ txid }) => txid));
  const fields = { version: 4, prevHash: ZERO_HASH, time: 1, bits: 0x207fffff, nonce: 0 };
  return new Block(new BlockHeader({ ...fields, merkleRoot: root }), all);
}

const txs = Array.from({ length: 40 }, (_, n) => spend(n + 1));
const block = blockOf(txs);
const compact = compactBlockOf(block, 0x0102030405060708n);

function begun(from: CompactBlock, pool: readonly Tx[], extra: readonly Tx[] = []): PartialBlock {
  const partial = PartialBlock.begin(from, pool, extra);
  if (typeof partial === 'string') throw new Error(partial);
  return partial;
}

describe('messages', () => {
  test('a compact block is read as it was written, whatever is prefilled', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(39)), (places) => {
        const prefilled = places
          .sort((a, b) => a - b)
          .map((index) => ({ index, tx: spend(index) }));
        const message = { ...compact, prefilled };
        const bytes = encodeCompactBlock(message);
        const read = decodeCompactBlock(bytes);
        expect(read.shortIds).toEqual(compact.shortIds);
        expect(read.nonce).toBe(compact.nonce);
        expect(read.header.hash).toBe(block.hash);
        expect(read.prefilled.map(({ index, tx }) => [index, tx.wtxid])).toEqual(
          prefilled.map(({ index, tx }) => [index, tx.wtxid]),
        );
        expect(bytesToHex(encodeCompactBlock(read))).toBe(bytesToHex(bytes));
      }),
    );
  });

  test('short ids are BIP152’s', () => {
    const seed = new Writer().bytes(block.header.encode()).u64(compact.nonce).finish();
    const hasher = new SipHasher(sha256(seed).subarray(0, 16));
    const wtxid = block.txs[7]?.wtxid ?? '';
    expect(BigInt(compact.shortIds[6] ?? 0)).toBe(hasher.hash(hexToHash(wtxid)) & 0xffffffffffffn);
    // 80 bytes of header, 8 of nonce, a count, six bytes each, a count, an index, the coinbase.
    const { length } = encodeCompactBlock(compact);
    expect(length).toBe(80 + 8 + 1 + 40 * 6 + 1 + 1 + (block.txs[0]?.size ?? 0));
  });

  test('a request names places by their distance', () => {
    const request = { blockHash: block.hash, indexes: [0, 1, 5, 300] };
    const bytes = encodeBlockTxnRequest(request);
    expect(bytesToHex(bytes.subarray(32))).toBe('04000003fd2601');
    expect(decodeBlockTxnRequest(bytes)).toEqual(request);
    const far = encodeBlockTxnRequest({ blockHash: block.hash, indexes: [0xffff] });
    expect(decodeBlockTxnRequest(far).indexes).toEqual([0xffff]);
    const beyond = encodeBlockTxnRequest({ blockHash: block.hash, indexes: [1, 0x10000] });
    expect(() => decodeBlockTxnRequest(beyond)).toThrow(DecodeError);
  });

  test('an answer is read as it was written', () => {
    const answer = { blockHash: block.hash, txs: txs.slice(3, 5) };
    const read = decodeBlockTxn(encodeBlockTxn(answer));
    expect(read.blockHash).toBe(block.hash);
    expect(read.txs.map((tx) => tx.wtxid)).toEqual(answer.txs.map((tx) => tx.wtxid));
  });

  test('too many transactions, or cut short', () => {
    const many = { ...compact, shortIds: new Array<number>(0xffff).fill(1) };
    expect(() => decodeCompactBlock(encodeCompactBlock(many))).toThrow('indexes overflowed');
    const bytes = encodeCompactBlock(compact);
    for (const end of [0, 80, 90, bytes.length - 1]) {
      expect(() => decodeCompactBlock(bytes.subarray(0, end))).toThrow(DecodeError);
    }
  });
});

test('changed bytes are refused or read, nothing else', () => {
  const parts = [
    { bytes: encodeCompactBlock(compact), decode: decodeCompactBlock },
    {
      bytes: encodeBlockTxn({ blockHash: block.hash, txs: txs.slice(0, 3) }),
      decode: decodeBlockTxn,
    },
    {
      bytes: encodeBlockTxnRequest({ blockHash: block.hash, indexes: [1, 5, 400] }),
      decode: decodeBlockTxnRequest,
    },
  ];
  const change = fc.tuple(fc.nat(2), fc.nat(), fc.nat(255), fc.nat());
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.nat(2), (changes, which) => {
      const { bytes, decode } = parts[which] as (typeof parts)[number];
      let changed = bytes.slice();
      for (const [kind, at, byte, length] of changes) {
        if (kind === 0) changed[at % changed.length] = byte;
        else if (kind === 1) changed = changed.subarray(0, 1 + (length % changed.length));
        else changed[32 + (at % 100)] = 0xff;
      }
      try {
        const read = decode(changed);
        if ('shortIds' in read) PartialBlock.begin(read, txs);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 500 },
  );
});

describe('putting a block together', () => {
  test('from the pool and what is asked for, whatever is missing', () => {
    fc.assert(
      fc.property(fc.subarray(txs), fc.subarray(txs), (pool, extra) => {
        const others = [spend(1000), spend(1001)];
        const partial = begun(compact, [...others, ...pool], extra);
        const have = new Set([...pool, ...extra]);
        const missing = block.txs.filter((tx, i) => i > 0 && !have.has(tx));
        expect(partial.missing().map((i) => block.txs[i])).toEqual(missing);
        expect(partial.counts.known).toBe(have.size);
        const whole = partial.complete(missing, segwit);
        expect(whole instanceof Block && whole.hash).toBe(block.hash);
      }),
    );
  });

  test('answers that are too few, too many or wrong', () => {
    const partial = begun(compact, txs.slice(2));
    expect(partial.txCount).toBe(41);
    expect(partial.complete([], segwit)).toBe('invalid');
    expect(partial.complete(txs.slice(0, 3), segwit)).toBe('invalid');
    expect(partial.complete([spend(77), spend(78)], segwit)).toBe('failed');
    expect(partial.complete(txs.slice(0, 2), segwit)).toBeInstanceOf(Block);
  });

  test('a witness that is not the committed one', () => {
    const changed = txs.map((tx, i) => {
      if (i > 0) return tx;
      const inputs = tx.inputs.map((input) => ({ ...input, witness: [Uint8Array.of(9)] }));
      return new Tx({ ...tx, inputs, outputs: tx.outputs });
    });
    const partial = begun(compact, txs.slice(1));
    expect(partial.complete(changed.slice(0, 1), segwit)).toBe('failed');
    expect(isMutated(new Block(block.header, [...block.txs]), true)).toBe(false);
  });

  test('one short id for two transactions of the block is an accident', () => {
    const [first = 0] = compact.shortIds;
    const shortIds = [first, ...compact.shortIds.slice(0, -1)];
    expect(PartialBlock.begin({ ...compact, shortIds }, txs)).toBe('failed');
  });

  test('two of ours with one short id: it is asked for', () => {
    const [first, second] = txs;
    if (!first || !second) throw new Error('two transactions');
    let reads = 0;
    // A stranger with the wtxid of none of ours but its short id cannot be found in reasonable time; the
    // same place offered twice with another wtxid shows the same thing.
    const twin = new Tx({ ...first, inputs: first.inputs, outputs: first.outputs });
    Object.defineProperty(twin, 'wtxid', {
      get: () => (reads++ === 0 ? first.wtxid : second.wtxid),
    });
    const partial = begun({ ...compact, shortIds: compact.shortIds.slice(0, 2) }, [first, twin]);
    expect(partial.missing()).toEqual([1, 2]);
    expect(partial.counts.known).toBe(0);
  });

  test.each([
    ['nothing at all', { shortIds: [], prefilled: [] }],
    ['a place beyond the block', { prefilled: [{ index: 41, tx: spend(1) }] }],
    ['a place beyond any block', { prefilled: [{ index: 0x10000, tx: spend(1) }] }],
    [
      'an empty transaction',
      {
        prefilled: [{ index: 0, tx: new Tx({ version: 1, inputs: [], outputs: [], locktime: 0 }) }],
      },
    ],
  ])('%s is no accident', (_, change) => {
    expect(PartialBlock.begin({ ...compact, ...change }, txs)).toBe('invalid');
  });
});

test('a block without a coinbase and with a transaction like a node of the tree is forged', () => {
  const small = new Tx({
    version: 1,
    inputs: [
      {
        prevout: { txid: '1'.repeat(64) as Txid, vout: 0 },
        scriptSig: new Uint8Array(0),
        sequence: 0,
        witness: [],
      },
    ],
    outputs: [{ value: 0n, scriptPubKey: new Uint8Array(4) }],
    locktime: 0,
  });
  expect(small.strippedSize).toBe(64);
  const header = new BlockHeader({ ...block.header, merkleRoot: small.txid });
  expect(isMutated(new Block(header, [small]), true)).toBe(true);
});
