/**
 * What options must hold together before anything is opened, in bitcoind's order and with its texts: the
 * settings some imply, the combinations that make no sense, and the values nobody can read. A failed
 * check throws; the message goes to stderr behind `Error: `.
 */
import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { type ChainParams, isMoney, parseBtc, type Sats } from '@coind/primitives';
import type { Profile } from '@coind/rpc';
import { ConfError, type Settings } from '@coind/rpc/conf';
import { cookieModes } from './data-dir.ts';
import { reachOf } from './reach-options.ts';
import { COIND_VERSION } from './version.ts';

function require(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new ConfError(message());
}

/** Satoshis of text as bitcoind's options have it: digits and at most eight decimals, no sign. */
export function parseMoney(text: string): Sats | undefined {
  const trimmed = text.trim();
  if (!/^(?:[0-9]{1,10}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})$/.test(trimmed)) return undefined;
  const sats = parseBtc(`0${trimmed}`.replace(/^0+(?=[0-9])/, '').replace(/\.$/, ''));
  return sats !== undefined && isMoney(sats) ? sats : undefined;
}

/** An amount option, in satoshis. Throws {@link ConfError} when it is no amount. */
export function amountSetting(settings: Settings, name: string): Sats | undefined {
  const text = settings.text(name);
  if (text === undefined) return undefined;
  const sats = parseMoney(text);
  require(sats !== undefined, () => `Invalid amount for -${name}=<amount>: '${text}'`);
  return sats;
}

/** True for an address (brackets or not), address/bits or address/mask. */
export function isSubnet(text: string): boolean {
  const slash = text.indexOf('/');
  const address = (slash < 0 ? text : text.slice(0, slash)).replace(/^\[(.*)\]$/, '$1');
  if (slash < 0) return isIP(address) !== 0;
  const version = isIP(address);
  const mask = text.slice(slash + 1);
  if (version === 0) return false;
  if (/^[0-9]{1,3}$/.test(mask)) return Number(mask) <= (version === 4 ? 32 : 128);
  return isIP(mask) === version;
}

/** A host with an optional port, taken apart; undefined when the port is none. `[::1]:8` has brackets. */
export function splitHostPort(text: string): { host: string; port?: number } | undefined {
  const colon = text.lastIndexOf(':');
  const bracketed = text.startsWith('[') && text[colon - 1] === ']';
  const hasPort = colon >= 0 && (colon === 0 || bracketed || text.indexOf(':') === colon);
  const bare = (host: string) => (/^\[.*\]$/.test(host) ? host.slice(1, -1) : host);
  if (!hasPort) return { host: bare(text) };
  const port = parsePort(text.slice(colon + 1));
  return port === undefined ? undefined : { host: bare(text.slice(0, colon)), port };
}

function parsePort(text: string): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65535 ? port : undefined;
}

const AGENTS: Readonly<Record<Profile, string>> = {
  coind: `coind:${COIND_VERSION}`,
  core: 'Satoshi:31.99.0',
  legacy: 'Satoshi:0.16.3',
};

/** The user agent that peers and getnetworkinfo see (BIP14); bitcoind's own where it is asked for. */
export function agentFor(profile: Profile, comments: readonly string[]): string {
  return `/${AGENTS[profile]}${comments.length === 0 ? '' : `(${comments.join('; ')})`}/`;
}

type Implication = readonly [when: string, name: string, value: string];

/** Settings that follow from others; what was implied is returned for the log. */
export function implySettings(settings: Settings): string[] {
  const notes: string[] = [];
  const imply = (...[when, name, value]: Implication) => {
    if (settings.imply(name, value)) {
      notes.push(`parameter interaction: ${when} -> setting -${name}=${value}`);
    }
  };
  for (const name of ['bind', 'whitebind']) {
    if (settings.texts(name).length > 0) imply(`-${name} set`, 'listen', '1');
  }
  const connectOnly = settings.texts('connect').length > 0 || settings.isNegated('connect');
  if (connectOnly || settings.int('maxconnections', 200) <= 0) {
    imply('-connect or -maxconnections=0 set', 'dnsseed', '0');
    imply('-connect or -maxconnections=0 set', 'listen', '0');
  }
  const proxy = settings.text('proxy', '');
  if (proxy !== '' && proxy !== '0') {
    for (const name of ['listen', 'natpmp', 'discover']) imply('-proxy set', name, '0');
  }
  if (!settings.bool('listen', true)) {
    for (const name of ['natpmp', 'discover', 'listenonion', 'i2pacceptincoming']) {
      imply('-listen=0', name, '0');
    }
  }
  if (settings.texts('externalip').length > 0) imply('-externalip set', 'discover', '0');
  if (settings.bool('blocksonly', false)) {
    imply('-blocksonly=1', 'whitelistrelay', '0');
    imply('-blocksonly=1', 'maxmempool', '5');
  }
  if (settings.bool('whitelistforcerelay', false)) {
    imply('-whitelistforcerelay=1', 'whitelistrelay', '1');
  }
  const nets = settings.texts('onlynet');
  if (nets.length > 0 && !nets.some((net) => net === 'ipv4' || net === 'ipv6')) {
    imply('-onlynet excludes IPv4 and IPv6', 'dnsseed', '0');
  }
  return notes;
}

/** What the checks look at besides the settings. */
export interface CheckContext {
  readonly params: ChainParams;
  readonly profile: Profile;
}

/** Everything below, in bitcoind's order. Throws {@link ConfError}. */
export function checkOptions(settings: Settings, context: CheckContext): void {
  checkPlaces(settings, context);
  checkIndexes(settings);
  checkConnections(settings);
  checkMining(settings);
  checkTestOptions(settings, context);
  checkPrune(settings);
  checkMempool(settings, context);
  checkPorts(settings, context);
  checkRpc(settings);
  checkNetwork(settings, context);
  checkWallet(settings);
}

const isDirectory = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function checkPlaces(settings: Settings, { params }: CheckContext): void {
  const misplaced = settings.misplaced();
  const chain = params.name;
  require(misplaced.length === 0, () =>
    misplaced
      .map(
        (name) =>
          `Config setting for -${name} only applied on ${chain} network when in [${chain}] section.`,
      )
      .join('\n'));
  const blocksDir = settings.text('blocksdir');
  require(blocksDir === undefined || isDirectory(blocksDir), () =>
    `Specified blocks directory "${blocksDir}" does not exist.`);
}

function checkIndexes(settings: Settings): void {
  const filter = settings.text('blockfilterindex', '0');
  const names = ['', '0', '1'].includes(filter) ? [] : settings.texts('blockfilterindex');
  for (const name of names) {
    require(name === 'basic', () => `Unknown -blockfilterindex value ${name}.`);
  }
  require(!settings.bool('peerblockfilters', false) || filter !== '0', () =>
    'Cannot set -peerblockfilters without -blockfilterindex.');
  if (settings.int('prune', 0) === 0) return;
  for (const index of ['txindex', 'txospenderindex']) {
    require(!settings.bool(index, false), () => `Prune mode is incompatible with -${index}.`);
  }
  require(!settings.bool('reindex-chainstate', false), () =>
    'Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.');
}

function checkConnections(settings: Settings): void {
  require(!settings.bool('forcednsseed', false) || settings.bool('dnsseed', true), () =>
    'Cannot set -forcednsseed to true when setting -dnsseed to false.');
  const listens = settings.bool('listen', true);
  const binds = settings.texts('bind').length + settings.texts('whitebind').length;
  require(binds === 0 || listens, () => 'Cannot set -bind or -whitebind together with -listen=0');
  require(listens || !settings.bool('listenonion', true), () =>
    'Cannot set -listen=0 together with -listenonion=1');
  require(settings.int('maxconnections', 200) >= 0, () =>
    '-maxconnections must be greater or equal than zero');
  require(settings.int('peertimeout', 60) > 0, () => 'peertimeout must be a positive integer.');
}

const MAX_BLOCK_WEIGHT = 4_000_000;
const MIN_RESERVED_WEIGHT = 2_000;

function checkMining(settings: Settings): void {
  amountSetting(settings, 'blockmintxfee');
  const reserved = settings.int('blockreservedweight', 8_000);
  const max = settings.int('blockmaxweight', MAX_BLOCK_WEIGHT);
  require(reserved >= MIN_RESERVED_WEIGHT, () =>
    `-blockreservedweight (${reserved}) is lower than minimum safety value of (${MIN_RESERVED_WEIGHT})`);
  for (const [name, weight] of [
    ['blockreservedweight', reserved],
    ['blockmaxweight', max],
  ] as const) {
    require(weight <= MAX_BLOCK_WEIGHT, () =>
      `-${name} (${weight}) exceeds consensus maximum block weight (${MAX_BLOCK_WEIGHT})`);
  }
  require(reserved <= max, () =>
    `-blockreservedweight (${reserved}) exceeds -blockmaxweight (${max})`);
}

function checkTestOptions(settings: Settings, { params }: CheckContext): void {
  require(settings.texts('test').length === 0 || params.name === 'regtest', () =>
    '-test=<option> can only be used with regtest');
  for (const name of ['testactivationheight', 'vbparams']) {
    require(params.name !== 'main' || !settings.isSet(name), () =>
      `The -${name} option may not be used on mainnet.`);
  }
  const hex = (name: string, text: (value: string) => string) => {
    const value = settings.text(name);
    require(value === undefined || /^(?:0x)?[0-9a-fA-F]{1,64}$/.test(value), () =>
      text(value ?? ''));
  };
  hex(
    'minimumchainwork',
    (value) => `Invalid minimum work specified (${value}), must be up to 64 hex digits`,
  );
  hex(
    'assumevalid',
    (value) =>
      `Invalid assumevalid block hash specified (${value}), must be up to 64 hex digits (or 0 to disable)`,
  );
}

const MIN_PRUNE_MIB = 550;

function checkPrune(settings: Settings): void {
  const prune = settings.int('prune', 0);
  require(prune >= 0, () => 'Prune cannot be configured with a negative value.');
  require(prune <= 1 || prune >= MIN_PRUNE_MIB, () =>
    `Prune configured below the minimum of ${MIN_PRUNE_MIB} MiB.  Please use a higher number.`);
}

const MAX_CLUSTER_COUNT = 64;

function checkMempool(settings: Settings, { params }: CheckContext): void {
  for (const name of ['incrementalrelayfee', 'minrelaytxfee', 'dustrelayfee']) {
    amountSetting(settings, name);
  }
  require(params.testNetwork || !settings.bool('acceptnonstdtxn', false), () =>
    `acceptnonstdtxn is not currently supported for ${params.name} chain`);
  require(settings.int('limitclustercount', MAX_CLUSTER_COUNT) <= MAX_CLUSTER_COUNT, () =>
    `limitclustercount must be less than or equal to ${MAX_CLUSTER_COUNT}`);
  // Forty of the largest clusters must fit.
  const leastMb = Math.ceil((settings.int('limitclustersize', 101) * 1_000 * 40) / 1_000_000);
  const maxMb = settings.int('maxmempool', 300);
  require(maxMb >= leastMb, () => `-maxmempool must be at least ${leastMb} MB`);
  require(params.name === 'regtest' || !settings.bool('acceptstalefeeestimates', false), () =>
    `acceptstalefeeestimates is not supported on ${params.name} chain.`);
}

const HOST_OPTIONS = [
  'i2psam',
  'onion',
  'proxy',
  'bind',
  'rpcbind',
  'torcontrol',
  'whitebind',
  'zmqpubhashblock',
  'zmqpubhashtx',
  'zmqpubrawblock',
  'zmqpubrawtx',
  'zmqpubsequence',
];
const WITH_SUFFIX = ['proxy', 'bind'];
const WITH_UNIX = /^(?:onion|proxy|zmq)/;

function checkPorts(settings: Settings, { profile }: CheckContext): void {
  for (const name of ['port', 'rpcport']) {
    const text = settings.text(name);
    // bitcoind has no use for port 0; coind takes a free one and says which.
    const anyFree = name === 'rpcport' && profile !== 'core' && text === '0';
    require(text === undefined || anyFree || parsePort(text) !== undefined, () =>
      `Invalid port specified in -${name}: '${text}'`);
  }
  for (const name of HOST_OPTIONS) {
    for (const text of settings.texts(name)) {
      const equals = text.lastIndexOf('=');
      const hostPort = WITH_SUFFIX.includes(name) && equals >= 0 ? text.slice(0, equals) : text;
      const unix = WITH_UNIX.test(name) && text.startsWith('unix:');
      const scheme = hostPort.replace(/^(?:tcp|ipc):\/\//, '').replace(/^[a-z,]+@/, '');
      require(unix || splitHostPort(scheme) !== undefined, () =>
        `Invalid port specified in -${name}: '${text}'`);
    }
  }
}

const HTTP_FAILED = 'Unable to start HTTP server. See debug log for details.';

function checkRpc(settings: Settings): void {
  if (!settings.bool('server', true)) return;
  for (const text of settings.texts('rpcallowip')) {
    // Where CJDNS is reachable its addresses are no range that could be allowed.
    const isCjdns = settings.bool('cjdnsreachable', false) && /^\[?fc/i.test(text);
    require(isSubnet(text) && !isCjdns, () =>
      `Invalid -rpcallowip subnet specification: ${text}. Valid values are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 (0.0.0.0/0), or all ipv6 (::/0). RFC4193 is allowed only if -cjdnsreachable=0.`);
  }
  for (const text of settings.texts('rpcauth')) {
    require(/^[^:]*:[^:$]*\$[^:$]*$/.test(text), () => HTTP_FAILED);
  }
  const perms = settings.text('rpccookieperms');
  require(perms === undefined || Object.hasOwn(cookieModes, perms), () => HTTP_FAILED);
}

const MAX_AGENT_LENGTH = 256;

function checkNetwork(settings: Settings, { profile }: CheckContext): void {
  // Whether it makes sense is asked here, in its place among the other checks.
  const { networks } = reachOf(settings);
  const comments = settings.texts('uacomment');
  for (const comment of comments) {
    require(/^[A-Za-z0-9 .,;_?@]*$/.test(comment), () =>
      `User Agent comment (${comment}) contains unsafe characters.`);
  }
  const { length } = agentFor(profile, comments);
  require(length <= MAX_AGENT_LENGTH, () =>
    `Total length of network version string (${length}) exceeds maximum length (${MAX_AGENT_LENGTH}). Reduce the number or size of uacomments.`);
  for (const address of settings.texts('externalip')) {
    const host = splitHostPort(address)?.host ?? '';
    require(isIP(host) !== 0 || host.includes('.'), () =>
      `Cannot resolve -externalip address: '${address}'`);
  }
  for (const text of settings.texts('whitelist')) {
    const subnet = text.slice(text.indexOf('@') + 1);
    require(isSubnet(subnet), () => `Invalid netmask specified in -whitelist: '${subnet}'`);
  }
  checkPrivateBroadcast(settings, networks);
}

const PRIVATELY = 'Private broadcast of own transactions requested (-privatebroadcast)';

/** What is asked to be kept private must not go out in the open: where it cannot be had, nothing starts. */
function checkPrivateBroadcast(settings: Settings, networks: ReadonlySet<string>): void {
  if (!settings.bool('privatebroadcast', false)) return;
  require(networks.has('onion') || networks.has('i2p'), () =>
    `${PRIVATELY}, but none of Tor or I2P networks is reachable`);
  require(settings.texts('connect').length === 0 && !settings.isNegated('connect'), () =>
    `${PRIVATELY}, but -connect is also configured. They are incompatible because the private broadcast needs to open new connections to randomly chosen Tor or I2P peers. Consider using -maxconnections=0 -addnode=... instead`);
  throw new ConfError(`${PRIVATELY}, which coind does not have yet`);
}

/** The words of -addresstype and -changetype. */
export const addressTypes = ['legacy', 'p2sh-segwit', 'bech32', 'bech32m'] as const;

function checkWallet(settings: Settings): void {
  if (settings.bool('disablewallet', false)) return;
  const dir = settings.text('walletdir');
  if (dir !== undefined) {
    const stat = statSync(dir, { throwIfNoEntry: false });
    require(stat !== undefined, () => `Specified -walletdir "${dir}" does not exist`);
    require(stat.isDirectory(), () => `Specified -walletdir "${dir}" is not a directory`);
    require(isAbsolute(dir), () => `Specified -walletdir "${dir}" is a relative path`);
  }
  require(settings.list('wallet').every((value) => typeof value === 'string'), () =>
    "Invalid value detected for '-wallet' or '-nowallet'. '-wallet' requires a string value, while '-nowallet' accepts only '1' to disable all wallets");
  for (const [name, kind] of [
    ['addresstype', 'address'],
    ['changetype', 'change'],
  ] as const) {
    const type = settings.text(name, '');
    require(type === '' || (addressTypes as readonly string[]).includes(type), () =>
      `Unknown ${kind} type '${type}'`);
  }
}
