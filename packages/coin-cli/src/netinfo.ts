/**
 * `-netinfo`: a page about the daemon's connections, made of getnetworkinfo and getpeerinfo, in the columns that
 * bitcoin-cli has. For people: its form may change.
 */
import { type Json, JsonNumber, JsonObject } from '@coind/rpc';
import { formatResult, formatRpcError, type Outcome } from './format.ts';
import { member, requestBody, type Send } from './shortcuts.ts';
import { VERSION } from './version.ts';

const MAX_LEVEL = 4;
const MORE_HELP = 'For more information, run: bitcoin-cli -netinfo help';

/** What the page is made with. */
export interface NetInfoSetting {
  /** The network's name; main is not mentioned. */
  readonly chain: string;
  /** Unix seconds. */
  readonly now: number;
}

/** How much is shown: 0 counts, 1 the peers, 2 with addresses, 3 with versions, 4 with both. */
interface View {
  readonly level: number;
  readonly outboundOnly: boolean;
}

/** Reads `[level [outonly]]`. Throws what the user has done wrong. */
function parseView([first, second]: readonly string[]): View {
  if (first === undefined) return { level: 0, outboundOnly: false };
  const level = /^[0-9]{1,3}$/.test(first) ? Number(first) : 256;
  if (level > 255) throw new Error(`invalid -netinfo level argument: ${first}\n${MORE_HELP}`);
  const isOutOnly = second === 'o' || second === 'outonly';
  if (second !== undefined && !(isOutOnly && level > 0)) {
    const hint =
      level > 0
        ? ''
        : 'The outonly argument is only valid for a level greater than 0 (the first argument). ';
    throw new Error(`invalid -netinfo outonly argument: ${second}\n${hint}${MORE_HELP}`);
  }
  return { level: Math.min(level, MAX_LEVEL), outboundOnly: isOutOnly };
}

/** `-netinfo [level [outonly]]`, `-netinfo help`. */
export async function netInfo(
  send: Send,
  words: readonly string[],
  setting: NetInfoSetting,
): Promise<Outcome> {
  if (words[0] === 'help' || words[0] === 'h') return formatResult(HELP);
  const view = parseView(words);
  const replies = await send(
    `[${requestBody('getpeerinfo', '[]', '0')},${requestBody('getnetworkinfo', '[]', '1')}]`,
  );
  const [first, second] = listOf(replies);
  for (const reply of [first, second]) {
    const error = reply === undefined ? replies : member(reply, 'error');
    if (error !== null) return formatRpcError(error);
  }
  const network = member(second, 'result');
  const peers = listOf(member(first, 'result')).map((peer) => new PeerView(peer, setting.now));
  return formatResult(pageOf(network, peers, view, setting));
}

function pageOf(
  network: Json,
  peers: readonly PeerView[],
  { level, outboundOnly }: View,
  { chain }: NetInfoSetting,
): string {
  const services = listOf(member(network, 'localservicesnames')).map(textOf);
  const detailed = level > 0;
  const where = chain === 'main' ? '' : ` ${chain}`;
  const server = `${textOf(member(network, 'protocolversion'))}${textOf(member(network, 'subversion'))}`;
  const letters = detailed ? ` - services ${lettersOf(services)}` : '';
  const listed = peers.filter(({ outbound }) => outbound || !outboundOnly);
  return [
    `coind client v${VERSION}${where} - server ${server}${letters}`,
    '',
    ...(detailed && listed.length > 0 ? [...peerLines(listed, level), ''] : []),
    ...countLines(network, peers),
    '',
    ...(detailed ? [] : [`Local services: ${services.map(spelledOut).join(', ')}`, '']),
    ...addressLines(listOf(member(network, 'localaddresses'))),
  ].join('\n');
}

const listOf = (json: Json): readonly Json[] =>
  Array.isArray(json) ? (json as readonly Json[]) : [];

function textOf(json: Json): string {
  if (json instanceof JsonNumber) return json.text;
  return typeof json === 'string' ? json : '';
}

/** `nwl2`: the first letter of each service, but for two that would be taken for another. */
function lettersOf(services: readonly string[]): string {
  const letter = (name: string) =>
    name === 'NETWORK_LIMITED' ? 'l' : name === 'P2P_V2' ? '2' : (name[0] ?? '').toLowerCase();
  return services.map(letter).join('');
}

const spelledOut = (service: string): string => service.toLowerCase().replaceAll('_', ' ');

/** Short names of networks, and of what is none. */
const shortNames: Readonly<Record<string, string>> = {
  not_publicly_routable: 'npr',
  internal: 'int',
};

const connectionTypes: Readonly<Record<string, string>> = {
  'outbound-full-relay': 'full',
  'block-relay-only': 'block',
  manual: 'manual',
  feeler: 'feeler',
  'addr-fetch': 'addr',
  'private-broadcast': 'priv',
};

/** One peer of getpeerinfo. */
class PeerView {
  readonly #json: Json;
  readonly #now: number;

  constructor(json: Json, now: number) {
    this.#json = json;
    this.#now = now;
  }

  get outbound(): boolean {
    return !this.#is('inbound');
  }

  get network(): string {
    const name = this.#text('network');
    return shortNames[name] ?? name;
  }

  get type(): string {
    return this.#text('connection_type');
  }

  /** Seconds; -1 for none yet. */
  get minPing(): number {
    return this.#seconds('minping');
  }

  get row(): Row {
    const [major = '', mappedAs] = [this.#text('transport_protocol_type'), this.#text('mapped_as')];
    const version = `${this.#text('version')}${this.#text('subver')}`;
    return {
      direction: this.outbound ? 'out' : 'in',
      type: connectionTypes[this.type] ?? '',
      network: this.network,
      services: lettersOf(listOf(member(this.#json, 'servicesnames')).map(textOf)),
      transport: /^v.$/.test(major) ? major.slice(1) : ' ',
      minPing: milliseconds(this.minPing),
      ping: milliseconds(this.#seconds('pingtime')),
      send: this.#since('lastsend', 1),
      receive: this.#since('lastrecv', 1),
      tx: this.#since('last_transaction', 60) || (this.#is('relaytxes') ? '' : '*'),
      block: this.#since('last_block', 60),
      highBandwidth: `${this.#is('bip152_hb_to') ? '.' : ' '}${this.#is('bip152_hb_from') ? '*' : ' '}`,
      addresses: this.#count('addr_processed') || (this.#is('addr_relay_enabled') ? '' : '.'),
      limited: this.#count('addr_rate_limited'),
      age: this.#since('conntime', 60),
      mappedAs: mappedAs === '0' ? '' : (mappedAs ?? ''),
      id: this.#text('id'),
      address: this.#text('addr'),
      version: version === '0' ? '' : version,
    };
  }

  #text(name: string): string {
    return textOf(member(this.#json, name));
  }

  #is(name: string): boolean {
    return member(this.#json, name) === true;
  }

  #seconds(name: string): number {
    const text = this.#text(name);
    return text === '' ? -1 : Number(text);
  }

  #count(name: string): string {
    const text = this.#text(name);
    return text === '0' ? '' : text;
  }

  /** How long ago in units of so many seconds; empty for never. */
  #since(name: string, unit: number): string {
    const then = Number(this.#text(name));
    return then > 0 ? `${Math.trunc((this.#now - then) / unit)}` : '';
  }
}

function milliseconds(seconds: number): string {
  if (seconds < 0) return '';
  const rounded = Math.round(1000 * seconds);
  return rounded > 999_999 ? '-' : `${rounded}`;
}

interface Row {
  readonly direction: string;
  readonly type: string;
  readonly network: string;
  readonly services: string;
  readonly transport: string;
  readonly minPing: string;
  readonly ping: string;
  readonly send: string;
  readonly receive: string;
  readonly tx: string;
  readonly block: string;
  readonly highBandwidth: string;
  readonly addresses: string;
  readonly limited: string;
  readonly age: string;
  readonly mappedAs: string;
  readonly id: string;
  readonly address: string;
  readonly version: string;
}

const titles: Row = {
  direction: '<->',
  type: 'type',
  network: 'net',
  services: 'serv',
  transport: 'v',
  minPing: 'mping',
  ping: 'ping',
  send: 'send',
  receive: 'recv',
  tx: 'txn',
  block: 'blk',
  highBandwidth: 'hb',
  addresses: 'addrp',
  limited: 'addrl',
  age: 'age',
  mappedAs: 'asmap',
  id: 'id',
  address: 'address',
  version: 'version',
};

const blank = Object.fromEntries(Object.keys(titles).map((name) => [name, ''])) as unknown as Row;
const units: Row = {
  ...blank,
  ...{
    minPing: 'ms',
    ping: 'ms',
    send: 'sec',
    receive: 'sec',
    tx: 'min',
    block: 'min',
    age: 'min',
  },
};

/** The peers, those that came to us first, each group by its least ping. */
function peerLines(peers: readonly PeerView[], level: number): string[] {
  const ordered = [...peers].sort(
    (a, b) => Number(a.outbound) - Number(b.outbound) || a.minPing - b.minPing,
  );
  const rows = ordered.map(({ row }) => row);
  const widest = (name: keyof Row, least: number) =>
    rows.reduce((width, row) => Math.max(width, row[name].length), least);
  const widths = {
    services: widest('services', 6),
    addresses: widest('addresses', 5),
    limited: widest('limited', 6),
    age: widest('age', 5),
    mappedAs: rows.some(({ mappedAs }) => mappedAs !== '') ? 7 : 0,
    id: widest('id', 2),
    address: level === 2 || level === 4 ? widest('address', 0) + 1 : 0,
  };
  const line = (row: Row): string => {
    const right = (name: keyof typeof widths) => row[name].padStart(widths[name]);
    return [
      `${row.direction.padStart(3)} ${row.type.padStart(6)} ${row.network.padStart(5)} ${right('services')}`,
      ` ${row.transport.padStart(2)}${row.minPing.padStart(7)}${row.ping.padStart(7)}`,
      `${row.send.padStart(5)}${row.receive.padStart(5)}${row.tx.padStart(5)}${row.block.padStart(5)}`,
      `  ${row.highBandwidth.padStart(2)} ${right('addresses')}${right('limited')}${right('age')}`,
      `${widths.mappedAs > 0 ? right('mappedAs') : ''} ${right('id')} `,
      widths.address > 0 ? row.address.padEnd(widths.address) : '',
      level >= 3 ? row.version : '',
    ].join('');
  };
  return [titles, ...rows, units].map((row) => line(row).trimEnd());
}

/** How many peers by network and direction, and of which kind. */
function countLines(network: Json, peers: readonly PeerView[]): string[] {
  const reachable = listOf(member(network, 'networks'))
    .filter((entry) => member(entry, 'reachable') === true)
    .map((entry) => textOf(member(entry, 'name')));
  const unreachable = ['npr', 'int'].filter((name) => peers.some((peer) => peer.network === name));
  const columns = [...reachable, ...unreachable];
  const manual = peers.filter(({ type }) => type === 'manual').length;
  const blockOnly = peers.filter(({ type }) => type === 'block-relay-only').length;
  const cell = (value: number | string) => `${value}`.padStart(8);
  const row = (title: string, counted: readonly PeerView[], ...more: readonly number[]) =>
    [
      title.padEnd(5),
      ...columns.map((name) => cell(counted.filter((peer) => peer.network === name).length)),
      cell(counted.length),
      ...more.map(cell),
    ].join('');
  return [
    ['     ', ...[...columns, 'total', 'block', ...(manual > 0 ? ['manual'] : [])].map(cell)].join(
      '',
    ),
    row(
      'in',
      peers.filter(({ outbound }) => !outbound),
    ),
    row(
      'out',
      peers.filter(({ outbound }) => outbound),
      blockOnly,
      ...(manual > 0 ? [manual] : []),
    ),
    row('total', peers),
  ];
}

/** Addresses that the daemon tells others of. */
function addressLines(addresses: readonly Json[]): string[] {
  if (addresses.length === 0) return ['Local addresses: n/a'];
  const rows = addresses
    .filter((entry) => entry instanceof JsonObject)
    .map((entry) => (name: string) => textOf(member(entry, name)));
  const width = Math.max(...rows.map((of) => of('address').length)) + 1;
  const lines = rows.map(
    (of) =>
      `${of('address').padEnd(width)}    port ${of('port').padStart(6)}    score ${of('score').padStart(6)}`,
  );
  return ['Local addresses', ...lines];
}

const HELP = `-netinfo (level [outonly]) | help

A page about the daemon's connections. It is made for people, and its form may change.

level, 0 when it is left out:
  0  how many peers there are, by network and direction; the services and addresses of the node
  1  the peers as well, one a line
  2  the same with their addresses
  3  the same with their versions
  4  with both
outonly (or o), behind a level above 0: only those that the node has connected to

Columns:
  <->      in: it came to us; out: we went to it
  type     full, block (blocks only), manual (-addnode, -connect), feeler (a test), addr (asked for addresses),
           priv (for a transaction of our own)
  net      ipv4, ipv6, onion, i2p, cjdns; npr: reachable from nowhere else
  serv     n: whole chain, b: bloom filters, w: witnesses, c: compact filters, l: the last 288 blocks,
           2: encrypted transport, u: unknown
  v        version of the transport
  mping    least and last ping, ms
  ping
  send     since something was sent and received, seconds
  recv
  txn      since it brought a new transaction, minutes; *: it is told of none
  blk      since it brought a new block, minutes
  hb       compact blocks at once: . we want them from it, * it wants them from us
  addrp    addresses it told us of; .: we exchange none
  addrl    addresses that were too many
  age      since it was connected, minutes
  asmap    the autonomous system it is in, with -asmap
  id       as in getpeerinfo

> coin-cli -netinfo
> coin-cli -netinfo 4
> watch --interval 1 --no-title coin-cli -netinfo 4 outonly`;
