/**
 * The account ledger of bitcoind 0.16 as a page of code, to compare a node with: it knows the transactions by
 * their bytes, which block has them, the address book and the moves, and adds up. Credits go to the account whose
 * name the address has now, debits to the account that sent; change is an own output outside the book. Watched
 * addresses count as own ones do where they are asked for: there are two sets of sums.
 */
import {
  bytesToHex,
  hexToBytes,
  type OutPoint,
  outpointKey,
  Tx,
  type Txid,
} from '@coind/primitives';

/** A transaction of the wallet. */
interface Known {
  readonly tx: Tx;
  readonly from: string;
  /** Undefined while unconfirmed; below zero when a rival was mined. */
  height: number | undefined;
}

interface Sums {
  confirmed: bigint;
  pending: bigint;
}

const MATURITY = 100;
const CONFLICTED = -1;

/** The model of one wallet. */
export class AccountModel {
  readonly #own = new Set<string>();
  readonly #watched = new Set<string>();
  readonly #book = new Map<string, string>();
  readonly #known = new Map<string, Known>();
  readonly #paying = new Map<string, Set<string>>();
  readonly #spending = new Map<string, Set<string>>();
  readonly #sums = new Map<string, Sums>();
  /** The same with watched addresses. */
  readonly #allSums = new Map<string, Sums>();
  readonly #blocks: string[][] = [];
  readonly #maturing = new Map<number, string[]>();

  get height(): number {
    return this.#blocks.length - 1;
  }

  /** Unconfirmed transactions sent by the wallet. */
  get pending(): string[] {
    return [...this.#known]
      .filter(([, { height, tx }]) => height === undefined && this.#spent(tx, false) > 0n)
      .map(([txid]) => txid);
  }

  tx(txid: string): Tx | undefined {
    return this.#known.get(txid)?.tx;
  }

  /** An address of the wallet, with its account; without one it is change. */
  own(script: Uint8Array, account?: string): void {
    const hex = bytesToHex(script);
    this.#changing(this.#concerning(hex), () => {
      this.#watched.delete(hex);
      this.#own.add(hex);
      if (account !== undefined) this.#book.set(hex, account);
    });
    if (account !== undefined) this.#sumsOf(account, false);
  }

  /** An address that the wallet watches, with its account. */
  watch(script: Uint8Array, account: string): void {
    const hex = bytesToHex(script);
    this.#changing(this.#concerning(hex), () => {
      this.#watched.add(hex);
      this.#book.set(hex, account);
    });
  }

  /** Another account for an address of either kind. */
  rename(script: Uint8Array, account: string): void {
    const hex = bytesToHex(script);
    if (this.#watched.has(hex)) this.watch(script, account);
    else this.own(script, account);
  }

  /** Transactions that pay a script, and those that spend what they paid. */
  #concerning(script: string): Set<string> {
    const found = new Set(this.#paying.get(script) ?? []);
    for (const txid of [...found]) {
      this.tx(txid)?.outputs.forEach((_, vout) => {
        const key = outpointKey({ txid: txid as Txid, vout });
        for (const spender of this.#spending.get(key) ?? []) found.add(spender);
      });
    }
    return found;
  }

  move(from: string, to: string, amount: bigint): void {
    for (const watched of [false, true]) {
      this.#sumsOf(from, watched).confirmed -= amount;
      this.#sumsOf(to, watched).confirmed += amount;
    }
  }

  /** A transaction that the wallet made, or that pays it. What is not known as a recipient is change. */
  learn(hex: string, from: string): void {
    const tx = Tx.decode(hexToBytes(hex));
    if (this.#known.has(tx.txid)) return;
    for (const { prevout } of tx.isCoinbase ? [] : tx.inputs) {
      this.#index(this.#spending, outpointKey(prevout), tx.txid);
    }
    for (const { scriptPubKey } of tx.outputs) {
      this.#index(this.#paying, bytesToHex(scriptPubKey), tx.txid);
    }
    this.#known.set(tx.txid, { tx, from, height: undefined });
    this.#post(tx.txid, 1n);
  }

  #index(index: Map<string, Set<string>>, key: string, txid: string): void {
    const set = index.get(key) ?? new Set();
    index.set(key, set.add(txid));
  }

  /** A block: its transactions with the bytes of those that may be the wallet's. */
  connect(txs: readonly string[]): void {
    const height = this.#blocks.length;
    this.#blocks.push([]);
    const found: string[] = [];
    for (const hex of txs) {
      const tx = Tx.decode(hexToBytes(hex));
      for (const { prevout } of tx.isCoinbase ? [] : tx.inputs) {
        for (const rival of this.#spending.get(outpointKey(prevout)) ?? []) {
          if (rival !== tx.txid) this.#conflict(rival, height);
        }
      }
      const concerns = this.#known.has(tx.txid) || this.#spent(tx, true) > 0n || this.#pays(tx);
      if (!concerns) continue;
      this.learn(hex, '');
      found.push(tx.txid);
      this.#setHeight(tx.txid, height);
      if (tx.isCoinbase) this.#maturing.set(height, [tx.txid]);
    }
    this.#blocks[height] = found;
    this.#changing(this.#maturing.get(height - MATURITY) ?? [], () => undefined, height - 1);
  }

  #conflict(txid: string, height: number): void {
    const known = this.#known.get(txid);
    if (!known || known.height !== undefined) return;
    this.#setHeight(txid, CONFLICTED - height);
    known.tx.outputs.forEach((_, vout) => {
      const key = outpointKey({ txid: known.tx.txid, vout });
      for (const child of this.#spending.get(key) ?? []) this.#conflict(child, height);
    });
  }

  /** Takes the last block back. */
  disconnect(): void {
    const height = this.height;
    const maturing = this.#maturing.get(height - MATURITY) ?? [];
    this.#changing(maturing, () => {
      this.#blocks.pop();
    });
    this.#maturing.delete(height);
    for (const [txid, known] of this.#known) {
      if (known.height === height || known.height === CONFLICTED - height) {
        this.#setHeight(txid, undefined);
      }
    }
  }

  /** Balances of all accounts at one confirmation, or with unconfirmed credits; watched addresses counted or not. */
  balances(minconf: 0 | 1, watched: boolean): Map<string, bigint> {
    return new Map(
      [...(watched ? this.#allSums : this.#sums)].map(([account, { confirmed, pending }]) => [
        account,
        minconf === 0 ? confirmed + pending : confirmed,
      ]),
    );
  }

  #setHeight(txid: string, height: number | undefined): void {
    this.#changing([txid], () => {
      (this.#known.get(txid) as Known).height = height;
    });
  }

  /** Takes what transactions add to the sums away, does `work`, and adds it again. */
  #changing(txids: Iterable<string>, work: () => void, heightBefore = this.height): void {
    const all = [...txids];
    for (const txid of all) this.#post(txid, -1n, heightBefore);
    work();
    for (const txid of all) this.#post(txid, 1n);
  }

  #post(txid: string, sign: bigint, tip = this.height): void {
    const { tx, from, height } = this.#known.get(txid) as Known;
    const isConfirmed = height !== undefined && height >= 0;
    if (height !== undefined && height < 0) return;
    if (tx.isCoinbase && !(isConfirmed && tip - height >= MATURITY)) return;
    for (const watched of [false, true]) this.#postTo(tx, from, { sign, isConfirmed, watched });
  }

  #postTo(
    tx: Tx,
    from: string,
    { sign, isConfirmed, watched }: { sign: bigint; isConfirmed: boolean; watched: boolean },
  ): void {
    const spent = this.#spent(tx, watched);
    let debit = spent;
    for (const { value, scriptPubKey } of tx.outputs) {
      const script = bytesToHex(scriptPubKey);
      const account = this.#book.get(script);
      if (!this.#isMine(script, true)) continue;
      if (account === undefined && spent > 0n) debit -= value;
      else if (!this.#isMine(script, watched)) continue;
      else if (isConfirmed) this.#sumsOf(account ?? '', watched).confirmed += sign * value;
      else this.#sumsOf(account ?? '', watched).pending += sign * value;
    }
    if (spent > 0n) this.#sumsOf(from, watched).confirmed -= sign * debit;
  }

  #sumsOf(account: string, watched: boolean): Sums {
    const all = watched ? this.#allSums : this.#sums;
    const sums = all.get(account) ?? { confirmed: 0n, pending: 0n };
    all.set(account, sums);
    return sums;
  }

  #isMine(script: string, watched: boolean): boolean {
    return this.#own.has(script) || (watched && this.#watched.has(script));
  }

  #pays(tx: Tx): boolean {
    return tx.outputs.some(({ scriptPubKey }) => this.#isMine(bytesToHex(scriptPubKey), true));
  }

  #spent(tx: Tx, watched: boolean): bigint {
    if (tx.isCoinbase) return 0n;
    return tx.inputs.reduce((sum, { prevout }) => sum + this.#valueOf(prevout, watched), 0n);
  }

  #valueOf({ txid, vout }: OutPoint, watched: boolean): bigint {
    const output = this.#known.get(txid)?.tx.outputs[vout];
    if (!output || !this.#isMine(bytesToHex(output.scriptPubKey), watched)) return 0n;
    return output.value;
  }
}
