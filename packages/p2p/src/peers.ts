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
import { listenOnI2p } from './i2p-listener.ts';
import { type LocalAddress, LocalAddresses, localScores } from './local-addresses.ts';
import type { WireAddress } from './messages.ts';
import { type HostAddress, hostKey, isLocal, parseHost } from './net-address.ts';
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
import { type AddedNode, type OpenedConnection, Opener, type OpenerOptions } from './opener.ts';
import type { Anchor } from './outbound.ts';
import { type ConnectionType, OTHER_MESSAGES, Peer } from './peer.ts';
import { describePeer, type PeerInfo } from './peer-info.ts';
import type { Permission } from './permissions.ts';
import { Protocol } from './protocol.ts';
import { isReachable, type Reach } from './reach.ts';
import type { SamSession } from './sam.ts';
import { offers, services } from './services.ts';
import { isInSubnet, type Subnet } from './subnet.ts';
import { type RawMessage, type Transport, V1Transport } from './transport.ts';
import { UploadTarget } from './upload-target.ts';
import { V2Transport } from './v2-transport.ts';
import type { NetLog, ProtocolOptions, Wire } from './wire.ts';

const MAX_FULL_OUTBOUND = 8;
const MAX_BLOCK_OUTBOUND = 2;
const MAX_FEELERS = 1;
/** Block-only peers to go back to after a restart. */
const MAX_ANCHORS = 2;
/** Bytes that Core counts for a message in memory beside its payload. */
const MESSAGE_OVERHEAD = 100;
const TICK_MS = 100;
const INACTIVITY_MS = 20 * 60_000;

/** An address to listen on, and what those who connect there may do. */
export interface Bind extends Endpoint {
  readonly permissions: ReadonlySet<Permission> | undefined;
  /** Who comes here comes through Tor, whatever address it seems to have. */
  readonly onion: boolean;
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
  /** What can be reached, and through which proxy. */
  readonly reach: Reach;
  /** Where first addresses come from. */
  readonly seeding: OpenerOptions['seeding'];
  /** Block-only peers of the last run. */
  readonly anchors: readonly Anchor[];
  /** Our own addresses, as the user names them. */
  readonly externalAddresses: readonly WireAddress[];
  /** Addresses of this machine at which it listens. */
  readonly interfaceAddresses: readonly WireAddress[];
  /** Our own addresses are looked for, and peers believed about them. */
  readonly discover: boolean;
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
  /** The log may name the addresses of peers (`-logips`). */
  readonly logAddresses: boolean;
}

/** Something that remembers whom not to let in. */
export interface BanChecks {
  isBanned(host: HostAddress): boolean;
  isDiscouraged(host: HostAddress): boolean;
  discourage(host: HostAddress): void;
}

/** A message that goes over a connection. */
export interface CapturedMessage {
  readonly peer: { readonly address: Endpoint };
  readonly direction: 'sent' | 'received';
  readonly type: string;
  readonly payload: Uint8Array;
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
  /** Through which I2P brings peers, where it does. */
  readonly i2pSession?: SamSession | undefined;
  /** Is shown every message, where somebody wants to see them. */
  readonly capture?: ((message: CapturedMessage) => void) | undefined;
  /** Hears of errors that are no peer's fault: the node cannot go on. */
  readonly onFatal: (error: unknown) => void;
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
  readonly #local: LocalAddresses;
  readonly #opener: Opener;
  #nextId = 0;
  #active: boolean;
  #closed = false;
  #loop: Promise<void> = Promise.resolve();
  #i2p: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();
  #wakeUp: (() => void) | undefined;
  #woken = false;
  #bytesReceived = 0;
  #bytesSent = 0;

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
        seenLocal: (_peer, address) => this.#local.seen(address),
        txRelayWanted: (peer, message) => this.#makeRoomForTxRelay(peer, message),
        offered: (peer, bits) => {
          if (peer.host) modules.addresses.setServices(peer.host, bits);
        },
        connected: (peer) => {
          if (peer.host) modules.addresses.good(peer.host);
        },
      },
      filters: modules.filters,
      gossip: {
        addresses: modules.addresses,
        isUnwanted: (host) => modules.bans.isBanned(host) || modules.bans.isDiscouraged(host),
        isReachable: (host) => isReachable(options.reach, host),
        localFor: (peer) => this.#local.adviceFor(peer),
        listens: options.binds.length > 0,
      },
    });
    this.#local = new LocalAddresses(options, { random, log });
    this.#opener = new Opener(
      { ...options, defaultPort: chain.params.p2pPort },
      {
        ...modules,
        peers: this.#peers,
        limits: this.#limits(),
        groupOf: (host) => this.#groupOf(host),
        isUnwanted: (host) => modules.bans.isBanned(host) || modules.bans.isDiscouraged(host),
        isUseful: (offered) => isDesirable(this.#wire, offered),
        isOwn: (host) => this.#local.has(host),
        isActive: () => this.#active && !this.#closed,
        opened: (connection, facts) => this.#opened(connection, facts),
      },
    );
  }

  /** Services offered to everybody. */
  get localServices(): bigint {
    const { bloomFilters, blockFilters, pruned, v2 } = this.options;
    let bits = services.NETWORK_LIMITED | services.WITNESS;
    // Before the past of a snapshot is here, there is nothing old to be had from us.
    if (!pruned && !this.#modules.chain.background) bits |= services.NETWORK;
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
  get localAddresses(): readonly LocalAddress[] {
    return this.#local.all();
  }

  async start(): Promise<void> {
    await this.#listen();
    const { externalAddresses, interfaceAddresses } = this.options;
    for (const address of externalAddresses) this.#local.add(address, localScores.manual);
    for (const address of interfaceAddresses) this.#local.add(address, localScores.interface);
    this.#loop = this.#run();
    this.#opener.start();
    this.#i2p = this.#listenOnI2p();
  }

  /** Ends all connections and waits for what is being processed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    for (const peer of [...this.#peers.values()]) {
      this.#disconnect(peer, 'Stopping node');
    }
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#stopping.abort();
    await this.#opener.close();
    await this.#i2p;
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
    const added = this.#opener.addNode(name, v2);
    this.#wake();
    return added;
  }

  /** The opposite; a connection there may be stays. False when it was not one of them. */
  removeNode(name: string): boolean {
    return this.#opener.removeNode(name);
  }

  /** The nodes that are to be kept connected. */
  addedNodes(): AddedNode[] {
    return this.#opener.addedNodes();
  }

  /** Opens a manual connection; resolves when it is open or has failed. */
  async connect(name: string, v2: boolean): Promise<void> {
    await this.#opener.open(name, 'manual', v2);
  }

  /** Opens a connection of a kind that the node usually opens by itself; false above its number. */
  addConnection(name: string, type: ConnectionType, v2: boolean): Promise<boolean> {
    return this.#opener.addConnection(name, type, v2);
  }

  /** Block-only peers to go back to after a restart, before `close`. */
  anchors(): Anchor[] {
    const now = this.#modules.clock.now();
    const records: Anchor[] = [];
    for (const { type, host, services: offered } of this.#peers.values()) {
      if (type !== 'block-relay-only' || !host) continue;
      records.push({ ...host, services: offered, time: now });
    }
    return records.slice(0, MAX_ANCHORS);
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
        const host = parseHost(bind.host);
        if (host && !bind.onion && !bind.permissions?.has('noban')) {
          this.#local.add({ ...host, port: listener.endpoint.port }, localScores.bind);
        }
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

  async #listenOnI2p(): Promise<void> {
    const { i2pSession, log } = this.#modules;
    if (!i2pSession) return;
    const { signal } = this.#stopping;
    await listenOnI2p(
      i2pSession,
      {
        opened: (address) => this.#local.add(address, localScores.manual),
        accepted: (connection) => {
          const bind = { host: '', port: 0, permissions: undefined, onion: false };
          this.#accept(connection, bind);
        },
      },
      { log, signal },
    );
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
    const { remote } = connection;
    this.#addPeer(connection, 'inbound', {
      name: from,
      host: host && { ...host, port: remote.port },
      address: remote,
      throughOnion: bind.onion,
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

  #opened(connection: Connection, { type, name, host, address, v2 }: OpenedConnection): void {
    const permissions = new Set<Permission>();
    if (type === 'manual') this.#grant(permissions, host, 'outgoing');
    const transport = this.#transport(v2, true);
    this.#addPeer(connection, type, {
      name,
      host,
      address,
      permissions,
      preferEvict: false,
      throughOnion: false,
      transport,
    });
  }

  #addPeer(
    connection: Connection,
    type: ConnectionType,
    fields: {
      readonly name: string;
      readonly host: WireAddress | undefined;
      readonly address: Endpoint;
      readonly permissions: ReadonlySet<Permission>;
      readonly preferEvict: boolean;
      readonly throughOnion: boolean;
      readonly transport: Transport;
    },
  ): void {
    const { clock, random, log } = this.#modules;
    const { host, permissions } = fields;
    const bloom = permissions.has('bloomfilter') ? services.BLOOM : 0n;
    const id = this.#nextId++;
    const where = this.options.logAddresses ? `, peeraddr=${formatEndpoint(fields.address)}` : '';
    const peer = new Peer({
      ...fields,
      id,
      label: `peer=${id}${where}`,
      type,
      connection,
      ourServices: this.localServices | bloom,
      localNonce: random.u64(),
      connectedAt: clock.nowMs(),
      group: this.#groupOf(host),
      onSend: (sender, message, payload) => {
        this.#modules.capture?.({ peer: sender, direction: 'sent', type: message, payload });
        if (log.enabled('net')) {
          log.debug('net', `sending ${message} (${payload.length} bytes) peer=${sender.id}`);
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
    const group = host ? netGroup(host, this.#modules.addresses.asMap) : new Uint8Array(0);
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
    const { type, payload } = first.message;
    this.#modules.capture?.({ peer, direction: 'received', type, payload });
    return first.message;
  }

  #closedByPeer(peer: Peer, error: Error | undefined): void {
    if (peer.disconnecting) return;
    const why = error ? `socket recv error, disconnecting ${peer.label}: ${error.message}` : '';
    if (error) this.#modules.log.debug('net', why);
    const { transport } = peer;
    const retry = transport instanceof V2Transport && transport.shouldRetryV1 && !this.#closed;
    this.#disconnect(peer, error ? '' : 'socket closed');
    if (!retry || peer.inbound) return;
    this.#modules.log.debug('net', `retrying with v1 transport protocol for peer=${peer.id}`);
    void this.#opener.open(peer.name, peer.type, false).catch(this.#modules.onFatal);
  }

  #disconnect(peer: Peer, why: string): void {
    if (peer.disconnecting) return;
    const { log } = this.#modules;
    if (why !== '') log.debug('net', `${why}, disconnecting ${peer.label}`);
    peer.disconnecting = true;
    log.debug('net', `Resetting socket for ${peer.label}`);
    peer.connection.close();
    this.#peers.delete(peer.id);
    const full = peer.type === 'outbound-full-relay' || peer.type === 'manual';
    if (peer.established && full && peer.host) this.#modules.addresses.connected(peer.host);
    this.#outboundNonces.delete(peer.localNonce);
    peer.queue.length = 0;
    this.protocol.peerGone(peer);
    this.#opener.peerGone();
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
      network: peer.network,
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

  async #run(): Promise<void> {
    try {
      while (!this.#closed) {
        this.#woken = false;
        const more = await this.#round();
        this.#opener.tick();
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
}

/** The node cannot listen where it was told to. */
export class ListenError extends Error {
  override name = 'ListenError';
}
