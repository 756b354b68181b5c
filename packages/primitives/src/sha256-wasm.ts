/**
 * SHA-256 (FIPS 180-4) in WebAssembly, for short input: a call into OpenSSL costs more than hashing the
 * hundred or two hundred bytes of which nearly everything here consists. The module is a few thousand
 * instructions written down by `writeModule`, so there is no binary to trust; longer input is OpenSSL's.
 */

const INITIAL = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/** The first 32 bits of the fractional parts of the cube roots of the first `count` primes. */
function cubeRootFractions(count: number): number[] {
  const fractions: number[] = [];
  for (let candidate = 2; fractions.length < count; candidate++) {
    let prime = true;
    for (let i = 2; i * i <= candidate; i++) if (candidate % i === 0) prime = false;
    if (prime) fractions.push(Number(cubeRoot(BigInt(candidate) << 96n) & 0xffffffffn));
  }
  return fractions;
}

/** The largest number whose cube is at most `value`. */
function cubeRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) {
    const next = root + bit;
    if (next * next * next <= value) root = next;
  }
  return root;
}

/** Memory: eight words of state, the digest in bytes, then the padded message. */
const STATE = 0;
const DIGEST = 32;
const MESSAGE = 64;
const BLOCK = 64;

// Opcodes of WebAssembly, as far as they are used.
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOAD = 0x28;
const STORE = 0x36;
const CONST = 0x41;
const ADD = 0x6a;
const SUB = 0x6b;
const AND = 0x71;
const OR = 0x72;
const XOR = 0x73;
const SHIFT_RIGHT = 0x76;
const ROTATE_LEFT = 0x77;
const ROTATE_RIGHT = 0x78;

// Locals: the parameter (blocks left), where the block lies, a to h, sixteen words, a temporary.
const LEFT = 0;
const AT = 1;
const WORK = 2;
const SCHEDULE = 10;
const TEMP = 26;
const LOCALS = 26;

type Code = readonly number[];

/** An unsigned number in LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** A signed number of 32 bits in LEB128. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const low = rest & 0x7f;
    const done = (rest >> 6 === 0 || rest >> 6 === -1) && rest >> 7 === rest >> 6;
    if (done) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const get = (local: number): Code => [LOCAL_GET, local];
const set = (local: number): Code => [LOCAL_SET, local];
const constant = (value: number): Code => [CONST, ...signed(value)];
/** Loads the word at the address on the stack and `offset`. */
const load = (offset: number): Code => [LOAD, 2, ...unsigned(offset)];
const store = (offset: number): Code => [STORE, 2, ...unsigned(offset)];

/** The bytes of the word in `local`, from the last to the first: memory is little-endian. */
function swapped(local: number): Code {
  const half = (rotation: number, mask: number): Code => [
    ...get(local),
    ...constant(rotation),
    ROTATE_LEFT,
    ...constant(mask),
    AND,
  ];
  return [...half(8, 0x00ff00ff), ...half(24, 0xff00ff00), OR];
}

/** `local` rotated by `first`, by `second`, and rotated or shifted by `third`, all added without carry. */
function sigma(local: number, first: number, second: number, third: number, last: number): Code {
  const turned = (by: number, op: number): Code => [...get(local), ...constant(by), op];
  return [
    ...turned(first, ROTATE_RIGHT),
    ...turned(second, ROTATE_RIGHT),
    XOR,
    ...turned(third, last),
    XOR,
  ];
}

function rounds(): Code {
  const code: number[] = [];
  const roundConstants = cubeRootFractions(64);
  const word = (i: number): number => SCHEDULE + (i & 15);
  let names = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => WORK + i);
  for (let i = 0; i < 64; i++) {
    const [a, b, c, d, e, f, g, h] = names as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (i >= 16) {
      code.push(...get(word(i)), ...sigma(word(i + 1), 7, 18, 3, SHIFT_RIGHT), ADD);
      code.push(...get(word(i + 9)), ADD, ...sigma(word(i + 14), 17, 19, 10, SHIFT_RIGHT), ADD);
      code.push(...set(word(i)));
    }
    code.push(...get(h), ...sigma(e, 6, 11, 25, ROTATE_RIGHT), ADD);
    // The choice of f or g by e.
    code.push(...get(g), ...get(f), ...get(g), XOR, ...get(e), AND, XOR, ADD);
    code.push(...constant(roundConstants[i] as number), ...get(word(i)), ADD, ADD, ...set(TEMP));
    code.push(...get(d), ...get(TEMP), ADD, ...set(d));
    // The majority of a, b and c.
    code.push(...get(TEMP), ...sigma(a, 2, 13, 22, ROTATE_RIGHT), ADD);
    code.push(...get(a), ...get(b), AND, ...get(c), ...get(a), ...get(b), OR, AND, OR, ADD);
    code.push(...set(h));
    names = [h, a, b, c, d, e, f, g];
  }
  return code;
}

/** A function of one number: compresses so many blocks of the message and writes the digest down. */
function compressCode(): Code {
  const code: number[] = [0x03, 0x40];
  for (let i = 0; i < 8; i++) code.push(...constant(0), ...load(STATE + 4 * i), ...set(WORK + i));
  for (let i = 0; i < 16; i++) {
    code.push(...get(AT), ...load(MESSAGE + 4 * i), ...set(TEMP));
    code.push(...swapped(TEMP), ...set(SCHEDULE + i));
  }
  code.push(...rounds());
  for (let i = 0; i < 8; i++) {
    code.push(...constant(0), ...load(STATE + 4 * i), ...get(WORK + i), ADD, ...set(WORK + i));
    code.push(...constant(0), ...get(WORK + i), ...store(STATE + 4 * i));
    code.push(...constant(0), ...swapped(WORK + i), ...store(DIGEST + 4 * i));
  }
  code.push(...get(AT), ...constant(BLOCK), ADD, ...set(AT));
  // Again while a block is left.
  code.push(...get(LEFT), ...constant(1), SUB, ...set(LEFT), ...get(LEFT), 0x0d, 0, 0x0b, 0x0b);
  return code;
}

/** The module: one page of memory and `run`, which compresses so many blocks. */
function writeModule(): Uint8Array {
  const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body];
  const i32 = 0x7f;
  const body = [1, ...unsigned(LOCALS), i32, ...compressCode()];
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, i32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** What is used of the global `WebAssembly`, which the types of a program without a browser lack. */
interface WasmRuntime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly run: (blocks: number) => void;
    };
  };
}

/** Makes a function that hashes up to 64,000 bytes. Compiles, which takes a few milliseconds. */
export function compileSha256(): (bytes: Uint8Array) => Uint8Array {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmRuntime }).WebAssembly;
  const { memory, run } = new Instance(new Module(writeModule())).exports;
  const bytes = new Uint8Array(memory.buffer);
  const state = new Int32Array(memory.buffer, STATE, 8);
  const initial = Int32Array.from(INITIAL);
  return (message) => {
    const { length } = message;
    const blocks = (length + 8 + BLOCK) >>> 6;
    const end = MESSAGE + blocks * BLOCK;
    bytes.set(message, MESSAGE);
    // One bit, zeros, and the length in bits, most significant byte first.
    bytes.fill(0, MESSAGE + length, end);
    bytes[MESSAGE + length] = 0x80;
    bytes[end - 1] = length << 3;
    bytes[end - 2] = length >>> 5;
    bytes[end - 3] = length >>> 13;
    state.set(initial);
    run(blocks);
    return bytes.slice(DIGEST, DIGEST + 32);
  };
}
