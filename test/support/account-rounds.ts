/**
 * Random operations on a wallet with accounts, black box: payments in and out, moves, renaming, watched addresses
 * and their keys, reorganisations, rival transactions, kill -9. After every one the balances of all accounts have to be those of the model. Most
 * histories run in the process of the test, in memory; those with kill -9 need a daemon.
 */
import { rmSync } from 'node:fs';
import {
  Block,
  bytesToHex,
  type ChainParams,
  chainParams,
  hexToBytes,
  Tx,
} from '@coind/primitives';
import { type Client, createClient, RpcError, TransportError } from '@coind/rpc/client';
import { decodeAddress, encodeAddress } from '@coind/script';
import { spawn } from '@coind/testing';
import { AccountModel } from './account-model.ts';
import { startDaemon, temporaryDirectory } from './daemon.ts';
import { leanFetch } from './lean-fetch.ts';
import { randomOf } from './random.ts';

/** What a run did. */
export interface AccountReport {
  /** How often each operation had an effect; `refused` ones, for want of money, come on top. */
  readonly done: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly kills: number;
  readonly height: number;
}

const ACCOUNTS = ['', 'alice', 'bob', 'carol', 'dora'];
const ARGS = ['-fallbackfee=0.0001', '-keypool=10'];
/** Operations after which a block comes at the latest: the mempool takes short chains only. */
const MOST_WITHOUT_BLOCK = 15;
/** Once in so many operations the books are audited as a whole. */
const AUDIT_EVERY = 1000;
/** The operations that bring blocks. */
const CHAIN_OPERATIONS: ReadonlySet<string> = new Set(['mine', 'reorganise', 'conflict', 'kill']);
const params = chainParams('regtest') as ChainParams;

/** A node, wherever it runs. */
interface Home {
  readonly client: Client;
  walletClient(name: string): Client;
  /** Ends it as a power switch does; undefined where that would end the test too. */
  readonly kill?: () => Promise<unknown>;
  close(): Promise<unknown>;
}

interface Place {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Clients of the node and of its wallets. */
function clientsOf({ url, user, password }: Place) {
  const options = { user, password, fetch: leanFetch() };
  return {
    client: createClient({ url, ...options }),
    walletClient: (name: string) => createClient({ url: `${url}wallet/${name}`, ...options }),
  };
}

async function inProcess(): Promise<Home> {
  const node = await spawn({ args: ARGS });
  return { ...clientsOf(node), close: node.close };
}

async function inDaemon(datadir: string): Promise<Home> {
  const { url, credentials, kill } = await startDaemon({ datadir, args: ARGS });
  return { ...clientsOf({ url, ...credentials }), kill, close: kill };
}

class Rounds {
  readonly model = new AccountModel();
  readonly done: Record<string, number> = {};
  refused = 0;
  kills = 0;
  home: Home;
  wallet: Client;
  payer: Client;
  readonly #random: (below: number) => number;
  readonly #restart: () => Promise<Home>;
  readonly #hashes: string[] = [];
  /** Own and watched ones. */
  readonly #addresses: string[] = [];
  readonly #watched: string[] = [];
  /** An address of the payer: what is spent there can come back. */
  #foreign = '';
  #key = 0;
  #sinceBlock = 0;
  /** Which of the four ways to look at balances was the last one. */
  #look = 0;

  constructor(home: Home, restart: () => Promise<Home>, seed: number) {
    this.home = home;
    this.#restart = restart;
    this.#random = randomOf(seed);
    this.wallet = home.walletClient('accounts');
    this.payer = home.walletClient('payer');
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random(values.length)] as T;
  }

  #amount(): bigint {
    return 10_000n + BigInt(this.#random(500_000_000));
  }

  async prepare(): Promise<void> {
    const { client } = this.home;
    for (const wallet_name of ['accounts', 'payer']) {
      await client.createwallet({ wallet_name, load_on_startup: true });
    }
    this.#foreign = await this.payer.getnewaddress();
    for (const account of ACCOUNTS) await this.#newAddress(account);
    await this.#watch('watched');
    await this.#sync();
    await client.generatetoaddress({ nblocks: 20, address: this.#foreign });
    const [, alice = ''] = this.#addresses;
    await client.generatetoaddress({ nblocks: 5, address: alice });
    await client.generatetoaddress({ nblocks: 101, address: this.#foreign });
    await this.#sync();
  }

  async #newAddress(account: string): Promise<void> {
    const address = await this.wallet.getnewaddress({ label: account });
    this.#addresses.push(address);
    this.model.own(decodeAddress(address, params), account);
  }

  /** One operation that has an effect. */
  async step(): Promise<void> {
    let name: string | undefined;
    while (name === undefined) {
      name = await this.#operate().catch((error: unknown) => {
        // Refused, for want of money or because a chain of payments got too long.
        if (error instanceof RpcError && [-4, -6].includes(error.code)) return undefined;
        throw error;
      });
      if (name === undefined) this.refused++;
      if (name === undefined || ++this.#sinceBlock >= MOST_WITHOUT_BLOCK) {
        await this.#mine(this.#foreign);
        await this.#sync();
      }
    }
    this.done[name] = (this.done[name] ?? 0) + 1;
    if (CHAIN_OPERATIONS.has(name)) await this.#sync();
  }

  async #operate(): Promise<string | undefined> {
    const which = this.#random(1000);
    if (which < 150) return this.#receive();
    if (which < 300) return this.#mine(this.#pick([this.#foreign, this.#pick(this.#addresses)]));
    if (which < 320) return this.#reorganise(1 + this.#random(3));
    if (which < 500) return this.#move();
    if (which < 720) return this.#sendfrom();
    if (which < 820) return this.#sendmany();
    if (which < 920) return this.#setaccount();
    if (which < 940) return this.#newAddress(this.#pick(ACCOUNTS)).then(() => 'getnewaddress');
    if (which < 950) return this.#watch(this.#pick(ACCOUNTS));
    if (which < 955) return this.#adopt();
    if (which < 970) return this.#abandon();
    if (which < 995) return this.#conflict();
    return this.#kill();
  }

  /** An address of the payer, who goes on spending what it gets. */
  async #watch(account: string): Promise<string> {
    const address = await this.payer.getnewaddress();
    await this.wallet.importaddress({ address, label: account, rescan: false });
    this.#addresses.push(address);
    this.#watched.push(address);
    this.model.watch(decodeAddress(address, params), account);
    return 'watch';
  }

  /** The key of a watched address comes: what it has is the wallet's to spend, and still the payer's too. */
  async #adopt(): Promise<string | undefined> {
    const address = this.#watched.shift();
    if (address === undefined) return undefined;
    const account = this.#pick(ACCOUNTS);
    const privkey = await this.payer.dumpprivkey({ address });
    await this.wallet.importprivkey({ privkey, label: account, rescan: false });
    this.model.own(decodeAddress(address, params), account);
    return 'adopt';
  }

  async #receive(): Promise<string> {
    const address = this.#pick(this.#addresses);
    const sent = await this.payer.sendtoaddress({ address, amount: this.#amount() });
    const txid = typeof sent === 'string' ? sent : sent.txid;
    this.model.learn((await this.payer.gettransaction({ txid })).hex, '');
    return 'receive';
  }

  async #mine(address: string): Promise<string> {
    await this.home.client.generatetoaddress({ nblocks: 1, address });
    this.#sinceBlock = 0;
    return 'mine';
  }

  async #reorganise(depth: number): Promise<string> {
    const { client } = this.home;
    const blockhash = await client.getblockhash({ height: this.model.height - depth + 1 });
    await client.invalidateblock({ blockhash });
    await this.#sync();
    // To another address than before: the same block again would be as invalid.
    const address = await this.payer.getnewaddress();
    await client.generatetoaddress({ nblocks: depth + 1, address });
    return 'reorganise';
  }

  async #move(): Promise<string> {
    const [from, to, amount] = [this.#pick(ACCOUNTS), this.#pick(ACCOUNTS), this.#amount()];
    await this.wallet.move({ fromaccount: from, toaccount: to, amount });
    this.model.move(from, to, amount);
    return 'move';
  }

  #recipient(): string {
    return this.#random(2) === 0 ? this.#foreign : this.#pick(this.#addresses);
  }

  async #sendfrom(): Promise<string> {
    const fromaccount = this.#pick(ACCOUNTS);
    const amount = this.#amount();
    const toaddress = this.#recipient();
    const txid = await this.wallet.sendfrom({ fromaccount, toaddress, amount });
    await this.#learnSent(txid, fromaccount);
    return 'sendfrom';
  }

  async #sendmany(): Promise<string> {
    const fromaccount = this.#pick(ACCOUNTS);
    const addresses = new Set([this.#recipient(), this.#recipient(), this.#recipient()]);
    const amounts = [...addresses].map((address): [string, bigint] => [address, this.#amount()]);
    const sent = await this.wallet.sendmany({ fromaccount, amounts });
    await this.#learnSent(typeof sent === 'string' ? sent : sent.txid, fromaccount);
    return 'sendmany';
  }

  /** What goes neither abroad nor to a known address came back. */
  async #learnSent(txid: string, from: string): Promise<void> {
    const { hex } = await this.wallet.gettransaction({ txid: txid as never });
    const known = new Set([this.#foreign, ...this.#addresses]);
    for (const { scriptPubKey } of Tx.decode(hexToBytes(hex)).outputs) {
      const address = encodeAddress(scriptPubKey, params) as string;
      if (known.has(address)) continue;
      // Renamed later, it becomes a payment like any other.
      this.#addresses.push(address);
      this.model.own(scriptPubKey);
    }
    this.model.learn(hex, from);
  }

  async #setaccount(): Promise<string> {
    const [address, account] = [this.#pick(this.#addresses), this.#pick(ACCOUNTS)];
    await this.wallet.setaccount({ address, account });
    this.model.rename(decodeAddress(address, params), account);
    return 'setaccount';
  }

  /** What is in the mempool cannot be abandoned; what is not may be, and the books keep it. */
  async #abandon(): Promise<string | undefined> {
    const { pending } = this.model;
    if (pending.length === 0) return undefined;
    const txid = this.#pick(pending) as never;
    try {
      await this.wallet.abandontransaction({ txid });
    } catch (error) {
      if (!(error instanceof RpcError && error.code === -5)) throw error;
    }
    return 'abandon';
  }

  /** A rival of an unconfirmed payment comes in a block. */
  async #conflict(): Promise<string | undefined> {
    const { pending } = this.model;
    if (pending.length === 0) return undefined;
    const [input] = this.model.tx(this.#pick(pending))?.inputs ?? [];
    if (!input) return undefined;
    const { client } = this.home;
    const unspent = await client.gettxout({
      txid: input.prevout.txid,
      n: input.prevout.vout,
      include_mempool: false,
    });
    if (!unspent || (unspent.coinbase && unspent.confirmations < 101)) return undefined;
    const amount = unspent.value - 10_000n;
    if (amount < 1000n) return undefined;
    const raw = await client.call('createrawtransaction', [
      [{ txid: input.prevout.txid, vout: input.prevout.vout }],
      [{ [this.#foreign]: amount }],
    ]);
    const signed = await this.wallet.call('signrawtransactionwithwallet', [raw as string]);
    const { hex, complete } = signed as { hex: string; complete: boolean };
    if (!complete) return undefined;
    await client.call('generateblock', [this.#foreign, [hex]]);
    return 'conflict';
  }

  /** Dies in the middle of a payment, which is asked for again. */
  async #kill(): Promise<string | undefined> {
    const { kill } = this.home;
    if (!kill) return this.#move();
    const args = {
      fromaccount: this.#pick(ACCOUNTS),
      toaddress: this.#recipient(),
      amount: this.#amount(),
      idempotency_key: `payment ${this.#key++}`,
    };
    const first = this.wallet.sendfrom(args).catch((error: unknown) => {
      if (!(error instanceof TransportError || error instanceof RpcError)) throw error;
    });
    await new Promise((resolve) => setTimeout(resolve, this.#random(12)));
    await kill();
    await first;
    this.home = await this.#restart();
    this.wallet = this.home.walletClient('accounts');
    this.payer = this.home.walletClient('payer');
    this.kills++;
    await this.#sync();
    const txid = await this.wallet.sendfrom(args);
    await this.#learnSent(txid, args.fromaccount);
    return 'kill';
  }

  /** Brings the model to the chain of the node. */
  async #sync(): Promise<void> {
    const { client } = this.home;
    const height = await client.getblockcount();
    const missing: { hash: string; height: number }[] = [];
    for (let at = height; at >= 0; at--) {
      const hash = await client.getblockhash({ height: at });
      if (this.#hashes[at] === hash) break;
      missing.push({ hash, height: at });
    }
    const keep = height + 1 - missing.length;
    while (this.#hashes.length > keep) {
      this.#hashes.pop();
      this.model.disconnect();
    }
    for (const { hash } of missing.reverse()) {
      const hex = (await client.call('getblock', [hash, 0])) as string;
      const { txs } = Block.decode(hexToBytes(hex));
      this.model.connect(txs.map((tx) => bytesToHex(tx.encode())));
      this.#hashes.push(hash);
    }
  }

  /**
   * How the node's balances differ from the model's; undefined when they do not. From call to call it looks at
   * one confirmation and at none, with watched addresses and without.
   */
  async difference(): Promise<string | undefined> {
    this.#look = (this.#look + 1) % 4;
    const minconf = this.#look % 2 === 0 ? 0 : 1;
    const watched = this.#look > 1;
    const found = await this.wallet.listaccounts({ minconf, include_watchonly: watched });
    const expected = this.model.balances(minconf, watched);
    for (const account of new Set([...found.keys(), ...expected.keys()])) {
      const [is, shall] = [found.get(account) ?? 0n, expected.get(account) ?? 0n];
      if (is !== shall)
        return `"${account}" at ${minconf}, watched ${watched}: ${is} is not ${shall}`;
    }
    return undefined;
  }
}

/** Does `operations` random operations. Throws at the first difference, naming seed and step. */
export async function accountRounds(
  operations: number,
  seed: number,
  where: 'daemon' | 'process' = 'daemon',
): Promise<AccountReport> {
  const datadir = temporaryDirectory();
  const start = where === 'daemon' ? () => inDaemon(datadir) : inProcess;
  const rounds = new Rounds(await start(), start, seed);
  try {
    await rounds.prepare();
    for (let step = 1; step <= operations; step++) {
      await rounds.step();
      const difference = await rounds.difference();
      if (difference) throw new Error(`seed ${seed}, step ${step}: ${difference}`);
      if (step % AUDIT_EVERY !== 0 && step !== operations) continue;
      const audit = await rounds.wallet.auditaccounts();
      if (!audit.clean) throw new Error(`seed ${seed}, step ${step}: ${audit.faults[0]?.fault}`);
    }
    const { done, refused, kills, model } = rounds;
    return { done, refused, kills, height: model.height };
  } finally {
    await rounds.home.close();
    rmSync(datadir, { recursive: true, force: true });
  }
}
