/** The operating error of this package: something is wrong with our disk, never with the network's data. */
import type { BlockRef } from '@coind/consensus';

/**
 * `file-missing`: a block or undo file is not where it was. `file-damaged`: it is there but does not
 * hold what it did. `index-damaged`: the index contradicts itself. `unknown-position`: a follower
 * stands at a block this chain never had. `pruned`: what is asked for was deleted to save space.
 * `unchecked-witnesses`: the rules have changed since blocks came in. `wrong-key`: the key of the block files is not whole, or is there though none is wanted.
 */
export type ChainErrorCode =
  | 'file-missing'
  | 'file-damaged'
  | 'index-damaged'
  | 'unknown-position'
  | 'pruned'
  | 'unchecked-witnesses'
  | 'disconnect-failed'
  | 'wrong-key';

/** The chain's data on disk cannot be used; `message` names the file and says what to do. */
export class ChainError extends Error {
  override name = 'ChainError';
  readonly code: ChainErrorCode;
  /** The file at fault, where it is one. */
  readonly path: string | undefined;

  constructor(code: ChainErrorCode, message: string, path?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
  }
}

const ADVICE = 'Put it back from a copy, or restart with -reindex to rebuild from what is whole.';

/** A block file that cannot be opened. */
export function missing(path: string, cause?: unknown): ChainError {
  const message = `Block file ${path} cannot be opened. ${ADVICE}`;
  return new ChainError('file-missing', message, path, cause);
}

/** A block file that does not hold what it should. */
export function damaged(path: string, detail: string): ChainError {
  const message = `Block file ${path} is damaged: ${detail}. ${ADVICE}`;
  return new ChainError('file-damaged', message, path);
}

/** A block whose body or undo record was pruned. */
export function prunedBlock({ hash, height }: BlockRef): ChainError {
  const message = `Block ${hash} (height ${height}) was deleted by pruning. It has to be downloaded again, or the chain rebuilt with -reindex.`;
  return new ChainError('pruned', message);
}
