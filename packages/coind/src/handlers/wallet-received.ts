/** Handlers of the wallet methods about all that was ever paid, by address and by label. */
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import type { WalletContext } from '../context.ts';
import { addressPage, labelLines, labelPage } from '../shapes/list-pages.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { receivedByLabelJson } from '../shapes/wallet-json.ts';

/** Handlers of the wallet methods about what was received. */
export const walletReceived: Handlers<typeof methods.walletReceived, WalletContext> = {
  async getreceivedbyaddress(context, args) {
    scriptOfAddress(args.address, context.node);
    const { address, minconf, coinbase } = args;
    return context.wallet.receivedByAddress(address, minconf, coinbase);
  },

  async getreceivedbylabel({ wallet, node }, { label, minconf, coinbase }) {
    // 0.17 knew nothing received of a label that nobody has.
    const mustExist = node.profile !== 'legacy';
    if (mustExist && (await wallet.addressesByLabel(label)).length === 0) {
      throw rpcError('labelNotFound');
    }
    return wallet.receivedByLabel(label, minconf, coinbase);
  },

  async listreceivedbyaddress(context, args) {
    const { minconf, include_empty, include_watchonly, coinbase } = args;
    const address_filter = args.address_filter === '' ? undefined : args.address_filter;
    if (address_filter !== undefined) {
      try {
        decodeAddress(address_filter, context.node.params);
      } catch (error) {
        if (error instanceof AddressError) {
          throw new RpcError(-4, 'address_filter parameter was invalid');
        }
        throw error;
      }
    }
    const lines = await context.wallet.listReceivedByAddress(minconf, include_empty, coinbase, {
      only: address_filter,
      watched: include_watchonly,
      ...addressPage(args, context.node.params),
    });
    return lines.map((line) => ({
      ...receivedByLabelJson(line),
      address: line.address,
      txids: line.txids,
      ...(args.cursor !== undefined && { cursor: line.address }),
    }));
  },

  async listreceivedbylabel({ wallet }, args) {
    const { minconf, include_empty, include_watchonly, coinbase } = args;
    const which = { watched: include_watchonly, ...labelPage(args) };
    const lines = await wallet.listReceivedByLabel(minconf, include_empty, coinbase, which);
    return labelLines(lines, args);
  },
};
