/** Handlers of the methods that need neither chain nor wallet. */
import { bytesToHex } from '@coind/primitives';
import type { Handlers, methods } from '@coind/rpc';
import { AddressError, decodeAddress, encodeAddress } from '@coind/script';
import { signMessageWithKey, verifyMessage } from '@coind/wallet';
import type { RpcContext } from '../context.ts';
import { scriptFacts } from '../shapes/address-json.ts';
import { parseKey } from '../shapes/recipient.ts';
import { addressInfoJson } from '../shapes/wallet-json.ts';
import { theOnlyWallet } from '../wallet-context.ts';
import { asRpcError } from '../wallet-errors.ts';

/** Handlers of the methods that need neither chain nor wallet. */
export const util: Handlers<typeof methods.util, RpcContext> = {
  getindexinfo: ({ node: { indexes } }, { index_name }) =>
    new Map(
      indexes.all
        .map(({ status }) => status)
        .filter(({ name }) => index_name === '' || index_name === name)
        .map(({ name, synced, height }) => [name, { synced, best_block_height: height }]),
    ),

  async validateaddress(context, { address, wallet_facts }) {
    const { node } = context;
    try {
      const script = decodeAddress(address, node.params);
      const wallet = wallet_facts ? await theOnlyWallet(context) : undefined;
      return {
        ...(wallet &&
          addressInfoJson(await wallet.addressInfo(address), await wallet.info(), node)),
        isvalid: true,
        address: encodeAddress(script, node.params) ?? address,
        scriptPubKey: bytesToHex(script),
        ...scriptFacts(script),
      };
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      return { isvalid: false, error_locations: [...error.locations], error: error.message };
    }
  },

  signmessagewithprivkey({ node }, { privkey, message }) {
    const { privateKey, compressed } = parseKey(privkey, node.params);
    return signMessageWithKey(message, privateKey, compressed);
  },

  verifymessage({ node }, { address, signature, message }) {
    try {
      return verifyMessage(address, signature, message, node.params);
    } catch (error) {
      throw asRpcError(error, {
        'invalid-address': 'invalidSignAddress',
        'not-a-key-address': 'notAKeyAddress',
      });
    }
  },
};
