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
import { dustThreshold, isDust, p2pkh, p2sh, p2tr, p2wpkh, witnessProgram } from '@coind/script';
import type { AddressType } from './address-type.ts';
import type { ChosenFeeRate } from './chosen-fee-rate.ts';
import {
  type Candidate,
  type Goal,
  LargestFirst,
  selectCloser,
  selectExact,
  selectSingle,
} from './coin-selection.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { checkFee, chooseFeeRate, discardRate, type FeeWish, greater } from './fee-rate.ts';
import {
  type InputSize,
  inputVsize,
  outputSize,
  signedInputSize,
  signedVsize,
} from './input-size.ts';
import { lazily } from './lazily.ts';
import { SigningProvider, TxSigner } from './sign.ts';
import {
  EMPTY_TOTALS,
  type ScriptHex,
  type ScriptRow,
  UNSPENT_GROUPS,
  WATCHED_GROUP,
} from './tables.ts';
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

const MAX_STANDARD_WEIGHT = 400_000;
/** Coins of the lower end of the index that branch and bound looks at. */
const EXACT_WINDOW = 60;
const SINGLE_WINDOW = 16;
/** More inputs than this make no standard transaction. */
const MAX_INPUTS = 2000;
const RBF_SEQUENCE = 0xfffffffd;
const NON_FINAL_SEQUENCE = 0xfffffffe;
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
  const plan = new SpendPlan(context, recipients, options, surroundings, feeRate);
  const coins = await plan.chooseCoins();
  checkChain(context, coins);
  const { outputs, fee, changePosition } = plan.layOut(coins, unit);
  checkFee(context, fee);
  const inputs = plan.inputs(coins);
  const locktime = options.locktime ?? chooseLocktime(context);
  const unsigned = new Tx({ version: options.version ?? 2, inputs, outputs, locktime });
  const tx = options.unsigned ? unsigned : signOwn(context, unsigned, coins);
  if (tx.weight > (options.maxWeight ?? MAX_STANDARD_WEIGHT))
    throw new WalletError('transaction-too-large');
  return { tx, fee, feeRate, ...(changePosition !== undefined && { changePosition }) };
}

/** Refuses coins that hang together with more unconfirmed transactions than the mempool would take. */
function checkChain({ source, options }: WalletContext, coins: readonly Candidate[]): void {
  if (!options.rejectLongChains) return;
  const length = source.chainLength(coins.map(({ outpoint }) => outpoint.txid));
  if (length >= source.chainLimit) throw new WalletError('chain-too-long');
}

/** The tip's height, now and then a bit less, so a miner gains nothing by undoing the tip. */
function chooseLocktime({ source, random }: WalletContext): number {
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

/** One payment while it is being planned. */
class SpendPlan {
  readonly #context: WalletContext;
  readonly #recipients: readonly Recipient[];
  readonly #options: SpendOptions;
  readonly #surroundings: SpendSurroundings;
  readonly #feeRate: ChosenFeeRate;
  readonly #discardRate: FeeRate;
  /** Unconfirmed coins that hang together with more transactions are left alone for now. */
  #longestChain = 0;
  /** What such coins are worth. */
  #heldBack: Sats = 0n;
  readonly #sizes = new Map<string, InputSize | undefined>();
  readonly #changeType: AddressType;
  readonly #subtracting: boolean;
  readonly #sent: Sats;

  constructor(
    context: WalletContext,
    recipients: readonly Recipient[],
    options: SpendOptions,
    surroundings: SpendSurroundings,
    feeRate: ChosenFeeRate,
  ) {
    this.#context = context;
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
    const addInputs = this.#options.addInputs ?? preset.length === 0;
    const goal = this.#goal;
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
      const small = this.#coins(group, { atMost: most, about: EXACT_WINDOW }, taken);
      for await (const coin of take(small, EXACT_WINDOW)) below.push(coin);
      const large = this.#coins(group, { atLeast: goal.target, about: SINGLE_WINDOW }, taken);
      for await (const coin of take(large, SINGLE_WINDOW)) above.push(coin);
    }
    const exact = selectExact(below, goal);
    if (exact) return exact;
    const single = selectSingle(above, goal);
    const closer = this.#context.options.closestCoins && selectCloser(below, goal, single);
    if (closer || single) return (closer || single) as Candidate[];
    const largest = new LargestFirst(goal);
    this.#heldBack = 0n;
    for (const group of groups) {
      for await (const coin of this.#coins(group, {}, taken)) {
        if (coin.effective <= 0n || largest.chosen.length > MAX_INPUTS) break;
        if (largest.add(coin)) return largest.chosen;
      }
    }
    if (largest.chosen.length > MAX_INPUTS) throw new WalletError('transaction-too-large');
    if (largest.suffices) return largest.chosen;
    return { available: sumOf(largest.chosen) };
  }

  /**
   * Coins of a group by value: from `atLeast` upwards, else downwards from `atMost` or the top; `about`
   * so many are wanted.
   */
  async *#coins(
    group: number,
    range: { atMost?: Sats; atLeast?: Sats; about?: number },
    taken: ReadonlySet<string>,
  ): AsyncGenerator<Candidate> {
    const { unspent } = this.#context.tables;
    const upwards = range.atLeast !== undefined;
    const start: [number, Sats, OutPoint] = [group, range.atLeast ?? 0n, FIRST_OUTPOINT];
    const end: [number, Sats, OutPoint] = [group, range.atMost ?? MAX_VALUE, LAST_OUTPOINT];
    const { minConfirmations: minimum = 0, maxConfirmations: most = Number.POSITIVE_INFINITY } =
      this.#options;
    const tip = this.#context.tables.position.getSync(undefined)?.height ?? -1;
    const found = lazily(unspent, { gte: start, lte: end, reverse: !upwards }, range.about);
    for await (const [[, value, outpoint], { script, height, owner }] of found) {
      if (taken.has(outpointKey(outpoint)) || this.#surroundings.isLocked(outpoint)) continue;
      const confirmations = height < 0 ? 0 : tip - height + 1;
      if (confirmations < minimum || confirmations > most) continue;
      if (height < 0 && this.#context.source.chainLength([outpoint.txid]) > this.#longestChain) {
        this.#heldBack += value;
        continue;
      }
      const candidate = this.#candidate(outpoint, value, script, owner);
      if (candidate) yield candidate;
    }
  }

  #candidate(
    outpoint: OutPoint,
    value: Sats,
    script: ScriptHex,
    owner: ScriptRow | undefined = this.#context.keyring.owner(undefined, script),
  ): Candidate | undefined {
    const { keyring, options } = this.#context;
    if (!owner) return this.#withSolution(outpoint, value, script, keyring.known.solve(script));
    // Scripts of one descriptor and one length are spent by inputs of one size.
    const name = `${owner.descriptor}/${script.length}`;
    if (!this.#sizes.has(name)) {
      const solution = keyring.solutionOf(owner, script);
      this.#sizes.set(name, solution && signedInputSize(solution, options.ecdsaSize));
    }
    const size = this.#sizes.get(name);
    if (!size) return undefined;
    return { outpoint, value, script, size, effective: value - this.#inputFee(size) };
  }

  async #presetCoins(): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const input of this.#options.inputs ?? []) {
      const { txid, vout, weight } = input;
      const outpoint = { txid, vout };
      const coin =
        this.#context.tables.coins.getSync(outpoint) ?? (await this.#foreignCoin(outpoint));
      const size = weight === undefined ? undefined : sizeOfWeight(weight);
      const { value, script } = coin;
      const candidate = size
        ? { outpoint, value, script, size, effective: value - this.#inputFee(size) }
        : (this.#candidate(outpoint, value, script) ?? this.#foreign(outpoint, value, script));
      if (!candidate) throw new WalletError('missing-solving-data');
      found.push(candidate);
    }
    return found;
  }

  async #foreignCoin(outpoint: OutPoint): Promise<{ value: Sats; script: ScriptHex }> {
    const [coin] = await this.#context.source.coins([outpoint]);
    if (!coin) {
      const text = 'Unable to find UTXO for external input';
      throw new WalletError('invalid-input', text, { outpoint: outpointKey(outpoint) });
    }
    return { value: coin.output.value, script: bytesToHex(coin.output.scriptPubKey) };
  }

  /** A coin of somebody else, where the caller said how it is spent. */
  #foreign(outpoint: OutPoint, value: Sats, script: ScriptHex): Candidate | undefined {
    const solution = this.#options.foreign?.find(
      ({ scriptPubKey }) => bytesToHex(scriptPubKey) === script,
    );
    return this.#withSolution(outpoint, value, script, solution);
  }

  #withSolution(
    outpoint: OutPoint,
    value: Sats,
    script: ScriptHex,
    solution: ScriptSolution | undefined,
  ): Candidate | undefined {
    const size = solution && signedInputSize(solution, this.#context.options.ecdsaSize);
    return size && { outpoint, value, script, size, effective: value - this.#inputFee(size) };
  }

  #inputFee(size: InputSize): Sats {
    return this.#subtracting ? 0n : this.#feeOf(inputVsize(size));
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
    // Coins that may not be chosen (too young, others' unconfirmed ones) are as good as locked.
    if (this.#sent > available) return new WalletError('coins-unavailable');
    const fee = this.#goal.target - this.#sent;
    return new WalletError('fee-exceeds-balance', undefined, { fee });
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
    const bareFee = totalFee ?? this.#feeOf(signedVsize(sizes, outputs));
    const pattern = { value: 0n, scriptPubKey: this.#changePattern };
    const changeFee = totalFee ?? this.#feeOf(signedVsize(sizes, [...outputs, pattern]));
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
    const own = new Map(this.#options.inputs?.map((input) => [outpointKey(input), input.sequence]));
    return coins.map(({ outpoint }) => ({
      prevout: outpoint,
      scriptSig: new Uint8Array(0),
      sequence: own.get(outpointKey(outpoint)) ?? sequence,
      witness: [],
    }));
  }
}

/** An input without scriptSig that weighs `weight`. */
function sizeOfWeight(weight: number): InputSize {
  const base = 41;
  return { base, witness: weight - 4 * base };
}

const MAX_VALUE = 1n << 62n;
/** Vsize of the largest single-key input: P2PKH with an uncompressed key. */
const MAX_INPUT_VSIZE = 180;
const FIRST_OUTPOINT = { txid: '0'.repeat(64), vout: 0 } as OutPoint;
const LAST_OUTPOINT = { txid: 'f'.repeat(64), vout: 0xffffffff } as OutPoint;

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

/** Change that looks like what is paid, so that it does not stand out. */
function chooseChangeType(
  { options, keyring }: WalletContext,
  recipients: readonly Recipient[],
): AddressType {
  if (options.changeType) return options.changeType;
  if (options.addressType === 'legacy') return 'legacy';
  const active = new Set(
    keyring.list().flatMap(({ row }) => (row.active && row.internal && row.type ? [row.type] : [])),
  );
  const versions = recipients.map(({ script }) => witnessProgram(script)?.version);
  const wanted: AddressType[] = [];
  if (versions.includes(1)) wanted.push('bech32m');
  if (versions.includes(0)) wanted.push('bech32');
  if (recipients.some(({ script }) => script.length === 23)) wanted.push('p2sh-segwit');
  if (recipients.some(({ script }) => script.length === 25)) wanted.push('legacy');
  return wanted.find((type) => active.has(type)) ?? options.addressType;
}

function shuffle<T>(items: T[], below: (limit: number) => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

async function* take<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let left = count;
  if (left === 0) return;
  for await (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}
