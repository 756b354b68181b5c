/**
 * One peer: its connection, what it has said of itself, and the books that header sync, block download
 * and relay keep about it. State only, and how to send; who decides what is in the other files.
 */
import type { BlockInfo } from '@coind/chain';
import type { Block, BlockHash, Tx, Wtxid } from '@coind/primitives';
import type { HeaderPresync } from './header-presync.ts';
import {
  type AddressRecord,
  encodePayload,
  type Inventory,
  isKnownMessage,
  type MessageType,
  type Payload,
  type WireAddress,
} from './messages.ts';
import { type NetworkName, networkClass } from './net-address.ts';
import type { Connection, Endpoint } from './network.ts';
import type { Permission } from './permissions.ts';
import { RecentSet } from './recent-set.ts';
import type { RawMessage, Transport } from './transport.ts';

/** Why a connection exists, in bitcoind's words. */
export type ConnectionType =
  | 'inbound'
  | 'outbound-full-relay'
  | 'block-relay-only'
  | 'addr-fetch'
  | 'feeler'
  | 'manual';

/** What bytes of unknown or broken messages count as. */
export const OTHER_MESSAGES = '*other*';

/** A block that was asked for. */
export interface RequestedBlock {
  readonly info: BlockInfo;
  /** Being put together from a compact block; whoever does that keeps its own data here. */
  partial?: object | undefined;
}

/** What we know of a peer's chain, and what we asked it for. */
export interface PeerBlocks {
  /** The block with most work it has announced, of those we know. */
  bestKnown: BlockInfo | undefined;
  /** The last it announced that we did not know. */
  lastUnknown: BlockHash | undefined;
  /** The last block we both have. */
  lastCommon: BlockInfo | undefined;
  bestHeaderSent: BlockInfo | undefined;
  /** Initial header sync goes on with it, or has. */
  syncStarted: boolean;
  /** Ms; 0 while it does not hold up the download. */
  stallingSince: number;
  readonly inFlight: RequestedBlock[];
  /** When the first of those in flight began to be waited for, ms. */
  downloadingSince: number;
  /** Outbound or trusted: downloads are made from such peers first. */
  preferred: boolean;
  /** It asked for compact blocks as announcements (BIP152 high bandwidth). */
  wantsCompact: boolean;
  providesCompact: boolean;
  /** We asked it for such. */
  compactTo: boolean;
  /** An outbound peer whose chain lags behind ours is given until then; 0 while it does not. Ms. */
  chainTimeout: number;
  chainWorkHeader: BlockInfo | undefined;
  chainSentGetheaders: boolean;
  chainProtected: boolean;
  /** Ms. */
  lastAnnouncement: number;
}

/** Header requests of and to a peer. */
export interface PeerHeaders {
  /** When we last asked without an answer yet, ms; 0 when nothing is awaited. */
  lastRequest: number;
  presync: HeaderPresync | undefined;
  /** When an unfinished initial sync is given up, ms. */
  syncTimeout: number;
  sentSendheaders: boolean;
  prefersHeaders: boolean;
  invTriggered: boolean;
}

/** Which transactions the peer asked to hear of (BIP37). */
export interface TxFilter {
  /** True for one it wants; outputs that match are added, so that what spends them matches too. */
  matchesAndUpdates(tx: Tx): boolean;
  insert(data: Uint8Array): void;
  /** Payload of a merkleblock message, and the transactions that go with it. */
  merkleBlockOf(block: Block): { readonly message: Uint8Array; readonly matched: readonly Tx[] };
}

/** Announcements of transactions to a peer. */
export interface PeerTxRelay {
  /** False while it does not want any. */
  relay: boolean;
  filter: TxFilter | undefined;
  /** Ids that it has told us or we have told it. */
  readonly known: RecentSet;
  readonly toSend: Set<Wtxid>;
  sendMempool: boolean;
  /** When the next announcement is due, ms; 0 before the first. */
  nextSend: number;
  /** Mempool sequence at the last announcement: it may ask for what entered before. */
  lastSequence: number;
  /** Lowest fee rate it wants, satoshis per 1,000 vbytes. */
  feeFilter: bigint;
}

/** Gossip of addresses with a peer. */
export interface PeerAddresses {
  enabled: boolean;
  readonly known: RecentSet;
  toSend: AddressRecord[];
  getaddrSent: boolean;
  getaddrReceived: boolean;
  nextSend: number;
  nextLocalSend: number;
  tokens: number;
  tokenTime: number;
  processed: number;
  rateLimited: number;
}

/** What a peer is made with. */
export interface PeerFields {
  readonly id: number;
  readonly type: ConnectionType;
  readonly connection: Connection;
  readonly transport: Transport;
  /** What getpeerinfo prints: for outbound ones the text they were asked for by. */
  readonly name: string;
  /** How the log calls it where it comes and goes: with its address when that may be logged. */
  readonly label: string;
  readonly address: Endpoint;
  /** The same as the wire has it; undefined for a name that a proxy resolved. */
  readonly host: WireAddress | undefined;
  readonly permissions: ReadonlySet<Permission>;
  readonly ourServices: bigint;
  readonly localNonce: bigint;
  readonly preferEvict: boolean;
  /** It came through Tor, whatever its address says. */
  readonly throughOnion: boolean;
  /** Ms. */
  readonly connectedAt: number;
  /** Peers of one group count as one neighbourhood. */
  readonly group: string;
  /** Told of every message. */
  readonly onSend: (peer: Peer, type: string, payload: Uint8Array) => void;
  /** Told of bytes that go out. */
  readonly onFlush: (bytes: number) => void;
}

/** A peer. */
export class Peer {
  readonly id: number;
  readonly type: ConnectionType;
  readonly connection: Connection;
  transport: Transport;
  readonly name: string;
  readonly label: string;
  readonly address: Endpoint;
  readonly host: WireAddress | undefined;
  readonly permissions: ReadonlySet<Permission>;
  readonly ourServices: bigint;
  readonly localNonce: bigint;
  readonly preferEvict: boolean;
  readonly throughOnion: boolean;
  readonly connectedAt: number;
  readonly group: string;
  readonly #onSend: PeerFields['onSend'];
  readonly #onFlush: PeerFields['onFlush'];

  /** Set once; after that nothing is sent or processed. */
  disconnecting = false;
  shouldDiscourage = false;

  // Traffic. Times in ms, 0 for never.
  bytesSent = 0;
  bytesReceived = 0;
  lastSend = 0;
  lastReceive = 0;
  readonly sentByType = new Map<string, number>();
  readonly receivedByType = new Map<string, number>();
  /** Messages that wait to be processed. */
  readonly queue: { readonly message: RawMessage; readonly time: number }[] = [];
  queuedBytes = 0;
  receivePaused = false;

  // What it said of itself.
  version = 0;
  commonVersion = 0;
  services = 0n;
  userAgent = '';
  startHeight = -1;
  addressLocal: WireAddress | undefined;
  timeOffset = 0;
  wtxidRelay = false;
  wantsAddrv2 = false;
  versionSent = false;
  /** The handshake is done. */
  established = false;
  hasWantedServices = false;

  // Ping, ms.
  pingNonce = 0n;
  pingStart = 0;
  pingQueued = false;
  lastPing = -1;
  minPing = Number.POSITIVE_INFINITY;

  lastBlockTime = 0;
  lastTxTime = 0;
  relaysTxs = false;
  feeFilterSent = 0n;
  nextFeeFilter = 0;

  readonly blocks: PeerBlocks = {
    bestKnown: undefined,
    lastUnknown: undefined,
    lastCommon: undefined,
    bestHeaderSent: undefined,
    syncStarted: false,
    stallingSince: 0,
    inFlight: [],
    downloadingSince: 0,
    preferred: false,
    wantsCompact: false,
    providesCompact: false,
    compactTo: false,
    chainTimeout: 0,
    chainWorkHeader: undefined,
    chainSentGetheaders: false,
    chainProtected: false,
    lastAnnouncement: 0,
  };
  readonly headers: PeerHeaders = {
    lastRequest: 0,
    presync: undefined,
    syncTimeout: 0,
    sentSendheaders: false,
    prefersHeaders: false,
    invTriggered: false,
  };
  readonly addresses: PeerAddresses;
  txRelay: PeerTxRelay | undefined;
  /** Blocks to announce by headers if that is how it wants them. */
  blocksForHeaders: BlockHash[] = [];
  blocksForInv: BlockHash[] = [];
  /** When it asks for this one it gets our tip as well (getblocks). */
  continuation: BlockHash | undefined;
  /** What it asked for and has not got yet. */
  getdata: Inventory[] = [];
  reconciliation: 'none' | 'offered' | 'registered' = 'none';

  constructor(fields: PeerFields) {
    this.id = fields.id;
    this.type = fields.type;
    this.connection = fields.connection;
    this.transport = fields.transport;
    this.name = fields.name;
    this.label = fields.label;
    this.address = fields.address;
    this.host = fields.host;
    this.permissions = fields.permissions;
    this.ourServices = fields.ourServices;
    this.localNonce = fields.localNonce;
    this.preferEvict = fields.preferEvict;
    this.throughOnion = fields.throughOnion;
    this.connectedAt = fields.connectedAt;
    this.group = fields.group;
    this.#onSend = fields.onSend;
    this.#onFlush = fields.onFlush;
    this.addresses = {
      enabled: false,
      known: new RecentSet(5000),
      toSend: [],
      getaddrSent: false,
      getaddrReceived: false,
      nextSend: 0,
      nextLocalSend: 0,
      tokens: 1,
      tokenTime: fields.connectedAt,
      processed: 0,
      rateLimited: 0,
    };
  }

  get inbound(): boolean {
    return this.type === 'inbound';
  }

  /** The network by which we are connected. */
  get network(): NetworkName {
    if (this.throughOnion) return 'onion';
    return this.host ? networkClass(this.host) : 'not_publicly_routable';
  }

  /** A peer we chose ourselves, for blocks. */
  get isOutboundOrBlockRelay(): boolean {
    return this.type === 'outbound-full-relay' || this.type === 'block-relay-only';
  }

  has(permission: Permission): boolean {
    return this.permissions.has(permission);
  }

  /** Sends a message of the table. */
  send<T extends MessageType>(type: T, value: Payload<T>): void {
    if (!this.disconnecting) this.sendRaw(type, encodePayload(type, value));
  }

  /** Sends a payload as it is. */
  sendRaw(type: string, payload: Uint8Array): void {
    if (this.disconnecting) return;
    this.transport.send(type, payload);
    const wireBytes = this.transport.wireBytes(type, payload.length);
    this.sentByType.set(type, (this.sentByType.get(type) ?? 0) + wireBytes);
    this.#onSend(this, type, payload);
    this.flush();
  }

  /** Hands to the connection what the transport has ready. */
  flush(): void {
    const pieces = this.transport.pull();
    if (pieces.length === 0) return;
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    this.bytesSent += bytes;
    this.#onFlush(bytes);
    this.connection.write(pieces);
  }

  /** Counts a message that came. */
  received(type: string, wireBytes: number): void {
    const name = isKnownMessage(type) ? type : OTHER_MESSAGES;
    this.receivedByType.set(name, (this.receivedByType.get(name) ?? 0) + wireBytes);
  }
}
