/** Notifications over ZeroMQ, heard by libzmq: contents, numbers, and the order at every turn of the chain. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Block, bytesToHex, Tx } from '@coind/primitives';
import { type Spawned, spawn } from '@coind/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Subscriber } from 'zeromq';
import { freePort } from '../support/free-port.ts';

const NOBODY = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const SOMEBODY = 'bcrt1q7ze6gjl48sg8pf4zg0u9e5anq72qa22q60ukpc';

/** A message as text: `hashtx ab…`, `rawtx` with the id of what it holds, `sequence A ab… 5`. */
function described(topic: string, body: Uint8Array): string {
  const hash = bytesToHex(body.subarray(0, 32));
  if (topic === 'rawtx') return `rawtx ${Tx.decode(body).txid}`;
  if (topic === 'rawblock') return `rawblock ${Block.decode(body).hash}`;
  if (topic !== 'sequence') return `${topic} ${bytesToHex(body)}`;
  const label = String.fromCharCode(body[32] ?? 0);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  return `sequence ${label} ${hash}${body.length > 33 ? ` ${view.getBigUint64(33, true)}` : ''}`;
}

/** Hears everything that a node publishes at an address. */
class Listener {
  readonly #socket = new Subscriber({ receiveHighWaterMark: 0 });
  readonly #numbers = new Map<string, number>();

  constructor(address: string) {
    this.#socket.connect(address);
    this.#socket.subscribe('');
  }

  async next(): Promise<string> {
    const [topic, body, number] = (await this.#socket.receive()) as [Buffer, Buffer, Buffer];
    const name = topic.toString();
    const sent = number.readUInt32LE();
    expect(sent, `number of ${name}`).toBe(this.#numbers.get(name) ?? sent);
    this.#numbers.set(name, sent + 1);
    return described(name, body);
  }

  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Mines until the subscription has come through, and forgets everything up to the last block. */
  async sync({ client }: Spawned): Promise<void> {
    let isHeard = false;
    const first = this.next().then(() => {
      isHeard = true;
    });
    while (!isHeard) {
      await client.generatetoaddress({ nblocks: 1, address: SOMEBODY });
      await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    const tip = await client.getbestblockhash();
    while ((await this.next()) !== `rawblock ${tip}`);
  }

  /** How many messages of a topic have been sent, by the numbers. */
  sent(topic: string): number | undefined {
    return this.#numbers.get(topic);
  }

  close(): void {
    this.#socket.close();
  }
}

function listen(address: string): Listener {
  const listener = new Listener(address);
  onTestFinished(() => listener.close());
  return listener;
}

/** What a transaction that enters the mempool, or one of a block, is told by. */
const ofTx = (txid: string) => [`hashtx ${txid}`, `rawtx ${txid}`];

test('every turn of the chain and the mempool, in order', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'coind-zmq-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'all');
  const topics = ['hashblock', 'hashtx', 'rawblock', 'rawtx', 'sequence'];
  await using node = await spawn({
    args: [...topics.map((topic) => `-zmqpub${topic}=unix:${path}`), '-fallbackfee=0.0002'],
  });
  const { client } = node;
  expect(await client.getzmqnotifications()).toEqual(
    topics.map((topic) => ({ type: `pub${topic}`, address: `ipc://${path}`, hwm: 1000 })),
  );
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  const all = listen(`ipc://${path}`);
  await all.sync(node);
  // Genesis has used up a number of every topic but those of tips.
  const height = await client.getblockcount();
  for (const topic of ['hashtx', 'rawtx', 'sequence']) expect(all.sent(topic)).toBe(height + 1);
  for (const topic of ['hashblock', 'rawblock']) expect(all.sent(topic)).toBe(height);
  const coinbaseOf = async (hash: string) =>
    (await client.call('getblock', [hash] as never)) as { tx: string[] };
  const mine = async (address = NOBODY) => {
    const [hash = ''] = await client.generatetoaddress({ nblocks: 1, address });
    return { hash, coinbase: (await coinbaseOf(hash)).tx[0] ?? '' };
  };

  const old = (await client.sendtoaddress({ address: NOBODY, amount: 100_000_000n })) as string;
  expect(await all.take(3)).toEqual([...ofTx(old), `sequence A ${old} 1`]);
  const { txid: paid = '' } = (await client.bumpfee({ txid: old as never })) as { txid?: string };
  expect(await all.take(4)).toEqual([`sequence R ${old} 2`, ...ofTx(paid), `sequence A ${paid} 3`]);

  const first = await mine();
  const comes = [
    ...ofTx(first.coinbase),
    ...ofTx(paid),
    `sequence C ${first.hash}`,
    `hashblock ${first.hash}`,
    `rawblock ${first.hash}`,
  ];
  expect(await all.take(7)).toEqual(comes);

  await client.invalidateblock({ blockhash: first.hash as never });
  const goes = [...ofTx(first.coinbase), ...ofTx(paid), `sequence D ${first.hash}`];
  expect(await all.take(5)).toEqual(goes);
  // Number 4 was used up, in silence, when it was mined.
  expect(await all.take(3)).toEqual([...ofTx(paid), `sequence A ${paid} 5`]);
  await client.reconsiderblock({ blockhash: first.hash as never });
  expect(await all.take(7)).toEqual(comes);

  // Two other blocks in its place: nothing of them is a tip before the second.
  await client.invalidateblock({ blockhash: first.hash as never });
  await all.take(8);
  const second = await mine(SOMEBODY);
  const third = await mine();
  await all.take(12);
  await client.invalidateblock({ blockhash: second.hash as never });
  await client.reconsiderblock({ blockhash: first.hash as never });
  await all.take(11 + 7);
  await client.reconsiderblock({ blockhash: second.hash as never });
  expect((await client.getbestblockhash()) as string).toBe(third.hash);
  expect(await all.take(15)).toEqual([
    ...goes,
    ...ofTx(second.coinbase),
    ...ofTx(paid),
    `sequence C ${second.hash}`,
    ...ofTx(third.coinbase),
    `sequence C ${third.hash}`,
    `hashblock ${third.hash}`,
    `rawblock ${third.hash}`,
  ]);
});

test('several addresses, each with its own numbers; the mark is what was asked for', async () => {
  const [one, two] = [`tcp://127.0.0.1:${await freePort()}`, `tcp://127.0.0.1:${await freePort()}`];
  await using node = await spawn({
    args: [
      `-zmqpubhashblock=${one}`,
      `-zmqpubrawblock=${one}`,
      `-zmqpubrawblock=${two}`,
      '-zmqpubrawblockhwm=7',
    ],
  });
  expect(await node.client.getzmqnotifications()).toEqual([
    { type: 'pubhashblock', address: one, hwm: 1000 },
    { type: 'pubrawblock', address: one, hwm: 7 },
    { type: 'pubrawblock', address: two, hwm: 7 },
  ]);
  const [left, right] = [listen(one), listen(two)];
  await left.sync(node);
  await right.sync(node);
  const [hash] = await node.client.generatetoaddress({ nblocks: 1, address: NOBODY });
  expect(await right.next()).toBe(`rawblock ${hash}`);
  let heard = await left.next();
  while (heard !== `rawblock ${hash}`) heard = await left.next();
});

test('an address that cannot be had stops no node', async () => {
  await using node = await spawn({ args: ['-zmqpubrawtx=foo', '-zmqpubhashtx=bar'] });
  expect(await node.client.getzmqnotifications()).toEqual([]);
});
