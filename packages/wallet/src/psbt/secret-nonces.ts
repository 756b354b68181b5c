/**
 * Secret nonces of signatures that are made together: each waits in memory for the nonces of the others, is used once and
 * is gone. They are never written down: a nonce used twice gives its key away, and a copy of a file would be enough.
 */
import { bytesToHex, concatBytes } from '@coind/primitives';
import { makeNonce, type SecretNonce } from '@coind/script';

/** What a nonce is for: whose part of the signature of which message by which key. */
export interface NonceUse {
  /** The key that the signature is right for, 33 bytes. */
  readonly signingKey: Uint8Array;
  readonly participant: Uint8Array;
  readonly message: Uint8Array;
}

function nameOf({ signingKey, participant, message }: NonceUse, publicNonce: Uint8Array): string {
  return bytesToHex(concatBytes(signingKey, participant, message, publicNonce));
}

/** How many nonces may wait at once; beyond, the oldest is forgotten. */
const MOST = 10_000;

/** The nonces of one wallet. */
export class SecretNonces {
  readonly #random: (length: number) => Uint8Array;
  readonly #waiting = new Map<string, SecretNonce>();

  constructor({ random }: { readonly random: (length: number) => Uint8Array }) {
    this.#random = random;
  }

  /** Makes a nonce and returns its public part. */
  make(use: NonceUse, privateKey: Uint8Array): Uint8Array {
    const x = use.signingKey.subarray(1);
    const made = makeNonce(privateKey, x, use.message, this.#random(32));
    this.#waiting.set(nameOf(use, made.publicNonce), made.secretNonce);
    // Most that are never used belong to PSBTs that nobody went on with.
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MOST && oldest !== undefined) this.#waiting.delete(oldest);
    return made.publicNonce;
  }

  /** The secret part, to be used now: it is not here any more. */
  take(use: NonceUse, publicNonce: Uint8Array): SecretNonce | undefined {
    const name = nameOf(use, publicNonce);
    const nonce = this.#waiting.get(name);
    this.#waiting.delete(name);
    return nonce;
  }
}
