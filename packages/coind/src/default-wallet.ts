/**
 * The wallet that is there without being asked for. It serves calls that name no wallet, and is made when the
 * first of them comes: a node whose wallet nobody wants has none. It steps aside as soon as somebody makes or
 * loads a wallet of his own and it was never used: from then on calls without a name mean that one, as in
 * bitcoind, instead of being refused because there are two.
 */
import type { Wallet, Wallets } from '@coind/wallet';

const NAME = '';

/** The default wallet of a node. */
export interface DefaultWallet {
  /** The wallet, made now if it never was; undefined once it has stepped aside, and where there is none. */
  open(): Promise<Wallet | undefined>;
  /** Unloads it unless it was used; it is not opened again unasked. */
  stepAside(): Promise<void>;
}

/** For a node that makes no wallet by itself. */
export const NO_DEFAULT_WALLET: DefaultWallet = {
  open: async () => undefined,
  stepAside: async () => undefined,
};

/** The default wallet among `wallets`; loaded at once where `exists` says that it was made before. */
export async function defaultWallet(wallets: Wallets, exists: boolean): Promise<DefaultWallet> {
  let dismissed = false;
  let opened = exists ? wallets.load(NAME) : undefined;
  await opened;
  return {
    async open() {
      if (dismissed) return undefined;
      opened ??= wallets.create(NAME);
      const wallet = await opened;
      return wallets.get(NAME) === wallet ? wallet : undefined;
    },
    async stepAside() {
      dismissed = true;
      const wallet = await opened;
      if (!wallet || wallets.get(NAME) !== wallet) return;
      const { transactions } = await wallet.info();
      const labels = await wallet.listLabels();
      if (transactions === 0 && labels.length === 0) await wallets.unload(NAME);
    },
  };
}
