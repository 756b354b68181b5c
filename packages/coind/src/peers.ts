/**
 * The peers of a node: settings, sockets and the node's modules brought together, and what outlives the
 * process: banlist.json, peers.dat and anchors.dat, in bitcoind's formats.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Chain, FilterIndex } from '@coind/chain';
import type { Mempool } from '@coind/mempool';
import {
  AddressManager,
  type Anchor,
  BanList,
  decodeAnchorsFile,
  decodePeersFile,
  encodeAnchorsFile,
  encodePeersFile,
  type FilterSource,
  type Network,
  openPeers,
  type Peers,
  PeersFileVersionError,
  type PeersOptions,
  SamSession,
  systemRandom,
} from '@coind/p2p';
import { hexToBytes } from '@coind/primitives';
import { ConfError } from '@coind/rpc/conf';
import { openAsMap, watchAsMap } from './asmap-file.ts';
import type { NodeClock } from './clock.ts';
import type { Options } from './config.ts';
import type { Log } from './log.ts';
import { captureMessages } from './message-capture.ts';
import { peersOptions } from './net-options.ts';
import type { Scheduler } from './scheduler.ts';

/** What the peers work with. */
export interface NodePeersModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: NodeClock;
  readonly scheduler: Scheduler;
  readonly filterIndex: FilterIndex | undefined;
  readonly log: Log;
  /** What carries bytes between nodes. */
  readonly network: Network;
  /** Where files are kept; undefined keeps everything in memory. */
  readonly directory: string | undefined;
  readonly onFatal: (error: unknown) => void;
}

/** Peers, and the way to end them. */
export interface NodePeers {
  readonly peers: Peers;
  readonly bans: BanList;
  readonly addresses: AddressManager;
  /** Writes the ban list after a change of it. */
  saveBans(): void;
  /** Ends all connections and writes what is to be kept. */
  close(): Promise<void>;
}

const REBROADCAST_MIN_MS = 10 * 60_000;
const REBROADCAST_SPREAD_MS = 5 * 60_000;
const DUMP_MS = 15 * 60_000;
const DEFAULT_BAN_SECONDS = 86_400;

/**
 * Listens and connects as the options say. Throws `ListenError` when it cannot listen and
 * {@link ConfError} for a file that cannot be read.
 */
export async function openNodePeers(
  options: Options,
  modules: NodePeersModules,
): Promise<NodePeers> {
  const { chain, mempool, clock, scheduler, log, network, directory, onFatal } = modules;
  const bans = new BanList(
    { defaultSeconds: options.settings.int('bantime', DEFAULT_BAN_SECONDS) },
    { now: () => clock.now() },
  );
  const banFile = directory === undefined ? undefined : join(directory, 'banlist.json');
  if (banFile !== undefined) readBans(bans, banFile, log);
  const addressFile = directory === undefined ? undefined : join(directory, 'peers.dat');
  const addresses = openAddresses(addressFile, options, modules);
  const findsPeers = options.net.connectOnly === undefined;
  const magic = magicOf(options);
  const anchorFile = directory === undefined ? undefined : join(directory, 'anchors.dat');
  const anchors = anchorFile !== undefined && findsPeers ? takeAnchors(anchorFile, magic, log) : [];
  const settings = peersOptions(options, anchors);
  const peers = await openPeers(settings, {
    chain,
    mempool,
    clock,
    network,
    random: systemRandom,
    log,
    bans,
    addresses,
    filters: filterSource(modules),
    i2pSession: i2pSession(options, settings, modules),
    capture:
      directory !== undefined && options.settings.bool('capturemessages', false)
        ? captureMessages(join(directory, 'message_capture'), () => clock.nowMs())
        : undefined,
    onFatal,
  });
  // Our own transactions go out at once, and again until somebody has shown to have them.
  const unfollow = mempool.follow({
    txAdded: (tx, entry) => {
      if (entry.unbroadcast) peers.relay(tx.wtxid);
    },
  });
  scheduler.every(
    () => REBROADCAST_MIN_MS + systemRandom.below(REBROADCAST_SPREAD_MS),
    () => peers.protocol.txs.reannounce(),
  );
  const saveBans = () => {
    if (banFile !== undefined) writeWhole(banFile, bans.format());
  };
  const dump = () => {
    saveBans();
    if (addressFile !== undefined) {
      writeWhole(addressFile, encodePeersFile(addresses, magic));
    }
  };
  scheduler.every(() => DUMP_MS, dump);
  watchAsMap(addresses, { scheduler, log });
  // There is a file from the first start on, as bitcoind keeps it.
  saveBans();
  return {
    peers,
    bans,
    addresses,
    saveBans,
    async close() {
      unfollow();
      if (anchorFile !== undefined && findsPeers) {
        const left = peers.anchors();
        log.info(
          `DumpAnchors: Flush ${left.length} outbound block-relay-only peer addresses to anchors.dat`,
        );
        writeWhole(anchorFile, encodeAnchorsFile(left, magic));
      }
      await peers.close();
      dump();
    },
  };
}

/** The session at whose address others find us over I2P; its key outlives the process. */
function i2pSession(
  { settings }: Options,
  { reach, connectTimeoutMs }: PeersOptions,
  { network, log, directory }: NodePeersModules,
): SamSession | undefined {
  const bridge = reach.proxies.get('i2p')?.endpoint;
  const accepts = settings.bool('i2pacceptincoming', true);
  if (!bridge || !accepts || directory === undefined) return undefined;
  const path = join(directory, 'i2p_private_key');
  const key = {
    load: () => readIfThere(path),
    save: (bytes: Uint8Array) => writeFileSync(path, bytes, { mode: 0o600 }),
  };
  return new SamSession({ bridge, connectTimeoutMs, key }, { network, random: systemRandom, log });
}

/** The index of filters as peers are served from it. */
function filterSource({ chain, filterIndex }: NodePeersModules): FilterSource | undefined {
  if (!filterIndex) return undefined;
  return {
    async filterOf(hash) {
      const ref = chain.info(hash)?.ref;
      if (!ref) return undefined;
      const [filter, hashes] = await Promise.all([
        filterIndex.filter(ref),
        filterIndex.hashes(ref),
      ]);
      return filter && hashes && { filter, filterHash: hashes.filterHash, header: hashes.header };
    },
  };
}

function readBans(bans: BanList, path: string, log: Log): void {
  const text = readIfThere(path);
  if (!text) {
    log.info('Recreating the banlist database');
    return;
  }
  try {
    for (const dropped of bans.parse(new TextDecoder().decode(text))) log.warn(dropped);
  } catch {
    log.info('Recreating the banlist database');
  }
}

const magicOf = ({ params }: Options): Uint8Array => hexToBytes(params.messageStart);

/** Where bitcoind sends people; programs compare the whole message. */
function bugReports({ profile }: Options): string {
  return profile === 'core' ? 'https://github.com/bitcoin/bitcoin/issues' : 'the project';
}

/** The secret of the address book; with -test=addrman the one that bitcoind's tests expect. */
function bucketKey({ settings }: Options): Uint8Array {
  if (!settings.texts('test').includes('addrman')) return systemRandom.bytes(32);
  const key = new Uint8Array(32);
  key[0] = 1;
  return key;
}

function openAddresses(
  path: string | undefined,
  options: Options,
  { clock, log, directory }: NodePeersModules,
): AddressManager {
  const modules = {
    now: () => clock.now(),
    randomBelow: systemRandom.below,
    onCheck: (text: string) => log.debug('addrman', text),
  };
  const checkEvery = Math.max(0, options.settings.int('checkaddrman', 0));
  const settings = { asMap: openAsMap(options.settings, { directory, log }), checkEvery };
  const fresh = () => new AddressManager({ ...settings, key: bucketKey(options) }, modules);
  const file = path === undefined ? undefined : readIfThere(path);
  if (path === undefined || !file) {
    if (path !== undefined)
      log.info(`Creating peers.dat because the file was not found ("${path}")`);
    return fresh();
  }
  try {
    const manager = decodePeersFile(file, magicOf(options), modules, settings);
    log.info(`Loaded ${manager.size()} addresses from peers.dat`);
    return manager;
  } catch (error) {
    if (error instanceof PeersFileVersionError) {
      renameSync(path, `${path}.bak`);
      log.warn(
        `Creating new peers.dat because the file version was not compatible ("${path}"). Original backed up to peers.dat.bak`,
      );
      return fresh();
    }
    const what = error instanceof Error ? error.message : String(error);
    throw new ConfError(
      `Invalid or corrupt peers.dat (${what}). If you believe this is a bug, please report it to ${bugReports(options)}. As a workaround, you can move the file ("${path}") out of the way (rename, move, or delete) to have a new one created on the next start.`,
    );
  }
}

/** The peers to go back to first. The file is used once: a start that fails has tried them. */
function takeAnchors(path: string, magic: Uint8Array, log: Log): readonly Anchor[] {
  const file = readIfThere(path);
  let anchors: readonly Anchor[] = [];
  if (file) {
    try {
      anchors = decodeAnchorsFile(file, magic);
      log.info(`Loaded ${anchors.length} addresses from "${basename(path)}"`);
    } catch (error) {
      log.warn(`Anchors could not be read: ${error instanceof Error ? error.message : error}`);
    }
    rmSync(path, { force: true });
  }
  log.info(`${anchors.length} block-relay-only anchors will be tried for connections.`);
  return anchors;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all. */
function writeWhole(path: string, contents: string | Uint8Array): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
