/**
 * Output descriptors (BIP380 to BIP386): text that says which scripts a wallet watches and which keys
 * sign for them. Supported: pk, pkh, wpkh, sh, wsh, combo, multi, sortedmulti, tr and rawtr with a
 * key alone, addr, raw. Script trees, miniscript and musig are refused by name.
 */
import {
  bytesToHex,
  type ChainParams,
  compareBytes,
  hash160,
  hexToBytes,
  isHex,
  sha256,
} from '@coind/primitives';
import {
  AddressError,
  decodeAddress,
  multisig,
  p2pk,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  p2wsh,
  taprootOutputKey,
} from '@coind/script';
import { descriptorChecksum, withChecksum } from './checksum.ts';
import { DescriptorError } from './errors.ts';
import {
  type DerivedKey,
  deriveKey,
  formatKey,
  hasPrivateKey,
  type KeyContext,
  type KeyExpression,
  type KeyForm,
  parseKey,
  publicKeyOnly,
} from './key-expression.ts';

type KeyFunction = 'pk' | 'pkh' | 'wpkh' | 'combo' | 'tr' | 'rawtr';
type MultiFunction = 'multi' | 'sortedmulti';

/** A parsed descriptor. */
export type Descriptor =
  | { readonly kind: KeyFunction; readonly key: KeyExpression }
  | {
      readonly kind: MultiFunction;
      readonly required: number;
      readonly keys: readonly KeyExpression[];
    }
  | { readonly kind: 'sh' | 'wsh'; readonly inner: Descriptor }
  | { readonly kind: 'addr'; readonly address: string; readonly script: Uint8Array }
  | { readonly kind: 'raw'; readonly script: Uint8Array };

/** A script that a descriptor makes, with what it takes to spend it. */
export interface ScriptSolution {
  readonly scriptPubKey: Uint8Array;
  readonly redeemScript?: Uint8Array;
  readonly witnessScript?: Uint8Array;
  readonly keys: readonly DerivedKey[];
  /** Descriptor function of this very script: of a combo, which of the four. */
  readonly descriptor: Descriptor;
}

type Place = 'top' | 'sh' | 'wsh';

const MAX_KEYS_BARE = 3;
const MAX_KEYS = 20;
const MAX_REDEEM_SCRIPT = 520;

function refuse(message: string): never {
  throw new DescriptorError(message);
}

/**
 * Reads a descriptor, with or without its checksum (`requireChecksum` insists on one). Throws
 * `DescriptorError` with bitcoind's text.
 */
export function parseDescriptor(
  text: string,
  params: ChainParams,
  requireChecksum = false,
): Descriptor {
  return parseAt(checkChecksum(text, requireChecksum), 'top', params);
}

const MULTIPATH = /<([0-9;h']*)>/g;

/**
 * Reads a descriptor that may stand for several: `<0;1>` in its paths makes one descriptor of each
 * alternative (BIP389), by convention receiving and change. Throws like `parseDescriptor`.
 */
export function parseMultipath(
  text: string,
  params: ChainParams,
  requireChecksum = false,
): readonly Descriptor[] {
  const body = checkChecksum(text, requireChecksum);
  const counts = [...body.matchAll(MULTIPATH)].map(([, list = '']) => list.split(';').length);
  const [count = 1] = counts;
  if (counts.length === 0) return [parseAt(body, 'top', params)];
  if (count < 2 || counts.some((other) => other !== count)) {
    refuse('Multipath alternatives must be at least two, and as many in every key');
  }
  return Array.from({ length: count }, (_, nth) => {
    const one = body.replace(MULTIPATH, (_match, list: string) => list.split(';')[nth] as string);
    return parseAt(one, 'top', params);
  });
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

/** Splits at commas outside brackets. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if ('({'.includes(character)) depth++;
    else if (')}'.includes(character)) depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

const CONTEXT: Readonly<Record<Place, KeyContext>> = {
  top: { uncompressed: true, xOnly: false },
  sh: { uncompressed: true, xOnly: false },
  wsh: { uncompressed: false, xOnly: false },
};

function parseAt(text: string, place: Place, params: ChainParams): Descriptor {
  const match = /^([a-z]+)\((.*)\)$/s.exec(text);
  if (!match) return refuse(notAFunction(text, place));
  const [, name = '', body = ''] = match;
  if (body.includes('<')) refuse('A multipath descriptor stands for several; one is expected here');
  const key = (context: KeyContext): KeyExpression => parseKey(body, name, context, params);
  switch (name) {
    case 'pk':
    case 'pkh':
      return { kind: name, key: key(CONTEXT[place]) };
    case 'combo':
      if (place !== 'top') refuse('Can only have combo() at top level');
      return { kind: name, key: key(CONTEXT.top) };
    case 'wpkh':
      if (place === 'wsh') refuse('Can only have wpkh() at top level or inside sh()');
      return { kind: name, key: key(CONTEXT.wsh) };
    case 'tr':
    case 'rawtr': {
      if (place !== 'top') refuse(`Can only have ${name} at top level`);
      const [, tree] = splitArguments(body);
      if (tree !== undefined) {
        if (name === 'rawtr') refuse('rawtr(): only one key expected.');
        if (tree === '') refuse(notAFunction(tree, place));
        refuse('tr(): script trees are not supported');
      }
      return { kind: name, key: key({ uncompressed: false, xOnly: true }) };
    }
    case 'multi':
    case 'sortedmulti':
      return parseMulti(name, body, place, params);
    case 'sh':
      if (place !== 'top') refuse('Can only have sh() at top level');
      return checkedSh({ kind: name, inner: parseAt(body, 'sh', params) });
    case 'wsh':
      if (place === 'wsh') refuse('Can only have wsh() at top level or inside sh()');
      return { kind: name, inner: parseAt(body, 'wsh', params) };
    case 'addr':
      if (place !== 'top') refuse('Can only have addr() at top level');
      return { kind: name, address: body, script: addressScript(body, params) };
    case 'raw':
      if (place !== 'top') refuse('Can only have raw() at top level');
      if (!isHex(body)) refuse('Raw script is not hex');
      return { kind: name, script: hexToBytes(body) };
    default:
      return refuse(notAFunction(text, place));
  }
}

function notAFunction(text: string, place: Place): string {
  if (place === 'sh') return 'A function is needed within P2SH';
  if (place === 'wsh') return 'A function is needed within P2WSH';
  return `'${text}' is not a valid descriptor function`;
}

function addressScript(text: string, params: ChainParams): Uint8Array {
  try {
    return decodeAddress(text, params);
  } catch (error) {
    if (error instanceof AddressError) return refuse('Address is not valid');
    throw error;
  }
}

function parseMulti(
  name: MultiFunction,
  body: string,
  place: Place,
  params: ChainParams,
): Descriptor {
  const [count = '', ...texts] = splitArguments(body);
  const required = /^[0-9]+$/.test(count) ? Number(count) : Number.NaN;
  if (Number.isNaN(required)) refuse(`Multi threshold '${count}' is not valid`);
  if (texts.length === 0 || texts.length > MAX_KEYS) {
    refuse(
      `Cannot have ${texts.length} keys in multisig; must have between 1 and ${MAX_KEYS} keys, inclusive`,
    );
  }
  if (required < 1) refuse(`Multisig threshold cannot be ${required}, must be at least 1`);
  if (required > texts.length) {
    refuse(
      `Multisig threshold cannot be larger than the number of keys; threshold is ${required} but only ${texts.length} keys specified`,
    );
  }
  if (place === 'top' && texts.length > MAX_KEYS_BARE) {
    refuse(`Cannot have ${texts.length} pubkeys in bare multisig; only at most 3 pubkeys`);
  }
  const keys = texts.map((text) => parseKey(text, 'multi', CONTEXT[place], params));
  return { kind: name, required, keys };
}

function checkedSh(descriptor: Descriptor & { kind: 'sh' | 'wsh' }): Descriptor {
  const { inner } = descriptor;
  if (inner.kind !== 'multi' && inner.kind !== 'sortedmulti') return descriptor;
  const keySizes = inner.keys.map((key) => (key.kind === 'single' ? key.publicKey.length + 1 : 34));
  const size = keySizes.reduce((sum, length) => sum + length, 3);
  if (size > MAX_REDEEM_SCRIPT) {
    refuse(`P2SH script is too large, ${size} bytes is larger than ${MAX_REDEEM_SCRIPT} bytes`);
  }
  return descriptor;
}

/** Writes a descriptor without its checksum. */
function formatBody(descriptor: Descriptor, form: KeyForm, params: ChainParams): string {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return `${descriptor.kind}(${formatBody(descriptor.inner, form, params)})`;
    case 'multi':
    case 'sortedmulti': {
      const keys = descriptor.keys.map((key) => formatKey(key, form, false, params));
      return `${descriptor.kind}(${descriptor.required},${keys.join(',')})`;
    }
    case 'addr':
      return `addr(${descriptor.address})`;
    case 'raw':
      return `raw(${bytesToHex(descriptor.script)})`;
    default: {
      const xOnly = descriptor.kind === 'tr' || descriptor.kind === 'rawtr';
      return `${descriptor.kind}(${formatKey(descriptor.key, form, xOnly, params)})`;
    }
  }
}

/** Writes a descriptor with its checksum. */
export function formatDescriptor(
  descriptor: Descriptor,
  form: KeyForm,
  params: ChainParams,
): string {
  return withChecksum(formatBody(descriptor, form, params));
}

/** Every key expression, in the order of the text. */
export function keysOf(descriptor: Descriptor): readonly KeyExpression[] {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return keysOf(descriptor.inner);
    case 'multi':
    case 'sortedmulti':
      return descriptor.keys;
    case 'addr':
    case 'raw':
      return [];
    default:
      return [descriptor.key];
  }
}

/** The same descriptor with each key replaced. */
export function mapKeys(
  descriptor: Descriptor,
  change: (key: KeyExpression) => KeyExpression,
): Descriptor {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return { ...descriptor, inner: mapKeys(descriptor.inner, change) };
    case 'multi':
    case 'sortedmulti':
      return { ...descriptor, keys: descriptor.keys.map(change) };
    case 'addr':
    case 'raw':
      return descriptor;
    default:
      return { ...descriptor, key: change(descriptor.key) };
  }
}

/** The descriptor that looks ahead without secrets. */
export function withoutSecrets(descriptor: Descriptor): Descriptor {
  return mapKeys(descriptor, publicKeyOnly);
}

/** True when it makes a script for every index. */
export function isRanged(descriptor: Descriptor): boolean {
  return keysOf(descriptor).some((key) => key.kind === 'extended' && key.wildcard !== 'none');
}

/** True when the keys to spend its scripts are named. */
export function isSolvable(descriptor: Descriptor): boolean {
  return descriptor.kind !== 'addr' && descriptor.kind !== 'raw';
}

/** True when at least one secret is in it. */
export function hasPrivateKeys(descriptor: Descriptor): boolean {
  return keysOf(descriptor).some(hasPrivateKey);
}

/** True when every key has its secret. */
export function hasAllPrivateKeys(descriptor: Descriptor): boolean {
  const keys = keysOf(descriptor);
  return keys.length > 0 && keys.every(hasPrivateKey);
}

/**
 * The scripts at `index`: one, or for a combo two (uncompressed key) or four. Throws `DescriptorError`
 * when a hardened step lacks its private key. Whoever remembers the public key of a descriptor with one
 * key gives it as `known`, and it is not derived again.
 */
export function expandDescriptor(
  descriptor: Descriptor,
  index: number,
  known?: Uint8Array,
): ScriptSolution[] {
  try {
    if (descriptor.kind !== 'combo') {
      const [key, another] = keysOf(descriptor);
      const only = known && key && !another ? deriveKey(key, index, known) : undefined;
      return [expandOne(descriptor, index, only)];
    }
    const { key } = descriptor;
    const derived = deriveKey(key, index, known);
    const variants: Descriptor[] = [
      { kind: 'pk', key },
      { kind: 'pkh', key },
    ];
    if (derived.publicKey.length === 33) {
      variants.push({ kind: 'wpkh', key }, { kind: 'sh', inner: { kind: 'wpkh', key } });
    }
    return variants.map((variant) => expandOne(variant, index, derived));
  } catch (error) {
    if (error instanceof RangeError) refuse('Cannot derive script without private keys');
    throw error;
  }
}

/** `only` is the key of a descriptor with one key, where it is derived already. */
function expandOne(descriptor: Descriptor, index: number, only?: DerivedKey): ScriptSolution {
  switch (descriptor.kind) {
    case 'addr':
    case 'raw':
      return { scriptPubKey: descriptor.script, keys: [], descriptor };
    case 'sh': {
      const inner = expandOne(descriptor.inner, index, only);
      const redeemScript = inner.scriptPubKey;
      return { ...inner, scriptPubKey: p2sh(hash160(redeemScript)), redeemScript, descriptor };
    }
    case 'wsh': {
      const inner = expandOne(descriptor.inner, index, only);
      const witnessScript = inner.scriptPubKey;
      return { ...inner, scriptPubKey: p2wsh(sha256(witnessScript)), witnessScript, descriptor };
    }
    case 'multi':
    case 'sortedmulti': {
      const keys = only ? [only] : descriptor.keys.map((key) => deriveKey(key, index));
      const pubkeys = keys.map((key) => key.publicKey);
      if (descriptor.kind === 'sortedmulti') pubkeys.sort(compareBytes);
      return { scriptPubKey: multisig(descriptor.required, pubkeys), keys, descriptor };
    }
    default: {
      const key = only ?? deriveKey(descriptor.key, index);
      const scriptPubKey = keyScript(descriptor.kind, key.publicKey);
      return { scriptPubKey, keys: [key], descriptor };
    }
  }
}

function keyScript(kind: KeyFunction, pubkey: Uint8Array): Uint8Array {
  switch (kind) {
    case 'pk':
      return p2pk(pubkey);
    case 'wpkh':
      return p2wpkh(hash160(pubkey));
    case 'tr': {
      const output = taprootOutputKey(pubkey.subarray(1, 33));
      if (!output) throw new RangeError('internal key has no output key');
      return p2tr(output.xOnlyKey);
    }
    case 'rawtr':
      return p2tr(pubkey.subarray(1, 33));
    default:
      return p2pkh(hash160(pubkey));
  }
}

/**
 * The descriptor of one script alone: its keys as hex behind their origins, as `getaddressinfo` and
 * `listunspent` print it.
 */
export function formatSolution(solution: ScriptSolution, params: ChainParams): string {
  const derived = [...solution.keys];
  const single = mapKeys(solution.descriptor, () => {
    const key = derived.shift() as DerivedKey;
    return {
      kind: 'single',
      publicKey: key.publicKey,
      xOnly: false,
      origin: key.origin,
      marker: 'h',
    };
  });
  return formatDescriptor(single, 'public', params);
}
