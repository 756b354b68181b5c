/** What 0.16 said to raw transactions that it would not have, and how it signed what it was given. */
import { type Spawned, spawn } from '@coind/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const KEY = 'cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA';
const OWNER = 'mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r';
const OTHER = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const NOWHERE = '0000000000000000000000000000000000000000000000000000000000000001';

let node: Spawned;
/** Coinbases of `OWNER`, oldest first. */
const coins: string[] = [];

async function call<Result>(method: string, ...params: unknown[]): Promise<Result> {
  return (await node.client.call(method, params as never)) as Result;
}

/** The result, or the refusal as `code text`. */
const answer = (method: string, ...params: unknown[]): Promise<unknown> =>
  call(method, ...params).catch(
    ({ code, message }: { code: number; message: string }) => `${code} ${message}`,
  );

interface Signed {
  readonly hex: string;
  readonly complete: boolean;
  readonly errors?: readonly { readonly error: string; readonly txid: string }[];
}

/** A signed transaction from a coin of 50 to others. */
async function signed(txid: string, outputs: object, vout = 0, sequence?: number): Promise<string> {
  const input = { txid, vout, ...(sequence !== undefined && { sequence }) };
  const raw = await call<string>('createrawtransaction', [input], outputs);
  return (await call<Signed>('signrawtransaction', raw, [], [KEY])).hex;
}

beforeAll(async () => {
  node = await spawn({ args: ['-compat=legacy', '-addresstype=legacy'] });
  for (const hash of await call<string[]>('generatetoaddress', 110, OWNER)) {
    const { tx } = await call<{ tx: string[] }>('getblock', hash);
    coins.push(tx[0] as string);
  }
});
afterAll(() => node[Symbol.asyncDispose]());

test('sendrawtransaction says what is wrong with a number and a reason', async () => {
  const send = async (hex: string, ...rest: unknown[]) =>
    answer('sendrawtransaction', hex, ...rest);
  const [one = '', two = ''] = coins;
  expect(await send(await signed(one, { [OTHER]: 50.1 }))).toBe('-26 16: bad-txns-in-belowout');
  expect(await send(await signed(coins[109] as string, { [OTHER]: 49.9999 }))).toBe(
    '-26 16: bad-txns-premature-spend-of-coinbase',
  );
  expect(await send(await signed(NOWHERE, { [OTHER]: 1 }))).toBe('-25 Missing inputs');
  expect(await send(await signed(one, { [OTHER]: 50 }))).toBe('-26 66: min relay fee not met');
  const dear = await signed(one, { [OTHER]: 49 });
  expect(await send(dear)).toBe('-26 256: absurdly-high-fee');
  expect(await send(dear, false)).toBe('-26 256: absurdly-high-fee');
  const unsigned = await call<string>('createrawtransaction', [{ txid: one, vout: 0 }], {
    [OTHER]: 49.9999,
  });
  expect(await send(unsigned)).toMatch(/^-26 16: mandatory-script-verify-flag-failed \(/);

  const good = await signed(one, { [OTHER]: 49.9999 });
  const { txid } = await call<{ txid: string }>('decoderawtransaction', good);
  expect(await send(good)).toBe(txid);
  expect(await send(good)).toBe(txid);
  expect(await send(await signed(one, { [OTHER]: 49.9998 }))).toBe('-26 18: txn-mempool-conflict');
  await call('generatetoaddress', 1, OTHER);
  expect(await send(good)).toBe('-27 transaction already in block chain');
  expect(await send(await signed(two, { [OTHER]: 49 }), true)).toMatch(/^[0-9a-f]{64}$/);
});

test('signrawtransaction signs with what it is given, and tells what is left', async () => {
  const coin = { txid: coins[5], vout: 0 };
  const raw = await call<string>('createrawtransaction', [coin], { [OTHER]: 49.9999 });
  const without = await call<Signed>('signrawtransaction', raw, [], []);
  expect(without).toMatchObject({ complete: false, errors: [{ ...coin, witness: [] }] });
  expect(without.hex).toBe(raw);
  const withKey = await call<Signed>('signrawtransaction', raw, null, [KEY]);
  expect(withKey.complete).toBe(true);
  expect(withKey).not.toHaveProperty('errors');

  // A coin that only the caller knows of.
  const { scriptPubKey } = await call<{ scriptPubKey: string }>('validateaddress', OWNER);
  const foreign = { txid: NOWHERE, vout: 3 };
  const unknown = await call<string>('createrawtransaction', [foreign], { [OTHER]: 1 });
  expect(await call<Signed>('signrawtransaction', unknown, [], [KEY])).toMatchObject({
    complete: false,
    errors: [{ ...foreign, error: 'Input not found or already spent' }],
  });
  const prevout = { ...foreign, scriptPubKey };
  expect(await call<Signed>('signrawtransaction', unknown, [prevout], [KEY])).toMatchObject({
    complete: true,
  });
  expect(await answer('signrawtransaction', unknown, [prevout], [KEY], 'SOME')).toBe(
    '-8 Invalid sighash param',
  );
  expect(await answer('signrawtransaction', unknown, [prevout], ['no key'])).toBe(
    '-5 Invalid private key',
  );
  expect(await answer('signrawtransaction', unknown, [1], [KEY])).toBe(
    '-22 expected object with {"txid\'","vout","scriptPubKey"}',
  );
  expect(await answer('signrawtransaction', unknown, [{ ...prevout, vout: -1 }], [KEY])).toBe(
    '-22 vout must be positive',
  );
});

test('decoderawtransaction and gettxout show scripts with addresses', async () => {
  const raw = await call<string>(
    'createrawtransaction',
    [{ txid: NOWHERE, vout: 0 }],
    { [OWNER]: 1, data: 'abcd' },
    7,
  );
  expect(await call('decoderawtransaction', raw)).toMatchObject({
    version: 2,
    locktime: 7,
    vin: [{ txid: NOWHERE, vout: 0, scriptSig: { asm: '', hex: '' }, sequence: 4294967294 }],
    vout: [
      { value: 1, n: 0, scriptPubKey: { reqSigs: 1, type: 'pubkeyhash', addresses: [OWNER] } },
      { value: 0, n: 1, scriptPubKey: { asm: 'OP_RETURN -19883', type: 'nulldata' } },
    ],
  });
  expect(Object.keys(await call<object>('gettxout', coins[50], 0))).toEqual([
    'bestblock',
    'confirmations',
    'value',
    'scriptPubKey',
    'coinbase',
  ]);
  expect(await call('gettxout', coins[50], 1)).toBeNull();
});
