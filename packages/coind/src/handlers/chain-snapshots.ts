/** Handlers of the methods about snapshots of the UTXO set. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import {
  type BlockInfo,
  ChainError,
  decodeSnapshotHeader,
  SNAPSHOT_HEADER_SIZE,
  SnapshotError,
  type SnapshotHeader,
  type SnapshotSummary,
  writeSnapshot,
} from '@coind/chain';
import { type BlockHash, chainNames, chainParams, DecodeError } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { blockAt, requireActive } from '../chain-lookup.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { markSnapshot } from '../snapshot-marker.ts';

type Snapshots = Pick<typeof methods.blockchain, 'dumptxoutset' | 'loadtxoutset'>;

const BYTES_PER_WRITE = 1 << 20;
const BYTES_PER_READ = 1 << 18;

/** The block as of which a snapshot is wanted. Throws -8. */
function targetOf(
  { chain }: NodeModules,
  type: string,
  rollback: BlockHash | number | undefined,
): BlockInfo {
  if (rollback !== undefined) {
    if (type !== '' && type !== 'rollback') {
      throw new RpcError(-8, `Invalid snapshot type "${type}" specified with rollback option`);
    }
    const info = blockAt(chain, rollback);
    requireActive(chain, info);
    return info;
  }
  if (type === 'latest') return chain.tip;
  if (type === 'rollback') {
    const newest = chain.params.assumeUtxo.at(-1);
    if (newest) return blockAt(chain, newest.height);
    throw new RpcError(
      -8,
      'No snapshot of this network is known that could be loaded. Please name a block with the rollback option',
    );
  }
  throw new RpcError(
    -8,
    `Invalid snapshot type "${type}" specified. Please specify "rollback" or "latest"`,
  );
}

/** The file that a caller names. */
function fileOf({ directory }: NodeModules, path: string): string {
  return isAbsolute(path) || directory === undefined ? path : join(directory, path);
}

/** Opens the file to write into. Throws -8 when it is there or cannot be made. */
async function create(path: string, temporary: string): Promise<FileHandle> {
  if (existsSync(path) && !statSync(path).isFIFO()) {
    throw new RpcError(
      -8,
      `${path} already exists. If you are sure this is what you want, move it out of the way first`,
    );
  }
  try {
    return await open(temporary, 'w');
  } catch {
    throw new RpcError(-8, `Couldn't open file ${temporary} for writing.`);
  }
}

/** Writes a snapshot into `file`, in pieces that are worth a system call. */
async function write(
  { chain }: NodeModules,
  { ref }: BlockInfo,
  file: FileHandle,
): Promise<SnapshotSummary> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    await file.writeFile(Buffer.concat(pieces));
    pieces = [];
    size = 0;
  };
  const summary = await writeSnapshot(chain, ref, (bytes) => {
    pieces.push(bytes);
    size += bytes.length;
    return size >= BYTES_PER_WRITE ? flush() : undefined;
  });
  await flush();
  return summary;
}

async function readHeader(path: string): Promise<SnapshotHeader> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    throw new RpcError(-8, `Couldn't open file ${path} for reading.`);
  }
  try {
    const bytes = new Uint8Array(SNAPSHOT_HEADER_SIZE);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return decodeSnapshotHeader(bytes.subarray(0, bytesRead));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError(-22, `Unable to parse metadata: ${error.message}`);
  } finally {
    await file.close();
  }
}

/** The coins of a snapshot, as they follow its header in the file. */
async function* coinBytes(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { start: SNAPSHOT_HEADER_SIZE, highWaterMark: BYTES_PER_READ });
}

/** Refuses a snapshot of another network with -22. */
function checkNetwork({ params }: NodeModules, { messageStart }: SnapshotHeader): void {
  if (messageStart === params.messageStart) return;
  const other = chainNames.find((name) => chainParams(name)?.messageStart === messageStart);
  const reason = other
    ? `The network of the snapshot (${other}) does not match the network of this node (${params.name}).`
    : 'This snapshot has been created for an unrecognized network. This could be a custom signet, a new testnet or possibly caused by data corruption.';
  throw new RpcError(-22, `Unable to parse metadata: ${reason}`);
}

/** Handlers of the methods about snapshots of the UTXO set. */
export const chainSnapshots: Handlers<Snapshots, RpcContext> = {
  async dumptxoutset({ node }, { path: given, type, options }) {
    const target = targetOf(node, type, options?.rollback);
    const path = fileOf(node, given);
    const isPipe = existsSync(path) && statSync(path).isFIFO();
    // Under its own name only when it is whole.
    const temporary = isPipe ? path : `${path}.incomplete`;
    const file = await create(path, temporary);
    let summary: SnapshotSummary;
    try {
      summary = await write(node, target, file);
    } catch (error) {
      await file.close();
      if (!isPipe) await rm(temporary, { force: true });
      if (!(error instanceof ChainError) || error.code !== 'pruned') throw error;
      throw new RpcError(
        -1,
        'Could not roll back to requested height since necessary block data is already pruned.',
      );
    }
    await file.close();
    if (!isPipe) await rename(temporary, path);
    return {
      coins_written: summary.coins,
      base_hash: summary.base.hash,
      base_height: summary.base.height,
      path,
      txoutset_hash: summary.hash,
      nchaintx: target.chainTxCount,
    };
  },

  async loadtxoutset({ node }, { path: given }) {
    const path = fileOf(node, given);
    const header = await readHeader(path);
    checkNetwork(node, header);
    const { chain, mempool } = node;
    const { baseHash, coinCount } = header;
    const mayBegin = (): void => {
      if (mempool.size === 0) return;
      throw new SnapshotError("Can't activate a snapshot when mempool not empty");
    };
    try {
      const base = await chain.loadSnapshot({
        baseHash,
        coinCount,
        coins: coinBytes(path),
        mayBegin,
      });
      const { hash, height } = base.ref;
      // Small chains are verified by now: then there is nothing to tell of.
      if (node.directory !== undefined)
        markSnapshot(node.directory, chain.background?.base.ref.hash);
      return { coins_loaded: Number(coinCount), tip_hash: hash, base_height: height, path };
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      throw new RpcError(-32603, `Unable to load UTXO snapshot: ${error.message}. (${path})`);
    }
  },
};
