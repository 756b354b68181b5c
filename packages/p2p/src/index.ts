/** The public surface of @coind/p2p. */
export {
  AddressManager,
  type AddressPosition,
  type AddressTable,
  type KnownAddress,
} from './address-manager.ts';
export { type Ban, BanList } from './ban-list.ts';
export type { BlockFilterRecord, FilterSource } from './filter-serving.ts';
export type { HostAddress, NetworkName } from './net-address.ts';
export {
  asCjdns,
  formatAddress,
  formatHost,
  networkClass,
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
export type { ConnectionType } from './peer.ts';
export type { PeerInfo } from './peer-info.ts';
export {
  type AddedNode,
  type BanChecks,
  type Bind,
  ListenError,
  type NetTotals,
  openPeers,
  type Peers,
  type PeersModules,
  type PeersOptions,
  type WhitelistEntry,
} from './peers.ts';
export {
  decodePeersFile,
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
export { formatServices, serviceNames, services } from './services.ts';
export { formatSubnet, parseSubnet, type Subnet, singleSubnet } from './subnet.ts';
export { systemRandom, tcpNetwork } from './tcp-network.ts';
export { UPLOAD_CYCLE_SECONDS } from './upload-target.ts';
export type { NetLog, NetLogCategory, ProtocolOptions } from './wire.ts';
