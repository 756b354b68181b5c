/**
 * Paying: from whom is to get what to a transaction that is on disk and in the mempool, once and no more
 * than once. Which coins and which signatures is `spend.ts`; what it means for the books is the ledger's.
 */
import type { Sats, Tx, Txid } from '@coind/primitives';
import { accountBalanceAt } from './balances.ts';
import { type BumpOptions, planBump } from './bump-fee.ts';
import { scriptOf, type WalletContext, walletMeta } from './context.ts';
import type { WalletEncryption } from './encryption.ts';
import { WalletError } from './errors.ts';
import {
  answerOf,
  firstPayment,
  forgetOnce,
  type Once,
  recallOnce,
  rememberOnce,
} from './idempotency.ts';
import { prepareSpend } from './spend.ts';
import type { PreparedTx, Recipient, SpendOptions, SpendSurroundings } from './spend-options.ts';
import type { TxRow } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';

/** A payment by address. */
export interface Payment {
  readonly address: string;
  readonly amount: Sats;
  readonly subtractFee?: boolean;
}

/** How to send, and what to remember about it. */
export interface SendOptions extends SpendOptions {
  /** The account that pays; it must have the amount at `accountConfirmations` when that is given. */
  readonly fromAccount?: string;
  /** Checks the account's balance at so many confirmations, as sendfrom and sendmany do. */
  readonly accountConfirmations?: number;
  readonly comment?: string;
  readonly to?: string;
  /** Chooses coins before it looks whether the wallet can sign: the order of `send`. */
  readonly evenLocked?: boolean;
  /** Has its effect once, however often it is asked for. */
  readonly once?: Once;
}

/** How to replace a payment. */
export type ReplaceOptions = BumpOptions & { readonly once?: Once };

/** A payment that replaced another. */
export type Replacement = PreparedTx & { readonly oldFee: Sats };

/** Payments of one wallet. */
export class Payments {
  readonly #core: WalletCore;
  readonly #encryption: WalletEncryption;

  constructor({ core, encryption }: { core: WalletCore; encryption: WalletEncryption }) {
    this.#core = core;
    this.#encryption = encryption;
  }

  get #context(): WalletContext {
    return this.#core.context;
  }

  /** By address. Throws `WalletError`. */
  async send(payments: readonly Payment[], options: SendOptions): Promise<PreparedTx> {
    const { params } = this.#context;
    const recipients = payments.map(({ address, amount, subtractFee }) => ({
      script: scriptOf(address, params),
      amount,
      ...(subtractFee && { subtractFee }),
    }));
    return this.sendToScripts(recipients, options);
  }

  /** Order of refusals: keys, the account's balance, coins. Throws `WalletError`. */
  sendToScripts(recipients: readonly Recipient[], options: SendOptions): Promise<PreparedTx> {
    const { tables } = this.#context;
    const { once } = options;
    return this.#core.read(async () => {
      const before = once && recallOnce(tables, once);
      if (before) return firstPayment(tables, before);
      if (options.evenLocked !== true) this.#encryption.requireUnlocked();
      await this.#checkAccount(recipients, options);
      const prepared = await this.#core.changeNow(async (unit, ledger) => {
        const payment = await this.#prepare(recipients, options, unit);
        if (once) rememberOnce(unit, tables, once, answerOf(payment));
        const { fromAccount, comment, to } = options;
        ledger.learn(
          payment.tx,
          { kind: 'mempool' },
          {
            now: this.#context.source.now(),
            ...(fromAccount !== undefined && { fromAccount }),
            ...(comment !== undefined && { comment }),
            ...(to !== undefined && { to }),
          },
        );
        return payment;
      });
      await this.broadcast(prepared.tx, once);
      return prepared;
    });
  }

  /** Replaces an unconfirmed payment by one that pays more; account and notes stay. */
  replace(txid: Txid, options: ReplaceOptions): Promise<Replacement> {
    const { tables } = this.#context;
    const { once } = options;
    return this.#core.read(async () => {
      const before = once && recallOnce(tables, once);
      if (before) return { oldFee: before.payment?.oldFee ?? 0n, ...firstPayment(tables, before) };
      this.#requirePrivateKeys();
      const plan = await planBump(this.#context, txid, options, this.#core.payTxFee);
      this.#encryption.requireUnlocked();
      const row = tables.txs.getSync(txid) as TxRow;
      const prepared = await this.#core.changeNow(async (unit, ledger) => {
        const payment = await this.#prepare(plan.recipients, plan.options, unit);
        const { fromAccount, comment, to } = row;
        const about = { fromAccount, replaces: txid, now: this.#context.source.now() };
        const notes = { ...(comment && { comment }), ...(to && { to }) };
        ledger.learn(payment.tx, { kind: 'mempool' }, { ...about, ...notes });
        ledger.annotate(txid, { replacedBy: payment.tx.txid });
        if (once) rememberOnce(unit, tables, once, { ...answerOf(payment), oldFee: plan.oldFee });
        return payment;
      });
      await this.broadcast(prepared.tx, once);
      return { ...prepared, oldFee: plan.oldFee };
    });
  }

  /** Makes and signs a payment without telling anybody; takes a change address from the keypool. */
  create(recipients: readonly Recipient[], options: SpendOptions): Promise<PreparedTx> {
    return this.#core.change((unit) => this.#prepare(recipients, options, unit));
  }

  /** The same unsigned, so the keys may be elsewhere or locked. */
  fund(recipients: readonly Recipient[], options: SpendOptions): Promise<PreparedTx> {
    const unsigned = { ...options, unsigned: true };
    return this.#core.change((unit) => this.plan(recipients, unsigned, unit));
  }

  #requirePrivateKeys(): void {
    if (walletMeta(this.#context).flags.privateKeysDisabled) {
      throw new WalletError('private-keys-disabled');
    }
  }

  async #checkAccount(recipients: readonly Recipient[], options: SendOptions): Promise<void> {
    const { fromAccount = '', accountConfirmations } = options;
    if (accountConfirmations === undefined) return;
    const asked = recipients.reduce((sum, { amount }) => sum + amount, 0n);
    const has = await accountBalanceAt(this.#context, fromAccount, accountConfirmations);
    if (asked > has) throw new WalletError('account-insufficient-funds');
  }

  #prepare(
    recipients: readonly Recipient[],
    options: SpendOptions,
    unit: UnitOfWork,
  ): Promise<PreparedTx> {
    this.#requirePrivateKeys();
    return this.plan(recipients, options, unit);
  }

  /** What a payment needs to know of this wallet's user. */
  get surroundings(): SpendSurroundings {
    return {
      isLocked: (outpoint) => this.#core.isLocked(outpoint),
      lockedValue: () => this.#core.lockedValue(),
      payTxFee: this.#core.payTxFee,
    };
  }

  /** Plans a payment inside a change of the wallet. Throws `WalletError`. */
  plan(
    recipients: readonly Recipient[],
    options: SpendOptions,
    unit: UnitOfWork,
  ): Promise<PreparedTx> {
    return prepareSpend(this.#context, recipients, options, this.surroundings, unit);
  }

  /** Offers a transaction that is on disk; takes it back when the mempool will not have it. */
  async broadcast(tx: Tx, once?: Once): Promise<void> {
    if (this.#context.options.broadcast === false) {
      await this.#core.changeNow((_unit, ledger) => ledger.removed(tx));
      return;
    }
    const outcome = await this.#context.source.broadcast(tx);
    if (outcome.accepted) return;
    if (this.#context.options.keepRejected) {
      await this.#core.changeNow((_unit, ledger) => ledger.removed(tx));
      return;
    }
    await this.#core.changeNow((unit, ledger) => {
      ledger.forget(tx.txid);
      if (once) forgetOnce(unit, this.#context.tables, once);
    });
    throw new WalletError(
      'broadcast-rejected',
      `Error: The transaction was rejected! Reason given: ${outcome.reason}`,
      { reason: outcome.reason },
    );
  }
}
