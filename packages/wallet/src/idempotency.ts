/**
 * Pay once: a caller that did not get an answer asks again with the same key and gets the first answer
 * instead of a second payment. The key is written in the same batch as what it stands for, so there is no
 * moment at which one is on disk without the other.
 */
import { bytesToHex, sha256, Tx } from '@coind/primitives';
import { WalletError } from './errors.ts';
import type { PreparedTx } from './spend-options.ts';
import type { OnceRow, WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A request that must have its effect once. */
export interface Once {
  /** The caller's own name for it, of 1 to 255 characters. */
  readonly key: string;
  /** Everything asked for, as text: the same text is the same request. */
  readonly request: string;
}

const digestOf = ({ request }: Once): string =>
  bytesToHex(sha256(new TextEncoder().encode(request)));

/** What was answered the first time; undefined for a new key. Throws 'idempotency-mismatch'. */
export function recallOnce({ onces }: WalletTables, once: Once): OnceRow | undefined {
  const row = onces.getSync(once.key);
  if (row && row.request !== digestOf(once)) throw new WalletError('idempotency-mismatch');
  return row;
}

/** Writes a key into the batch of what it stands for. */
export function rememberOnce(
  unit: UnitOfWork,
  { onces }: WalletTables,
  once: Once,
  payment?: OnceRow['payment'],
): void {
  unit.put(onces, once.key, { request: digestOf(once), ...(payment && { payment }) });
}

/** What is remembered of a payment. */
export function answerOf({ tx, fee, feeRate }: PreparedTx): NonNullable<OnceRow['payment']> {
  return { txid: tx.txid, fee, feeRate };
}

/** Frees the key of a payment that was taken back: asking again is a new request. */
export function forgetOnce(unit: UnitOfWork, { onces }: WalletTables, once: Once): void {
  unit.del(onces, once.key);
}

/** The first answer to a payment, with its transaction. */
export function firstPayment({ txBytes }: WalletTables, row: OnceRow): PreparedTx {
  const bytes = row.payment && txBytes.getSync(row.payment.txid);
  // Keys of payments are only written with payments, which are never deleted.
  if (!row.payment || !bytes) throw new Error('an idempotency key stands for no payment');
  return { tx: Tx.decode(bytes), fee: row.payment.fee, feeRate: row.payment.feeRate };
}
