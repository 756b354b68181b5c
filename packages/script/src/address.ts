/**
 * Addresses and private keys as text, per network, with bitcoind's error texts. An address is another
 * spelling of a scriptPubKey, so that is what it decodes to.
 */
import { type ChainParams, concatBytes } from '@coind/primitives';
import { base58CheckDecode, base58CheckEncode, base58Decode } from './base58.ts';
import { bech32Decode, bech32Encode, fromFiveBits, toFiveBits } from './bech32.ts';
import { isP2sh, witnessProgram } from './script.ts';
import { isScalar } from './signature-encoding.ts';
import { isP2pkh, p2pkh, p2sh, witnessScript } from './templates.ts';

/** Text that is no address (or no private key) of the network; `message` is bitcoind's. */
export class AddressError extends Error {
  override name = 'AddressError';
  /** Positions of wrong characters, as far as the checksum tells; `error_locations` of RPC. */
  readonly locations: readonly number[];

  constructor(message: string, locations: readonly number[] = []) {
    super(message);
    this.locations = locations;
  }
}

/**
 * The scriptPubKey that an address stands for on the network of `params`. Throws `AddressError`.
 *
 * @example decodeAddress('bcrt1pfeesnyr2tx', regtest) // 51024e73
 */
export function decodeAddress(text: string, params: ChainParams): Uint8Array {
  const { bech32Hrp } = params;
  return text.slice(0, bech32Hrp.length).toLowerCase() === bech32Hrp
    ? decodeSegwit(text, bech32Hrp)
    : decodeBase58Address(text, params);
}

function decodeBase58Address(text: string, { base58 }: ChainParams): Uint8Array {
  const data = base58CheckDecode(text, 21);
  if (data) {
    const hash = data.subarray(1);
    const known = data[0] === base58.pubkeyHash || data[0] === base58.scriptHash;
    if (!known) throw new AddressError('Invalid or unsupported Base58-encoded address.');
    if (hash.length !== 20) {
      throw new AddressError('Invalid length for Base58 address (P2PKH or P2SH)');
    }
    return data[0] === base58.pubkeyHash ? p2pkh(hash) : p2sh(hash);
  }
  throw new AddressError(
    base58Decode(text, 100)
      ? 'Invalid checksum or length of Base58 address (P2PKH or P2SH)'
      : 'Invalid or unsupported Segwit (Bech32) or Base58 encoding.',
  );
}

function decodeSegwit(text: string, expected: string): Uint8Array {
  const decoded = bech32Decode(text);
  if ('message' in decoded) throw new AddressError(decoded.message, decoded.locations);
  const { encoding, prefix, values } = decoded;
  const [version, ...groups] = values;
  if (version === undefined) throw new AddressError('Empty Bech32 data section');
  if (prefix !== expected) {
    throw new AddressError(
      `Invalid or unsupported prefix for Segwit (Bech32) address (expected ${expected}, got ${prefix}).`,
    );
  }
  if (version === 0 && encoding !== 'bech32') {
    throw new AddressError('Version 0 witness address must use Bech32 checksum');
  }
  if (version !== 0 && encoding !== 'bech32m') {
    throw new AddressError('Version 1+ witness address must use Bech32m checksum');
  }
  const program = fromFiveBits(groups);
  if (!program) throw new AddressError('Invalid padding in Bech32 data section');
  const { length } = program;
  const size = `${length} ${length === 1 ? 'byte' : 'bytes'}`;
  if (version === 0 && length !== 20 && length !== 32) {
    throw new AddressError(`Invalid Bech32 v0 address program size (${size}), per BIP141`);
  }
  if (version > 16) throw new AddressError('Invalid Bech32 address witness version');
  if (length < 2 || length > 40) {
    throw new AddressError(`Invalid Bech32 address program size (${size})`);
  }
  return witnessScript(version, program);
}

/**
 * The address of a scriptPubKey on the network of `params`; undefined when it has none (bare public
 * keys and multisig, data, nonstandard).
 */
export function encodeAddress(script: Uint8Array, params: ChainParams): string | undefined {
  const { base58, bech32Hrp } = params;
  if (isP2pkh(script)) return encodeBase58Hash(base58.pubkeyHash, script.subarray(3, 23));
  if (isP2sh(script)) return encodeBase58Hash(base58.scriptHash, script.subarray(2, 22));
  const witness = witnessProgram(script);
  if (!witness) return undefined;
  const { version, program } = witness;
  if (version === 0 && program.length !== 20 && program.length !== 32) return undefined;
  const encoding = version === 0 ? 'bech32' : 'bech32m';
  return bech32Encode(encoding, bech32Hrp, [version, ...toFiveBits(program)]);
}

function encodeBase58Hash(version: number, hash20: Uint8Array): string {
  return base58CheckEncode(concatBytes(new Uint8Array([version]), hash20));
}

/** A private key as its text form tells it. */
export interface WifKey {
  /** 32 bytes, a scalar of the curve. */
  readonly privateKey: Uint8Array;
  /** Whether the public key that belongs to it is written in 33 bytes. */
  readonly compressed: boolean;
}

/** The text of a private key (wallet import format), as `dumpprivkey` prints it. */
export function encodeWif(
  privateKey: Uint8Array,
  compressed: boolean,
  params: ChainParams,
): string {
  const version = new Uint8Array([params.base58.secretKey]);
  const mark = new Uint8Array(compressed ? [1] : []);
  return base58CheckEncode(concatBytes(version, privateKey, mark));
}

/** The private key of its text form. Throws `AddressError` (`Invalid private key encoding`). */
export function decodeWif(text: string, params: ChainParams): WifKey {
  const data = base58CheckDecode(text, 34);
  const compressed = data?.length === 34 && data[33] === 1;
  if (data?.[0] === params.base58.secretKey && (data.length === 33 || compressed)) {
    const privateKey = data.slice(1, 33);
    if (isScalar(privateKey)) return { privateKey, compressed };
  }
  throw new AddressError('Invalid private key encoding');
}
