/**
 * The pool's settings as data, with bitcoind's defaults. Which option of the command line sets which
 * of them is the daemon's table.
 */
import { type FeeRate, feeRate } from '@coind/primitives';

/** Settings of a pool; all policy, no consensus. */
export interface MempoolOptions {
  /** False takes transactions of any shape, as long as they are valid (`-acceptnonstdtxn`). */
  readonly requireStandard: boolean;
  /** Below this a transaction is not worth relaying (`-minrelaytxfee`). */
  readonly minRelayFee: FeeRate;
  /** What a replacement pays on top, and the step of the fee floor (`-incrementalrelayfee`). */
  readonly incrementalFee: FeeRate;
  /** At this rate an output must be worth spending (`-dustrelayfee`). */
  readonly dustFee: FeeRate;
  /** Bytes of memory, about (`-maxmempool`, there in millions). */
  readonly maxBytes: number;
  /** Bytes of memory, about, that a reorganisation brings back at most, oldest first. */
  readonly returningBytes: number;
  /** Seconds after which a transaction is dropped (`-mempoolexpiry`, there in hours). */
  readonly expirySeconds: number;
  /** Transactions of a cluster (`-limitclustercount`). */
  readonly clusterCount: number;
  /** Virtual bytes of a cluster (`-limitclustersize`, there in thousands). */
  readonly clusterVbytes: number;
  /** Bytes of OP_RETURN outputs in one transaction; undefined forbids them (`-datacarriersize`). */
  readonly dataCarrierBytes: number | undefined;
  /** `-permitbaremultisig`. */
  readonly permitBareMultisig: boolean;
  /** Virtual bytes that one signature operation counts as (`-bytespersigop`). */
  readonly bytesPerSigop: number;
  /** Which transactions may be replaced: today all, up to 0.16 those that said so (BIP125). */
  readonly replaceable: 'all' | 'signalling';
}

/** bitcoind's defaults. */
export const mempoolDefaults: MempoolOptions = {
  requireStandard: true,
  minRelayFee: feeRate(100n),
  incrementalFee: feeRate(100n),
  dustFee: feeRate(3_000n),
  maxBytes: 300_000_000,
  returningBytes: 20_000_000,
  expirySeconds: 336 * 60 * 60,
  clusterCount: 64,
  clusterVbytes: 101_000,
  dataCarrierBytes: 100_000,
  permitBareMultisig: true,
  bytesPerSigop: 20,
  replaceable: 'all',
};
