/**
 * Making a payment: the checks of what is asked for, then the plan (`spend-plan.ts`: coins, change, fee), the locktime
 * and the signatures. Nothing is written here but the change script into the caller's unit of work.
 */
import { hexToBytes, Tx, type TxInput, type TxOutput } from '@coind/primitives';
import { isDust, MAX_STANDARD_WEIGHT } from '@coind/script';
import type { Candidate } from './coin-selection.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { checkFee, chooseFeeRate } from './fee-rate.ts';
import { chooseLocktime } from './locktime.ts';
import { SigningProvider, TxSigner } from './sign.ts';
import type { PreparedTx, Recipient, SpendOptions, SpendSurroundings } from './spend-options.ts';
import { SpendPlan } from './spend-plan.ts';
import { TrucCoins } from './truc-coins.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Makes and signs a payment inside `unit`. Throws `WalletError`. */
export async function prepareSpend(
  context: WalletContext,
  recipients: readonly Recipient[],
  options: SpendOptions,
  surroundings: SpendSurroundings,
  unit: UnitOfWork,
): Promise<PreparedTx> {
  const { source } = context;
  if (recipients.length === 0) throw new WalletError('no-recipients');
  for (const { amount, script } of recipients) {
    if (amount < 0n) throw new WalletError('invalid-amount');
    if (isDust({ value: amount, scriptPubKey: script }, source.dustRelayFeeRate)) {
      throw new WalletError('amount-too-small');
    }
  }
  const feeRate = chooseFeeRate(context, options, surroundings.payTxFee);
  const truc = await TrucCoins.of(context, options.version ?? 2);
  const plan = new SpendPlan(context, recipients, options, { ...surroundings, truc }, feeRate);
  const coins = await plan.chooseCoins();
  checkChain(context, coins);
  const { outputs, fee, changePosition } = plan.layOut(coins, unit);
  if (changePosition === undefined && context.options.changeKeysOf === 'bitcoind') {
    plan.change.passOver(unit, fee);
  }
  checkFee(context, fee);
  const inputs = plan.inputs(coins);
  const locktime = options.locktime ?? chooseLocktime(context, inputs);
  const unsigned = new Tx({ version: options.version ?? 2, inputs, outputs, locktime });
  const tx = options.unsigned
    ? unsigned
    : (signOwn(context, unsigned, coins) ?? signLater(context, unsigned, coins, options));
  if (!tx) throw new WalletError('signing-failed');
  const weight = options.unsigned ? plan.weightOf(coins, outputs) : tx.weight;
  if (weight > MAX_STANDARD_WEIGHT) throw new WalletError('transaction-too-large');
  return { tx, fee, feeRate, ...(changePosition !== undefined && { changePosition }) };
}

/** Refuses coins that hang together with more unconfirmed transactions than the mempool would take. */
function checkChain({ source, options }: WalletContext, coins: readonly Candidate[]): void {
  if (!options.rejectLongChains) return;
  const length = source.chainLength(coins.map(({ outpoint }) => outpoint.txid));
  if (length >= source.chainLimit) throw new WalletError('chain-too-long');
}

/** Signs with the tip's height where a locktime that was set back by chance is too early for a script (`after`). */
function signLater(
  context: WalletContext,
  { version, inputs, outputs, locktime }: Tx,
  coins: readonly Candidate[],
  options: SpendOptions,
): Tx | undefined {
  const { height } = context.source.tip();
  if (options.locktime !== undefined || locktime === 0 || locktime >= height) return undefined;
  return signOwn(context, new Tx({ version, inputs, outputs, locktime: height }), coins);
}

/** Signs every input; undefined when one cannot be. */
function signOwn({ keyring }: WalletContext, tx: Tx, coins: readonly Candidate[]): Tx | undefined {
  const provider = new SigningProvider();
  for (const script of new Set(coins.map((coin) => coin.script))) {
    const solution = keyring.solve(script, true);
    if (solution) provider.addSolution(solution);
  }
  const spent: TxOutput[] = coins.map(({ value, script }) => ({
    value,
    scriptPubKey: hexToBytes(script),
  }));
  const signer = new TxSigner({ tx, spent }, { provider });
  const inputs: TxInput[] = [];
  for (const [index, input] of tx.inputs.entries()) {
    const proof = signer.sign(index);
    if (proof.scriptSig.length === 0 && proof.witness.length === 0) return undefined;
    inputs.push({ ...input, ...proof });
  }
  return new Tx({ version: tx.version, inputs, outputs: tx.outputs, locktime: tx.locktime });
}
