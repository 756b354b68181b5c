/**
 * Replacing an unconfirmed payment by one that pays more (BIP125): which ones may be, at what rate, and
 * what the replacement pays to whom. Making and sending it is the wallet's ordinary spending.
 */
import {
  bytesToHex,
  type FeeRate,
  feeFor,
  feeRate,
  type Sats,
  Tx as Transaction,
  type Tx,
  type TxInput,
  type Txid,
  type TxOutput,
} from '@coind/primitives';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { chooseFeeRate, type FeeWish, formatFee, greater } from './fee-rate.ts';
import { viewTransaction } from './history.ts';
import {
  type InputSize,
  largestWeight,
  signedInputSize,
  signedVsize,
  sizeOfWeight,
} from './input-size.ts';
import type { ChosenInput, Recipient, SpendOptions } from './spend-options.ts';

/** How to replace. */
export interface BumpOptions extends FeeWish {
  readonly replaceable?: boolean;
  /** Pays these instead of what the original paid. */
  readonly outputs?: readonly TxOutput[];
  /** The output of the original that takes the difference. */
  readonly changeIndex?: number;
  /** The exact new fee. */
  readonly totalFee?: Sats;
  /** Refuse what does not signal BIP125. */
  readonly onlySignalling?: boolean;
  /** Coins of others may be among those it spends: they will sign. */
  readonly othersCoins?: boolean;
}

/** A replacement as it is to be made. */
export interface BumpPlan {
  readonly original: Tx;
  readonly oldFee: Sats;
  readonly recipients: readonly Recipient[];
  readonly options: SpendOptions;
}

/** Added to the original's rate where the caller asks for none, sat/kvB: ahead of what relays ask for. */
const WALLET_INCREMENT = feeRate(5000n);

/** Plans the replacement of a wallet transaction. Throws `WalletError` for what may not be replaced. */
export async function planBump(
  context: WalletContext,
  txid: Txid,
  options: BumpOptions,
  payTxFee: FeeRate,
): Promise<BumpPlan> {
  const { tables, source } = context;
  const { outputs, changeIndex } = options;
  if (outputs && changeIndex !== undefined) {
    throw new WalletError(
      'bump-parameter',
      "The options 'outputs' and 'original_change_index' are incompatible. You can only either specify a new set of outputs, or designate a change output to be recycled.",
    );
  }
  const bytes = tables.txBytes.getSync(txid);
  if (!bytes) throw new WalletError('unknown-transaction');
  const original = Transaction.decode(bytes);
  if (changeIndex !== undefined && changeIndex >= original.outputs.length) {
    throw new WalletError('bump-parameter', 'Change position is out of range');
  }
  const coins = await source.coins(original.inputs.map(({ prevout }) => prevout));
  const inputValue = coins.reduce((sum, coin, index) => {
    if (coin) return sum + coin.output.value;
    const { prevout } = original.inputs[index] as (typeof original.inputs)[number];
    throw new WalletError('bump-spent', `${prevout.txid}:${prevout.vout} is already spent`);
  }, 0n);
  checkBumpable(context, txid, original, options);
  const oldFee = inputValue - sumOf(original.outputs);
  const wanted = outputs ?? original.outputs;
  const { recipients, changeScript } = splitOutputs(context, wanted, changeIndex);
  const rate = chooseRate(context, original, wanted, oldFee, options, payTxFee);
  return {
    original,
    oldFee,
    recipients,
    options: {
      feeRate: rate,
      ...(options.totalFee !== undefined && { totalFee: options.totalFee }),
      replaceable: options.replaceable ?? true,
      ...(changeScript && { changeScript }),
      // All of them: two replacements without a common coin could both confirm.
      inputs: original.inputs.map((input) => spentAgain(context, input)),
      addInputs: true,
      minConfirmations: 1,
    },
  };
}

/** A coin that the replacement spends; of others' coins nobody knows more than how they were spent before. */
function spentAgain({ tables }: WalletContext, input: TxInput): ChosenInput {
  const { prevout } = input;
  return tables.coins.getSync(prevout) ? prevout : { ...prevout, weight: largestWeight(input) };
}

function sumOf(outputs: readonly TxOutput[]): Sats {
  return outputs.reduce((sum, { value }) => sum + value, 0n);
}

/** Nothing may build on it, no block may have decided, and every coin must be the wallet's. */
function checkBumpable(
  context: WalletContext,
  txid: Txid,
  original: Tx,
  { onlySignalling, othersCoins }: BumpOptions,
): void {
  const { tables } = context;
  const { outputs, inputs } = original;
  const children = outputs.flatMap((_, vout) => tables.spends.getSync({ txid, vout }) ?? []);
  if (children.some((child) => !isGivenUp(tables, child))) {
    throw new WalletError('bump-parameter', 'Transaction has descendants in the wallet');
  }
  if (outputs.some((_, vout) => context.source.spender({ txid, vout }) !== undefined)) {
    throw new WalletError('bump-parameter', 'Transaction has descendants in the mempool');
  }
  const { confirmations, row, replaceable } = viewTransaction(context, txid);
  if (confirmations !== 0) throw new WalletError('bump-refused');
  if (onlySignalling && replaceable !== 'yes') {
    throw new WalletError('bump-refused', 'Transaction is not BIP 125 replaceable');
  }
  if (row.replacedBy !== undefined) {
    throw new WalletError(
      'bump-refused',
      `Cannot bump transaction ${txid} which was already bumped by transaction ${row.replacedBy}`,
    );
  }
  if (!othersCoins && inputs.some(({ prevout }) => !tables.coins.getSync(prevout))) {
    throw new WalletError(
      'bump-refused',
      "Transaction contains inputs that don't belong to this wallet",
    );
  }
}

function isGivenUp({ txs }: WalletContext['tables'], txid: Txid): boolean {
  const state = txs.getSync(txid)?.state;
  return state?.kind === 'inactive' && state.abandoned;
}

/** Whom the replacement pays, and the script its change goes to. */
function splitOutputs(
  { tables, keyring }: WalletContext,
  outputs: readonly TxOutput[],
  changeIndex: number | undefined,
): { recipients: readonly Recipient[]; changeScript?: Uint8Array } {
  const isChange = ({ scriptPubKey }: TxOutput, index: number): boolean => {
    if (changeIndex !== undefined) return index === changeIndex;
    const script = bytesToHex(scriptPubKey);
    return keyring.owner(undefined, script) !== undefined && !tables.book.getSync(script);
  };
  const changeScript = outputs.findLast(isChange)?.scriptPubKey;
  const recipients = outputs
    .filter((output, index) => !isChange(output, index))
    .map(({ scriptPubKey, value }) => ({ script: scriptPubKey, amount: value }));
  if (recipients.length > 0 || !changeScript) {
    return { recipients, ...(changeScript && { changeScript }) };
  }
  // Coins sent to oneself: what is not paid as a fee stays where it is.
  return { recipients: [{ script: changeScript, amount: sumOf(outputs), subtractFee: true }] };
}

function chooseRate(
  context: WalletContext,
  original: Tx,
  outputs: readonly TxOutput[],
  oldFee: Sats,
  options: BumpOptions,
  payTxFee: FeeRate,
): FeeRate {
  const { source } = context;
  const increment = source.incrementalFeeRate;
  const { totalFee } = options;
  if (options.feeRate === undefined && totalFee === undefined) {
    const before = feeRate((oldFee * 1000n) / BigInt(original.vsize) + 1n);
    const raised = feeRate(before + greater(increment, WALLET_INCREMENT));
    return greater(raised, chooseFeeRate(context, options, payTxFee).rate);
  }
  const size = signedVsize(inputSizes(context, original), outputs);
  const newFee = totalFee ?? feeFor(options.feeRate as FeeRate, size);
  const least = oldFee + feeFor(increment, size);
  if (newFee < least) {
    throw new WalletError(
      'bump-parameter',
      `Insufficient total fee ${formatFee(newFee)}, must be at least ${formatFee(least)} (oldFee ${formatFee(oldFee)} + incrementalFee ${formatFee(feeFor(increment, size))})`,
    );
  }
  const { maxFee } = context.options;
  if (newFee > maxFee) {
    throw new WalletError(
      'bump-refused',
      `Specified or calculated fee ${formatFee(newFee)} is too high (cannot be higher than -maxtxfee ${formatFee(maxFee)})`,
    );
  }
  return options.feeRate ?? feeRate((newFee * 1000n) / BigInt(size));
}

function inputSizes({ tables, keyring, options }: WalletContext, { inputs }: Tx): InputSize[] {
  return inputs.map((input) => {
    const script = tables.coins.getSync(input.prevout)?.script;
    if (script === undefined) return sizeOfWeight(largestWeight(input));
    const solution = keyring.solve(script, false);
    const size = solution && signedInputSize(solution, options.ecdsaSize);
    if (!size) throw new WalletError('missing-solving-data');
    return size;
  });
}
