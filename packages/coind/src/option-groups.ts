/**
 * Options grouped by the module that takes them, and how each group is made from the settings. Defaults are
 * here and nowhere else; those that differ between profiles or networks are said beside each other.
 */
import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MiningMode } from '@coind/miner';
import {
  type BlockHash,
  type ChainParams,
  type FeeRate,
  feeRate,
  type Sats,
} from '@coind/primitives';
import type { Profile } from '@coind/rpc';
import { ConfError, type Settings } from '@coind/rpc/conf';
import { AddressError, decodeAddress } from '@coind/script';
import { cookieModes } from './data-dir.ts';
import { miningModeOf } from './mining-mode.ts';
import { type addressTypes, agentFor, amountSetting, splitHostPort } from './option-checks.ts';

/** Words that -addresstype and -changetype take. */
export type AddressType = (typeof addressTypes)[number];

/** An address to listen on. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** For the chain: what to check and to keep. */
export interface ValidationOptions {
  /** Scripts of this block and its ancestors are taken as checked; undefined checks all. */
  readonly assumeValid: BlockHash | undefined;
  readonly minimumChainwork: bigint;
  /** Blocks verified at start, 0 for all, and how thoroughly (0 to 4). */
  readonly checkBlocks: number;
  readonly checkLevel: number;
  /** Memory for coins, and for the database below them. */
  readonly cacheBytes: number;
  readonly databaseCacheBytes: number;
  /** Threads for scripts, the main one included. */
  readonly scriptThreads: number;
  /** Transactions of the mempool whose scripts a block need not verify again. */
  readonly scriptCacheEntries: number;
  readonly maxTipAgeSeconds: number;
  readonly reindex: boolean;
  readonly reindexChainstate: boolean;
  /** Undefined keeps all blocks; 0 deletes on command only. */
  readonly pruneTargetBytes: number | undefined;
  /** Nothing is pruned while the chain is no higher than this. */
  readonly pruneAfterHeight: number;
  /** Undefined for the usual size of block files. */
  readonly maxBlockFileBytes: number | undefined;
  /** Whether the block files of a new directory are XORed with a key. */
  readonly obfuscateBlocks: boolean;
  /** Files of blocks to take in at start, and whether to stop then. */
  readonly blockFiles: readonly string[];
  readonly stopAfterImport: boolean;
  /** Undefined for no height. */
  readonly stopAtHeight: number | undefined;
}

/** For the mempool. */
export interface MempoolOptions {
  readonly minRelayFeeRate: FeeRate;
  readonly incrementalFeeRate: FeeRate;
  readonly dustFeeRate: FeeRate;
  readonly maxSizeBytes: number;
  readonly expirySeconds: number;
  readonly requireStandard: boolean;
  readonly permitBareMultisig: boolean;
  /** Undefined refuses data outputs. */
  readonly maxDataCarrierBytes: number | undefined;
  readonly bytesPerSigop: number;
  readonly clusterCount: number;
  readonly clusterSizeVbytes: number;
  /** How many unconfirmed transactions a wallet's payment may hang together with, itself included. */
  readonly chainLimit: number;
  readonly persist: boolean;
  /** Saves in the older format, which has no key. */
  readonly persistPlain: boolean;
  /** False where no transactions of others come to learn from. */
  readonly estimateFees: boolean;
  /** Reads fee estimates however old they are. */
  readonly acceptStaleEstimates: boolean;
  /** What is answered where there is no estimate; 0 for nothing. */
  readonly fallbackEstimate: FeeRate;
}

/** For block templates. */
export interface MiningOptions {
  readonly maxWeight: number;
  readonly reservedWeight: number;
  readonly minFeeRate: FeeRate;
  /** Undefined for the version that deployments ask for. */
  readonly blockVersion: number | undefined;
  /** When to mine unasked. */
  readonly mode: MiningMode;
  /** Whom to pay then; undefined for the wallet. */
  readonly address: string | undefined;
}

/** For the wallets. */
export interface WalletOptions {
  readonly enabled: boolean;
  /** Wallets to load at start. */
  readonly load: readonly string[];
  /** Make and load the default wallet when nothing else is to be loaded. */
  readonly createDefault: boolean;
  /** Load the wallet without a name where it lies on disk, though nobody asked for it. */
  readonly loadUnnamed: boolean;
  /** Bytes a signature is reckoned with, where that is not today's number. */
  readonly ecdsaSize: number | undefined;
  readonly addressType: AddressType;
  /** Undefined chooses to match the outputs. */
  readonly changeType: AddressType | undefined;
  /** 0 refuses to send without an estimate. */
  readonly fallbackFeeRate: FeeRate;
  readonly minFeeRate: FeeRate;
  readonly discardFeeRate: FeeRate;
  /** 0.16's -paytxfee; undefined when not given. */
  readonly payTxFeeRate: FeeRate | undefined;
  readonly maxTxFee: Sats;
  readonly keypoolSize: number;
  readonly spendUnconfirmedChange: boolean;
  readonly rejectLongChains: boolean;
  readonly confirmTarget: number;
  readonly broadcast: boolean;
  readonly replaceable: boolean;
  readonly avoidPartialSpends: boolean;
  /** Command for -walletnotify; undefined for none. */
  readonly notify: string | undefined;
}

/** Commands of the operator. */
export interface NotifyOptions {
  /** For each new tip, %s is its hash. */
  readonly block: string | undefined;
  /** For each warning, %s is its text. */
  readonly alert: string | undefined;
  readonly startup: string | undefined;
  readonly shutdown: readonly string[];
}

const zmqTopics = ['hashblock', 'hashtx', 'rawblock', 'rawtx', 'sequence'] as const;

/** A topic to publish over ZeroMQ at an address. */
export interface ZmqTopic {
  readonly topic: (typeof zmqTopics)[number];
  /** The topic as `getzmqnotifications` calls it. */
  readonly type: `pub${(typeof zmqTopics)[number]}`;
  /** ZeroMQ's: `tcp://…` or `ipc://…`. */
  readonly address: string;
  /** Messages that may wait for one subscriber. */
  readonly highWaterMark: number;
}

/** For the indexes. */
export interface IndexOptions {
  readonly tx: boolean;
  readonly blockFilter: boolean;
  readonly coinStats: boolean;
  readonly txoSpender: boolean;
  /** Ours: what happened to a script. */
  readonly address: boolean;
}

/** For peers. */
export interface NetOptions {
  readonly active: boolean;
  readonly listen: boolean;
  readonly port: number;
  readonly bind: readonly string[];
  readonly addNodes: readonly string[];
  /** Undefined finds peers by itself; a list, even an empty one, is all there is. */
  readonly connectOnly: readonly string[] | undefined;
  readonly maxConnections: number;
  readonly userAgent: string;
}

/** For the RPC server. */
export interface RpcOptions {
  readonly enabled: boolean;
  readonly endpoints: readonly Endpoint[];
  /** Subnets besides the loopback ones. */
  readonly allowIp: readonly string[];
  readonly user: string;
  /** Undefined means the cookie. */
  readonly password: string | undefined;
  readonly cookieMode: number;
  /** USER:SALT$HASH each. */
  readonly auth: readonly string[];
  /** USER:METHOD,METHOD each. */
  readonly whitelist: readonly string[];
  readonly whitelistDefault: boolean;
  readonly serverTimeoutSeconds: number;
  readonly threads: number;
  readonly workQueue: number;
  readonly rest: boolean;
  readonly docCheck: boolean;
  readonly deprecated: readonly string[];
}

/** What the groups below are made from. */
export interface GroupContext {
  readonly settings: Settings;
  readonly params: ChainParams;
  readonly profile: Profile;
}

const MIB = 1024 * 1024;
const MB = 1_000_000;
const strip = (hex: string) => hex.replace(/^0x/, '').toLowerCase();

/** What the chain is to check and to keep. */
export function validationOptions({ settings, params }: GroupContext): ValidationOptions {
  const assumed = settings.text('assumevalid');
  const assumeValid =
    assumed === undefined ? params.assumeValid : (strip(assumed).padStart(64, '0') as BlockHash);
  const work = settings.text('minimumchainwork');
  const prune = settings.int('prune', 0);
  const par = settings.int('par', 0);
  const fast = settings.bool('fastprune', false) && params.name === 'regtest';
  return {
    assumeValid:
      assumeValid !== undefined && /[1-9a-f]/.test(assumeValid) ? assumeValid : undefined,
    minimumChainwork: work === undefined ? params.minimumChainwork : BigInt(`0x${strip(work)}`),
    checkBlocks: settings.int('checkblocks', 6),
    checkLevel: settings.int('checklevel', 3),
    ...cacheSizes(settings),
    scriptThreads: Math.min(
      MAX_SCRIPT_THREADS,
      Math.max(1, par > 0 ? par : availableParallelism() + par),
    ),
    scriptCacheEntries: Math.ceil(
      (Math.max(0, settings.int('maxsigcachesize', 32)) * MIB) / SCRIPT_CACHE_ENTRY_BYTES,
    ),
    maxTipAgeSeconds: settings.int('maxtipage', 24 * 60 * 60),
    reindex: settings.bool('reindex', false),
    reindexChainstate: settings.bool('reindex-chainstate', false),
    pruneTargetBytes: prune === 0 ? undefined : prune === 1 ? 0 : prune * MIB,
    // As in bitcoind: a main network this short is no sign that anything old can go.
    pruneAfterHeight: params.name === 'main' ? 100_000 : fast ? 100 : 1_000,
    maxBlockFileBytes: fast ? 64 << 10 : undefined,
    obfuscateBlocks: settings.bool('blocksxor', true),
    blockFiles: settings.texts('loadblock'),
    stopAfterImport: settings.bool('stopafterblockimport', false),
    stopAtHeight: settings.int('stopatheight', 0) || undefined,
  };
}

/** A wtxid as text, and its place in a map. */
const SCRIPT_CACHE_ENTRY_BYTES = 160;

/** bitcoind's limit: more threads than this do not make scripts any faster. */
const MAX_SCRIPT_THREADS = 16;

/** What is kept in memory where nobody said how much it may be: enough for the coins of many full blocks. */
const UNASKED_COIN_BYTES = 64 * MIB;
const UNASKED_DATABASE_BYTES = 32 * MIB;

/**
 * How -dbcache is shared out: an eighth for the database, the rest for coins, which lie in the
 * JavaScript heap. That has a limit of its own, and a cache must not be what exhausts it. Every write goes
 * through to the database, so without -dbcache a node does not take a gigabyte that nobody offered it.
 */
function cacheSizes(
  settings: Settings,
): Pick<ValidationOptions, 'cacheBytes' | 'databaseCacheBytes'> {
  const asked = settings.int('dbcache', 0);
  if (!asked) {
    return { cacheBytes: UNASKED_COIN_BYTES, databaseCacheBytes: UNASKED_DATABASE_BYTES };
  }
  const bytes = Math.max(4, asked) * MIB;
  const databaseCacheBytes = Math.min(bytes / 8, 128 * MIB);
  const heapShare = getHeapStatistics().heap_size_limit / 4;
  return { cacheBytes: Math.min(bytes - databaseCacheBytes, heapShare), databaseCacheBytes };
}

function rate(settings: Settings, name: string, fallback: Sats): FeeRate {
  return feeRate(amountSetting(settings, name) ?? fallback);
}

/** The rate where there is no estimate; `friendly` has one unless told otherwise. */
function fallbackFee(settings: Settings, friendly: boolean): FeeRate {
  return rate(settings, 'fallbackfee', friendly ? 20_000n : 0n);
}

/** The policy of the mempool and its size. */
export function mempoolOptions({ settings, params, profile }: GroupContext): MempoolOptions {
  const lowest = profile === 'legacy' ? 1_000n : 100n;
  const incremental = rate(settings, 'incrementalrelayfee', lowest);
  // Raising the step alone raises the floor with it.
  const floor = incremental > lowest ? incremental : lowest;
  // bitcoind's wallet keeps to what older nodes relay.
  const shortChains = profile === 'core';
  return {
    minRelayFeeRate: rate(settings, 'minrelaytxfee', floor),
    incrementalFeeRate: incremental,
    dustFeeRate: rate(settings, 'dustrelayfee', 3_000n),
    maxSizeBytes: settings.int('maxmempool', 300) * MB,
    expirySeconds: settings.int('mempoolexpiry', 336) * 60 * 60,
    requireStandard: !settings.bool('acceptnonstdtxn', false),
    permitBareMultisig: settings.bool('permitbaremultisig', true),
    maxDataCarrierBytes: settings.bool('datacarrier', true)
      ? settings.int('datacarriersize', 100_000)
      : undefined,
    bytesPerSigop: settings.int('bytespersigop', 20),
    clusterCount: settings.int('limitclustercount', 64),
    clusterSizeVbytes: settings.int('limitclustersize', 101) * 1_000,
    chainLimit: Math.min(
      settings.int('limitclustercount', 64),
      settings.int('limitancestorcount', shortChains ? 25 : 64),
      settings.int('limitdescendantcount', shortChains ? 25 : 64),
    ),
    persist: settings.bool('persistmempool', true),
    persistPlain: settings.bool('persistmempoolv1', false),
    estimateFees: !settings.bool('blocksonly', false),
    acceptStaleEstimates: settings.bool('acceptstalefeeestimates', false),
    // A program under test shall get an answer; the same that a wallet would pay.
    fallbackEstimate:
      profile === 'coind' && params.testNetwork ? fallbackFee(settings, true) : feeRate(0n),
  };
}

/** What goes into new blocks. */
export function miningOptions({ settings, params }: GroupContext): MiningOptions {
  return {
    maxWeight: settings.int('blockmaxweight', 4_000_000),
    reservedWeight: settings.int('blockreservedweight', 8_000),
    minFeeRate: rate(settings, 'blockmintxfee', 1n),
    // Only where blocks are worthless may one break the rules of versions.
    blockVersion: params.testNetwork ? settings.int('blockversion') : undefined,
    mode: miningMode(settings),
    address: miningAddress(settings, params),
  };
}

/** Who is paid by blocks mined unasked. Throws {@link ConfError} for what is no address of the network. */
function miningAddress(settings: Settings, params: ChainParams): string | undefined {
  const address = settings.text('miningaddress') || undefined;
  try {
    if (address !== undefined) decodeAddress(address, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ConfError(`Invalid -miningaddress: '${address}'`);
  }
  return address;
}

/** When to mine unasked. Throws {@link ConfError} for what is no way to mine. */
function miningMode(settings: Settings): MiningMode {
  const kind = settings.text('mining', settings.bool('gen', false) ? 'continuous' : 'manual');
  const mode = miningModeOf(kind, {
    seconds: settings.int('mininginterval', 10),
    threads: settings.int('genproclimit', -1),
  });
  if (typeof mode === 'string') throw new ConfError(mode);
  return mode;
}

/** Whether wallets are named, or refused; an empty list that is left in settings.json says nothing. */
function saysWallets(settings: Settings): boolean {
  const said = settings.get('wallet') ?? [];
  return !Array.isArray(said) || said.length > 0;
}

/** The wallets to have and how they pay. */
export function walletOptions({ settings, params, profile }: GroupContext): WalletOptions {
  const friendlyFee = profile === 'legacy' || (profile === 'coind' && params.testNetwork);
  const payTxFee = amountSetting(settings, 'paytxfee');
  const type = settings.text('addresstype') as AddressType | undefined;
  const changeType = settings.text('changetype') as AddressType | undefined;
  const enabled = !settings.bool('disablewallet', false);
  return {
    enabled,
    load: enabled ? [...new Set(settings.texts('wallet'))] : [],
    loadUnnamed: enabled && profile === 'core' && !saysWallets(settings),
    createDefault: enabled && profile !== 'core' && !settings.isSet('wallet'),
    // bitcoind has made signatures one byte shorter than 0.16 reckoned with.
    ecdsaSize: profile === 'legacy' ? 72 : undefined,
    addressType: type || (profile === 'legacy' ? 'p2sh-segwit' : 'bech32'),
    changeType: changeType || undefined,
    fallbackFeeRate: fallbackFee(settings, friendlyFee),
    minFeeRate: rate(settings, 'mintxfee', 1_000n),
    discardFeeRate: rate(settings, 'discardfee', 10_000n),
    payTxFeeRate: payTxFee === undefined ? undefined : feeRate(payTxFee),
    maxTxFee: amountSetting(settings, 'maxtxfee') ?? 10_000_000n,
    keypoolSize: Math.max(1, settings.int('keypool', 1_000)),
    spendUnconfirmedChange: settings.bool('spendzeroconfchange', true),
    rejectLongChains: settings.bool('walletrejectlongchains', profile !== 'legacy'),
    confirmTarget: settings.int('txconfirmtarget', 6),
    broadcast: settings.bool('walletbroadcast', !settings.bool('blocksonly', false)),
    replaceable: settings.bool('walletrbf', profile !== 'legacy'),
    avoidPartialSpends: settings.bool('avoidpartialspends', false),
    notify: settings.text('walletnotify') || undefined,
  };
}

/** Which commands to run, and when. */
export function notifyOptions(settings: Settings): NotifyOptions {
  const command = (name: string) => settings.text(name) || undefined;
  return {
    block: command('blocknotify'),
    alert: command('alertnotify'),
    startup: command('startupnotify'),
    shutdown: settings.texts('shutdownnotify').filter((text) => text !== ''),
  };
}

/** What to publish over ZeroMQ, and where. */
export function zmqTopicsOf(settings: Settings): readonly ZmqTopic[] {
  return zmqTopics.flatMap((topic) => {
    const highWaterMark = settings.int(`zmqpub${topic}hwm`, 1_000);
    return settings.texts(`zmqpub${topic}`).map((address) => ({
      topic,
      type: `pub${topic}` as const,
      // Elsewhere bitcoind calls such sockets unix:, ZeroMQ has another word.
      address: address.replace(/^unix:/, 'ipc://'),
      highWaterMark,
    }));
  });
}

/** Which indexes to keep. */
export function indexOptions(settings: Settings): IndexOptions {
  return {
    tx: settings.bool('txindex', false),
    blockFilter: settings.text('blockfilterindex', '0') !== '0',
    coinStats: settings.bool('coinstatsindex', false),
    txoSpender: settings.bool('txospenderindex', false),
    address: settings.bool('addressindex', false),
  };
}

/** Whom to connect to. */
export function netOptions({ settings, params, profile }: GroupContext): NetOptions {
  const connect = settings.texts('connect');
  const connectOnly = connect.length > 0 || settings.isNegated('connect');
  return {
    active: settings.bool('networkactive', true),
    listen: settings.bool('listen', true),
    port: settings.int('port', params.p2pPort),
    bind: settings.texts('bind'),
    addNodes: settings.texts('addnode').filter((node) => node.trim() !== ''),
    connectOnly: connectOnly ? connect.filter((node) => node !== '0') : undefined,
    maxConnections: settings.int('maxconnections', 200),
    userAgent: agentFor(profile, settings.texts('uacomment')),
  };
}

/** Where RPC listens and who may use it. */
export function rpcOptions({ settings, params }: GroupContext): RpcOptions {
  const port = settings.int('rpcport', params.rpcPort);
  const allowIp = settings.texts('rpcallowip');
  const bind = settings.texts('rpcbind');
  // Beyond the machine itself only when both say so.
  const open = allowIp.length > 0 && bind.length > 0;
  const hosts = open ? bind : ['127.0.0.1', '[::1]'];
  const whitelist = settings.texts('rpcwhitelist');
  const password = settings.text('rpcpassword', '');
  return {
    enabled: settings.bool('server', true),
    endpoints: hosts.map((text) => ({ port, ...(splitHostPort(text) ?? { host: text }) })),
    allowIp,
    user: settings.text('rpcuser', ''),
    password: password === '' ? undefined : password,
    cookieMode: cookieModes[settings.text('rpccookieperms', 'owner')] ?? 0o600,
    auth: settings.texts('rpcauth'),
    whitelist,
    whitelistDefault: settings.bool('rpcwhitelistdefault', whitelist.length > 0),
    serverTimeoutSeconds: settings.int('rpcservertimeout', 30),
    threads: Math.max(1, settings.int('rpcthreads', 16)),
    workQueue: Math.max(1, settings.int('rpcworkqueue', 64)),
    rest: settings.bool('rest', false),
    docCheck: settings.bool('rpcdoccheck', false),
    deprecated: settings.texts('deprecatedrpc'),
  };
}
