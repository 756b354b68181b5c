/** Signed messages (`signmessage`, `verifymessage`): a compact signature over a prefixed text. */
import {
  type ChainParams,
  concatBytes,
  equalBytes,
  hash160,
  sha256d,
  Writer,
} from '@coind/primitives';
import { AddressError, decodeAddress, isP2pkh, recover, signRecoverable } from '@coind/script';
import { WalletError } from './errors.ts';

const MAGIC = new TextEncoder().encode('Bitcoin Signed Message:\n');
/** First byte of a signature: 27 and the recovery id, 4 more for a compressed key. */
const HEADER = 27;
const COMPRESSED = 4;
const SIGNATURE_LENGTH = 65;

/** What a message signature signs. */
export function messageHash(message: string): Uint8Array {
  const text = new TextEncoder().encode(message);
  return sha256d(new Writer(text.length + 32).varBytes(MAGIC).varBytes(text).finish());
}

/** Signs with a key; base64 of 65 bytes. */
export function signMessageWithKey(
  message: string,
  privateKey: Uint8Array,
  compressed: boolean,
): string {
  const { signature, recoveryId } = signRecoverable(messageHash(message), privateKey);
  const header = HEADER + recoveryId + (compressed ? COMPRESSED : 0);
  return Buffer.from(concatBytes(Uint8Array.of(header), signature)).toString('base64');
}

/** True when an address and a public key are the same. */
export function isAddressOfKey(script: Uint8Array, key: Uint8Array): boolean {
  return isP2pkh(script) && equalBytes(script.subarray(3, 23), hash160(key));
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * True when `signature` over `message` is by the key of a P2PKH address. Throws `WalletError`:
 * 'invalid-address', 'not-a-key-address', 'malformed-signature' (no base64 at all).
 */
export function verifyMessage(
  address: string,
  signature: string,
  message: string,
  params: ChainParams,
): boolean {
  let script: Uint8Array;
  try {
    script = decodeAddress(address, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new WalletError('invalid-address', 'Invalid address', { reason: error.message });
  }
  if (!isP2pkh(script)) throw new WalletError('not-a-key-address');
  if (!BASE64.test(signature)) throw new WalletError('malformed-signature');
  const bytes = new Uint8Array(Buffer.from(signature, 'base64'));
  const header = (bytes[0] ?? 0) - HEADER;
  if (bytes.length !== SIGNATURE_LENGTH || header < 0 || header > 7) return false;
  const compressed = (header & COMPRESSED) !== 0;
  const key = recover(messageHash(message), bytes.subarray(1), header & 3, compressed);
  return key !== undefined && isAddressOfKey(script, key);
}
