/** Addresses and keys from the text a caller gave: what they stand for, or the refusal the call words its own way. */
import type { ChainParams } from '@coind/primitives';
import { type ErrorName, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress, decodeWif, type WifKey } from '@coind/script';
import type { NodeModules } from '../context.ts';

/** What `decode` makes of `text`; text that is none is refused as `name`. */
function decoded<Value>(decode: () => Value, name: ErrorName, text: string): Value {
  try {
    return decode();
  } catch (error) {
    if (error instanceof AddressError) throw rpcError(name, text);
    throw error;
  }
}

/** The scriptPubKey of an address of this network. Throws the refusal `name`. */
export function scriptOfAddress(
  text: string,
  { params }: Pick<NodeModules, 'params'>,
  name: ErrorName = 'invalidAddress',
): Uint8Array {
  return decoded(() => decodeAddress(text, params), name, text);
}

/** The scriptPubKey of `text`. Throws -5 with the text, as calls with several addresses do. */
export function recipientScript(text: string, node: Pick<NodeModules, 'params'>): Uint8Array {
  return scriptOfAddress(text, node, 'invalidRecipient');
}

/** The private key in `text` (WIF). Throws -5. */
export function parseKey(text: string, params: ChainParams): WifKey {
  return decoded(() => decodeWif(text, params), 'invalidPrivateKey', text);
}
