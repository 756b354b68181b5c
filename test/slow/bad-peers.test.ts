// Floods for as long as it takes to see memory grow: whoever sends addresses, announcements, requests, headers of little
// work or ten thousand connections leaves the node as large as it was. COIND_ROUNDS says how often.
import { readFileSync } from 'node:fs';
import type { Inventory } from '@coind/p2p/codec';
import { BlockHeader, hexToBytes, type Txid } from '@coind/primitives';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headersOn } from '../support/bad-blocks.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';

const ROUNDS = Number(process.env.COIND_ROUNDS ?? 20);
const CONNECTS = 10_000;
/** What the heap of a node that does anything at all goes up and down by. */
const ALLOWED_MB = 150;

let node: Daemon;
let port: number;
let tip: string;

beforeAll(async () => {
  port = await freePort();
  node = await startDaemon({ args: ['-listen=1', `-bind=127.0.0.1:${port}`, '-noconnect'] });
  await node.client.generatetodescriptor({ num_blocks: 200, descriptor: 'raw(51)' });
  tip = await node.client.getbestblockhash();
});
afterAll(() => node?.[Symbol.asyncDispose]());

/** Megabytes the process holds; undefined where the system does not say. */
function residentMb(): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${node.pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1e6;
  } catch {
    return undefined;
  }
}

/** Runs a flood again and again; memory after the first rounds is what it is compared with. */
async function flood(name: string, round: (peer: RawPeer, i: number) => void): Promise<void> {
  const sizes: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const peer = await RawPeer.connected(port);
    round(peer, i);
    await peer.answers();
    peer.close();
    const size = residentMb();
    if (size !== undefined) sizes.push(Math.round(size));
  }
  await check(name, sizes);
}

async function check(name: string, sizes: readonly number[]): Promise<void> {
  process.stdout.write(`${name}: MB after each round: ${sizes.join(' ')}\n`);
  const early = Math.max(0, ...sizes.slice(0, Math.ceil(sizes.length / 4)));
  const late = Math.min(...sizes.slice(-Math.ceil(sizes.length / 4)));
  if (sizes.length > 0) expect(late - early).toBeLessThan(ALLOWED_MB);
  expect(await node.client.getbestblockhash()).toBe(tip);
}

const ids = (count: number, type: number, salt: number): Inventory[] =>
  Array.from({ length: count }, (_, i) => ({
    type,
    hash: (salt * 1_000_000 + i).toString(16).padStart(64, 'a') as Txid,
  }));

test('announcements of transactions that nobody has', () =>
  flood('inv', (peer, i) => {
    for (let n = 0; n < 5; n++) peer.send('inv', ids(50_000, 1, 5 * i + n));
  }));

test('requests for blocks and transactions that nobody has', () =>
  flood('getdata', (peer, i) => {
    peer.send('getdata', ids(20_000, 1, i));
    peer.send('getdata', ids(20_000, 2, i));
  }));

test('addresses', () =>
  flood('addr', (peer, i) => {
    for (let n = 0; n < 20; n++) {
      const records = Array.from({ length: 1000 }, (_, k) => ({
        networkId: 1,
        bytes: Uint8Array.of(1 + (i % 99), n, k >> 8, k),
        port: 8333,
        time: Math.floor(Date.now() / 1000),
        services: 9n,
      }));
      peer.send('addr', records);
    }
  }));

test('headers of little work', async () => {
  const hash = await node.client.getblockhash({ height: 0 });
  const hex = (await node.client.call('getblockheader', [hash, false])) as string;
  const start = BlockHeader.decode(hexToBytes(hex));
  const tips = (await node.client.getchaintips()).length;
  await flood('headers', (peer, i) => {
    // Another branch each time, too short to be of interest.
    const [first] = headersOn(start, 1, i);
    if (first) peer.send('headers', [first, ...headersOn(first, 18)]);
  });
  expect((await node.client.getchaintips()).length).toBe(tips);
});

test('messages of megabytes that mean nothing', () =>
  flood('junk', (peer) => {
    for (let n = 0; n < 5; n++) peer.sendPayload('gossip', new Uint8Array(3_900_000));
  }));

test('ten thousand connects', async () => {
  const sizes: number[] = [];
  for (let done = 0; done < CONNECTS; done += 100) {
    const many = Array.from({ length: 100 }, () => new RawPeer(port));
    for (const peer of many) peer.send('version', peer.version());
    await until('answers', () => many.every((peer) => peer.isClosed || peer.heard.has('verack')));
    for (const peer of many) peer.close();
    const size = residentMb();
    if (size !== undefined && done % 500 === 0) sizes.push(Math.round(size));
  }
  await until('quiet', async () => (await node.client.getconnectioncount()) === 0);
  await check('connects', sizes);
});
