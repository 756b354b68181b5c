/** Handlers of the wallet methods that pay. */
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type {
  HandlingOptions,
  Payment,
  PreparedTx,
  SendOptions,
  SpendOptions,
} from '@coind/wallet';
import { checkReuse } from '../avoid-reuse.ts';
import { bumpOptions } from '../bump-options.ts';
import type { WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { partialJson } from '../shapes/psbt-text.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { foreignSolutions } from '../solving-data.ts';
import { feeArguments, feeOptions } from '../spending-fees.ts';
import {
  addedCoins,
  changeOptions,
  checkMaxWeight,
  chosenInputs,
  fundingWords,
  recipientsOf,
} from '../spending-options.ts';
import { asBumpError, creationWords, inWords } from '../wallet-errors.ts';

function sentJson({ tx, feeRate: chosen }: PreparedTx, verbose: boolean) {
  return verbose ? { txid: tx.txid, fee_reason: chosen.reason } : tx.txid;
}

const notes = (comment: string, to = ''): SendOptions => ({
  ...(comment !== '' && { comment }),
  ...(to !== '' && { to }),
});

/** Handlers of the wallet methods that pay. */
export const walletSend: Handlers<typeof methods.walletSend, WalletContext> = {
  async sendtoaddress(context, args) {
    const { address } = args;
    const checkAddress = () => scriptOfAddress(address, context.node, 'invalidSendAddress');
    // 0.16 looked at who gets how much first, bitcoind of today at the fee.
    if (context.node.profile === 'legacy') {
      checkAddress();
      void args.amount;
    }
    const { comment, comment_to, subtractfeefromamount, verbose } = args;
    await checkReuse(context, args.avoid_reuse);
    const options = feeOptions(args);
    checkAddress();
    const { amount } = args;
    const prepared = await context.wallet.send(
      [{ address, amount, subtractFee: subtractfeefromamount }],
      { ...options, ...notes(comment, comment_to), ...onceOf(context, 'sendtoaddress', args) },
    );
    return sentJson(prepared, verbose);
  },

  async sendmany(context, args) {
    const { fromaccount, amounts, minconf, comment, subtractfeefrom, verbose } = args;
    const options = feeOptions(args);
    const seen = new Set<string>();
    const payers = new Set<string | number>(subtractfeefrom);
    const payments = amounts.map((pair, place): Payment => {
      const [address] = pair;
      scriptOfAddress(address, context.node, 'invalidRecipient');
      if (seen.has(address)) throw rpcError('duplicatedAddress', address);
      seen.add(address);
      return { address, amount: pair[1], subtractFee: payers.has(address) || payers.has(place) };
    });
    const fromAccount =
      fromaccount === undefined ? {} : { fromAccount: fromaccount, accountConfirmations: minconf };
    const once = onceOf(context, 'sendmany', args);
    const prepared = await inWords(creationWords, () =>
      context.wallet.send(payments, { ...options, ...fromAccount, ...notes(comment), ...once }),
    );
    return sentJson(prepared, verbose);
  },

  async send(context, args) {
    const { wallet, node } = context;
    const { options = {} } = args;
    const { inputs, locktime, max_tx_weight, subtract_fee_from_outputs, solving_data } = options;
    const fee = feeArguments(args, options);
    const recipients = recipientsOf(args.outputs, subtract_fee_from_outputs ?? [], node);
    const replaceable = options.replaceable ?? wallet.replaceable;
    const sending: SpendOptions & HandlingOptions = {
      ...(inputs && { inputs: chosenInputs(inputs, { replaceable, locktime }) }),
      ...(locktime !== undefined && { locktime }),
      ...addedCoins(options),
      ...changeOptions(options, recipients.length, node),
      // An explicit fee rate is one that the sender may want to raise.
      ...(fee.fee_rate !== undefined && { replaceable: true }),
      ...feeOptions(fee),
      ...(solving_data && { foreign: foreignSolutions(solving_data, node.params) }),
      version: args.version,
      ...(max_tx_weight !== undefined && { maxWeight: max_tx_weight }),
      lockCoins: options.lock_unspents ?? false,
      send: (options.add_to_wallet ?? true) && !options.psbt,
      ...onceOf(context, 'send', args),
    };
    if (max_tx_weight !== undefined) checkMaxWeight(max_tx_weight);
    if (recipients.length === 0) throw new RpcError(-8, 'TX must have at least one output');
    return partialJson(await inWords(fundingWords, () => wallet.sendPartly(recipients, sending)));
  },

  async bumpfee(context, args) {
    const { wallet, node } = context;
    const { txid, options = {}, only_signalling } = args;
    if ((await wallet.info()).meta.flags.privateKeysDisabled) {
      throw new RpcError(
        -4,
        'bumpfee is not available with wallets that have private keys disabled. Use psbtbumpfee instead.',
      );
    }
    const bump = { ...bumpOptions(options, node), onlySignalling: only_signalling };
    const once = onceOf(context, 'bumpfee', args);
    // Before the transaction is looked for; what was answered once is answered again without the keys.
    if (!once.once) await wallet.requireUnlocked();
    try {
      const { tx, fee, oldFee } = await wallet.bumpFee(txid, { ...bump, ...once });
      return { txid: tx.txid, origfee: oldFee, fee, errors: [] };
    } catch (error) {
      throw asBumpError(error);
    }
  },
};
