/**
 * What the options about connections mean together: where to listen, whom to trust, how much to take.
 * The names of options are in options.ts; what the peers do with it, in @coind/p2p.
 */
import {
  type Bind,
  implicitPermissions,
  type PeersOptions,
  type Permission,
  parseGrant,
  parseHost,
  parseSubnet,
  splitHostPort,
  type WhitelistEntry,
} from '@coind/p2p';
import { ConfError } from '@coind/rpc/conf';
import type { Options } from './config.ts';

const EVERYWHERE = ['0.0.0.0', '::'];
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
export function peersOptions(options: Options): PeersOptions {
  const { settings, net, validation } = options;
  const listens = net.listen;
  const binds = listens ? bindsOf(options) : [];
  return {
    active: net.active,
    binds: binds.length > 0 || !listens ? binds : everywhere(net.port),
    // A port that nobody asked for may be taken by another node of the same machine.
    bindsOptional:
      binds.length === 0 && !settings.isSet('port') && settings.text('listen') === undefined,
    connectOnly: net.connectOnly,
    addNodes: net.addNodes,
    cjdnsReachable: settings.bool('cjdnsreachable', false),
    seedNodes: settings.texts('seednode'),
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

function everywhere(port: number): Bind[] {
  return EVERYWHERE.map((host) => ({ host, port, permissions: undefined }));
}

function bindsOf({ settings, net }: Options): Bind[] {
  const binds: Bind[] = [];
  for (const text of settings.texts('bind')) {
    // Onion services are not served apart: whoever comes through one comes from the loopback.
    const address = text.replace(/=onion$/, '');
    binds.push({ ...listenAddress('bind', address, net.port), permissions: undefined });
  }
  for (const text of settings.texts('whitebind')) {
    const grant = parseGrant(text, false);
    if (typeof grant === 'string') throw new ConfError(grant);
    const { target } = grant;
    const address = listenAddress('whitebind', target, 0);
    if (address.port === 0) {
      throw new ConfError(`Need to specify a port with -whitebind: '${target}'`);
    }
    binds.push({ ...address, permissions: grant.permissions ?? implicit(settings) });
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
