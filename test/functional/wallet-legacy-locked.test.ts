/** What 0.16 did with a locked wallet: what it refused, before or after it had looked at what was asked, and what not. */
import { type Spawned, spawn } from '@coind/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const KEY = 'cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA';
const TXID = '0000000000000000000000000000000000000000000000000000000000000001';
const LOCKED = '-13 Error: Please enter the wallet passphrase with walletpassphrase first.';
const INCORRECT = '-14 Error: The wallet passphrase entered was incorrect.';
const ENCRYPTED = '-15 Error: running with an encrypted wallet, but encryptwallet was called.';
const NOT_TEXT = '-1 JSON value is not a string as expected';

let node: Spawned;

/** The result of a call of the locked wallet as JSON, or its refusal as `code text`. */
async function answer(method: string, params: readonly unknown[]): Promise<string> {
  const response = await fetch(`${node.url}wallet/locked`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${node.user}:${node.password}`)}` },
    body: JSON.stringify({ method, params, id: 1 }),
  });
  const { result, error } = (await response.json()) as {
    result: unknown;
    error: { code: number; message: string } | null;
  };
  return error ? `${error.code} ${error.message}` : JSON.stringify(result);
}

/** Spends a coin that nobody knows. */
const RAW = `0200000001${'01'.padEnd(64, '0')}0000000000ffffffff0100e1f505000000001976a914243f1394f44554f4ce3fd68649c19adc483ce92488ac00000000`;

beforeAll(async () => {
  // Both families at once: 0.17 could make a second wallet, one that is locked from the start.
  node = await spawn({ args: ['-compat=legacy', '-keypool=5', '-fallbackfee=0.0002'] });
  await node.client.call('createwallet', ['locked', false, false, 'secret'] as never);
});
afterAll(() => node[Symbol.asyncDispose]());

test.each<readonly [string, readonly unknown[], string]>([
  ['sendtoaddress', ['bad', 1], '-5 Invalid address'],
  ['sendtoaddress', [FOREIGN, 0], '-3 Invalid amount for send'],
  ['sendtoaddress', [FOREIGN, 1], LOCKED],
  ['sendfrom', ['*', FOREIGN, 1], '-11 Invalid account name'],
  ['sendfrom', ['a', FOREIGN, 1, 'x'], '-1 JSON value is not an integer as expected'],
  ['sendfrom', ['a', FOREIGN, 1], LOCKED],
  ['sendmany', ['a', { bad: 1 }], '-5 Invalid Bitcoin address: bad'],
  ['sendmany', ['a', { [FOREIGN]: 1 }], LOCKED],
  ['bumpfee', [TXID], LOCKED],
  ['signmessage', ['bad', 'x'], LOCKED],
  ['dumpprivkey', ['bad'], LOCKED],
  ['importprivkey', ['bad'], LOCKED],
  ['dumpwallet', ['/nowhere/at/all'], LOCKED],
  ['importwallet', ['/nowhere/at/all'], LOCKED],
  ['keypoolrefill', [-1], '-8 Invalid parameter, expected valid size.'],
  ['keypoolrefill', [], LOCKED],
  ['signrawtransaction', ['zz'], '-22 TX decode failed'],
  ['signrawtransaction', [RAW], LOCKED],
  ['signrawtransaction', [RAW, null, ['bad']], '-5 Invalid private key'],
  ['walletpassphrase', ['wrong', 1], INCORRECT],
  ['walletpassphrase', ['secret', -1], '-8 Timeout cannot be negative.'],
  ['walletpassphrase', ['secret', 1.5], '-1 JSON integer out of range'],
  ['walletpassphrase', [1, 1], NOT_TEXT],
  ['walletpassphrasechange', ['wrong', 'x'], INCORRECT],
  ['walletpassphrasechange', [1, 'x'], NOT_TEXT],
  ['encryptwallet', ['x'], ENCRYPTED],
  ['encryptwallet', [1], ENCRYPTED],
])('%s %j is refused', async (method, params, expected) => {
  expect(await answer(method, params)).toBe(expected);
});

test('an empty passphrase is answered as a missing one', async () => {
  expect(await answer('walletpassphrase', ['', 1])).toMatch(/^-1 walletpassphrase "/);
  expect(await answer('walletpassphrasechange', ['secret', ''])).toMatch(
    /^-1 walletpassphrasechange "/,
  );
});

test('what needs no private key goes on', async () => {
  const address = JSON.parse(await answer('getnewaddress', ['a'])) as string;
  expect(await answer('setaccount', [address, 'b'])).toBe('null');
  expect(await answer('move', ['b', 'c', 1])).toBe('true');
  expect(await answer('getbalance', ['c'])).toBe('1');
  expect(await answer('importaddress', [FOREIGN, 'watched', false])).toBe('null');
  expect(await answer('getaccount', [FOREIGN])).toBe('"watched"');
  expect(JSON.parse(await answer('signrawtransaction', [RAW, null, [KEY]]))).toMatchObject({
    complete: false,
  });
  expect(JSON.parse(await answer('getwalletinfo', []))).toMatchObject({ unlocked_until: 0 });
});

test('unlocked for a while it does the rest, and a second time replaces the first', async () => {
  expect(await answer('walletpassphrase', ['secret', 1_000_000_000])).toBe('null');
  const until = async () =>
    (JSON.parse(await answer('getwalletinfo', [])) as { unlocked_until: number }).unlocked_until;
  const long = await until();
  expect(await answer('walletpassphrase', ['secret', 50])).toBe('null');
  const short = await until();
  // The time is cut to 100,000,000 seconds.
  expect(long - short).toBeGreaterThan(99_990_000);
  expect(long - short).toBeLessThan(100_000_000);
  expect(await answer('keypoolrefill', [7])).toBe('null');
  expect(await answer('walletpassphrasechange', ['secret', 'changed'])).toBe('null');
  expect(await until()).toBe(short);
  expect(await answer('walletlock', [])).toBe('null');
  expect(await answer('walletlock', [])).toBe('null');
  expect(await until()).toBe(0);
  expect(await answer('walletpassphrase', ['secret', 1])).toBe(INCORRECT);
});
