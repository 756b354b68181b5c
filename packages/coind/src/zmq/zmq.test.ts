import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Log } from '../log.ts';
import type { ZmqTopic } from '../option-groups.ts';
import { Channel, openZmq } from './zmq.ts';

const topicAt = (topic: ZmqTopic['topic'], address: string): ZmqTopic => ({
  topic,
  type: `pub${topic}`,
  address,
  highWaterMark: 10,
});

function logOf(errors: string[]): Log {
  const quiet = () => undefined;
  return { error: (message: string) => errors.push(message), debug: quiet } as unknown as Log;
}

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coind-zmq-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('a channel counts its messages, made for somebody or not', () => {
  const sent: Uint8Array[][] = [];
  let listens = false;
  const channel = new Channel('hashtx', {
    publish: (topic, rest) => {
      if (listens) sent.push([topic, ...rest()]);
    },
  });
  channel.send(() => {
    throw new Error('made for nobody');
  });
  listens = true;
  channel.send(() => Uint8Array.of(7));
  channel.send(() => Uint8Array.of(8));
  const [topic, body, number] = sent[0] as [Uint8Array, Uint8Array, Uint8Array];
  expect(Buffer.from(topic).toString()).toBe('hashtx');
  expect([...body, ...number]).toEqual([7, 1, 0, 0, 0]);
  expect([...(sent[1]?.[2] ?? [])]).toEqual([2, 0, 0, 0]);
});

test('topics at one address share a socket, and each has its channel', async () => {
  const errors: string[] = [];
  const address = `ipc://${join(place(), 'socket')}`;
  const topics = [topicAt('hashblock', address), topicAt('hashtx', address)];
  const zmq = await openZmq(topics, logOf(errors));
  onTestFinished(() => zmq.close());
  expect(zmq.active).toEqual(topics);
  expect(zmq.channels('hashtx')).toHaveLength(1);
  expect(zmq.channels('rawtx')).toHaveLength(0);
  expect(errors).toEqual([]);
});

test('without one of the addresses there is none, and the log says why', async () => {
  const dir = place();
  writeFileSync(join(dir, 'file'), '');
  for (const [bad, reason] of [
    ['foo', 'No notifications over ZMQ: foo is no endpoint: Invalid argument'],
    [`ipc://${join(dir, 'file')}`, 'EADDRINUSE'],
  ] as const) {
    const errors: string[] = [];
    const good = topicAt('hashblock', `ipc://${join(dir, 'socket')}`);
    const zmq = await openZmq([good, topicAt('rawtx', bad)], logOf(errors));
    expect(zmq.active).toEqual([]);
    expect(zmq.channels('hashblock')).toEqual([]);
    expect(errors[0]).toContain(reason);
    await zmq.close();
  }
});
