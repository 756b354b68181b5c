/** The descriptor that can be told from a script. */
import { bytesToHex, type ChainParams } from '@coind/primitives';
import {
  classifyOutput,
  encodeAddress,
  isPublicKey,
  isXOnlyPublicKey,
  matchMultisig,
} from '@coind/script';
import { withChecksum } from './checksum.ts';

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
