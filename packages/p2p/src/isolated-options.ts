/**
 * Settings of a node that listens at one place and connects nowhere by itself: where tests and simulations
 * start from, saying only what they care about.
 */
import type { Endpoint } from './network.ts';
import type { PeersOptions } from './peers.ts';
import { directReach } from './reach.ts';

/** Such settings; `listen` is where others find it. */
export function isolatedOptions(listen: Endpoint): PeersOptions {
  return {
    active: true,
    binds: [{ ...listen, permissions: undefined, onion: false }],
    bindsOptional: false,
    connectOnly: [],
    addNodes: [],
    reach: directReach,
    seeding: {
      dns: false,
      forceDns: false,
      dnsSeeds: [],
      fixed: false,
      fixedSeeds: [],
      seedNodes: [],
    },
    anchors: [],
    externalAddresses: [],
    interfaceAddresses: [],
    discover: false,
    maxConnections: 100,
    inboundRelayPercent: 50,
    whitelist: [],
    v2: true,
    connectTimeoutMs: 1000,
    maxSendBytes: 1_000_000,
    logAddresses: false,
    maxReceiveBytes: 5_000_000,
    uploadTargetBytes: 0,
    lookUpNames: false,
    userAgent: '/test:1/',
    blocksOnly: false,
    txSendRate: 14,
    bloomFilters: false,
    blockFilters: false,
    extraTxs: 100,
    peerTimeoutMs: 60_000,
    reconciliation: false,
    pruned: false,
  };
}
