/**
 * What it costs to spend a coin: the size of its input, the fee for it, and what its unconfirmed ancestors lack.
 * Also coins of others, where the caller says how they are spent.
 */
import type { ScriptSolution } from '@coind/descriptors';
import { bytesToHex, feeFor, type OutPoint, outpointKey, type Sats } from '@coind/primitives';
import type { BumpFees } from './chain-source.ts';
import type { ChosenFeeRate } from './chosen-fee-rate.ts';
import type { Candidate } from './coin-selection.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { lesser } from './fee-rate.ts';
import { type InputSize, inputVsize, signedInputSize, sizeOfWeight } from './input-size.ts';
import { InputSizes } from './input-sizes.ts';
import type { SpendOptions } from './spend-options.ts';
import type { ScriptHex, ScriptRow } from './tables.ts';
import type { TrucCoins } from './truc-coins.ts';

/** A coin that may be spent. */
interface Coin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly script: ScriptHex;
  /** -1 while unconfirmed. */
  readonly height: number;
}

const NO_BUMP_FEES: BumpFees = { of: () => 0n, combined: () => 0n };

/** The coins of one payment, as candidates at its fee rate. */
export class SpendCandidates {
  readonly #context: WalletContext;
  readonly #options: SpendOptions;
  readonly #truc: TrucCoins;
  readonly #feeRate: ChosenFeeRate;
  readonly #subtracting: boolean;
  readonly #sizes: InputSizes;
  readonly #inputFees = new Map<InputSize, Sats>();
  #named: readonly Candidate[] = [];

  /** `subtracting`: the recipients bear the fee, so that a coin is worth all of its value. */
  constructor(
    context: WalletContext,
    options: SpendOptions,
    about: {
      readonly truc: TrucCoins;
      readonly feeRate: ChosenFeeRate;
      readonly subtracting: boolean;
    },
  ) {
    this.#context = context;
    this.#options = options;
    this.#truc = about.truc;
    this.#feeRate = about.feeRate;
    this.#subtracting = about.subtracting;
    this.#sizes = new InputSizes(context);
  }

  /** What so many vbytes cost. */
  feeOf(vsize: number): Sats {
    return feeFor(this.#feeRate.rate, vsize);
  }

  /** A coin of the wallet; undefined when nobody knows how to spend it. */
  of(
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
      fee = this.feeOf(inputVsize(size));
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
  bumpOf(coins: readonly Candidate[]): Sats {
    const preset = new Set(this.#named);
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

  /** The coins that the caller named. Throws `WalletError`. */
  async preset(): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const { txid, vout, weight } of this.#options.inputs ?? []) {
      const outpoint = { txid, vout };
      const row = this.#context.tables.coins.getSync(outpoint);
      const coin = row ? { ...row, outpoint } : await this.#foreignCoin(outpoint);
      if (coin.height < 0) this.#truc.check(outpoint);
      const candidate =
        weight === undefined
          ? (this.of(coin) ?? this.#foreign(coin))
          : this.#sized(coin, sizeOfWeight(weight));
      if (!candidate) {
        const text = `Not solvable pre-selected input COutPoint(${txid.slice(0, 10)}, ${vout})`;
        throw new WalletError('missing-solving-data', text);
      }
      found.push(candidate);
    }
    this.#named = found;
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
}
