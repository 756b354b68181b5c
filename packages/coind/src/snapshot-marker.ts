/**
 * `chainstate_snapshot/base_blockhash` in the network's directory: by this folder bitcoind, and programs that
 * look after its data, tell that a node has begun with a snapshot whose past is not verified yet. Ours holds
 * the name of the block alone; the coins lie in `chainstate` with all others.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BlockHash, type ChainParams, hashToHex, hexToHash } from '@coind/primitives';
import { ConfError } from '@coind/rpc/conf';

const FOLDER = 'chainstate_snapshot';
const FILE = 'base_blockhash';

/** Throws `ConfError` when the folder in `directory` names a block that the program does not vouch for. */
export function checkSnapshotMarker(
  directory: string,
  { assumeUtxo }: Pick<ChainParams, 'assumeUtxo'>,
): void {
  const path = join(directory, FOLDER, FILE);
  if (!existsSync(path)) return;
  const hash = hashToHex<BlockHash>(readFileSync(path));
  if (assumeUtxo.some(({ blockHash }) => blockHash === hash)) return;
  throw new ConfError(
    `A fatal internal error occurred, see debug.log for details: Assumeutxo data not found for the given blockhash '${hash}'.`,
  );
}

/** Makes the folder say what is so: the block of the snapshot, or undefined for none. */
export function markSnapshot(directory: string, base: BlockHash | undefined): void {
  const folder = join(directory, FOLDER);
  if (base === undefined) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), hexToHash(base));
}
