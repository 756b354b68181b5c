/**
 * From a script to the expression that makes it. The script is read from its end: the last opcode says what kind of
 * expression it belongs to. Steps wait on a list of their own, not on the call stack.
 */
import { decodeScript, decodeScriptNum, isMinimalPush, OP, ScriptError } from '@coind/script';
import { type Context, limits } from './context.ts';
import type { FragmentName } from './fragments.ts';
import { Miniscript, type Parts } from './node.ts';
import { isValid, isValidScript } from './sanity.ts';

/** Finds the place in the list of keys for what a script says of one; undefined when it cannot be used. */
export interface KeyFinder {
  byBytes(bytes: Uint8Array): number | undefined;
  byHash(hash: Uint8Array): number | undefined;
}

interface Op {
  readonly opcode: number;
  /** What it pushes, numbers of OP_1 to OP_16 among it. */
  readonly data: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const { OP_1, OP_16, OP_VERIFY } = OP;
/** Opcodes that have a VERIFY form, which is one more. */
const verifiable = [OP.OP_EQUAL, OP.OP_NUMEQUAL, OP.OP_CHECKSIG, OP.OP_CHECKMULTISIG];

/** The opcodes of a script, last first, VERIFY forms in two; undefined for a push or a VERIFY that could be shorter. */
function opsFromEnd(script: Uint8Array): Op[] | undefined {
  const ops: Op[] = [];
  for (const { opcode, data } of decodeScript(script) ?? []) {
    const before = ops[ops.length - 1]?.opcode;
    if (data) {
      if (!isMinimalPush(data, opcode)) return undefined;
      ops.push({ opcode, data });
    } else if (opcode >= OP_1 && opcode <= OP_16) {
      ops.push({ opcode, data: Uint8Array.of(opcode - OP_1 + 1) });
    } else if (verifiable.includes((opcode - 1) as (typeof verifiable)[number])) {
      ops.push({ opcode: opcode - 1, data: NOTHING }, { opcode: OP_VERIFY, data: NOTHING });
    } else {
      const isLong = opcode === OP_VERIFY && verifiable.includes(before as never);
      if (isLong) return undefined;
      ops.push({ opcode, data: NOTHING });
    }
  }
  return ops.reverse();
}

const hashes: ReadonlyMap<number, readonly [FragmentName, number]> = new Map([
  [OP.OP_SHA256, ['sha256', 32]],
  [OP.OP_HASH256, ['hash256', 32]],
  [OP.OP_RIPEMD160, ['ripemd160', 20]],
  [OP.OP_HASH160, ['hash160', 20]],
]);

const locks: ReadonlyMap<number, FragmentName> = new Map([
  [OP.OP_CHECKSEQUENCEVERIFY, 'older'],
  [OP.OP_CHECKLOCKTIMEVERIFY, 'after'],
]);

/** What an expression ends in, and how it goes on from there. */
const endings: ReadonlyMap<number, readonly Step[]> = new Map<number, readonly Step[]>([
  // Where and_v could stand inside or around, around is meant: both are the same script.
  [OP.OP_CHECKSIG, ['single', 'wrap c']],
  [OP.OP_VERIFY, ['single', 'wrap v']],
  [OP.OP_0NOTEQUAL, ['single', 'wrap n']],
  [OP.OP_ENDIF, ['expression', 'after endif']],
  [OP.OP_BOOLAND, ['behind', 'single', 'join and_b']],
  [OP.OP_BOOLOR, ['behind', 'single', 'join or_b']],
]);

/** Opcodes in front of an expression that cannot end another one before it. */
const openers: readonly number[] = [
  ...[OP.OP_IF, OP.OP_ELSE, OP.OP_NOTIF],
  ...[OP.OP_TOALTSTACK, OP.OP_SWAP],
];

/** What is done next. */
type Step =
  | 'single'
  | 'expression'
  | 'maybe and_v'
  | 'behind'
  | 'swap'
  | 'altstack'
  | 'after endif'
  | 'after notif'
  | 'after else'
  | `wrap ${string}`
  | `join ${string}`
  | `thresh ${number} ${number}`;

class Decoder {
  readonly #ops: readonly Op[];
  readonly #context: Context;
  readonly #keys: KeyFinder;
  readonly #todo: Step[] = ['expression'];
  readonly #built: Miniscript[] = [];
  #at = 0;

  constructor(ops: readonly Op[], context: Context, keys: KeyFinder) {
    this.#ops = ops;
    this.#context = context;
    this.#keys = keys;
  }

  decode(): Miniscript | undefined {
    for (let step = this.#todo.pop(); step !== undefined; step = this.#todo.pop()) {
      const newest = this.#built[this.#built.length - 1];
      if ((newest && !isValid(newest)) || !this.#take(step)) return undefined;
    }
    const [node, another] = this.#built;
    const isWhole = node && !another && this.#at === this.#ops.length;
    return isWhole && isValidScript(node) ? node : undefined;
  }

  /** Steps to be done in this order, before those that wait. */
  #then(...steps: Step[]): true {
    this.#todo.push(...steps.reverse());
    return true;
  }

  #opcode(offset = 0): number | undefined {
    return this.#ops[this.#at + offset]?.opcode;
  }

  #data(offset: number): Uint8Array {
    return this.#ops[this.#at + offset]?.data ?? NOTHING;
  }

  /** The number that is pushed; undefined for none. */
  #number(offset: number): number | undefined {
    if (this.#opcode(offset) === OP.OP_0) return 0;
    const data = this.#data(offset);
    if (data.length === 0) return undefined;
    try {
      return decodeScriptNum(data, true);
    } catch (error) {
      if (error instanceof ScriptError) return undefined;
      throw error;
    }
  }

  /** Reads the opcodes given, in order from the end; false, and none read, when others are there. */
  #skip(...opcodes: number[]): boolean {
    const isThere = opcodes.every((opcode, offset) => this.#opcode(offset) === opcode);
    if (isThere) this.#at += opcodes.length;
    return isThere;
  }

  #add(name: FragmentName, opcodes: number, parts: Parts = {}): true {
    this.#at += opcodes;
    this.#built.push(new Miniscript(this.#context, name, parts));
    return true;
  }

  /** Makes one of the newest expressions, the newest of which is the first part. */
  #join(name: FragmentName, count: number, k = 0): boolean {
    if (this.#built.length < count) return false;
    const newest = this.#built.splice(-count).reverse();
    const [x, z, y] = newest as [Miniscript, Miniscript, Miniscript];
    // The script has the third part of andor before the second.
    return this.#add(name, 0, { k, subs: name === 'andor' ? [x, y, z] : newest });
  }

  #take(step: Step): boolean {
    const [kind, ...rest] = step.split(' ');
    switch (step) {
      case 'single':
        return this.#single();
      case 'expression':
        return this.#then('single', 'maybe and_v');
      case 'maybe and_v': {
        const opcode = this.#opcode();
        if (opcode === undefined || openers.includes(opcode)) return true;
        return this.#then('expression', 'join and_v');
      }
      case 'behind':
        return this.#skip(OP.OP_FROMALTSTACK)
          ? this.#then('expression', 'altstack')
          : this.#opcode() !== undefined && this.#then('expression', 'swap');
      case 'swap':
        return this.#skip(OP.OP_SWAP) && this.#join('s', 1);
      case 'altstack':
        return this.#skip(OP.OP_TOALTSTACK) && this.#join('a', 1);
      case 'after endif':
        return this.#afterEndif();
      case 'after notif':
        return this.#then('single', this.#skip(OP.OP_IFDUP) ? 'join or_d' : 'join or_c');
      case 'after else':
        if (this.#skip(OP.OP_IF)) return this.#join('or_i', 2);
        return this.#skip(OP.OP_NOTIF) && this.#then('single', 'join andor');
      default:
        if (kind === 'thresh') return this.#thresh(Number(rest[0]), Number(rest[1]));
        if (kind === 'wrap') return this.#join(rest[0] as FragmentName, 1);
        return this.#join(rest[0] as FragmentName, rest[0] === 'andor' ? 3 : 2);
    }
  }

  #afterEndif(): boolean {
    if (this.#skip(OP.OP_ELSE)) return this.#then('expression', 'after else');
    if (this.#skip(OP.OP_IF, OP.OP_DUP)) return this.#join('d', 1);
    if (this.#skip(OP.OP_IF, OP.OP_0NOTEQUAL, OP.OP_SIZE)) return this.#join('j', 1);
    return this.#skip(OP.OP_NOTIF) && this.#then('after notif');
  }

  /** One more part of a threshold before those read, or, without an OP_ADD, its first. */
  #thresh(read: number, k: number): boolean {
    if (read < 0) return k <= -read && this.#join('thresh', -read, k);
    if (this.#skip(OP.OP_ADD)) return this.#then('behind', `thresh ${read + 1} ${k}`);
    return this.#then('single', `thresh ${-(read + 1)} ${k}`);
  }

  #single(): boolean {
    const opcode = this.#opcode();
    if (opcode === undefined) return false;
    if (opcode === OP.OP_0 || opcode === OP_1) return this.#add(opcode === OP_1 ? '1' : '0', 1);
    const { length } = this.#data(0);
    if (length === 33 || length === 32) {
      return this.#key('pk_k', 1, this.#keys.byBytes(this.#data(0)));
    }
    if (this.#isKeyHash()) return this.#key('pk_h', 5, this.#keys.byHash(this.#data(2)));
    const lock = locks.get(opcode);
    const number = this.#number(1);
    if (lock !== undefined && number !== undefined) {
      return number >= 1 && this.#add(lock, 2, { k: number });
    }
    if (this.#hash()) return true;
    if (opcode === OP.OP_CHECKMULTISIG) return this.#multi();
    if (opcode === OP.OP_NUMEQUAL) return this.#multiA();
    if (opcode === OP.OP_EQUAL && number !== undefined) {
      this.#at += 2;
      return number >= 1 && this.#then(`thresh 0 ${number}`);
    }
    const ending = endings.get(opcode);
    if (!ending) return false;
    this.#at++;
    return this.#then(...ending);
  }

  #key(name: FragmentName, opcodes: number, key: number | undefined): boolean {
    return key !== undefined && this.#add(name, opcodes, { keys: [key] });
  }

  #isKeyHash(): boolean {
    const opcodes = [OP_VERIFY, OP.OP_EQUAL, undefined, OP.OP_HASH160, OP.OP_DUP];
    const isThere = (opcode: number | undefined, offset: number) =>
      opcode === undefined || this.#opcode(offset) === opcode;
    return this.#data(2).length === 20 && opcodes.every(isThere);
  }

  #hash(): boolean {
    const [name, size] = hashes.get(this.#opcode(2) ?? -1) ?? [];
    const opcodes = [OP.OP_EQUAL, undefined, undefined, OP_VERIFY, OP.OP_EQUAL, undefined];
    const isThere = [...opcodes, OP.OP_SIZE].every(
      (opcode, offset) => opcode === undefined || this.#opcode(offset) === opcode,
    );
    const data = this.#data(1);
    if (name === undefined || data.length !== size || !isThere) return false;
    return this.#number(5) === 32 && this.#add(name, 7, { data });
  }

  #multi(): boolean {
    const total = this.#number(1) ?? 0;
    if (this.#context !== 'wsh' || total < 1 || total > limits.wsh.maxKeys) return false;
    const keys = this.#keysAt(2, total, 1, 33);
    const k = this.#number(2 + total) ?? 0;
    return keys !== undefined && k >= 1 && k <= total && this.#add('multi', 3 + total, { keys, k });
  }

  #multiA(): boolean {
    const k = this.#number(1) ?? 0;
    const { maxKeys } = limits.tapscript;
    if (this.#context !== 'tapscript' || k < 1 || k > maxKeys) return false;
    // Pairs of a key and CHECKSIGADD; the first one in the script, with CHECKSIG, ends them.
    let total = 1;
    while (this.#opcode(2 * total) === OP.OP_CHECKSIGADD && total < maxKeys) total++;
    const keys = this.#opcode(2 * total) === OP.OP_CHECKSIG && this.#keysAt(3, total, 2, 32);
    return keys && k <= total ? this.#add('multi_a', 2 + 2 * total, { keys, k }) : false;
  }

  /** Keys at every `step`th opcode, in the order of the script. */
  #keysAt(offset: number, count: number, step: number, size: number): number[] | undefined {
    const keys: number[] = [];
    for (let nth = 0; nth < count; nth++) {
      const bytes = this.#data(offset + nth * step);
      const key = bytes.length === size ? this.#keys.byBytes(bytes) : undefined;
      if (key === undefined) return undefined;
      keys.push(key);
    }
    return keys.reverse();
  }
}

/** The expression whose script this is; undefined for a script that no typed expression makes. */
export function decodeMiniscript(
  script: Uint8Array,
  context: Context,
  keys: KeyFinder,
): Miniscript | undefined {
  if (script.length > limits[context].maxScriptSize) return undefined;
  const ops = opsFromEnd(script);
  return ops && new Decoder(ops, context, keys).decode();
}
