/** Reading key expressions (BIP380, BIP389, BIP390), with bitcoind's words for what is wrong with them. */
import { type ChainParams, concatBytes, hexToBytes, isHex } from '@coind/primitives';
import { AddressError, decodeWif, isPublicKey, publicKey } from '@coind/script';
import { HARDENED, parseExtendedKey } from './bip32.ts';
import { DescriptorError, refuse } from './errors.ts';
import {
  type ChainKey,
  isRangedKey,
  type KeyExpression,
  type KeyOrigin,
  type MusigKey,
  type SingleKey,
  type Wildcard,
} from './key-expression.ts';
import { firstExpression, inBrackets } from './parsing.ts';

/** Which spellings of a public key a script allows. */
export interface KeyContext {
  readonly uncompressed: boolean;
  /** Keys of 32 bytes, and WIF keys that are written as such. */
  readonly xOnly: boolean;
  readonly musig: boolean;
}

/** Where a key may stand. */
export const keyContexts = {
  legacy: { uncompressed: true, xOnly: false, musig: false },
  segwit: { uncompressed: false, xOnly: false, musig: false },
  taproot: { uncompressed: false, xOnly: true, musig: true },
  musig: { uncompressed: false, xOnly: false, musig: false },
} as const satisfies Record<string, KeyContext>;

/** Runs `read`; what it refuses begins with `name: `. */
export function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DescriptorError) throw new DescriptorError(`${name}: ${error.message}`);
    throw error;
  }
}

type PlainKey = SingleKey | ChainKey;

/**
 * Reads a key expression; several where its path has alternatives, `<0;1>`. Throws `DescriptorError` with bitcoind's
 * text, without the function that the key stands in.
 */
export function parseKeys(
  text: string,
  context: KeyContext,
  params: ChainParams,
): readonly KeyExpression[] {
  if (!text.startsWith('musig(')) return parsePlain(text, context, params);
  if (!context.musig) refuse('musig() is only allowed in tr() and rawtr()');
  return parseMusig(text, params);
}

function parsePlain(text: string, context: KeyContext, params: ChainParams): readonly PlainKey[] {
  const parts = text.split(']');
  if (parts.length > 2) refuse("Multiple ']' characters found for a single pubkey");
  if (parts.length === 1) return parseBare(text, undefined, context, params);
  const [originText = '', keyText = ''] = parts;
  if (!originText.startsWith('[')) {
    refuse(
      `Key origin start '[ character expected but not found, got '${originText[0] ?? ']'}' instead`,
    );
  }
  const [print = '', ...steps] = originText.slice(1).split('/');
  if (print.length !== 8) {
    refuse(`Fingerprint is not 4 bytes (${print.length} characters instead of 8 characters)`);
  }
  if (!isHex(print)) refuse(`Fingerprint '${print}' is not hex`);
  const { paths, marker } = parseSteps(steps, false);
  const origin = { fingerprint: print.toLowerCase(), path: paths[0] as readonly number[] };
  return parseBare(keyText, { origin, marker }, context, params);
}

/** A path in each of its alternatives, and how its last hardened step was marked. */
interface Paths {
  readonly paths: readonly (readonly number[])[];
  readonly marker: 'h' | "'" | undefined;
}

function parseStep(step: string): number {
  if (step === '') refuse("Key path value '' is not valid");
  const isHardened = /[h']$/.test(step);
  const digits = isHardened ? step.slice(0, -1) : step;
  const index = /^[0-9]+$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  if (index > 0xffffffff) refuse(`Key path value '${step}' is not a valid uint32`);
  if (index >= HARDENED) refuse(`Key path value ${index} is out of range`);
  return isHardened ? index + HARDENED : index;
}

/** The alternatives of a step `<0;1>`. */
function parseAlternatives(step: string): readonly number[] {
  const steps = step.slice(1, -1).split(';');
  if (steps.length < 2) refuse('Multipath key path specifiers must have at least two items');
  const seen = new Set<number>();
  for (const text of steps) {
    const index = parseStep(text);
    if (seen.has(index)) refuse(`Duplicated key path value ${index} in multipath specifier`);
    seen.add(index);
  }
  return [...seen];
}

function parseSteps(steps: readonly string[], allowMultipath: boolean): Paths {
  let paths: (readonly number[])[] = [[]];
  for (const step of steps) {
    const isMultipath = step.startsWith('<') && step.endsWith('>');
    if (isMultipath && !allowMultipath) {
      refuse(
        `Key path value '${step}' specifies multipath in a section where multipath is not allowed`,
      );
    }
    if (isMultipath && paths.length > 1) refuse('Multiple multipath key path specifiers found');
    const indexes = isMultipath ? parseAlternatives(step) : [parseStep(step)];
    paths = paths.flatMap((path) => indexes.map((index) => [...path, index]));
  }
  const marked = steps.join(';').match(/[h'](?=[;>]|$)/g) ?? [];
  return { paths, marker: marked[marked.length - 1] as Paths['marker'] };
}

/** Takes a wildcard off the end of `steps`. */
function takeWildcard(steps: string[]): Wildcard {
  const last = steps[steps.length - 1];
  if (last !== '*' && last !== '*h' && last !== "*'") return 'none';
  steps.pop();
  return last === '*' ? 'unhardened' : 'hardened';
}

/** What stands in front of a key. */
interface Front {
  readonly origin: KeyOrigin;
  readonly marker: Paths['marker'];
}

function parseBare(
  text: string,
  front: Front | undefined,
  context: KeyContext,
  params: ChainParams,
): readonly PlainKey[] {
  const [keyText = '', ...steps] = text.split('/');
  const origin = front && { origin: front.origin };
  if (keyText === '') refuse('No key provided');
  if (/^[ \f\n\r\t\v]|[ \f\n\r\t\v]$/.test(keyText)) {
    refuse(`Key '${keyText}' is invalid due to whitespace`);
  }
  if (steps.length === 0) {
    const single = parseSingle(keyText, context, params);
    if (single) return [{ ...single, ...origin, marker: front?.marker ?? 'h' }];
  }
  const root = parseExtendedKey(keyText, params) ?? refuse(`key '${keyText}' is not valid`);
  const star = /[h']$/.exec(steps[steps.length - 1] ?? '')?.[0] as Paths['marker'];
  const wildcard = takeWildcard(steps);
  const { paths, marker: inPath } = parseSteps(steps, true);
  const marker = inPath ?? (wildcard === 'hardened' ? star : undefined) ?? front?.marker ?? 'h';
  return paths.map((path) => ({ kind: 'extended', root, path, wildcard, ...origin, marker }));
}

function parseSingle(
  text: string,
  context: KeyContext,
  params: ChainParams,
): Omit<SingleKey, 'marker'> | undefined {
  if (isHex(text)) return parseHexKey(text, context);
  try {
    const { privateKey, compressed } = decodeWif(text, params);
    if (!compressed && !context.uncompressed) refuse('Uncompressed keys are not allowed');
    const key = publicKey(privateKey, compressed);
    return { kind: 'single', publicKey: key, privateKey, xOnly: context.xOnly };
  } catch (error) {
    // Not a WIF key: it may still be an extended one.
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

function parseHexKey(text: string, context: KeyContext): Omit<SingleKey, 'marker'> {
  const bytes = hexToBytes(text);
  const isHybrid = bytes.length === 65 && (bytes[0] === 6 || bytes[0] === 7);
  if (isHybrid) refuse('Hybrid public keys are not allowed');
  if (isPublicKey(bytes)) {
    const isAllowed = bytes.length === 33 || context.uncompressed;
    if (!isAllowed) refuse('Uncompressed keys are not allowed');
    return { kind: 'single', publicKey: bytes, xOnly: false };
  }
  const even = concatBytes(Uint8Array.of(2), bytes);
  const isXOnly = bytes.length === 32 && context.xOnly && isPublicKey(even);
  return isXOnly
    ? { kind: 'single', publicKey: even, xOnly: true }
    : refuse(`Pubkey '${text}' is invalid`);
}

function parseMusig(text: string, params: ChainParams): readonly MusigKey[] {
  const end = text.indexOf(')');
  const [call, rest] = end < 0 ? [text, ''] : [text.slice(0, end + 1), text.slice(end + 1)];
  if (rest.includes(')')) refuse("Too many ')' in musig() expression");
  const body = inBrackets('musig', call) ?? refuse('Invalid musig() expression');
  const participants = within('musig()', () => parseParticipants(body, params));
  const steps = rest.startsWith('/') ? rest.slice(1).split('/') : undefined;
  return within('musig()', () => derivedFrom(participants, steps));
}

function parseParticipants(body: string, params: ChainParams): (readonly PlainKey[])[] {
  const participants: (readonly PlainKey[])[] = [];
  let left = body;
  while (left !== '') {
    if (participants.length > 0) {
      if (!left.startsWith(',')) refuse(`expected ',', got '${left[0]}'`);
      left = left.slice(1);
    }
    const text = firstExpression(left);
    left = left.slice(text.length);
    participants.push(parseKeys(text, keyContexts.musig, params) as readonly PlainKey[]);
  }
  return participants.length > 0 ? participants : refuse('Must contain key expressions');
}

/** The aggregate keys of every alternative, of the participants or of the path behind them. */
function derivedFrom(
  participants: readonly (readonly PlainKey[])[],
  steps: string[] | undefined,
): readonly MusigKey[] {
  const { wildcard, paths } = steps ? aggregatePath(participants, steps) : NO_PATH;
  const count = Math.max(...participants.map(({ length }) => length));
  if (count > 1 && paths.length > 1) {
    refuse('Cannot have multipath participant keys if musig() is also multipath');
  }
  if (participants.some(({ length }) => length !== 1 && length !== count)) {
    refuse('Multipath derivation paths have mismatched lengths');
  }
  return Array.from({ length: Math.max(count, paths.length) }, (_, nth) => ({
    kind: 'musig',
    participants: participants.map((keys) => (keys[nth] ?? keys[0]) as PlainKey),
    path: (paths[nth] ?? paths[0]) as readonly number[],
    wildcard,
    marker: 'h',
  }));
}

interface AggregatePath {
  readonly wildcard: MusigKey['wildcard'];
  readonly paths: Paths['paths'];
}

const NO_PATH: AggregatePath = { wildcard: 'none', paths: [[]] };

function aggregatePath(
  participants: readonly (readonly PlainKey[])[],
  steps: string[],
): AggregatePath {
  if (!participants.every(([key]) => key?.kind === 'extended')) {
    refuse('derivation requires all participants to be xpubs or xprvs');
  }
  if (participants.some(([key]) => key && isRangedKey(key))) {
    refuse('Cannot have ranged participant keys if musig() also has derivation');
  }
  const wildcard = takeWildcard(steps);
  if (wildcard === 'hardened') return refuse('Cannot have hardened child derivation');
  const { paths } = parseSteps(steps, true);
  const isHardened = paths.some((path) => path.some((index) => index >= HARDENED));
  return isHardened ? refuse('cannot have hardened derivation steps') : { wildcard, paths };
}
