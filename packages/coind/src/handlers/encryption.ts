/** Handlers of the methods about a wallet's passphrase. */
import { type Handlers, helpText, type methods, RpcError, viewsOf } from '@coind/rpc';
import { WalletError } from '@coind/wallet';
import type { WalletContext } from '../context.ts';

const MAX_SECONDS = 100_000_000;
/** Versions before 25.0 cut a passphrase at a null character. */
const UP_TO_NULL =
  'please try again with only the characters up to — but not including — the first null character.';

type Method = keyof typeof methods.encryption;

/** Today an empty passphrase is an invalid parameter; 0.16 answered as to one that is missing. */
function checkPassphrases(method: Method, ...passphrases: readonly string[]): void {
  if (!passphrases.includes('')) return;
  const view = viewsOf('legacy').get(method);
  throw new RpcError(-8, 'passphrase cannot be empty', [-1, view ? helpText(view) : method]);
}

/** Refuses what makes sense for an encrypted wallet only. Throws -15. */
function requireEncrypted({ wallet }: WalletContext, method: Method): void {
  if (wallet.encryption.isEncrypted) return;
  throw new RpcError(-15, `Error: running with an unencrypted wallet, but ${method} was called.`);
}

/** Does `work` with a passphrase; says more about a wrong one that has a null character. */
async function withPassphrase(passphrase: string, text: string, work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    const wrong = error instanceof WalletError && error.key === 'passphrase-incorrect';
    if (wrong && passphrase.includes('\0')) throw new RpcError(-14, text);
    throw error;
  }
}

/** Handlers of the methods about a wallet's passphrase. */
export const encryption: Handlers<typeof methods.encryption, WalletContext> = {
  async encryptwallet({ wallet, node }, args) {
    const { flags } = (await wallet.info()).meta;
    if (flags.privateKeysDisabled) throw new WalletError('nothing-to-encrypt');
    if (wallet.encryption.isEncrypted) {
      throw new RpcError(
        -15,
        'Error: running with an encrypted wallet, but encryptwallet was called.',
      );
    }
    const { passphrase } = args;
    checkPassphrases('encryptwallet', passphrase);
    await wallet.encryption.encrypt(passphrase);
    if (node.profile !== 'legacy') {
      return 'wallet encrypted; The keypool has been flushed and a new HD seed was generated. You need to make a new backup with the backupwallet RPC.';
    }
    node.stop();
    return 'wallet encrypted; Bitcoin server stopping, restart to run with encrypted wallet. The keypool has been flushed and a new HD seed was generated (if you are using HD). You need to make a new backup.';
  },

  async walletpassphrase(context, args) {
    requireEncrypted(context, 'walletpassphrase');
    const { passphrase, timeout } = args;
    if (timeout < 0) throw new RpcError(-8, 'Timeout cannot be negative.');
    checkPassphrases('walletpassphrase', passphrase);
    const text = `Error: The wallet passphrase entered is incorrect. It contains a null character (ie - a zero byte). If the passphrase was set with a version of this software prior to 25.0, ${UP_TO_NULL} If this is successful, please set a new passphrase to avoid this issue in the future.`;
    await withPassphrase(passphrase, text, () =>
      context.wallet.encryption.unlock(passphrase, Math.min(timeout, MAX_SECONDS)),
    );
    return null;
  },

  async walletpassphrasechange(context, args) {
    requireEncrypted(context, 'walletpassphrasechange');
    const { oldpassphrase, newpassphrase } = args;
    checkPassphrases('walletpassphrasechange', oldpassphrase, newpassphrase);
    const text = `Error: The old wallet passphrase entered is incorrect. It contains a null character (ie - a zero byte). If the old passphrase was set with a version of this software prior to 25.0, ${UP_TO_NULL}`;
    await withPassphrase(oldpassphrase, text, () =>
      context.wallet.encryption.changePassphrase(oldpassphrase, newpassphrase),
    );
    return null;
  },

  async walletlock(context) {
    requireEncrypted(context, 'walletlock');
    await context.wallet.encryption.lock();
    return null;
  },
};
