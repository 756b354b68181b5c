/**
 * Just enough of WebAssembly's binary format to write a module of one function down from readable source: the
 * numbers it uses, its sections, and how it is started. What the instructions compute is the writer's business
 * (`sha256-code.ts`, and the nonce search of @coind/pow).
 */

/** Instructions as bytes. */
export type Code = readonly number[];
const NOTHING: Code = [];

/** Instructions on 32-bit numbers, and those for control and memory. */
export const I32 = {
  load: 0x28,
  store: 0x36,
  const: 0x41,
  equalZero: 0x45,
  lessUnsigned: 0x49,
  atMostUnsigned: 0x4d,
  trailingZeros: 0x68,
  add: 0x6a,
  sub: 0x6b,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shiftRight: 0x76,
  rotateLeft: 0x77,
  rotateRight: 0x78,
} as const;

const LOOP = 0x03;
const IF = 0x04;
const END = 0x0b;
const BRANCH_IF = 0x0d;
const RETURN = 0x0f;
const NO_RESULT = 0x40;

/** Types of values. */
export const valueTypes = { i32: 0x7f, v128: 0x7b } as const;
export type ValueType = keyof typeof valueTypes;

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
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

/** Pushes a local, or takes the top of the stack into it. */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
/** Pushes a number of 32 bits. */
export const constant = (value: number): Code => [I32.const, ...signed(value)];
/** Loads the word at the address on the stack and `offset`, or stores one there. */
export const load = (offset: number): Code => [I32.load, 2, ...unsigned(offset)];
export const store = (offset: number): Code => [I32.store, 2, ...unsigned(offset)];
/** One after the other. Spreading long ones, or `flat`, would go over them number by number. */
export const join = (...parts: readonly Code[]): Code => NOTHING.concat(...parts);
/** Runs `body` again and again as long as it leaves something other than zero on the stack. */
export const loopWhile = (body: Code): Code => join([LOOP, NO_RESULT], body, [BRANCH_IF, 0, END]);
/** Runs `body` when the top of the stack is not zero. */
export const when = (body: Code): Code => join([IF, NO_RESULT], body, [END]);
/** Leaves the function with what `value` pushes when the top of the stack is not zero. */
export const returnIf = (value: Code): Code => [IF, NO_RESULT, ...value, RETURN, END];

/** What a module consists of: its one function `run` and one page of memory. */
export interface FunctionSpec {
  /** How many 32-bit numbers it is given, and whether it returns one. */
  readonly parameters: number;
  readonly returns: boolean;
  /** Groups of locals behind the parameters, in order. */
  readonly locals: readonly (readonly [count: number, type: ValueType])[];
  readonly code: Code;
}

/** The bytes of a module: `memory`, one page, and `run`. */
export function writeModule({ parameters, returns, locals, code }: FunctionSpec): Uint8Array {
  const section = (id: number, body: Code): Code => join([id, ...unsigned(body.length)], body);
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const groups = locals.flatMap(([count, type]) => [...unsigned(count), valueTypes[type]]);
  const numbers = (count: number): Code => [count, ...Array(count).fill(valueTypes.i32)];
  const body = join(unsigned(locals.length), groups, code, [END]);
  return Uint8Array.from(
    join(
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [1, 0x60, ...numbers(parameters), ...numbers(returns ? 1 : 0)]),
      section(3, [1, 0]),
      section(5, [1, 0, 1]),
      section(7, [2, ...name('memory'), 2, 0, ...name('run'), 0, 0]),
      section(10, join([1, ...unsigned(body.length)], body)),
    ),
  );
}

/** What is used of the global `WebAssembly`, which the types of a program without a browser lack. */
interface WasmRuntime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: WasmFunction };
  validate(bytes: Uint8Array): boolean;
}

/** The exports of a module that {@link writeModule} wrote. */
export interface WasmFunction {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly run: (...numbers: number[]) => number;
}

const runtime = (globalThis as unknown as { WebAssembly?: WasmRuntime }).WebAssembly;

/** True when this machine runs the module. */
export function canRun(bytes: Uint8Array): boolean {
  return runtime?.validate(bytes) === true;
}

/** Compiles a module, which takes some milliseconds, and starts it. */
export function instantiate(bytes: Uint8Array): WasmFunction {
  const { Module, Instance } = runtime as WasmRuntime;
  return new Instance(new Module(bytes)).exports;
}
