/**
 * Connections that this node opens: those it was told to keep, those it needs by itself, and the search for
 * first addresses. Whom to choose outbound.ts decides, how to get there dialer.ts knows, what becomes of
 * an open connection is the peers' part.
 */
import type { AddressManager } from './address-manager.ts';
import { Dialer, type DialTarget } from './dialer.ts';
import type { WireAddress } from './messages.ts';
import {
  addressKey,
  formatAddress,
  type HostAddress,
  networkOf,
  parseLooseHost,
  splitHostPort,
} from './net-address.ts';
import {
  type Connection,
  type Endpoint,
  formatEndpoint,
  type Network,
  type PeerClock,
  type Random,
} from './network.ts';
import { type Anchor, Outbound, type OutboundChoice } from './outbound.ts';
import type { ConnectionType, Peer } from './peer.ts';
import { isReachable, type Reach } from './reach.ts';
import type { SamSession } from './sam.ts';
import { Seeding, type SeedingOptions } from './seeding.ts';
import type { NetLog } from './wire.ts';

const MAX_ADDED = 8;
const OUTBOUND_INTERVAL_MS = 500;
const ADDED_RETRY_MS = 60_000;
const ADDED_CHECK_MS = 2_000;
const PINNED_STEP_MS = 500;
const PINNED_MAX_MS = 5_000;
/** Failures count against an address only when others show that our own line is up. */
const NEIGHBOURS_FOR_FAILURES = 2;

/** Plain settings. */
export interface OpenerOptions {
  readonly reach: Reach;
  /** Connect to these only; undefined finds peers by itself. */
  readonly connectOnly: readonly string[] | undefined;
  readonly addNodes: readonly string[];
  readonly seeding: Omit<SeedingOptions, 'reach' | 'defaultPort' | 'hasAddedNodes'>;
  /** Block-only peers of the last run, tried first. */
  readonly anchors: readonly Anchor[];
  readonly lookUpNames: boolean;
  readonly connectTimeoutMs: number;
  readonly defaultPort: number;
  /** Tries the encrypted transport. */
  readonly v2: boolean;
}

/** How many connections of each kind there may be. */
export interface OutboundLimits {
  readonly full: number;
  readonly blockOnly: number;
  /** All that the node opens by itself. */
  readonly automatic: number;
}

/** What is known of a connection that has just been opened. */
export interface OpenedConnection {
  readonly type: ConnectionType;
  /** The text it was asked for by. */
  readonly name: string;
  readonly host: WireAddress | undefined;
  readonly address: Endpoint;
  readonly v2: boolean;
}

/** What an opener works with. */
export interface OpenerModules {
  readonly network: Network;
  readonly random: Random;
  readonly clock: PeerClock;
  readonly log: NetLog;
  readonly addresses: AddressManager;
  readonly i2pSession?: SamSession | undefined;
  readonly peers: ReadonlyMap<number, Peer>;
  readonly limits: OutboundLimits;
  readonly groupOf: (host: HostAddress | undefined) => string;
  readonly isUnwanted: (host: HostAddress) => boolean;
  /** True for services that make an outbound peer useful. */
  readonly isUseful: (services: bigint) => boolean;
  /** True for this node itself. */
  readonly isOwn: (host: HostAddress) => boolean;
  readonly isActive: () => boolean;
  readonly opened: (connection: Connection, facts: OpenedConnection) => void;
  readonly onFatal: (error: unknown) => void;
}

/** A node that is to be kept connected. */
export interface AddedNode {
  readonly name: string;
  readonly peer: { readonly address: string; readonly inbound: boolean } | undefined;
}

/** A node of -connect. */
interface Pinned {
  readonly name: string;
  tries: number;
  nextTry: number;
}

/** Opens connections. */
export class Opener {
  readonly #options: OpenerOptions;
  readonly #modules: OpenerModules;
  readonly #dialer: Dialer;
  readonly #outbound: Outbound;
  readonly #seeding: Seeding;
  readonly #added = new Map<string, boolean>();
  readonly #pinned: readonly Pinned[];
  readonly #connecting = new Map<string, ConnectionType>();
  readonly #addrFetches: string[] = [];
  readonly #stopping = new AbortController();
  #dns: Promise<void> = Promise.resolve();
  #nextAddedCheck = 0;
  #nextOutbound = 0;

  constructor(options: OpenerOptions, modules: OpenerModules) {
    this.#options = options;
    this.#modules = modules;
    const { reach, seeding, addNodes, connectOnly, defaultPort, anchors } = options;
    const { network, random, log, addresses } = modules;
    this.#dialer = new Dialer(options, { network, random, log, i2pSession: modules.i2pSession });
    this.#outbound = new Outbound(
      { anchors, isReachable: (host) => isReachable(reach, host), networks: reach.networks },
      { ...modules, isAdded: (address) => this.#isAdded(address) },
    );
    this.#seeding = new Seeding(
      { ...seeding, reach, defaultPort, hasAddedNodes: addNodes.length > 0 },
      {
        addresses,
        clock: modules.clock,
        random,
        log,
        resolve: (name) => network.resolve(name),
        isActive: modules.isActive,
        fullOutbound: () => this.#count('outbound-full-relay', true),
        fetchFrom: (name) => void this.#addrFetches.push(name),
      },
    );
    for (const name of addNodes) this.#added.set(name, options.v2);
    this.#pinned = (connectOnly ?? []).map((name) => ({ name, tries: 0, nextTry: 0 }));
  }

  /** Begins what goes on beside the ticks. */
  start(): void {
    this.#dns = this.#seeding.runDns(this.#stopping.signal).catch(this.#modules.onFatal);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#dns;
  }

  /** Opens what is due. */
  tick(): void {
    if (!this.#modules.isActive()) return;
    this.#openAdded();
    this.#openPinned();
    this.#openOutbound();
  }

  /** A connection has ended: added nodes are looked at again soon. */
  peerGone(): void {
    this.#nextAddedCheck = Math.min(this.#nextAddedCheck, realNow() + ADDED_CHECK_MS);
  }

  /** Keeps a connection to a node from now on; false when it is one of those already. */
  addNode(name: string, v2: boolean): boolean {
    const target = this.#canonical(name);
    for (const other of this.#added.keys()) if (this.#canonical(other) === target) return false;
    this.#added.set(name, v2);
    this.#nextAddedCheck = 0;
    return true;
  }

  /** The opposite; a connection there may be stays. False when it was not one of them. */
  removeNode(name: string): boolean {
    return this.#added.delete(name);
  }

  /** The nodes that are to be kept connected. */
  addedNodes(): AddedNode[] {
    return [...this.#added.keys()].map((name) => {
      const peer = this.#connectedTo(name);
      return {
        name,
        peer: peer && { address: formatEndpoint(peer.address), inbound: peer.inbound },
      };
    });
  }

  /** Opens a connection of a kind that the node usually opens by itself; false above its number. */
  async addConnection(name: string, type: ConnectionType, v2: boolean): Promise<boolean> {
    const { full, blockOnly, automatic } = this.#modules.limits;
    if (type === 'outbound-full-relay' && this.#count(type) >= full) return false;
    if (type === 'block-relay-only' && this.#count(type) >= blockOnly) return false;
    if (this.#countAutomatic() >= automatic) return false;
    await this.open(name, type, v2);
    return true;
  }

  /** Connects unless there is a connection already; resolves when it is open or has failed. */
  async open(name: string, type: ConnectionType, v2: boolean, countFailure = false): Promise<void> {
    const { log, addresses, isActive, opened } = this.#modules;
    if (!isActive()) return;
    if (this.#connectedTo(name) || this.#connecting.has(name)) return;
    log.debug('net', `trying ${v2 ? 'v2' : 'v1'} connection (${type}) to ${name}, lastseen=0.0hrs`);
    this.#connecting.set(name, type);
    try {
      for (const target of await this.#dialer.targets(name)) {
        if (this.#isConnectedTarget(target)) return;
        const { connection, proxyFailed } = await this.#dialer.connect(target);
        if (target.host && !proxyFailed) addresses.attempt(target.host, countFailure);
        if (!connection) continue;
        if (!isActive()) {
          connection.close();
          return;
        }
        opened(connection, { type, name, host: target.host, address: target.endpoint, v2 });
        return;
      }
    } finally {
      this.#connecting.delete(name);
    }
  }

  #openSoon(name: string, type: ConnectionType, v2: boolean, countFailure = false): void {
    void this.open(name, type, v2, countFailure).catch(this.#modules.onFatal);
  }

  #count(type: ConnectionType, established = false): number {
    let count = 0;
    for (const peer of this.#modules.peers.values()) {
      if (peer.type === type && (!established || peer.established)) count++;
    }
    return count;
  }

  #countAutomatic(): number {
    let count = 0;
    for (const peer of this.#modules.peers.values()) {
      if (!peer.inbound && peer.type !== 'manual') count++;
    }
    return count;
  }

  #connectedTo(name: string): Peer | undefined {
    const target = this.#canonical(name);
    for (const peer of this.#modules.peers.values()) {
      if (peer.name === name || this.#canonical(peer.name) === target) return peer;
    }
    return undefined;
  }

  /** True when what a name turned out to be is a peer already. */
  #isConnectedTarget({ host }: DialTarget): boolean {
    if (!host) return false;
    const key = addressKey(host);
    for (const peer of this.#modules.peers.values()) {
      if (!peer.inbound && peer.host && addressKey(peer.host) === key) return true;
    }
    return false;
  }

  /** A name in one form, so that two ways of writing an address are one. */
  #canonical(name: string): string {
    const split = splitHostPort(name.trim());
    if (!split) return name;
    const host = parseLooseHost(split.host);
    const port = split.port ?? this.#options.defaultPort;
    return host ? formatAddress({ ...host, port }) : `${split.host}:${port}`;
  }

  #isAdded(address: WireAddress): boolean {
    const target = formatAddress(address);
    for (const name of this.#added.keys()) if (this.#canonical(name) === target) return true;
    return false;
  }

  /** Connects to added nodes that are not connected. */
  #openAdded(): void {
    if (this.#added.size === 0 || realNow() < this.#nextAddedCheck) return;
    let tried = false;
    let manual = this.#count('manual');
    for (const [name, v2] of this.#added) {
      if (this.#connectedTo(name) || this.#connecting.has(name)) continue;
      if (manual++ >= MAX_ADDED) break;
      tried = true;
      this.#openSoon(name, 'manual', v2);
    }
    this.#nextAddedCheck = realNow() + (tried ? ADDED_RETRY_MS : ADDED_CHECK_MS);
  }

  /** Connects to the nodes of -connect, ever more patiently while they do not answer. */
  #openPinned(): void {
    const now = realNow();
    for (const pinned of this.#pinned) {
      if (now < pinned.nextTry || this.#connecting.has(pinned.name)) continue;
      if (this.#connectedTo(pinned.name)) {
        pinned.tries = 0;
        continue;
      }
      pinned.tries++;
      pinned.nextTry = now + Math.min(PINNED_STEP_MS * pinned.tries, PINNED_MAX_MS);
      this.#openSoon(pinned.name, 'manual', this.#options.v2);
    }
  }

  /** Opens one of the connections that a node keeps by itself, when it is time for one. */
  #openOutbound(): void {
    const { connectOnly } = this.#options;
    if (connectOnly !== undefined || realNow() < this.#nextOutbound) return;
    this.#nextOutbound = realNow() + OUTBOUND_INTERVAL_MS;
    this.#seeding.tick();
    const { limits, clock } = this.#modules;
    const fetch = this.#addrFetches.shift();
    if (fetch !== undefined) this.#openSoon(fetch, 'addr-fetch', this.#options.v2);
    if (this.#countAutomatic() + this.#connecting.size >= limits.automatic) return;
    const { groups, neighbours } = this.#neighbourhood();
    const pending = [...this.#connecting.values()];
    const choice = this.#outbound.choose(
      {
        full: this.#count('outbound-full-relay') + pending.filter(isFull).length,
        blockOnly: this.#count('block-relay-only') + pending.filter(isBlockOnly).length,
        maxFull: limits.full,
        maxBlockOnly: limits.blockOnly,
      },
      groups,
      clock.nowMs(),
    );
    if (choice) this.#openChoice(choice, neighbours);
  }

  #openChoice({ type, address, v2 }: OutboundChoice, neighbours: number): void {
    const enough = Math.min(this.#modules.limits.automatic - 1, NEIGHBOURS_FOR_FAILURES);
    const name = formatAddress(address);
    this.#openSoon(name, type, v2 && this.#options.v2, neighbours >= enough);
  }

  /** Groups of outbound peers that last, and how many of those and of peers without a group there are. */
  #neighbourhood(): { readonly groups: ReadonlySet<string>; readonly neighbours: number } {
    const groups = new Set<string>();
    let hidden = 0;
    for (const { type, host, group } of this.#modules.peers.values()) {
      if (type === 'inbound' || type === 'addr-fetch' || type === 'feeler') continue;
      const network = host && networkOf(host);
      if (network === 'onion' || network === 'i2p' || network === 'cjdns') hidden++;
      else groups.add(group);
    }
    return { groups, neighbours: groups.size + hidden };
  }
}

const isFull = (type: ConnectionType): boolean => type === 'outbound-full-relay';
const isBlockOnly = (type: ConnectionType): boolean => type === 'block-relay-only';

/** Machine time: when to try again is not a matter of the network's clock. */
function realNow(): number {
  return performance.now();
}
