/**
 * What the import methods take: requests that are answered one by one. What is wrong inside of one is part of the
 * answer, so these codecs let most of it pass and say so; only what bitcoind looks at first refuses the whole call.
 */
import { bool, type Codec, int64, optional, refuseType, str } from '../codec.ts';
import { list, object, oneOf } from '../codec-shapes.ts';
import { RpcError } from '../error.ts';
import { type Json, JsonNumber, JsonObject } from '../json.ts';
import { birthTime, type IndexRange, indexRange } from './params.ts';

/** One request of importdescriptors. */
export interface DescriptorRequest {
  /** Undefined when it is missing, which only the answer tells. */
  readonly desc?: string | undefined;
  readonly timestamp: number | 'now';
  readonly active?: boolean | undefined;
  readonly range?: IndexRange | 'malformed' | undefined;
  readonly next_index?: number | undefined;
  readonly internal?: boolean | undefined;
  readonly label?: string | undefined;
}

/** One request of importmulti. */
export interface MultiRequest {
  readonly timestamp: number | 'now';
  /** A script in hex, or an address; undefined for what is neither. */
  readonly scriptPubKey?: string | { readonly address: string } | undefined;
  readonly redeemscript?: string | undefined;
  readonly pubkeys?: readonly string[] | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly internal?: boolean | undefined;
  readonly watchonly?: boolean | undefined;
  readonly label?: string | undefined;
  /** Something in it has the wrong type. */
  readonly malformed?: boolean | undefined;
}

const timestamp = birthTime('When its keys were made, or now');

const descriptorShape = object({
  desc: str('The descriptor, with checksum'),
  active: optional(bool('Whether new addresses come from it')),
  range: optional(indexRange('Which of its keys')),
  next_index: optional(int64('The next key to hand out')),
  timestamp,
  internal: optional(bool('Whether it is for change')),
  label: optional(str('The label of its addresses')),
});

const multiShape = object({
  scriptPubKey: oneOf([
    str('The script, in hex'),
    object({ address: str('The address') }, 'The address'),
  ]),
  timestamp,
  redeemscript: optional(str('The script behind a P2SH address, in hex')),
  pubkeys: optional(list(str(''), 'Its public keys')),
  keys: optional(list(str(''), 'Its private keys')),
  internal: optional(bool('Whether it is for change')),
  watchonly: optional(bool('Whether it is only watched')),
  label: optional(str('The label of the address')),
});

/** A member, or undefined where it is missing. */
function member(json: Json, name: string): Json | undefined {
  const found = json instanceof JsonObject ? json.get(name) : undefined;
  return found === null ? undefined : found;
}

const timeOf = (json: Json): number | 'now' =>
  timestamp.decode(member(json, 'timestamp') ?? null, 'timestamp');

function textOf(json: Json | undefined): string | undefined {
  return json === undefined || typeof json === 'string' ? json : refuseType('string', json);
}

function flagOf(json: Json | undefined): boolean | undefined {
  return json === undefined || typeof json === 'boolean' ? json : refuseType('bool', json);
}

function numberOf(json: Json | undefined): number | undefined {
  if (json === undefined) return undefined;
  return json instanceof JsonNumber ? Number(json.text) : refuseType('number', json);
}

function textsOf(json: Json | undefined): string[] | undefined {
  if (json === undefined) return undefined;
  if (!Array.isArray(json)) return refuseType('array', json);
  return (json as readonly Json[]).map((one) => textOf(one) ?? '');
}

/** What `decode` makes of it, or `otherwise` where it refuses. */
function unlessRefused<T, U>(decode: () => T, otherwise: U): T | U {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RpcError) return otherwise;
    throw error;
  }
}

/** A request of importdescriptors. Throws -3 for types, and where there is no timestamp. */
export const descriptorRequest = {
  ...descriptorShape,
  decode(json: Json): DescriptorRequest {
    const range = member(json, 'range');
    return {
      timestamp: timeOf(json),
      desc: textOf(member(json, 'desc')),
      active: flagOf(member(json, 'active')),
      range:
        range === undefined
          ? undefined
          : unlessRefused(() => indexRange('').decode(range, 'range'), 'malformed'),
      next_index: numberOf(member(json, 'next_index')),
      internal: flagOf(member(json, 'internal')),
      label: textOf(member(json, 'label')),
    };
  },
  fits: () => true,
} as Codec<DescriptorRequest>;

function scriptOf(json: Json | undefined): MultiRequest['scriptPubKey'] {
  if (typeof json === 'string') return json;
  const address = json instanceof JsonObject ? json.get('address') : undefined;
  return address === undefined ? undefined : { address: textOf(address) ?? '' };
}

/** A request of importmulti. Throws -3 where there is no timestamp. */
export const multiRequest = {
  ...multiShape,
  decode(json: Json): MultiRequest {
    const time = timeOf(json);
    const scriptPubKey = member(json, 'scriptPubKey');
    const rest = (): MultiRequest => ({
      timestamp: time,
      scriptPubKey: scriptOf(scriptPubKey),
      redeemscript: textOf(member(json, 'redeemscript')),
      pubkeys: textsOf(member(json, 'pubkeys')),
      keys: textsOf(member(json, 'keys')),
      internal: flagOf(member(json, 'internal')),
      watchonly: flagOf(member(json, 'watchonly')),
      label: textOf(member(json, 'label')),
    });
    const isScript = typeof scriptPubKey === 'string' || member(scriptPubKey ?? null, 'address');
    // What says nothing of a script is told so, whatever else is wrong with it.
    if (isScript === undefined || isScript === false) return { timestamp: time };
    return unlessRefused(rest, { timestamp: time, malformed: true });
  },
  fits: () => true,
} as Codec<MultiRequest>;

/** Something JSON has to be an object for, in 0.16's words. */
export const rescanOption = optional(
  object({ rescan: optional(bool('Whether to look for payments in the chain')) }, 'How'),
);
