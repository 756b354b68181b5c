/**
 * The map of the program: every module in the order in which it is made, and the same list backwards to stop.
 * RPC listens first and answers "loading" (-28) until the rest is there, because programs poll it.
 */
import { type Chain, ChainError, importBlocksFile, openChain } from '@coind/chain';
import { createMempool, mempoolDefaults } from '@coind/mempool';
import { createMiner, Digger, Mining, templateDefaults, WorkDesk } from '@coind/miner';
import { type Network, tcpNetwork } from '@coind/p2p';
import { createSearchThreads } from '@coind/pow';
import { ConfError } from '@coind/rpc/conf';
import { ScanPlace } from './chain-scans.ts';
import { chainSource } from './chain-source.ts';
import { createClock, type NodeClock } from './clock.ts';
import type { Options } from './config.ts';
import type { NodeModules } from './context.ts';
import type { DataDir } from './data-dir.ts';
import { NO_DEFAULT_WALLET } from './default-wallet.ts';
import { FEE_FLUSH_MS, FeeFiles } from './fee-files.ts';
import { openIndexStores, startIndexes } from './indexes.ts';
import type { Log, OpenLog } from './log.ts';
import { MempoolFile } from './mempool-file.ts';
import { chainOptions, checkTipTime, openChainStore } from './node-chain.ts';
import { openNodeWallets } from './node-wallets.ts';
import { Payees } from './payees.ts';
import { openNodePeers } from './peers.ts';
import { RebuildError } from './rebuild-error.ts';
import { type RpcService, serveRpc } from './rpc-service.ts';
import { createScheduler } from './scheduler.ts';
import { notifyAlert, notifyBlocks, notifyShutdown, runCommand } from './shell-notify.ts';
import { checkSnapshotMarker, markSnapshot } from './snapshot-marker.ts';
import { askOverRpc, watchTrustedNode } from './trusted-node.ts';
import { listWalletDirectory, walletPath } from './wallet-store.ts';
import { PRE_RELEASE, Warnings, warnOfInvalidChain, watchUnknownRules } from './warnings.ts';
import { ZmqFeed } from './zmq/feed.ts';
import { openZmq } from './zmq/zmq.ts';

/** What the surroundings of a node give it. */
export interface Surroundings {
  readonly log: OpenLog;
  /** Open, and closed by whoever opened it; without one everything is kept in memory. */
  readonly dataDir?: DataDir;
  /** What carries bytes between nodes; without one, TCP. */
  readonly network?: Network;
  /** Fires when the node is to end before it has started: what takes long is then cut short. */
  readonly signal?: AbortSignal;
  /** Called when something broke that the node cannot go on without; it has begun to stop by then. */
  readonly onFailure?: (error: unknown) => void;
}

/** A running node. */
export interface Node {
  readonly modules: NodeModules;
  readonly clock: NodeClock;
  /** Where RPC listens; undefined with -server=0. */
  readonly rpc: { readonly host: string; readonly port: number } | undefined;
  /** How a program in the same process authenticates. */
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
  /** Resolves once the node has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops it: what was accepted is on disk when this resolves. */
  stop(): Promise<void>;
}

/** How much of the chain a loss of power may cost: it can be had again, but not while nobody else has it. */
const FLUSH_MS = 10_000;

/** The parts that have to be closed, in the order in which they were opened. */
class Closers {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Closes everything, last first; a part that fails does not keep the others open. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Opens every module. Throws what the first one that cannot be opened throws, with nothing left open. */
export async function startNode(options: Options, surroundings: Surroundings): Promise<Node> {
  const closers = new Closers();
  try {
    return await openNode(options, surroundings, closers);
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

async function openNode(
  options: Options,
  {
    log,
    dataDir,
    network: carrier = tcpNetwork,
    signal: given,
    onFailure = () => undefined,
  }: Surroundings,
  closers: Closers,
): Promise<Node> {
  const { params, profile } = options;
  const clock = createClock(options.mockTime);

  let stopping: Promise<void> | undefined;
  let markStopped = (_: Promise<void>): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const signal = new AbortController();
  given?.addEventListener('abort', () => signal.abort());
  const stop = (): Promise<void> => {
    if (!stopping) {
      signal.abort();
      stopping = notifyShutdown(options.notify, log).then(() => closers.close());
      markStopped(stopping);
    }
    return stopping;
  };
  const fail = (error: unknown): void => {
    const cause = error instanceof Error && error.cause ? ` (${error.cause})` : '';
    log.error(`A fatal error: ${error instanceof Error ? error.message : String(error)}${cause}`);
    onFailure(error);
    void stop().catch(() => undefined);
  };

  dataDir?.writePid();
  if (params.signetChallenge !== undefined) {
    log.info(`Signet derived magic (message start): ${params.messageStart}`);
  }
  const rpc: RpcService | undefined = options.rpc.enabled
    ? await serveRpc(options, { dataDir, log })
    : undefined;
  closers.add(() => rpc?.close());
  const zmq = await openZmq(options.zmq, log);
  closers.add(() => zmq.close());

  rpc?.loading('Loading block index…');
  if (dataDir && !options.validation.reindex) checkSnapshotMarker(dataDir.network, params);
  const { store, isEmpty } = await openChainStore(options, dataDir, log);
  closers.add(() => store.close());
  const indexStores = await openIndexStores(options.indexes, {
    directory: dataDir?.indexes,
    network: params.name,
    rebuild: options.validation.reindex,
    log,
  });
  closers.add(() => indexStores.close());
  const warnings = new Warnings(
    (message) => {
      log.warn(message);
      notifyAlert(options.notify, message, log);
    },
    profile === 'core' ? [PRE_RELEASE] : [],
  );
  const { assumeValid } = options.validation;
  log.info(
    assumeValid === undefined
      ? 'Validating signatures for all blocks.'
      : `Assuming ancestors of block ${assumeValid} have valid signatures.`,
  );
  const chain = await openChain(
    {
      ...chainOptions(options),
      ...(dataDir && { dir: dataDir.blocks }),
    },
    {
      store,
      clock,
      log,
      signal: signal.signal,
      onFatal: fail,
      onInvalidChain: (isFarAhead) => warnOfInvalidChain(warnings, isFarAhead),
    },
  ).catch((error) => {
    if (!(error instanceof ChainError) || error.code !== 'unchecked-witnesses') throw error;
    throw new RebuildError(error.message);
  });
  if (dataDir) markSnapshot(dataDir.network, chain.background?.base.ref.hash);
  closers.add(() => chain.close());
  checkTipTime(chain, clock.now());
  watchUnknownRules(warnings, chain);
  notifyBlocks(options.notify, chain, log);
  const { stopAtHeight } = options.validation;
  const stopAtLast = (): void => {
    if (stopAtHeight === undefined || chain.tip.ref.height < stopAtHeight) return;
    log.info('Stopping at the height of -stopatheight', { height: stopAtHeight });
    // Later, because whoever brought the last block is still to be answered.
    setImmediate(() => void stop().catch(fail));
  };
  chain.onTip(stopAtLast);
  const flushing = setInterval(() => void chain.flush().catch(fail), FLUSH_MS).unref();
  closers.add(() => clearInterval(flushing));
  log.info('Chain loaded', { height: chain.tip.ref.height, hash: chain.tip.ref.hash });

  const { stores } = indexStores;
  const indexes = await startIndexes({ chain, stores, log, onError: fail });
  closers.add(() => indexes.close());
  const scans = { coins: new ScanPlace(), filters: new ScanPlace() };
  closers.add(() => {
    scans.coins.abort();
    scans.filters.abort();
  });

  const mempool = createMempool(mempoolOptions(options), { chain, clock, log });
  closers.add(() => mempool.close());
  const feed = new ZmqFeed(zmq, { chain });
  if (isEmpty) feed.connected(params.genesis);
  mempool.follow(feed);
  const mempoolFile = new MempoolFile(
    {
      path: dataDir?.mempool,
      persist: options.mempool.persist,
      plain: options.mempool.persistPlain,
    },
    { mempool, clock, log },
  );
  closers.add(() => mempoolFile.close());
  const miner = createMiner(templateOptions(options), { chain, mempool, clock });

  const scheduler = createScheduler();
  closers.add(() => scheduler.close());
  const feeFiles = openFeeFiles(options, dataDir, {
    chain,
    mempool,
    clock,
    log,
    poolLoaded: () => mempoolFile.loaded,
  });
  closers.add(() => feeFiles?.close());
  scheduler.every(
    () => FEE_FLUSH_MS,
    () => feeFiles?.flush(),
  );
  const estimates = feeFiles?.estimates;
  const { chainLimit } = options.mempool;
  const source = chainSource({
    chain,
    mempool,
    clock,
    filters: indexes.filter,
    chainLimit,
    estimates,
    onError: fail,
  });

  rpc?.loading('Loading wallet…');
  const opened = options.wallets.enabled
    ? await openNodeWallets(options, { dataDir, source, log, onError: fail })
    : undefined;
  closers.add(async () => {
    // What a wallet has not seen by now it would have to search for at the next start.
    await source.idle().catch(() => undefined);
    await opened?.wallets.close();
  });

  const payees = new Payees(params, options.mining.address);
  const digger = new Digger({
    chain,
    miner,
    threads: (threads) => createSearchThreads({ threads }),
  });
  const mining = new Mining({
    digger,
    mempool,
    onBlock: (hash) => log.info('Mined a block', { hash }),
    onError: (error) => log.error(`Mining: ${error instanceof Error ? error.message : error}`),
  });
  closers.add(() => mining.close());

  rpc?.loading('Starting network threads…');
  const network = await openNodePeers(options, {
    chain,
    mempool,
    clock,
    scheduler,
    filterIndex: indexes.filter,
    log,
    network: carrier,
    directory: dataDir?.network,
    onFatal: fail,
  });
  closers.add(() => network.close());
  if (options.trustedNode) {
    const ask = askOverRpc(options.trustedNode, signal.signal);
    const coinStats = indexes.coinStats;
    closers.add(
      watchTrustedNode(options.trustedNode, { chain, coinStats, warnings, log, ask, scheduler }),
    );
  }

  const modules: NodeModules = {
    params,
    profile,
    era: options.era,
    chain,
    warnings,
    indexes,
    scans,
    cacheBytes: {
      coins: options.validation.cacheBytes,
      database: options.validation.databaseCacheBytes,
    },
    mempool,
    mempoolFile,
    fees: { estimates, fallback: options.mempool.fallbackEstimate },
    miner,
    mining,
    work: new WorkDesk({ chain, mempool, miner, clock }),
    payees,
    peers: network.peers,
    bans: network.bans,
    saveBans: network.saveBans,
    addresses: network.addresses,
    scheduler,
    zmq,
    wallets: opened?.wallets,
    walletPath: (name) => walletPath(dataDir?.wallets ?? '', name),
    walletsOnDisk: () => (dataDir ? listWalletDirectory(dataDir.wallets) : []),
    defaultWallet: opened?.defaultWallet ?? NO_DEFAULT_WALLET,
    source,
    clock,
    log,
    logPath: options.log.file ?? '',
    activeCalls: () => rpc?.active() ?? [],
    directory: dataDir?.network,
    settings: options.settingsFile,
    userAgent: options.net.userAgent,
    stopping: signal.signal,
    // The answer to `stop` has to reach its caller before the sockets close.
    stop: () => void setImmediate(() => void stop().catch(fail)),
  };
  const loadBlocksAndMempool = async (): Promise<void> => {
    log.info('initload thread start');
    await importBlockFiles(options, { chain, log, signal: signal.signal });
    await mempoolFile.load();
    log.info('initload thread exit');
    if (options.validation.stopAfterImport) modules.stop();
  };
  rpc?.ready(modules);
  await startMining(options, modules);
  void loadBlocksAndMempool().catch(fail);
  if (options.notify.startup !== undefined) void runCommand(options.notify.startup, log);
  log.info('init message: Done loading');
  stopAtLast();
  return {
    modules,
    clock,
    rpc: rpc && { host: rpc.host, port: rpc.port },
    credentials: rpc?.credentials,
    stopped,
    stop,
  };
}

interface ImportSurroundings {
  readonly chain: Chain;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Takes in the files of -loadblock, one after the other. */
async function importBlockFiles(
  { validation }: Options,
  { chain, log, signal }: ImportSurroundings,
): Promise<void> {
  for (const path of validation.blockFiles) {
    log.info(`Importing blocks file ${path}...`);
    const blocks = await importBlocksFile(chain, path, { log, signal });
    if (blocks === undefined) log.warn(`Could not open blocks file ${path}`);
    else log.info(`Loaded ${blocks} blocks from external file`);
  }
}

/** Mines from the start where the options say so. Throws {@link ConfError} when nobody would be paid. */
async function startMining({ mining: { mode } }: Options, node: NodeModules): Promise<void> {
  if (mode.kind === 'manual') return;
  const wallet = node.wallets?.list()[0] ?? (await node.defaultWallet.open());
  const payee = node.payees.fixed ?? (wallet && node.payees.of(wallet));
  if (!payee) throw new ConfError('-mining needs a wallet that is loaded, or -miningaddress');
  await node.mining.set(mode, payee);
}

function mempoolOptions({ mempool, profile }: Options) {
  return {
    ...mempoolDefaults,
    requireStandard: mempool.requireStandard,
    minRelayFee: mempool.minRelayFeeRate,
    incrementalFee: mempool.incrementalFeeRate,
    dustFee: mempool.dustFeeRate,
    maxBytes: mempool.maxSizeBytes,
    expirySeconds: mempool.expirySeconds,
    clusterCount: mempool.clusterCount,
    clusterVbytes: mempool.clusterSizeVbytes,
    dataCarrierBytes: mempool.maxDataCarrierBytes,
    permitBareMultisig: mempool.permitBareMultisig,
    bytesPerSigop: mempool.bytesPerSigop,
    replaceable: profile === 'legacy' ? ('signalling' as const) : ('all' as const),
  };
}

/** Without transactions of others there is nothing to learn from: then there are no estimates. */
function openFeeFiles(
  { mempool }: Options,
  dataDir: DataDir | undefined,
  modules: ConstructorParameters<typeof FeeFiles>[1],
): FeeFiles | undefined {
  const { estimateFees, acceptStaleEstimates: acceptStale } = mempool;
  if (!estimateFees) return undefined;
  return new FeeFiles({ directory: dataDir?.fees, acceptStale }, modules);
}

function templateOptions({ mining, profile }: Options) {
  return {
    ...templateDefaults,
    maxWeight: mining.maxWeight,
    reservedWeight: mining.reservedWeight,
    minFee: mining.minFeeRate,
    finalCoinbase: profile === 'legacy',
    ...(mining.blockVersion !== undefined && { version: mining.blockVersion }),
  };
}
