/**
 * The wallet's past as listings show it: transactions and moves in the order in which the wallet
 * learnt of them, each transaction taken apart into what was sent and what was received. Walks an index
 * from its end, so the newest entries cost the same at any length of history.
 */
import type { BlockRef } from '@coind/consensus';
import { type Sats, Tx as Transaction, type Tx, type Txid } from '@coind/primitives';
import { addressOf, type WalletContext, walletHeight } from './context.ts';
import { WalletError } from './errors.ts';
import { COINBASE_MATURITY } from './height-entries.ts';
import { lazily } from './lazily.ts';
import { Ledger } from './ledger.ts';
import { rivalsOf } from './rivals.ts';
import {
  FIRST_COUNTERS,
  type MoveRow,
  type OrderRow,
  type ScriptHex,
  type TxRow,
} from './tables.ts';
import { isChange, isReceived, spentBy, type TxFacts } from './tx-effects.ts';
import { UnitOfWork } from './unit-of-work.ts';

type History = Pick<WalletContext, 'tables' | 'params' | 'keyring' | 'source' | 'options'>;

/** One output of a wallet transaction from one of its two sides. */
export interface TxDetail {
  readonly category: 'send' | 'receive' | 'generate' | 'immature' | 'orphan';
  /** Who sent, or the name of the address that received. */
  readonly account: string;
  readonly script: ScriptHex;
  /** Missing for scripts that have no address. */
  readonly address?: string;
  /** Name in the address book; missing when it is not there. */
  readonly label?: string;
  /** Negative for what was sent. */
  readonly amount: Sats;
  readonly vout: number;
  /** On the sending side: the whole fee, negative. */
  readonly fee?: Sats;
  /** On the receiving side: the descriptor that made the script. */
  readonly parentDescriptor?: string;
  /** Watched coins were spent, or a watched address was paid. */
  readonly involvesWatched: boolean;
}

/** What an entry of a listing says about its transaction as a whole. */
export interface TxSummary {
  readonly txid: Txid;
  readonly tx: Tx;
  readonly row: TxRow;
  /** Negative: depth of the block that conflicts. */
  readonly confirmations: number;
  readonly block?: BlockRef & { readonly index: number; readonly time: number };
  readonly generated: boolean;
  readonly trusted: boolean;
  readonly abandoned: boolean;
  /** Other wallet transactions that spend the same coins. */
  readonly conflicts: readonly Txid[];
  /** Transactions of the mempool, the wallet's or not, that keep it or what it spends from being there. */
  readonly mempoolConflicts: readonly Txid[];
  readonly replaceable: 'yes' | 'no' | 'unknown';
}

/** All that can be said about a transaction. */
export interface TxView extends TxSummary {
  /** Net effect on the wallet without the fee. */
  readonly amount: Sats;
  /** Negative; missing when the wallet spent nothing. */
  readonly fee?: Sats;
  /** Sent ones first, then received ones, each in output order. */
  readonly details: readonly TxDetail[];
  /** Which outputs are the wallet's own change. */
  readonly change: readonly number[];
}

/**
 * Where an entry stands: newer transactions come before it and never between, so it says where to go on,
 * however many have come since.
 */
export interface HistoryPlace {
  /** The number of its transaction or move. */
  readonly order: number;
  /** Which of the entries of its transaction. */
  readonly nth: number;
}

/** An entry of `listtransactions`. */
export type HistoryEntry = { readonly place: HistoryPlace } & (
  | { readonly kind: 'detail'; readonly view: TxSummary; readonly detail: TxDetail }
  | { readonly kind: 'move'; readonly move: MoveRow }
);

/** Which of the entries that pass a filter. */
export interface HistoryRange {
  readonly count: number;
  /** So many of the newest are left out. */
  readonly skip: number;
  /** Only those older than the entry here. */
  readonly before?: HistoryPlace;
}

/** Which entries to list. */
export interface HistoryFilter {
  /** Everything, the entries of an account, or those that concern addresses with a label. */
  readonly by: 'all' | 'account' | 'label';
  readonly name?: string;
  readonly moves: boolean;
  /** Show change too, as sent and as received. */
  readonly change?: boolean;
  /** Watched addresses count as own ones do. */
  readonly watched?: boolean;
  /** Show what was received also of transactions that a block contradicts, as of a block that left the chain. */
  readonly contradicted?: boolean;
}

const BIP125_MAX = 0xfffffffd;

/**
 * A wallet transaction with all that can be said about it, or with only the details that pass
 * `filter`. Throws 'unknown-transaction'.
 */
export function viewTransaction(
  history: History,
  txid: Txid,
  filter: HistoryFilter = { by: 'all', moves: true },
): TxView {
  const { summary, facts, unit } = summarise(history, txid);
  const withWatched = filter.watched === true;
  const fee = feeOf(facts, withWatched);
  const own = facts.outputs.reduce(
    (sum, output) => sum + (isReceived(output, withWatched) ? output.value : 0n),
    0n,
  );
  const credit = facts.coinbase && !facts.mature ? 0n : own;
  return {
    ...summary,
    amount: credit - spentBy(facts, withWatched) - (fee ?? 0n),
    ...(fee !== undefined && { fee }),
    change: facts.outputs.flatMap((output, vout) => (isChange(output) ? [vout] : [])),
    details: detailsOf(history, facts, { ...summary, unit }, filter),
  };
}

/** Negative; undefined when the wallet spent nothing. */
function feeOf(facts: TxFacts, withWatched: boolean): Sats | undefined {
  const spent = spentBy(facts, withWatched);
  if (spent === 0n) return undefined;
  return facts.outputs.reduce((sum, { value }) => sum + value, 0n) - spent;
}

/** What in the mempool keeps a transaction out, or its unconfirmed ancestors, the wallet's own or not. */
function mempoolConflictsOf({ tables, source }: History, tx: Tx): Txid[] {
  const found = new Set<Txid>();
  const txOf = (txid: Txid): Tx | undefined => {
    const bytes = tables.txBytes.getSync(txid);
    return bytes && Transaction.decode(bytes);
  };
  const line = new Map([[tx.txid, tx]]);
  for (const [, each] of line) {
    for (const rival of rivalsOf(source, each, txOf)) found.add(rival);
    for (const { prevout } of each.inputs) {
      if (line.has(prevout.txid)) continue;
      const isInactive = tables.txs.getSync(prevout.txid)?.state.kind === 'inactive';
      const parent = isInactive && txOf(prevout.txid);
      if (parent) line.set(parent.txid, parent);
    }
  }
  return [...found];
}

/** What is said of a transaction as a whole, and what the rest follows from. */
function summarise(
  history: History,
  txid: Txid,
): { summary: TxSummary; facts: TxFacts; unit: UnitOfWork } {
  const { tables, source } = history;
  const row = tables.txs.getSync(txid);
  const bytes = row && tables.txBytes.getSync(txid);
  if (!row || !bytes) throw new WalletError('unknown-transaction');
  const tx = Transaction.decode(bytes);
  const { state } = row;
  const depth =
    state.kind === 'confirmed' || state.kind === 'conflicted'
      ? walletHeight(history) - state.ref.height + 1
      : 0;
  const conflicts = conflictsOf(history, tx);
  const summary = {
    txid,
    tx,
    row,
    confirmations: state.kind === 'conflicted' ? -depth : depth,
    ...(state.kind === 'confirmed' && {
      block: { ...state.ref, index: state.index, time: source.headerTime(state.ref.hash) ?? 0 },
    }),
    generated: row.coinbase,
    trusted: row.trusted,
    abandoned: state.kind === 'inactive' && state.abandoned,
    conflicts,
    mempoolConflicts: state.kind === 'inactive' ? mempoolConflictsOf(history, tx) : [],
    replaceable: replaceability(history, tx, row),
  };
  // Nothing is changed: it remembers what was looked up.
  const unit = new UnitOfWork();
  return { summary, facts: new Ledger(unit, history).facts(tx, row), unit };
}

function conflictsOf({ tables }: History, tx: Tx): Txid[] {
  if (tx.isCoinbase) return [];
  const found = new Set<Txid>();
  for (const { prevout } of tx.inputs) {
    for (const id of tables.spends.getSync(prevout) ?? []) if (id !== tx.txid) found.add(id);
  }
  return [...found];
}

/** BIP125: signals itself, or inherits it from an unconfirmed ancestor that the wallet knows. */
function replaceability({ tables }: History, tx: Tx, row: TxRow): 'yes' | 'no' | 'unknown' {
  if (row.state.kind === 'confirmed' || row.state.kind === 'conflicted' || row.coinbase)
    return 'no';
  const signals = (some: Tx): boolean => some.inputs.some((input) => input.sequence <= BIP125_MAX);
  if (signals(tx)) return 'yes';
  if (row.state.kind !== 'mempool') return 'unknown';
  const seen = new Set<Txid>();
  const ancestors = tx.inputs.map(({ prevout }) => prevout.txid);
  for (let id = ancestors.pop(); id !== undefined; id = ancestors.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const state = tables.txs.getSync(id)?.state.kind;
    const bytes = state && state !== 'confirmed' ? tables.txBytes.getSync(id) : undefined;
    if (!bytes) continue;
    const ancestor = Transaction.decode(bytes);
    if (signals(ancestor)) return 'yes';
    ancestors.push(...ancestor.inputs.map(({ prevout }) => prevout.txid));
  }
  return 'no';
}

/** The details that pass `filter`, the first `most` of them. */
function detailsOf(
  { params, keyring }: History,
  facts: TxFacts,
  { confirmations, unit }: { confirmations: number; unit: UnitOfWork },
  filter: HistoryFilter,
  most: number = Number.POSITIVE_INFINITY,
): TxDetail[] {
  const sends: TxDetail[] = [];
  const receives: TxDetail[] = [];
  const withWatched = filter.watched === true;
  const fee = feeOf(facts, withWatched);
  const mayReceive = confirmations >= 0 || filter.contradicted === true;
  // What no label was given to has the empty one.
  const wanted = (account: string, label = ''): boolean =>
    filter.by === 'all' || filter.name === (filter.by === 'account' ? account : label);
  for (const [vout, output] of facts.outputs.entries()) {
    // What was sent stands first, so only where nothing was is enough known early.
    if (fee === undefined && receives.length >= most) break;
    const { label, value, script } = output;
    if (fee !== undefined && !filter.change && isChange(output)) continue;
    // Whoever asks for a label asks what its addresses received.
    const asSend = fee !== undefined && filter.by !== 'label' && wanted(facts.fromAccount, label);
    const asReceive = mayReceive && wanted(label ?? '', label) && isReceived(output, withWatched);
    if (!asSend && !asReceive) continue;
    const address = addressOf(script, params);
    const common = {
      script,
      vout,
      involvesWatched: output.watched || facts.spentWatched > 0n,
      ...(address !== undefined && { address }),
      ...(label !== undefined && { label }),
    };
    if (asSend) {
      const account = facts.fromAccount;
      sends.push({ ...common, category: 'send', account, amount: -value, fee });
    }
    if (asReceive) {
      const category = receiveCategory(facts, confirmations);
      const owner = keyring.owner(unit, script);
      const parent = owner && keyring.descriptorOf(owner);
      receives.push({
        ...common,
        category,
        account: label ?? '',
        amount: value,
        ...(parent && { parentDescriptor: parent.descriptor }),
      });
    }
  }
  return [...sends, ...receives].slice(0, most);
}

function receiveCategory(facts: TxFacts, confirmations: number): TxDetail['category'] {
  if (!facts.coinbase) return 'receive';
  if (confirmations < 1) return 'orphan';
  return confirmations > COINBASE_MATURITY ? 'generate' : 'immature';
}

/**
 * The `count` entries before the newest `skip` (and before the place `before`), oldest first. Within a
 * transaction entries stand in reverse, and a transaction may be cut in the middle, as bitcoind does it.
 */
export async function listHistory(
  history: History,
  filter: HistoryFilter,
  { count, skip, before }: HistoryRange,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  if (count + skip === 0) return entries;
  for await (const place of placesBackwards(history, filter, before?.order)) {
    const passed = place.order === before?.order ? before.nth + 1 : 0;
    const most = passed + count + skip - entries.length;
    for (const entry of entriesOf(history, place, filter, most).slice(passed)) entries.push(entry);
    if (entries.length >= count + skip) break;
  }
  return entries.slice(skip, skip + count).reverse();
}

/** A place in the order: of a transaction, or of one side of a move. */
interface OrderPlace extends OrderRow {
  readonly order: number;
}

/** The first `most` entries that one place in the order has. */
function entriesOf(
  history: History,
  { order, txid }: OrderPlace,
  filter: HistoryFilter,
  most: number,
): HistoryEntry[] {
  if (txid === undefined) {
    const move = history.tables.moves.getSync(order);
    const wanted = filter.moves && (filter.by === 'all' || move?.account === filter.name);
    return move && wanted ? [{ kind: 'move', move, place: { order, nth: 0 } }] : [];
  }
  const { summary: view, facts, unit } = summarise(history, txid);
  const details = detailsOf(history, facts, { ...view, unit }, filter, most);
  return details.map((detail, nth) => ({ kind: 'detail', view, detail, place: { order, nth } }));
}

async function* placesBackwards(
  { tables }: History,
  filter: HistoryFilter,
  from: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<OrderPlace> {
  if (filter.by === 'all') {
    const rows = lazily(tables.order, { lte: from, reverse: true });
    for await (const [order, { txid }] of rows) yield { order, txid };
    return;
  }
  const name = filter.name ?? '';
  const range = { prefix: [name] as [string], lte: [name, from] as [string, number] };
  for await (const [[, order]] of lazily(tables.named, { ...range, reverse: true })) {
    yield { order, txid: tables.order.getSync(order)?.txid };
  }
}

/** Transactions in blocks above `height` and all unconfirmed ones, for `listsinceblock`. */
export async function transactionsSince(
  history: History,
  height: number,
  filter?: HistoryFilter,
): Promise<TxView[]> {
  const { tables } = history;
  const found: TxView[] = [];
  for await (const [[, txid]] of tables.heights.entries({ gte: [height + 1, FIRST_TXID] })) {
    found.push(viewTransaction(history, txid, filter));
  }
  for await (const [txid] of tables.unconfirmed.entries()) {
    found.push(viewTransaction(history, txid, filter));
  }
  return found.sort((a, b) => a.row.order - b.row.order);
}

const FIRST_TXID = '0'.repeat(64) as Txid;

/** How many transactions the wallet has. */
export function transactionCount({ tables }: Pick<WalletContext, 'tables'>): number {
  return (tables.counters.getSync(undefined) ?? FIRST_COUNTERS).transactions;
}
