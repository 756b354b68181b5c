/**
 * Signing together with one key (BIP327): the aggregate of keys, nonces, partial signatures and the signature they add
 * up to. Randomness comes from the caller; a secret nonce must be used once and then be forgotten.
 */
import { concatBytes, equalBytes, taggedHash, Writer } from '@coind/primitives';
import { bytesToScalar, ORDER, scalarToBytes } from './scalar.ts';
import { addPoints, multiplyPoint, publicKey, tweakAddPublic } from './secp.ts';

/** A change of the aggregate key: of the point, or of its x-only form as taproot does. */
export interface KeyTweak {
  readonly tweak: Uint8Array;
  readonly xOnly: boolean;
}

/** What only the signer knows of its nonce. */
export interface SecretNonce {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  /** The key it may be used with. */
  readonly publicKey: Uint8Array;
}

const PUB_NONCE_LENGTH = 66;
const INFINITY = new Uint8Array(33);
const mod = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;
const isEven = (point: Uint8Array): boolean => point[0] === 2;
const scalarOf = (bytes: Uint8Array): bigint => mod(bytesToScalar(bytes));
const listHash = (keys: readonly Uint8Array[]): Uint8Array =>
  taggedHash('KeyAgg list', concatBytes(...keys));

/** How much a key counts in the aggregate. */
function coefficient(keys: readonly Uint8Array[], key: Uint8Array): bigint {
  const [first] = keys;
  // The second different key counts once, which saves a multiplication and is as safe.
  const second = keys.find((other) => !equalBytes(other, first as Uint8Array));
  if (second && equalBytes(key, second)) return 1n;
  return scalarOf(taggedHash('KeyAgg coefficient', listHash(keys), key));
}

function times(point: Uint8Array, scalar: bigint): Uint8Array {
  return scalar === 1n ? point : multiplyPoint(point, scalarToBytes(scalar));
}

/** The sum of points; undefined at infinity. */
function sum(points: readonly Uint8Array[]): Uint8Array | undefined {
  return points.reduce<Uint8Array | undefined>(
    (total, point) => (total ? addPoints(total, point) : point),
    undefined,
  );
}

/** The aggregate of compressed keys; their order matters. Throws `RangeError` for keys that add up to nothing. */
export function aggregateKeys(keys: readonly Uint8Array[]): Uint8Array {
  const total = sum(keys.map((key) => times(key, coefficient(keys, key))));
  if (!total) throw new RangeError('keys add up to no point');
  return total;
}

/** The aggregate after its tweaks, with what signers owe to them. */
interface TweakedAggregate {
  readonly point: Uint8Array;
  /** 1 or -1: what the private keys are multiplied with. */
  readonly sign: bigint;
  readonly added: bigint;
}

function applyTweaks(aggregate: Uint8Array, tweaks: readonly KeyTweak[]): TweakedAggregate {
  let state: TweakedAggregate = { point: aggregate, sign: 1n, added: 0n };
  for (const { tweak, xOnly } of tweaks) {
    const flips = xOnly && !isEven(state.point);
    const g = flips ? -1n : 1n;
    const base = flips ? negated(state.point) : state.point;
    const point = tweakAddPublic(base, tweak);
    if (!point) throw new RangeError('a tweak leads to no point');
    const added = mod(scalarOf(tweak) + g * state.added);
    state = { point, sign: g * state.sign, added };
  }
  return state;
}

/** The same x on the other side of the curve. */
function negated(point: Uint8Array): Uint8Array {
  return Uint8Array.of(isEven(point) ? 3 : 2, ...point.subarray(1));
}

/**
 * A nonce for one signature of `message` by `secret`: the public part is told to the others. `random` are 32 bytes that
 * nobody can foresee.
 */
export function makeNonce(
  secret: Uint8Array,
  aggregateXOnly: Uint8Array,
  message: Uint8Array,
  random: Uint8Array,
): { readonly secretNonce: SecretNonce; readonly publicNonce: Uint8Array } {
  const mask = taggedHash('MuSig/aux', random);
  const rand = secret.map((byte, i) => byte ^ (mask[i] as number));
  const own = publicKey(secret, true);
  const nonce = (nth: number): Uint8Array => {
    const input = new Writer(256)
      .bytes(rand)
      .u8(own.length)
      .bytes(own)
      .u8(aggregateXOnly.length)
      .bytes(aggregateXOnly)
      .u8(1)
      .bytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, message.length))
      .bytes(message)
      .bytes(new Uint8Array(4))
      .u8(nth);
    return scalarToBytes(scalarOf(taggedHash('MuSig/nonce', input.finish())));
  };
  const [first, second] = [nonce(0), nonce(1)];
  const publicNonce = concatBytes(publicKey(first, true), publicKey(second, true));
  return { secretNonce: { first, second, publicKey: own }, publicNonce };
}

/** What all signers of one message agree on. */
export interface SigningSession {
  /** Compressed, in the order of their aggregation. */
  readonly keys: readonly Uint8Array[];
  readonly tweaks: readonly KeyTweak[];
  readonly message: Uint8Array;
  /** 66 bytes of every signer, in any order. */
  readonly publicNonces: readonly Uint8Array[];
}

/** What follows from a session. */
interface Challenge {
  readonly key: TweakedAggregate;
  /** How much the second nonce counts. */
  readonly b: bigint;
  readonly r: Uint8Array;
  readonly e: bigint;
}

function challengeOf({ keys, tweaks, message, publicNonces }: SigningSession): Challenge {
  const key = applyTweaks(aggregateKeys(keys), tweaks);
  if (publicNonces.some(({ length }) => length !== PUB_NONCE_LENGTH)) {
    throw new RangeError('a public nonce has 66 bytes');
  }
  const halves = [0, 33].map((at) => sum(publicNonces.map((one) => one.subarray(at, at + 33))));
  const x = key.point.subarray(1);
  const aggregateNonce = concatBytes(...halves.map((half) => half ?? INFINITY));
  const b = scalarOf(taggedHash('MuSig/noncecoef', aggregateNonce, x, message));
  const [first, second] = halves;
  const points = [...(first ? [first] : []), ...(second ? [times(second, b)] : [])];
  // Signers whose nonces cancel out sign with the generator instead, so that the blame can be found.
  const r = sum(points) ?? publicKey(scalarToBytes(1n), true);
  const e = scalarOf(taggedHash('BIP0340/challenge', r.subarray(1), x, message));
  return { key, b, r, e };
}

/** One signer's part of the signature, 32 bytes. Throws `RangeError` for keys or nonces that do not belong here. */
export function signPartially(
  secret: Uint8Array,
  { first, second, publicKey: own }: SecretNonce,
  session: SigningSession,
): Uint8Array {
  if (!equalBytes(publicKey(secret, true), own)) throw new RangeError('a nonce of another key');
  if (!session.keys.some((key) => equalBytes(key, own))) throw new RangeError('a key of nobody');
  const { key, b, r, e } = challengeOf(session);
  const flip = isEven(r) ? 1n : -1n;
  const nonce = flip * (bytesToScalar(first) + b * bytesToScalar(second));
  const g = (isEven(key.point) ? 1n : -1n) * key.sign;
  const own256 = g * coefficient(session.keys, own) * bytesToScalar(secret);
  return scalarToBytes(mod(nonce + e * own256));
}

/** The BIP340 signature that the parts of all signers add up to; it is only right if all parts are. */
export function combineSignatures(
  parts: readonly Uint8Array[],
  session: SigningSession,
): Uint8Array {
  const { key, r, e } = challengeOf(session);
  const g = isEven(key.point) ? 1n : -1n;
  const total = parts.reduce((all, part) => all + bytesToScalar(part), e * g * key.added);
  return concatBytes(r.subarray(1), scalarToBytes(mod(total)));
}
