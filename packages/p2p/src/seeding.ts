/**
 * Where the first addresses come from: nodes named by the user (-seednode), DNS seeds and built-in
 * addresses, each tried only when what is better has failed. bitcoind's order and patience.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressManager } from './address-manager.ts';
import type { AddressRecord, WireAddress } from './messages.ts';
import {
  internalHost,
  type NetworkName,
  networkOf,
  parseAddress,
  parseHost,
} from './net-address.ts';
import type { PeerClock, Random } from './network.ts';
import type { Reach } from './reach.ts';
import { services } from './services.ts';
import type { NetLog } from './wire.ts';

/** Plain settings of the search. */
export interface SeedingOptions {
  /** Ask DNS seeds when too few nodes are known. */
  readonly dns: boolean;
  /** Ask them in any case. */
  readonly forceDns: boolean;
  readonly dnsSeeds: readonly string[];
  /** Use built-in addresses when nothing else helps. */
  readonly fixed: boolean;
  readonly fixedSeeds: readonly string[];
  /** Asked for addresses of others. */
  readonly seedNodes: readonly string[];
  readonly hasAddedNodes: boolean;
  readonly reach: Reach;
  readonly defaultPort: number;
}

/** What the search works with. */
export interface SeedingModules {
  readonly addresses: AddressManager;
  readonly clock: PeerClock;
  readonly random: Random;
  readonly log: NetLog;
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly isActive: () => boolean;
  /** Outbound peers that have said who they are. */
  readonly fullOutbound: () => number;
  /** Connects to a node to ask it for addresses. */
  readonly fetchFrom: (name: string) => void;
}

const ENOUGH_PEERS = 2;
const NEXT_SEED_NODE_SECONDS = 10;
const SEED_NODES_TIMEOUT_SECONDS = 30;
const FIXED_SEEDS_AFTER_MS = 60_000;
const SEEDS_AT_ONCE = 3;
const MANY_ADDRESSES = 1000;
const FEW_WAIT_SECONDS = 11;
const MANY_WAIT_SECONDS = 5 * 60;
const MAX_PER_SEED = 32;
const DAY = 24 * 60 * 60;
/** Seeds are asked for full nodes with witnesses; what they name is taken to be such. */
const SEED_SERVICES = services.NETWORK | services.WITNESS;

/** The search for first addresses. */
export class Seeding {
  readonly #options: SeedingOptions;
  readonly #modules: SeedingModules;
  readonly #seedNodes: string[];
  readonly #startedMs: number;
  #seedNodeTimer: number;
  #fixedLeft: boolean;
  #first = true;

  constructor(options: SeedingOptions, modules: SeedingModules) {
    this.#options = options;
    this.#modules = modules;
    this.#seedNodes = [...options.seedNodes];
    this.#startedMs = modules.clock.nowMs();
    this.#seedNodeTimer = this.#startedMs;
    this.#fixedLeft = options.fixed;
    if (!options.fixed) modules.log.info('Fixed seeds are disabled');
  }

  /** Looks whether it is time for a seed node or for built-in addresses. */
  tick(): void {
    const { addresses, clock, log, fullOutbound } = this.#modules;
    const isEmpty = addresses.size() === 0;
    const due = clock.nowMs() > this.#seedNodeTimer + 1000 * NEXT_SEED_NODE_SECONDS;
    if (this.#seedNodes.length > 0) {
      if (this.#first && isEmpty) this.#askSeedNode();
      else if (due && fullOutbound() < ENOUGH_PEERS) this.#askSeedNode();
    }
    this.#first = false;
    if (!this.#fixedLeft) return;
    const empty = this.#emptyNetworks();
    if (empty.size === 0) return;
    const { dns, seedNodes, hasAddedNodes } = this.#options;
    if (clock.nowMs() > this.#startedMs + FIXED_SEEDS_AFTER_MS) {
      log.info(
        'Adding fixed seeds as 60 seconds have passed and addrman is empty for at least one reachable network',
      );
    } else if (!dns && seedNodes.length === 0 && !hasAddedNodes) {
      log.info(
        'Adding fixed seeds as -dnsseed=0 (or IPv4/IPv6 connections are disabled via -onlynet) and neither -addnode nor -seednode are provided',
      );
    } else return;
    this.#fixedLeft = false;
    this.#addFixed(empty);
  }

  /** Asks DNS seeds when and as long as there is need; ends early when `signal` fires. */
  async runDns(signal: AbortSignal): Promise<void> {
    const { log } = this.#modules;
    if (!this.#options.dns) {
      log.info('DNS seeding disabled');
      return;
    }
    try {
      await this.#seedByDns(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #askSeedNode(): void {
    const { addresses, clock, log, fetchFrom } = this.#modules;
    const seed = this.#seedNodes.pop();
    if (seed === undefined) return;
    this.#seedNodeTimer = clock.nowMs();
    fetchFrom(seed);
    if (addresses.size() === 0) {
      log.info(`Empty addrman, adding seednode (${seed}) to addrfetch`);
    } else {
      log.info(
        `Couldn't connect to peers from addrman after ${NEXT_SEED_NODE_SECONDS} seconds. Adding seednode (${seed}) to addrfetch`,
      );
    }
  }

  #emptyNetworks(): Set<NetworkName> {
    const { addresses } = this.#modules;
    return new Set(
      [...this.#options.reach.networks].filter((network) => addresses.size(network) === 0),
    );
  }

  #addFixed(networks: ReadonlySet<NetworkName>): void {
    const { addresses, log } = this.#modules;
    const { fixedSeeds, defaultPort } = this.#options;
    const records = fixedSeeds.flatMap((text) => {
      const address = parseAddress(text, defaultPort);
      return address && networks.has(networkOf(address)) ? [this.#recordOf(address)] : [];
    });
    addresses.add(records, internalHost('fixedseeds'));
    log.info(`Added ${records.length} fixed seeds from reachable networks.`);
  }

  /** Of an age between three and seven days: newer ones are better known. */
  #recordOf(address: WireAddress): AddressRecord {
    const { clock, random } = this.#modules;
    const time = clock.now() - 3 * DAY - random.below(4 * DAY);
    return { ...address, time, services: SEED_SERVICES };
  }

  async #seedByDns(signal: AbortSignal): Promise<void> {
    const { addresses, log } = this.#modules;
    const { seedNodes, dnsSeeds, forceDns } = this.#options;
    const enough = seedNodes.length > 0 && (await this.#waitForSeedNodes(signal));
    const all = forceDns || addresses.size() === 0;
    if (enough && !all) {
      log.info('Skipping DNS seeds. Enough peers have been found');
      return;
    }
    let now = all ? dnsSeeds.length : 0;
    let found = 0;
    for (const seed of this.#shuffled(dnsSeeds)) {
      if (now === 0) {
        now = SEEDS_AT_ONCE;
        if (addresses.size() > 0 && (await this.#waitForPeers(signal))) {
          if (found > 0) log.info(`${found} addresses found from DNS seeds`);
          const what = found > 0 ? 'Finished' : 'Skipped';
          log.info(`P2P peers available. ${what} DNS seeding.`);
          return;
        }
      }
      await this.#waitUntilActive(signal);
      log.info(`Loading addresses from DNS seed ${seed}`);
      found += await this.#ask(seed);
      signal.throwIfAborted();
      now--;
    }
    log.info(`${found} addresses found from DNS seeds`);
  }

  /** True once there are peers; false when seed nodes brought none in time. */
  async #waitForSeedNodes(signal: AbortSignal): Promise<boolean> {
    const { clock, log, fullOutbound } = this.#modules;
    const start = clock.nowMs();
    log.info(
      `-seednode enabled. Trying the provided seeds for ${SEED_NODES_TIMEOUT_SECONDS} seconds before defaulting to the dnsseeds.`,
    );
    for (;;) {
      await pause(500, signal);
      if (clock.nowMs() > start + 1000 * SEED_NODES_TIMEOUT_SECONDS) {
        log.info(
          "Couldn't connect to enough peers via seed nodes. Handing fetch logic to the DNS seeds.",
        );
        return false;
      }
      if (fullOutbound() >= ENOUGH_PEERS) {
        log.info('P2P peers available. Finished fetching data from seed nodes.');
        return true;
      }
    }
  }

  /** True as soon as there are peers; false after a while without. */
  async #waitForPeers(signal: AbortSignal): Promise<boolean> {
    const { addresses, log, fullOutbound } = this.#modules;
    const seconds = addresses.size() >= MANY_ADDRESSES ? MANY_WAIT_SECONDS : FEW_WAIT_SECONDS;
    log.info(`Waiting ${seconds} seconds before querying DNS seeds.`);
    for (let left = seconds; left > 0; left -= FEW_WAIT_SECONDS) {
      await pause(1000 * Math.min(FEW_WAIT_SECONDS, left), signal);
      if (fullOutbound() >= ENOUGH_PEERS) return true;
    }
    return false;
  }

  async #waitUntilActive(signal: AbortSignal): Promise<void> {
    const { isActive, log } = this.#modules;
    if (isActive()) return;
    log.info('Waiting for network to be reactivated before querying DNS seeds.');
    while (!isActive()) await pause(1000, signal);
  }

  /** How many addresses a seed gave; one that is behind a proxy or silent is asked as a node. */
  async #ask(seed: string): Promise<number> {
    const { addresses, resolve, fetchFrom } = this.#modules;
    const { reach, defaultPort } = this.#options;
    if (reach.nameProxy) {
      fetchFrom(seed);
      return 0;
    }
    const name = `x${SEED_SERVICES.toString(16)}.${seed}`;
    const hosts = (await resolve(name)).slice(0, MAX_PER_SEED).flatMap((text) => {
      const host = parseHost(text);
      return host ? [host] : [];
    });
    if (hosts.length === 0) {
      fetchFrom(seed);
      return 0;
    }
    const records = hosts.map((host) => this.#recordOf({ ...host, port: defaultPort }));
    addresses.add(records, internalHost(name));
    return records.length;
  }

  #shuffled(names: readonly string[]): string[] {
    const { random } = this.#modules;
    return names
      .map((name) => ({ name, rank: random.u64() }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .map(({ name }) => name);
  }
}

/** Machine time; an aborted one throws. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false });
}
