/**
 * Payments that may need other signers: signed as far as the wallet can, sent when that is all the way, and a
 * PSBT for the others where it is not. Which coins
 * they spend is `spend-plan.ts`, or `send-all.ts` for all of them.
 */
import type { Tx, Txid } from '@coind/primitives';
import { type BumpOptions, planBump } from './bump-fee.ts';
import { answerOf, firstPayment, type Once, recallOnce, rememberOnce } from './idempotency.ts';
import type { Payments } from './payments.ts';
import { Psbt } from './psbt/psbt.ts';
import { fillPsbt } from './psbt/wallet-psbt.ts';
import { planSendAll, type SendAllOptions, type Share } from './send-all.ts';
import { signForWallet } from './sign-request.ts';
import type { PreparedTx, Recipient, SpendOptions } from './spend-options.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';

/** What to do with a payment once it is signed as far as the wallet can. */
export interface HandlingOptions {
  /** False: a complete one is not sent, and its PSBT is made all the same. */
  readonly send?: boolean;
  /** Keeps its coins from being spent elsewhere. */
  readonly lockCoins?: boolean;
  /** Has its effect once, however often it is asked for. */
  readonly once?: Once;
}

/** A payment as far as the wallet could bring it. */
export interface PartialPayment {
  /** Signed by the wallet. */
  readonly tx: Tx;
  /** Whether no other signature is needed. */
  readonly complete: boolean;
  /** For others to sign or send; absent when it was sent. */
  readonly psbt?: Psbt;
}

/** A replacement for others to sign. */
export interface UnsignedReplacement {
  readonly psbt: Psbt;
  readonly fee: PreparedTx['fee'];
  readonly oldFee: PreparedTx['fee'];
}

type Plan = (unit: UnitOfWork) => Promise<PreparedTx>;

/** Payments of one wallet that it may not be able to sign alone. */
export class PartialPayments {
  readonly #core: WalletCore;
  readonly #payments: Payments;

  constructor({ core, payments }: { core: WalletCore; payments: Payments }) {
    this.#core = core;
    this.#payments = payments;
  }

  /** Pays recipients. Throws `WalletError`. */
  send(
    recipients: readonly Recipient[],
    options: SpendOptions & HandlingOptions,
  ): Promise<PartialPayment> {
    const unsigned = { ...options, unsigned: true };
    return this.#bring(options, (unit) => this.#payments.plan(recipients, unsigned, unit));
  }

  /** Spends everything. Throws `WalletError`. */
  sendAll(
    shares: readonly Share[],
    options: SendAllOptions & HandlingOptions,
  ): Promise<PartialPayment> {
    const { context } = this.#core;
    const { surroundings } = this.#payments;
    return this.#bring(options, () => planSendAll(context, shares, options, surroundings));
  }

  /** Plans the replacement of a payment that pays more, unsigned. Throws `WalletError`. */
  planReplacement(
    txid: Txid,
    options: BumpOptions & { readonly version: Psbt['version'] },
  ): Promise<UnsignedReplacement> {
    const { context } = this.#core;
    return this.#core.change(async (unit) => {
      const wish = { ...options, othersCoins: true };
      const plan = await planBump(context, txid, wish, this.#core.payTxFee);
      const unsigned = { ...plan.options, unsigned: true };
      const { tx, fee } = await this.#payments.plan(plan.recipients, unsigned, unit);
      const psbt = Psbt.of(tx, options.version);
      fillPsbt(context, psbt, { sign: false, origins: true });
      return { psbt, fee, oldFee: plan.oldFee };
    });
  }

  #bring({ send = true, lockCoins, once }: HandlingOptions, plan: Plan): Promise<PartialPayment> {
    const { context } = this.#core;
    const { tables, source } = context;
    return this.#core.read(async () => {
      const before = once && recallOnce(tables, once);
      if (before) return { tx: firstPayment(tables, before).tx, complete: true };
      const { unsigned, payment } = await this.#core.changeNow(async (unit, ledger) => {
        const unsigned = await plan(unit);
        const { tx, complete } = await signForWallet(context, unsigned.tx, [], undefined);
        if (lockCoins) {
          const coins = tx.inputs.map(({ prevout }) => prevout);
          this.#core.setLocked(unit, coins, true, false);
        }
        if (complete && send) {
          if (once) rememberOnce(unit, tables, once, answerOf({ ...unsigned, tx }));
          ledger.learn(tx, { kind: 'mempool' }, { now: source.now() });
        }
        return { unsigned: unsigned.tx, payment: { tx, complete } };
      });
      if (payment.complete && send) {
        await this.#payments.broadcast(payment.tx, once);
        return payment;
      }
      return { ...payment, psbt: this.#psbtOf(unsigned) };
    });
  }

  #psbtOf(unsigned: Tx): Psbt {
    const psbt = Psbt.of(unsigned);
    fillPsbt(this.#core.context, psbt, { sign: false, origins: true });
    fillPsbt(this.#core.context, psbt, { sign: true, origins: false });
    return psbt;
  }
}
