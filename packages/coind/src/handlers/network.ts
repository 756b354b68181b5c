/** Handlers of the methods about peers. */
import {
  type AsMap,
  asCjdns,
  formatAddress,
  formatEndpoint,
  formatHost,
  formatProxy,
  formatServices,
  formatSubnet,
  type HostAddress,
  type KnownAddress,
  type NodeNetwork,
  networkClass,
  nodeNetworks,
  type PeerInfo,
  parseHost,
  parseSubnet,
  type Subnet,
  serviceNames,
  services,
  singleSubnet,
  UPLOAD_CYCLE_SECONDS,
} from '@coind/p2p';
import { bytesToHex, hexToBytes, isHex } from '@coind/primitives';
import {
  codes,
  type Handlers,
  help,
  int,
  type Json,
  type methods,
  RpcError,
  viewsOf,
} from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';
import { clientVersion, PROTOCOL_VERSION } from '../version.ts';
import { warningsJson } from '../warnings.ts';

const connectionTypes = [
  'outbound-full-relay',
  'block-relay-only',
  'addr-fetch',
  'feeler',
] as const;
const MAX_TYPE_LENGTH = 12;
const MAX_SCHEDULER_SECONDS = 3600;

const seconds = (ms: number): number => Math.floor(ms / 1000);
/** Seconds with a precision of microseconds. */
const duration = (ms: number): number => Math.round(ms * 1000) / 1e6;

/** The refusal of a word a method does not know: its help. */
function usage(node: NodeModules, method: string): RpcError {
  return new RpcError(codes.misc, help(viewsOf(node.profile), method));
}

/** The number of the autonomous system, where a map is in use and knows it. */
function systemJson(name: 'mapped_as' | 'source_mapped_as', host: HostAddress, asMap?: AsMap) {
  const system = asMap?.systemOf(host) ?? 0;
  return system === 0 ? {} : { [name]: system };
}

function peerJson(peer: PeerInfo, asMap: AsMap | undefined) {
  return {
    id: peer.id,
    addr: peer.name,
    addrbind: formatEndpoint(peer.local),
    ...(peer.addressLocal && { addrlocal: formatAddress(peer.addressLocal) }),
    network: peer.network,
    ...(peer.host && systemJson('mapped_as', peer.host, asMap)),
    services: formatServices(peer.services),
    servicesnames: serviceNames(peer.services),
    relaytxes: peer.relaysTxs,
    last_inv_sequence: peer.lastInvSequence,
    inv_to_send: peer.invToSend,
    lastsend: seconds(peer.lastSend),
    lastrecv: seconds(peer.lastReceive),
    last_transaction: seconds(peer.lastTx),
    last_block: seconds(peer.lastBlock),
    bytessent: peer.bytesSent,
    bytesrecv: peer.bytesReceived,
    conntime: seconds(peer.connectedAt),
    timeoffset: peer.timeOffset,
    ...(peer.ping !== undefined && { pingtime: duration(peer.ping) }),
    ...(peer.minPing !== undefined && { minping: duration(peer.minPing) }),
    ...(peer.pingWait !== undefined && { pingwait: duration(peer.pingWait) }),
    version: peer.version,
    subver: peer.userAgent,
    inbound: peer.inbound,
    bip152_hb_to: peer.compactTo,
    bip152_hb_from: peer.compactFrom,
    presynced_headers: peer.presyncedHeaders,
    synced_headers: peer.syncedHeaders,
    synced_blocks: peer.syncedBlocks,
    inflight: peer.inFlight,
    addr_relay_enabled: peer.addressRelay,
    addr_processed: peer.addressesProcessed,
    addr_rate_limited: peer.addressesRateLimited,
    permissions: peer.permissions,
    minfeefilter: peer.feeFilter,
    bytessent_per_msg: peer.sentByType,
    bytesrecv_per_msg: peer.receivedByType,
    connection_type: peer.type,
    transport_protocol_type: peer.transport,
    session_id: peer.sessionId,
    // 0.16 knew fewer kinds of connections, and scores of misbehaviour.
    addnode: peer.type === 'manual',
    startingheight: peer.startHeight,
    banscore: 0,
    whitelisted: peer.permissions.length > 0,
  };
}

/** What setban's subnet means. Throws `RpcError`. */
function subnetOf(text: string): Subnet {
  const host = text.includes('/') ? undefined : parseHost(text);
  const subnet = host ? singleSubnet(host) : text.includes('/') ? parseSubnet(text) : undefined;
  if (!subnet) throw new RpcError(codes.invalidIpOrSubnet, 'Error: Invalid IP/Subnet');
  return subnet;
}

/** A verbosity for which true is no number. Throws `RpcError`. */
function orphanVerbosity(given: Json | undefined): number {
  if (given === undefined || given === null) return 0;
  if (typeof given === 'boolean') {
    throw new RpcError(codes.type, 'Verbosity was boolean but only integer allowed');
  }
  return int('').decode(given, 'verbosity');
}

function knownAddressJson(
  { address, source, services: offered, time }: KnownAddress,
  asMap: AsMap | undefined,
) {
  return {
    address: formatHost(address),
    ...systemJson('mapped_as', address, asMap),
    port: address.port,
    services: Number(offered),
    time,
    network: networkClass(address),
    source: formatHost(source),
    source_network: networkClass(source),
    ...systemJson('source_mapped_as', source, asMap),
  };
}

/** Handlers of the methods about peers. */
export const network: Handlers<typeof methods.network, RpcContext> = {
  getconnectioncount({ node }) {
    const { inbound, outbound } = node.peers.count();
    return inbound + outbound;
  },

  getnetworkinfo({ node }) {
    const { peers } = node;
    const { minRelayFee, incrementalFee } = node.mempool.options;
    const { inbound, outbound } = peers.count();
    const buckets = peers.protocol.txs.buckets();
    const bucketJson = ({ backlog, countTokens, sizeTokens }: typeof buckets.inbound) => ({
      backlog,
      count_tok: countTokens,
      size_tok: sizeTokens,
    });
    const { reach } = peers.options;
    return {
      version: clientVersion(node.profile),
      subversion: node.userAgent,
      protocolversion: PROTOCOL_VERSION,
      localservices: formatServices(peers.localServices),
      localservicesnames: serviceNames(peers.localServices),
      localrelay: !peers.options.blocksOnly,
      timeoffset: 0,
      tx_send_rate: peers.options.txSendRate,
      inv_buckets: new Map([
        ['inbound', bucketJson(buckets.inbound)],
        ['outbound', bucketJson(buckets.outbound)],
      ]),
      networkactive: peers.active,
      connections: inbound + outbound,
      connections_in: inbound,
      connections_out: outbound,
      networks: nodeNetworks.map((name) => {
        const proxy = reach.proxies.get(name);
        return {
          name,
          limited: !reach.networks.has(name),
          reachable: reach.networks.has(name),
          proxy: proxy ? formatProxy(proxy) : '',
          proxy_randomize_credentials: proxy?.randomize ?? false,
        };
      }),
      relayfee: minRelayFee,
      incrementalfee: incrementalFee,
      localaddresses: peers.localAddresses.map(({ address, score }) => ({
        address: formatHost(address),
        port: address.port,
        score,
      })),
      warnings: warningsJson(node),
    };
  },

  getpeerinfo: ({ node }) => node.peers.info().map((peer) => peerJson(peer, node.addresses.asMap)),

  getnettotals({ node }) {
    const { bytesReceived, bytesSent, upload } = node.peers.totals;
    return {
      totalbytesrecv: bytesReceived,
      totalbytessent: bytesSent,
      timemillis: Date.now(),
      uploadtarget: {
        timeframe: UPLOAD_CYCLE_SECONDS,
        target: upload.targetBytes,
        target_reached: upload.reached(false),
        serve_historical_blocks: !upload.reached(true),
        bytes_left_in_cycle: upload.bytesLeft,
        time_left_in_cycle: upload.secondsLeft,
      },
    };
  },

  ping({ node }) {
    node.peers.pingAll();
    return null;
  },

  async addnode({ node }, { node: name, command, v2transport }) {
    const { peers } = node;
    if (!['add', 'remove', 'onetry'].includes(command)) throw usage(node, 'addnode');
    if (name.trim() === '') {
      throw new RpcError(codes.invalidParameter, 'Error: Node address cannot be empty');
    }
    const offersV2 = (peers.localServices & services.P2P_V2) !== 0n;
    const v2 = v2transport ?? offersV2;
    if (v2 && !offersV2) {
      throw new RpcError(
        codes.invalidParameter,
        'Error: v2transport requested but not enabled (see -v2transport)',
      );
    }
    if (command === 'onetry') await peers.connect(name, v2);
    else if (command === 'add') {
      if (!peers.addNode(name, v2)) {
        throw new RpcError(codes.nodeAlreadyAdded, 'Error: Node already added');
      }
    } else if (!peers.removeNode(name)) {
      throw new RpcError(
        codes.nodeNotAdded,
        'Error: Node could not be removed. It has not been added previously.',
        [codes.nodeNotAdded, 'Error: Node has not been added.'],
      );
    }
    return null;
  },

  disconnectnode({ node }, { address, nodeid }) {
    let done: boolean;
    if (address !== undefined && nodeid === undefined) done = node.peers.disconnectByName(address);
    else if (nodeid !== undefined && (address === undefined || address === '')) {
      done = node.peers.disconnectById(nodeid);
    } else {
      throw new RpcError(codes.invalidParams, 'Only one of address and nodeid should be provided.');
    }
    if (!done) throw new RpcError(codes.nodeNotConnected, 'Node not found in connected nodes');
    return null;
  },

  getaddednodeinfo({ node }, { node: only, dns }) {
    const name = typeof dns === 'string' ? dns : only;
    const all = node.peers.addedNodes();
    const found = name === undefined ? all : all.filter((added) => added.name === name);
    if (name !== undefined && found.length === 0) {
      throw new RpcError(codes.nodeNotAdded, 'Error: Node has not been added.');
    }
    if (dns === false) return found.map(({ name: addednode }) => ({ addednode }));
    return found.map(({ name: addednode, peer }) => ({
      addednode,
      connected: peer !== undefined,
      addresses: peer
        ? [{ address: peer.address, connected: peer.inbound ? 'inbound' : 'outbound' }]
        : [],
    }));
  },

  setnetworkactive({ node }, { state }) {
    node.peers.setActive(state);
    return node.peers.active;
  },

  getblockfrompeer({ node }, { blockhash, peer_id }) {
    const fail = (message: string) => new RpcError(codes.misc, message);
    const info = node.chain.info(blockhash);
    if (!info) throw fail('Block header missing');
    if (node.peers.options.pruned && info.ref.height > node.chain.tip.ref.height) {
      throw fail(
        'In prune mode, only blocks that the node has already synced previously can be fetched from a peer',
      );
    }
    if (info.hasBody) throw fail('Block already downloaded');
    const why = node.peers.fetchBlock(peer_id, blockhash);
    if (why !== undefined) throw fail(why);
    return {};
  },

  async addconnection({ node }, { address, connection_type, v2transport }) {
    if (node.params.name !== 'regtest') {
      throw new RpcError(
        codes.misc,
        'addconnection is for regression testing (-regtest mode) only.',
      );
    }
    const type = connectionTypes.find((name) => name === connection_type.trim());
    if (!type) {
      throw new RpcError(codes.invalidParameter, help(viewsOf(node.profile), 'addconnection'));
    }
    if (v2transport && (node.peers.localServices & services.P2P_V2) === 0n) {
      throw new RpcError(
        codes.invalidParameter,
        'Error: Adding v2transport connections requires -v2transport init flag to be set.',
      );
    }
    if (!(await node.peers.addConnection(address, type, v2transport))) {
      throw new RpcError(
        codes.nodeCapacityReached,
        'Error: Already at capacity for specified connection type.',
      );
    }
    return { address, connection_type: type };
  },

  sendmsgtopeer({ node }, { peer_id, msg_type, msg }) {
    if (msg_type.length > MAX_TYPE_LENGTH) {
      throw new RpcError(
        codes.invalidParameter,
        `Error: msg_type too long, max length is ${MAX_TYPE_LENGTH}`,
      );
    }
    if (!isHex(msg)) throw new RpcError(codes.invalidParameter, 'Error parsing input for msg');
    if (!node.peers.sendTo(peer_id, msg_type, hexToBytes(msg))) {
      throw new RpcError(codes.misc, 'Error: Could not send message to peer');
    }
    return {};
  },

  setban({ node }, { subnet: text, command, bantime, absolute }) {
    const { bans } = node;
    if (command !== 'add' && command !== 'remove') throw usage(node, 'setban');
    const subnet = subnetOf(text);
    if (command === 'remove') {
      if (!bans.unban(subnet)) {
        throw new RpcError(
          codes.invalidIpOrSubnet,
          'Error: Unban failed. Requested address/subnet was not previously manually banned.',
        );
      }
      node.saveBans();
      return null;
    }
    // A range is banned already when just this range is; an address when anything covers it.
    const banned = text.includes('/') ? bans.isSubnetBanned(subnet) : bans.isBanned(subnet.host);
    if (banned) throw new RpcError(codes.nodeAlreadyAdded, 'Error: IP/Subnet already banned');
    if (absolute && bantime < node.clock.now()) {
      throw new RpcError(codes.invalidParameter, 'Error: Absolute timestamp is in the past');
    }
    bans.ban(subnet, absolute ? { until: bantime } : { seconds: bantime });
    node.saveBans();
    node.peers.disconnectSubnet(subnet);
    return null;
  },

  listbanned({ node }) {
    const now = node.clock.now();
    return node.bans.list().map(({ subnet, created, until }) => ({
      address: formatSubnet(subnet),
      ban_created: created,
      banned_until: until,
      ban_duration: until - created,
      time_remaining: until - now,
      ban_reason: 'manually added',
    }));
  },

  clearbanned({ node }) {
    node.bans.clear();
    node.saveBans();
    return null;
  },

  getorphantxs({ node }, { verbosity: given }) {
    const verbosity = orphanVerbosity(given);
    const orphans = node.peers.protocol.txs.download.orphans();
    if (verbosity < 0 || verbosity > 2) {
      throw new RpcError(codes.invalidParameter, `Invalid verbosity value ${verbosity}`);
    }
    if (verbosity === 0) return orphans.map(({ tx }) => tx.txid as string);
    return orphans.map(({ tx, from }) => ({
      txid: tx.txid,
      wtxid: tx.wtxid,
      bytes: tx.size,
      vsize: tx.vsize,
      vsize_bip141: tx.vsize,
      weight: tx.weight,
      from,
      ...(verbosity === 2 && { hex: bytesToHex(tx.encode()) }),
    }));
  },

  getnodeaddresses({ node }, { count, network: name }) {
    if (count < 0) throw new RpcError(codes.invalidParameter, 'Address count out of range');
    const wanted = nodeNetworks.find((known) => known === name);
    if (name !== undefined && !wanted) {
      throw new RpcError(codes.invalidParameter, `Network not recognized: ${name}`);
    }
    const found = node.addresses.sample(count, 0, wanted ? { network: wanted } : {});
    return found.map(({ time, services: offered, ...address }) => ({
      time,
      services: Number(offered),
      address: formatHost(address),
      port: address.port,
      network: networkClass(address),
    }));
  },

  addpeeraddress({ node }, { address: text, port, tried }) {
    const given: HostAddress | undefined = parseHost(text);
    const host = given && node.peers.options.reach.cjdns ? asCjdns(given) : given;
    if (!host) throw new RpcError(codes.invalidIpOrSubnet, 'Invalid IP address');
    if (port < 0 || port > 65535) {
      throw new RpcError(codes.misc, 'JSON integer out of range');
    }
    const address = { ...host, port };
    const offered = services.NETWORK | services.WITNESS;
    const record = { ...address, time: node.clock.now(), services: offered };
    if (!node.addresses.add([record], host)) {
      return { success: false, error: 'failed-adding-to-new' };
    }
    if (tried && !node.addresses.good(address)) {
      return { success: false, error: 'failed-adding-to-tried' };
    }
    return { success: true };
  },

  exportasmap() {
    // bitcoind may be built with a map inside; here maps are files that are there already.
    throw new RpcError(codes.misc, 'No embedded ASMap data available');
  },

  getaddrmaninfo({ node }) {
    const { addresses } = node;
    const counts = (name?: NodeNetwork) => ({
      new: addresses.size(name, 'new'),
      tried: addresses.size(name, 'tried'),
      total: addresses.size(name),
    });
    return new Map([
      ...nodeNetworks.map((name) => [name, counts(name)] as const),
      ['all_networks', counts()] as const,
    ]);
  },

  getrawaddrman({ node }) {
    const tableJson = (name: 'new' | 'tried') =>
      new Map(
        Array.from(node.addresses.table(name), ([known, { bucket, position }]) => [
          `${bucket}/${position}`,
          knownAddressJson(known, node.addresses.asMap),
        ]),
      );
    return new Map([
      ['new', tableJson('new')],
      ['tried', tableJson('tried')],
    ]);
  },

  mockscheduler({ node }, { delta_time }) {
    if (node.params.name !== 'regtest') {
      throw new RpcError(
        codes.misc,
        'mockscheduler is for regression testing (-regtest mode) only',
      );
    }
    if (delta_time <= 0 || delta_time > MAX_SCHEDULER_SECONDS) {
      throw new RpcError(
        codes.misc,
        `delta_time must be between 1 and ${MAX_SCHEDULER_SECONDS} seconds (1 hr)`,
      );
    }
    node.scheduler.forward(delta_time);
    return null;
  },
};
