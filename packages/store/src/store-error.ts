/** The one error of this package: an operating error, never a verdict about data of the network. */

/**
 * `locked`: another process has it open. `corrupt`: the files are damaged. `network`, `kind`: it
 * belongs to another network or holds something else. `schema`: it was written by another version.
 * `io`: anything else the disk said.
 */
export type StoreErrorCode = 'locked' | 'corrupt' | 'network' | 'kind' | 'schema' | 'io';

/** A store cannot be opened or used; `message` says which and what to do. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
