/**
 * Peers that do what no honest one does. Each is kept, ignored or hung up on as bitcoind does it; the tip stays where
 * it is, and a good peer is answered as before.
 */
import { compactBlockOf, encodeCompactBlock, type Inventory } from '@coind/p2p/codec';
import { Block, BlockHeader, hexToBytes, type Txid } from '@coind/primitives';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { headersOn, mutated, overpaid } from '../support/bad-blocks.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const HEIGHT = 160;
const ANYONE = 'raw(51)';
const MAX_PAYLOAD_BYTES = 4_000_000;
const BLOCK = 2;

let node: Daemon;
let port: number;
let tip: string;
let good: RawPeer;

beforeAll(async () => {
  port = await freePort();
  node = await startDaemon({
    args: [
      '-listen=1',
      `-bind=127.0.0.1:${port}`,
      '-noconnect',
      '-maxconnections=40',
      '-peertimeout=1',
    ],
  });
  await node.client.generatetodescriptor({ num_blocks: HEIGHT, descriptor: ANYONE });
  tip = await node.client.getbestblockhash();
  good = await RawPeer.connected(port);
});
afterAll(async () => {
  good?.close();
  await node?.[Symbol.asyncDispose]();
});

let peer: RawPeer;
beforeEach(async ({ onTestFinished }) => {
  peer = await RawPeer.connected(port);
  onTestFinished(async () => {
    peer.close();
    await good.answers();
    expect(await node.client.getbestblockhash()).toBe(tip);
  });
});

/** A block that would be the next. */
async function nextBlock(): Promise<Block> {
  const made = await node.client.generateblock({ output: ANYONE, transactions: [], submit: false });
  return Block.decode(hexToBytes((made as { hex: string }).hex));
}

const someIds = (count: number, type: number, salt: number): Inventory[] =>
  Array.from({ length: count }, (_, i) => ({
    type,
    hash: (salt * 1_000_000 + i).toString(16).padStart(64, 'a') as Txid,
  }));

const addresses = (count: number, salt = 0) =>
  Array.from({ length: count }, (_, i) => ({
    networkId: 1,
    bytes: Uint8Array.of(1 + (salt % 99), i >> 16, i >> 8, i),
    port: 8333,
    time: Math.floor(Date.now() / 1000),
    services: 9n,
  }));

describe('bytes', () => {
  test('a length that no message has ends the connection', async () => {
    const header = new Uint8Array(24);
    header.set(hexToBytes('fabfb5da'));
    header.set(new TextEncoder().encode('block'), 4);
    new DataView(header.buffer).setUint32(16, MAX_PAYLOAD_BYTES + 1, true);
    peer.sendBytes(header);
    await peer.hangsUp();
  });

  test('so do bytes of another network', async () => {
    peer.sendBytes(hexToBytes('f9beb4d9'.padEnd(48, '0')));
    await peer.hangsUp();
  });

  test.each([
    ['a wrong checksum', 'fabfb5da70696e670000000000000000000000000011223344'.slice(0, 48)],
    ['an unknown type', undefined],
  ])('%s is passed over', async (_, bytes) => {
    if (bytes === undefined) peer.sendPayload('gossip', new Uint8Array(1000));
    else peer.sendBytes(hexToBytes(bytes));
    await peer.answers();
  });

  test.each([
    'version',
    'inv',
    'headers',
    'tx',
    'block',
    'cmpctblock',
    'addr',
    'getdata',
    'feefilter',
  ])('a %s message that ends in the middle is passed over', async (type) => {
    peer.sendPayload(type, Uint8Array.of(2, 0, 0));
    await peer.answers();
  });
});

describe('handshakes', () => {
  test('whoever says nothing, or stops half-way, has a second', async () => {
    const silent = new RawPeer(port);
    const slow = new RawPeer(port);
    slow.send('version', slow.version());
    await Promise.all([silent.hangsUp(), slow.hangsUp()]);
  });

  test('a second version or verack changes nothing', async () => {
    peer.send('version', peer.version());
    peer.send('verack', undefined);
    await peer.answers();
  });

  test('features that must come before verack end the connection after it', async () => {
    peer.send('wtxidrelay', undefined);
    await peer.hangsUp();
  });
});

describe('more than a message may hold', () => {
  test.each([
    ['inv', (one: RawPeer) => one.send('inv', someIds(50_001, BLOCK, 1))],
    ['getdata', (one: RawPeer) => one.send('getdata', someIds(50_001, BLOCK, 1))],
    ['addr', (one: RawPeer) => one.send('addr', addresses(1001))],
  ])('%s', async (_, say) => {
    say(peer);
    await peer.hangsUp();
  });
});

describe('blocks', () => {
  test('an invalid one costs the connection, and is known after that', async () => {
    const block = overpaid(await nextBlock());
    peer.send('headers', [block.header]);
    peer.send('block', block);
    await peer.hangsUp();
    // Who only passes it on may not know better: an inbound peer is kept.
    const again = await RawPeer.connected(port);
    again.send('headers', [block.header]);
    again.send('block', block);
    await again.answers();
    again.close();
    const { status } =
      (await node.client.getchaintips()).find(({ hash }) => hash === block.hash) ?? {};
    expect(status).toBe('invalid');
  });

  test('one whose transactions are not those of its header costs the connection, and is not remembered', async () => {
    const block = mutated(await nextBlock());
    peer.send('block', block);
    await peer.hangsUp();
    expect((await node.client.getchaintips()).some(({ hash }) => hash === block.hash)).toBe(false);
  });

  test('nobody asked for an old one, or for one without a parent', async () => {
    const hex = (await node.client.call('getblock', [tip, 0])) as string;
    peer.sendPayload('block', hexToBytes(hex));
    peer.sendPayload('block', hexToBytes(hex));
    peer.sendPayload('blocktxn', new Uint8Array(33));
    await peer.answers();
  });

  test('a compact block that contradicts itself', async () => {
    const block = await nextBlock();
    peer.send('sendcmpct', { announce: 0, version: 2n });
    peer.send('headers', [block.header]);
    await peer.answers();
    const compact = compactBlockOf(block, 7n);
    const [coinbase] = compact.prefilled;
    if (!coinbase) throw new Error('no coinbase');
    peer.sendPayload(
      'cmpctblock',
      encodeCompactBlock({ ...compact, prefilled: [{ ...coinbase, index: 9 }] }),
    );
    await peer.hangsUp();
  });
});

describe('headers', () => {
  test('without a beginning are asked for, not kept', async () => {
    const { header } = await nextBlock();
    const headers = headersOn(header, 10);
    peer.send('headers', headers.slice(5));
    await peer.answers();
    expect(peer.heard.get('getheaders')).toBeGreaterThan(0);
    expect((await node.client.getchaintips()).length).toBeLessThan(5);
  });

  test('that skip one end the connection', async () => {
    const headers = headersOn((await nextBlock()).header, 3);
    const [first, , third] = headers;
    if (first && third) peer.send('headers', [first, third]);
    await peer.hangsUp();
  });

  test('of little work from long ago leave no trace', async () => {
    const genesis = (await node.client.call('getblockheader', [
      await node.client.getblockhash({ height: 0 }),
      false,
    ])) as string;
    const before = (await node.client.getchaintips()).length;
    const start = BlockHeader.decode(hexToBytes(genesis));
    const [first, ...rest] = headersOn(start, 12);
    // Not enough work to be of interest, and a message that ends a chain: nothing more will come.
    if (first) peer.send('headers', [first, ...rest]);
    await peer.answers();
    expect((await node.client.getchaintips()).length).toBe(before);
  });
});

describe('floods', () => {
  test('addresses beyond a rate are dropped', async () => {
    for (let i = 0; i < 20; i++) peer.send('addr', addresses(1000, i));
    await peer.answers();
    const limited = (await node.client.getpeerinfo()).map(
      ({ addr_rate_limited }) => addr_rate_limited,
    );
    expect(Math.max(...limited)).toBeGreaterThan(19_000);
    // A new peer has one to begin with, and earns one in ten seconds.
    expect((await node.client.getnodeaddresses({ count: 0 })).length).toBeLessThan(5);
  });

  test('announcements of transactions that nobody has', async () => {
    for (let i = 0; i < 2; i++) peer.send('inv', someIds(50_000, 1, i));
    await peer.answers();
  });

  test('requests for blocks and transactions that nobody has', async () => {
    peer.send('getdata', someIds(5_000, 1, 9));
    peer.send('getdata', someIds(5_000, BLOCK, 9));
    await peer.answers();
  });

  test('connects: the youngest makes room for the next, the good peer stays', async () => {
    for (let round = 0; round < 5; round++) {
      const many = Array.from({ length: 60 }, () => new RawPeer(port));
      await until('somebody to be dropped', () => many.some(({ isClosed }) => isClosed));
      for (const one of many) one.close();
    }
    await until('quiet', async () => (await node.client.getconnectioncount()) <= 2);
  });
});
