/**
 * One payment while it is being planned: which coins pay for it, what its outputs and its fee are. Reads coins from
 * the ends of an index by value, a bounded number of them, so a wallet with a million coins pays as fast as one
 * with ten. Nothing is written here but the change script into the caller's unit of work.
 */
import {
  type OutPoint,
  outpointKey,
  type Sats,
  type TxInput,
  type TxOutput,
} from '@coind/primitives';
import { isDust, MAX_STANDARD_WEIGHT } from '@coind/script';
import { Change } from './change.ts';
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
import { formatFee, greater } from './fee-rate.ts';
import { outputSize, signedVsize, signedWeight } from './input-size.ts';
import { NON_FINAL_SEQUENCE, RBF_SEQUENCE } from './locktime.ts';
import { isOfReplacement } from './replacements.ts';
import { SpendCandidates } from './spend-candidates.ts';
import type { Recipient, SpendOptions, SpendSurroundings } from './spend-options.ts';
import { EMPTY_TOTALS, UNSPENT_GROUPS, WATCHED_GROUP } from './tables.ts';
import {
  TRUC_CHILD_MAX_WEIGHT,
  TRUC_MAX_WEIGHT,
  TRUC_VERSION,
  type TrucCoins,
} from './truc-coins.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Coins of the lower end of the index that branch and bound looks at. */
const EXACT_WINDOW = 60;
const SINGLE_WINDOW = 16;
/** More inputs than this make no standard transaction. */
const MAX_INPUTS = 2000;
/** Vsize of the largest single-key input: P2PKH with an uncompressed key. */
const MAX_INPUT_VSIZE = 180;

/** One payment while it is being planned. */
export class SpendPlan {
  readonly #context: WalletContext;
  readonly #recipients: readonly Recipient[];
  readonly #options: SpendOptions;
  readonly #surroundings: SpendSurroundings & { readonly truc: TrucCoins };
  #preset: readonly Candidate[] = [];
  /** Whether there are coins that nobody knows how to spend, and some that may not be spent now. */
  #hasUnsolvable = false;
  #isChoosy = false;
  /** Unconfirmed coins that hang together with more transactions are left alone for now. */
  #longestChain = 0;
  /** What such coins are worth. */
  #heldBack: Sats = 0n;
  readonly #candidates: SpendCandidates;
  /** Its change, if there is any. */
  readonly change: Change;
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
    this.#recipients = recipients;
    this.#options = options;
    this.#surroundings = surroundings;
    this.change = new Change(context, recipients, options);
    this.#subtracting = recipients.some(({ subtractFee }) => subtractFee === true);
    this.#candidates = new SpendCandidates(context, options, {
      truc: surroundings.truc,
      feeRate,
      subtracting: this.#subtracting,
    });
    this.#sent = recipients.reduce((sum, { amount }) => sum + amount, 0n);
  }

  get #recipientOutputs(): TxOutput[] {
    return this.#recipients.map(({ amount, script }) => ({ value: amount, scriptPubKey: script }));
  }

  get #goal(): Goal {
    const changeFee = this.#candidates.feeOf(outputSize({ scriptPubKey: this.change.pattern }));
    // Ten bytes frame a transaction, two of them (a quarter each) only in segwit ones.
    const frame = this.#recipientOutputs.reduce((size, output) => size + outputSize(output), 11);
    return {
      target: this.#subtracting ? this.#sent : this.#sent + this.#candidates.feeOf(frame),
      changeFloor: changeFee + this.change.least,
      costOfChange: changeFee + this.change.least,
    };
  }

  /** Chooses coins that pay for it all, in random order. Throws `WalletError`. */
  async chooseCoins(): Promise<Candidate[]> {
    const preset = await this.#candidates.preset();
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
      const most = goal.target + goal.costOfChange + this.#candidates.feeOf(MAX_INPUT_VSIZE);
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
    if (left < 4 * outputSize({ scriptPubKey: this.change.pattern })) {
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
    const outputs = [...this.#recipientOutputs, { scriptPubKey: this.change.pattern }];
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
      if (isWrongAge || (height < 0 && !this.#mayBuildOn(outpoint))) {
        this.#isChoosy = true;
        return true;
      }
      if (height < 0) {
        if (source.chainLength([outpoint.txid]) > this.#longestChain) {
          this.#heldBack += value;
          return true;
        }
      }
      const candidate = this.#candidates.of({ outpoint, value, script, height }, owner);
      if (!candidate) this.#hasUnsolvable = true;
      return candidate ? visit(candidate) : true;
    });
  }

  /** Whether an unconfirmed coin may be chosen. */
  #mayBuildOn(outpoint: OutPoint): boolean {
    const isUnsafe = !this.#options.includeUnsafe && isOfReplacement(this.#context, outpoint);
    return !isUnsafe && this.#surroundings.truc.allows(outpoint);
  }

  /** Whether a coin is part of the balance. */
  #isCounted(outpoint: OutPoint): boolean {
    const coinClass = this.#context.tables.coins.getSync(outpoint)?.class;
    return coinClass === 'confirmed' || coinClass === 'trusted';
  }

  /** Why there are not enough coins. `available`: what those are worth that nobody named. */
  #shortage(available: Sats): WalletError {
    const { totals, watchedTotals } = this.#context.tables;
    const tables = this.#options.includeWatched ? [totals, watchedTotals] : [totals];
    const balance = tables.reduce((sum, table) => {
      const { confirmed, trusted } = table.getSync(undefined) ?? EMPTY_TOTALS;
      return sum + confirmed + trusted;
    }, 0n);
    // A replacement's coins are spent already, by what it replaces.
    const again = sumOf(this.#preset.filter(({ outpoint }) => !this.#isCounted(outpoint)));
    const named = sumOf(this.#preset);
    if (this.#sent > balance + again) return new WalletError('insufficient-funds');
    if (this.#sent > balance + again - this.#surroundings.lockedValue()) {
      return new WalletError('coins-unavailable');
    }
    // Coins that may not be chosen (too young, of another version) are as good as locked.
    if (this.#isChoosy && this.#sent > available + named)
      return new WalletError('coins-unavailable');
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
    const bump = this.#candidates.bumpOf(coins);
    const bareFee = totalFee ?? this.#candidates.feeOf(signedVsize(sizes, outputs)) + bump;
    const pattern = { value: 0n, scriptPubKey: this.change.pattern };
    const changeFee =
      totalFee ?? this.#candidates.feeOf(signedVsize(sizes, [...outputs, pattern])) + bump;
    const spare = total - this.#sent - (this.#subtracting ? 0n : changeFee);
    if (spare >= this.change.least && spare > 0n) {
      const position = this.change.position(outputs.length);
      if (this.#subtracting) this.#subtractFee(outputs, changeFee);
      outputs.splice(position, 0, { value: spare, scriptPubKey: this.change.take(unit) });
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

function sumOf(coins: readonly Candidate[]): Sats {
  return coins.reduce((sum, { value }) => sum + value, 0n);
}

function shuffle<T>(items: T[], below: (limit: number) => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
