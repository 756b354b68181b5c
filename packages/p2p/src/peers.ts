/**
 * The peers: opening and accepting connections, keeping them within limits, dropping them, and the loop
 * that gives each in turn a message's worth of attention. What messages mean is the protocol's.
 */
import { createHmac } from 'node:crypto';
import type { Chain } from '@coind/chain';
import type { Mempool } from '@coind/mempool';
import { type BlockHash, hexToBytes, type Wtxid } from '@coind/primitives';
import type { AddressManager } from './address-manager.ts';
import { chooseEviction } from './eviction.ts';
import type { FilterSource } from './filter-serving.ts';
import { isDesirable } from './handshake.ts';
import type { WireAddress } from './messages.ts';
import {
  formatAddress,
  type HostAddress,
  hostKey,
  isLocal,
  isRoutable,
  networkClass,
  networkIds,
  parseHost,
  splitHostPort,
} from './net-address.ts';
import { netGroup } from './net-group.ts';
import {
  type Connection,
  type Endpoint,
  formatEndpoint,
  type Listener,
  type Network,
  type PeerClock,
  type Random,
} from './network.ts';
import { Outbound } from './outbound.ts';
import { type ConnectionType, OTHER_MESSAGES, Peer } from './peer.ts';
import { describePeer, type PeerInfo } from './peer-info.ts';
import type { Permission } from './permissions.ts';
import { Protocol } from './protocol.ts';
import { offers, services } from './services.ts';
import { isInSubnet, type Subnet } from './subnet.ts';
import { type RawMessage, type Transport, V1Transport } from './transport.ts';
import { UploadTarget } from './upload-target.ts';
import { V2Transport } from './v2-transport.ts';
import type { NetLog, ProtocolOptions, Wire } from './wire.ts';

const MAX_FULL_OUTBOUND = 8;
const MAX_BLOCK_OUTBOUND = 2;
const MAX_FEELERS = 1;
const MAX_ADDED = 8;
/** Bytes that Core counts for a message in memory beside its payload. */
const MESSAGE_OVERHEAD = 100;
const TICK_MS = 100;
const INACTIVITY_MS = 20 * 60_000;
const OUTBOUND_INTERVAL_MS = 500;
const SEED_RETRY_MS = 10_000;
const ADDED_RETRY_MS = 60_000;
const ADDED_CHECK_MS = 2_000;

/** An address to listen on, and what those who connect there may do. */
export interface Bind extends Endpoint {
  readonly permissions: ReadonlySet<Permission> | undefined;
}

/** Permissions of the peers in a range of addresses. */
export interface WhitelistEntry {
  readonly subnet: Subnet;
  readonly permissions: ReadonlySet<Permission>;
  readonly incoming: boolean;
  readonly outgoing: boolean;
}

/** Plain settings of the peers. */
export interface PeersOptions extends ProtocolOptions {
  /** False until `setActive(true)`: no connections at all. */
  readonly active: boolean;
  /** Where to listen; empty not to. */
  readonly binds: readonly Bind[];
  /** Addresses of `binds` that may be missing on this machine. */
  readonly bindsOptional: boolean;
  /** Connect to these only; undefined finds peers by itself. */
  readonly connectOnly: readonly string[] | undefined;
  readonly addNodes: readonly string[];
  /** Asked for addresses when none are known. */
  readonly seedNodes: readonly string[];
  /** Addresses that look like CJDNS are of CJDNS. */
  readonly cjdnsReachable: boolean;
  readonly maxConnections: number;
  /** Percent of inbound peers that may be told of transactions. */
  readonly inboundRelayPercent: number;
  readonly whitelist: readonly WhitelistEntry[];
  /** Offers and tries the encrypted transport. */
  readonly v2: boolean;
  readonly connectTimeoutMs: number;
  readonly maxSendBytes: number;
  readonly maxReceiveBytes: number;
  /** Bytes per day; 0 for no limit. */
  readonly uploadTargetBytes: number;
  /** Names are looked up (`-dns`). */
  readonly lookUpNames: boolean;
}

/** Something that remembers whom not to let in. */
export interface BanChecks {
  isBanned(host: HostAddress): boolean;
  isDiscouraged(host: HostAddress): boolean;
  discourage(host: HostAddress): void;
}

/** Collaborators of the peers. */
export interface PeersModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: PeerClock;
  readonly network: Network;
  readonly random: Random;
  readonly log: NetLog;
  readonly bans: BanChecks;
  readonly addresses: AddressManager;
  /** The index of block filters, where one is kept. */
  readonly filters?: FilterSource | undefined;
  /** Hears of errors that are no peer's fault: the node cannot go on. */
  readonly onFatal: (error: unknown) => void;
}

/** A node that is to be kept connected. */
export interface AddedNode {
  readonly name: string;
  readonly peer: { readonly address: string; readonly inbound: boolean } | undefined;
}

/** Traffic since the start. */
export interface NetTotals {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly upload: UploadTarget;
}

/** Opens the peers: listens, connects, and runs until `close`. Rejects when it cannot listen. */
export async function openPeers(options: PeersOptions, modules: PeersModules): Promise<Peers> {
  const peers = new Peers(options, modules);
  await peers.start();
  return peers;
}

/** All peers. */
export class Peers {
  readonly protocol: Protocol;
  readonly upload: UploadTarget;
  readonly options: PeersOptions;
  readonly #modules: PeersModules;
  readonly #wire: Wire;
  readonly #magic: Uint8Array;
  readonly #peers = new Map<number, Peer>();
  readonly #listeners: Listener[] = [];
  readonly #secret: Uint8Array;
  readonly #outboundNonces = new Set<bigint>();
  readonly #added = new Map<string, boolean>();
  readonly #connecting = new Set<string>();
  readonly #localAddresses = new Map<string, { address: WireAddress; score: number }>();
  #nextId = 0;
  #active: boolean;
  #closed = false;
  #loop: Promise<void> = Promise.resolve();
  #wakeUp: (() => void) | undefined;
  #woken = false;
  #bytesReceived = 0;
  #bytesSent = 0;
  #nextAddedCheck = 0;
  #nextOutbound = 0;
  #nextSeed = 0;
  #seedsAsked = 0;
  readonly #outbound: Outbound;

  constructor(options: PeersOptions, modules: PeersModules) {
    this.options = options;
    this.#modules = modules;
    const { chain, mempool, clock, random, log } = modules;
    this.#magic = hexToBytes(chain.params.messageStart);
    this.#secret = random.bytes(32);
    this.#active = options.active;
    this.upload = new UploadTarget(options.uploadTargetBytes, () => clock.now());
    this.#wire = {
      chain,
      mempool,
      clock,
      random,
      log,
      options,
      peers: this.#peers,
      misbehaving: (peer, why) => this.#misbehaving(peer, why),
      disconnect: (peer, why) => this.#disconnect(peer, why),
      wake: () => this.#wake(),
    };
    this.protocol = new Protocol(this.#wire, {
      limits: {
        targetReached: (historical) => this.upload.reached(historical),
        isCongested: (peer) => peer.connection.queuedBytes > options.maxSendBytes,
      },
      events: {
        isOurNonce: (nonce) => this.#outboundNonces.has(nonce),
        seenLocal: (_peer, address) => this.#seenLocal(address),
        txRelayWanted: (peer, message) => this.#makeRoomForTxRelay(peer, message),
        connected: (peer) => {
          if (peer.host) modules.addresses.good(peer.host);
        },
      },
      filters: modules.filters,
      gossip: {
        addresses: modules.addresses,
        isUnwanted: (host) => modules.bans.isBanned(host) || modules.bans.isDiscouraged(host),
        isReachable: (host) => this.#isReachable(host),
        localFor: (peer) => this.#localFor(peer),
        listens: options.binds.length > 0,
      },
    });
    this.#outbound = new Outbound({
      addresses: modules.addresses,
      random,
      groupOf: (host) => this.#groupOf(host),
      isReachable: (host) => this.#isReachable(host),
      isUnwanted: (host) => modules.bans.isBanned(host) || modules.bans.isDiscouraged(host),
      isUseful: (offered) => isDesirable(this.#wire, offered),
    });
    for (const name of options.addNodes) this.#added.set(name, options.v2);
  }

  /** Services offered to everybody. */
  get localServices(): bigint {
    const { bloomFilters, blockFilters, pruned, v2 } = this.options;
    let bits = services.NETWORK_LIMITED | services.WITNESS;
    if (!pruned) bits |= services.NETWORK;
    if (bloomFilters) bits |= services.BLOOM;
    if (blockFilters) bits |= services.COMPACT_FILTERS;
    if (v2) bits |= services.P2P_V2;
    return bits;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Where we listen. */
  get endpoints(): readonly Endpoint[] {
    return this.#listeners.map(({ endpoint }) => endpoint);
  }

  get totals(): NetTotals {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      upload: this.upload,
    };
  }

  /** Addresses at which others may reach us, with how sure we are of them. */
  get localAddresses(): readonly { readonly address: WireAddress; readonly score: number }[] {
    return [...this.#localAddresses.values()];
  }

  async start(): Promise<void> {
    await this.#listen();
    this.#loop = this.#run();
    const { connectOnly } = this.options;
    for (const name of connectOnly ?? []) {
      this.#added.set(name, this.options.v2);
    }
  }

  /** Ends all connections and waits for what is being processed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    for (const peer of [...this.#peers.values()]) {
      this.#disconnect(peer, 'Stopping node');
    }
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await this.#loop;
    this.protocol.close();
  }

  /** Facts about every peer, in the order of connecting. */
  info(): PeerInfo[] {
    const now = this.#modules.clock.nowMs();
    return [...this.#peers.values()].map((peer) => describePeer(peer, now));
  }

  /** How many there are. */
  count(): { readonly inbound: number; readonly outbound: number } {
    let inbound = 0;
    for (const peer of this.#peers.values()) if (peer.inbound) inbound++;
    return { inbound, outbound: this.#peers.size - inbound };
  }

  /** Announces a transaction of the pool. */
  relay(wtxid: Wtxid): void {
    this.protocol.txs.announce(wtxid);
  }

  /** A ping goes to everybody. */
  pingAll(): void {
    for (const peer of this.#peers.values()) peer.pingQueued = true;
    this.#wake();
  }

  /** Switches all of it off or on. */
  setActive(active: boolean): void {
    this.#modules.log.info(`SetNetworkActive: ${active}`);
    if (this.#active === active) return;
    this.#active = active;
    this.#wake();
    if (active) return;
    for (const peer of [...this.#peers.values()]) this.#disconnect(peer, 'Network not active');
  }

  /** Keeps a connection to a node from now on; false when it is one of those already. */
  addNode(name: string, v2: boolean): boolean {
    if (this.#added.has(name)) return false;
    const target = canonical(name, this.#modules.chain.params.p2pPort);
    for (const other of this.#added.keys()) {
      if (canonical(other, this.#modules.chain.params.p2pPort) === target) return false;
    }
    this.#added.set(name, v2);
    this.#nextAddedCheck = 0;
    this.#wake();
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
      const address = peer && formatEndpoint(peer.address);
      return {
        name,
        peer: peer && address !== undefined ? { address, inbound: peer.inbound } : undefined,
      };
    });
  }

  /** Opens a manual connection; resolves when it is open or has failed. */
  async connect(name: string, v2: boolean): Promise<void> {
    await this.#open(name, 'manual', v2);
  }

  /** Opens a connection of a kind that the node usually opens by itself; false above its number. */
  async addConnection(name: string, type: ConnectionType, v2: boolean): Promise<boolean> {
    const existing = [...this.#peers.values()].filter((peer) => peer.type === type).length;
    const { full, blockOnly, automatic } = this.#limits();
    if (type === 'outbound-full-relay' && existing >= full) return false;
    if (type === 'block-relay-only' && existing >= blockOnly) return false;
    let outbound = 0;
    for (const peer of this.#peers.values()) {
      if (!peer.inbound && peer.type !== 'manual') outbound++;
    }
    if (outbound >= automatic) return false;
    await this.#open(name, type, v2);
    return true;
  }

  /** By the name getpeerinfo prints; false when there is none. */
  disconnectByName(name: string): boolean {
    for (const peer of this.#peers.values()) {
      if (peer.name !== name) continue;
      this.#disconnect(peer, 'disconnect by address match');
      return true;
    }
    return false;
  }

  disconnectById(id: number): boolean {
    const peer = this.#peers.get(id);
    if (!peer) return false;
    this.#disconnect(peer, 'disconnect by id');
    return true;
  }

  disconnectSubnet(subnet: Subnet): void {
    for (const peer of [...this.#peers.values()]) {
      if (peer.host && isInSubnet(subnet, peer.host)) {
        this.#disconnect(peer, 'disconnect by subnet match');
      }
    }
  }

  /** Sends any bytes as a message; false when there is no such peer. */
  sendTo(id: number, type: string, payload: Uint8Array): boolean {
    const peer = this.#peers.get(id);
    if (!peer?.established) return false;
    peer.sendRaw(type, payload);
    return true;
  }

  /** Asks a peer for a block whose header is known; a text says why not. */
  fetchBlock(id: number, hash: BlockHash): string | undefined {
    const peer = this.#peers.get(id);
    if (!peer) return 'Peer does not exist';
    if (!offers(peer.services, services.WITNESS)) return 'Pre-SegWit peer';
    const { download } = this.protocol;
    download.forget(hash);
    const info = this.#modules.chain.info(hash);
    if (!info) return 'Block header missing';
    download.requested(peer, info);
    peer.send('getdata', [download.inventoryOf(peer, hash)]);
    this.#modules.log.debug('net', `Requesting block ${hash} from peer=${id}`);
    return undefined;
  }

  /** An address at which we can be reached; the more say so the better. */
  addLocal(address: WireAddress, score: number): void {
    if (!isRoutable(address)) return;
    const key = hostKey(address);
    const known = this.#localAddresses.get(key);
    if (known && known.score > score) return;
    this.#modules.log.info(`AddLocal(${formatAddress(address)},${score})`);
    this.#localAddresses.set(key, { address, score: known ? score + 1 : score });
  }

  #limits() {
    const { maxConnections, inboundRelayPercent } = this.options;
    const full = Math.min(MAX_FULL_OUTBOUND, maxConnections);
    const blockOnly = Math.min(MAX_BLOCK_OUTBOUND, maxConnections - full);
    const automatic = full + blockOnly + MAX_FEELERS;
    const inbound = Math.max(0, maxConnections - automatic);
    const inboundRelay = Math.floor((inbound * inboundRelayPercent) / 100);
    return {
      full,
      blockOnly,
      automatic: Math.min(automatic, maxConnections),
      inbound,
      inboundRelay,
    };
  }

  async #listen(): Promise<void> {
    const { binds, bindsOptional } = this.options;
    const { log, network } = this.#modules;
    let failure: string | undefined;
    for (const bind of binds) {
      try {
        const listener = await network.listen(bind, (connection) => this.#accept(connection, bind));
        this.#listeners.push(listener);
        log.info(`Bound to ${formatEndpoint(listener.endpoint)}`);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const where = formatEndpoint(bind);
        const why =
          code === 'EADDRINUSE'
            ? `Unable to bind to ${where} on this computer. coind is probably already running.`
            : `Unable to bind to ${where} on this computer (bind returned error ${error instanceof Error ? error.message : error})`;
        log.error(why);
        if (!bindsOptional) failure ??= why;
      }
    }
    if (failure !== undefined || (binds.length > 0 && this.#listeners.length === 0)) {
      await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
      throw new ListenError(
        failure ?? 'Failed to listen on any port. Use -listen=0 if you want this.',
      );
    }
  }

  #accept(connection: Connection, bind: Bind): void {
    const { log, bans } = this.#modules;
    const from = formatEndpoint(connection.remote);
    const host = parseHost(connection.remote.host);
    const permissions = new Set(bind.permissions);
    this.#grant(permissions, host, 'incoming');
    const refusal = this.#refusalOf(from, host, permissions);
    if (refusal !== undefined) {
      log.debug('net', refusal);
      connection.start({
        data: () => undefined,
        drained: () => undefined,
        closed: () => undefined,
      });
      connection.close();
      return;
    }
    this.#addPeer(connection, 'inbound', {
      name: from,
      host,
      permissions,
      preferEvict: host !== undefined && bans.isDiscouraged(host),
      transport: this.#transport(this.options.v2, false),
    });
    log.debug('net', `connection from ${from} accepted`);
  }

  /** Why somebody is not let in; makes room if that is all it takes. */
  #refusalOf(
    from: string,
    host: HostAddress | undefined,
    permissions: ReadonlySet<Permission>,
  ): string | undefined {
    const { bans } = this.#modules;
    if (this.#closed || !this.#active) {
      return `connection from ${from} dropped: not accepting new connections`;
    }
    const noban = permissions.has('noban');
    if (host && !noban && bans.isBanned(host)) return `connection from ${from} dropped (banned)`;
    const { inbound } = this.count();
    const most = this.#limits().inbound;
    if (host && !noban && inbound + 1 >= most && bans.isDiscouraged(host)) {
      return `connection from ${from} dropped (discouraged)`;
    }
    if (inbound >= most && !this.#evict(() => true)) {
      return 'failed to find an eviction candidate - connection dropped (full)';
    }
    return undefined;
  }

  #grant(
    permissions: Set<Permission>,
    host: HostAddress | undefined,
    direction: 'incoming' | 'outgoing',
  ): void {
    if (!host) return;
    for (const entry of this.options.whitelist) {
      if (!entry[direction] || !isInSubnet(entry.subnet, host)) continue;
      for (const permission of entry.permissions) permissions.add(permission);
    }
  }

  #transport(v2: boolean, initiating: boolean): Transport {
    const { random } = this.#modules;
    if (!v2) return new V1Transport(this.#magic);
    const options = { magic: this.#magic, initiating };
    return new V2Transport(options, { randomBytes: (length) => random.bytes(length) });
  }

  #connectedTo(name: string): Peer | undefined {
    const port = this.#modules.chain.params.p2pPort;
    const target = canonical(name, port);
    for (const peer of this.#peers.values()) {
      if (peer.name === name || canonical(peer.name, port) === target) return peer;
    }
    return undefined;
  }

  async #open(name: string, type: ConnectionType, v2: boolean): Promise<void> {
    const { log, network, chain } = this.#modules;
    if (this.#closed || !this.#active) return;
    if (this.#connectedTo(name) || this.#connecting.has(name)) return;
    const target = splitHostPort(name.trim());
    if (!target) return;
    const port = target.port ?? chain.params.p2pPort;
    log.debug('net', `trying ${v2 ? 'v2' : 'v1'} connection (${type}) to ${name}, lastseen=0.0hrs`);
    this.#connecting.add(name);
    try {
      const literal = parseHost(target.host) !== undefined;
      if (!literal && !this.options.lookUpNames) return;
      for (const host of await network.resolve(target.host)) {
        const { connectTimeoutMs: timeoutMs } = this.options;
        const connection = await network.connect({ host, port }, { timeoutMs }).catch((error) => {
          const where = formatEndpoint({ host, port });
          log.debug('net', `connect() to ${where} failed: ${error.message}`);
          return undefined;
        });
        if (!connection) continue;
        if (this.#closed || !this.#active) {
          connection.close();
          return;
        }
        const parsed = parseHost(connection.remote.host);
        const permissions = new Set<Permission>();
        this.#grant(permissions, parsed, 'outgoing');
        this.#addPeer(connection, type, {
          name,
          host: parsed,
          permissions,
          preferEvict: false,
          transport: this.#transport(v2, true),
        });
        return;
      }
    } finally {
      this.#connecting.delete(name);
    }
  }

  #addPeer(
    connection: Connection,
    type: ConnectionType,
    fields: {
      readonly name: string;
      readonly host: HostAddress | undefined;
      readonly permissions: ReadonlySet<Permission>;
      readonly preferEvict: boolean;
      readonly transport: Transport;
    },
  ): void {
    const { clock, random, log } = this.#modules;
    const { host, permissions } = fields;
    const bloom = permissions.has('bloomfilter') ? services.BLOOM : 0n;
    const { port } = connection.remote;
    const peer = new Peer({
      ...fields,
      id: this.#nextId++,
      type,
      connection,
      address: connection.remote,
      host: host && { ...host, port },
      ourServices: this.localServices | bloom,
      localNonce: random.u64(),
      connectedAt: clock.nowMs(),
      group: this.#groupOf(host),
      onSend: (sender, message, payloadBytes) => {
        if (log.enabled('net')) {
          log.debug('net', `sending ${message} (${payloadBytes} bytes) peer=${sender.id}`);
        }
      },
      onFlush: (bytes) => {
        if (peer.bytesSent === bytes && peer.transport.kind === 'detecting') {
          log.debug('net', `start sending v2 handshake to peer=${peer.id}`);
        }
        this.#bytesSent += bytes;
        this.upload.sent(bytes);
        peer.lastSend = clock.nowMs();
      },
    });
    this.#peers.set(peer.id, peer);
    if (type !== 'inbound') this.#outboundNonces.add(peer.localNonce);
    log.debug('net', `Added connection peer=${peer.id}`);
    connection.start({
      data: (bytes) => this.#received(peer, bytes),
      drained: () => this.#wake(),
      closed: (error) => this.#closedByPeer(peer, error),
    });
    peer.flush();
    this.#wake();
  }

  /** Neighbourhoods under a key of ours, so that nobody can aim at one. */
  #groupOf(host: HostAddress | undefined): string {
    const group = host ? netGroup(host) : new Uint8Array(0);
    return createHmac('sha256', this.#secret).update(group).digest('hex');
  }

  #received(peer: Peer, bytes: Uint8Array): void {
    if (peer.disconnecting) return;
    const { clock, log } = this.#modules;
    const now = clock.nowMs();
    peer.lastReceive = now;
    peer.bytesReceived += bytes.length;
    this.#bytesReceived += bytes.length;
    const { messages, problems } = peer.transport.receive(bytes);
    for (const message of messages) {
      peer.received(message.type, message.wireBytes);
      peer.queue.push({ message, time: now });
      peer.queuedBytes += message.payload.length + MESSAGE_OVERHEAD;
    }
    for (const { message, fatal, wireBytes } of problems) {
      log.debug('net', `${message}, peer=${peer.id}`);
      if (wireBytes !== undefined) peer.received(OTHER_MESSAGES, wireBytes);
      if (!fatal) continue;
      this.#disconnect(peer, 'receiving message bytes failed');
      return;
    }
    peer.flush();
    if (peer.queuedBytes > this.options.maxReceiveBytes && !peer.receivePaused) {
      peer.receivePaused = true;
      peer.connection.pause();
    }
    this.#wake();
  }

  #next(peer: Peer): RawMessage | undefined {
    const first = peer.queue.shift();
    if (!first) return undefined;
    peer.queuedBytes -= first.message.payload.length + MESSAGE_OVERHEAD;
    if (peer.receivePaused && peer.queuedBytes <= this.options.maxReceiveBytes) {
      peer.receivePaused = false;
      peer.connection.resume();
    }
    return first.message;
  }

  #closedByPeer(peer: Peer, error: Error | undefined): void {
    if (peer.disconnecting) return;
    const why = error ? `socket recv error, disconnecting peer=${peer.id}: ${error.message}` : '';
    if (error) this.#modules.log.debug('net', why);
    const { transport } = peer;
    const retry = transport instanceof V2Transport && transport.shouldRetryV1 && !this.#closed;
    this.#disconnect(peer, error ? '' : 'socket closed');
    if (!retry || peer.inbound) return;
    this.#modules.log.debug('net', `retrying with v1 transport protocol for peer=${peer.id}`);
    void this.#open(peer.name, peer.type, false).catch(this.#modules.onFatal);
  }

  #disconnect(peer: Peer, why: string): void {
    if (peer.disconnecting) return;
    const { log } = this.#modules;
    if (why !== '') log.debug('net', `${why}, disconnecting peer=${peer.id}`);
    peer.disconnecting = true;
    log.debug('net', `Resetting socket for peer=${peer.id}`);
    peer.connection.close();
    this.#peers.delete(peer.id);
    const full = peer.type === 'outbound-full-relay' || peer.type === 'manual';
    if (peer.established && full && peer.host) this.#modules.addresses.connected(peer.host);
    this.#outboundNonces.delete(peer.localNonce);
    peer.queue.length = 0;
    this.protocol.peerGone(peer);
    this.#nextAddedCheck = Math.min(this.#nextAddedCheck, this.#realNow() + ADDED_CHECK_MS);
  }

  #misbehaving(peer: Peer, why: string): void {
    peer.shouldDiscourage = true;
    this.#modules.log.debug('net', `Misbehaving: peer=${peer.id}${why === '' ? '' : `: ${why}`}`);
  }

  /** Acts on misbehaviour; true when the peer was disconnected for it. */
  #punish(peer: Peer): boolean {
    if (!peer.shouldDiscourage) return false;
    peer.shouldDiscourage = false;
    const { log, bans } = this.#modules;
    if (peer.has('noban')) {
      log.warn(`Not punishing noban peer ${peer.id}!`);
      return false;
    }
    if (peer.type === 'manual') {
      log.warn(`Not punishing manually connected peer ${peer.id}!`);
      return false;
    }
    const { host } = peer;
    if (host && isLocal(host)) {
      log.debug('net', `Warning: disconnecting but not discouraging local peer ${peer.id}!`);
      this.#disconnect(peer, '');
      return true;
    }
    log.debug('net', `Disconnecting and discouraging peer ${peer.id}!`);
    if (host) {
      bans.discourage(host);
      for (const other of [...this.#peers.values()]) {
        if (other.host && hostKey(other.host) === hostKey(host)) {
          this.#disconnect(other, 'disconnect by subnet match');
        }
      }
    }
    this.#disconnect(peer, '');
    return true;
  }

  /** Drops the inbound peer we can best do without among `which`; false when none can go. */
  #evict(which: (peer: Peer) => boolean): boolean {
    const candidates = [...this.#peers.values()].filter(which).map((peer) => ({
      id: peer.id,
      connectedAt: peer.connectedAt,
      minPing: peer.minPing,
      lastBlockTime: peer.lastBlockTime,
      lastTxTime: peer.lastTxTime,
      relevantServices: peer.hasWantedServices,
      relaysTxs: peer.relaysTxs,
      bloomFilter: peer.txRelay?.filter !== undefined,
      group: peer.group,
      preferEvict: peer.preferEvict,
      isLocal: peer.host !== undefined && isLocal(peer.host),
      network: peer.host ? networkClass(peer.host) : 'not_publicly_routable',
      protectedByUser: peer.has('noban'),
      inbound: peer.inbound,
    }));
    const id = chooseEviction(candidates);
    const peer = id === undefined ? undefined : this.#peers.get(id);
    if (!peer) return false;
    this.#disconnect(peer, `selected ${peer.type} connection for eviction`);
    return true;
  }

  #makeRoomForTxRelay(peer: Peer, message: string): boolean {
    if (!peer.inbound || !peer.relaysTxs) return true;
    let count = 0;
    for (const other of this.#peers.values()) if (other.inbound && other.relaysTxs) count++;
    if (count <= this.#limits().inboundRelay) return true;
    const protectedPeer = message === 'version' ? peer : undefined;
    if (this.#evict((other) => other.relaysTxs && other !== protectedPeer)) {
      return !peer.disconnecting;
    }
    this.#modules.log.debug(
      'net',
      `failed to find a tx-relaying eviction candidate - connection dropped after ${message} message, peer=${peer.id}`,
    );
    this.#disconnect(peer, '');
    return false;
  }

  /** Only what can be connected to without a proxy counts as reachable so far. */
  #isReachable({ networkId }: HostAddress): boolean {
    return networkId === networkIds.ipv4 || networkId === networkIds.ipv6;
  }

  /** Of our addresses the one we are surest of, on a network the peer can use. */
  #localFor(peer: Peer): WireAddress | undefined {
    if (peer.host && isLocal(peer.host)) return undefined;
    let best: { address: WireAddress; score: number } | undefined;
    for (const local of this.#localAddresses.values()) {
      if (!best || local.score > best.score) best = local;
    }
    return best?.address;
  }

  #seenLocal(address: WireAddress): void {
    const known = this.#localAddresses.get(hostKey(address));
    if (known) known.score++;
  }

  /** True when the peer was dropped for having been silent. */
  #checkInactive(peer: Peer): boolean {
    const now = this.#modules.clock.nowMs();
    const { peerTimeoutMs } = this.options;
    if (peer.connectedAt + peerTimeoutMs >= now) return false;
    let why: string | undefined;
    if (peer.lastReceive === 0 || peer.lastSend === 0) {
      const never =
        (peer.lastReceive === 0 ? ', never received from peer' : '') +
        (peer.lastSend === 0 ? ', never sent to peer' : '');
      why = `socket no message in first ${Math.floor(peerTimeoutMs / 1000)} seconds${never}`;
    } else if (now > peer.lastSend + INACTIVITY_MS) {
      why = `socket sending timeout: ${Math.floor((now - peer.lastSend) / 1000)}s`;
    } else if (now > peer.lastReceive + INACTIVITY_MS) {
      why = `socket receive timeout: ${Math.floor((now - peer.lastReceive) / 1000)}s`;
    } else if (!peer.established) {
      const v2 = peer.transport.kind === 'detecting';
      why = v2 ? 'V2 handshake timeout' : 'version handshake timeout';
    }
    if (why === undefined) return false;
    this.#disconnect(peer, why);
    return true;
  }

  #wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  /** Machine time: when to try again is not a matter of the network's clock. */
  #realNow(): number {
    return performance.now();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed) {
        this.#woken = false;
        const more = await this.#round();
        this.#openAdded();
        this.#openOutbound();
        // Yields even when there is more to do: sockets and callers must get their turn.
        if (more || this.#woken) await new Promise((resolve) => setImmediate(resolve));
        else await this.#rest();
      }
    } catch (error) {
      this.#modules.onFatal(error);
    }
  }

  /** One message of each peer, and what is due to it. */
  async #round(): Promise<boolean> {
    let more = false;
    for (const peer of [...this.#peers.values()]) {
      if (peer.disconnecting || this.#closed) continue;
      if (await this.protocol.process(peer, () => this.#next(peer))) more = true;
      if (peer.queue.length > 0) more = true;
      if (peer.disconnecting || this.#punish(peer) || this.#checkInactive(peer)) continue;
      this.protocol.tick(peer);
      if (peer.shouldDiscourage) this.#punish(peer);
    }
    return more;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakeUp = undefined;
        resolve();
      };
      const timer = setTimeout(done, TICK_MS);
      timer.unref();
      this.#wakeUp = done;
      if (this.#woken) done();
    });
  }

  /** Opens one of the connections that a node keeps by itself, when it is time for one. */
  #openOutbound(): void {
    const { connectOnly, seedNodes, v2 } = this.options;
    const now = this.#realNow();
    if (connectOnly !== undefined || !this.#active || now < this.#nextOutbound) return;
    this.#nextOutbound = now + OUTBOUND_INTERVAL_MS;
    const { addresses, clock, onFatal } = this.#modules;
    const open = (name: string, type: ConnectionType) =>
      void this.#open(name, type, v2).catch(onFatal);
    if (addresses.size() === 0) {
      const seed = seedNodes[this.#seedsAsked % Math.max(1, seedNodes.length)];
      if (seed === undefined || now < this.#nextSeed) return;
      this.#seedsAsked++;
      this.#nextSeed = now + SEED_RETRY_MS;
      this.#modules.log.info(`Empty addrman, adding seednode (${seed}) to addrfetch`);
      open(seed, 'addr-fetch');
      return;
    }
    const { full: maxFull, blockOnly: maxBlockOnly } = this.#limits();
    let full = this.#connecting.size;
    let blockOnly = 0;
    const groups = new Set<string>();
    for (const peer of this.#peers.values()) {
      if (peer.type === 'outbound-full-relay') full++;
      if (peer.type === 'block-relay-only') blockOnly++;
      if (!peer.inbound) groups.add(peer.group);
    }
    const counts = { full, maxFull, blockOnly, maxBlockOnly };
    const choice = this.#outbound.choose(counts, groups, clock.nowMs());
    if (!choice) return;
    addresses.attempt(choice.address, full + blockOnly > 1);
    open(formatAddress(choice.address), choice.type);
  }

  /** Connects to added nodes that are not connected. */
  #openAdded(): void {
    if (this.#added.size === 0 || !this.#active || this.#realNow() < this.#nextAddedCheck) return;
    let tried = false;
    let manual = 0;
    for (const peer of this.#peers.values()) if (peer.type === 'manual') manual++;
    for (const [name, v2] of this.#added) {
      if (this.#connectedTo(name) || this.#connecting.has(name)) continue;
      if (this.options.connectOnly === undefined && manual++ >= MAX_ADDED) break;
      tried = true;
      void this.#open(name, 'manual', v2).catch(this.#modules.onFatal);
    }
    this.#nextAddedCheck = this.#realNow() + (tried ? ADDED_RETRY_MS : ADDED_CHECK_MS);
  }
}

/** The node cannot listen where it was told to. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/** `127.1` is `127.0.0.1`: the last number of an old-style address fills what is left. */
function longIpv4(text: string): string {
  const parts = text.split('.');
  if (parts.length > 3 || !parts.every((part) => /^\d{1,3}$/.test(part))) return text;
  const last = parts.pop() as string;
  while (parts.length < 3) parts.push('0');
  return [...parts, last].join('.');
}

/** A name in one form, so that two ways of writing an address are one. */
function canonical(name: string, defaultPort: number): string {
  const split = splitHostPort(name.trim());
  if (!split) return name;
  const host = parseHost(split.host) ?? parseHost(longIpv4(split.host));
  const port = split.port ?? defaultPort;
  return host ? formatAddress({ ...host, port }) : `${split.host}:${port}`;
}
