/** Handlers of the wallet's share in PSBTs: filling in and signing, and replacements for others to sign. */
import { bytesToHex } from '@coind/primitives';
import type { Handlers, methods } from '@coind/rpc';
import { extractTx, isPsbtComplete } from '@coind/wallet';
import { bumpOptions } from '../bump-options.ts';
import type { WalletContext } from '../context.ts';
import { parseHashType } from '../raw-signing.ts';
import { checkedVersion, checkOutcomes, formatPsbt, parsePsbt } from '../shapes/psbt-text.ts';
import { asBumpError } from '../wallet-errors.ts';

/** Handlers of the wallet methods for PSBTs. */
export const walletPsbt: Handlers<typeof methods.walletPsbt, WalletContext> = {
  async walletprocesspsbt({ wallet }, request) {
    const { psbt: text, sign, sighashtype, bip32derivs: origins, finalize } = request;
    const psbt = parsePsbt(text);
    const sighash = parseHashType(sighashtype);
    checkOutcomes(await wallet.fillPsbt(psbt, { sign, origins, sighash, finalize }));
    const complete = isPsbtComplete(psbt);
    const tx = complete ? extractTx(psbt) : undefined;
    return { psbt: formatPsbt(psbt), complete, ...(tx && { hex: bytesToHex(tx.encode()) }) };
  },

  async psbtbumpfee({ wallet, node }, { txid, options = {} }) {
    const { psbt_version = 2, ...bump } = options;
    const choice = { ...bumpOptions(bump, node), version: checkedVersion(psbt_version) };
    await wallet.requireUnlocked();
    try {
      const { psbt, fee, oldFee } = await wallet.planReplacement(txid, choice);
      return { psbt: formatPsbt(psbt), origfee: oldFee, fee, errors: [] };
    } catch (error) {
      throw asBumpError(error);
    }
  },
};
