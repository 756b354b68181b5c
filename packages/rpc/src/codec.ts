/**
 * The vocabulary the method tables are written in. A codec reads one JSON value into the value our
 * code works with and writes it back; both directions, so that the server and the client share it.
 * Reading refuses with bitcoind's codes and texts. It also carries what help and the command line
 * need to know. Objects and lists are in codec-shapes.ts; what a method takes is in methods/.
 */
import {
  type BlockHash,
  COIN,
  type FeeRate,
  formatBtc,
  MAX_MONEY,
  parseFixedPoint,
  type Sats,
  type Txid,
  feeRate as toFeeRate,
} from '@coind/primitives';
import { rpcError } from './error.ts';
import {
  formatJson,
  formatReal,
  formatString,
  type Json,
  JsonNumber,
  type JsonType,
  jsonType,
} from './json.ts';

/** How the command line turns a word into JSON: as text, as JSON, or as JSON when it is that. */
export type CliForm = 'string' | 'json' | 'json_or_string';

/** A part of a long text: text, or UTF-8 that somebody keeps and nobody may change. */
export type TextPart = string | Uint8Array;

/** Reads and writes one kind of value. */
export interface Codec<Value> {
  /** The JSON type checked before anything else is read; undefined when that is left to `decode`. */
  readonly type: Exclude<JsonType, 'null'> | undefined;
  /** What help calls it: `string`, `numeric`, `json array`… */
  readonly word: string;
  /** One sentence for help. */
  readonly about: string;
  readonly cli: CliForm;
  /** How the usage line writes a parameter of this kind; made from the parameter's name by default. */
  readonly usage?: string | undefined;
  /** True when a given null is a value of its own instead of "not given". */
  readonly keepsNull?: boolean;
  /** The argument a handler knows this parameter by, where a profile calls it something else. */
  readonly target?: string;
  /** True for a parameter without a position. */
  readonly byNameOnly?: boolean;
  /** True for a value that is read when the handler asks for it, and refused only then. */
  readonly late?: boolean;
  /** The members of an object; help lists them. */
  readonly members?: readonly { readonly key: string; readonly codec: Codec<unknown> }[];
  /** True for a member that is taken in its object only, never as a named parameter of the method. */
  readonly insideOnly?: boolean;
  /** True when the members may also be given as named parameters of the method. */
  readonly alsoNamed?: boolean;
  /** What a list or map holds; help shows it. */
  readonly item?: Codec<unknown>;
  /** The alternatives of `oneOf`. */
  readonly choices?: readonly Codec<unknown>[];
  /** `name` is what messages call the value. Throws `RpcError`. */
  decode(json: Json, name: string): Value;
  /** JSON text. */
  encode(value: Value): string;
  /** True when `value` can be written by this codec; tells the members of `oneOf` apart. */
  fits(value: unknown): boolean;
  /** True when `decode` is the one to read `json`; tells the members of `oneOf` apart. */
  reads(json: Json): boolean;
}

/** A codec for something that may be left out; `default` then stands in for it. */
export interface OptionalCodec<Value, Default extends Value | undefined> extends Codec<Value> {
  readonly optional: true;
  readonly default: Default;
}

/** A codec that keeps some of its text as bytes. */
export interface PartsCodec<Value> extends Codec<Value> {
  /** What `encode` writes, in parts. */
  parts(value: Value): readonly TextPart[];
}

/** The text of `value`, in parts where `codec` keeps some. */
export function textParts<Value>(codec: Codec<Value>, value: Value): readonly TextPart[] {
  return hasParts(codec) ? codec.parts(value) : [codec.encode(value)];
}

/** True for a codec that keeps some of its text. */
export function hasParts<Value>(codec: Codec<Value>): codec is PartsCodec<Value> {
  return 'parts' in codec;
}

/** `codec` that writes with `encode`, and keeps nothing of it. */
export function writtenBy<Value>(
  codec: Codec<Value>,
  encode: (value: Value) => string,
): Codec<Value> {
  const { parts: _, ...rest } = codec as Codec<Value> & Partial<PartsCodec<Value>>;
  return { ...rest, encode };
}

/** Marks a parameter or member that may be left out (or null), with the value it then has. */
export function optional<Value>(codec: Codec<Value>): OptionalCodec<Value, undefined>;
export function optional<Value>(codec: Codec<Value>, value: Value): OptionalCodec<Value, Value>;
export function optional<Value>(
  codec: Codec<Value>,
  value?: Value,
): OptionalCodec<Value, Value | undefined> {
  return { ...codec, optional: true, default: value };
}

/** True for what {@link optional} made. */
export function isOptional(codec: Codec<unknown>): codec is OptionalCodec<unknown, unknown> {
  return 'optional' in codec;
}

/** A parameter that a handler knows as `target`: 0.16's `account` is today's `label`. */
export function into<Target extends string, C extends Codec<unknown>>(
  target: Target,
  codec: C,
): C & { readonly target: Target } {
  return { ...codec, target };
}

/** Marks a parameter of ours beside bitcoind's: it can be given by name, but has no position. */
export function byNameOnly<C extends Codec<unknown>>(codec: C): C {
  return { ...codec, byNameOnly: true };
}

/** Marks a member that bitcoind takes inside its object without a word of it in help. */
export function insideOnly<C extends Codec<unknown>>(codec: C): C {
  return { ...codec, insideOnly: true };
}

/**
 * A value that is read when the handler asks for it: bitcoind looks at the address of a payment before
 * its amount. In the handler's arguments it is a getter that may throw `RpcError`.
 */
export function late<C extends Codec<unknown>>(codec: C): C {
  return { ...codec, late: true };
}

/** Overrides of what the usage line or the command line do with a parameter. */
export interface Presentation {
  readonly usage?: string;
  readonly cli?: CliForm;
  /** What messages call the value when that isn't the parameter's name. */
  readonly called?: string;
}

/** Refuses `json` as not being of the JSON type `expected`; `word` is 0.16's for it. */
export function refuseType(expected: string, json: Json, word?: string): never {
  throw rpcError('wrongType', expected, jsonType(json), ...(word === undefined ? [] : [word]));
}

function scalar<Value>(
  type: Codec<Value>['type'],
  word: string,
  about: string,
  presentation: Presentation,
  work: Pick<Codec<Value>, 'decode' | 'encode' | 'fits'> & Partial<Pick<Codec<Value>, 'reads'>>,
): Codec<Value> {
  return {
    type,
    word,
    about,
    cli: presentation.cli ?? (type === 'string' ? 'string' : 'json'),
    usage: presentation.usage,
    reads: (json) => jsonType(json) === type,
    ...work,
  };
}

function decodeString(json: Json): string {
  return typeof json === 'string' ? json : refuseType('string', json);
}
const isString = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isBigint = (value: unknown): boolean => typeof value === 'bigint';

/** Any text. */
export function str(about: string, presentation: Presentation = {}): Codec<string> {
  return scalar('string', 'string', about, presentation, {
    decode: decodeString,
    encode: formatString,
    fits: isString,
  });
}

/** Hex digits, as text. Whether they decode is for the handler to say: each method words it its way. */
export function hex(about: string, presentation: Presentation = {}): Codec<string> {
  return scalar('string', 'string, hex', about, presentation, {
    decode: decodeString,
    encode: (value) => `"${value}"`,
    fits: isString,
  });
}

function hash<Id extends string>(about: string, presentation: Presentation): Codec<Id> {
  return scalar<Id>('string', 'string, hex', about, presentation, {
    decode(json, name) {
      const called = presentation.called ?? name;
      if (typeof json !== 'string') throw rpcError('hashType', called, jsonType(json));
      const text = json;
      if (text.length !== 64) throw rpcError('hashLength', called, '64', text);
      if (!/^[0-9a-fA-F]{64}$/.test(text)) throw rpcError('notHex', called, text);
      return text.toLowerCase() as Id;
    },
    encode: (value) => `"${value}"`,
    fits: isString,
  });
}

/** The name of a transaction: 64 hex digits. */
export function txid(about: string, presentation: Presentation = {}): Codec<Txid> {
  return hash<Txid>(about, presentation);
}

/** The name of a block: 64 hex digits. */
export function blockHash(about: string, presentation: Presentation = {}): Codec<BlockHash> {
  return hash<BlockHash>(about, presentation);
}

/** A hash as 0.16 read it: text that is none names nothing (it becomes zeros), so it is "not found". */
export function looseHash<Id extends string>(codec: Codec<Id>): Codec<Id> {
  return {
    ...codec,
    decode(json) {
      const text = decodeString(json);
      return (/^[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() : '0'.repeat(64)) as Id;
    },
  };
}

/** True or false; numbers and texts are neither. */
export function bool(about: string, presentation: Presentation = {}): Codec<boolean> {
  return scalar('bool', 'boolean', about, presentation, {
    decode: (json) => (typeof json === 'boolean' ? json : refuseType('bool', json)),
    encode: (value) => (value ? 'true' : 'false'),
    fits: (value) => typeof value === 'boolean',
  });
}

/** The whole number in `json` from `min` to `max`; other numbers are "out of range". */
export function decodeInteger(json: Json, min: number, max: number): number {
  if (!(json instanceof JsonNumber)) return refuseType('number', json);
  if (!/^-?[0-9]+$/.test(json.text)) throw rpcError('integerOutOfRange');
  const value = Number(json.text);
  if (value < min || value > max) throw rpcError('integerOutOfRange');
  return value === 0 ? 0 : value;
}

function integer(min: number, max: number) {
  return (about: string, presentation: Presentation = {}): Codec<number> =>
    scalar('number', 'numeric', about, presentation, {
      decode: (json) => decodeInteger(json, min, max),
      encode: (value) => `${value}`,
      fits: isNumber,
    });
}

/** A whole number of 32 bits; what nearly all of bitcoind's counts and heights are. */
export const int = integer(-(2 ** 31), 2 ** 31 - 1);
/** A whole number from 0 to 2^32 - 1. */
export const uint32 = integer(0, 2 ** 32 - 1);
/** A whole number of 64 bits: sizes, times. Exact up to 2^53. */
export const int64 = integer(-(2 ** 63), 2 ** 63);

/** A real number, written with up to 16 significant digits. */
export function num(about: string, presentation: Presentation = {}): Codec<number> {
  return scalar('number', 'numeric', about, presentation, {
    decode: (json) => (json instanceof JsonNumber ? Number(json.text) : refuseType('number', json)),
    encode: formatReal,
    fits: isNumber,
  });
}

/** The number or decimal text in `json` as whole units of 10^-`decimals`, 0 up to 21 million. */
export function decodeDecimal(json: Json, decimals: number): bigint {
  const text = json instanceof JsonNumber ? json.text : json;
  if (typeof text !== 'string') throw rpcError('amountType');
  const value = parseFixedPoint(text, decimals);
  if (value === undefined) throw rpcError('amountInvalid');
  if (value < 0n || value > MAX_MONEY) throw rpcError('amountRange');
  return value;
}

/** An amount: BTC with eight decimals in JSON (as text too, when read), satoshis in code. */
export function amount(about: string, presentation: Presentation = {}): Codec<Sats> {
  return scalar(undefined, 'numeric or string', about, presentation, {
    decode: (json) => decodeDecimal(json, 8),
    encode: formatBtc,
    fits: isBigint,
    reads: (json) => json instanceof JsonNumber || typeof json === 'string',
  });
}

/** An amount in a result: as {@link amount}, but may be negative (fees, balances). */
export function signedAmount(about: string, presentation: Presentation = {}): Codec<Sats> {
  const decode = (json: Json): Sats => {
    const value = json instanceof JsonNumber ? parseFixedPoint(json.text, 8) : undefined;
    if (value === undefined) throw rpcError('amountInvalid');
    return value;
  };
  return { ...amount(about, presentation), word: 'numeric', decode };
}

/** An amount to pay, as 0.16 reads it: zero is refused here and not when the payment is built. */
export function positiveAmount(about: string, presentation: Presentation = {}): Codec<Sats> {
  const codec = amount(about, presentation);
  const decode = (json: Json): Sats => {
    const value = codec.decode(json, '');
    if (value === 0n) throw rpcError('amountZeroSend');
    return value;
  };
  return { ...codec, decode };
}

/** A fee rate as users give it: sat/vB with up to three decimals in JSON, sat/kvB in code. */
export function feeRate(about: string, presentation: Presentation = {}): Codec<FeeRate> {
  return scalar<FeeRate>(undefined, 'numeric or string', about, presentation, {
    decode: (json) => toFeeRate(decodeDecimal(json, 3)),
    encode: (value) => formatReal(Number(value) / 1000),
    fits: isBigint,
    reads: (json) => json instanceof JsonNumber || typeof json === 'string',
  });
}

/**
 * A fee rate in BTC per 1,000 vbytes, sat/kvB in code. As the highest rate a caller allows it is
 * refused from 1 BTC/kvB on; zero means no limit.
 */
export function maxFeeRate(about: string, presentation: Presentation = {}): Codec<FeeRate> {
  return scalar<FeeRate>(undefined, 'numeric or string', about, presentation, {
    decode(json) {
      const rate = decodeDecimal(json, 8);
      if (rate >= COIN) throw rpcError('maxFeeRateTooHigh');
      return toFeeRate(rate);
    },
    encode: formatBtc,
    fits: isBigint,
    reads: (json) => json instanceof JsonNumber || typeof json === 'string',
  });
}

/** Any JSON, handed on as it came: numbers keep their text, a given null stays a null. */
export function json(about: string, presentation: Presentation = {}): Codec<Json> {
  return {
    ...scalar<Json>(undefined, 'json', about, presentation, {
      decode: (value) => value,
      encode: (value) => formatJson(value),
      fits: () => true,
      reads: () => true,
    }),
    keepsNull: true,
  };
}

/** Nothing: what methods that only do something return. */
export function nothing(about = ''): Codec<null | undefined> {
  return scalar<null | undefined>(
    undefined,
    'json null',
    about,
    {},
    {
      decode: () => null,
      encode: () => 'null',
      fits: (value) => value === null || value === undefined,
      reads: (value) => value === null,
    },
  );
}

/** A label: any text but `*`. */
export function label(about: string, presentation: Presentation = {}): Codec<string> {
  return named('invalidLabelName', about, presentation);
}

/** An account: any text but `*`. */
export function account(about: string, presentation: Presentation = {}): Codec<string> {
  return named('invalidAccountName', about, presentation);
}

function named(
  refusal: 'invalidLabelName' | 'invalidAccountName',
  about: string,
  presentation: Presentation,
): Codec<string> {
  const decode = (json: Json): string => {
    const text = decodeString(json);
    if (text === '*') throw rpcError(refusal);
    return text;
  };
  return { ...str(about, presentation), decode };
}
