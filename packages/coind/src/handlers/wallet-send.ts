/** Handlers of the wallet methods that pay in today's way, and how payments choose their fee. */
import {
  bytesToHex,
  feeRate,
  formatBtc,
  hexToBytes,
  type Sats,
  SEQUENCE_FINAL,
  type TxOutput,
} from '@coind/primitives';
import {
  type ArgsOf,
  codes,
  type Handlers,
  type methods,
  type NewOutput,
  RpcError,
  rpcError,
} from '@coind/rpc';
import { AddressError, decodeAddress, nullData } from '@coind/script';
import {
  type BumpOptions,
  parseAddressType,
  type Recipient,
  type SendOptions,
} from '@coind/wallet';
import type { NodeModules, WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { recipientScript } from '../shapes/recipient.ts';
import { asBumpError, creationWords, inWords } from '../wallet-errors.ts';

/** The arguments by which payments choose their fee. */
export interface FeeArguments {
  readonly replaceable?: boolean | undefined;
  readonly conf_target?: number | undefined;
  readonly estimate_mode?: string | undefined;
  readonly fee_rate?: Sats | undefined;
}

const ESTIMATE_MODES = ['unset', 'economical', 'conservative'];
const MAX_CONF_TARGET = 1008;

/** Fee options of a payment. Throws -8 for what bitcoind refuses. */
export function feeOptions(args: FeeArguments): SendOptions {
  const { replaceable, conf_target, estimate_mode = 'unset', fee_rate } = args;
  const mode = estimate_mode.toLowerCase();
  if (fee_rate !== undefined) {
    if (conf_target !== undefined) {
      throw new RpcError(
        -8,
        'Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.',
      );
    }
    if (mode !== 'unset') {
      throw new RpcError(-8, 'Cannot specify both estimate_mode and fee_rate');
    }
  } else {
    if (!ESTIMATE_MODES.includes(mode)) throw rpcError('estimateMode');
    if (conf_target !== undefined && (conf_target < 1 || conf_target > MAX_CONF_TARGET)) {
      throw rpcError('confTargetRange');
    }
  }
  return {
    ...(replaceable !== undefined && { replaceable }),
    ...(fee_rate !== undefined && { feeRate: feeRate(fee_rate) }),
    ...(conf_target !== undefined && { confirmTarget: conf_target }),
    ...(mode !== 'unset' && { conservative: mode === 'conservative' }),
  };
}

/** Signals that the transaction may be replaced (BIP125). */
const SEQUENCE_REPLACEABLE = SEQUENCE_FINAL - 2;

type SendArgs = ArgsOf<typeof methods.walletSend.send>;
type Options = NonNullable<SendArgs['options']>;

/** The fee as an argument or among the options, but not both. Throws -8. */
function feeArguments(args: SendArgs, options: Partial<Options>): FeeArguments {
  const { conf_target, estimate_mode, fee_rate } = args;
  const inOptions = options.conf_target !== undefined || options.estimate_mode !== undefined;
  if (inOptions && (conf_target !== undefined || estimate_mode !== undefined)) {
    throw new RpcError(
      -8,
      'Pass conf_target and estimate_mode either as arguments or in the options object, but not both',
    );
  }
  if (options.fee_rate !== undefined && fee_rate !== undefined) {
    throw new RpcError(
      -8,
      'Pass the fee_rate either as an argument, or in the options object, but not both',
    );
  }
  const target = conf_target ?? options.conf_target;
  const mode = estimate_mode ?? options.estimate_mode;
  if (target !== undefined && (mode === undefined || mode === 'unset')) {
    throw new RpcError(-8, 'Specify estimate_mode');
  }
  return {
    replaceable: options.replaceable,
    conf_target: target,
    estimate_mode: mode,
    fee_rate: fee_rate ?? options.fee_rate,
  };
}

function recipientsOf(
  { outputs }: SendArgs,
  { subtract_fee_from_outputs: payers = [] }: Partial<Options>,
  node: NodeModules,
): Recipient[] {
  const recipients = outputs.map((output): Recipient & { script: Uint8Array } =>
    'data' in output
      ? { script: nullData(hexToBytes(output.data)), amount: 0n }
      : { script: recipientScript(output.address, node), amount: output.amount },
  );
  const names = outputs.map((output) => ('data' in output ? 'data' : output.address));
  return chargeFee(recipients, names, payers);
}

/** `recipients` of which `payers`, by place or by name, bear the fee. Throws -8 for who is none of them. */
export function chargeFee(
  recipients: readonly Recipient[],
  names: readonly (string | undefined)[],
  payers: readonly (number | string)[],
): Recipient[] {
  const seen = new Set<number>();
  for (const payer of payers) {
    const wrong = (text: string) =>
      new RpcError(-8, `Invalid parameter 'subtract fee from output', ${text}`);
    const place = typeof payer === 'number' ? payer : names.indexOf(payer);
    if (typeof payer === 'string' && place < 0) {
      throw wrong(`destination ${payer} not found in tx outputs`);
    }
    if (seen.has(place)) throw wrong(`duplicated position: ${place}`);
    if (place < 0) throw wrong(`negative position: ${place}`);
    if (place >= recipients.length) throw wrong(`position too large: ${place}`);
    seen.add(place);
  }
  return recipients.map((recipient, place) =>
    seen.has(place) ? { ...recipient, subtractFee: true } : recipient,
  );
}

/** Where the change goes. Throws -5 and -8 for what bitcoind refuses. */
export function changeOptions(
  options: Pick<Partial<Options>, 'change_address' | 'change_position' | 'change_type'>,
  outputs: number,
  { params }: NodeModules,
): SendOptions {
  const { change_address, change_position, change_type } = options;
  const script = change_address === undefined ? undefined : changeScript(change_address, params);
  if (change_position !== undefined && (change_position < 0 || change_position > outputs)) {
    throw new RpcError(-8, 'changePosition out of bounds');
  }
  if (change_type !== undefined && script) {
    throw new RpcError(-8, 'Cannot specify both change address and address type options');
  }
  const type = change_type === undefined ? undefined : parseAddressType(change_type);
  if (change_type !== undefined && type === undefined) {
    throw new RpcError(-5, `Unknown change type '${change_type}'`);
  }
  return {
    ...(script && { changeScript: script }),
    ...(change_position !== undefined && { changePosition: change_position }),
    ...(type && { changeType: type }),
  };
}

function changeScript(address: string, params: NodeModules['params']): Uint8Array {
  try {
    return decodeAddress(address, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RpcError(-5, 'Change address must be a valid bitcoin address');
  }
}

function coinOptions(options: Partial<Options>): SendOptions {
  const { add_inputs, include_unsafe, minconf = 0, maxconf, inputs, locktime } = options;
  if (minconf < 0) throw new RpcError(-8, 'Negative minconf');
  if (maxconf !== undefined && maxconf < minconf) {
    throw new RpcError(-8, `maxconf can't be lower than minconf: ${maxconf} < ${minconf}`);
  }
  // Inputs that are named keep the sequence a raw transaction would give them.
  const unsignalled = locktime ? SEQUENCE_FINAL - 1 : SEQUENCE_FINAL;
  const fallback = options.replaceable === false ? unsignalled : SEQUENCE_REPLACEABLE;
  return {
    ...(add_inputs !== undefined && { addInputs: add_inputs }),
    ...(include_unsafe !== undefined && { includeUnsafe: include_unsafe }),
    minConfirmations: minconf,
    ...(maxconf !== undefined && { maxConfirmations: maxconf }),
    ...(inputs && {
      inputs: inputs.map(({ txid, vout, sequence = fallback }) => ({ txid, vout, sequence })),
    }),
    ...(locktime !== undefined && { locktime }),
  };
}

/** Throws -4 for a bound on the weight that makes no sense. */
export function checkMaxWeight(weight: number): void {
  if (weight >= 260 && weight <= 400_000) return;
  throw new RpcError(-4, 'Maximum transaction weight must be between 260 and 400000');
}

/** Whatever keeps `send` from making a transaction is one code of bitcoind's. */
export const sendWords = Object.fromEntries(
  ['insufficient-funds', ...Object.keys(creationWords)].map((key) => [key, codes.wallet] as const),
);

type BumpArguments = NonNullable<ArgsOf<typeof methods.walletSend.bumpfee>['options']>;

/** The fee that a replacement asks for. Throws -8 for what contradicts itself. */
function bumpFeeArguments(options: Partial<BumpArguments>): FeeArguments {
  const { confTarget, conf_target, totalFee } = options;
  if (confTarget !== undefined && conf_target !== undefined) {
    throw new RpcError(
      -8,
      'confTarget and conf_target options should not both be set. Use conf_target (confTarget is deprecated).',
    );
  }
  const target = confTarget ?? conf_target;
  if (target !== undefined && totalFee !== undefined) {
    throw new RpcError(
      -8,
      'confTarget and totalFee options should not both be set. Please provide either a confirmation target for fee estimation or an explicit total fee for the transaction.',
    );
  }
  if (totalFee !== undefined && totalFee <= 0) {
    const shown = formatBtc(BigInt(totalFee));
    throw new RpcError(-8, `Invalid totalFee ${shown} (must be greater than 0)`);
  }
  const { replaceable, estimate_mode, fee_rate } = options;
  return { replaceable, conf_target: target, estimate_mode, fee_rate };
}

/** The outputs that a replacement pays instead. Throws -8 for none. */
function newTxOutputs(outputs: readonly NewOutput[], node: NodeModules): readonly TxOutput[] {
  if (outputs.length === 0) {
    throw new RpcError(-8, 'Invalid parameter, output argument cannot be an empty array');
  }
  return outputs.map((output) =>
    'data' in output
      ? { scriptPubKey: nullData(hexToBytes(output.data)), value: 0n }
      : { scriptPubKey: recipientScript(output.address, node), value: output.amount },
  );
}

/** Handlers of the wallet methods that pay in today's way. */
export const walletSend: Handlers<typeof methods.walletSend, WalletContext> = {
  async send(context, args) {
    const { wallet, node } = context;
    const options: Partial<Options> = args.options ?? {};
    const fee = feeArguments(args, options);
    const recipients = recipientsOf(args, options, node);
    const sending: SendOptions = {
      ...coinOptions(options),
      ...changeOptions(options, recipients.length, node),
      // An explicit fee rate is one that the sender may want to raise.
      ...(fee.fee_rate !== undefined && { replaceable: true }),
      ...feeOptions(fee),
      version: args.version,
      ...(options.max_tx_weight !== undefined && { maxWeight: options.max_tx_weight }),
    };
    const { max_tx_weight } = options;
    if (max_tx_weight !== undefined) checkMaxWeight(max_tx_weight);
    if (recipients.length === 0) throw new RpcError(-8, 'TX must have at least one output');
    const words = { ...sendWords, 'invalid-input': codes.wallet };
    const { add_to_wallet = true, lock_unspents = false } = options;
    const { tx } = await inWords(words, () =>
      add_to_wallet
        ? wallet.sendToScripts(recipients, {
            ...sending,
            evenLocked: true,
            ...onceOf(context, 'send', args),
          })
        : wallet.createTransaction(recipients, sending),
    );
    if (lock_unspents) await wallet.lock(tx.inputs.map(({ prevout }) => prevout));
    return {
      txid: tx.txid,
      ...(!add_to_wallet && { hex: bytesToHex(tx.encode()) }),
      complete: true,
    };
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
    const { totalFee, outputs, original_change_index: changeIndex } = options;
    const bump: BumpOptions = {
      ...feeOptions(bumpFeeArguments(options)),
      ...(totalFee !== undefined && { totalFee: BigInt(totalFee) }),
      ...(outputs && { outputs: newTxOutputs(outputs, node) }),
      ...(changeIndex !== undefined && { changeIndex }),
      onlySignalling: only_signalling,
    };
    const once = onceOf(context, 'bumpfee', args);
    try {
      const { tx, fee, oldFee } = await wallet.bumpFee(txid, { ...bump, ...once });
      return { txid: tx.txid, origfee: oldFee, fee, errors: [] };
    } catch (error) {
      throw asBumpError(error);
    }
  },
};
