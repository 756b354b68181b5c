/** REST (`-rest`): without credentials, what RPC tells, in bytes, hex and JSON; refusals in bitcoind's words. */
import {
  Block,
  BlockHeader,
  bytesToHex,
  hexToBytes,
  hexToHash,
  Reader,
  Tx,
} from '@coind/primitives';
import { type Spawned, spawn } from '@coind/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const NOBODY = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const UNKNOWN = '0'.repeat(64);
const IMMUTABLE = 'public, immutable, max-age=86400';

let node: Spawned;
/** A payment in the last block but one, and one in the mempool that spends its first output. */
let mined: string;
let pending: string;
let block: string;
let tip: string;

beforeAll(async () => {
  node = await spawn({ args: ['-rest', '-txindex', '-blockfilterindex', '-fallbackfee=0.0002'] });
  const { client } = node;
  const address = await client.getnewaddress();
  await client.generatetoaddress({ nblocks: 101, address });
  mined = (await client.sendtoaddress({ address, amount: 100_000_000n })) as string;
  [block = ''] = await client.generatetoaddress({ nblocks: 1, address: NOBODY });
  [tip = ''] = await client.generatetoaddress({ nblocks: 1, address: NOBODY });
  pending = (await client.sendtoaddress({ address: NOBODY, amount: 4_000_000_000n })) as string;
});
afterAll(() => node.close());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly caching: string | null;
  readonly bytes: Uint8Array;
  readonly text: string;
}

async function ask(path: string, body?: Uint8Array | string): Promise<Answer> {
  const response = await fetch(
    new URL(`/rest${path}`, node.url),
    body === undefined ? {} : { method: 'POST', body },
  );
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    caching: response.headers.get('cache-control'),
    bytes,
    text: Buffer.from(bytes).toString('utf8'),
  };
}

/** The answer of an endpoint in all forms: the same bytes twice, and JSON. */
async function forms(path: string, query = ''): Promise<{ bytes: Uint8Array; json: unknown }> {
  const [bin, hex, json] = await Promise.all([
    ask(`${path}.bin${query}`),
    ask(`${path}.hex${query}`),
    ask(`${path}.json${query}`),
  ]);
  expect([bin.status, hex.status, json.status], path).toEqual([200, 200, 200]);
  expect(bin.type).toBe('application/octet-stream');
  expect(hex).toMatchObject({ type: 'text/plain', caching: bin.caching });
  expect(json.type).toBe('application/json');
  expect(hex.text).toBe(`${bytesToHex(bin.bytes)}\n`);
  expect(json.text.endsWith('\n')).toBe(true);
  return { bytes: bin.bytes, json: JSON.parse(json.text) };
}

/** What a method answers, as JSON. */
async function rpc(method: string, ...params: unknown[]): Promise<unknown> {
  return JSON.parse(JSON.stringify(await node.client.call(method, params as never)));
}

describe('blocks', () => {
  test('whole, with ids only, and in parts', async () => {
    const { bytes, json } = await forms(`/block/${block}`);
    expect(Block.decode(bytes).hash).toBe(block);
    expect(json).toEqual(await rpc('getblock', block, 3));
    const { json: ids } = await forms(`/block/notxdetails/${block}`);
    expect(ids).toEqual(await rpc('getblock', block, 1));
    const part = await ask(`/blockpart/${block}.bin?offset=4&size=32`);
    expect(part.bytes).toEqual(bytes.subarray(4, 36));
    const all = await ask(`/blockpart/${block}.hex?offset=0&size=${bytes.length}`);
    expect(all.text).toBe(`${bytesToHex(bytes)}\n`);
    expect(all.caching).toBe(IMMUTABLE);
  });

  test('headers from a block on, and hashes by height', async () => {
    const { bytes, json } = await forms(`/headers/${block}`, '?count=7');
    expect(bytes).toHaveLength(160);
    expect(BlockHeader.decode(bytes.subarray(80)).hash).toBe(tip);
    expect(json).toEqual([await rpc('getblockheader', block), await rpc('getblockheader', tip)]);
    expect((await ask(`/headers/1/${block}.bin`)).bytes).toEqual(bytes.subarray(0, 80));
    const byHeight = await ask('/blockhashbyheight/103.bin');
    expect(byHeight.bytes).toEqual(hexToHash(tip));
    expect((await ask('/blockhashbyheight/103.hex')).text).toBe(`${tip}\n`);
    expect((await ask('/blockhashbyheight/103.json')).text).toBe(`{"blockhash":"${tip}"}\n`);
  });

  test('the outputs that were spent', async () => {
    const { bytes, json } = await forms(`/spenttxouts/${block}`);
    const reader = new Reader(bytes);
    expect([reader.compactSize(), reader.compactSize(), reader.compactSize()]).toEqual([2, 0, 1]);
    expect(reader.i64()).toBe(5_000_000_000n);
    const [coinbase, [spent]] = json as [
      unknown[],
      [{ value: number; scriptPubKey: { hex: string } }],
    ];
    expect(coinbase).toEqual([]);
    expect(spent.value).toBe(50);
    expect(spent.scriptPubKey.hex).toBe(bytesToHex(reader.varBytes()));
    expect(reader.left).toBe(0);
  });

  test('filters and their headers', async () => {
    const { filter, header } = (await rpc('getblockfilter', block)) as Record<string, string>;
    const { bytes, json } = await forms(`/blockfilter/basic/${block}`);
    expect(json).toEqual({ filter });
    const reader = new Reader(bytes);
    expect([reader.u8(), bytesToHex(reader.take(32))]).toEqual([0, bytesToHex(hexToHash(block))]);
    expect(bytesToHex(reader.varBytes())).toBe(filter);
    const headers = await forms(`/blockfilterheaders/basic/${block}`, '?count=1');
    expect(headers.json).toEqual([header]);
    expect(headers.bytes).toEqual(hexToHash(header ?? ''));
  });
});

describe('transactions and outputs', () => {
  test('of blocks and of the mempool', async () => {
    const inBlock = await forms(`/tx/${mined}`);
    expect(Tx.decode(inBlock.bytes).txid).toBe(mined);
    expect(inBlock.json).toMatchObject({ txid: mined, blockhash: block });
    const inPool = await forms(`/tx/${pending}`);
    expect(inPool.json).toMatchObject({ txid: pending, hex: bytesToHex(inPool.bytes) });
    expect(inPool.json).not.toHaveProperty('blockhash');
  });

  test('unspent outputs, with the mempool and without', async () => {
    const { inputs } = Tx.decode((await ask(`/tx/${pending}.bin`)).bytes);
    const [{ prevout }] = inputs as [(typeof inputs)[number]];
    const spent = `${prevout.txid}-${prevout.vout}`;
    const inChain = await forms(`/getutxos/${spent}/${pending}-0`);
    expect(inChain.json).toMatchObject({ chainHeight: 103, chaintipHash: tip, bitmap: '10' });
    const withPool = await forms(`/getutxos/checkmempool/${spent}/${pending}-0`);
    expect(withPool.json).toMatchObject({ bitmap: '01', utxos: [{ height: 0x7fffffff }] });
    const reader = new Reader(withPool.bytes);
    expect([reader.i32(), bytesToHex(reader.take(32))]).toEqual([103, bytesToHex(hexToHash(tip))]);
    expect([...reader.varBytes()]).toEqual([0b10]);
    expect([reader.compactSize(), reader.u32(), reader.u32()]).toEqual([1, 0, 0x7fffffff]);
  });

  test('a body is read as bitcoind reads it: its length is the byte for the mempool', async () => {
    const vout = '00000000';
    const body = `01${bytesToHex(hexToHash(pending))}${vout}`;
    const inPath = await ask(`/getutxos/checkmempool/${pending}-0.bin`);
    expect((await ask('/getutxos.bin', hexToBytes(body))).bytes).toEqual(inPath.bytes);
    expect((await ask('/getutxos.hex', ` ${body}\n`)).text).toBe(`${bytesToHex(inPath.bytes)}\n`);
    expect(await ask('/getutxos.bin', hexToBytes('02ff'))).toMatchObject({
      status: 400,
      text: 'Parse error\r\n',
    });
    expect(await ask(`/getutxos/${pending}-0.bin`, hexToBytes(body))).toMatchObject({
      status: 400,
      text: 'Combination of URI scheme inputs and raw post data is not allowed\r\n',
    });
  });
});

test('chain, soft forks and mempool are what RPC says', async () => {
  const json = async (path: string) => JSON.parse((await ask(path)).text) as unknown;
  expect(await json('/chaininfo.json')).toEqual(await rpc('getblockchaininfo'));
  expect(await json('/deploymentinfo.json')).toEqual(await rpc('getdeploymentinfo'));
  expect(await json(`/deploymentinfo/${block}.json`)).toEqual(
    await rpc('getdeploymentinfo', block),
  );
  expect(await json('/mempool/info.json')).toEqual(await rpc('getmempoolinfo'));
  expect(await json('/mempool/contents.json')).toEqual(await rpc('getrawmempool', true));
  expect(await json('/mempool/contents.json?verbose=false')).toEqual([pending]);
  expect(await json('/mempool/contents.json?verbose=false&mempool_sequence=true')).toEqual(
    await rpc('getrawmempool', false, true),
  );
});

test('what a block is for ever may be kept, what is said of the chain may not', async () => {
  for (const [path, caching] of [
    [`/block/${block}.bin`, IMMUTABLE],
    [`/block/${block}.json`, 'no-store'],
    [`/spenttxouts/${block}.json`, IMMUTABLE],
    [`/blockfilter/basic/${block}.json`, IMMUTABLE],
    [`/deploymentinfo/${block}.json`, IMMUTABLE],
    ['/deploymentinfo.json', 'no-store'],
    [`/headers/${block}.bin`, 'no-store'],
    [`/tx/${mined}.bin`, 'no-store'],
    [`/block/${UNKNOWN}.bin`, 'no-store'],
  ] as const) {
    expect((await ask(path)).caching, path).toBe(caching);
  }
});

test.each([
  [400, '/block/xyz.json', 'Invalid hash: xyz'],
  [404, `/block/${UNKNOWN}.json`, `${UNKNOWN} not found`],
  [404, '/chaininfo.hex', 'output format not found (available: json)'],
  [
    400,
    '/headers/1/2/3.json',
    'Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>',
  ],
  [400, '/blockhashbyheight/-1.json', 'Invalid height: -1'],
  [404, '/blockhashbyheight/104.json', 'Block height out of range'],
  [404, `/spenttxouts/${UNKNOWN}.json`, `${UNKNOWN} not found`],
  [
    400,
    '/blockfilter/basic.json',
    'Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>',
  ],
  [400, `/blockfilter/foo/${UNKNOWN}.json`, 'Unknown filtertype foo'],
  [404, `/tx/${UNKNOWN}.json`, `${UNKNOWN} not found`],
  [400, '/getutxos.json', 'Error: empty request'],
  [400, '/getutxos/x.json', 'Parse error'],
  [400, '/mempool/foo.json', 'Invalid URI format. Expected /rest/mempool/<info|contents>.json'],
  [400, `/deploymentinfo/${UNKNOWN}.json`, 'Block not found'],
])('%i %s', async (status, path, text) => {
  expect(await ask(path)).toMatchObject({ status, type: 'text/plain', text: `${text}\r\n` });
});

test('a part of a block has to lie in it', async () => {
  const part = (query: string) => ask(`/blockpart/${block}.hex${query}`);
  expect((await part('')).text).toBe('Block part offset missing or invalid\r\n');
  expect((await part('?offset=0')).text).toBe('Block part size missing or invalid\r\n');
  expect((await part('?offset=0&size=0')).text).toBe(
    `Bad block part offset/size 0/0 for ${block}\r\n`,
  );
  expect((await part('?offset=80&size=18446744073709551615')).status).toBe(400);
  expect((await ask(`/blockpart/${block}.json?offset=0&size=1`)).text).toBe(
    'JSON output is not supported for this request type\r\n',
  );
});

test('no path, query or body does more than to be refused', async () => {
  const part = fc.oneof(
    fc.constantFrom('block', 'blockpart', 'headers', 'tx', 'getutxos', 'checkmempool', 'mempool'),
    fc.constantFrom('blockfilter', 'blockfilterheaders', 'basic', 'spenttxouts', 'contents', '-1'),
    fc.constantFrom(
      'blockhashbyheight',
      'deploymentinfo',
      'notxdetails',
      '2147483648',
      '99999999999',
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 8 }).map(encodeURIComponent),
    fc.constantFrom(UNKNOWN, `${UNKNOWN}-0`).chain((text) => fc.constantFrom(text, text.slice(1))),
    fc.nat(300).map((n) => (n === 0 ? block : n === 1 ? mined : `${mined}-${n}`)),
  );
  const query = fc.constantFrom(
    '',
    '?',
    '?count=5',
    '?count=%',
    '?offset=0&size=1',
    '?verbose',
    '?%=&&',
  );
  const path = fc
    .tuple(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '.json', '.hex', '.bin', '.'),
      query,
    )
    .map(([parts, ending, end]) => `/${parts.join('/')}${ending}${end}`);
  const body = fc.option(fc.uint8Array({ maxLength: 90 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(path, body, async (one, bytes) => {
      const { status } = await ask(one, bytes);
      expect([200, 400, 404], one).toContain(status);
    }),
    { numRuns: 400 },
  );
});

test('without -rest there is nothing under /rest/', async () => {
  await using plain = await spawn();
  const response = await fetch(new URL('/rest/chaininfo.json', plain.url));
  expect(response.status).toBe(404);
  expect(await response.text()).toBe('');
});

test('0.16 shows its own shapes', async () => {
  await using old = await spawn({ args: ['-compat=legacy', '-rest'] });
  const { client } = old;
  await client.generatetoaddress({ nblocks: 1, address: NOBODY });
  const get = async (path: string): Promise<unknown> =>
    (await fetch(new URL(`/rest${path}`, old.url))).json();
  const hash = await client.getbestblockhash();
  const { tx } = (await get(`/block/${hash}.json`)) as { tx: { txid: string }[] };
  const { utxos } = (await get(`/getutxos/${tx[0]?.txid}-0.json`)) as {
    utxos: { scriptPubKey: object }[];
  };
  expect(utxos[0]?.scriptPubKey).toMatchObject({ addresses: [NOBODY], reqSigs: 1 });
});
