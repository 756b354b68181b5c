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
  readonly outputs: readonly OutputFacts[];
}

/** True for an own output that is not in the address book. */
export function isChange({ own, label }: OutputFacts): boolean {
  return own && label === undefined;
}

/**
 * True when a transaction counts in account balances: confirmed and mature, or unconfirmed (in the
 * mempool or not), but neither conflicted nor an orphaned coinbase.
 */
export function isCounted({ state, coinbase, mature }: TxFacts): boolean {
  if (state.kind === 'confirmed') return mature;
  return state.kind !== 'conflicted' && !coinbase;
}

/** What the transaction spends of the wallet less what comes back as change: amounts sent and fee. */
export function debitOf(facts: TxFacts): Sats {
  if (facts.spentOwn === 0n) return 0n;
  const change = facts.outputs.filter(isChange).reduce((sum, { value }) => sum + value, 0n);
  return facts.spentOwn - change;
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
  const credits = new Sums();
  for (const output of outputs) {
    const { own, label, value, script } = output;
    if (label !== undefined) names.add(label);
    if (!own) continue;
    add('script', script, present ? value : 0n);
    if (present && label !== undefined) labels.add(label, value);
    if (spentOwn > 0n && isChange(output)) continue;
    names.add(label ?? '');
    if (counted) credits.add(label ?? '', value);
  }
  for (const [name, amount] of labels) add('label', name, amount);
  for (const [name, amount] of credits) add('credit', name, amount);
  if (spentOwn > 0n) names.add(fromAccount);
  if (counted) {
    add('touch', fromAccount, 0n);
    if (spentOwn > 0n) add('debit', fromAccount, debitOf(facts));
  }
  for (const name of names) add('name', name, 0n);
  return postings;
}

/** Amounts by name: a hundred payments to one account change it once. */
class Sums extends Map<string, Sats> {
  add(name: string, amount: Sats): void {
    this.set(name, (this.get(name) ?? 0n) + amount);
  }
}
