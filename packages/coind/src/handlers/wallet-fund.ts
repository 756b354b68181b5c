/** Handler of the wallet method that completes a transaction somebody else described. */
import {
  DescriptorError,
  expandDescriptor,
  parseMultipath,
  type ScriptSolution,
  withChecksum,
} from '@coind/descriptors';
import { MAX_STANDARD_WEIGHT } from '@coind/mempool';
import {
  bytesToHex,
  type ChainParams,
  feeRate,
  hash160,
  hexToBytes,
  isHex,
  outpointKey,
  sha256,
} from '@coind/primitives';
import { type ArgsOf, codes, type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { encodeAddress, p2sh, p2wsh } from '@coind/script';
import type { SpendOptions } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { parsePublicKey } from '../shapes/multisig.ts';
import { parseTx } from '../shapes/tx-json.ts';
import { inWords } from '../wallet-errors.ts';
import { changeOptions, chargeFee, checkMaxWeight, feeOptions, sendWords } from './wallet-send.ts';

type Options = Partial<
  NonNullable<ArgsOf<typeof methods.walletFund.fundrawtransaction>['options']>
>;

/** The fee that the options ask for, in either of its units. Throws -8 for what contradicts itself. */
function feeOf(options: Options): SpendOptions {
  const { feeRate: perKilobyte, fee_rate, conf_target, estimate_mode } = options;
  const asked = { conf_target, estimate_mode, replaceable: options.replaceable };
  if (perKilobyte === undefined) return feeOptions({ ...asked, fee_rate });
  if (fee_rate !== undefined) {
    throw new RpcError(-8, 'Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)');
  }
  if (conf_target !== undefined) {
    throw new RpcError(
      -8,
      'Cannot specify both conf_target and feeRate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.',
    );
  }
  if (estimate_mode !== undefined) {
    throw new RpcError(-8, 'Cannot specify both estimate_mode and feeRate');
  }
  return feeOptions({ ...asked, fee_rate: feeRate(perKilobyte) });
}

/** Which coins may be added. Throws -8. */
function coinsOf({
  add_inputs = true,
  include_unsafe,
  includeWatching = false,
  minconf = 0,
  maxconf,
}: Options): SpendOptions {
  if (minconf < 0) throw new RpcError(-8, 'Negative minconf');
  return {
    addInputs: add_inputs,
    ...(include_unsafe !== undefined && { includeUnsafe: include_unsafe }),
    includeWatched: includeWatching,
    minConfirmations: minconf,
    ...(maxconf !== undefined && { maxConfirmations: maxconf }),
  };
}

const MIN_INPUT_WEIGHT = 165;

/** The weight of each input that one was given for, by outpoint. Throws -8. */
function weightsOf({ input_weights = [] }: Options): ReadonlyMap<string, number> {
  for (const { vout, weight } of input_weights) {
    if (vout < 0) throw new RpcError(-8, 'Invalid parameter, vout cannot be negative');
    if (weight < MIN_INPUT_WEIGHT) {
      throw new RpcError(
        -8,
        `Invalid parameter, weight cannot be less than ${MIN_INPUT_WEIGHT} (41 bytes (size of outpoint + sequence + empty scriptSig) * 4 (witness scaling factor)) + 1 (empty witness)`,
      );
    }
    if (weight > MAX_STANDARD_WEIGHT) {
      throw new RpcError(
        -8,
        `Invalid parameter, weight cannot be greater than the maximum standard tx weight of ${MAX_STANDARD_WEIGHT}`,
      );
    }
  }
  return new Map(input_weights.map((input) => [outpointKey(input), input.weight]));
}

/** How to spend what is not the wallet's. Throws -5 and -8 for keys, scripts and descriptors that are none. */
function solutionsOf({ solving_data = {} }: Options, params: ChainParams): ScriptSolution[] {
  const { pubkeys = [], scripts = [], descriptors = [] } = solving_data;
  const described = (text: string) =>
    parseMultipath(text, params, true).flatMap((descriptor) => expandDescriptor(descriptor, 0));
  const ofKeys = pubkeys.flatMap((text) =>
    described(withChecksum(`combo(${bytesToHex(parsePublicKey(text))})`)),
  );
  const ofScripts = scripts.flatMap((text) => {
    if (!isHex(text)) throw new RpcError(-5, `'${text}' is not hex`);
    return behindHashes(hexToBytes(text));
  });
  const ofDescriptors = descriptors.flatMap((text) => {
    try {
      return described(text);
    } catch (error) {
      if (!(error instanceof DescriptorError)) throw error;
      throw new RpcError(-8, `Unable to parse descriptor '${text}': ${error.message}`);
    }
  });
  return [...ofKeys, ...ofScripts, ...ofDescriptors];
}

/** The outputs that a script may be behind. */
function behindHashes(script: Uint8Array): ScriptSolution[] {
  const descriptor = { kind: 'raw', script } as const;
  const program = p2wsh(sha256(script));
  return [
    { scriptPubKey: p2sh(hash160(script)), redeemScript: script, keys: [], descriptor },
    { scriptPubKey: program, witnessScript: script, keys: [], descriptor },
    {
      scriptPubKey: p2sh(hash160(program)),
      redeemScript: program,
      witnessScript: script,
      keys: [],
      descriptor,
    },
  ];
}

/** Handler of the method that funds a transaction. */
export const walletFund: Handlers<typeof methods.walletFund, WalletContext> = {
  async fundrawtransaction({ wallet, node }, { hexstring, options = {}, iswitness }) {
    const given: Options = options;
    const form = iswitness === undefined ? 'either' : iswitness ? 'witness' : 'plain';
    const tx = parseTx(hexstring, form);
    if (!tx) throw rpcError('txDecodeFailed');
    const { max_tx_weight, lockUnspents = false, subtractFeeFromOutputs = [] } = given;
    const change = {
      ...(given.changeAddress !== undefined && { change_address: given.changeAddress }),
      ...(given.changePosition !== undefined && { change_position: given.changePosition }),
      ...(given.change_type !== undefined && { change_type: given.change_type }),
    };
    const names = tx.outputs.map((output) => encodeAddress(output.scriptPubKey, node.params));
    const recipients = tx.outputs.map((output) => ({
      script: output.scriptPubKey,
      amount: output.value,
    }));
    const weights = weightsOf(given);
    const spending: SpendOptions = {
      ...changeOptions(change, recipients.length, node),
      ...coinsOf(given),
      ...feeOf(given),
      // Who names a rate means it: it may be low because somebody else adds to the fee.
      anyFeeRate: true,
      inputs: tx.inputs.map(({ prevout, sequence }) => ({
        ...prevout,
        sequence,
        weight: weights.get(outpointKey(prevout)),
      })),
      foreign: solutionsOf(given, node.params),
      locktime: tx.locktime,
      version: tx.version,
      ...(max_tx_weight !== undefined && { maxWeight: max_tx_weight }),
    };
    if (max_tx_weight !== undefined) checkMaxWeight(max_tx_weight);
    if (recipients.length === 0) throw new RpcError(-8, 'TX must have at least one output');
    const charged = chargeFee(recipients, names, subtractFeeFromOutputs);
    const words = { ...sendWords, 'invalid-input': codes.wallet };
    const funded = await inWords(words, () => wallet.fundTransaction(charged, spending));
    if (lockUnspents) await wallet.lock(funded.tx.inputs.map(({ prevout }) => prevout));
    return {
      hex: bytesToHex(funded.tx.encode()),
      fee: funded.fee,
      changepos: funded.changePosition ?? -1,
    };
  },
};
