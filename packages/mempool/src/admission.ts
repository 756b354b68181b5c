/**
 * Load, decide: the coins that a decision needs are loaded, the rules of `accept.ts` and `packages.ts`
 * are asked, and the refusal of a transaction becomes a value here and nowhere else. Changes nothing;
 * to be called inside the chain's single writer, so that what was loaded still holds.
 */
import type { Chain } from '@coind/chain';
import { type Coin, ValidationError } from '@coind/consensus';
import type { OutPoint, Tx } from '@coind/primitives';
import {
  type Candidate,
  checkAlone,
  checkScripts,
  consider,
  judge,
  type Surroundings,
  type Terms,
  type Verdict,
} from './accept.ts';
import { MEMPOOL_HEIGHT } from './entry.ts';
import type { FeeFloor } from './fee-floor.ts';
import { txsOf } from './graph.ts';
import type { MempoolOptions } from './options.ts';
import {
  checkMember,
  forMember,
  judgePackage,
  type MemberOutcome,
  PackageRefused,
  type PackageVerdict,
} from './packages.ts';
import type { Pool } from './pool.ts';

/** What decisions are made from. */
export interface AdmissionModules {
  readonly chain: Chain;
  readonly clock: { now(): number };
  readonly pool: Pool;
  readonly floor: FeeFloor;
}

/** The decision about one transaction. */
export type Decision =
  | { readonly accepted: true; readonly verdict: Verdict }
  | { readonly accepted: false; readonly error: ValidationError };

/** The decision about a package. */
export interface PackageDecision {
  readonly error?: ValidationError;
  /** Present when all of it may enter. */
  readonly verdict?: PackageVerdict;
  /** What came of the members that were decided. */
  readonly outcomes: ReadonlyMap<Tx, MemberOutcome>;
}

/** Decides what may enter a pool. */
export class Admission {
  readonly #options: MempoolOptions;
  readonly #modules: AdmissionModules;

  constructor(options: MempoolOptions, modules: AdmissionModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * Whether a transaction may enter.
   *
   * @param sequence number of the next change of the pool
   * @param time when it came, unix seconds; now unless told otherwise
   */
  async decide(tx: Tx, asked: Terms, sequence: number, time?: number): Promise<Decision> {
    try {
      const surroundings = this.#surroundings(asked, sequence, time);
      checkAlone(tx, surroundings);
      const coins = await this.coins(tx.inputs.map(({ prevout }) => prevout));
      const mined = coins.includes(undefined) && (await this.#hasOutputs(tx));
      return { accepted: true, verdict: judge(tx, coins, mined, surroundings) };
    } catch (error) {
      return { accepted: false, error: refusal(error) };
    }
  }

  /** Whether transactions that are all new may enter together; parents come first. */
  async decideTogether(
    txs: readonly Tx[],
    asked: Terms,
    sequence: number,
  ): Promise<PackageDecision> {
    const outcomes = new Map<Tx, MemberOutcome>();
    try {
      const surroundings = this.#surroundings(asked, sequence);
      const candidates: Candidate[] = [];
      for (const [place, tx] of txs.entries()) {
        forMember(tx, () => checkAlone(tx, surroundings));
        const coins = await this.#coinsAfter(tx, txs.slice(0, place));
        const mined = coins.includes(undefined) && (await this.#hasOutputs(tx));
        const candidate = forMember(tx, () => consider(tx, coins, mined, surroundings));
        forMember(tx, () => checkMember(candidate.entry, surroundings));
        candidates.push(candidate);
      }
      const verdict = judgePackage(candidates, surroundings);
      let replaced = txsOf(verdict.replaced);
      for (const entry of verdict.entries) {
        forMember(entry.tx, () => checkScripts(entry, surroundings.scriptCache));
        const effective = verdict.effective(entry);
        outcomes.set(entry.tx, { accepted: true, entry, replaced, effective });
        // The first one stands for all of them.
        replaced = [];
      }
      return { verdict, outcomes };
    } catch (error) {
      // Those before it are good by themselves, or they are good for nothing without it.
      if (!asked.ownFee) outcomes.clear();
      if (!(error instanceof PackageRefused)) return { error: refusal(error), outcomes };
      const { member } = error;
      if (member) outcomes.set(member.tx, { accepted: false, error: member.error });
      return { error: error.error, outcomes };
    }
  }

  /** Outputs of the pool and the chain, spent by the pool or not. */
  async coins(outpoints: readonly OutPoint[]): Promise<(Coin | undefined)[]> {
    const found = outpoints.map((outpoint) => this.#modules.pool.output(outpoint));
    const missing = outpoints.filter((_, index) => !found[index]);
    if (missing.length === 0) return found;
    const loaded = (await this.#modules.chain.coins(missing)).values();
    return found.map((coin) => coin ?? loaded.next().value);
  }

  /** The coins a transaction spends when `before` are taken to be in the pool. */
  async #coinsAfter(tx: Tx, before: readonly Tx[]): Promise<(Coin | undefined)[]> {
    const coins = await this.coins(tx.inputs.map(({ prevout }) => prevout));
    return coins.map((coin, index) => {
      const prevout = tx.inputs[index]?.prevout;
      if (coin || !prevout) return coin;
      const output = before.find(({ txid }) => txid === prevout.txid)?.outputs[prevout.vout];
      return output && { output, height: MEMPOOL_HEIGHT, coinbase: false };
    });
  }

  #surroundings(asked: Terms, sequence: number, time?: number): Surroundings {
    const { chain, clock, pool, floor } = this.#modules;
    const now = clock.now();
    return {
      options: this.#options,
      pool,
      tip: chain.headerContext(chain.tip.ref.hash),
      time: time ?? now,
      feeFloor: floor.at(now, pool.usage),
      sequence,
      terms: asked,
      scriptCache: chain.scriptCache,
    };
  }

  /** True when the chain has unspent outputs of `tx`: then its inputs are missing because it is mined. */
  async #hasOutputs({ txid, outputs }: Tx): Promise<boolean> {
    const coins = await this.#modules.chain.coins(outputs.map((_, vout) => ({ txid, vout })));
    return coins.some((coin) => coin !== undefined);
  }
}

/** The broken rule that `error` is; throws whatever else it is. */
export function refusal(error: unknown): ValidationError {
  if (error instanceof ValidationError) return error;
  throw error;
}
