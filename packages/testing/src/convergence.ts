/**
 * Nodes on a bad network that all mine and must end on one chain: what the simulation tests and whoever
 * wants to try a graph of his own do.
 */
import type { BlockHash } from '@coind/primitives';
import { FaultyNetwork, type LinkFaults, seededRandom } from './faulty-network.ts';
import { type Spawned, spawn } from './spawn.ts';

/** Who connects to whom, by number. */
export type Graph = readonly (readonly [number, number])[];

/** 0–1–2–…: the longest way. */
export function line(count: number): Graph {
  return Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const);
}

/** A line whose ends meet. */
export function ring(count: number): Graph {
  return [...line(count), [count - 1, 0]];
}

/** A connected graph: everybody joins somebody who is there, and a few know one more. */
export function randomGraph(count: number, seed: number): Graph {
  const random = seededRandom(seed);
  const edges = new Map<string, readonly [number, number]>();
  const join = (a: number, b: number): void => {
    if (a !== b) edges.set(`${Math.min(a, b)}-${Math.max(a, b)}`, [a, b]);
  };
  for (let i = 1; i < count; i++) join(i, Math.floor(random() * i));
  for (let i = 0; i < count / 2; i++) {
    join(Math.floor(random() * count), Math.floor(random() * count));
  }
  return [...edges.values()];
}

/** Nodes that run, and the network between them. */
export interface Swarm extends AsyncDisposable {
  readonly nodes: readonly Spawned[];
  readonly network: FaultyNetwork;
  /** The address of each node. */
  readonly hosts: readonly string[];
  /**
   * Waits until all have one tip and one set of coins, and says after how many looks (50 ms apart). Throws
   * after `maxRounds` with the tips that there are.
   */
  converge(maxRounds?: number): Promise<number>;
  close(): Promise<void>;
}

/** What a swarm is made of. */
export interface SwarmOptions extends LinkFaults {
  readonly seed: number;
  readonly count: number;
  readonly graph: Graph;
  /** Unix seconds at which all clocks stand still. */
  readonly mockTime?: number;
}

const PORT = 18_444;
const ROUND_MS = 50;
const START_TIME = 1_700_000_000;
/** Anybody may spend it: OP_TRUE. */
const ANYONE = 'raw(51)';

/** Starts nodes without wallets and connects them. */
export async function spawnSwarm(options: SwarmOptions): Promise<Swarm> {
  const { seed, count, graph, latencyMs, loss, mockTime = START_TIME } = options;
  const network = new FaultyNetwork({ seed, latencyMs, loss });
  const hosts = Array.from({ length: count }, (_, i) => `8.0.${i}.1`);
  const nodes: Spawned[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
    network.close();
  };
  try {
    for (const [i, host] of hosts.entries()) {
      // Whoever starts later connects: the other would find nobody and try again in a minute.
      const added = graph
        .filter(([one, other]) => Math.max(one, other) === i)
        .map(([one, other]) => `-addnode=${hosts[Math.min(one, other)]}:${PORT}`);
      const args = ['-disablewallet', '-listen=1', `-bind=${host}:${PORT}`, ...added];
      nodes.push(await spawn({ network: network.at(host), args, mockTime }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const converge = (maxRounds = 600): Promise<number> => untilOneTip(nodes, maxRounds);
  return { nodes, network, hosts, converge, close, [Symbol.asyncDispose]: close };
}

/** One block of this node, paid to anybody. */
export async function mineOne(node: Spawned): Promise<BlockHash> {
  const [hash] = await node.client.generatetodescriptor({ num_blocks: 1, descriptor: ANYONE });
  return hash as BlockHash;
}

/** How a storm ended. */
export interface StormOutcome {
  readonly height: number;
  /** Blocks that were mined, those of lost branches too. */
  readonly mined: number;
  /** Looks until all agreed. */
  readonly rounds: number;
}

/**
 * Lets every node mine while the network is parted again and again, heals it, and lets somebody mine on
 * until all agree: branches of equal work stay apart until one grows. Throws when they do not.
 */
export async function mineThroughStorm(swarm: Swarm, seed: number): Promise<StormOutcome> {
  const { nodes, network, hosts } = swarm;
  const random = seededRandom(seed);
  let mined = 0;
  const mineSomewhere = async (): Promise<void> => {
    await mineOne(nodes[Math.floor(random() * nodes.length)] as Spawned);
    mined++;
  };
  await mineSomewhere();
  await swarm.converge();
  for (let part = 0; part < 3; part++) {
    const groups: [string[], string[]] = [[], []];
    for (const host of hosts) groups[random() < 0.5 ? 0 : 1].push(host);
    network.part(groups);
    const blocks = nodes.length / 2 + Math.floor(random() * nodes.length);
    for (let i = 0; i < blocks; i++) await mineSomewhere();
    network.heal();
    await mineSomewhere();
  }
  for (let tries = 1; ; tries++) {
    await mineSomewhere();
    try {
      const rounds = await swarm.converge(100);
      const [first] = nodes;
      return { height: (await first?.client.getblockcount()) ?? 0, mined, rounds };
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

async function untilOneTip(nodes: readonly Spawned[], maxRounds: number): Promise<number> {
  for (let round = 1; ; round++) {
    const tips = await Promise.all(nodes.map(({ client }) => client.getbestblockhash()));
    if (new Set(tips).size === 1) {
      const coins = await Promise.all(
        nodes.map(({ client }) => client.gettxoutsetinfo({ hash_type: 'muhash' })),
      );
      // A block may have come between the two looks; then there is another round.
      if (new Set(coins.map((one) => JSON.stringify(one, plain))).size === 1) return round;
    }
    if (round >= maxRounds) throw new Error(`no single tip after ${round} rounds: ${tips}`);
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
