/**
 * From a directory to a chain: headers into the tree, the tip, a look at the block files, genesis for
 * a new one. Blocks that lie in the files but not in the index (after a crash, or when the index was
 * thrown away to build it anew) are taken in like blocks from outside.
 */
import type { AssumedUtxos } from '@coind/primitives';
import type { Activator } from './activate.ts';
import { Background } from './background.ts';
import type { DiskBlockFiles, FilePosition } from './block-files.ts';
import type { BlockNode } from './block-index.ts';
import { ChainError } from './chain-error.ts';
import type { ChainLog } from './chain-log.ts';
import { type ChainState, commit } from './connect-tip.ts';
import { importFiles, type Leftover } from './import.ts';
import { activeLedger, clearLedger, ledgerAt, otherSlot } from './ledger.ts';
import type { SnapshotRecord } from './tables.ts';
import { verifyBlocks } from './verify.ts';

/** What loading needs beside the state. */
export interface LoadOptions {
  /** The files of `state.files` when they lie on disk. */
  readonly disk: DiskBlockFiles | undefined;
  /** How many of the last blocks are verified (0: all), and how thoroughly: see `verify.ts`. */
  readonly checkBlocks: number;
  readonly checkLevel: number;
  /** Forget the coins and connect every block anew. */
  readonly rebuildCoins: boolean;
  /** Whether bodies may be missing below. */
  readonly pruning: boolean;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: ChainLog | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Fills `state` from the store and the files. Throws `ChainError` when they are damaged. */
export async function loadChain(
  state: ChainState,
  activator: Activator,
  options: LoadOptions,
): Promise<Background | undefined> {
  const { isNew, background } = await loadHeaders(state, options.rebuildCoins);
  if (!options.pruning) requireAllBodies(state);
  await commit(state, [state.segwitHeight.put(undefined, state.params.buried.segwit)]);
  const leftovers = options.disk ? findLeftovers(state, options.disk) : [];
  if (isNew) await enterGenesis(state, activator, leftovers.length > 0);
  else await checkLastBlocks(state, options);
  if (options.disk && leftovers.length > 0) {
    await importFiles(state, activator, leftovers, { ...options, disk: options.disk });
  }
  if (options.signal?.aborted) return background;
  ensureGenesisBody(state);
  await activator.activate();
  await commit(state, [state.rebuilding.del(undefined)]);
  return background;
}

/**
 * Where to look for blocks that the index does not know: behind those that it does, and everywhere while it
 * is being built anew, because blocks that waited for their parents were forgotten when the process ended.
 */
function findLeftovers(state: ChainState, disk: DiskBlockFiles): Leftover[] {
  const leftovers = disk.check(fileEnds(state));
  if (state.rebuilding.getSync(undefined) === undefined) return leftovers;
  const files = disk.fileNumbers('blk').filter((file) => !disk.isEmpty(file));
  return files.map((file) => ({ file, offset: 0 }));
}

/** Where the files do not begin with genesis, it is appended to them. */
function ensureGenesisBody({ index, params, files, changed }: ChainState): void {
  const node = index.at(0);
  if (!node || node.body || node.isPruned) return;
  index.receiveBody(node, params.genesis.txs.length, files.appendBody(params.genesis.encode()));
  changed.add(node);
}

/** Reads all headers and the tip, and the past of a snapshot where one is being verified. */
async function loadHeaders(
  state: ChainState,
  rebuildCoins: boolean,
): Promise<{ readonly isNew: boolean; readonly background?: Background | undefined }> {
  const { headers, index, params } = state;
  const record = state.snapshotTable.getSync(undefined);
  if (record) state.ledger = activeLedger(state.ledgers[record.slot], index);
  const tip = state.ledger.tipTable.getSync(undefined);
  // Headers without a tip are what is left when the process died while it was forgetting the coins.
  const keepsCoins = tip !== undefined && !rebuildCoins;
  const assumed = keepsCoins && record && !record.verified ? assumedOf(record, params) : undefined;
  if (assumed) index.assume(assumed.blockHash, assumed.txCount);
  for await (const rows of headers.chunks()) {
    for (const [[, hash], record] of rows) {
      if (!index.addRecord(hash, record)) throw indexDamaged(`header ${hash} has no parent`);
    }
  }
  if (index.size === 0) return { isNew: true };
  const genesis = index.get(params.genesis.hash);
  if (!genesis) throw indexDamaged('it begins with another genesis block');
  if (!keepsCoins) {
    await forgetCoins(state, genesis);
    return { isNew: false };
  }
  const node = index.get(tip.hash);
  // Genesis alone may lack its body: the node ended before it had found it in the files.
  if (!node?.isComplete && node !== genesis) {
    throw indexDamaged(`the tip ${tip.hash} is not among the headers`);
  }
  requireWitnessChecks(state, node);
  index.setActive(node);
  return { isNew: false, background: assumed && backgroundOf(state, assumed) };
}

/** What the program knows of a snapshot that was loaded. Throws `ChainError` when it is nothing. */
function assumedOf({ base }: SnapshotRecord, { assumeUtxo }: ChainState['params']): AssumedUtxos {
  const assumed = assumeUtxo.find(({ blockHash }) => blockHash === base);
  if (assumed) return assumed;
  throw new ChainError(
    'index-damaged',
    `Assumeutxo data not found for the given blockhash '${base}'.`,
  );
}

/** The ledger that is on its way to the block of a snapshot. */
function backgroundOf(state: ChainState, assumed: AssumedUtxos): Background {
  const past = state.ledgers[otherSlot(state.ledger.slot)];
  const ref = past.tipTable.getSync(undefined);
  const tip = ref && state.index.get(ref.hash);
  const base = state.index.get(assumed.blockHash);
  if (!tip || !base) throw indexDamaged('the past of its snapshot is not among the headers');
  return new Background(ledgerAt(past, tip), base, assumed);
}

/**
 * Throws `ChainError` when blocks below the tip came in before segwit's rules were known to hold for them:
 * their witnesses were neither checked nor, perhaps, kept.
 */
function requireWitnessChecks({ segwitHeight, params }: ChainState, tip: BlockNode): void {
  const { segwit } = params.buried;
  const checkedFrom = segwitHeight.getSync(undefined) ?? segwit;
  if (checkedFrom <= segwit || tip.height < segwit) return;
  const message = `Witness data for blocks after height ${segwit} requires validation. Please restart with -reindex.`;
  throw new ChainError('unchecked-witnesses', message);
}

/** Goes back to genesis with an empty set of coins; every block is then connected and checked anew. */
async function forgetCoins(state: ChainState, genesis: BlockNode): Promise<void> {
  const { index, changed, ledgers } = state;
  await clearLedger(state.ledger);
  await clearLedger(ledgers[otherSlot(state.ledger.slot)]);
  await state.snapshotTable.clear();
  state.ledger = activeLedger(ledgers[0], index);
  for (const node of index.nodes()) {
    if (!node.connected || node === genesis) continue;
    node.connected = false;
    changed.add(node);
  }
  index.setActive(genesis);
  await commit(state, [state.ledger.tipTable.put(undefined, genesis.ref)]);
}

/** Throws `ChainError` when blocks were pruned: a node that serves all of them cannot do without. */
function requireAllBodies({ index }: ChainState): void {
  for (const node of index.nodes()) {
    if (!node.isPruned) continue;
    const message =
      'You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the entire blockchain';
    throw new ChainError('pruned', message);
  }
}

function indexDamaged(detail: string): ChainError {
  const message = `The block index is damaged: ${detail}. Restart with -reindex to rebuild it.`;
  return new ChainError('index-damaged', message);
}

/** Where the records end that the index knows of, by file. */
function fileEnds({ index }: ChainState): {
  blk: Map<number, number>;
  rev: Map<number, number>;
} {
  const ends = { blk: new Map<number, number>(), rev: new Map<number, number>() };
  const raise = (map: Map<number, number>, { file, offset, size }: FilePosition): void => {
    map.set(file, Math.max(map.get(file) ?? 0, offset + size));
  };
  for (const { body, undo } of index.nodes()) {
    if (body) raise(ends.blk, body);
    if (undo) raise(ends.rev, undo);
  }
  return ends;
}

/** Starts the chain with genesis. With `inFiles`, its body is expected among the leftovers. */
async function enterGenesis(
  state: ChainState,
  activator: Activator,
  inFiles: boolean,
): Promise<void> {
  const { index, params, ledger, files, changed } = state;
  const { genesis } = params;
  const node = index.add(genesis.header, undefined);
  // Its coins do not exist (they never did in bitcoind), so there is nothing to connect.
  node.connected = true;
  changed.add(node);
  if (!inFiles) {
    activator.remember(genesis);
    index.receiveBody(node, genesis.txs.length, files.appendBody(genesis.encode()));
  }
  index.setTip(node);
  index.prune();
  await commit(state, [ledger.tipTable.put(undefined, node.ref)]);
}

/** Throws `ChainError` when something is wrong with the last blocks. */
async function checkLastBlocks(
  state: ChainState,
  { checkLevel, checkBlocks }: LoadOptions,
): Promise<void> {
  const { error } = await verifyBlocks(state, checkLevel, checkBlocks);
  if (error) throw error;
}
