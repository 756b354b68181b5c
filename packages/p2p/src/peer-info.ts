/** What getpeerinfo tells of a peer, as values: whoever reads them cannot touch the peer. */
import type { WireAddress } from './messages.ts';
import type { NetworkName } from './net-address.ts';
import type { Endpoint } from './network.ts';
import type { ConnectionType, Peer } from './peer.ts';
import { type Permission, permissionNames } from './permissions.ts';

/** Facts about a peer. Times in ms since 1970, 0 for never; durations in ms. */
export interface PeerInfo {
  readonly id: number;
  readonly name: string;
  readonly address: Endpoint;
  /** Undefined for a name that only a proxy knows. */
  readonly host: WireAddress | undefined;
  readonly local: Endpoint;
  /** Our address as it sees it. */
  readonly addressLocal: WireAddress | undefined;
  readonly network: NetworkName;
  readonly services: bigint;
  readonly relaysTxs: boolean;
  readonly lastInvSequence: number;
  readonly invToSend: number;
  readonly lastSend: number;
  readonly lastReceive: number;
  readonly lastTx: number;
  readonly lastBlock: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly connectedAt: number;
  /** Seconds. */
  readonly timeOffset: number;
  readonly ping: number | undefined;
  readonly minPing: number | undefined;
  readonly pingWait: number | undefined;
  readonly version: number;
  readonly userAgent: string;
  readonly startHeight: number;
  readonly inbound: boolean;
  readonly compactTo: boolean;
  readonly compactFrom: boolean;
  readonly presyncedHeaders: number;
  readonly syncedHeaders: number;
  readonly syncedBlocks: number;
  readonly inFlight: readonly number[];
  readonly addressRelay: boolean;
  readonly addressesProcessed: number;
  readonly addressesRateLimited: number;
  readonly permissions: readonly Permission[];
  readonly feeFilter: bigint;
  readonly sentByType: ReadonlyMap<string, number>;
  readonly receivedByType: ReadonlyMap<string, number>;
  readonly type: ConnectionType;
  readonly transport: 'detecting' | 'v1' | 'v2';
  readonly sessionId: string;
}

/** The facts now. */
export function describePeer(peer: Peer, now: number): PeerInfo {
  const { blocks, txRelay, addresses, headers, transport } = peer;
  const byName = (map: ReadonlyMap<string, number>) =>
    new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    id: peer.id,
    name: peer.name,
    address: peer.address,
    host: peer.host,
    local: peer.connection.local,
    addressLocal: peer.addressLocal,
    network: peer.network,
    services: peer.services,
    relaysTxs: txRelay?.relay ?? false,
    lastInvSequence: txRelay?.lastSequence ?? 0,
    invToSend: txRelay?.toSend.size ?? 0,
    lastSend: peer.lastSend,
    lastReceive: peer.lastReceive,
    lastTx: peer.lastTxTime,
    lastBlock: peer.lastBlockTime,
    bytesSent: peer.bytesSent,
    bytesReceived: peer.bytesReceived,
    connectedAt: peer.connectedAt,
    timeOffset: peer.timeOffset,
    ping: peer.lastPing > 0 ? peer.lastPing : undefined,
    minPing: Number.isFinite(peer.minPing) ? peer.minPing : undefined,
    pingWait: peer.pingNonce !== 0n && now > peer.pingStart ? now - peer.pingStart : undefined,
    version: peer.version,
    userAgent: peer.userAgent,
    startHeight: peer.startHeight,
    inbound: peer.inbound,
    compactTo: blocks.compactTo,
    compactFrom: blocks.wantsCompact,
    presyncedHeaders: headers.presync?.presyncHeight ?? -1,
    syncedHeaders: blocks.bestKnown?.ref.height ?? -1,
    syncedBlocks: blocks.lastCommon?.ref.height ?? -1,
    inFlight: blocks.inFlight.map(({ info }) => info.ref.height),
    addressRelay: addresses.enabled,
    addressesProcessed: addresses.processed,
    addressesRateLimited: addresses.rateLimited,
    permissions: permissionNames.filter((name) => peer.has(name)),
    feeFilter: txRelay?.feeFilter ?? 0n,
    sentByType: byName(peer.sentByType),
    receivedByType: byName(peer.receivedByType),
    type: peer.type,
    transport: transport.kind,
    sessionId: transport.sessionId,
  };
}
