/** Whom to pay, from the text a caller gave. */
import { rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import type { NodeModules } from '../context.ts';

/** The scriptPubKey of `text`. Throws -5 with the text, as calls with several addresses do. */
export function recipientScript(text: string, { params }: Pick<NodeModules, 'params'>): Uint8Array {
  try {
    return decodeAddress(text, params);
  } catch (error) {
    if (error instanceof AddressError) throw rpcError('invalidRecipient', text);
    throw error;
  }
}
