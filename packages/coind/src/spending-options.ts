/** How a payment is made, as calls ask for it: whom it pays, which coins it takes, where its change goes. */
import { WITNESS_SCALE_FACTOR } from '@coind/consensus';
import { hexToBytes, SEQUENCE_FINAL, type TxOutput } from '@coind/primitives';
import { codes, type NewOutput, RpcError } from '@coind/rpc';
import {
  AddressError,
  decodeAddress,
  MAX_STANDARD_WEIGHT,
  MIN_STANDARD_SIZE,
  nullData,
} from '@coind/script';
import {
  type ChosenInput,
  parseAddressType,
  type Recipient,
  type SpendOptions,
} from '@coind/wallet';
import type { NodeModules } from './context.ts';
import { recipientScript } from './shapes/recipient.ts';
import { weightsOf } from './solving-data.ts';
import { creationWords } from './wallet-errors.ts';

/** Signals that the transaction may be replaced (BIP125). */
const SEQUENCE_REPLACEABLE = SEQUENCE_FINAL - 2;

/** An output that a call describes. Throws -5 for an address that is none. */
export function newTxOutput(output: NewOutput, node: NodeModules): TxOutput {
  return 'data' in output
    ? { scriptPubKey: nullData(hexToBytes(output.data)), value: 0n }
    : { scriptPubKey: recipientScript(output.address, node), value: output.amount };
}

/** Whom a call pays, of whom `payers` bear the fee. Throws -5 and -8. */
export function recipientsOf(
  outputs: readonly NewOutput[],
  payers: readonly (number | string)[],
  node: NodeModules,
): Recipient[] {
  const recipients = outputs.map((output) => {
    const { scriptPubKey, value } = newTxOutput(output, node);
    return { script: scriptPubKey, amount: value };
  });
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

/** Where the change goes, in the words of today's methods. */
export interface ChangeArguments {
  readonly change_address?: string | undefined;
  readonly change_position?: number | undefined;
  readonly change_type?: string | undefined;
}

/** Where the change goes. Throws -5 and -8 for what bitcoind refuses. */
export function changeOptions(
  options: ChangeArguments,
  outputs: number,
  { params }: NodeModules,
): SpendOptions {
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

/**
 * The inputs that a call names. Those without a sequence get the one that a raw transaction would give them.
 * Throws -8 for weights that cannot be.
 */
export function chosenInputs(
  inputs: readonly ChosenInput[],
  {
    replaceable,
    locktime,
  }: { readonly replaceable: boolean; readonly locktime: number | undefined },
): ChosenInput[] {
  weightsOf(
    inputs.flatMap((input) =>
      input.weight === undefined ? [] : { ...input, weight: input.weight },
    ),
  );
  const unsignalled = locktime ? SEQUENCE_FINAL - 1 : SEQUENCE_FINAL;
  const fallback = replaceable ? SEQUENCE_REPLACEABLE : unsignalled;
  return inputs.map((input) => ({ ...input, sequence: input.sequence ?? fallback }));
}

/** Which coins may be added. */
export interface AddedCoinsArguments {
  readonly add_inputs?: boolean | undefined;
  readonly include_unsafe?: boolean | undefined;
  readonly minconf?: number | undefined;
  readonly maxconf?: number | undefined;
}

/** The same for the wallet. Throws -8. */
export function addedCoins(options: AddedCoinsArguments): SpendOptions {
  const { add_inputs, include_unsafe, minconf = 0, maxconf } = options;
  if (minconf < 0) throw new RpcError(-8, 'Negative minconf');
  if (maxconf !== undefined && maxconf < minconf) {
    throw new RpcError(-8, `maxconf can't be lower than minconf: ${maxconf} < ${minconf}`);
  }
  return {
    ...(add_inputs !== undefined && { addInputs: add_inputs }),
    ...(include_unsafe !== undefined && { includeUnsafe: include_unsafe }),
    minConfirmations: minconf,
    ...(maxconf !== undefined && { maxConfirmations: maxconf }),
  };
}

/** What the smallest transaction weighs that has no witness. */
const LEAST_WEIGHT = WITNESS_SCALE_FACTOR * MIN_STANDARD_SIZE;

/** Throws -4 for a bound on the weight that makes no sense. */
export function checkMaxWeight(weight: number): void {
  if (weight >= LEAST_WEIGHT && weight <= MAX_STANDARD_WEIGHT) return;
  const range = `between ${LEAST_WEIGHT} and ${MAX_STANDARD_WEIGHT}`;
  throw new RpcError(-4, `Maximum transaction weight must be ${range}`);
}

/** Whatever keeps these calls from making a transaction is one code of bitcoind's. */
export const fundingWords = Object.fromEntries(
  ['insufficient-funds', 'invalid-input', ...Object.keys(creationWords)].map(
    (key) => [key, codes.wallet] as const,
  ),
);
