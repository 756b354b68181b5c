/**
 * The forms of output that wallets and policy know by name, recognised as bitcoind recognises them, and
 * the functions that build them. Whether a form is standard is policy; what it pays to, `address.ts`.
 */
import { OP, smallNumber } from './opcodes.ts';
import {
  buildScript,
  isMinimalPush,
  isP2a,
  isP2sh,
  isPushOnly,
  MAX_PUBKEYS_PER_MULTISIG,
  ScriptCursor,
  witnessProgram,
} from './script.ts';
import { decodeScriptNum } from './script-num.ts';
import { hasPublicKeyLength } from './signature-encoding.ts';

/** What RPC prints as the `type` of an output. */
export type OutputType =
  | 'pubkey'
  | 'pubkeyhash'
  | 'scripthash'
  | 'multisig'
  | 'nulldata'
  | 'anchor'
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'witness_unknown'
  | 'nonstandard';

/** The form of an output and what varies in it. */
export interface OutputTemplate {
  readonly type: OutputType;
  /**
   * pubkey: the key; pubkeyhash, scripthash, witness: the hash or program; witness_unknown: one byte of
   * version, then the program; multisig: one byte m, the keys, one byte n; else nothing. Views of the
   * script where they can be.
   */
  readonly solutions: readonly Uint8Array[];
}

const none: readonly Uint8Array[] = [];

/** Which template a scriptPubKey follows. Every script follows one: `nonstandard` is the last. */
export function classifyOutput(script: Uint8Array): OutputTemplate {
  if (isP2sh(script)) return { type: 'scripthash', solutions: [script.subarray(2, 22)] };
  const witness = witnessProgram(script);
  if (witness) {
    const { version, program } = witness;
    if (version === 0) {
      if (program.length === 20) return { type: 'witness_v0_keyhash', solutions: [program] };
      if (program.length === 32) return { type: 'witness_v0_scripthash', solutions: [program] };
      return { type: 'nonstandard', solutions: none };
    }
    if (version === 1 && program.length === 32) {
      return { type: 'witness_v1_taproot', solutions: [program] };
    }
    if (isP2a(script)) return { type: 'anchor', solutions: none };
    return { type: 'witness_unknown', solutions: [new Uint8Array([version]), program] };
  }
  if (script[0] === OP.OP_RETURN && isPushOnly(script, 1)) {
    return { type: 'nulldata', solutions: none };
  }
  const pubkey = matchPubkey(script);
  if (pubkey) return { type: 'pubkey', solutions: [pubkey] };
  if (isP2pkh(script)) return { type: 'pubkeyhash', solutions: [script.subarray(3, 23)] };
  const multi = matchMultisig(script);
  if (multi) {
    const { required, pubkeys } = multi;
    return {
      type: 'multisig',
      solutions: [new Uint8Array([required]), ...pubkeys, new Uint8Array([pubkeys.length])],
    };
  }
  return { type: 'nonstandard', solutions: none };
}

/** True for DUP HASH160 <20 bytes> EQUALVERIFY CHECKSIG. */
export function isP2pkh(script: Uint8Array): boolean {
  return (
    script.length === 25 &&
    script[0] === OP.OP_DUP &&
    script[1] === OP.OP_HASH160 &&
    script[2] === 20 &&
    script[23] === OP.OP_EQUALVERIFY &&
    script[24] === OP.OP_CHECKSIG
  );
}

function matchPubkey(script: Uint8Array): Uint8Array | undefined {
  const { length } = script;
  if (length !== 35 && length !== 67) return undefined;
  if (script[0] !== length - 2 || script[length - 1] !== OP.OP_CHECKSIG) return undefined;
  const key = script.subarray(1, length - 1);
  return hasPublicKeyLength(key) ? key : undefined;
}

/** The keys of a bare multisig script and how many of them must sign. */
export interface Multisig {
  readonly required: number;
  readonly pubkeys: readonly Uint8Array[];
}

/** The parts of `m <key>… n CHECKMULTISIG`, up to twenty keys; undefined for any other script. */
export function matchMultisig(script: Uint8Array): Multisig | undefined {
  if (script[script.length - 1] !== OP.OP_CHECKMULTISIG) return undefined;
  const cursor = new ScriptCursor(script);
  if (!cursor.next()) return undefined;
  const required = pushedCount(cursor, 1);
  if (required === undefined) return undefined;
  const pubkeys: Uint8Array[] = [];
  while (cursor.next() && hasPublicKeyLength(cursor.data)) pubkeys.push(cursor.data);
  const total = pushedCount(cursor, required);
  if (total !== pubkeys.length || cursor.offset !== script.length - 1) return undefined;
  return { required, pubkeys };
}

/** The number min … 20 that the cursor's opcode pushes in its shortest form. */
function pushedCount(cursor: ScriptCursor, min: number): number | undefined {
  const { opcode, data } = cursor;
  let count = opcode === OP.OP_0 ? undefined : smallNumber(opcode);
  if (count === undefined) {
    // Every count that needs a pushed byte (17 … 20) fits in one.
    if (opcode > OP.OP_PUSHDATA4 || data.length !== 1 || !isMinimalPush(data, opcode)) {
      return undefined;
    }
    count = decodeScriptNum(data, false);
  }
  return count >= min && count <= MAX_PUBKEYS_PER_MULTISIG ? count : undefined;
}

/** `<key> CHECKSIG`. */
export function p2pk(pubkey: Uint8Array): Uint8Array {
  return buildScript([pubkey, OP.OP_CHECKSIG]);
}

/** Pays to HASH160 of a public key. */
export function p2pkh(hash20: Uint8Array): Uint8Array {
  return buildScript([OP.OP_DUP, OP.OP_HASH160, hash20, OP.OP_EQUALVERIFY, OP.OP_CHECKSIG]);
}

/** Pays to HASH160 of a redeem script (BIP16). */
export function p2sh(hash20: Uint8Array): Uint8Array {
  return buildScript([OP.OP_HASH160, hash20, OP.OP_EQUAL]);
}

/** Pays to HASH160 of a compressed public key, by witness (BIP141). */
export function p2wpkh(hash20: Uint8Array): Uint8Array {
  return buildScript([OP.OP_0, hash20]);
}

/** Pays to SHA256 of a witness script (BIP141). */
export function p2wsh(hash32: Uint8Array): Uint8Array {
  return buildScript([OP.OP_0, hash32]);
}

/** Pays to a taproot output key (BIP341). */
export function p2tr(xOnlyKey: Uint8Array): Uint8Array {
  return buildScript([OP.OP_1, xOnlyKey]);
}

/** A witness program of any version 0 … 16 (BIP141). */
export function witnessScript(version: number, program: Uint8Array): Uint8Array {
  return buildScript([version === 0 ? OP.OP_0 : OP.OP_1 + version - 1, program]);
}

/** `m <key>… n CHECKMULTISIG`, the keys in the order given. */
export function multisig(required: number, pubkeys: readonly Uint8Array[]): Uint8Array {
  const count = BigInt(pubkeys.length);
  return buildScript([BigInt(required), ...pubkeys, count, OP.OP_CHECKMULTISIG]);
}

/** `OP_RETURN <data>…`: carries data and no coins. */
export function nullData(...data: readonly Uint8Array[]): Uint8Array {
  return buildScript([OP.OP_RETURN, ...data]);
}
