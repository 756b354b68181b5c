/**
 * Transactions and scripts in the shape RPC shows them. Each is a superset of what the profiles print: the
 * method tables of @coind/rpc pick their members.
 */

import type { Coin } from '@coind/consensus';
import { inferDescriptor } from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  DecodeError,
  hash160,
  parseHex,
  type Sats,
  Tx,
  type TxInput,
  type TxOutput,
} from '@coind/primitives';
import { classifyOutput, encodeAddress, formatAsm, matchMultisig, p2pkh } from '@coind/script';

/** A scriptPubKey: today's members, and those of 0.16. */
export function scriptPubKeyJson(script: Uint8Array, params: ChainParams) {
  const { type } = classifyOutput(script);
  const address = type === 'pubkey' ? undefined : encodeAddress(script, params);
  return {
    asm: formatAsm(script),
    desc: inferDescriptor(script, params),
    hex: bytesToHex(script),
    ...(address !== undefined && { address }),
    type,
    ...legacyDestinations(script, params),
  };
}

/** 0.16 showed every address that could sign, also of bare keys and bare multisig. */
function legacyDestinations(script: Uint8Array, params: ChainParams) {
  const { type, solutions } = classifyOutput(script);
  const addressesOf = (keys: readonly Uint8Array[]) =>
    keys.flatMap((key) => encodeAddress(p2pkh(hash160(key)), params) ?? []);
  if (type === 'pubkey') return { reqSigs: 1, addresses: addressesOf(solutions) };
  const multisig = type === 'multisig' ? matchMultisig(script) : undefined;
  if (multisig) return { reqSigs: multisig.required, addresses: addressesOf(multisig.pubkeys) };
  const address = encodeAddress(script, params);
  return address === undefined ? {} : { reqSigs: 1, addresses: [address] };
}

function prevoutJson(coin: Coin, params: ChainParams) {
  return {
    generated: coin.coinbase,
    height: coin.height,
    value: coin.output.value,
    scriptPubKey: scriptPubKeyJson(coin.output.scriptPubKey, params),
  };
}

function inputJson(
  input: TxInput,
  isCoinbase: boolean,
  prevout: ReturnType<typeof prevoutJson> | undefined,
) {
  const { prevout: outpoint, scriptSig, witness, sequence } = input;
  return {
    ...(isCoinbase
      ? { coinbase: bytesToHex(scriptSig) }
      : {
          ...outpoint,
          scriptSig: {
            asm: formatAsm(scriptSig, { sighashDecode: true }),
            hex: bytesToHex(scriptSig),
          },
        }),
    ...(witness.length > 0 && { txinwitness: witness.map(bytesToHex) }),
    ...(prevout && { prevout }),
    sequence,
  };
}

function outputJson({ value, scriptPubKey }: TxOutput, n: number, params: ChainParams) {
  return { value, n, scriptPubKey: scriptPubKeyJson(scriptPubKey, params) };
}

/** What is known about a transaction beside its bytes. */
export interface TxContext {
  /** The coins it spends, in order of inputs; absent for a coinbase or when unknown. */
  readonly spent?: readonly Coin[] | undefined;
  /** Show the spent outputs too (verbosity 3 of getblock, 2 of getrawtransaction). */
  readonly withPrevouts?: boolean;
}

/** A decoded transaction, as decoderawtransaction shows it; with `fee` where the spent coins are known. */
export function txJson(tx: Tx, params: ChainParams, { spent, withPrevouts }: TxContext = {}) {
  const { isCoinbase } = tx;
  const fee = spent && !isCoinbase ? feeOf(tx, spent) : undefined;
  return {
    txid: tx.txid,
    hash: tx.wtxid,
    version: tx.version,
    size: tx.size,
    vsize: tx.vsize,
    weight: tx.weight,
    locktime: tx.locktime,
    vin: tx.inputs.map((input, index) => {
      const coin = withPrevouts ? spent?.[index] : undefined;
      return inputJson(input, isCoinbase, coin && prevoutJson(coin, params));
    }),
    vout: tx.outputs.map((output, index) => outputJson(output, index, params)),
    ...(fee !== undefined && { fee }),
  };
}

function feeOf(tx: Tx, spent: readonly Coin[]): Sats {
  const total = (values: readonly TxOutput[]) => values.reduce((sum, { value }) => sum + value, 0n);
  return total(spent.map(({ output }) => output)) - total(tx.outputs);
}

/** Which forms a hex transaction may have: with witness, without, or whichever makes sense. */
export type TxForm = 'witness' | 'plain' | 'either';

/**
 * The transaction in `hex`, or undefined. A transaction without inputs looks like one with a witness, so
 * `either` tries both and prefers the one whose scripts make sense, as bitcoind does.
 */
export function parseTx(hex: string, form: TxForm = 'either'): Tx | undefined {
  const bytes = parseHex(hex);
  if (!bytes) return undefined;
  const withWitness = form === 'plain' ? undefined : attempt(() => Tx.decode(bytes));
  if (withWitness && (form === 'witness' || looksSane(withWitness))) return withWitness;
  const plain = form === 'witness' ? undefined : attempt(() => Tx.decodeWithoutWitness(bytes));
  if (plain && looksSane(plain)) return plain;
  return withWitness ?? plain;
}

function attempt(decode: () => Tx): Tx | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function looksSane(tx: Tx): boolean {
  const isValid = (script: Uint8Array) =>
    !formatAsm(script).endsWith('[error]') && script.length <= 10_000;
  const inputsSane = tx.isCoinbase || tx.inputs.every(({ scriptSig }) => isValid(scriptSig));
  return inputsSane && tx.outputs.every(({ scriptPubKey }) => isValid(scriptPubKey));
}
