/**
 * ZeroMQ notifications (`-zmqpub…`): the publishers, one per address, and a channel for each topic at each of its
 * addresses. What goes through them, and when, is in `feed.ts`.
 */
import { bindPublisher, type Publisher } from '@coind/zmq';
import type { Log } from '../log.ts';
import type { ZmqTopic } from '../option-groups.ts';

/** The channels of a node. */
export interface Zmq {
  /** What is published where, by topic; empty when one of the addresses could not be had. */
  readonly active: readonly ZmqTopic[];
  /** The channels of a topic. */
  channels(topic: ZmqTopic['topic']): readonly Channel[];
  close(): Promise<void>;
}

/** One topic at one address, with its own numbers. */
export class Channel {
  readonly #topic: Uint8Array;
  readonly #publisher: Pick<Publisher, 'publish'>;
  #sent = 0;

  constructor(topic: string, publisher: Pick<Publisher, 'publish'>) {
    this.#topic = new TextEncoder().encode(topic);
    this.#publisher = publisher;
  }

  /** Sends a body with the next number, which is used up even if nobody listens; `body` is made only for somebody. */
  send(body: () => Uint8Array): void {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, this.#sent, true);
    this.#sent = (this.#sent + 1) >>> 0;
    this.#publisher.publish(this.#topic, () => [body(), number]);
  }
}

/**
 * Listens at every address. As in bitcoind a node goes on without notifications when one cannot be had; the log
 * says so.
 */
export async function openZmq(topics: readonly ZmqTopic[], log: Log): Promise<Zmq> {
  const publishers = new Map<string, Publisher>();
  const close = async (): Promise<void> => {
    await Promise.all([...publishers.values()].map((publisher) => publisher.close()));
  };
  try {
    for (const { type, address, highWaterMark } of topics) {
      if (!publishers.has(address)) {
        publishers.set(address, await bindPublisher(address, { highWaterMark, onReject }));
      }
      log.debug('zmq', `Notifier ${type} ready (address = ${address})`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(`No notifications over ZMQ: ${reason}`);
    await close();
    return { active: [], channels: () => [], close: async () => undefined };
  }

  function onReject(reason: string): void {
    log.debug('zmq', `A subscriber was sent away: ${reason}`);
  }

  const made = topics.map(({ topic, address }) => ({
    topic,
    channel: new Channel(topic, publishers.get(address) as Publisher),
  }));
  return {
    active: topics,
    channels: (topic) => made.filter((one) => one.topic === topic).map(({ channel }) => channel),
    close,
  };
}
