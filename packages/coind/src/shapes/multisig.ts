/** The script of a multisignature address in each of its forms, and who may have part in it. */
import { bytesToHex, hash160, hexToBytes, isHex, sha256 } from '@coind/primitives';
import { type Profile, RpcError } from '@coind/rpc';
import { isPublicKey, multisig, p2sh, p2wsh } from '@coind/script';

/** Keys behind one address: today, and in 0.16. */
const MOST_KEYS = { modern: 20, legacy: 16 };
const MAX_REDEEM_SCRIPT = 520;

/** The kinds of address a multisignature script can have. */
export type MultisigType = 'legacy' | 'p2sh-segwit' | 'bech32';

/** An address of a multisignature script. */
export interface MultisigForm {
  /** The kind it got: uncompressed keys have no other than `legacy`. */
  readonly type: MultisigType;
  readonly script: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  /** Without checksum. */
  readonly descriptor: string;
}

/** `required` signatures of `keys` behind an address of `type`. Throws -8. */
export function multisigForm(
  required: number,
  keys: readonly Uint8Array[],
  type: MultisigType,
  profile: Profile,
): MultisigForm {
  const most = profile === 'legacy' ? MOST_KEYS.legacy : MOST_KEYS.modern;
  const script = multisigScript(required, keys, most);
  const chosen = keys.some(({ length }) => length !== 33) ? 'legacy' : type;
  if (chosen === 'legacy') checkRedeemScript(script);
  const program = p2wsh(sha256(script));
  const body = `multi(${[required, ...keys.map(bytesToHex)].join(',')})`;
  const forms = {
    legacy: [p2sh(hash160(script)), `sh(${body})`],
    'p2sh-segwit': [p2sh(hash160(program)), `sh(wsh(${body}))`],
    bech32: [program, `wsh(${body})`],
  } as const;
  const [scriptPubKey, descriptor] = forms[chosen];
  return { type: chosen, script, scriptPubKey, descriptor };
}

/** A public key as hex. Throws -5. */
export function parsePublicKey(text: string): Uint8Array {
  const wrong = (fault: string) =>
    new RpcError(-5, `Pubkey "${text}" ${fault}`, [-5, `Invalid public key: ${text}`]);
  if (!isHex(text)) throw wrong('must be a hex string');
  const key = hexToBytes(text);
  if (key.length !== 33 && key.length !== 65) {
    throw wrong('must have a length of either 33 or 65 bytes');
  }
  if (!isPublicKey(key)) throw wrong('must be cryptographically valid.');
  return key;
}

/** The script of `required` signatures of `keys`. Throws -8. */
function multisigScript(required: number, keys: readonly Uint8Array[], most: number): Uint8Array {
  if (required < 1) {
    throw new RpcError(-8, 'a multisignature address must require at least one key to redeem');
  }
  if (keys.length < required) {
    throw new RpcError(
      -8,
      `not enough keys supplied (got ${keys.length} keys, but need at least ${required} to redeem)`,
    );
  }
  if (keys.length > most) {
    const tail = `involved in the multisignature address creation > ${most}\nReduce the number`;
    throw new RpcError(-8, `Number of keys ${tail}`, [-8, `Number of addresses ${tail}`]);
  }
  return multisig(required, keys);
}

/** Refuses a redeem script that P2SH could not push. Throws -8. */
function checkRedeemScript({ length }: Uint8Array): void {
  if (length <= MAX_REDEEM_SCRIPT) return;
  throw new RpcError(-8, `redeemScript exceeds size limit: ${length} > ${MAX_REDEEM_SCRIPT}`);
}
