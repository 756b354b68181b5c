/**
 * Bad input gets bitcoind's code and a clear text, and changes nothing. Requests are raw HTTP: a client of ours
 * might mend what it should pass on.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Daemon, runCoind, startDaemon, temporaryDirectory } from '../support/daemon.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon();
  const address = await daemon.client.getnewaddress();
  await daemon.client.generatetoaddress({ nblocks: 101, address });
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** Posts a body as it is. */
async function post(body: string, password = daemon.credentials.password) {
  const authorization = Buffer.from(`${daemon.credentials.user}:${password}`).toString('base64');
  const response = await fetch(daemon.url, {
    method: 'POST',
    headers: { authorization: `Basic ${authorization}` },
    body,
  });
  return { status: response.status, text: await response.text() };
}

/** Calls a method and returns its refusal. */
async function refusal(method: string, params: unknown, raw?: string) {
  const { status, text } = await post(
    raw ?? JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
  );
  const { result, error } = JSON.parse(text) as {
    result: unknown;
    error: { code: number; message: string };
  };
  expect(result).toBeNull();
  return { status, code: error.code, message: error.message };
}

/** What must not change, whatever is asked. */
async function state() {
  const { client } = daemon;
  const accounts = Object.fromEntries(await client.listaccounts());
  return {
    tip: await client.getbestblockhash(),
    pool: await client.getrawmempool(),
    balance: await client.getbalance(),
    accounts,
  };
}

const OURS = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const MAINNET = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';

describe('over RPC', () => {
  test('a wrong password is 401 and says no more', async () => {
    expect(await post('{"method":"getblockcount"}', 'wrong')).toEqual({ status: 401, text: '' });
  });

  test('a body that is no JSON is a parse error', async () => {
    expect(await refusal('', [], '{"method": getblockcount}')).toEqual({
      status: 500,
      code: -32700,
      message: 'Parse error',
    });
  });

  test('a body over the limit is refused without being read', async () => {
    const { status } = await post(`{"method":"echo","params":["${'x'.repeat(33_554_433)}"]}`).catch(
      () => ({ status: 413 }),
    );
    expect(status).toBe(413);
    expect(await daemon.client.getblockcount()).toBe(101);
  });

  test.each([
    ['an unknown method', 'getblockcoun', [], 404, -32601, 'Method not found'],
    ['a missing argument', 'getblockhash', [], 500, -1, 'getblockhash height\n'],
    ['an argument too many', 'getblockcount', [1], 500, -1, 'getblockcount\n'],
    ['an argument of another type', 'getblockhash', ['one'], 500, -3, 'Wrong type passed:\n'],
    ['a name nobody knows', 'getblockhash', { hight: 1 }, 500, -8, 'Unknown named parameter hight'],
    [
      'params that are no list',
      'getblockcount',
      1,
      400,
      -32600,
      'Params must be an array or object',
    ],
    ['a height out of range', 'getblockhash', [102], 500, -8, 'Block height out of range'],
    ['an unknown block', 'getblock', ['0'.repeat(64)], 500, -5, 'Block not found'],
    [
      'a hash too short',
      'getblock',
      ['00'],
      500,
      -8,
      "blockhash must be of length 64 (not 2, for '00')",
    ],
  ])('%s', async (_, method, params, status, code, message) => {
    const before = await state();
    const found = await refusal(method, params);
    expect({ ...found, message: found.message.slice(0, message.length) }).toEqual({
      status,
      code,
      message,
    });
    expect(await state()).toEqual(before);
  });

  test.each([
    ['an address of another network', [MAINNET, 1], -5, 'Invalid Bitcoin address'],
    ['a text that is no address', ['nonsense', 1], -5, 'Invalid Bitcoin address'],
    ['nine decimals', [OURS, 0.000000001], -3, 'Invalid amount'],
    ['a negative amount', [OURS, -1], -3, 'Amount out of range'],
    ['more than there will ever be', [OURS, 21000001], -3, 'Amount out of range'],
    ['an amount that is no number', [OURS, 'much'], -3, 'Invalid amount'],
    ['dust', [OURS, 0.00000001], -6, 'Transaction amount too small'],
    ['more than the wallet has', [OURS, 51], -6, 'Insufficient funds'],
  ])('sendtoaddress: %s', async (_, params, code, message) => {
    const before = await state();
    const found = await refusal('sendtoaddress', params);
    expect(found).toMatchObject({ status: 500, code });
    expect(found.message.startsWith(message)).toBe(true);
    expect(await state()).toEqual(before);
  });

  test.each([
    ['sendfrom', ['nobody', OURS, 1], -6, 'Account has insufficient funds'],
    ['move', ['', '*', 1], -11, 'Invalid account name'],
    ['move', ['', 'bob', 0], -3, 'Invalid amount for send'],
  ])('%s %j', async (method, params, code, message) => {
    const before = await state();
    expect(await refusal(method, params)).toEqual({ status: 500, code, message });
    expect(await state()).toEqual(before);
  });
});

describe('at start', () => {
  const place = () => {
    const datadir = temporaryDirectory();
    onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
    return datadir;
  };
  const base = (datadir: string) => [
    '-regtest',
    `-datadir=${datadir}`,
    '-printtoconsole=0',
    '-rpcport=0',
  ];

  test('an unknown option names the nearest one', async () => {
    const { status, stderr } = await runCoind([...base(place()), '-rpcpassowrd=x']);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'Error: Error parsing command line arguments: Invalid parameter -rpcpassowrd=x. Did you mean -rpcpassword?\n',
    );
  });

  test('a conf line it cannot read is an error, one it does not know is logged', async () => {
    const datadir = place();
    writeFileSync(join(datadir, 'coin.conf'), 'regtest\n');
    const { status, stderr } = await runCoind(base(datadir));
    expect(status).toBe(1);
    expect(stderr).toBe(
      'Error: Error reading configuration file: parse error on line 1: regtest\n',
    );
    writeFileSync(join(datadir, 'coin.conf'), '[regtest]\ncolour=red\n');
    const started = await startDaemon({ datadir });
    await started.stop();
    expect(readFileSync(join(datadir, 'regtest/debug.log'), 'utf8')).toContain('colour');
  });

  test('a port in use is named', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { status, stderr } = await runCoind([
      ...base(place()),
      `-rpcport=${port}`,
      '-rpcbind=127.0.0.1',
      '-rpcallowip=127.0.0.1',
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain(`Unable to bind to 127.0.0.1:${port}: the port is in use.`);
  });

  test('a second start on the same directory is refused, and the first goes on', async () => {
    const { status, stderr } = await runCoind(base(daemon.datadir));
    expect(status).toBe(1);
    expect(stderr).toBe(
      `Error: Cannot obtain a lock on directory ${join(daemon.datadir, 'regtest')}. coind is probably already running.\n`,
    );
    expect(await daemon.client.getblockcount()).toBe(101);
  });

  test('a damaged block file is named, and -reindex recovers what is whole', async () => {
    const datadir = place();
    const first = await startDaemon({ datadir });
    const address = await first.client.getnewaddress();
    await first.client.generatetoaddress({ nblocks: 20, address });
    await first.stop();
    const file = join(datadir, 'regtest/blocks/blk00000.dat');
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length - 400);
    writeFileSync(file, bytes);
    const { status, stderr } = await runCoind(base(datadir));
    expect(status).toBe(1);
    expect(stderr).toContain(file);
    expect(stderr).toContain('-reindex');
    const again = await startDaemon({ datadir, args: ['-reindex', '-disablewallet'] });
    const height = await again.client.getblockcount();
    await again.stop();
    expect(height).toBeGreaterThanOrEqual(17);
    expect(height).toBeLessThan(20);
  });
});
