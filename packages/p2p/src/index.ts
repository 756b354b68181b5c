/** The public surface of @coind/p2p. */
export {
  AddressManager,
  type AddressPosition,
  type AddressTable,
  type KnownAddress,
} from './address-manager.ts';
export { AsMap, AsMapError } from './asmap.ts';
export { type Ban, BanList } from './ban-list.ts';
export type { BlockFilterRecord, FilterSource } from './filter-serving.ts';
export { isolatedOptions } from './isolated-options.ts';
export type { WireAddress } from './messages.ts';
export type { HostAddress, NetworkName } from './net-address.ts';
export {
  asCjdns,
  formatAddress,
  formatHost,
  networkClass,
  parseAddress,
  parseHost,
  splitHostPort,
} from './net-address.ts';
export {
  type Connection,
  type ConnectionEvents,
  type ConnectOptions,
  type Endpoint,
  formatEndpoint,
  type Listener,
  type Network,
  type PeerClock,
  type Random,
} from './network.ts';
export type { AddedNode } from './opener.ts';
export type { Anchor } from './outbound.ts';
export type { ConnectionType } from './peer.ts';
export type { PeerInfo } from './peer-info.ts';
export {
  type BanChecks,
  type Bind,
  type CapturedMessage,
  ListenError,
  type NetTotals,
  openPeers,
  type Peers,
  type PeersModules,
  type PeersOptions,
  type WhitelistEntry,
} from './peers.ts';
export {
  decodeAnchorsFile,
  decodePeersFile,
  encodeAnchorsFile,
  encodePeersFile,
  PeersFileError,
  PeersFileVersionError,
} from './peers-file.ts';
export {
  implicitPermissions,
  type ParsedGrant,
  type Permission,
  parseGrant,
} from './permissions.ts';
export {
  directReach,
  formatProxy,
  isReachable,
  type NodeNetwork,
  nodeNetworks,
  type ProxyRoute,
  type Reach,
  UNIX_PREFIX,
} from './reach.ts';
export { type SamKeyPlace, SamSession } from './sam.ts';
export { formatServices, serviceNames, services } from './services.ts';
export { formatSubnet, parseSubnet, type Subnet, singleSubnet } from './subnet.ts';
export { systemRandom, tcpNetwork } from './tcp-network.ts';
export { UPLOAD_CYCLE_SECONDS } from './upload-target.ts';
export type { NetLog, NetLogCategory, ProtocolOptions } from './wire.ts';
