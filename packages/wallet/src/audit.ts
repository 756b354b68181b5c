/**
 * The audit of the books: computes every sum again from transactions, moves and address book, reads the
 * journal line by line, and says where what is written differs. It changes nothing and trusts no running
 * sum. Its memory grows with the number of lines, so it is for an operator, not for every call.
 */
import { bytesToHex, type Sats, Tx, type Txid } from '@coind/primitives';
import { accountBalance } from './books.ts';
import type { WalletContext } from './context.ts';
import { subject } from './height-sums.ts';
import { Ledger } from './ledger.ts';
import {
  type AccountRow,
  type CoinClass,
  EMPTY_ACCOUNT,
  EMPTY_SCRIPT_SUMS,
  EMPTY_TOTALS,
  EMPTY_WATCHED_SUMS,
  type Posting,
  type ScriptHex,
  type ScriptSumsRow,
  type TotalsRow,
  type WatchedSumsRow,
} from './tables.ts';
import { isChange, isCounted, postingsOf, type TxFacts } from './tx-effects.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** One place where the books do not hold. */
export interface AuditFault {
  /** The account, transaction, coin or script concerned. */
  readonly where: string;
  readonly fault: string;
}

/** What an audit found. */
export interface AuditReport {
  /** No fault was found. */
  readonly clean: boolean;
  readonly accounts: number;
  readonly transactions: number;
  readonly moves: number;
  /** Lines of the journal that were read. */
  readonly lines: number;
  /** Sum of all accounts at one confirmation. */
  readonly accountsTotal: Sats;
  /** What the wallet's own coins are worth that can be spent. */
  readonly balance: Sats;
  /** Nothing is unconfirmed, so that the two sums above have to be the same. */
  readonly settled: boolean;
  /** The first ones; `faultCount` says how many there are. */
  readonly faults: readonly AuditFault[];
  readonly faultCount: number;
}

/** Faults that are described; the rest is counted. */
const MOST_FAULTS = 100;

/** Audits the books of a wallet, which must not change meanwhile. */
export function auditBooks(context: WalletContext): Promise<AuditReport> {
  return new Audit(context).run();
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Audit {
  readonly #context: WalletContext;
  readonly #faults: AuditFault[] = [];
  #faultCount = 0;
  readonly #accounts = new Map<string, Mutable<AccountRow>>();
  readonly #watched = new Map<string, Mutable<WatchedSumsRow>>();
  readonly #scripts = new Map<string, Mutable<ScriptSumsRow>>();
  /** What lines of the journal about one thing have to add up to: by account, kind and thing. */
  readonly #causes = new Map<string, Sats>();
  #transactions = 0;
  #moves = 0;
  #lines = 0;
  #unconfirmed = 0;
  /** Own outputs of counted transactions less what counted transactions spend of them. */
  #byCoins = 0n;
  /** What went from own coins to watched scripts without a name: change to the accounts, but not to spend. */
  #keptAsWatched = 0n;

  constructor(context: WalletContext) {
    this.#context = context;
  }

  get #tables() {
    return this.#context.tables;
  }

  #fault(where: string, fault: string): void {
    this.#faultCount++;
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ where, fault });
  }

  #compare(where: string, what: string, expected: unknown, found: unknown): void {
    if (expected !== found) this.#fault(where, `${what} is ${found}, not ${expected}`);
  }

  #account(name: string): Mutable<AccountRow> {
    let row = this.#accounts.get(name);
    if (!row) {
      row = { ...EMPTY_ACCOUNT };
      this.#accounts.set(name, row);
    }
    return row;
  }

  #watchedSums(name: string): Mutable<WatchedSumsRow> {
    let row = this.#watched.get(name);
    if (!row) {
      row = { ...EMPTY_WATCHED_SUMS };
      this.#watched.set(name, row);
    }
    return row;
  }

  #expectLines(account: string, kind: string, about: string, amount: Sats): void {
    const name = causeName(account, kind, about);
    const sum = (this.#causes.get(name) ?? 0n) + amount;
    if (sum === 0n) this.#causes.delete(name);
    else this.#causes.set(name, sum);
  }

  async run(): Promise<AuditReport> {
    await this.#readTransactions();
    await this.#readMoves();
    await this.#readBook();
    await this.#compareAccounts();
    await this.#compareWatched();
    await this.#compareScripts();
    await this.#readJournal();
    const { accountsTotal, balance } = await this.#compareCoins();
    return {
      clean: this.#faultCount === 0,
      accounts: this.#accounts.size,
      transactions: this.#transactions,
      moves: this.#moves,
      lines: this.#lines,
      accountsTotal,
      balance,
      settled: this.#unconfirmed === 0,
      faults: this.#faults,
      faultCount: this.#faultCount,
    };
  }

  // --- what should be ---------------------------------------------------------------------------

  async #readTransactions(): Promise<void> {
    const { source } = this.#context;
    for await (const chunk of this.#tables.txs.chunks()) {
      for (const [txid, row] of chunk) {
        this.#transactions++;
        const { state } = row;
        if (state.kind === 'confirmed' || state.kind === 'conflicted') {
          const height = source.heightOf(state.ref.hash);
          if (height !== state.ref.height) {
            this.#fault(txid, `its block ${state.ref.hash} is not in the chain`);
          }
        } else if (!row.coinbase) this.#unconfirmed++;
        const bytes = this.#tables.txBytes.getSync(txid);
        if (!bytes) {
          this.#fault(txid, 'its bytes are missing');
          continue;
        }
        const tx = Tx.decode(bytes);
        this.#compare(txid, 'the id of its bytes', txid, tx.txid);
        const facts = new Ledger(new UnitOfWork(), this.#context).facts(tx, row);
        const postings = postingsOf(facts);
        this.#comparePostings(txid, postings);
        for (const posting of postings) this.#apply(txid, posting);
        if (!isCounted(facts)) continue;
        for (const { own, value } of facts.outputs) if (own) this.#byCoins += value;
        this.#byCoins -= facts.spentOwn;
        this.#keptAsWatched += keptAsWatched(facts);
      }
    }
  }

  #comparePostings(txid: Txid, expected: readonly Posting[]): void {
    const found = this.#tables.postings.getSync(txid) ?? [];
    const text = (postings: readonly Posting[]): string =>
      postings
        .map(({ kind, name, amount, height }) => `${kind} ${name} ${amount} ${height ?? '-'}`)
        .sort()
        .join('; ');
    this.#compare(txid, 'what it was booked as', text(expected), text(found));
  }

  #apply(txid: Txid, { kind, name, amount, height, coinbase }: Posting): void {
    const confirmed = height !== undefined;
    switch (kind) {
      case 'credit':
        if (confirmed) {
          this.#account(name).credits += amount;
          this.#expectLines(name, 'receive', txid, amount);
        } else this.#account(name).pendingCredits += amount;
        break;
      case 'debit':
        this.#account(name).debits += amount;
        this.#expectLines(name, 'send', txid, -amount);
        break;
      case 'touch':
        this.#account(name).transactions += 1;
        break;
      case 'label':
        if (coinbase) break;
        if (confirmed) this.#account(name).received += amount;
        else this.#account(name).pendingReceived += amount;
        break;
      case 'script': {
        const row = this.#scripts.get(name) ?? { ...EMPTY_SCRIPT_SUMS };
        row.uses += 1;
        if (!coinbase && confirmed) row.received += amount;
        else if (!coinbase) row.pendingReceived += amount;
        this.#scripts.set(name, row);
        break;
      }
      case 'watchedCredit':
        if (confirmed) this.#watchedSums(name).credits += amount;
        else this.#watchedSums(name).pendingCredits += amount;
        break;
      case 'watchedDebit':
        this.#watchedSums(name).debits += amount;
        break;
      case 'watchedLabel':
        if (coinbase) break;
        if (confirmed) this.#watchedSums(name).received += amount;
        else this.#watchedSums(name).pendingReceived += amount;
        break;
      case 'name':
        break;
    }
  }

  async #readMoves(): Promise<void> {
    let sum = 0n;
    for await (const [, { account, otherAccount, amount }] of this.#tables.moves.entries()) {
      this.#moves++;
      sum += amount;
      const row = this.#account(account);
      row.moved += amount;
      row.moves += 1;
      this.#expectLines(account, 'move', otherAccount, amount);
    }
    this.#compare('moves', 'the sum of both sides of all moves', 0n, sum);
  }

  async #readBook(): Promise<void> {
    for await (const [script, { label }] of this.#tables.book.entries()) {
      const row = this.#account(label);
      row.addresses += 1;
      const standing = this.#context.keyring.standing(undefined, script);
      if (standing === 'own') row.ownAddresses += 1;
      else if (standing === 'watched') this.#watchedSums(label).addresses += 1;
      if (!this.#tables.labels.getSync([label, script])) {
        this.#fault(label, `script ${script} is missing among those of the label`);
      }
    }
  }

  // --- what is ----------------------------------------------------------------------------------

  async #compareAccounts(): Promise<void> {
    const { accounts, allAccounts } = this.#tables;
    const all = { ...EMPTY_ACCOUNT } as Mutable<AccountRow>;
    for (const [name, expected] of this.#accounts) {
      const found = accounts.getSync(name) ?? EMPTY_ACCOUNT;
      for (const field of Object.keys(EMPTY_ACCOUNT) as (keyof AccountRow)[]) {
        this.#compare(`account "${name}"`, field, expected[field], found[field]);
      }
      all.credits += expected.credits;
      all.pendingCredits += expected.pendingCredits;
      all.debits += expected.debits;
      const sums = await this.#sumsByHeight(subject.credits(name));
      this.#compare(`account "${name}"`, 'the sum of credits by height', expected.credits, sums[0]);
      this.#compare(
        `account "${name}"`,
        'the sum by a thousand heights',
        expected.credits,
        sums[1],
      );
    }
    for await (const [name] of accounts.entries()) {
      if (!this.#accounts.has(name)) this.#fault(`account "${name}"`, 'nothing is the cause of it');
    }
    const found = allAccounts.getSync(undefined) ?? EMPTY_ACCOUNT;
    for (const field of ['credits', 'pendingCredits', 'debits'] as const) {
      this.#compare('all accounts', field, all[field], found[field]);
    }
  }

  /** What watched addresses add has no journal, but sums that have to hold. */
  async #compareWatched(): Promise<void> {
    const { watchedAccounts, watchedInAll } = this.#tables;
    const all = { ...EMPTY_WATCHED_SUMS } as Mutable<WatchedSumsRow>;
    for (const [name, expected] of this.#watched) {
      const where = `watched of account "${name}"`;
      const found = watchedAccounts.getSync(name) ?? EMPTY_WATCHED_SUMS;
      for (const field of Object.keys(EMPTY_WATCHED_SUMS) as (keyof WatchedSumsRow)[]) {
        this.#compare(where, field, expected[field], found[field]);
      }
      all.credits += expected.credits;
      all.pendingCredits += expected.pendingCredits;
      all.debits += expected.debits;
      const [single, coarse] = await this.#sumsByHeight(subject.watchedCredits(name));
      this.#compare(where, 'the sum of credits by height', expected.credits, single);
      this.#compare(where, 'the sum by a thousand heights', expected.credits, coarse);
    }
    for await (const [name] of watchedAccounts.entries()) {
      if (!this.#watched.has(name))
        this.#fault(`watched of account "${name}"`, 'nothing is the cause of it');
    }
    const found = watchedInAll.getSync(undefined) ?? EMPTY_WATCHED_SUMS;
    for (const field of ['credits', 'pendingCredits', 'debits'] as const) {
      this.#compare('watched of all accounts', field, all[field], found[field]);
    }
  }

  async #sumsByHeight(name: string): Promise<readonly [Sats, Sats]> {
    let single = 0n;
    let coarse = 0n;
    for await (const [[, level], amount] of this.#tables.sums.entries({ prefix: [name] })) {
      if (level === 0) single += amount;
      else coarse += amount;
    }
    return [single, coarse];
  }

  async #compareScripts(): Promise<void> {
    for (const [script, expected] of this.#scripts) {
      const found = this.#tables.scriptSums.getSync(script) ?? EMPTY_SCRIPT_SUMS;
      for (const field of ['uses', 'received', 'pendingReceived'] as const) {
        this.#compare(`script ${script}`, field, expected[field], found[field]);
      }
      const byHeight = await this.#receivedByHeight(script, found);
      this.#compare(`script ${script}`, 'the sum by height', expected.received, byHeight);
    }
  }

  async #receivedByHeight(script: ScriptHex, { heights }: ScriptSumsRow): Promise<Sats> {
    if (!heights) return (await this.#sumsByHeight(subject.script(script, false)))[0];
    return heights.reduce((sum, { coinbase, amount }) => (coinbase ? sum : sum + amount), 0n);
  }

  /** Every line has a cause, every balance follows from the one before, the last one is the account's. */
  async #readJournal(): Promise<void> {
    let account: string | undefined;
    let balance = 0n;
    const last = new Map<string, Sats>();
    for await (const chunk of this.#tables.journal.chunks()) {
      for (const [[name, number], line] of chunk) {
        this.#lines++;
        if (name !== account) balance = 0n;
        account = name;
        balance += line.amount;
        this.#compare(`account "${name}", line ${number}`, 'its balance', balance, line.balance);
        // From here on with what is written, so that one wrong line is one fault.
        balance = line.balance;
        last.set(name, balance);
        this.#expectLines(name, line.kind, line.about, -line.amount);
      }
    }
    for (const [name, amount] of this.#causes) {
      const [lineAccount = '', kind, about] = name.split('\u0000');
      this.#fault(
        `account "${lineAccount}"`,
        `lines of kind ${kind} about ${about} miss ${amount} of what it did`,
      );
    }
    for (const [name, row] of this.#accounts) {
      this.#compare(
        `account "${name}"`,
        'the last balance',
        accountBalance(row),
        last.get(name) ?? 0n,
      );
    }
  }

  /** The coins say what the wallet has; the accounts say whose it is. */
  async #compareCoins(): Promise<{ accountsTotal: Sats; balance: Sats }> {
    const { keyring } = this.#context;
    const totals: Mutable<TotalsRow> = { ...EMPTY_TOTALS };
    const watched: Mutable<TotalsRow> = { ...EMPTY_TOTALS };
    // Coins of one transaction lie together.
    let last: Tx | undefined;
    for await (const chunk of this.#tables.coins.chunks()) {
      for (const [{ txid, vout }, coin] of chunk) {
        const { class: coinClass, value, script } = coin;
        const where = `coin ${txid}:${vout}`;
        if (last?.txid !== txid) {
          const bytes = this.#tables.txBytes.getSync(txid);
          last = bytes && Tx.decode(bytes);
        }
        const output = last?.outputs[vout];
        if (!output || output.value !== value || bytesToHex(output.scriptPubKey) !== script) {
          this.#fault(where, 'no transaction makes it');
        }
        if (coin.watched !== (keyring.standing(undefined, script) === 'watched')) {
          this.#fault(where, 'it is kept on the wrong side of what can be spent');
        }
        if (isKept(coinClass)) (coin.watched ? watched : totals)[coinClass] += value;
      }
    }
    const found = this.#tables.totals.getSync(undefined) ?? EMPTY_TOTALS;
    const seen = this.#tables.watchedTotals.getSync(undefined) ?? EMPTY_TOTALS;
    for (const kind of Object.keys(EMPTY_TOTALS) as (keyof TotalsRow)[]) {
      this.#compare('the wallet', `the sum of coins that are ${kind}`, totals[kind], found[kind]);
      const what = `the sum of watched coins that are ${kind}`;
      this.#compare('the wallet', what, watched[kind], seen[kind]);
    }
    let accountsTotal = 0n;
    let pending = 0n;
    for (const row of this.#accounts.values()) {
      accountsTotal += accountBalance(row);
      pending += row.pendingCredits;
    }
    const balance = totals.confirmed + totals.trusted;
    this.#compare(
      'all accounts',
      'their sum with what is unconfirmed',
      this.#byCoins + this.#keptAsWatched,
      accountsTotal + pending,
    );
    if (this.#unconfirmed === 0) {
      this.#compare('all accounts', 'their sum', balance + this.#keptAsWatched, accountsTotal);
    }
    return { accountsTotal, balance };
  }
}

/** What a payment of own coins left on watched scripts that nobody named. */
function keptAsWatched({ spentOwn, outputs }: TxFacts): Sats {
  if (spentOwn === 0n) return 0n;
  const kept = outputs.filter((output) => output.watched && isChange(output));
  return kept.reduce((sum, { value }) => sum + value, 0n);
}

function causeName(account: string, kind: string, about: string): string {
  return `${account}\u0000${kind}\u0000${about}`;
}

function isKept(kind: CoinClass): kind is keyof TotalsRow {
  return kind !== 'none' && kind !== 'spent';
}
