/**
 * What the options about connections mean together: where to listen, whom to trust, how much to take.
 * The names of options are in options.ts; what the peers do with it, in @coind/p2p.
 */
import { networkInterfaces } from 'node:os';
import {
  type Anchor,
  type Bind,
  formatEndpoint,
  implicitPermissions,
  type PeersOptions,
  type Permission,
  parseAddress,
  parseGrant,
  parseHost,
  parseSubnet,
  splitHostPort,
  type WhitelistEntry,
  type WireAddress,
} from '@coind/p2p';
import { ConfError } from '@coind/rpc/conf';
import type { Options } from './config.ts';
import { reachOf } from './reach-options.ts';

/** Listening here means on every address of the machine. */
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::'];
const LOOPBACK = '127.0.0.1';
const ONION_SUFFIX = '=onion';
const KILO = 1000;
const DAY_FACTORS: Readonly<Record<string, number>> = {
  k: 1e3,
  K: 2 ** 10,
  m: 1e6,
  M: 2 ** 20,
  g: 1e9,
  G: 2 ** 30,
  t: 1e12,
  T: 2 ** 40,
};

/** The settings of the peers. Throws {@link ConfError} with bitcoind's texts. */
export function peersOptions(options: Options, anchors: readonly Anchor[]): PeersOptions {
  const { settings, net, params, profile, validation } = options;
  const listens = net.listen;
  const binds = listens ? bindsOf(options) : [];
  const discover = settings.bool('discover', true);
  const port = listenPort(options);
  return {
    active: net.active,
    binds: listens ? withDefaults(binds, net.port) : [],
    // A port that nobody asked for may be taken by another node of the same machine.
    bindsOptional:
      binds.length === 0 && !settings.isSet('port') && settings.text('listen') === undefined,
    connectOnly: net.connectOnly,
    addNodes: net.addNodes,
    reach: reachOf(settings),
    seeding: {
      // Nobody runs seeds for a network of one's own, and regtest's is there for bitcoind's tests.
      dns: settings.bool('dnsseed', profile === 'core' || params.name !== 'regtest'),
      forceDns: settings.bool('forcednsseed', false),
      dnsSeeds: dnsSeedsOf(options),
      fixed: settings.bool('fixedseeds', true),
      fixedSeeds: params.fixedSeeds,
      seedNodes: settings.texts('seednode'),
    },
    anchors,
    externalAddresses: settings.texts('externalip').map((text) => externalAddress(text, port)),
    interfaceAddresses:
      discover && (binds.length === 0 || binds.some(isEverywhere)) ? interfaceAddresses(port) : [],
    discover,
    maxConnections: net.maxConnections,
    inboundRelayPercent: settings.int('inboundrelaypercent', 50),
    whitelist: whitelistOf(options),
    v2: settings.bool('v2transport', true),
    connectTimeoutMs: settings.int('timeout', 5000) || 5000,
    maxSendBytes: KILO * settings.int('maxsendbuffer', 1000),
    maxReceiveBytes: KILO * settings.int('maxreceivebuffer', 5000),
    uploadTargetBytes: uploadTarget(settings.text('maxuploadtarget', '0')),
    lookUpNames: settings.bool('dns', true),
    userAgent: net.userAgent,
    logAddresses: settings.bool('logips', false),
    blocksOnly: settings.bool('blocksonly', false),
    txSendRate: settings.int('txsendrate', 14),
    bloomFilters: settings.bool('peerbloomfilters', false),
    blockFilters: settings.bool('peerblockfilters', false),
    extraTxs: Math.max(0, settings.int('blockreconstructionextratxn', 100)),
    peerTimeoutMs: 1000 * peerTimeout(settings.int('peertimeout', 60)),
    reconciliation: settings.bool('txreconciliation', false),
    pruned: validation.pruneTargetBytes !== undefined,
  };
}

/** Where nobody names an address it is all of them, and one for Tor where none is said to be for it. */
function withDefaults(given: readonly Bind[], port: number): readonly Bind[] {
  const forTor = { host: LOOPBACK, port: port + 1, permissions: undefined, onion: true };
  if (given.length === 0) {
    const plain = { port, permissions: undefined, onion: false };
    return [...EVERYWHERE.map((host) => ({ ...plain, host })), forTor];
  }
  return given.every(({ permissions }) => permissions) ? [...given, forTor] : given;
}

const isEverywhere = ({ host }: Bind): boolean => EVERYWHERE.includes(host);

/** The port that others are told of. */
function listenPort({ settings, net }: Options): number {
  for (const text of settings.texts('bind')) {
    const port = text.endsWith(ONION_SUFFIX) ? undefined : splitHostPort(text)?.port;
    if (port !== undefined) return port;
  }
  for (const text of settings.texts('whitebind')) {
    const grant = parseGrant(text, false);
    if (typeof grant === 'string' || grant.permissions?.has('noban')) continue;
    const port = splitHostPort(grant.target)?.port;
    if (port !== undefined) return port;
  }
  return net.port;
}

function externalAddress(text: string, port: number): WireAddress {
  const address = parseAddress(text, port);
  if (!address) throw new ConfError(`Cannot resolve -externalip address: '${text}'`);
  return address;
}

/** What the network cards of this machine say. */
function interfaceAddresses(port: number): WireAddress[] {
  return Object.values(networkInterfaces()).flatMap((cards) =>
    (cards ?? []).flatMap(({ address, internal }) => {
      const host = internal ? undefined : parseHost(address);
      return host ? [{ ...host, port }] : [];
    }),
  );
}

function dnsSeedsOf({ settings, params }: Options): readonly string[] {
  const given = settings.texts('signetseednode');
  return params.signetChallenge !== undefined && given.length > 0 ? given : params.dnsSeeds;
}

function bindsOf({ settings, net }: Options): Bind[] {
  const binds: Bind[] = [];
  const add = (bind: Bind) => {
    const { host, port } = bind;
    if (binds.some((other) => other.host === host && other.port === port)) {
      throw new ConfError(
        `Duplicate binding configuration for address ${formatEndpoint(bind)}. Please check your -bind, -bind=...=onion and -whitebind settings.`,
      );
    }
    binds.push(bind);
  };
  for (const text of settings.texts('bind')) {
    const onion = text.endsWith(ONION_SUFFIX);
    const address = onion ? text.slice(0, -ONION_SUFFIX.length) : text;
    const endpoint = listenAddress('bind', address, onion ? net.port + 1 : net.port);
    add({ ...endpoint, permissions: undefined, onion });
  }
  for (const text of settings.texts('whitebind')) {
    const grant = parseGrant(text, false);
    if (typeof grant === 'string') throw new ConfError(grant);
    const { target } = grant;
    const address = listenAddress('whitebind', target, 0);
    if (address.port === 0) {
      throw new ConfError(`Need to specify a port with -whitebind: '${target}'`);
    }
    add({ ...address, permissions: grant.permissions ?? implicit(settings), onion: false });
  }
  return binds;
}

function listenAddress(option: string, text: string, port: number) {
  const split = splitHostPort(text);
  if (!split || !parseHost(split.host)) {
    throw new ConfError(`Cannot resolve -${option} address: '${text}'`);
  }
  return { host: split.host, port: split.port ?? port };
}

function implicit(settings: Options['settings']): Set<Permission> {
  return implicitPermissions({
    whitelistRelay: settings.bool('whitelistrelay', true),
    whitelistForceRelay: settings.bool('whitelistforcerelay', false),
  });
}

function whitelistOf({ settings }: Options): WhitelistEntry[] {
  return settings.texts('whitelist').map((text) => {
    const grant = parseGrant(text, true);
    if (typeof grant === 'string') throw new ConfError(grant);
    const subnet = parseSubnet(grant.target);
    if (!subnet) throw new ConfError(`Invalid netmask specified in -whitelist: '${grant.target}'`);
    const { permissions = implicit(settings), incoming, outgoing } = grant;
    return { subnet, permissions, incoming, outgoing };
  });
}

/** `500` is mebibytes; a letter says otherwise. */
function uploadTarget(text: string): number {
  const match = /^(\d+)([kKmMgGtT]?)$/.exec(text);
  if (!match) throw new ConfError(`Unable to parse -maxuploadtarget: '${text}'`);
  return Number(match[1]) * (DAY_FACTORS[match[2] || 'M'] as number);
}

function peerTimeout(seconds: number): number {
  if (seconds <= 0) throw new ConfError('peertimeout must be a positive integer.');
  return seconds;
}
