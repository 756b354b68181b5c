/** Blocks that are wrong in one way, with real (regtest) proof of work. */
import { hasProofOfWork } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  merkleRoot,
  Tx,
} from '@coind/primitives';

const params = chainParams('regtest') as ChainParams;

/** The fields of a header with some of them changed, and a nonce for them. */
export function mined(
  header: BlockHeader,
  changes: Partial<{ prevHash: BlockHash; merkleRoot: BlockHeader['merkleRoot']; time: number }>,
): BlockHeader {
  const { version, prevHash, merkleRoot: root, time, bits } = header;
  const fields = { version, prevHash, merkleRoot: root, time, bits, ...changes };
  for (let nonce = 0; ; nonce++) {
    const candidate = new BlockHeader({ ...fields, nonce });
    if (hasProofOfWork(candidate.hash, bits, params.powLimit)) return candidate;
  }
}

/** The same block, but its coinbase pays one satoshi more than it may. */
export function overpaid({ header, txs }: Block): Block {
  const [coinbase, ...others] = txs as [Tx, ...Tx[]];
  const [first, ...outputs] = coinbase.outputs;
  if (!first) throw new Error('a coinbase without outputs');
  const { version, inputs, locktime } = coinbase;
  const greedy = new Tx({
    version,
    inputs,
    outputs: [{ ...first, value: first.value + 1n }, ...outputs],
    locktime,
  });
  const all = [greedy, ...others];
  const { root } = merkleRoot(all.map(({ txid }) => txid));
  return new Block(mined(header, { merkleRoot: root }), all);
}

/** The same transactions under a header that commits to others. */
export function mutated({ header, txs }: Block): Block {
  const root = merkleRoot([...txs].map(({ txid }) => txid).concat(header.prevHash as never)).root;
  return new Block(mined(header, { merkleRoot: root }), [...txs]);
}

/** Headers on top of one, each with as little work as there can be; another branch for another `delay`. */
export function headersOn(start: BlockHeader, count: number, delay = 0): BlockHeader[] {
  const headers: BlockHeader[] = [];
  let last = start;
  for (let i = 1; i <= count; i++) {
    last = mined(last, { prevHash: last.hash, time: start.time + delay + i });
    headers.push(last);
  }
  return headers;
}
