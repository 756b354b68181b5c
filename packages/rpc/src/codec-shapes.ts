/**
 * Codecs made of codecs: lists, objects, maps, alternatives. An object writes exactly the members it
 * lists, in the order it lists them; so a handler may return more than a profile shows.
 */
import {
  type Codec,
  hasParts,
  isOptional,
  type PartsCodec,
  type Presentation,
  refuseType,
  type TextPart,
  textParts,
  writtenBy,
} from './codec.ts';
import { RpcError, rpcError } from './error.ts';
import { formatString, type Json, JsonObject, jsonType } from './json.ts';

/** The value a codec reads. */
export type ValueOf<C> = C extends { decode(json: Json, name: string): infer Value }
  ? Value
  : never;

/** The members of an object, by name. */
export type Shape = Readonly<Record<string, Codec<unknown>>>;

type MaybeAbsent<S extends Shape> = {
  [K in keyof S]: S[K] extends { readonly optional: true; readonly default: undefined } ? K : never;
}[keyof S];

type Flat<T> = { [K in keyof T]: T[K] };

/** The value of an object codec: members marked optional may be absent. */
export type ObjectOf<S extends Shape> = Flat<
  { readonly [K in Exclude<keyof S, MaybeAbsent<S>>]: ValueOf<S[K]> } & {
    readonly [K in MaybeAbsent<S>]?: ValueOf<S[K]> | undefined;
  }
>;

/** How an object parameter is read. */
export interface ObjectReading extends Presentation {
  /**
   * `checked`: all members' types are looked at first, in the order of their names, as bitcoind does
   * for the objects it checks; `strict`: unknown members are refused too. Otherwise each member is
   * read in its turn and unknown ones are ignored.
   */
  readonly reading?: 'checked' | 'strict';
  /** The members may be given as named parameters of the method as well. */
  readonly alsoNamed?: boolean;
  /** Names that members had once, with what they are called now; refused before anything is read. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Names of what belongs elsewhere, with the text that refuses it; refused like `renamed`. */
  readonly misplaced?: Readonly<Record<string, string>>;
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/**
 * Keeps the text of a value, as it is sent, for as long as somebody keeps the value: for large parts of
 * answers that are given again and again. The value must not change.
 */
export function remembered<Value extends object>(codec: Codec<Value>): PartsCodec<Value> {
  const texts = new WeakMap<Value, Uint8Array>();
  const textOf = (value: Value): Uint8Array => {
    const text = texts.get(value) ?? utf8.encode(codec.encode(value));
    texts.set(value, text);
    return text;
  };
  return {
    ...codec,
    encode: (value) => fromUtf8.decode(textOf(value)),
    parts: (value) => [textOf(value)],
  };
}

/** The members of an object that may be given as named parameters of the method. */
export function namedMembers({
  alsoNamed,
  members = [],
}: Codec<unknown>): NonNullable<Codec<unknown>['members']> {
  return alsoNamed ? members.filter(({ codec }) => !codec.insideOnly) : [];
}

/** The same parts, with one text where there were several in a row. */
function withTextsJoined(pieces: readonly TextPart[]): TextPart[] {
  const parts: TextPart[] = [];
  let texts: string[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      texts.push(piece);
    } else {
      parts.push(texts.join(''), piece);
      texts = [];
    }
  }
  parts.push(texts.join(''));
  return parts;
}

/** An object with known members. */
export function object<S extends Shape>(
  shape: S,
  about = '',
  reading: ObjectReading = {},
): Codec<ObjectOf<S>> {
  const members = Object.entries(shape).map(([key, codec]) => ({
    key,
    codec,
    first: `{${formatString(key)}:`,
    further: `,${formatString(key)}:`,
    optional: isOptional(codec),
  }));
  const byName = members.toSorted((a, b) => (a.key < b.key ? -1 : 1));

  function check(json: JsonObject): void {
    for (const { key, codec } of byName) {
      const value = json.get(key) ?? null;
      if (value === null) {
        if (!isOptional(codec)) throw rpcError('missingMember', key);
      } else if (codec.type !== undefined && codec.type !== jsonType(value)) {
        throw rpcError('wrongMemberType', codec.type, jsonType(value), key);
      }
    }
    if (reading.reading !== 'strict') return;
    const unknown = json.entries.find(([key]) => !Object.hasOwn(shape, key));
    if (unknown) throw rpcError('unexpectedMember', unknown[0]);
  }

  function isLeftOut(member: unknown, { key, optional }: (typeof members)[number]): boolean {
    if (member === undefined && !optional) throw new TypeError(`a result lacks its member ${key}`);
    return member === undefined;
  }

  function parts(value: ObjectOf<S>): readonly TextPart[] {
    const source = value as Readonly<Record<string, unknown>>;
    const pieces: TextPart[] = [];
    for (const item of members) {
      const member = source[item.key];
      if (isLeftOut(member, item)) continue;
      const { codec, first, further } = item;
      pieces.push(pieces.length === 0 ? first : further, ...textParts(codec, member));
    }
    pieces.push(pieces.length === 0 ? '{}' : '}');
    return withTextsJoined(pieces);
  }

  return {
    type: 'object',
    word: 'json object',
    about,
    cli: reading.cli ?? 'json',
    usage: reading.usage,
    members,
    alsoNamed: reading.alsoNamed ?? false,
    decode(json) {
      if (!(json instanceof JsonObject)) return refuseType('object', json);
      for (const [old, now] of Object.entries(reading.renamed ?? {})) {
        if (json.get(old) !== undefined) throw new RpcError(-8, `Use ${now} instead of ${old}`);
      }
      for (const [name, text] of Object.entries(reading.misplaced ?? {})) {
        if (json.get(name) !== undefined) throw new RpcError(-8, text);
      }
      if (reading.reading !== undefined) check(json);
      const value: Record<string, unknown> = {};
      for (const { key, codec } of members) {
        const given = json.get(key);
        const member = given ?? null;
        const isAbsent = member === null && !(given === null && codec.keepsNull);
        if (isAbsent && isOptional(codec)) {
          if (codec.default !== undefined) value[key] = codec.default;
        } else {
          value[key] = codec.decode(member, key);
        }
      }
      return value as ObjectOf<S>;
    },
    encode(value) {
      const source = value as Readonly<Record<string, unknown>>;
      // Joined at once: of a long list of objects a sum of texts would keep every piece until its end.
      const pieces: string[] = [];
      for (const item of members) {
        const member = source[item.key];
        if (isLeftOut(member, item)) continue;
        pieces.push(pieces.length === 0 ? item.first : item.further, item.codec.encode(member));
      }
      pieces.push(pieces.length === 0 ? '{}' : '}');
      return pieces.join('');
    },
    ...(members.some(({ codec }) => hasParts(codec)) && { parts }),
    fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    reads: (json) => json instanceof JsonObject,
  };
}

/** `codec`, whose members are written in the order in which a value has them, not in that of the table. */
export function inGivenOrder<Value extends object>(codec: Codec<Value>): Codec<Value> {
  const members = new Map(codec.members?.map((member) => [member.key, member.codec]));
  return writtenBy(codec, (value) => {
    const texts = Object.entries(value).flatMap(([key, member]) => {
      if (member === undefined) return [];
      return `${formatString(key)}:${(members.get(key) as Codec<unknown>).encode(member)}`;
    });
    return `{${texts.join(',')}}`;
  });
}

/** `codec`, whose members that are absent are written as in `fallback`: where a profile always has them. */
export function alwaysWith<Value extends object>(
  fallback: Partial<Value>,
  codec: Codec<Value>,
): Codec<Value> {
  return writtenBy(codec, (value) => codec.encode({ ...fallback, ...value }));
}

/** A list of one kind of value. */
export function list<Value>(
  item: Codec<Value>,
  about = '',
  presentation: Presentation = {},
): Codec<readonly Value[]> {
  return {
    type: 'array',
    word: 'json array',
    about,
    cli: presentation.cli ?? 'json',
    usage: presentation.usage,
    item,
    decode: (json, name) => {
      if (!Array.isArray(json)) return refuseType('array', json);
      return (json as readonly Json[]).map((member) => item.decode(member, name));
    },
    encode: (values) => `[${values.map((value) => item.encode(value)).join(',')}]`,
    fits: Array.isArray,
    reads: Array.isArray,
  };
}

/** An object with free names, as a Map in its order: accounts, bytes per message. */
export function record<Value>(
  value: Codec<Value>,
  about = '',
  presentation: Presentation = {},
): Codec<ReadonlyMap<string, Value>> {
  return {
    ...pairsBase(value, about, presentation),
    decode: (json, name) => new Map(decodePairs(json, value, name)),
    encode: (map) => encodePairs(map.entries(), value),
    fits: (map) => map instanceof Map,
  };
}

/** An object with free names, as all its pairs: where a name given twice must be seen. */
export function pairs<Value>(
  value: Codec<Value>,
  about = '',
  presentation: Presentation = {},
): Codec<readonly (readonly [string, Value])[]> {
  return {
    ...pairsBase(value, about, presentation),
    decode: (json, name) => decodePairs(json, value, name),
    encode: (entries) => encodePairs(entries, value),
    fits: Array.isArray,
  };
}

function pairsBase(item: Codec<unknown>, about: string, presentation: Presentation) {
  return {
    type: 'object',
    word: 'json object',
    about,
    cli: presentation.cli ?? 'json',
    usage: presentation.usage,
    item,
    reads: (json: Json) => json instanceof JsonObject,
  } as const;
}

function decodePairs<Value>(
  json: Json,
  value: Codec<Value>,
  name: string,
): readonly (readonly [string, Value])[] {
  if (!(json instanceof JsonObject)) return refuseType('object', json);
  return json.entries.map(([key, member]) => {
    if (value.late !== true) return [key, value.decode(member, name)] as const;
    const pair: [string, Value] = [key, undefined as Value];
    Object.defineProperty(pair, 1, { get: () => value.decode(member, name) });
    return pair;
  });
}

function encodePairs<Value>(
  entries: Iterable<readonly [string, Value]>,
  value: Codec<Value>,
): string {
  const members: string[] = [];
  for (const [key, member] of entries) members.push(`${formatString(key)}:${value.encode(member)}`);
  return `{${members.join(',')}}`;
}

/** One of several kinds, told apart by their JSON type (read) and their JavaScript type (written). */
export function oneOf<Cs extends readonly Codec<unknown>[]>(
  codecs: Cs,
  about = '',
  presentation: Presentation = {},
): Codec<ValueOf<Cs[number]>> {
  const wanted = codecs.findLast((codec) => codec.type !== undefined)?.type ?? 'string';
  const writerOf = (value: unknown): Codec<unknown> => {
    const codec = codecs.find((candidate) => candidate.fits(value));
    if (!codec) throw new TypeError(`no alternative writes ${typeof value}`);
    return codec;
  };
  const parts = (value: unknown): readonly TextPart[] => textParts(writerOf(value), value);
  return {
    type: undefined,
    word: codecs.map((codec) => codec.word).join(' or '),
    about,
    cli: presentation.cli ?? 'json',
    usage: presentation.usage,
    choices: codecs,
    decode(json, name) {
      const codec = codecs.find((candidate) => candidate.reads(json));
      if (!codec) return refuseType(wanted, json);
      return codec.decode(json, name) as ValueOf<Cs[number]>;
    },
    encode(value) {
      return writerOf(value).encode(value);
    },
    ...(codecs.some(hasParts) && { parts }),
    fits: (value) => codecs.some((codec) => codec.fits(value)),
    reads: (json) => codecs.some((codec) => codec.reads(json)),
  };
}

/** `codec`, or null. */
export function nullable<Value>(codec: Codec<Value>): Codec<Value | null> {
  const parts = (value: Value | null): readonly TextPart[] =>
    value === null ? ['null'] : textParts(codec, value);
  return {
    ...codec,
    word: `${codec.word} or null`,
    decode: (json, name) => (json === null ? null : codec.decode(json, name)),
    encode: (value) => (value === null ? 'null' : codec.encode(value)),
    ...(hasParts(codec) && { parts }),
    fits: (value) => value === null || codec.fits(value),
    reads: (json) => json === null || codec.reads(json),
  };
}

type TupleOf<Cs> = {
  -readonly [K in keyof Cs]: Cs[K] extends { readonly optional: true }
    ? ValueOf<Cs[K]> | undefined
    : ValueOf<Cs[K]>;
};

/** A list with a kind of value at each place; optional ones at its end may be missing. */
export function tuple<Cs extends readonly Codec<unknown>[]>(
  codecs: Cs,
  about = '',
): Codec<Readonly<TupleOf<Cs>>> {
  return {
    type: 'array',
    word: 'json array',
    about,
    cli: 'json',
    choices: codecs,
    decode(json, name) {
      if (!Array.isArray(json)) return refuseType('array', json);
      const values = (json as readonly Json[]).map((value, i) => codecs[i]?.decode(value, name));
      return values as unknown as TupleOf<Cs>;
    },
    encode(values) {
      const given = (values as readonly unknown[]).filter((value) => value !== undefined);
      return `[${given.map((value, i) => codecs[i]?.encode(value)).join(',')}]`;
    },
    fits: Array.isArray,
    reads: Array.isArray,
  };
}
