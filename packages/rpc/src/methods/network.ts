/** Methods about peers and the p2p network. */
import { amount, bool, hex, int, int64, num, optional, str } from '../codec.ts';
import { list, object, oneOf, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { bytesPerMessage } from './shapes.ts';

const networkMembers = {
  version: int('The version of the node'),
  subversion: str('What it calls itself'),
  protocolversion: int('The version of the p2p protocol'),
  localservices: hex('What it offers, bits'),
};
const networks = list(
  object({
    name: str('ipv4, ipv6, onion, i2p or cjdns'),
    limited: bool('Whether it is not used'),
    reachable: bool('Whether it can be reached'),
    proxy: str('The proxy for it, host:port'),
    proxy_randomize_credentials: bool('Whether the proxy gets new credentials each time'),
  }),
  'The networks',
);
const localAddresses = list(
  object({ address: str('An address of ours'), port: int('Its port'), score: int('Its score') }),
  'Our addresses',
);

/** Methods about peers and the p2p network. */
export const network = {
  getconnectioncount: method({
    category: 'network',
    about: 'The number of peers.',
    params: {},
    result: int('Peers'),
    examples: [''],
  }),
  getnetworkinfo: method({
    category: 'network',
    about: 'The state of the node as a peer.',
    params: {},
    result: object({
      ...networkMembers,
      localservicesnames: list(str(''), 'What it offers, by name'),
      localrelay: bool('Whether it asks peers for transactions'),
      timeoffset: int64('Seconds the peers are ahead'),
      tx_send_rate: num('Transactions announced per second'),
      inv_buckets: record(
        object({
          backlog: int('Announcements waiting'),
          count_tok: num('Tokens by number'),
          size_tok: num('Tokens by size'),
        }),
        'Announcements by direction',
      ),
      networkactive: bool('Whether p2p is on'),
      connections: int('Peers'),
      connections_in: int('Peers that connected to us'),
      connections_out: int('Peers we connected to'),
      networks,
      relayfee: amount('The lowest fee per 1,000 vbytes that is relayed'),
      incrementalfee: amount('What a replacement adds at least, per 1,000 vbytes'),
      localaddresses: localAddresses,
      warnings: list(str(''), 'Warnings'),
    }),
    examples: [''],
    legacy: {
      result: object({
        ...networkMembers,
        localrelay: bool('Whether it asks peers for transactions'),
        timeoffset: int64('Seconds the peers are ahead'),
        networkactive: bool('Whether p2p is on'),
        connections: int('Peers'),
        networks,
        relayfee: amount('The lowest fee per 1,000 bytes that is relayed'),
        incrementalfee: amount('What a replacement adds at least'),
        localaddresses: localAddresses,
        warnings: oneOf([str('Warnings'), list(str(''))]),
      }),
    },
  }),
  getpeerinfo: method({
    category: 'network',
    about: 'The peers.',
    params: {},
    result: list(
      object({
        id: int('Its number'),
        addr: str('Its address, host:port'),
        addrbind: optional(str('Our end, host:port')),
        addrlocal: optional(str('Our address as it sees it')),
        network: str('The network it is on'),
        mapped_as: optional(int64('The autonomous system it belongs to')),
        services: hex('What it offers, bits'),
        servicesnames: list(str(''), 'What it offers, by name'),
        relaytxes: bool('Whether it wants transactions'),
        last_inv_sequence: int64('The mempool sequence of the last announcement'),
        inv_to_send: int('Announcements waiting'),
        lastsend: int64('When we sent last'),
        lastrecv: int64('When it sent last'),
        last_transaction: int64('When it last sent a transaction that was accepted'),
        last_block: int64('When it last sent a block that was accepted'),
        bytessent: int64('Bytes sent'),
        bytesrecv: int64('Bytes received'),
        conntime: int64('Since when it is connected'),
        timeoffset: int64('Seconds its clock is ahead'),
        pingtime: optional(num('The last round trip, seconds')),
        minping: optional(num('The shortest round trip, seconds')),
        pingwait: optional(num('How long a ping has been waiting, seconds')),
        version: int('Its protocol version'),
        subver: str('What it calls itself'),
        inbound: bool('Whether it connected to us'),
        bip152_hb_to: bool('Whether we chose it for compact blocks'),
        bip152_hb_from: bool('Whether it chose us for compact blocks'),
        presynced_headers: int('Headers presynced, -1: not syncing'),
        synced_headers: int('The last header we share, -1: none'),
        synced_blocks: int('The last block we share, -1: none'),
        inflight: list(int(''), 'Heights of blocks asked for'),
        addr_relay_enabled: bool('Whether addresses are exchanged'),
        addr_processed: int64('Addresses processed'),
        addr_rate_limited: int64('Addresses dropped for coming too fast'),
        permissions: list(str(''), 'What it may do'),
        minfeefilter: amount('The lowest fee per 1,000 vbytes it wants'),
        bytessent_per_msg: bytesPerMessage,
        bytesrecv_per_msg: bytesPerMessage,
        connection_type: str('Why it is connected'),
        transport_protocol_type: str('v1, v2 or detecting'),
        session_id: str('The session of a v2 transport'),
      }),
    ),
    examples: [''],
  }),
};
