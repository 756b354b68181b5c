/**
 * What one transaction means for the sums: a pure function from facts to postings. The rule is that of
 * bitcoind's account ledger: credits by the address that received, debits by the account that sent,
 * change neither. An output is change when it is our own and its script is not in the address book.
 */
import type { Sats } from '@coind/primitives';
import type { Posting, ScriptHex, TxState } from './tables.ts';

/** One output as the wallet sees it. */
export interface OutputFacts {
  readonly value: Sats;
  readonly script: ScriptHex;
  readonly own: boolean;
  /** Not own, but the wallet keeps an eye on it. */
  readonly watched: boolean;
  /** Its label; undefined when the script is not in the address book. */
  readonly label: string | undefined;
}

/** Everything that decides what a transaction means. */
export interface TxFacts {
  readonly state: TxState;
  readonly coinbase: boolean;
  /** False for a coinbase of fewer than 101 confirmations. */
  readonly mature: boolean;
  readonly fromAccount: string;
  /** Sum of its inputs that are the wallet's own coins. */
  readonly spentOwn: Sats;
  /** Sum of its inputs that are watched coins. */
  readonly spentWatched: Sats;
  readonly outputs: readonly OutputFacts[];
}

/** True for an own or watched output that is not in the address book. */
export function isChange({ own, watched, label }: OutputFacts): boolean {
  return (own || watched) && label === undefined;
}

/**
 * True when a transaction counts in account balances: confirmed and mature, or unconfirmed (in the
 * mempool or not), but neither conflicted nor an orphaned coinbase.
 */
export function isCounted({ state, coinbase, mature }: TxFacts): boolean {
  if (state.kind === 'confirmed') return mature;
  return state.kind !== 'conflicted' && !coinbase;
}

/** What the transaction spends of the wallet; watched coins only where they count. */
export function spentBy({ spentOwn, spentWatched }: TxFacts, withWatched: boolean): Sats {
  return withWatched ? spentOwn + spentWatched : spentOwn;
}

/** Whether an output is one that the wallet counts as received. */
export function isReceived({ own, watched }: OutputFacts, withWatched: boolean): boolean {
  return own || (withWatched && watched);
}

/** What the transaction spends of the wallet less what comes back as change: amounts sent and fee. */
export function debitOf(facts: TxFacts, withWatched = false): Sats {
  const spent = spentBy(facts, withWatched);
  if (spent === 0n) return 0n;
  const change = facts.outputs.filter(isChange).reduce((sum, { value }) => sum + value, 0n);
  return spent - change;
}

/** What each account is credited with, in the order of the outputs. */
function creditsOf(facts: TxFacts, withWatched: boolean): Map<string, Sats> {
  const credits = new Map<string, Sats>();
  const outgoing = spentBy(facts, withWatched) > 0n;
  for (const output of facts.outputs) {
    if (!isReceived(output, withWatched) || (outgoing && isChange(output))) continue;
    const account = output.label ?? '';
    credits.set(account, (credits.get(account) ?? 0n) + output.value);
  }
  return credits;
}

/** The postings of a transaction, in no particular order: of each kind and name one, but each payment to a script. */
export function postingsOf(facts: TxFacts): Posting[] {
  const { state, coinbase, fromAccount, spentOwn, outputs } = facts;
  const postings: Posting[] = [];
  const counted = isCounted(facts);
  const confirmed = state.kind === 'confirmed';
  const present = confirmed || (state.kind !== 'conflicted' && !coinbase);
  const at = confirmed ? { height: state.ref.height } : {};
  const names = new Set<string>();
  const add = (kind: Posting['kind'], name: string, amount: Sats): void => {
    postings.push({ kind, name, amount, ...at, coinbase });
  };
  const labels = new Sums();
  const watchedLabels = new Sums();
  const credits = new Sums();
  for (const output of outputs) {
    const { own, watched, label, value, script } = output;
    if (label !== undefined) names.add(label);
    if (!own && !watched) continue;
    add('script', script, present ? value : 0n);
    if (present && label !== undefined) (own ? labels : watchedLabels).add(label, value);
    if (spentOwn > 0n && isChange(output)) continue;
    names.add(label ?? '');
    if (counted && own) credits.add(label ?? '', value);
  }
  for (const [name, amount] of labels) add('label', name, amount);
  for (const [name, amount] of watchedLabels) add('watchedLabel', name, amount);
  for (const [name, amount] of credits) add('credit', name, amount);
  if (spentBy(facts, true) > 0n) names.add(fromAccount);
  if (counted) {
    add('touch', fromAccount, 0n);
    if (spentOwn > 0n) add('debit', fromAccount, debitOf(facts));
    if (facts.spentWatched > 0n || outputs.some(({ watched }) => watched)) addWatched(facts, add);
  }
  for (const name of names) add('name', name, 0n);
  return postings;
}

/** What is booked on top of the rest where watched coins count. */
function addWatched(
  facts: TxFacts,
  add: (kind: Posting['kind'], name: string, amount: Sats) => void,
): void {
  const without = creditsOf(facts, false);
  const credits = creditsOf(facts, true);
  for (const account of new Set([...without.keys(), ...credits.keys()])) {
    const more = (credits.get(account) ?? 0n) - (without.get(account) ?? 0n);
    if (more !== 0n) add('watchedCredit', account, more);
  }
  const debit = debitOf(facts, true) - debitOf(facts);
  if (debit !== 0n) add('watchedDebit', facts.fromAccount, debit);
}

/** Amounts by name: a hundred payments to one account change it once. */
class Sums extends Map<string, Sats> {
  add(name: string, amount: Sats): void {
    this.set(name, (this.get(name) ?? 0n) + amount);
  }
}
