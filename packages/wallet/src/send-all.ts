/**
 * Spending everything: all coins at hand, or those that are named, to some recipients with amounts and to others
 * who share what is left after the fee. There is no change, and no choice of coins but by what they cost to spend.
 */
import {
  bytesToHex,
  type FeeRate,
  feeFor,
  type OutPoint,
  type Sats,
  Tx,
  type TxInput,
  type TxOutput,
} from '@coind/primitives';
import { isDust, MAX_STANDARD_WEIGHT } from '@coind/script';
import { addressOf, type WalletContext, walletHeight } from './context.ts';
import { WalletError } from './errors.ts';
import { checkFee, chooseFeeRate, type FeeWish } from './fee-rate.ts';
import { type InputSize, inputVsize, signedVsize, signedWeight } from './input-size.ts';
import { InputSizes } from './input-sizes.ts';
import { chooseLocktime, NON_FINAL_SEQUENCE, RBF_SEQUENCE } from './locktime.ts';
import { isOfReplacement } from './replacements.ts';
import type { ChosenInput, PreparedTx, SpendSurroundings } from './spend-options.ts';
import { UNSPENT_GROUPS } from './tables.ts';
import { TRUC_CHILD_MAX_WEIGHT, TRUC_MAX_WEIGHT, TRUC_VERSION, TrucCoins } from './truc-coins.ts';

/** Whom to pay: an amount, or a share of what is left. */
export interface Share {
  readonly script: Uint8Array;
  readonly amount?: Sats;
}

/** How to spend everything. */
export interface SendAllOptions extends FeeWish {
  /** Only these coins. */
  readonly inputs?: readonly ChosenInput[];
  /** Leaves coins behind that cost more than they are worth. */
  readonly skipUneconomic?: boolean;
  readonly minConfirmations?: number;
  readonly maxConfirmations?: number;
  readonly locktime?: number;
  readonly version?: number;
}

interface Coin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly size: InputSize | undefined;
  readonly sequence: number;
  /** -1 while unconfirmed. */
  readonly height: number;
}

/** The transaction that spends everything, unsigned. Throws `WalletError`. */
export async function planSendAll(
  context: WalletContext,
  shares: readonly Share[],
  options: SendAllOptions,
  surroundings: SpendSurroundings,
): Promise<PreparedTx> {
  const feeRate = chooseFeeRate(context, options, surroundings.payTxFee);
  const { rate } = feeRate;
  const truc = await TrucCoins.of(context, options.version ?? 2);
  const coins = options.inputs
    ? namedCoins(context, options.inputs, truc)
    : await allCoins(context, { ...options, rate, truc }, surroundings);
  const sizes = coins.map(({ size }) => size ?? refuseUnsolvable());
  const patterns = shares.map(({ script }) => ({ scriptPubKey: script }));
  const ownFee = feeFor(rate, signedVsize(sizes, patterns));
  const outpoints = coins.map(({ outpoint }) => outpoint);
  const fee = ownFee + context.source.bumpFees(outpoints, rate).combined();
  const total = coins.reduce((sum, { value }) => sum + value, 0n);
  checkFee(context, ownFee);
  checkWorth(total - fee, options);
  if (signedWeight(sizes, patterns) > maxWeight(options, coins)) {
    throw new WalletError('transaction-too-large', 'Transaction too large.');
  }
  const outputs = divide(context, shares, total, fee);
  const inputs: TxInput[] = coins.map(({ outpoint, sequence }) => ({
    prevout: outpoint,
    scriptSig: new Uint8Array(0),
    sequence,
    witness: [],
  }));
  const locktime = options.locktime ?? chooseLocktime(context, inputs);
  return { tx: new Tx({ version: options.version ?? 2, inputs, outputs, locktime }), fee, feeRate };
}

function maxWeight({ version }: SendAllOptions, coins: readonly Coin[]): number {
  if (version !== TRUC_VERSION) return MAX_STANDARD_WEIGHT;
  return coins.some(({ height }) => height < 0) ? TRUC_CHILD_MAX_WEIGHT : TRUC_MAX_WEIGHT;
}

function refuseUnsolvable(): never {
  throw new WalletError(
    'missing-solving-data',
    'Unable to determine the size of the transaction, the wallet contains unsolvable descriptors',
  );
}

function checkWorth(value: Sats, { skipUneconomic }: SendAllOptions): void {
  if (value > 0n) return;
  const text = skipUneconomic
    ? 'Total value of UTXO pool too low to pay for transaction, try using lower feerate.'
    : "Total value of UTXO pool too low to pay for transaction. Try using lower feerate or excluding uneconomic UTXOs with 'send_max' option.";
  throw new WalletError('insufficient-funds', text);
}

function sequenceFor({ options }: WalletContext, { replaceable }: FeeWish): number {
  return (replaceable ?? options.replaceable) ? RBF_SEQUENCE : NON_FINAL_SEQUENCE;
}

/** The coins that the caller named, which must be the wallet's and unspent. */
function namedCoins(
  context: WalletContext,
  inputs: readonly ChosenInput[],
  truc: TrucCoins,
): Coin[] {
  const { tables, keyring } = context;
  const sizes = new InputSizes(context);
  return inputs.map(({ txid, vout, sequence = RBF_SEQUENCE }) => {
    const outpoint = { txid, vout };
    const coin = tables.coins.getSync(outpoint);
    if (coin?.class === 'spent' || coin?.class === 'nonmempool') {
      throw new WalletError(
        'invalid-input',
        `Input not available. UTXO (${txid}:${vout}) was already spent.`,
      );
    }
    const owner = coin && keyring.owner(undefined, coin.script);
    if (!coin || !owner) {
      throw new WalletError(
        'invalid-input',
        `Input not found. UTXO (${txid}:${vout}) is not part of wallet.`,
      );
    }
    const { value, script, height } = coin;
    if (height < 0) truc.check(outpoint);
    return { outpoint, value, size: sizes.of(owner, script), sequence, height };
  });
}

/** Every trusted coin that nobody keeps from being spent. */
async function allCoins(
  context: WalletContext,
  { rate, truc, ...options }: SendAllOptions & { rate: FeeRate; truc: TrucCoins },
  { isLocked }: SpendSurroundings,
): Promise<Coin[]> {
  const { minConfirmations = 0, maxConfirmations = Number.POSITIVE_INFINITY } = options;
  const { confirmed = 1, trusted = 0 } = UNSPENT_GROUPS;
  const groups = context.options.spendUnconfirmedChange ? [confirmed, trusted] : [confirmed];
  const tip = walletHeight(context);
  const sizes = new InputSizes(context);
  const sequence = sequenceFor(context, options);
  const found: Coin[] = [];
  for (const group of groups) {
    const rows = context.tables.unspent.entries({ prefix: [group] });
    for await (const [[, value, outpoint], { height, owner, script }] of rows) {
      const confirmations = height < 0 ? 0 : tip - height + 1;
      if (confirmations < minConfirmations || confirmations > maxConfirmations) continue;
      if (isLocked(outpoint)) continue;
      if (height < 0 && (!truc.allows(outpoint) || isOfReplacement(context, outpoint))) continue;
      const size = owner && sizes.of(owner, script);
      const isUneconomic = size !== undefined && feeFor(rate, inputVsize(size)) > value;
      if (options.skipUneconomic && isUneconomic) continue;
      found.push({ outpoint, value, size, sequence, height });
    }
  }
  return found;
}

/** What everybody gets; the first of those who share takes what does not divide. */
function divide(
  { source, params }: WalletContext,
  shares: readonly Share[],
  total: Sats,
  fee: Sats,
): TxOutput[] {
  const claimed = shares.reduce((sum, { amount = 0n }) => sum + amount, 0n);
  if (claimed > total) {
    throw new WalletError(
      'insufficient-funds',
      'Assigned more value to outputs than available funds.',
    );
  }
  const left = total - fee - claimed;
  if (left < 0n) {
    throw new WalletError(
      'insufficient-funds',
      'Insufficient funds for fees after creating specified outputs.',
    );
  }
  const heirs = BigInt(shares.filter(({ amount }) => amount === undefined).length);
  let rest = left % heirs;
  return shares.map(({ script, amount }) => {
    const value = amount ?? left / heirs + rest;
    if (amount === undefined) rest = 0n;
    const output = { value, scriptPubKey: script };
    if (!isDust(output, source.dustRelayFeeRate)) return output;
    if (amount === undefined) {
      throw new WalletError(
        'insufficient-funds',
        'Dynamically assigned remainder results in dust output.',
      );
    }
    throw new WalletError(
      'amount-too-small',
      `Specified output amount to ${addressOf(bytesToHex(script), params)} is below dust threshold.`,
    );
  });
}
