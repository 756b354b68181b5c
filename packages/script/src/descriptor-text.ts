/**
 * Output descriptors as text (BIP380): the checksum, and the descriptor that can be told from a script
 * alone. Parsing descriptors and deriving from them is the wallet's.
 */
import { bytesToHex, type ChainParams } from '@coind/primitives';
import { encodeAddress } from './address.ts';
import { isPublicKey, isXOnlyPublicKey } from './secp.ts';
import { classifyOutput, matchMultisig } from './templates.ts';

const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [
  0xf5dee51989n,
  0xa9fdca3312n,
  0x1bab10e32dn,
  0x3706b1677an,
  0x644d626ffdn,
] as const;

function polymod(checksum: bigint, value: number): bigint {
  const top = checksum >> 35n;
  let next = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(value);
  GENERATOR.forEach((word, bit) => {
    if ((top >> BigInt(bit)) & 1n) next ^= word;
  });
  return next;
}

/** The eight characters behind `#`; undefined when `text` has a character no descriptor may have. */
export function descriptorChecksum(text: string): string | undefined {
  let checksum = 1n;
  let group = 0;
  let count = 0;
  for (const character of text) {
    const position = INPUT_CHARSET.indexOf(character);
    if (position < 0) return undefined;
    checksum = polymod(checksum, position & 31);
    group = group * 3 + (position >> 5);
    if (++count === 3) {
      checksum = polymod(checksum, group);
      group = 0;
      count = 0;
    }
  }
  if (count > 0) checksum = polymod(checksum, group);
  for (let i = 0; i < 8; i++) checksum = polymod(checksum, 0);
  checksum ^= 1n;
  let symbols = '';
  for (let i = 7; i >= 0; i--) {
    symbols += CHECKSUM_CHARSET[Number((checksum >> BigInt(5 * i)) & 31n)];
  }
  return symbols;
}

/** `text#checksum`. Throws `RangeError` for a character no descriptor may have. */
export function withChecksum(text: string): string {
  const checksum = descriptorChecksum(text);
  if (checksum === undefined) throw new RangeError('invalid characters in descriptor');
  return `${text}#${checksum}`;
}

/** What bitcoind prints as `desc` of a script it holds no keys for: pk, multi, rawtr, addr or raw. */
export function inferDescriptor(script: Uint8Array, params: ChainParams): string {
  return withChecksum(inferBody(script, params));
}

function inferBody(script: Uint8Array, params: ChainParams): string {
  const { type, solutions } = classifyOutput(script);
  const [first] = solutions;
  if (type === 'pubkey' && first && isPublicKey(first)) return `pk(${bytesToHex(first)})`;
  if (type === 'witness_v1_taproot' && first && isXOnlyPublicKey(first)) {
    return `rawtr(${bytesToHex(first)})`;
  }
  const multisig = type === 'multisig' ? matchMultisig(script) : undefined;
  if (multisig?.pubkeys.every((key) => isPublicKey(key))) {
    return `multi(${[multisig.required, ...multisig.pubkeys.map(bytesToHex)].join(',')})`;
  }
  const address = encodeAddress(script, params);
  return address === undefined ? `raw(${bytesToHex(script)})` : `addr(${address})`;
}
