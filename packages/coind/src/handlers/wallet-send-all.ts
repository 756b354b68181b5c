/** Handler of the wallet method that spends everything. */
import { codes, type Handlers, type methods, RpcError } from '@coind/rpc';
import type { Share } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { partialJson } from '../shapes/psbt-text.ts';
import { recipientScript } from '../shapes/recipient.ts';
import { feeArguments, feeOptions } from '../spending-fees.ts';
import { chosenInputs, newTxOutput } from '../spending-options.ts';
import { inWords, type OwnWords } from '../wallet-errors.ts';

const words: OwnWords = {
  'fee-rate-too-low': codes.invalidParameter,
  'fee-estimation-failed': codes.wallet,
  'invalid-input': codes.invalidParameter,
  'missing-solving-data': codes.wallet,
  'fee-too-high': codes.wallet,
  'insufficient-funds': codes.insufficientFunds,
  'transaction-too-large': codes.wallet,
  'amount-too-small': codes.invalidParameter,
};

/** Throws -8 for bounds that no number of confirmations is within. */
function checkConfirmations(least: number, most: number | undefined): void {
  if (least < 0) {
    throw new RpcError(-8, `Invalid minconf (minconf cannot be negative): ${least}`);
  }
  if (most !== undefined && most < least) {
    throw new RpcError(-8, `maxconf can't be lower than minconf: ${most} < ${least}`);
  }
}

/** Handler of the wallet method that spends everything. */
export const walletSendAll: Handlers<typeof methods.walletSendAll, WalletContext> = {
  async sendall(context, args) {
    const { wallet, node } = context;
    const { options = {}, recipients } = args;
    const { inputs, send_max, minconf, maxconf, locktime, version } = options;
    const fee = feeArguments(args, options);
    if (recipients.every((recipient) => 'data' in recipient || 'amount' in recipient)) {
      throw new RpcError(-8, 'Must provide at least one address without a specified amount');
    }
    const feeChoice = feeOptions(fee);
    checkConfirmations(minconf ?? 0, maxconf);
    const shares = recipients.map((recipient): Share => {
      if (!('data' in recipient) && !('amount' in recipient)) {
        return { script: recipientScript(recipient.address, node) };
      }
      const { scriptPubKey, value } = newTxOutput(recipient, node);
      return { script: scriptPubKey, amount: value };
    });
    if (inputs && send_max !== undefined) {
      throw new RpcError(-8, 'Cannot combine send_max with specific inputs.');
    }
    if (inputs && (minconf !== undefined || maxconf !== undefined)) {
      throw new RpcError(-8, 'Cannot combine minconf or maxconf with specific inputs.');
    }
    const replaceable = options.replaceable ?? wallet.replaceable;
    const sending = {
      ...feeChoice,
      replaceable,
      ...(inputs && { inputs: chosenInputs(inputs, { replaceable, locktime }) }),
      skipUneconomic: send_max ?? false,
      ...(minconf !== undefined && { minConfirmations: minconf }),
      ...(maxconf !== undefined && { maxConfirmations: maxconf }),
      ...(locktime !== undefined && { locktime }),
      ...(version !== undefined && { version }),
      lockCoins: options.lock_unspents ?? false,
      send: (options.add_to_wallet ?? true) && !options.psbt,
      ...onceOf(context, 'sendall', args),
    };
    return partialJson(await inWords(words, () => wallet.sendAll(shares, sending)));
  },
};
