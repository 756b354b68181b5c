/**
 * Which descriptor a script has, told from the script and what a wallet knows besides: public keys behind hashes,
 * scripts behind script hashes. What nobody has told the wallet stays unsolved.
 */
import { bytesToHex, hash160, sha256 } from '@coind/primitives';
import { classifyOutput, isPublicKey, matchMultisig, p2pkh, p2sh, p2wsh } from '@coind/script';
import type { WalletContext } from './context.ts';
import type { ScriptHex } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** What hashes in scripts stand for. */
export interface Knowledge {
  /** By HASH160. */
  publicKey(hash: Uint8Array): Uint8Array | undefined;
  /** The script behind a P2SH or P2WSH scriptPubKey. */
  scriptBehind(scriptPubKey: Uint8Array): Uint8Array | undefined;
}

type Place = 'top' | 'sh' | 'wsh';

const COMPRESSED = 33;
/** Characters of a P2SH script in hex. */
const P2SH_HEX = 46;
const hasCompressedKeys = (keys: readonly Uint8Array[]): boolean =>
  keys.every((key) => key.length === COMPRESSED);

/** The text of the descriptor of a script, without origins and checksum; undefined when it is not known. */
export function describeScript(
  script: Uint8Array,
  knowledge: Knowledge,
  place: Place = 'top',
): string | undefined {
  const { type, solutions } = classifyOutput(script);
  const [first = new Uint8Array(0)] = solutions;
  const behind = (inside: Place, name: string): string | undefined => {
    const inner = knowledge.scriptBehind(script);
    const text = inner && describeScript(inner, knowledge, inside);
    return text && `${name}(${text})`;
  };
  const ofKey = (name: string, key: Uint8Array | undefined, segwit: boolean) =>
    key && isPublicKey(key) && (!segwit || key.length === COMPRESSED)
      ? `${name}(${bytesToHex(key)})`
      : undefined;
  switch (type) {
    case 'pubkey':
      return ofKey('pk', first, place === 'wsh');
    case 'pubkeyhash':
      return ofKey('pkh', knowledge.publicKey(first), place === 'wsh');
    case 'multisig':
      return describeMultisig(script, place);
    case 'witness_v0_keyhash':
      return place === 'wsh' ? undefined : ofKey('wpkh', knowledge.publicKey(first), true);
    case 'scripthash':
      return place === 'top' ? behind('sh', 'sh') : undefined;
    case 'witness_v0_scripthash':
      return place === 'wsh' ? undefined : behind('wsh', 'wsh');
    default:
      return undefined;
  }
}

function describeMultisig(script: Uint8Array, place: Place): string | undefined {
  const found = matchMultisig(script);
  if (!found?.pubkeys.every((key) => isPublicKey(key))) return undefined;
  if (place === 'wsh' && !hasCompressedKeys(found.pubkeys)) return undefined;
  return `multi(${[found.required, ...found.pubkeys.map(bytesToHex)].join(',')})`;
}

/** What a wallet knows, with scripts and public keys that somebody named just now. */
export function knowledgeOf(
  { keyring }: Pick<WalletContext, 'keyring'>,
  unit: UnitOfWork,
  {
    scripts = [],
    keys = [],
  }: { readonly scripts?: readonly Uint8Array[]; readonly keys?: readonly Uint8Array[] } = {},
): Knowledge {
  const { known } = keyring;
  const behind = new Map<string, Uint8Array>();
  for (const script of scripts) {
    behind.set(bytesToHex(p2sh(hash160(script))), script);
    behind.set(bytesToHex(p2wsh(sha256(script))), script);
  }
  const named = new Map(keys.map((key) => [bytesToHex(hash160(key)), key]));
  return {
    publicKey: (hash) =>
      named.get(bytesToHex(hash)) ??
      keyring.publicKeyOf(hash) ??
      known.publicKeyBehind(unit, bytesToHex(p2pkh(hash))),
    scriptBehind(scriptPubKey) {
      const script = bytesToHex(scriptPubKey);
      return (
        behind.get(script) ?? known.scriptBehind(unit, script) ?? ownScriptBehind(keyring, script)
      );
    },
  };
}

function ownScriptBehind(
  keyring: WalletContext['keyring'],
  script: ScriptHex,
): Uint8Array | undefined {
  const solution = keyring.solve(script, false);
  return script.length === P2SH_HEX ? solution?.redeemScript : solution?.witnessScript;
}
