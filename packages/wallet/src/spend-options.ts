/** What a payment is asked for, and what comes of it: the types of `spend.ts` and of those who call it. */
import type { ScriptSolution } from '@coind/descriptors';
import type { OutPoint, Sats, Tx } from '@coind/primitives';
import type { AddressType } from './address-type.ts';
import type { ChosenFeeRate } from './chosen-fee-rate.ts';
import type { FeeWish } from './fee-rate.ts';
import type { InputProof } from './sign.ts';

/** Whom to pay. */
export interface Recipient {
  readonly script: Uint8Array;
  readonly amount: Sats;
  /** Takes its share of the fee from the amount. */
  readonly subtractFee?: boolean;
}

/** A coin to spend whatever else is chosen. */
export interface ChosenInput extends OutPoint {
  readonly sequence?: number | undefined;
  /** Weight units of the signed input, for who knows better or where nobody else knows. */
  readonly weight?: number | undefined;
  /** What somebody has put there to spend it, right or not. */
  readonly proof?: InputProof;
}

/** How to pay. */
export interface SpendOptions extends FeeWish {
  readonly changeType?: AddressType;
  readonly changeScript?: Uint8Array;
  readonly changePosition?: number;
  /** Coins to spend whatever else is chosen. */
  readonly inputs?: readonly ChosenInput[];
  /** How to spend coins among `inputs` that are not the wallet's. */
  readonly foreign?: readonly ScriptSolution[];
  /** May coins be added to `inputs`? True unless `inputs` are given. */
  readonly addInputs?: boolean;
  readonly locktime?: number;
  /** Also spends unconfirmed coins from others. */
  readonly includeUnsafe?: boolean;
  /** Also spends watched coins: for transactions that somebody else signs. */
  readonly includeWatched?: boolean;
  /** Least confirmations of chosen coins. */
  readonly minConfirmations?: number;
  /** The exact fee, whatever the rate says. */
  readonly totalFee?: Sats;
  /** The most the signed transaction may weigh. */
  readonly maxWeight?: number;
  /** The transaction's version; 2 unless told otherwise. */
  readonly version?: number;
  /** Most confirmations of chosen coins. */
  readonly maxConfirmations?: number;
  /** Nobody signs it yet, and `inputs` stay in front, in their order: somebody may have meant it. */
  readonly unsigned?: boolean;
}

/** A payment, signed and not yet told to anybody. */
export interface PreparedTx {
  readonly tx: Tx;
  readonly fee: Sats;
  readonly feeRate: ChosenFeeRate;
  readonly changePosition?: number;
}

/** What a payment needs besides the wallet's own parts. */
export interface SpendSurroundings {
  /** Coins the user keeps from being spent. */
  readonly isLocked: (outpoint: OutPoint) => boolean;
  readonly payTxFee: ChosenFeeRate['rate'];
  /** Sum of locked coins, to tell "no money" from "no coins at hand". */
  readonly lockedValue: () => Sats;
}
