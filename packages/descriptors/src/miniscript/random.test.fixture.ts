/** Random miniscripts, most of them well typed, with everything that satisfies them; and a coin that one of them guards. */
import { bytesToHex, hash160, hexToBytes, ripemd160, sha256, sha256d, Tx } from '@coind/primitives';
import {
  HashType,
  PrecomputedTx,
  p2tr,
  p2wsh,
  publicKey,
  ScriptError,
  STANDARD_FLAGS,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  TxChecker,
  toDer,
  verifyScript,
} from '@coind/script';
import fc from 'fast-check';
import { taprootOutput } from '../tap-tree.ts';
import type { ScriptKey } from './compile.ts';
import type { Context } from './context.ts';
import type { Miniscript } from './node.ts';
import { parseMiniscript } from './parse.ts';
import type { Means } from './satisfy.ts';

/** Secrets: number n is the SHA256 of its decimal digits; preimages are the same bytes. */
export const secrets = Array.from({ length: 40 }, (_, nth) =>
  sha256(new TextEncoder().encode(String(nth))),
);
const publicKeys = secrets.map((secret) => publicKey(secret, true));

/** The keys as scripts of a context have them. */
export function scriptKeys(context: Context): readonly ScriptKey[] {
  return keysOf[context];
}

const keyOf = (bytes: Uint8Array): ScriptKey => ({ bytes, hash: hash160(bytes) });
const keysOf: Readonly<Record<Context, readonly ScriptKey[]>> = {
  wsh: publicKeys.map(keyOf),
  tapscript: publicKeys.map((key) => keyOf(key.subarray(1))),
};

export const hashers = { sha256, hash256: sha256d, ripemd160, hash160 } as const;

/** Reads a miniscript whose keys are called by their numbers. */
export function parseNumbered(text: string, context: Context): Miniscript | undefined {
  return parseMiniscript(text, context, (key) => Number(key));
}

/** Writes expressions of a base type from a stream of choices; `depth` bounds their nesting. */
class Writer {
  readonly #pick: (below: number) => number;
  readonly #context: Context;
  #key = 0;

  constructor(pick: (below: number) => number, context: Context) {
    this.#pick = pick;
    this.#context = context;
  }

  #one(choices: readonly (() => string)[]): string {
    return (choices[this.#pick(choices.length)] as () => string)();
  }

  #newKey(): string {
    return String(this.#key++ % secrets.length);
  }

  #number(): string {
    return ['1', '17', '144', '65535', '4194305', '500000000'][this.#pick(6)] as string;
  }

  #hash(): string {
    const name = (['sha256', 'hash256', 'ripemd160', 'hash160'] as const)[this.#pick(4)];
    const of = hashers[name as keyof typeof hashers];
    return `${name}(${bytesToHex(of(secrets[this.#pick(6)] as Uint8Array))})`;
  }

  #multi(): string {
    const total = 1 + this.#pick(3);
    const keys = Array.from({ length: total }, () => this.#newKey());
    const name = this.#context === 'wsh' ? 'multi' : 'multi_a';
    return `${name}(${[1 + this.#pick(total), ...keys].join(',')})`;
  }

  /** K: a key. */
  K(depth: number): string {
    if (depth <= 0)
      return this.#one([() => `pk_k(${this.#newKey()})`, () => `pk_h(${this.#newKey()})`]);
    return this.#one([
      () => this.K(0),
      () => `and_v(${this.V(depth - 1)},${this.K(depth - 1)})`,
      () => `or_i(${this.K(depth - 1)},${this.K(depth - 1)})`,
      () => `andor(${this.B(depth - 1)},${this.K(depth - 1)},${this.K(depth - 1)})`,
    ]);
  }

  /** V: verified. */
  V(depth: number): string {
    if (depth <= 0) return wrapped('v', this.B(0));
    return this.#one([
      () => wrapped('v', this.B(depth - 1)),
      () => `and_v(${this.V(depth - 1)},${this.V(depth - 1)})`,
      () => `or_c(${this.B(depth - 1)},${this.V(depth - 1)})`,
      () => `or_i(${this.V(depth - 1)},${this.V(depth - 1)})`,
    ]);
  }

  /** W: behind another element. */
  W(depth: number): string {
    return wrapped(this.#pick(2) === 0 ? 'a' : 's', this.B(depth - 1));
  }

  /** B: the base type. */
  B(depth: number): string {
    if (depth <= 0) {
      return this.#one([
        () => `pk(${this.#newKey()})`,
        () => `pkh(${this.#newKey()})`,
        () => this.#multi(),
        () => this.#hash(),
        () => `older(${this.#number()})`,
        () => `after(${this.#number()})`,
        () => ['0', '1'][this.#pick(2)] as string,
      ]);
    }
    const next = depth - 1;
    return this.#one([
      () => this.B(0),
      () => wrapped('c', this.K(next)),
      () => wrapped('d', this.V(next)),
      () => wrapped(['j', 'n', 'l', 'u'][this.#pick(4)] as string, this.B(next)),
      () => wrapped('t', this.V(next)),
      () => `and_v(${this.V(next)},${this.B(next)})`,
      () => `and_b(${this.B(next)},${this.W(next)})`,
      () => `and_n(${this.B(next)},${this.B(next)})`,
      () => `or_b(${this.B(next)},${this.W(next)})`,
      () => `or_d(${this.B(next)},${this.B(next)})`,
      () => `or_i(${this.B(next)},${this.B(next)})`,
      () => `andor(${this.B(next)},${this.B(next)},${this.B(next)})`,
      () => {
        const others = Array.from({ length: 1 + this.#pick(2) }, () => this.W(next));
        return `thresh(${[1 + this.#pick(others.length + 1), this.B(next), ...others].join(',')})`;
      },
    ]);
  }
}

/** Puts a wrapper around a text that may have some already. */
function wrapped(letter: string, text: string): string {
  return /^[a-z]+:/.test(text) ? letter + text : `${letter}:${text}`;
}

/** Texts of expressions of base type B. */
export function anyMiniscript(context: Context): fc.Arbitrary<string> {
  return fc.array(fc.nat(), { minLength: 40, maxLength: 40 }).map((choices) => {
    let at = 0;
    const pick = (below: number) => (choices[at++ % choices.length] as number) % below;
    return new Writer(pick, context).B(4);
  });
}

/** What is at hand to satisfy an expression: keys and preimages by number, and a transaction's locks. */
export interface Hand {
  readonly keys: ReadonlySet<number>;
  readonly preimages: ReadonlySet<number>;
  readonly locktime: number;
  readonly sequence: number;
}

/** All numbers below `count` but for a few. */
function most(count: number, few: number): fc.Arbitrary<ReadonlySet<number>> {
  const all = Array.from({ length: count }, (_, nth) => nth);
  return fc
    .array(fc.nat(count - 1), { maxLength: few })
    .map((absent) => new Set(all.filter((nth) => !absent.includes(nth))));
}

export const anyHand: fc.Arbitrary<Hand> = fc.record({
  keys: most(40, 30),
  preimages: most(6, 5),
  locktime: fc.constantFrom(0, 144, 65535, 500_000_001),
  sequence: fc.constantFrom(0xfffffffe, 1, 144, 65535, 4194305 + 100),
});

/** A coin behind a script, and a transaction that spends it. */
export class Coin {
  readonly means: Means;
  readonly #script: Uint8Array;
  readonly #taproot: ReturnType<typeof taprootOutput> | undefined;
  readonly #tx: Tx;
  readonly #precomputed: PrecomputedTx;
  readonly #spent: { readonly value: bigint; readonly scriptPubKey: Uint8Array };

  constructor(script: Uint8Array, context: Context, hand: Hand) {
    this.#script = script;
    this.#taproot =
      context === 'tapscript'
        ? taprootOutput((publicKeys[39] as Uint8Array).subarray(1), [{ script, depth: 0 }])
        : undefined;
    const scriptPubKey = this.#taproot ? p2tr(this.#taproot.outputKey) : p2wsh(sha256(script));
    this.#spent = { value: 50_000n, scriptPubKey };
    this.#tx = spending(hand, []);
    this.#precomputed = new PrecomputedTx(this.#tx, [this.#spent]);
    const checker = new TxChecker(this.#tx, 0, 50_000n, this.#precomputed);
    this.means = {
      sign: (key) => (hand.keys.has(key) ? this.#sign(secrets[key] as Uint8Array) : undefined),
      publicKey: (key) => scriptKeys(context)[key]?.bytes as Uint8Array,
      preimage: (name, hash) => {
        const known = secrets.filter((_, nth) => hand.preimages.has(nth));
        const of = hashers[name as keyof typeof hashers];
        return known.find((secret) => bytesToHex(of(secret)) === bytesToHex(hash));
      },
      isUnlocked: (name, lock) =>
        name === 'older' ? checker.checkSequence(lock) : checker.checkLocktime(lock),
    };
  }

  #sign(secret: Uint8Array): Uint8Array {
    const leaf = this.#taproot?.leaves[0];
    if (!leaf) {
      const digest = sighashV0(this.#precomputed, 0, this.#script, 50_000n, HashType.ALL);
      return Uint8Array.of(...toDer(signEcdsa(digest, secret)), HashType.ALL);
    }
    const context = { leafHash: leaf.hash };
    const digest = sighashTaproot(this.#precomputed, 0, HashType.DEFAULT, context);
    return signSchnorr(digest as Uint8Array, secret);
  }

  /** Whether the interpreter takes `stack` for the script; its error if not. */
  verdict(stack: readonly Uint8Array[]): string {
    const control = this.#taproot?.leaves[0]?.controlBlock;
    const witness = [...stack, this.#script, ...(control ? [control] : [])];
    const checker = new TxChecker(this.#tx, 0, 50_000n, this.#precomputed);
    try {
      verifyScript(hexToBytes(''), this.#spent.scriptPubKey, witness, STANDARD_FLAGS, checker);
      return 'spent';
    } catch (error) {
      if (error instanceof ScriptError) return error.code;
      throw error;
    }
  }
}

function spending({ locktime, sequence }: Hand, witness: readonly Uint8Array[]): Tx {
  const prevout = { txid: '11'.repeat(32) as never, vout: 0 };
  return new Tx({
    version: 2,
    inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence, witness }],
    outputs: [{ value: 40_000n, scriptPubKey: p2wsh(new Uint8Array(32)) }],
    locktime,
  });
}
