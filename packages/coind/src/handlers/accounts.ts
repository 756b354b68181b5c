/** Handlers of the account methods of bitcoind up to 0.17. */
import { bytesToHex } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { classifyOutput, encodeAddress } from '@coind/script';
import { parseAddressType, type Wallet, WalletError } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { labelLines, labelPage } from '../shapes/list-pages.ts';
import { multisigForm, parsePublicKey } from '../shapes/multisig.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';

const KEY_HEX = /^(?:[0-9a-fA-F]{66}|[0-9a-fA-F]{130})$/;

/** A public key given as such, or by an address of the wallet. Throws -5. */
async function publicKeyOf(text: string, wallet: Wallet): Promise<Uint8Array> {
  if (KEY_HEX.test(text)) return parsePublicKey(text);
  const refuse = (message: string) => new RpcError(-5, message);
  const info = await wallet.addressInfo(text).catch((error: unknown) => {
    if (error instanceof WalletError) throw refuse(`Invalid address: ${text}`);
    throw error;
  });
  if (info.publicKey) return info.publicKey;
  const { type } = classifyOutput(info.scriptPubKey);
  const isKeyHash = type === 'pubkeyhash' || type === 'witness_v0_keyhash';
  if (isKeyHash) throw refuse(`no full public key for address ${text}`);
  throw refuse(`${text} does not refer to a key`);
}

/** Handlers of the account methods. */
export const accounts: Handlers<typeof methods.accounts, WalletContext> = {
  getaccountaddress: ({ wallet }, { account }) => wallet.accountAddress(account),

  async getaccount({ wallet }, { address }) {
    return (await wallet.addressInfo(address)).book?.label ?? '';
  },

  async setaccount(context, args) {
    scriptOfAddress(args.address, context.node);
    await context.wallet.setAccount(args.address, args.account);
    return null;
  },

  async getaddressesbyaccount({ wallet }, { account }) {
    return (await wallet.addressesByLabel(account)).map(({ address }) => address);
  },

  getreceivedbyaccount: ({ wallet }, { account, minconf }) =>
    wallet.receivedByLabel(account, minconf, 'none'),

  listaccounts: ({ wallet }, { minconf, include_watchonly }) =>
    wallet.listAccounts(minconf, { watched: include_watchonly }),

  async listreceivedbyaccount({ wallet }, args) {
    const { minconf, include_empty, include_watchonly } = args;
    const which = { watched: include_watchonly, ...labelPage(args) };
    const lines = await wallet.listReceivedByLabel(minconf, include_empty, 'none', which);
    return labelLines(lines, args);
  },

  async addmultisigaddress({ wallet, node }, { nrequired, keys, account, address_type }) {
    const publicKeys: Uint8Array[] = [];
    for (const key of keys) publicKeys.push(await publicKeyOf(key, wallet));
    const type = parseAddressType(address_type ?? wallet.addressType);
    if (type === undefined) throw rpcError('unknownAddressType', address_type ?? '');
    // Taproot has no scripts of this kind; where it is the default, segwit's are next to it.
    const kind = type === 'bech32m' ? 'bech32' : type;
    const form = multisigForm(nrequired, publicKeys, kind, node.profile);
    await wallet.addMultisig(form.descriptor, account);
    return {
      address: encodeAddress(form.scriptPubKey, node.params) ?? '',
      redeemScript: bytesToHex(form.script),
    };
  },

  async addwitnessaddress({ wallet, node }, { address, p2sh }) {
    const script = scriptOfAddress(address, node);
    return encodeAddress(await wallet.addWitness(script, p2sh), node.params) ?? '';
  },

  async move(context, args) {
    const { fromaccount, toaccount, amount, comment } = args;
    const { once } = onceOf(context, 'move', args);
    await context.wallet.move(fromaccount, toaccount, amount, comment, once);
    return true;
  },

  async sendfrom(context, args) {
    const { fromaccount, toaddress } = args;
    scriptOfAddress(toaddress, context.node);
    const { amount, minconf, comment, comment_to } = args;
    const { tx } = await context.wallet.send([{ address: toaddress, amount }], {
      ...onceOf(context, 'sendfrom', args),
      fromAccount: fromaccount,
      accountConfirmations: minconf,
      ...(comment !== '' && { comment }),
      ...(comment_to !== '' && { to: comment_to }),
    });
    return tx.txid;
  },
};
