/** Parameter kinds that only a few methods have: verbosity, block by hash or height, outputs to make. */
import type { BlockHash, FeeRate, Sats, Txid } from '@coind/primitives';
import { feeRate as toFeeRate } from '@coind/primitives';
import {
  amount,
  json as anyJson,
  blockHash,
  bool,
  byNameOnly,
  type Codec,
  decodeInteger,
  looseHash,
  optional,
  type Presentation,
  refuseType,
  str,
  txid,
} from '../codec.ts';
import { list, oneOf } from '../codec-shapes.ts';
import { RpcError, rpcError } from '../error.ts';
import { formatString, type Json, JsonNumber, JsonObject, jsonType } from '../json.ts';

/** By which a caller knows his payment again: ours, beside bitcoind's arguments. */
export const idempotencyKey = byNameOnly(
  optional(str('The same key with the same arguments has its effect once and the same answer')),
);

const EARLY_ADDRESS_TYPES = ['legacy', 'p2sh-segwit', 'bech32'];
const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/** A verbosity: a whole number, or true for 1 and false for 0. `word` is what 0.16 says it wants. */
export function verbosity(about: string, word = 'an integer'): Codec<number> {
  return {
    type: undefined,
    word: 'numeric or boolean',
    about,
    cli: 'json',
    decode(json) {
      if (typeof json === 'boolean') return json ? 1 : 0;
      if (!(json instanceof JsonNumber)) return refuseType('number', json, word);
      return decodeInteger(json, INT_MIN, INT_MAX);
    },
    encode: (value) => `${value}`,
    fits: (value) => typeof value === 'number',
    reads: (json) => typeof json === 'boolean' || json instanceof JsonNumber,
  };
}

/** A block, by its hash or by its height on the best chain. */
export function hashOrHeight(
  about: string,
  presentation: Presentation = {},
): Codec<BlockHash | number> {
  const hash = blockHash(about);
  return {
    type: undefined,
    word: 'string or numeric',
    about,
    cli: presentation.cli ?? 'json',
    usage: presentation.usage,
    decode: (json, name) =>
      json instanceof JsonNumber ? decodeInteger(json, INT_MIN, INT_MAX) : hash.decode(json, name),
    encode: (value) => (typeof value === 'number' ? `${value}` : hash.encode(value)),
    fits: (value) => typeof value === 'number' || typeof value === 'string',
    reads: (json) => json instanceof JsonNumber || typeof json === 'string',
  };
}

/** The index of an output to spend; texts as createrawtransaction has them. */
export function inputIndex(about: string): Codec<number> {
  return {
    type: undefined,
    word: 'numeric',
    about,
    cli: 'json',
    decode(json) {
      if (!(json instanceof JsonNumber)) throw rpcError('missingVout');
      const index = decodeInteger(json, INT_MIN, INT_MAX);
      if (index < 0) throw rpcError('voutNegative');
      return index;
    },
    encode: (value) => `${value}`,
    fits: (value) => typeof value === 'number',
    reads: (json) => json instanceof JsonNumber,
  };
}

/** An input's sequence; texts as createrawtransaction has them, which ignores what is no number. */
export function inputSequence(about: string): Codec<number | undefined> {
  return {
    ...inputIndex(about),
    encode: (value) => `${value}`,
    decode(json) {
      if (!(json instanceof JsonNumber)) return undefined;
      const sequence = decodeInteger(json, -(2 ** 63), 2 ** 63);
      if (sequence < 0 || sequence > 0xffffffff) {
        throw new RpcError(-8, 'Invalid parameter, sequence number is out of range');
      }
      return sequence;
    },
  };
}

/** A whole number from `min` to `max`, refused with -8 and `text` (`%s` is the number) outside of it. */
export function ranged(min: number, max: number, text: string, about: string): Codec<number> {
  return {
    type: 'number',
    word: 'numeric',
    about,
    cli: 'json',
    decode(json) {
      const value = decodeInteger(json, -(2 ** 63), 2 ** 63);
      if (value < min || value > max) throw new RpcError(-8, text.replace('%s', `${value}`));
      return value;
    },
    encode: (value) => `${value}`,
    fits: (value) => typeof value === 'number',
    reads: (json) => json instanceof JsonNumber,
  };
}

/** An output to make: a payment or data. Whether the address is one is for the handler to say. */
export type NewOutput =
  | { readonly address: string; readonly amount: Sats }
  | { readonly data: string };

/** The outputs of a new transaction: an object, or a list of objects with one member each. */
export function newOutputs(
  about: string,
  presentation: Presentation = {},
): Codec<readonly NewOutput[]> {
  const payment = amount('The amount');
  return {
    type: undefined,
    word: 'json array',
    about,
    cli: 'json',
    usage: presentation.usage,
    decode(json) {
      const seen = new Set<string>();
      return pairsOfOutputs(json).map(([key, value]) => {
        if (seen.has(key)) throw duplicate(key);
        seen.add(key);
        if (key !== 'data') return { address: key, amount: payment.decode(value, key) };
        return { data: decodeData(value) };
      });
    },
    encode: (outputs) =>
      `[${outputs.map((output) => `{${'data' in output ? `"data":${formatString(output.data)}` : `${formatString(output.address)}:${payment.encode(output.amount)}`}}`).join(',')}]`,
    fits: Array.isArray,
    reads: (json) => Array.isArray(json) || json instanceof JsonObject,
  };
}

/** The outputs of a new transaction as up to 0.16: an object. */
export function outputsByAddress(about: string): Codec<readonly NewOutput[]> {
  const outputs = newOutputs(about, { usage: '{"address":amount,"data":"hex",...}' });
  return { ...outputs, type: 'object', word: 'json object' };
}

/** One of the first two arguments of 0.16's createrawtransaction, which refused null in its own words. */
export function notNull<Value>(codec: Codec<Value>): Codec<Value> {
  return {
    ...codec,
    keepsNull: true,
    decode(json, name) {
      if (json !== null) return codec.decode(json, name);
      throw new RpcError(-8, 'Invalid parameter, arguments 1 and 2 must be non-null');
    },
  };
}

/** True, or anything else for false: 0.16 did not look closer. */
export function truth(about: string): Codec<boolean> {
  return { ...bool(about), decode: (json) => json === true };
}

function duplicate(key: string): RpcError {
  return key === 'data'
    ? new RpcError(-8, 'Invalid parameter, duplicate key: data')
    : rpcError('duplicatedAddress', key);
}

function pairsOfOutputs(json: Json): readonly (readonly [string, Json])[] {
  if (json instanceof JsonObject) return json.entries;
  if (!Array.isArray(json)) return refuseType('array', json);
  return (json as readonly Json[]).map((output) => {
    if (!(output instanceof JsonObject)) {
      throw new RpcError(-8, 'Invalid parameter, key-value pair not an object as expected');
    }
    const [pair] = output.entries;
    if (pair === undefined || output.entries.length > 1) {
      throw new RpcError(-8, 'Invalid parameter, key-value pair must contain exactly one key');
    }
    return pair;
  });
}

function decodeData(json: Json): string {
  const text = typeof json === 'string' ? json : json instanceof JsonNumber ? json.text : '';
  if (text === '' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw rpcError('notHex', 'Data', text);
  }
  return text;
}

/** 0.16's `allowhighfees`: true stands for no limit, false for the limit of 0.1 BTC/kvB. */
export function allowHighFees(about: string): Codec<FeeRate> {
  const flag = bool(about);
  return {
    ...flag,
    decode: (json, name) => toFeeRate(flag.decode(json, name) ? 0n : 10_000_000n),
    encode: (value) => flag.encode(value === 0n),
  };
}

/**
 * A first argument that once was an account: `*` (or nothing) means the whole wallet. `others` says
 * whether further names are accounts or are refused.
 */
export function wholeWallet(
  about: string,
  others: 'accounts' | 'refused',
): Codec<string | undefined> {
  const text = str(about);
  return {
    ...text,
    decode(json, name) {
      const value = text.decode(json, name);
      if (value === '*') return undefined;
      if (others === 'refused') throw rpcError('dummyStar');
      return value;
    },
    encode: (value) => text.encode(value ?? '*'),
  };
}

/** sendmany's first argument: empty means no account; other names are accounts or refused. */
export function noAccount(
  about: string,
  others: 'accounts' | 'refused',
): Codec<string | undefined> {
  const text = str(about, { usage: '""' });
  return {
    ...text,
    decode(json, name) {
      const value = text.decode(json, name);
      if (value === '') return undefined;
      if (others === 'refused') throw rpcError('dummyEmpty');
      if (value === '*') throw rpcError('invalidAccountName');
      return value;
    },
    encode: (value) => text.encode(value ?? ''),
  };
}

/** A transaction as 0.16's lockunspent reads it: any hex digits, a refusal of its own otherwise. */
export function lockedTxid(about: string): Codec<Txid> {
  const loose = looseHash(txid(about));
  return {
    ...loose,
    decode(json, name) {
      if (typeof json === 'string' && !/^(?:[0-9a-fA-F]{2})+$/.test(json)) {
        throw new RpcError(-8, 'Invalid parameter, expected hex txid');
      }
      return loose.decode(json, name);
    },
  };
}

/** Which keys of a descriptor: the last index, or the first and the last. */
export type IndexRange = number | readonly [begin: number, end: number];

/** A range of descriptor indexes. */
export function indexRange(about: string): Codec<IndexRange> {
  return {
    type: undefined,
    word: 'numeric or array',
    about,
    cli: 'json',
    decode(json) {
      if (json instanceof JsonNumber) return decodeInteger(json, -(2 ** 63), 2 ** 63);
      if (
        !Array.isArray(json) ||
        json.length !== 2 ||
        !json.every((bound) => bound instanceof JsonNumber)
      ) {
        throw new RpcError(-8, 'Range must be specified as end or as [begin,end]');
      }
      const [begin, end] = (json as readonly Json[]).map((bound) =>
        decodeInteger(bound, -(2 ** 63), 2 ** 63),
      );
      return [begin ?? 0, end ?? 0];
    },
    encode: (value) => (typeof value === 'number' ? `${value}` : `[${value[0]},${value[1]}]`),
    fits: (value) => typeof value === 'number' || Array.isArray(value),
    reads: (json) => json instanceof JsonNumber || Array.isArray(json),
  };
}

/** A descriptor to look for, and which of its keys. */
export interface ScanObject {
  readonly desc: string;
  readonly range?: IndexRange;
}

/** What a scan looks for: a descriptor, or an object with a descriptor and a range. */
export function scanObject(about: string): Codec<ScanObject> {
  const range = indexRange('Which of its keys');
  return {
    ...anyJson(about),
    word: 'string or json object',
    decode(json) {
      if (typeof json === 'string') return { desc: json };
      if (!(json instanceof JsonObject)) {
        throw new RpcError(-8, 'Scan object needs to be either a string or an object');
      }
      const desc = json.get('desc') ?? null;
      if (desc === null) {
        throw new RpcError(-8, 'Descriptor needs to be provided in scan object');
      }
      if (typeof desc !== 'string') return refuseType('string', desc);
      const given = json.get('range') ?? null;
      return { desc, ...(given !== null && { range: range.decode(given, 'range') }) };
    },
    encode: ({ desc, range: given }) =>
      given === undefined
        ? formatString(desc)
        : `{"desc":${formatString(desc)},"range":${range.encode(given)}}`,
  };
}

/** The time a key was first used: unix seconds, or `now`. */
export function birthTime(about: string): Codec<number | 'now'> {
  return {
    ...anyJson(about),
    word: 'numeric or string',
    decode(json) {
      if (json instanceof JsonNumber) return decodeInteger(json, -(2 ** 63), 2 ** 63);
      if (json === 'now') return 'now';
      if (json === null) throw new RpcError(-3, 'Missing required timestamp field for key');
      throw new RpcError(
        -3,
        `Expected number or "now" timestamp value for key. got type ${jsonType(json)}`,
      );
    },
    encode: (value) => (value === 'now' ? '"now"' : `${value}`),
  };
}

/** Which coinbases count as received: all, those that can be spent, or (in 0.16) none. */
export type CountedCoinbase = 'none' | 'mature' | 'all';

/** Whether coinbases count that cannot be spent yet, as a boolean in JSON. */
export function countedCoinbase(about: string): Codec<CountedCoinbase> {
  const flag = bool(about);
  return {
    ...flag,
    decode: (json, name) => (flag.decode(json, name) ? 'all' : 'mature'),
    encode: (value) => flag.encode(value === 'all'),
    fits: (value) => typeof value === 'string',
  };
}

/** A type of address as the releases before taproot knew them; in 0.16 an empty text was the usual one. */
export function earlyAddressType(empty: 'usual' | 'unknown'): Codec<string | undefined> {
  const text = str('legacy, p2sh-segwit or bech32');
  return {
    ...text,
    decode(json, name) {
      const type = text.decode(json, name);
      if (type === '' && empty === 'usual') return undefined;
      if (!EARLY_ADDRESS_TYPES.includes(type)) throw rpcError('unknownAddressType', type);
      return type;
    },
    encode: (type) => text.encode(type ?? ''),
  };
}

/** A wallet by its name; 0.16 called the default one, whose name is empty, by its file. */
export function legacyWalletName(about: string): Codec<string> {
  const name = str(about);
  return { ...name, encode: (value) => name.encode(value === '' ? 'wallet.dat' : value) };
}

/** Warnings: a list today; with -deprecatedrpc=warnings one text, as it was before version 28. */
export const currentWarnings: Codec<string | readonly string[]> = oneOf([
  list(str(''), 'Warnings'),
  str('With -deprecatedrpc=warnings: the last one'),
]);

/** Warnings as one text of all, as in 0.16. */
export function joinedWarnings(about: string): Codec<string | readonly string[]> {
  return {
    ...anyJson(about),
    word: 'string',
    decode: (json) => (typeof json === 'string' && json !== '' ? [json] : []),
    encode: (warnings) =>
      formatString(typeof warnings === 'string' ? warnings : warnings.join(', ')),
    fits: Array.isArray,
  };
}

/** A parameter that once had a meaning and may only be 0 now. */
export function zeroDummy(about: string): Codec<number> {
  return {
    type: 'number',
    word: 'numeric',
    about,
    cli: 'json',
    decode(json) {
      if (json instanceof JsonNumber && Number(json.text) === 0) return 0;
      throw new RpcError(
        -8,
        'Priority is no longer supported, dummy argument to prioritisetransaction must be 0.',
      );
    },
    encode: (value) => `${value}`,
    fits: (value) => typeof value === 'number',
    reads: (json) => json instanceof JsonNumber,
  };
}
