/** Handlers of the methods about peers. There is no p2p yet: the node has no peers and says so. */
import type { Handlers, methods } from '@coind/rpc';
import type { RpcContext } from '../context.ts';
import { CLIENT_VERSION, PROTOCOL_VERSION } from '../version.ts';

/** Handlers of the methods about peers. */
export const network: Handlers<typeof methods.network, RpcContext> = {
  getconnectioncount: () => 0,

  getnetworkinfo({ node }) {
    const { minRelayFee, incrementalFee } = node.mempool.options;
    return {
      version: CLIENT_VERSION,
      subversion: node.userAgent,
      protocolversion: PROTOCOL_VERSION,
      localservices: '0000000000000000',
      localservicesnames: [],
      localrelay: false,
      timeoffset: 0,
      tx_send_rate: 0,
      inv_buckets: new Map(),
      networkactive: false,
      connections: 0,
      connections_in: 0,
      connections_out: 0,
      networks: [],
      relayfee: minRelayFee,
      incrementalfee: incrementalFee,
      localaddresses: [],
      warnings: [],
    };
  },

  getpeerinfo: () => [],
};
