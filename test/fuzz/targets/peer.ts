/**
 * Whole peers: a node in memory is called, over v1 or v2, by somebody who shakes hands more or less well
 * and then says anything. Laws: nothing a peer does is fatal, the chain stays
 * where valid blocks put it, connections end, and a good peer is answered afterwards.
 */
import { type Chain, openChain } from '@coind/chain';
import { createMempool, type Mempool, mempoolDefaults } from '@coind/mempool';
import {
  AddressManager,
  type Connection,
  type ConnectionEvents,
  type Endpoint,
  isolatedOptions,
  type Network,
  openPeers,
  type Peers,
  type PeersOptions,
} from '@coind/p2p';
import {
  encodePayload,
  type MessageType,
  type Transport,
  V1Transport,
  V2Transport,
} from '@coind/p2p/codec';
import { memoryStore } from '@coind/store';
import { Chance } from '../chance.ts';
import { type FuzzTarget, law } from '../fuzz.ts';
import { mutateBytes } from '../mutate.ts';
import { params } from './block-source.ts';
import { magic, messageTypes } from './wire.ts';
import { createWorld, WireSource, type World } from './wire-source.ts';

/** A node is started anew after so many cases: what it has learnt must not grow without end. */
const CASES_PER_NODE = 500;
/** Turns of the event loop within which a node has done what it was asked. */
const MAX_TURNS = 20_000;
const NOW = 1_799_999_000;

const options: PeersOptions = {
  ...isolatedOptions({ host: '8.0.0.1', port: 18444 }),
  userAgent: '/fuzzed:1/',
  bloomFilters: true,
  reconciliation: true,
};

/** The fuzzer's end of a connection, without a network in between. */
class Caller implements Connection {
  readonly local = options.binds[0] as Endpoint;
  readonly remote: Endpoint;
  readonly queuedBytes = 0;
  readonly #transport: Transport;
  #events: ConnectionEvents | undefined;
  /** Types of messages that the node has sent. */
  readonly heard = new Set<string>();
  closed = false;

  constructor(port: number, transport: Transport) {
    this.remote = { host: '9.0.0.1', port };
    this.#transport = transport;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
  }

  /** What the node says. */
  write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      for (const { type } of this.#transport.receive(piece).messages) this.heard.add(type);
    }
    this.flush();
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    if (this.closed) return;
    this.closed = true;
    queueMicrotask(() => this.#events?.closed());
  }

  send(type: string, payload: Uint8Array): void {
    this.#transport.send(type, payload);
    this.flush();
  }

  /** Hands the node what the transport has ready, later: a node is never called from within a write. */
  flush(change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): void {
    for (const piece of this.#transport.pull()) this.sendBytes(change(piece));
  }

  sendBytes(bytes: Uint8Array): void {
    queueMicrotask(() => {
      if (!this.closed) this.#events?.data(bytes);
    });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(done: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    law(turns < MAX_TURNS, what);
    await turn();
  }
}

/** A node in memory. */
class FuzzedNode {
  readonly chain: Chain;
  readonly #mempool: Mempool;
  readonly #peers: Peers;
  readonly #accept: (connection: Connection) => void;
  /** Errors that no peer may cause. */
  readonly errors: unknown[];
  #port = 1;
  cases = 0;

  private constructor(fields: {
    chain: Chain;
    mempool: Mempool;
    peers: Peers;
    accept: (connection: Connection) => void;
    errors: unknown[];
  }) {
    this.chain = fields.chain;
    this.#mempool = fields.mempool;
    this.#peers = fields.peers;
    this.#accept = fields.accept;
    this.errors = fields.errors;
  }

  static async start(world: World): Promise<FuzzedNode> {
    const clock = { now: () => NOW, nowMs: () => NOW * 1000 };
    const chain = await openChain({ params }, { store: memoryStore(), clock });
    for (const block of world.base) await chain.submitBlock(block);
    const mempool = createMempool({ ...mempoolDefaults, requireStandard: false }, { chain, clock });
    const errors: unknown[] = [];
    const accepting: ((connection: Connection) => void)[] = [];
    const network: Network = {
      connect: () => Promise.reject(new Error('nobody is there')),
      listen: async (endpoint, accept) => {
        accepting.push(accept);
        return { endpoint, close: async () => undefined };
      },
      resolve: async (name) => [name],
    };
    const chance = new Chance(7);
    const random = {
      bytes: (length: number) => chance.bytes(length),
      below: (limit: number) => chance.below(limit),
      u64: () => chance.u64(),
      exponential: (mean: number) => mean * (chance.u32() / 2 ** 32),
    };
    const peers = await openPeers(options, {
      chain,
      mempool,
      clock,
      network,
      random,
      bans: { isBanned: () => false, isDiscouraged: () => false, discourage: () => undefined },
      addresses: new AddressManager(
        { key: random.bytes(32) },
        { now: clock.now, randomBelow: random.below },
      ),
      log: {
        info: () => undefined,
        warn: () => undefined,
        error: () => undefined,
        debug: () => undefined,
        enabled: () => true,
      },
      onFatal: (error) => void errors.push(error),
    });
    const accept = accepting[0] as (connection: Connection) => void;
    return new FuzzedNode({ chain, mempool, peers, accept, errors });
  }

  call(transport: Transport): Caller {
    const caller = new Caller(this.#port++, transport);
    this.#accept(caller);
    return caller;
  }

  /** Waits until the node has forgotten everybody. */
  async alone(): Promise<void> {
    await until(
      () => this.#peers.count().inbound === 0,
      'a connection that was closed is forgotten',
    );
  }

  async stop(): Promise<void> {
    await this.#peers.close();
    this.#mempool.close();
    await this.chain.close();
  }
}

const HANDSHAKE: readonly MessageType[] = ['version', 'wtxidrelay', 'sendaddrv2', 'verack'];

/** Peers of every kind. */
export async function peerTarget(): Promise<FuzzTarget> {
  const world = createWorld();
  const source = new WireSource(world);
  let node = await FuzzedNode.start(world);

  function transportFor(chance: Chance): Transport {
    if (!chance.oneIn(4)) return new V1Transport(magic);
    const randomBytes = (length: number): Uint8Array => chance.bytes(length);
    return new V2Transport({ magic, initiating: true }, { randomBytes });
  }

  /** A handshake with mistakes in it, in one of four cases. */
  function shakeHands(chance: Chance, caller: Caller): void {
    const steps = HANDSHAKE.slice();
    const flawed = chance.oneIn(4);
    if (flawed) steps.splice(chance.below(4), chance.below(2), chance.pick(messageTypes));
    for (const type of steps) {
      const payload = source.payload(type, chance);
      caller.send(type, flawed && chance.oneIn(3) ? mutateBytes(chance, payload) : payload);
    }
  }

  function speak(chance: Chance, caller: Caller): void {
    for (let count = chance.skewed(1, 12); count > 0 && !caller.closed; count--) {
      const type = chance.pick(messageTypes);
      const payload = source.payload(type, chance);
      if (chance.oneIn(30)) caller.sendBytes(mutateBytes(chance, payload));
      else caller.send(type, chance.oneIn(2) ? mutateBytes(chance, payload) : payload);
    }
  }

  /** A peer that does everything right hears an answer to its ping. */
  async function checkAlive(chance: Chance): Promise<void> {
    const caller = node.call(new V1Transport(magic));
    for (const type of ['version', 'verack'] as const) {
      caller.send(type, source.payload(type, new Chance(1)));
    }
    caller.send('ping', encodePayload('ping', chance.u64()));
    await until(() => caller.heard.has('pong'), 'a good peer is answered');
    caller.close();
    await node.alone();
  }

  return {
    name: 'peer',
    async run(chance) {
      if (node.cases++ === CASES_PER_NODE) {
        await node.stop();
        node = await FuzzedNode.start(world);
      }
      const caller = node.call(transportFor(chance));
      caller.flush();
      shakeHands(chance, caller);
      speak(chance, caller);
      // Enough turns for what has been sent; a peer may also go before it is answered.
      for (let turns = chance.below(30); turns > 0 && !caller.closed; turns--) await turn();
      const outcome = caller.closed
        ? 'disconnected'
        : caller.heard.has('verack')
          ? 'kept'
          : 'silent';
      caller.close();
      await node.alone();
      const [error] = node.errors;
      if (error !== undefined) throw error;
      law(node.chain.tip.ref.height >= world.base.length, 'the chain is not harmed');
      if (chance.oneIn(50)) await checkAlive(chance);
      return outcome;
    },
    close: () => node.stop(),
  };
}
