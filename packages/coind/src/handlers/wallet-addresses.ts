/** Handlers of the wallet methods about addresses: new ones, their labels, what the wallet knows of one. */
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import { type AddressType, parseAddressType } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { addressInfoJson } from '../shapes/wallet-json.ts';

function addressType(text: string | undefined): { type?: AddressType } {
  if (text === undefined) return {};
  const type = parseAddressType(text);
  if (type === undefined) throw rpcError('unknownAddressType', text);
  return { type };
}

/** Handlers of the wallet methods about addresses and labels. */
export const walletAddresses: Handlers<typeof methods.walletAddresses, WalletContext> = {
  async walletdisplayaddress(context, { address }) {
    scriptOfAddress(address, context.node);
    throw new RpcError(-1, 'There is no ScriptPubKeyManager for this address');
  },

  getnewaddress: ({ wallet }, { label, address_type }) =>
    wallet.newAddress({ label, ...addressType(address_type) }),

  getrawchangeaddress: ({ wallet }, { address_type }) =>
    wallet.changeAddress(addressType(address_type).type),

  async setlabel(context, { address, label }) {
    scriptOfAddress(address, context.node);
    await context.wallet.setLabel(address, label);
    return null;
  },

  listlabels({ wallet, node }, { purpose }) {
    const known = purpose === undefined || ['send', 'receive', ''].includes(purpose);
    if (!known && node.profile === 'legacy') return [];
    if (!known) {
      throw new RpcError(
        -8,
        "Invalid 'purpose' argument, must be a known purpose string, typically 'send', or 'receive'.",
      );
    }
    return wallet.listLabels(purpose === '' ? undefined : purpose);
  },

  async getaddressesbylabel({ wallet }, { label }) {
    const found = await wallet.addressesByLabel(label);
    if (found.length === 0) throw rpcError('noAddressesWithLabel', label);
    return new Map(found.map(({ address, purpose }) => [address, { purpose }]));
  },

  async getaddressinfo(context, { address }) {
    try {
      decodeAddress(address, context.node.params);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new RpcError(-5, error.message, [-5, 'Invalid address']);
    }
    const { wallet } = context;
    return addressInfoJson(await wallet.addressInfo(address), await wallet.info(), context.node);
  },
};
