/**
 * The account ledger of bitcoind 0.16 as a page of code, to compare a node with: it knows the transactions by
 * their bytes, which block has them, the address book and the moves, and adds up. Credits go to the account whose
 * name the address has now, debits to the account that sent; change is an own output outside the book.
 */
import { bytesToHex, hexToBytes, type OutPoint, outpointKey, Tx } from '@coind/primitives';

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
  readonly #book = new Map<string, string>();
  readonly #known = new Map<string, Known>();
  readonly #paying = new Map<string, Set<string>>();
  readonly #spending = new Map<string, Set<string>>();
  readonly #sums = new Map<string, Sums>();
  readonly #blocks: string[][] = [];
  readonly #maturing = new Map<number, string[]>();

  get height(): number {
    return this.#blocks.length - 1;
  }

  /** Unconfirmed transactions sent by the wallet. */
  get pending(): string[] {
    return [...this.#known]
      .filter(([, { height, tx }]) => height === undefined && this.#spent(tx) > 0n)
      .map(([txid]) => txid);
  }

  tx(txid: string): Tx | undefined {
    return this.#known.get(txid)?.tx;
  }

  /** An address of the wallet, with its account; without one it is change. */
  own(script: Uint8Array, account?: string): void {
    const hex = bytesToHex(script);
    this.#changing(this.#paying.get(hex) ?? [], () => {
      this.#own.add(hex);
      if (account !== undefined) this.#book.set(hex, account);
    });
    if (account !== undefined) this.#sumsOf(account);
  }

  move(from: string, to: string, amount: bigint): void {
    this.#sumsOf(from).confirmed -= amount;
    this.#sumsOf(to).confirmed += amount;
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
      const concerns = this.#known.has(tx.txid) || this.#spent(tx) > 0n || this.#pays(tx);
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

  /** Balances of all accounts at one confirmation, or with unconfirmed credits. */
  balances(minconf: 0 | 1): Map<string, bigint> {
    return new Map(
      [...this.#sums].map(([account, { confirmed, pending }]) => [
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
    const spent = this.#spent(tx);
    let debit = spent;
    for (const { value, scriptPubKey } of tx.outputs) {
      const script = bytesToHex(scriptPubKey);
      if (!this.#own.has(script)) continue;
      const account = this.#book.get(script);
      if (account === undefined && spent > 0n) debit -= value;
      else if (isConfirmed) this.#sumsOf(account ?? '').confirmed += sign * value;
      else this.#sumsOf(account ?? '').pending += sign * value;
    }
    if (spent > 0n) this.#sumsOf(from).confirmed -= sign * debit;
  }

  #sumsOf(account: string): Sums {
    const sums = this.#sums.get(account) ?? { confirmed: 0n, pending: 0n };
    this.#sums.set(account, sums);
    return sums;
  }

  #pays(tx: Tx): boolean {
    return tx.outputs.some(({ scriptPubKey }) => this.#own.has(bytesToHex(scriptPubKey)));
  }

  #spent(tx: Tx): bigint {
    if (tx.isCoinbase) return 0n;
    return tx.inputs.reduce((sum, { prevout }) => sum + this.#valueOf(prevout), 0n);
  }

  #valueOf({ txid, vout }: OutPoint): bigint {
    const output = this.#known.get(txid)?.tx.outputs[vout];
    if (!output || !this.#own.has(bytesToHex(output.scriptPubKey))) return 0n;
    return output.value;
  }
}
