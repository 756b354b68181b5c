/** The one error of this package. */

/** A descriptor that cannot be read, or cannot make a script; the message is bitcoind's. */
export class DescriptorError extends Error {
  override name = 'DescriptorError';
}

/** Throws a `DescriptorError`. */
export function refuse(message: string): never {
  throw new DescriptorError(message);
}
