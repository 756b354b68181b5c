/**
 * Private keys in use or on their way out: as WIF, in a signed message, in the text of a descriptor. The caller
 * saw to it that the wallet is unlocked.
 */
import { bytesToHex } from '@coind/primitives';
import { encodeWif, isP2pkh } from '@coind/script';
import { scriptOf, type WalletContext, walletMeta } from './context.ts';
import { WalletError } from './errors.ts';
import { signMessageWithKey } from './message.ts';
import type { DescriptorRow } from './tables.ts';

/** A descriptor of the wallet, and its text. */
export type DescriptorText = DescriptorRow & { readonly text: string };

/** The private key of an own address with one key. Throws 'not-a-key-address', 'private-key-unknown'. */
export function privateKeyWif(context: WalletContext, address: string): string {
  const { privateKey, publicKey } = singleKey(context, address);
  if (!privateKey) {
    throw new WalletError('private-key-unknown', `Private key for address ${address} is not known`);
  }
  return encodeWif(privateKey, publicKey.length === 33, context.params);
}

function singleKey(context: WalletContext, address: string) {
  const script = scriptOf(address, context.params);
  const solution = context.keyring.solve(bytesToHex(script), true);
  const [key] = solution?.keys ?? [];
  if (key && solution?.keys.length === 1 && !solution.witnessScript) return key;
  // A script hash that is not ours could be anything; a key hash is a key whose secret is unknown.
  if (!solution && script.length !== 23 && script.length !== 34) {
    return { publicKey: new Uint8Array(33), privateKey: undefined };
  }
  throw new WalletError('not-a-key-address', 'Address does not refer to a key');
}

/** Signs a message with the key of a P2PKH address; base64. */
export function signedMessage(context: WalletContext, address: string, message: string): string {
  const script = scriptOf(address, context.params);
  if (!isP2pkh(script)) throw new WalletError('not-a-key-address');
  const { privateKey, publicKey } = singleKey(context, address);
  if (!privateKey) throw new WalletError('private-key-unknown');
  return signMessageWithKey(message, privateKey, publicKey.length === 33);
}

/** Descriptors in order of their text; with secrets where the wallet has them. */
export function descriptorTexts(context: WalletContext, secrets: boolean): DescriptorText[] {
  const { keyring, tables } = context;
  if (secrets && walletMeta(context).flags.privateKeysDisabled) {
    throw new WalletError(
      'private-keys-disabled',
      "Can't get private descriptor string for watch-only wallets",
    );
  }
  const found = keyring.list().map(({ id }) => {
    const row = tables.descriptors.getSync(id) as DescriptorRow;
    return { ...row, text: (secrets && keyring.secretText(id)) || row.descriptor };
  });
  return found.sort((a, b) => (a.text < b.text ? -1 : 1));
}
