/**
 * ElligatorSwift (BIP324): public keys of secp256k1 as 64 bytes that look random, and the shared secret
 * of two such keys. Only the map itself is computed here, on bigints; multiplying points is the curve
 * library's. Keys of connections live for one connection, so the time a map takes tells nobody anything
 * that lasts.
 */
import { bytesToHex, concatBytes, hexToBytes, taggedHash } from '@coind/primitives';
import { publicKey, sharedX } from '@coind/script';

/** Bytes of an encoded key. */
export const ELLSWIFT_BYTES = 64;

/** The field: 2^256 - 2^32 - 977. */
const P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
/** A square root of -3. */
const ROOT_MINUS_3 = 0x0a2d2ba93507f1df233770c2a797962cc61f6d15da14ecd47d8d27ae1cd5f852n;

/** `value` modulo P, never negative. */
function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

/** 1 / value; 0 for 0. The extended Euclidean algorithm: faster than a power. */
function invert(value: bigint): bigint {
  let [a, b] = [mod(value), P];
  let [x, y] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [x, y] = [y - quotient * x, x];
  }
  return a === 0n ? 0n : mod(x);
}

/** `value` squared `times` times over. */
function squared(value: bigint, times: number): bigint {
  let result = value;
  for (let i = 0; i < times; i++) result = (result * result) % P;
  return result;
}

/**
 * A square root, the one that is itself a square; undefined when there is none. It is the power
 * (P + 1) / 4, whose bits are 223 ones, a zero, 22 ones, 0000, 11 and 00: few products make such runs.
 */
function squareRoot(square: bigint): bigint | undefined {
  const x = mod(square);
  const x2 = (squared(x, 1) * x) % P;
  const x3 = (squared(x2, 1) * x) % P;
  const x6 = (squared(x3, 3) * x3) % P;
  const x9 = (squared(x6, 3) * x3) % P;
  const x11 = (squared(x9, 2) * x2) % P;
  const x22 = (squared(x11, 11) * x11) % P;
  const x44 = (squared(x22, 22) * x22) % P;
  const x88 = (squared(x44, 44) * x44) % P;
  const x176 = (squared(x88, 88) * x88) % P;
  const x220 = (squared(x176, 44) * x44) % P;
  const x223 = (squared(x220, 3) * x3) % P;
  const x246 = (squared(x223, 23) * x22) % P;
  const root = squared((squared(x246, 6) * x2) % P, 2);
  return (root * root) % P === x ? root : undefined;
}

/** y² for an x: x³ + 7. */
function curve(x: bigint): bigint {
  return mod(x * x * x + 7n);
}

function isOnCurve(x: bigint): boolean {
  return squareRoot(curve(x)) !== undefined;
}

function bytesToField(bytes: Uint8Array): bigint {
  return mod(BigInt(`0x${bytesToHex(bytes)}`));
}

function fieldToBytes(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(64, '0'));
}

/** The x that a pair of field elements stands for: every pair stands for one. */
function xOfPair(first: bigint, second: bigint): bigint {
  const u = first === 0n ? 1n : first;
  let t = second === 0n ? 1n : second;
  const g = curve(u);
  if (mod(g + t * t) === 0n) t = mod(2n * t);
  const x = mod((g - t * t) * invert(2n * t));
  const y = mod((x + t) * invert(ROOT_MINUS_3 * u));
  const third = mod(u + 4n * y * y);
  if (isOnCurve(third)) return third;
  const half = invert(2n);
  const ratio = mod(x * invert(y));
  const nearer = mod((-ratio - u) * half);
  return isOnCurve(nearer) ? nearer : mod((ratio - u) * half);
}

/** One of up to eight `t` that with `u` stand for `x`; undefined where that one does not exist. */
function pairFor(x: bigint, u: bigint, which: number): bigint | undefined {
  let v: bigint;
  let s: bigint;
  if ((which & 2) === 0) {
    if (isOnCurve(mod(-x - u))) return undefined;
    v = x;
    s = mod(-curve(u) * invert(u * u + u * v + v * v));
  } else {
    s = mod(x - u);
    if (s === 0n) return undefined;
    const r = squareRoot(-s * (4n * curve(u) + 3n * s * u * u));
    if (r === undefined || ((which & 1) === 1 && r === 0n)) return undefined;
    v = mod((r * invert(s) - u) * invert(2n));
  }
  const w = squareRoot(s);
  if (w === undefined) return undefined;
  const root = (which & 1) === 0 ? 1n - ROOT_MINUS_3 : 1n + ROOT_MINUS_3;
  const t = w * (u * root * invert(2n) + v);
  return (which & 5) === 0 || (which & 5) === 5 ? mod(-t) : mod(t);
}

/** The x (32 bytes) of the key that 64 bytes stand for; any 64 bytes stand for one. */
export function decodeEllSwift(encoded: Uint8Array): Uint8Array {
  const u = bytesToField(encoded.subarray(0, 32));
  const t = bytesToField(encoded.subarray(32, 64));
  return fieldToBytes(xOfPair(u, t));
}

/**
 * The `t` (32 bytes) that with `u` encodes the key with that x, as one of eight cases (0 … 7);
 * undefined where the case has none.
 */
export function inverseEllSwift(
  x: Uint8Array,
  u: Uint8Array,
  which: number,
): Uint8Array | undefined {
  const t = pairFor(bytesToField(x), bytesToField(u), which);
  return t === undefined ? undefined : fieldToBytes(t);
}

/**
 * The public key of `privateKey` in 64 bytes that look random. `randomBytes` has to be good: the bytes
 * it returns are seen by everybody, and tell the key from others by nothing else.
 */
export function encodeEllSwift(
  privateKey: Uint8Array,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  const x = bytesToField(publicKey(privateKey).subarray(1));
  // A try succeeds one time in four: on average half of the cases exist for half of the u.
  for (;;) {
    const random = randomBytes(33);
    const u = bytesToField(random.subarray(0, 32));
    if (u === 0n) continue;
    const t = pairFor(x, u, (random[32] as number) & 7);
    if (t !== undefined) return concatBytes(fieldToBytes(u), fieldToBytes(t));
  }
}

/** What two nodes share (32 bytes): BIP324's hash over both encoded keys and the shared x. */
export function ellSwiftSecret(
  privateKey: Uint8Array,
  ours: Uint8Array,
  theirs: Uint8Array,
  initiating: boolean,
): Uint8Array {
  // Which of the two points with that x does not matter: their multiples have the same x.
  const point = concatBytes(Uint8Array.of(2), decodeEllSwift(theirs));
  const x = sharedX(point, privateKey);
  const [first, second] = initiating ? [ours, theirs] : [theirs, ours];
  return taggedHash('bip324_ellswift_xonly_ecdh', first, second, x);
}
