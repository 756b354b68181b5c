/** The client against the dispatcher, with the HTTP in between left out. */
import type { Sats, Txid } from '@coind/primitives';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { RpcError, rpcError } from '../error.ts';
import type { JsonNumber, JsonObject } from '../json.ts';
import { wholeText } from '../pages.ts';
import { createDispatcher } from '../server/dispatch.ts';
import { createRpcServer } from '../server/legacy.ts';
import { createClient, type Fetch, TransportError } from './client.ts';

const TXID = 'ab'.repeat(32) as Txid;

/** A client whose server answers with `handlers`; what was asked is noted. */
function connected(handlers: Record<string, (context: unknown, args: never) => unknown>) {
  const asked: { url: string; body: string; authorization: string | undefined }[] = [];
  const dispatcher = createDispatcher({
    profile: 'coind',
    services: [
      {
        handlers: handlers as Record<string, (context: unknown, args: unknown) => unknown>,
        contextOf: () => undefined,
      },
    ],
  });
  const server = createRpcServer(dispatcher);
  const fetch: Fetch = async (url, { body, headers }) => {
    asked.push({ url, body, authorization: headers.authorization });
    const bytes = new TextEncoder().encode(body);
    const reply = await server.handle({ body: bytes, user: 'test', walletName: undefined });
    return { status: reply.status, statusText: '', text: () => wholeText(reply.body ?? '') };
  };
  const client = createClient({ url: 'http://127.0.0.1:1/', user: 'ü', password: 'p', fetch });
  return { client, asked };
}

describe('typed calls', () => {
  test('amounts and ids go out and come back as what code works with', async () => {
    let seen: unknown;
    const { client, asked } = connected({
      sendfrom: (_context, args) => {
        seen = args;
        return TXID;
      },
      listaccounts: () => new Map([['alice', -5n]]),
    });
    const txid = await client.sendfrom({ fromaccount: 'alice', toaddress: 'x', amount: 1n });
    expectTypeOf(txid).toEqualTypeOf<Txid>();
    expect(txid).toBe(TXID);
    expect(seen).toMatchObject({ fromaccount: 'alice', amount: 1n, minconf: 1, comment: '' });
    expect(asked[0]?.body).toContain('"params":["alice","x",0.00000001]');
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('ü:p').toString('base64')}`);
    const balances = await client.listaccounts();
    expectTypeOf(balances).toEqualTypeOf<ReadonlyMap<string, Sats>>();
    expect(balances.get('alice')).toBe(-5n);
  });

  test('gaps are null; what has no position goes by name', async () => {
    const { client, asked } = connected({ listtransactions: () => [], getbalance: () => 7n });
    expect(await client.getbalance({ account: 'alice', avoid_reuse: false })).toBe(7n);
    await client.listtransactions({ account: '*', count: 3 });
    expect(asked[0]?.body).toContain('"params":["alice",null,null,false]');
    expect(asked[1]?.body).toContain('"params":{"count":3,"account":"*"}');
  });

  test('mistakes of the program are found before anything is sent', async () => {
    const { client, asked } = connected({});
    const loose = client as unknown as Record<string, (args: object) => Promise<unknown>>;
    await expect(loose.getblockhash?.({})).rejects.toThrow('height is missing');
    await expect(loose.getblockhash?.({ hight: 1 })).rejects.toThrow('no parameter hight');
    expect(loose.nosuch).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('any call', () => {
  test('positional or named, with bigint for amounts', async () => {
    const { client, asked } = connected({ getbalance: () => 150_000_000n });
    expect(await client.call('getbalance', ['alice', 6])).toBe(1.5);
    expect(await client.call('getbalance', { account: 'alice', minconf: undefined })).toBe(1.5);
    const json = (await client.callJson('getbalance')) as JsonNumber;
    expect(json.text).toBe('1.50000000');
    expect(asked[1]?.body).toContain('"params":{"account":"alice"}');
    await client.call('settxfee', [1n]).catch(() => undefined);
    expect(asked.at(-1)?.body).toContain('[0.00000001]');
  });

  test('a wallet has a path of its own', async () => {
    const { client, asked } = connected({ getbalance: () => 0n });
    await client.wallet('a b/c').getbalance();
    expect(asked[0]?.url).toBe('http://127.0.0.1:1/wallet/a%20b%2Fc');
  });

  test('objects come back plain, whatever their members are called', async () => {
    const fetch: Fetch = async () => ({
      status: 200,
      statusText: 'OK',
      text: async () => '{"result":{"__proto__":[1.5,null]},"error":null,"id":1}',
    });
    const client = createClient({ url: 'http://127.0.0.1:1/', fetch });
    const result = (await client.call('x')) as object;
    expect(Object.entries(result)).toEqual([['__proto__', [1.5, null]]]);
    const json = (await client.callJson('x')) as JsonObject;
    expect(json.entries).toHaveLength(1);
  });
});

describe('failures', () => {
  test('what the server refuses is an RpcError', async () => {
    const { client } = connected({
      getblockhash: () => {
        throw rpcError('heightOutOfRange');
      },
    });
    const refused = await client.getblockhash({ height: 9 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RpcError);
    expect(refused).toMatchObject({ code: -8, message: 'Block height out of range' });
    await expect(client.call('nosuch')).rejects.toMatchObject({ code: -32601 });
  });

  test('anything else is a TransportError with the status', async () => {
    const fetch: Fetch = async () => ({
      status: 401,
      statusText: 'Unauthorized',
      text: async () => '',
    });
    const client = createClient({ url: 'http://127.0.0.1:1/', fetch });
    const refused = await client.uptime().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TransportError);
    expect(refused).toMatchObject({ status: 401, message: 'HTTP 401 Unauthorized' });
    const down = createClient({
      url: 'http://127.0.0.1:1/',
      fetch: () => Promise.reject(new Error('refused')),
    });
    await expect(down.uptime()).rejects.toMatchObject({ status: undefined });
  });
});
