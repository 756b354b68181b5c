/** What nearly all of validation consists of: digests, ids, merkle roots, decoding. */
import {
  Block,
  type BlockHash,
  BlockHeader,
  bytesToHex,
  hash160,
  merkleRoot,
  sha256d,
  Tx,
  type Txid,
} from '@coind/primitives';
import { type Result, repeat } from './measure.ts';

const TXS = 1000;

/** Runs the benchmark. */
export async function hashing(): Promise<readonly Result[]> {
  const block = bigBlock();
  const bytes = block.encode();
  const ids = block.txs.map((tx) => tx.txid);
  const short = bytes.subarray(0, 64);
  const header = bytes.subarray(0, 80);
  return [
    await repeat('sha256d of 64 bytes', 50_000, () => sha256d(short)),
    await repeat('sha256d of 80 bytes', 50_000, () => sha256d(header)),
    await repeat('hash160 of 64 bytes', 20_000, () => hash160(short)),
    await repeat('merkle root of 1 id', 50_000, () => merkleRoot(ids.slice(0, 1))),
    await repeat('merkle root of 2 ids', 20_000, () => merkleRoot(ids.slice(0, 2))),
    await repeat(`merkle root of ${TXS} ids`, 20, () => merkleRoot(ids)),
    await repeat(`decode ${TXS} transactions`, 20, () => Block.decode(bytes)),
    await repeat(`decode them and name them`, 20, () =>
      Block.decode(bytes).txs.map((tx) => [tx.txid, tx.wtxid]),
    ),
    await repeat(`encode them`, 20, () => new Block(block.header, block.txs.map(copyOf)).encode()),
  ];
}

const copyOf = (tx: Tx) => new Tx(tx);

/** A block of payments with one segwit input and two outputs each. */
function bigBlock(): Block {
  const txs = Array.from({ length: TXS }, (_, i) => {
    const name = bytesToHex(sha256d(new Uint8Array([i, i >> 8])));
    return new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: name as Txid, vout: 0 },
          scriptSig: new Uint8Array(0),
          sequence: 0xfffffffd,
          witness: [new Uint8Array(71).fill(i), new Uint8Array(33).fill(2)],
        },
      ],
      outputs: [
        { value: 100_000n, scriptPubKey: new Uint8Array(22).fill(i) },
        { value: 200_000n, scriptPubKey: new Uint8Array(34).fill(i) },
      ],
      locktime: 0,
    });
  });
  const fields = { version: 4, merkleRoot: '0'.repeat(64), time: 0, bits: 0x207fffff, nonce: 0 };
  const header = new BlockHeader({ ...fields, prevHash: '0'.repeat(64) as BlockHash });
  return new Block(header, txs);
}
