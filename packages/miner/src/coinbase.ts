/**
 * The coinbase transaction, byte for byte as today's bitcoind makes it: version 2, nothing but the
 * height in its scriptSig (BIP34; OP_0 behind it while that is one byte), locktime one below the height
 * and a sequence that makes it count, the witness commitment (BIP141) as last output.
 */

import { isBuriedActive, WITNESS_RESERVED_VALUE, witnessCommitmentOutput } from '@coind/consensus';
import { type ChainParams, NO_VOUT, type Sats, Tx, ZERO_TXID } from '@coind/primitives';
import { buildScript, OP } from '@coind/script';

/** What goes into a coinbase. */
export interface CoinbaseFields {
  readonly height: number;
  /** Subsidy and fees. */
  readonly value: Sats;
  /** Who is paid. */
  readonly scriptPubKey: Uint8Array;
  /** The other transactions of the block, to whose witnesses it commits. */
  readonly txs: readonly Tx[];
  /** Without a locktime, as 0.16 made it; today it is locked below its height (BIP54). */
  readonly isFinal?: boolean;
  /** A number that makes it another transaction: pushed behind the height, as in 2011. */
  readonly extraNonce?: number;
}

/** Locktime is on, replacement signalling off. */
const SEQUENCE = 0xfffffffe;
const FINAL_SEQUENCE = 0xffffffff;
/** Heights that a single opcode pushes: too short for a scriptSig alone. */
const LAST_ONE_BYTE_HEIGHT = 16;

/** The coinbase of a block at `height`. */
export function coinbaseTx(fields: CoinbaseFields, params: ChainParams): Tx {
  const { height, value, scriptPubKey, txs, extraNonce, isFinal = false } = fields;
  const padding = height <= LAST_ONE_BYTE_HEIGHT ? [OP.OP_0] : [];
  const more = extraNonce === undefined ? padding : [BigInt(extraNonce)];
  const input = {
    prevout: { txid: ZERO_TXID, vout: NO_VOUT },
    scriptSig: buildScript([BigInt(height), ...more]),
    sequence: isFinal ? FINAL_SEQUENCE : SEQUENCE,
  };
  const reward = { value, scriptPubKey };
  const locktime = isFinal ? 0 : height - 1;
  const plain = new Tx({
    version: 2,
    inputs: [{ ...input, witness: [] }],
    outputs: [reward],
    locktime,
  });
  // The commitment is there before anybody asks for it; what proves it is not allowed to be.
  const isProved = isBuriedActive('segwit', height, params);
  return new Tx({
    version: 2,
    inputs: [{ ...input, witness: isProved ? [WITNESS_RESERVED_VALUE] : [] }],
    outputs: [reward, witnessCommitmentOutput([plain, ...txs])],
    locktime,
  });
}
