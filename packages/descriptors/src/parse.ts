/** Reading descriptors, with bitcoind's words for what is wrong with them. */
import { bytesToHex, type ChainParams, hexToBytes, isHex } from '@coind/primitives';
import { AddressError, decodeAddress } from '@coind/script';
import { descriptorChecksum } from './checksum.ts';
import {
  type Descriptor,
  isRanged,
  type KeyFunction,
  keysOf,
  type MultiFunction,
  mapKeys,
  type TapTree,
} from './descriptor.ts';
import { DescriptorError, refuse } from './errors.ts';
import { deriveKey, formatKey, type KeyExpression, publicKeyOnly } from './key-expression.ts';
import { type KeyContext, keyContexts, parseKeys, within } from './key-parse.ts';
import { formatMiniscript } from './miniscript/compile.ts';
import type { Context } from './miniscript/context.ts';
import type { Miniscript } from './miniscript/node.ts';
import { parseMiniscript } from './miniscript/parse.ts';
import { insanity } from './miniscript/sanity.ts';
import { firstExpression, inBrackets, parseInteger } from './parsing.ts';

/** Where an expression stands. */
type Place = 'top' | 'sh' | 'wsh' | 'tr';

const keyContext: Readonly<Record<Place, KeyContext>> = {
  top: keyContexts.legacy,
  sh: keyContexts.legacy,
  wsh: keyContexts.segwit,
  tr: keyContexts.taproot,
};

const MAX_KEYS_BARE = 3;
const MAX_KEYS = 20;
const MAX_KEYS_TAPSCRIPT = 999;
const MAX_REDEEM_SCRIPT = 520;
const MAX_TREE_DEPTH = 128;

/** Functions by name: where each may stand, what is said elsewhere, and how it is read. */
interface Reader {
  readonly places: readonly Place[];
  /** Undefined where another reading is tried. */
  readonly elsewhere?: string;
  read(parser: Parser, body: string, place: Place): Descriptor;
}

const oneKey = (kind: KeyFunction, context?: KeyContext): Reader['read'] => {
  return (parser, body, place) => ({
    kind,
    key: within(`${kind}()`, () => parser.key(body, context ?? keyContext[place])),
  });
};

const multi = (kind: MultiFunction): Reader['read'] => {
  return (parser, body, place) => parser.multi(kind, body, place);
};

const LEGACY: readonly Place[] = ['top', 'sh', 'wsh'];
const NOT_MULTI = 'Can only have multi/sortedmulti at top level, in sh(), or in wsh()';
const NOT_MULTI_A = 'Can only have multi_a/sortedmulti_a inside tr()';

const readers: Readonly<Record<string, Reader>> = {
  pk: { places: ['top', 'sh', 'wsh', 'tr'], read: oneKey('pk') },
  pkh: { places: LEGACY, read: oneKey('pkh') },
  combo: {
    places: ['top'],
    elsewhere: 'Can only have combo() at top level',
    read: oneKey('combo'),
  },
  multi: { places: LEGACY, elsewhere: NOT_MULTI, read: multi('multi') },
  sortedmulti: { places: LEGACY, elsewhere: NOT_MULTI, read: multi('sortedmulti') },
  multi_a: { places: ['tr'], elsewhere: NOT_MULTI_A, read: multi('multi_a') },
  sortedmulti_a: { places: ['tr'], elsewhere: NOT_MULTI_A, read: multi('sortedmulti_a') },
  wpkh: {
    places: ['top', 'sh'],
    elsewhere: 'Can only have wpkh() at top level or inside sh()',
    read: oneKey('wpkh', keyContexts.segwit),
  },
  sh: {
    places: ['top'],
    elsewhere: 'Can only have sh() at top level',
    read: (parser, body) => ({ kind: 'sh', inner: parser.whole(body, 'sh') }),
  },
  wsh: {
    places: ['top', 'sh'],
    elsewhere: 'Can only have wsh() at top level or inside sh()',
    read: (parser, body) => ({ kind: 'wsh', inner: parser.whole(body, 'wsh') }),
  },
  addr: {
    places: ['top'],
    elsewhere: 'Can only have addr() at top level',
    read: (parser, body) => ({ kind: 'addr', address: body, script: parser.address(body) }),
  },
  tr: {
    places: ['top'],
    elsewhere: 'Can only have tr at top level',
    read: (parser, body) => parser.taproot(body),
  },
  rawtr: {
    places: ['top'],
    elsewhere: 'Can only have rawtr at top level',
    read: (parser, body, place) => {
      if (firstExpression(body) !== body) refuse('rawtr(): only one key expected.');
      return oneKey('rawtr', keyContexts.taproot)(parser, body, place);
    },
  },
  unused: {
    places: ['top'],
    elsewhere: 'Can only have unused at top level',
    read: (parser, body) => {
      if (firstExpression(body) !== body) refuse('unused(): only one key expected');
      const descriptor: Descriptor = { kind: 'unused', key: parser.key(body, keyContexts.legacy) };
      return isRanged(descriptor) ? refuse('unused(): key cannot be ranged') : descriptor;
    },
  },
  raw: {
    places: ['top'],
    elsewhere: 'Can only have raw() at top level',
    read: (_parser, body) => {
      if (!isHex(body) || body === '') refuse('Raw script is not hex');
      return { kind: 'raw', script: hexToBytes(body) };
    },
  },
};

/** Reads one descriptor text. Of keys with several paths it takes the first, and remembers the others in order. */
class Parser {
  readonly #params: ChainParams;
  /** Every key read so far with its alternatives. */
  readonly keys: (readonly KeyExpression[])[] = [];

  constructor(params: ChainParams) {
    this.#params = params;
  }

  /** Reads `text`, of which nothing may be left over. */
  whole(text: string, place: Place): Descriptor {
    const expression = firstExpression(text);
    const descriptor = this.#expression(expression, place);
    // bitcoind has no words for this one.
    return expression === text ? descriptor : refuse('');
  }

  #expression(text: string, place: Place): Descriptor {
    const [, name = ''] = /^([a-z_]+)\(/.exec(text) ?? [];
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    const body = reader && inBrackets(name, text);
    if (reader && body !== undefined) {
      if (reader.places.includes(place)) return reader.read(this, body, place);
      if (reader.elsewhere !== undefined) return refuse(reader.elsewhere);
    }
    return this.#miniscript(text, place);
  }

  key(text: string, context: KeyContext): KeyExpression {
    const alternatives = parseKeys(text, context, this.#params);
    this.keys.push(alternatives);
    return alternatives[0] as KeyExpression;
  }

  /** Alternatives of the keys read since there were `start`; all keys with several must have the same number. */
  #count(start: number, message: string): number {
    const counts = this.keys.slice(start).map(({ length }) => length);
    const most = Math.max(1, ...counts);
    return counts.every((count) => count === 1 || count === most) ? most : refuse(message);
  }

  address(text: string): Uint8Array {
    try {
      return decodeAddress(text, this.#params);
    } catch (error) {
      if (error instanceof AddressError) return refuse('Address is not valid');
      throw error;
    }
  }

  multi(kind: MultiFunction, body: string, place: Place): Descriptor {
    const start = this.keys.length;
    const count = firstExpression(body);
    const threshold = parseInteger(count) ?? -1n;
    if (threshold < 0n || threshold > 0xffffffffn)
      refuse(`Multi threshold '${count}' is not valid`);
    const required = Number(threshold);
    const keys: KeyExpression[] = [];
    let left = body.slice(count.length);
    while (left !== '') {
      if (!left.startsWith(',')) refuse(`Multi: expected ',', got '${left[0]}'`);
      const text = firstExpression(left.slice(1));
      left = left.slice(1 + text.length);
      keys.push(within('Multi', () => this.key(text, keyContext[place])));
    }
    checkMulti(required, keys, place);
    this.#count(start, 'multi(): Multipath derivation paths have mismatched lengths');
    return { kind, required, keys };
  }

  taproot(body: string): Descriptor {
    const text = firstExpression(body);
    const key = within('tr()', () => this.key(text, keyContexts.taproot));
    const own = this.keys[this.keys.length - 1]?.length ?? 1;
    const rest = body.slice(text.length);
    if (rest === '') return { kind: 'tr', key };
    if (!rest.startsWith(',')) refuse(`tr: expected ',', got '${rest[0]}'`);
    const start = this.keys.length;
    const tree = new TreeParser(rest.slice(1), (script) => this.#expression(script, 'tr')).parse();
    const uneven = 'tr(): Multipath subscripts have mismatched lengths';
    const count = this.#count(start, uneven);
    if (own > 1 && count > 1 && own !== count) {
      refuse(
        own > count
          ? uneven
          : 'tr(): Multipath internal key mismatches multipath subscripts lengths',
      );
    }
    return { kind: 'tr', key, tree };
  }

  #miniscript(text: string, place: Place): Descriptor {
    const start = this.keys.length;
    const context: Context = place === 'wsh' ? 'wsh' : 'tapscript';
    const node = parseMiniscript(text, context, (key) => {
      this.key(key, context === 'wsh' ? keyContexts.segwit : keyContexts.taproot);
      return this.keys.length - 1 - start;
    });
    if (!node) return refuse(notAFunction(text, place));
    if (place !== 'wsh' && place !== 'tr') {
      refuse('Miniscript expressions can only be used in wsh or tr.');
    }
    const keys = this.keys.slice(start).map(([key]) => key as KeyExpression);
    checkSanity(node, keys, this.#params);
    this.#count(start, 'Miniscript: Multipath derivation paths have mismatched lengths');
    return { kind: 'miniscript', node, keys };
  }
}

function checkMulti(required: number, keys: readonly KeyExpression[], place: Place): void {
  const { length } = keys;
  const [name, most] = place === 'tr' ? ['multi_a', MAX_KEYS_TAPSCRIPT] : ['multisig', MAX_KEYS];
  if (length === 0 || length > most) {
    refuse(
      `Cannot have ${length} keys in ${name}; must have between 1 and ${most} keys, inclusive`,
    );
  }
  if (required < 1) refuse(`Multisig threshold cannot be ${required}, must be at least 1`);
  if (required > length) {
    refuse(
      `Multisig threshold cannot be larger than the number of keys; threshold is ${required} but only ${length} keys specified`,
    );
  }
  if (place === 'top' && length > MAX_KEYS_BARE) {
    refuse(`Cannot have ${length} pubkeys in bare multisig; only at most 3 pubkeys`);
  }
  if (place !== 'sh') return;
  const sizes = keys.map((key) => (key.kind === 'single' ? key.publicKey.length + 1 : 34));
  const size = sizes.reduce((sum, one) => sum + one, 3);
  if (size > MAX_REDEEM_SCRIPT) {
    refuse(`P2SH script is too large, ${size} bytes is larger than ${MAX_REDEEM_SCRIPT} bytes`);
  }
}

/** Reads the tree of a taproot output: scripts, and pairs of trees in braces. */
class TreeParser {
  #left: string;
  readonly #script: (text: string) => Descriptor;

  constructor(text: string, script: (text: string) => Descriptor) {
    this.#left = text;
    this.#script = script;
  }

  parse(): TapTree {
    const tree = this.#tree(0);
    return this.#left === '' ? tree : refuse("tr(): expected ')' after script expression");
  }

  #tree(depth: number): TapTree {
    if (this.#left.startsWith('{')) {
      if (depth >= MAX_TREE_DEPTH) {
        refuse(`tr() supports at most ${MAX_TREE_DEPTH} nesting levels`);
      }
      this.#left = this.#left.slice(1);
      const left = this.#tree(depth + 1);
      this.#expect(',');
      const right = this.#tree(depth + 1);
      this.#expect('}');
      return { kind: 'branch', left, right };
    }
    const text = firstExpression(this.#left);
    this.#left = this.#left.slice(text.length);
    return { kind: 'leaf', script: this.#script(text) };
  }

  #expect(character: ',' | '}'): void {
    if (!this.#left.startsWith(character)) {
      refuse(`tr(): expected '${character}' after script expression`);
    }
    this.#left = this.#left.slice(1);
  }
}

function notAFunction(text: string, place: Place): string {
  if (place === 'sh') return 'A function is needed within P2SH';
  if (place === 'wsh') return 'A function is needed within P2WSH';
  return `'${text}' is not a valid descriptor function`;
}

/** What tells keys apart: those that cannot be derived without secrets are all the same to bitcoind. */
function nameOf(key: KeyExpression): string {
  try {
    return bytesToHex(deriveKey(bare(key), 0).publicKey);
  } catch (error) {
    if (error instanceof RangeError) return '';
    throw error;
  }
}

/** The key as others see it, with hardened steps that they cannot take. */
function bare(key: KeyExpression): KeyExpression {
  if (key.kind !== 'extended') return publicKeyOnly(key);
  const { privateKey: _, ...root } = key.root;
  return { ...key, root };
}

function checkSanity(node: Miniscript, keys: readonly KeyExpression[], params: ChainParams): void {
  const found = insanity(node, keys.map(nameOf));
  if (!found) return;
  const texts = keys.map((key) => formatKey(key, 'public', params));
  refuse(`${formatMiniscript(found.node, texts)} ${found.reason}`);
}

/** The text in front of `#`, after the checksum behind it was found right. */
function checkChecksum(text: string, required: boolean): string {
  const [body = '', given, ...more] = text.split('#');
  if (more.length > 0) refuse("Multiple '#' symbols");
  if (given === undefined && required) refuse('Missing checksum');
  if (given !== undefined && given.length !== 8) {
    refuse(`Expected 8 character checksum, not ${given.length} characters`);
  }
  const computed = descriptorChecksum(body) ?? refuse('Invalid characters in payload');
  if (given !== undefined && given !== computed) {
    refuse(`Provided checksum '${given}' does not match computed checksum '${computed}'`);
  }
  return body;
}

/**
 * Reads a descriptor that may stand for several: `<0;1>` in its paths makes one descriptor of each alternative (BIP389), by
 * convention receiving and change. `requireChecksum` insists on a checksum. Throws `DescriptorError` with bitcoind's text.
 */
export function parseMultipath(
  text: string,
  params: ChainParams,
  requireChecksum = false,
): readonly Descriptor[] {
  const parser = new Parser(params);
  const first = parser.whole(checkChecksum(text, requireChecksum), 'top');
  const count = Math.max(1, ...parser.keys.map(({ length }) => length));
  if (count === 1) return [first];
  if (keysOf(first).length !== parser.keys.length) throw new Error('a key was lost while reading');
  return Array.from({ length: count }, (_, nth) => {
    const alternatives = parser.keys.values();
    return mapKeys(first, (key) => {
      const of = alternatives.next().value ?? [key];
      return (of[nth] ?? of[0]) as KeyExpression;
    });
  });
}

/** Reads a descriptor that stands for itself alone. Throws as `parseMultipath`. */
export function parseDescriptor(
  text: string,
  params: ChainParams,
  requireChecksum = false,
): Descriptor {
  const [first, another] = parseMultipath(text, params, requireChecksum);
  if (another) {
    throw new DescriptorError('A multipath descriptor stands for several; one is expected here');
  }
  return first as Descriptor;
}
