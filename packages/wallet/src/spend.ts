/**
 * Making a payment: fee rate, coins, change, locktime, signatures. Reads coins from the ends of an index
 * by value, a bounded number of them, so a wallet with a million coins pays as fast as one with ten.
 * Nothing is written here but the change script into the caller's unit of work.
 */
import type { ScriptSolution } from '@coind/descriptors';
import {
  bytesToHex,
  type FeeRate,
  feeFor,
  hexToBytes,
  type OutPoint,
  outpointKey,
  type Sats,
  Tx,
  type TxInput,
  type TxOutput,
} from '@coind/primitives';
import {
  classifyOutput,
  dustThreshold,
  isDust,
  MAX_STANDARD_WEIGHT,
  type OutputType,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  witnessProgram,
} from '@coind/script';
import type { AddressType } from './address-type.ts';
import type { BumpFees } from './chain-source.ts';
import type { ChosenFeeRate } from './chosen-fee-rate.ts';
import {
  type Candidate,
  type Goal,
  LargestFirst,
  selectCloser,
  selectExact,
  selectSingle,
} from './coin-selection.ts';
import type { ValueRange } from './coins-by-value.ts';
import { type WalletContext, walletHeight } from './context.ts';
import { WalletError } from './errors.ts';
import {
  checkFee,
  chooseFeeRate,
  discardRate,
  type FeeWish,
  formatFee,
  greater,
  lesser,
} from './fee-rate.ts';
import {
  type InputSize,
  inputVsize,
  outputSize,
  signedInputSize,
  signedVsize,
  signedWeight,
  sizeOfWeight,
} from './input-size.ts';
import { InputSizes } from './input-sizes.ts';
import { type InputProof, SigningProvider, TxSigner } from './sign.ts';
import {
  EMPTY_TOTALS,
  type ScriptHex,
  type ScriptRow,
  UNSPENT_GROUPS,
  WATCHED_GROUP,
} from './tables.ts';
import { TRUC_CHILD_MAX_WEIGHT, TRUC_MAX_WEIGHT, TRUC_VERSION, TrucCoins } from './truc-coins.ts';
import type { UnitOfWork } from './unit-of-work.ts';

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

/** Coins of the lower end of the index that branch and bound looks at. */
const EXACT_WINDOW = 60;
const SINGLE_WINDOW = 16;
/** More inputs than this make no standard transaction. */
const MAX_INPUTS = 2000;
/** Signals that the transaction may be replaced (BIP125). */
export const RBF_SEQUENCE = 0xfffffffd;
/** Signals nothing, and lets the locktime count. */
export const NON_FINAL_SEQUENCE = 0xfffffffe;
/** A tip older than this is no reason to fear fee sniping, and would only mark the wallet. */
const STALE_TIP_SECONDS = 8 * 60 * 60;

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
    plan.passOverChange(unit, fee);
  }
  checkFee(context, fee);
  const inputs = plan.inputs(coins);
  const locktime = options.locktime ?? chooseLocktime(context, inputs);
  const unsigned = new Tx({ version: options.version ?? 2, inputs, outputs, locktime });
  const tx = options.unsigned ? unsigned : signOwn(context, unsigned, coins);
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

/** The tip's height, now and then a bit less, so a miner gains nothing by undoing the tip. */
export function chooseLocktime(
  { source, random }: WalletContext,
  inputs: readonly Pick<TxInput, 'sequence'>[],
): number {
  // Who chose a sequence of another meaning chose the locktime with it.
  const isUsual = ({ sequence }: Pick<TxInput, 'sequence'>): boolean =>
    sequence === RBF_SEQUENCE || sequence === NON_FINAL_SEQUENCE;
  if (!inputs.every(isUsual)) return 0;
  const tip = source.tip();
  if (tip.time < source.now() - STALE_TIP_SECONDS) return 0;
  return random.below(10) === 0 ? Math.max(0, tip.height - random.below(100)) : tip.height;
}

function signOwn({ keyring }: WalletContext, tx: Tx, coins: readonly Candidate[]): Tx {
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
  const inputs = tx.inputs.map((input, index) => {
    const proof = signer.sign(index);
    if (proof.scriptSig.length === 0 && proof.witness.length === 0) {
      throw new WalletError('signing-failed');
    }
    return { ...input, ...proof };
  });
  return new Tx({ version: tx.version, inputs, outputs: tx.outputs, locktime: tx.locktime });
}

/** A coin that may be spent. */
interface Coin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly script: ScriptHex;
  /** -1 while unconfirmed. */
  readonly height: number;
}

const NO_BUMP_FEES: BumpFees = { of: () => 0n, combined: () => 0n };

/** One payment while it is being planned. */
class SpendPlan {
  readonly #context: WalletContext;
  readonly #recipients: readonly Recipient[];
  readonly #options: SpendOptions;
  readonly #surroundings: SpendSurroundings & { readonly truc: TrucCoins };
  #preset: readonly Candidate[] = [];
  /** Whether there are coins that nobody knows how to spend, and some that may not be spent now. */
  #hasUnsolvable = false;
  #isChoosy = false;
  readonly #feeRate: ChosenFeeRate;
  readonly #discardRate: FeeRate;
  /** Unconfirmed coins that hang together with more transactions are left alone for now. */
  #longestChain = 0;
  /** What such coins are worth. */
  #heldBack: Sats = 0n;
  readonly #sizes: InputSizes;
  readonly #inputFees = new Map<InputSize, Sats>();
  readonly #changeType: AddressType;
  readonly #subtracting: boolean;
  readonly #sent: Sats;

  constructor(
    context: WalletContext,
    recipients: readonly Recipient[],
    options: SpendOptions,
    surroundings: SpendSurroundings & { readonly truc: TrucCoins },
    feeRate: ChosenFeeRate,
  ) {
    this.#context = context;
    this.#sizes = new InputSizes(context);
    this.#recipients = recipients;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#feeRate = feeRate;
    this.#discardRate = discardRate(context);
    this.#changeType = options.changeType ?? chooseChangeType(context, recipients);
    this.#subtracting = recipients.some(({ subtractFee }) => subtractFee === true);
    this.#sent = recipients.reduce((sum, { amount }) => sum + amount, 0n);
  }

  #feeOf(vsize: number): Sats {
    return feeFor(this.#feeRate.rate, vsize);
  }

  get #recipientOutputs(): TxOutput[] {
    return this.#recipients.map(({ amount, script }) => ({ value: amount, scriptPubKey: script }));
  }

  /** A script as long as the change script will be. */
  get #changePattern(): Uint8Array {
    return this.#options.changeScript ?? patternOf(this.#changeType);
  }

  /** The least change worth having. */
  get #minChange(): Sats {
    const output = { value: 0n, scriptPubKey: this.#changePattern };
    return dustThreshold(output, this.#discardRate);
  }

  get #goal(): Goal {
    const changeFee = this.#feeOf(outputSize({ scriptPubKey: this.#changePattern }));
    // Ten bytes frame a transaction, two of them (a quarter each) only in segwit ones.
    const frame = this.#recipientOutputs.reduce((size, output) => size + outputSize(output), 11);
    return {
      target: this.#subtracting ? this.#sent : this.#sent + this.#feeOf(frame),
      changeFloor: changeFee + this.#minChange,
      costOfChange: changeFee + this.#minChange,
    };
  }

  /** Chooses coins that pay for it all, in random order. Throws `WalletError`. */
  async chooseCoins(): Promise<Candidate[]> {
    const preset = await this.#presetCoins();
    this.#preset = preset;
    const addInputs = this.#options.addInputs ?? preset.length === 0;
    const goal = this.#goal;
    if (goal.target === 0n && preset.length === 0) {
      throw new WalletError(
        'no-recipients',
        'Transaction requires one destination of non-zero value, a non-zero feerate, or a pre-selected input',
      );
    }
    const covered = preset.reduce((sum, coin) => sum + coin.effective, 0n);
    if (covered >= goal.target && preset.length > 0) return preset;
    if (!addInputs) throw new WalletError('preselected-insufficient');
    const left = { ...goal, target: goal.target - covered };
    const taken = new Set(preset.map(({ outpoint }) => outpointKey(outpoint)));
    const chosen = await this.#select(left, taken);
    const { below } = this.#context.random;
    if (this.#options.unsigned) return [...preset, ...shuffle(chosen, below)];
    return shuffle([...preset, ...chosen], below);
  }

  async #select(goal: Goal, taken: ReadonlySet<string>): Promise<Candidate[]> {
    const { confirmed = 1, trusted = 0, pending = 2 } = UNSPENT_GROUPS;
    const groups = [confirmed];
    if (this.#context.options.spendUnconfirmedChange) groups.push(trusted);
    if (this.#options.includeUnsafe) groups.push(pending);
    if (this.#options.includeWatched) groups.push(...groups.map((group) => group + WATCHED_GROUP));
    this.#checkWeightBound();
    let available = 0n;
    for (let used = 1; used <= groups.length; used++) {
      const within = groups.slice(0, used);
      for (this.#longestChain of this.#chainLengths) {
        const found = await this.#selectWithin(within, goal, taken);
        if (Array.isArray(found)) return found;
        available = found.available;
        if (this.#heldBack === 0n) break;
      }
    }
    if (available + this.#heldBack > this.#sent && this.#heldBack > 0n) {
      throw new WalletError(
        'chain-too-long',
        'Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the mempool',
      );
    }
    // Coins that nobody knows how to spend could have helped, if they were known to cost nothing.
    if (this.#hasUnsolvable) throw new WalletError('missing-solving-data');
    throw this.#shortage(available);
  }

  /** How many transactions an unconfirmed coin may hang together with, in order of preference. */
  get #chainLengths(): readonly number[] {
    const { chainLimit } = this.#context.source;
    const third = Math.min(4, Math.floor(chainLimit / 3));
    const lengths = [2, third, Math.floor(chainLimit / 2), chainLimit - 1].sort((a, b) => a - b);
    return this.#context.options.rejectLongChains
      ? lengths
      : [...lengths, Number.POSITIVE_INFINITY];
  }

  async #selectWithin(
    groups: readonly number[],
    goal: Goal,
    taken: ReadonlySet<string>,
  ): Promise<Candidate[] | { available: Sats }> {
    const below: Candidate[] = [];
    const above: Candidate[] = [];
    for (const group of groups) {
      // An input costs something itself, so exact matches lie a little above the target too.
      const most = goal.target + goal.costOfChange + this.#feeOf(MAX_INPUT_VSIZE);
      below.push(...(await this.#some(group, { atMost: most }, EXACT_WINDOW, taken)));
      above.push(...(await this.#some(group, { atLeast: goal.target }, SINGLE_WINDOW, taken)));
    }
    const exact = selectExact(below, goal);
    if (exact && !this.#isTooHeavy(exact)) return exact;
    const single = selectSingle(above, goal);
    const closer = this.#context.options.closestCoins && selectCloser(below, goal, single);
    const few = closer || single;
    if (few && !this.#isTooHeavy(few)) return few;
    const largest = new LargestFirst(goal);
    this.#heldBack = 0n;
    // Coins that cost more than they are worth pay for nothing, but are not why there is too little.
    let idle = 0n;
    for (const group of groups) {
      let isEnough = false;
      await this.#visit(group, {}, taken, (coin) => {
        if (largest.chosen.length > MAX_INPUTS) return false;
        if (coin.effective <= 0n) {
          idle += coin.value;
          return idle < this.#sent;
        }
        isEnough = largest.add(coin);
        return !isEnough;
      });
      if (isEnough) return this.#checkedWeight(largest.chosen);
    }
    if (largest.chosen.length > MAX_INPUTS) throw new WalletError('inputs-too-heavy');
    if (largest.suffices) return this.#checkedWeight(largest.chosen);
    return { available: sumOf(largest.chosen) + idle };
  }

  /** The most that the transaction may weigh, with such coins. */
  #maxWeight(coins: readonly Candidate[]): number {
    const { maxWeight = MAX_STANDARD_WEIGHT, version } = this.#options;
    if (version !== TRUC_VERSION) return maxWeight;
    const { coins: rows } = this.#context.tables;
    const isChild = coins.some(({ outpoint }) => (rows.getSync(outpoint)?.height ?? 0) < 0);
    return Math.min(maxWeight, isChild ? TRUC_CHILD_MAX_WEIGHT : TRUC_MAX_WEIGHT);
  }

  /** Refuses a bound that leaves no room for coins. */
  #checkWeightBound(): void {
    const frame = this.#recipientOutputs.reduce((size, output) => size + outputSize(output), 11);
    const left = this.#maxWeight([]) - 4 * frame;
    if (left <= 0) {
      throw new WalletError(
        'transaction-too-large',
        'Maximum transaction weight is less than transaction weight without inputs',
      );
    }
    if (left < 4 * outputSize({ scriptPubKey: this.#changePattern })) {
      throw new WalletError(
        'transaction-too-large',
        'Maximum transaction weight is too low, can not accommodate change output',
      );
    }
  }

  /** What the transaction weighs once signed. */
  weightOf(
    coins: readonly Candidate[],
    outputs: readonly Pick<TxOutput, 'scriptPubKey'>[],
  ): number {
    const sizes = coins.map(({ size }) => size);
    return signedWeight(sizes, outputs);
  }

  #isTooHeavy(chosen: readonly Candidate[]): boolean {
    const coins = [...this.#preset, ...chosen];
    const outputs = [...this.#recipientOutputs, { scriptPubKey: this.#changePattern }];
    return this.weightOf(coins, outputs) > this.#maxWeight(coins);
  }

  #checkedWeight(chosen: Candidate[]): Candidate[] {
    if (!this.#isTooHeavy(chosen)) return chosen;
    throw new WalletError(this.#preset.length > 0 ? 'combination-too-heavy' : 'inputs-too-heavy');
  }

  /** The first `count` coins of a group that may be spent. */
  async #some(
    group: number,
    range: ValueRange,
    count: number,
    taken: ReadonlySet<string>,
  ): Promise<Candidate[]> {
    const found: Candidate[] = [];
    await this.#visit(group, { ...range, about: count }, taken, (coin) => {
      found.push(coin);
      return found.length < count;
    });
    return found;
  }

  /** Shows coins of a group that may be spent, by value, until `visit` answers false. */
  async #visit(
    group: number,
    range: ValueRange,
    taken: ReadonlySet<string>,
    visit: (coin: Candidate) => boolean,
  ): Promise<void> {
    const { coins, source } = this.#context;
    const { minConfirmations: least = 0, maxConfirmations: most = Number.POSITIVE_INFINITY } =
      this.#options;
    const tip = walletHeight(this.#context);
    await coins.walk(group, range, ({ outpoint, value, row: { script, height, owner } }) => {
      const isTaken = taken.size > 0 && taken.has(outpointKey(outpoint));
      if (isTaken || this.#surroundings.isLocked(outpoint)) return true;
      const confirmations = height < 0 ? 0 : tip - height + 1;
      const isWrongAge = confirmations < least || confirmations > most;
      if (isWrongAge || (height < 0 && !this.#surroundings.truc.allows(outpoint))) {
        this.#isChoosy = true;
        return true;
      }
      if (height < 0) {
        if (source.chainLength([outpoint.txid]) > this.#longestChain) {
          this.#heldBack += value;
          return true;
        }
      }
      const candidate = this.#candidate({ outpoint, value, script, height }, owner);
      if (!candidate) this.#hasUnsolvable = true;
      return candidate ? visit(candidate) : true;
    });
  }

  #candidate(
    coin: Coin,
    owner: ScriptRow | undefined = this.#context.keyring.owner(undefined, coin.script),
  ): Candidate | undefined {
    if (!owner) return this.#withSolution(coin, this.#context.keyring.known.solve(coin.script));
    const size = this.#sizes.of(owner, coin.script);
    return size && this.#sized(coin, size);
  }

  #sized({ outpoint, value, script, height }: Coin, size: InputSize): Candidate {
    const bump = height < 0 ? this.#bumpFees([outpoint]).of(outpoint) : 0n;
    const cost = this.#subtracting ? 0n : this.#inputFee(size) + bump;
    return { outpoint, value, script, size, bump, effective: value - cost };
  }

  /** What an input costs; most coins of a wallet are spent by inputs of one size. */
  #inputFee(size: InputSize): Sats {
    let fee = this.#inputFees.get(size);
    if (fee === undefined) {
      fee = this.#feeOf(inputVsize(size));
      this.#inputFees.set(size, fee);
    }
    return fee;
  }

  #bumpFees(outpoints: readonly OutPoint[]): BumpFees {
    const { source, options } = this.#context;
    if (options.payForAncestors === false) return NO_BUMP_FEES;
    return source.bumpFees(outpoints, this.#feeRate.rate);
  }

  /** What has to be paid for unconfirmed ancestors of these coins. */
  #bumpOf(coins: readonly Candidate[]): Sats {
    const preset = new Set(this.#preset);
    const sumOfBumps = (some: readonly Candidate[]) =>
      some.reduce((sum, { bump }) => sum + bump, 0n);
    const named = coins.filter((coin) => preset.has(coin));
    const chosen = coins.filter(({ bump }) => bump > 0n).filter((coin) => !preset.has(coin));
    const apart = sumOfBumps(chosen);
    if (chosen.length < 2) return sumOfBumps(named) + apart;
    const together = this.#bumpFees(chosen.map(({ outpoint }) => outpoint)).combined();
    // Ancestors that chosen coins share are paid for once.
    return sumOfBumps(named) + lesser(together, apart);
  }

  async #presetCoins(): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const { txid, vout, weight } of this.#options.inputs ?? []) {
      const outpoint = { txid, vout };
      const row = this.#context.tables.coins.getSync(outpoint);
      const coin = row ? { ...row, outpoint } : await this.#foreignCoin(outpoint);
      if (coin.height < 0) this.#surroundings.truc.check(outpoint);
      const candidate =
        weight === undefined
          ? (this.#candidate(coin) ?? this.#foreign(coin))
          : this.#sized(coin, sizeOfWeight(weight));
      if (!candidate) {
        const text = `Not solvable pre-selected input COutPoint(${txid.slice(0, 10)}, ${vout})`;
        throw new WalletError('missing-solving-data', text);
      }
      found.push(candidate);
    }
    return found;
  }

  async #foreignCoin(outpoint: OutPoint): Promise<Coin> {
    const { source } = this.#context;
    const [coin] = await source.coins([outpoint]);
    if (!coin) {
      const text = 'Unable to find UTXO for external input';
      throw new WalletError('invalid-input', text, { outpoint: outpointKey(outpoint) });
    }
    const { value, scriptPubKey } = coin.output;
    const height = source.inMempool(outpoint.txid) ? -1 : coin.height;
    return { outpoint, value, script: bytesToHex(scriptPubKey), height };
  }

  /** A coin of somebody else, where the caller said how it is spent. */
  #foreign(coin: Coin): Candidate | undefined {
    const solution = this.#options.foreign?.find(
      ({ scriptPubKey }) => bytesToHex(scriptPubKey) === coin.script,
    );
    return this.#withSolution(coin, solution);
  }

  #withSolution(coin: Coin, solution: ScriptSolution | undefined): Candidate | undefined {
    const size = solution && signedInputSize(solution, this.#context.options.ecdsaSize);
    return size && this.#sized(coin, size);
  }

  /** Why there are not enough coins. */
  #shortage(available: Sats): WalletError {
    const { totals, watchedTotals } = this.#context.tables;
    const tables = this.#options.includeWatched ? [totals, watchedTotals] : [totals];
    const balance = tables.reduce((sum, table) => {
      const { confirmed, trusted } = table.getSync(undefined) ?? EMPTY_TOTALS;
      return sum + confirmed + trusted;
    }, 0n);
    if (this.#sent > balance) return new WalletError('insufficient-funds');
    if (this.#sent > balance - this.#surroundings.lockedValue()) {
      return new WalletError('coins-unavailable');
    }
    // Coins that may not be chosen (too young, of another version) are as good as locked.
    if (this.#isChoosy && this.#sent > available) return new WalletError('coins-unavailable');
    const fee = formatFee(this.#goal.target - this.#sent);
    return new WalletError(
      'fee-exceeds-balance',
      `The total exceeds your balance when the ${fee} transaction fee is included.`,
    );
  }

  /** Outputs with change where there is any, and the exact fee. */
  layOut(
    coins: readonly Candidate[],
    unit: UnitOfWork,
  ): { outputs: TxOutput[]; fee: Sats; changePosition?: number } {
    const sizes = coins.map(({ size }) => size);
    const total = sumOf(coins);
    const outputs = this.#recipientOutputs;
    const { totalFee } = this.#options;
    const bump = this.#bumpOf(coins);
    const bareFee = totalFee ?? this.#feeOf(signedVsize(sizes, outputs)) + bump;
    const pattern = { value: 0n, scriptPubKey: this.#changePattern };
    const changeFee = totalFee ?? this.#feeOf(signedVsize(sizes, [...outputs, pattern])) + bump;
    const spare = total - this.#sent - (this.#subtracting ? 0n : changeFee);
    if (spare >= this.#minChange && spare > 0n) {
      const position = this.#changePosition(outputs.length);
      if (this.#subtracting) this.#subtractFee(outputs, changeFee);
      outputs.splice(position, 0, { value: spare, scriptPubKey: this.#takeChangeScript(unit) });
      return { outputs, fee: changeFee, changePosition: position };
    }
    const excess = total - this.#sent;
    if (!this.#subtracting) {
      if (excess < bareFee) throw this.#shortage(total);
      return { outputs, fee: excess };
    }
    // What is too little for change pays part of the fee.
    if (bareFee > excess) this.#subtractFee(outputs, bareFee - excess);
    return { outputs, fee: greater(bareFee, excess) };
  }

  #changePosition(outputs: number): number {
    const { changePosition } = this.#options;
    if (changePosition === undefined) return this.#context.random.below(outputs + 1);
    if (changePosition > outputs) throw new WalletError('invalid-change-position');
    return changePosition;
  }

  #takeChangeScript(unit: UnitOfWork): Uint8Array {
    if (this.#options.changeScript) return this.#options.changeScript;
    try {
      return hexToBytes(this.#context.keyring.handOut(unit, this.#changeType, true));
    } catch (error) {
      if (!(error instanceof WalletError)) throw error;
      throw new WalletError(
        'no-change-address',
        `Transaction needs a change address, but we can't generate it. ${error.message}`,
      );
    }
  }

  /**
   * Leaves out the change addresses that bitcoind takes for a payment and does not give back when there is no
   * change: one, and another one when it looks whether coins of one address could go together.
   */
  passOverChange(unit: UnitOfWork, fee: Sats): void {
    const { keyring } = this.#context;
    if (this.#options.changeScript || !keyring.canHandOut(true)) return;
    // 0.16 gave back what it had reserved.
    if (keyring.dependsOnPool) return;
    const attempts = fee > 0n ? 2 : 1;
    try {
      for (let i = 0; i < attempts; i++) keyring.handOut(unit, this.#changeType, true);
    } catch (error) {
      // Without keys there is nothing to leave out.
      if (!(error instanceof WalletError)) throw error;
    }
  }

  /** Splits the fee evenly over those who pay it; the first pays what does not divide. */
  #subtractFee(outputs: TxOutput[], fee: Sats): void {
    const payers = this.#recipients.flatMap(({ subtractFee }, i) => (subtractFee ? [i] : []));
    const share = fee / BigInt(payers.length);
    const rest = fee % BigInt(payers.length);
    payers.forEach((payer, nth) => {
      const output = outputs[payer] as TxOutput;
      const value = output.value - share - (nth === 0 ? rest : 0n);
      const reduced = { ...output, value };
      if (isDust(reduced, this.#context.source.dustRelayFeeRate)) {
        throw value < 0n
          ? new WalletError('amount-too-small-for-fee')
          : new WalletError(
              'amount-too-small-for-fee',
              'The transaction amount is too small to send after the fee has been deducted',
            );
      }
      outputs[payer] = reduced;
    });
  }

  /** Unsigned inputs. */
  inputs(coins: readonly Candidate[]): TxInput[] {
    const replaceable = this.#options.replaceable ?? this.#context.options.replaceable;
    const sequence = replaceable ? RBF_SEQUENCE : NON_FINAL_SEQUENCE;
    const given = new Map(this.#options.inputs?.map((input) => [outpointKey(input), input]));
    return coins.map(({ outpoint }) => {
      const own = given.get(outpointKey(outpoint));
      return {
        prevout: outpoint,
        scriptSig: own?.proof?.scriptSig ?? new Uint8Array(0),
        sequence: own?.sequence ?? sequence,
        witness: own?.proof?.witness ?? [],
      };
    });
  }
}

/** Vsize of the largest single-key input: P2PKH with an uncompressed key. */
const MAX_INPUT_VSIZE = 180;

function sumOf(coins: readonly Candidate[]): Sats {
  return coins.reduce((sum, { value }) => sum + value, 0n);
}

function patternOf(type: AddressType): Uint8Array {
  const hash = new Uint8Array(20);
  switch (type) {
    case 'legacy':
      return p2pkh(hash);
    case 'p2sh-segwit':
      return p2sh(hash);
    case 'bech32':
      return p2wpkh(hash);
    case 'bech32m':
      return p2tr(new Uint8Array(32));
  }
}

/** Which own addresses look like which outputs. */
const lookalikes: readonly (readonly [OutputType, AddressType])[] = [
  ['witness_v1_taproot', 'bech32m'],
  ['witness_v0_keyhash', 'bech32'],
  ['scripthash', 'p2sh-segwit'],
  ['pubkeyhash', 'legacy'],
];

/** Change that looks like what is paid, so that it does not stand out; else the newest kind there is. */
function chooseChangeType(
  { options, keyring }: WalletContext,
  recipients: readonly Recipient[],
): AddressType {
  if (options.changeType) return options.changeType;
  if (options.addressType === 'legacy') return 'legacy';
  if (keyring.dependsOnPool) return earlyChangeType(options.addressType, recipients);
  const active = new Set(
    keyring.list().flatMap(({ row }) => (row.active && row.internal && row.type ? [row.type] : [])),
  );
  const types = new Set(recipients.map(({ script }) => classifyOutput(script).type));
  const alike = lookalikes.flatMap(([type, own]) => (types.has(type) ? [own] : []));
  const wanted: readonly AddressType[] = [...alike, 'bech32m', 'bech32'];
  return wanted.find((type) => active.has(type)) ?? options.addressType;
}

/** 0.16's choice, for wallets whose keys have addresses of every type it knew: segwit's among segwit's. */
function earlyChangeType(usual: AddressType, recipients: readonly Recipient[]): AddressType {
  const toWitness = recipients.some(({ script }) => witnessProgram(script) !== undefined);
  return toWitness || usual === 'bech32m' ? 'bech32' : usual;
}

function shuffle<T>(items: T[], below: (limit: number) => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
