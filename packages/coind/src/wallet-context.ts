/** Which wallet a call is for, and that it has seen what its caller may have seen. */
import { rpcError } from '@coind/rpc';
import type { Wallet, Wallets } from '@coind/wallet';
import type { RpcContext, WalletContext } from './context.ts';

/** The wallets of the node. Throws -32601 with -disablewallet, as a node without wallets does. */
export function walletsOf({ node }: RpcContext): Wallets {
  if (!node.wallets) throw rpcError('methodNotFound');
  return node.wallets;
}

/**
 * The wallet of `/wallet/NAME`, or the only one that is loaded, or the default one; undefined when there
 * is none.
 */
async function chosenWallet(context: RpcContext): Promise<Wallet | undefined> {
  const wallets = walletsOf(context);
  const { node, walletName } = context;
  if (walletName !== undefined) {
    // 0.16 called the default wallet by the name of its file.
    const name = walletName === 'wallet.dat' ? '' : walletName;
    const named = wallets.get(walletName) ?? wallets.get(name);
    const found = named ?? (name === '' ? await node.defaultWallet.open() : undefined);
    if (!found) throw rpcError('walletNotLoaded');
    return found;
  }
  const [only, second] = wallets.list();
  if (second) throw rpcError('severalWallets');
  return only ?? node.defaultWallet.open();
}

/** Throws -18 and -19 when it is not clear which wallet is meant. */
export async function walletOf(context: RpcContext): Promise<WalletContext> {
  const wallet = await chosenWallet(context);
  if (!wallet) throw rpcError('noWalletLoaded');
  await context.node.source.idle();
  return { ...context, wallets: walletsOf(context), wallet };
}

/** The wallet a call without need of one may show: undefined when there is none, or several. */
export async function theOnlyWallet(context: RpcContext): Promise<Wallet | undefined> {
  const { node, walletName } = context;
  if (!node.wallets) return undefined;
  if (walletName === undefined && node.wallets.list().length > 1) return undefined;
  const wallet = await chosenWallet(context);
  await node.source.idle();
  return wallet;
}
