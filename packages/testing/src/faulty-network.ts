/**
 * A network inside one process, with faults from a seed: latency, loss, partitions, and connections that
 * overtake each other. What it carries is a stream as TCP's: bytes come whole and in order, or the
 * connection ends. So a lost segment shows as a delay (it is sent again), and what is reordered are
 * connections, never the bytes of one.
 */
import type { Connection, ConnectionEvents, Endpoint, Listener, Network } from 'coind';

/** How bad links are. */
export interface LinkFaults {
  /** A segment takes this long, at least and at most. */
  readonly latencyMs: readonly [number, number];
  /** How many segments of all get lost, 0 to below 1. */
  readonly loss: number;
}

/** Plain settings of a network. */
export interface FaultyNetworkOptions extends LinkFaults {
  /** Decides every fault. Each connection has its own stream of chance, whatever others do. */
  readonly seed: number;
}

/** A lost segment is sent again after this long, then after twice as long, and so on. */
const RETRANSMIT_MS = 20;
const MAX_RETRANSMITS = 5;
const MAX_SEGMENT_BYTES = 16 * 1024;
const FIRST_EPHEMERAL_PORT = 49_152;
/** A peer that is not there, or beyond a partition. */
const UNREACHABLE = 'host unreachable';

/** Fractions from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Segment {
  /** Undefined ends the stream. */
  readonly bytes: Uint8Array | undefined;
  readonly dueMs: number;
}

/** One direction of one connection. */
class Pipe {
  readonly #network: FaultyNetwork;
  readonly #random: () => number;
  readonly #segments: Segment[] = [];
  readonly from: string;
  readonly to: string;
  #timer: NodeJS.Timeout | undefined;
  #receiver: ConnectionEvents | undefined;
  #paused = true;
  #lastDueMs = 0;
  queuedBytes = 0;
  onDrained: () => void = () => undefined;

  constructor(network: FaultyNetwork, from: string, to: string, seed: number) {
    this.#network = network;
    this.from = from;
    this.to = to;
    this.#random = seededRandom(seed);
  }

  /** Puts bytes on their way, cut at random as a network does. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + Math.floor(this.#random() * MAX_SEGMENT_BYTES);
      // Copied: the sender may use its buffer again.
      this.#push(bytes.slice(at, at + length));
      at += length;
    }
    this.pump();
  }

  end(): void {
    this.#push(undefined);
    this.pump();
  }

  #push(bytes: Uint8Array | undefined): void {
    const { latencyMs, loss } = this.#network.faults;
    const [least, most] = latencyMs;
    let delayMs = least + this.#random() * (most - least);
    for (let tries = 0; tries < MAX_RETRANSMITS && this.#random() < loss; tries++) {
      delayMs += RETRANSMIT_MS * 2 ** tries;
    }
    // What was sent later cannot be read earlier.
    this.#lastDueMs = Math.max(this.#lastDueMs, Date.now() + delayMs);
    this.#segments.push({ bytes, dueMs: this.#lastDueMs });
    this.queuedBytes += bytes?.length ?? 0;
  }

  receiveWith(events: ConnectionEvents): void {
    this.#receiver = events;
    this.resume();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.pump();
  }

  /** Delivers what is due, and comes back for the rest. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first] = this.#segments;
    if (!first || this.#paused || !this.#receiver || this.#network.isParted(this.from, this.to)) {
      return;
    }
    const waitMs = Math.max(0, first.dueMs - Date.now());
    this.#timer = setTimeout(() => this.#deliver(), waitMs);
  }

  #deliver(): void {
    while (!this.#paused && !this.#network.isParted(this.from, this.to)) {
      const [first] = this.#segments;
      if (!first || first.dueMs > Date.now()) break;
      this.#segments.shift();
      this.queuedBytes -= first.bytes?.length ?? 0;
      if (!first.bytes) {
        this.#receiver?.closed();
        this.stop();
        return;
      }
      this.#receiver?.data(first.bytes);
      if (this.#segments.length === 0) this.onDrained();
    }
    this.pump();
  }

  /** Nothing is delivered any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#segments.length = 0;
    this.queuedBytes = 0;
    this.#receiver = undefined;
  }
}

/** One end of a connection. */
class FaultyConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #out: Pipe;
  readonly #in: Pipe;
  #events: ConnectionEvents | undefined;
  #closed = false;

  constructor(local: Endpoint, remote: Endpoint, out: Pipe, into: Pipe) {
    this.local = local;
    this.remote = remote;
    this.#out = out;
    this.#in = into;
    out.onDrained = () => {
      if (!this.#closed) this.#events?.drained();
    };
  }

  get queuedBytes(): number {
    return this.#out.queuedBytes;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    this.#in.receiveWith({
      data: (bytes) => {
        if (!this.#closed) events.data(bytes);
      },
      drained: () => undefined,
      closed: (error) => this.#end(error),
    });
  }

  write(pieces: readonly Uint8Array[]): void {
    if (!this.#closed) for (const piece of pieces) this.#out.write(piece);
  }

  pause(): void {
    this.#in.pause();
  }

  resume(): void {
    this.#in.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#out.end();
    this.#end(undefined);
  }

  /** Ends it without a word to the other side: that has to be told by the network. */
  reset(): void {
    this.#out.stop();
    this.#end(new Error('connection reset'));
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#in.stop();
    const { closed } = this.#events ?? {};
    if (closed) queueMicrotask(() => closed.call(this.#events, error));
  }
}

interface Link {
  readonly ends: readonly [FaultyConnection, FaultyConnection];
  readonly pipes: readonly [Pipe, Pipe];
}

/**
 * A network of nodes, each known by an IP address.
 *
 * @example
 * const network = new FaultyNetwork({ seed: 1, latencyMs: [1, 20], loss: 0.05 });
 * const a = await spawn({ network: network.at('8.0.0.1'), args: ['-listen', '-bind=8.0.0.1'] });
 */
export class FaultyNetwork {
  /** May be changed at any time; holds for what is sent from then on. */
  faults: LinkFaults;
  readonly #seed: number;
  readonly #listeners = new Map<string, (connection: Connection) => void>();
  readonly #links = new Set<Link>();
  #connections = 0;
  /** The part of the network a host is in; hosts without a part reach everybody. */
  #parts = new Map<string, number>();

  constructor({ seed, latencyMs, loss }: FaultyNetworkOptions) {
    this.#seed = seed;
    this.faults = { latencyMs, loss };
  }

  /** The network as the node at this address sees it. */
  at(host: string): Network {
    return {
      connect: (target) => this.#connect(host, target),
      listen: async (endpoint, accept) => this.#listen(host, endpoint, accept),
      resolve: async (name) => [name],
    };
  }

  /**
   * Parts the network: between hosts of different groups nothing arrives, and nobody can connect. What was
   * sent is held back, as TCP does for a while, and arrives after `heal`.
   */
  part(groups: readonly (readonly string[])[]): void {
    this.#parts = new Map(groups.flatMap((hosts, part) => hosts.map((host) => [host, part])));
    this.#pump();
  }

  /** Ends the partition. */
  heal(): void {
    this.part([]);
  }

  /** Resets every connection between two hosts; both may connect again. */
  cut(a: string, b: string): void {
    for (const link of this.#links) {
      const [{ from, to }] = link.pipes;
      if (![from, to].includes(a) || ![from, to].includes(b)) continue;
      for (const end of link.ends) end.reset();
      this.#links.delete(link);
    }
  }

  /** True when nothing arrives from one at the other. */
  isParted(a: string, b: string): boolean {
    const [first, second] = [this.#parts.get(a), this.#parts.get(b)];
    return first !== undefined && second !== undefined && first !== second;
  }

  /** Forgets everything under way, so that no timer outlives a test. */
  close(): void {
    for (const { pipes } of this.#links) for (const pipe of pipes) pipe.stop();
    this.#links.clear();
    this.#listeners.clear();
  }

  #pump(): void {
    for (const { pipes } of this.#links) for (const pipe of pipes) pipe.pump();
  }

  #listen(host: string, { port }: Endpoint, accept: (connection: Connection) => void): Listener {
    const key = `${host}:${port}`;
    if (this.#listeners.has(key)) {
      throw Object.assign(new Error(`${key} is taken`), { code: 'EADDRINUSE' });
    }
    this.#listeners.set(key, accept);
    return {
      endpoint: { host, port },
      close: async () => void this.#listeners.delete(key),
    };
  }

  async #connect(host: string, target: Endpoint): Promise<Connection> {
    const accept = this.#listeners.get(`${target.host}:${target.port}`);
    if (!accept || this.isParted(host, target.host)) throw new Error(UNREACHABLE);
    const count = this.#connections++;
    const local = { host, port: FIRST_EPHEMERAL_PORT + (count % 16_384) };
    const seed = this.#seed * 65_537 + count * 2;
    const there = new Pipe(this, host, target.host, seed);
    const back = new Pipe(this, target.host, host, seed + 1);
    const ours = new FaultyConnection(local, target, there, back);
    const theirs = new FaultyConnection(target, local, back, there);
    this.#links.add({ ends: [ours, theirs], pipes: [there, back] });
    accept(theirs);
    return ours;
  }
}
