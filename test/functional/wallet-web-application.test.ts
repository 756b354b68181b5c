/**
 * The web shop of 2011, one account for each of its users, as such programs were written: plain HTTP, no client
 * library, JSON-RPC 1.0. Answers are compared by their text, so every amount has to be right to the last digit.
 */
import { formatBtc, type Sats } from '@coind/primitives';
import { type Spawned, spawn } from '@coind/testing';
import { describe, expect, test } from 'vitest';

/** Whoever pays the shop's users: a key that the wallet does not have. */
const PAYER_KEY = 'cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA';
const PAYER = 'mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r';
/** Where the shop harvests its users' money to. */
const COLD = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;
const PAYER_FEE = 10_000n;

/** A number that JSON shall hold as it stands here. */
const btc = (sats: Sats) => formatBtc(sats);

class Shop {
  readonly #node: Spawned;
  /** Blocks whose reward the payer has not spent yet. */
  readonly #rewards: string[] = [];

  constructor(node: Spawned) {
    this.#node = node;
  }

  /** Posts a request made of text and returns the text of its result. */
  async post(method: string, ...params: readonly string[]): Promise<string> {
    const { url, user, password } = this.#node;
    const response = await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`${user}:${password}`)}` },
      body: `{"method":"${method}","params":[${params.join(',')}],"id":7}`,
    });
    const body = await response.text();
    const found = /^\{"result":(.*),"error":null,"id":7\}\n$/s.exec(body);
    if (!found) throw new Error(`${method}: ${response.status} ${body}`);
    return found[1] as string;
  }

  /** The same for a result that is an object or a list. */
  async ask<T>(method: string, ...params: readonly string[]): Promise<T> {
    return JSON.parse(await this.post(method, ...params)) as T;
  }

  async mine(count: number): Promise<void> {
    const hashes = await this.ask<string[]>('generatetoaddress', `${count}`, `"${PAYER}"`);
    this.#rewards.push(...hashes);
  }

  /** One payment from outside to several addresses, unconfirmed. */
  async pay(amounts: ReadonlyMap<string, Sats>): Promise<void> {
    const hash = this.#rewards.shift() as string;
    const { tx } = await this.ask<{ tx: string[] }>('getblock', `"${hash}"`);
    const total = [...amounts.values()].reduce((sum, amount) => sum + amount, 0n);
    const outputs = [...amounts, [PAYER, 50n * COIN - total - PAYER_FEE] as const];
    const to = outputs.map(([address, amount]) => `"${address}":${btc(amount)}`).join(',');
    const raw = await this.post(
      'createrawtransaction',
      `[{"txid":"${tx[0]}","vout":0}]`,
      `{${to}}`,
    );
    const signed = await this.ask<{ hex: string; complete: boolean }>(
      'signrawtransaction',
      raw,
      '[]',
      `["${PAYER_KEY}"]`,
    );
    expect(signed.complete).toBe(true);
    await this.post('sendrawtransaction', `"${signed.hex}"`);
  }

  /** The page that a user sees: his address, made at the first visit. */
  async addressOf(user: string): Promise<string> {
    const [known] = await this.ask<string[]>('getaddressesbyaccount', `"${user}"`);
    return known ?? (JSON.parse(await this.post('getnewaddress', `"${user}"`)) as string);
  }
}

const price = (index: number): Sats => COIN + BigInt(index) * 12_345_679n + 1n;

function received(
  users: readonly string[],
  amount: (index: number) => Sats,
  confirmations: number,
) {
  const sorted = users
    .map((user, index) => ({ user, index }))
    .sort((a, b) => (a.user < b.user ? -1 : 1));
  const lines = sorted.map(
    ({ user, index }) =>
      `{"account":"${user}","amount":${btc(amount(index))},"confirmations":${confirmations}}`,
  );
  return `[${lines.join(',')}]`;
}

async function openShop(shop: Shop, users: readonly string[]): Promise<string[]> {
  await shop.mine(101 + users.length);
  const addresses: string[] = [];
  for (const user of users) {
    expect(await shop.post('getaddressesbyaccount', `"${user}"`)).toBe('[]');
    const address = await shop.addressOf(user);
    expect(await shop.addressOf(user)).toBe(address);
    expect(await shop.post('getaccount', `"${address}"`)).toBe(`"${user}"`);
    addresses.push(address);
  }
  expect(await shop.post('listreceivedbyaccount', '0', 'true')).toBe(received(users, () => 0n, 0));
  return addresses;
}

/** Sends a user's money away, but for the tenth of a coin out of which the fee comes; what remains. */
async function harvest(shop: Shop, user: string, balance: Sats): Promise<Sats> {
  const kept = COIN / 10n;
  const txid = await shop.post('sendfrom', `"${user}"`, `"${COLD}"`, btc(balance - kept), '1');
  const text = await shop.post('gettransaction', txid);
  const fee = BigInt((/"fee":-0\.(\d{8}),/.exec(text) as RegExpExecArray)[1] as string);
  expect(fee).toBeGreaterThan(0n);
  expect(text).toContain(`"amount":-${btc(balance - kept)}`);
  return kept - fee;
}

describe.each([
  ['beside the modern methods', []],
  ['with -compat=legacy', ['-compat=legacy', '-addresstype=legacy']],
] as const)('%s', (_, args) => {
  test.each([2, 10])('%i users pay in, are shown and harvested', async (count) => {
    await using node = await spawn({ args: [...args, '-fallbackfee=0.0002'] });
    const shop = new Shop(node);
    const users = Array.from({ length: count }, (__, index) => `user ${index}`);
    const addresses = await openShop(shop, users);

    await shop.pay(new Map(addresses.map((address, index) => [address, price(index)])));
    for (const [index, address] of addresses.entries()) {
      expect(await shop.post('getreceivedbyaddress', `"${address}"`, '0')).toBe(btc(price(index)));
      expect(await shop.post('getreceivedbyaddress', `"${address}"`)).toBe('0.00000000');
      expect(await shop.post('getbalance', `"${users[index]}"`)).toBe('0.00000000');
      expect(await shop.post('getbalance', `"${users[index]}"`, '0')).toBe(btc(price(index)));
    }
    expect(await shop.post('listreceivedbyaccount', '0', 'true')).toBe(received(users, price, 0));

    await shop.mine(1);
    expect(await shop.post('listreceivedbyaccount', '0', 'true')).toBe(received(users, price, 1));
    const left: Sats[] = [];
    for (const [index, user] of users.entries()) {
      expect(await shop.post('getbalance', `"${user}"`)).toBe(btc(price(index)));
      left.push(await harvest(shop, user, price(index)));
      expect(await shop.post('getbalance', `"${user}"`)).toBe(btc(left[index] as Sats));
    }

    await shop.mine(1);
    const accounts = await shop.post('listaccounts');
    for (const [index, user] of users.entries()) {
      expect(accounts).toContain(`"${user}":${btc(left[index] as Sats)}`);
    }
    const total = left.reduce((sum, amount) => sum + amount, 0n);
    expect(await shop.post('getbalance')).toBe(btc(total));
    // What was ever received stays what it was.
    expect(await shop.post('listreceivedbyaccount', '0', 'true')).toBe(received(users, price, 2));
    expect(await shop.ask('auditaccounts')).toMatchObject({ clean: true, settled: true });
  });
});
