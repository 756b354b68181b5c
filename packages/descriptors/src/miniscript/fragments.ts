/**
 * The fragments of miniscript, one table: how each is written, what type it has, which script it stands for and how
 * that script is satisfied and dissatisfied. Everything else is computed from this.
 */
import { OP } from '@coind/script';
import { type Algebra, choose, type MultiCheck, type Ways } from './algebra.ts';
import type { Context } from './context.ts';
import { traces } from './trace.ts';
import { type Type, thresholdType, typeOf, typeRule } from './type.ts';

/** What stands in the brackets behind a name. */
export type Arguments =
  | 'nothing'
  | 'key'
  | 'number'
  | 'hash32'
  | 'hash20'
  | 'keys'
  | 'parts'
  | 'threshold';

/** An expression without what follows from its parts. */
export interface Shape {
  readonly context: Context;
  /** Lock time, or how many are required; 0 where there is none. */
  readonly k: number;
  /** Which keys of the list that belongs to the whole expression. */
  readonly keys: readonly number[];
  /** The hash whose preimage is asked for. */
  readonly data: Uint8Array;
}

/**
 * A piece of a script: an opcode, a pushed number or hash, a key or its hash, the script of a part. `verify` turns the
 * opcode before it into its VERIFY form, or is an opcode where it has none.
 */
export type Piece =
  | number
  | 'verify'
  | { readonly push: bigint | Uint8Array }
  | { readonly key: number }
  | { readonly keyHash: number }
  | { readonly part: number };

/** One fragment. */
export interface Fragment {
  readonly takes: Arguments;
  /** Number of parts; of a threshold, as many as there are. */
  readonly parts: number;
  type(shape: Shape, parts: readonly Type[]): Type;
  script(shape: Shape, parts: number): readonly Piece[];
  ways<T>(algebra: Algebra<T>, shape: Shape, parts: readonly Ways<T>[]): Ways<T>;
}

const [X, Y, Z] = [{ part: 0 }, { part: 1 }, { part: 2 }] as const;

const {
  OP_0,
  OP_1,
  OP_0NOTEQUAL,
  OP_ADD,
  OP_BOOLAND,
  OP_BOOLOR,
  OP_CHECKLOCKTIMEVERIFY,
  OP_CHECKMULTISIG,
  OP_CHECKSEQUENCEVERIFY,
  OP_CHECKSIG,
  OP_CHECKSIGADD,
  OP_DUP,
  OP_ELSE,
  OP_ENDIF,
  OP_EQUAL,
  OP_EQUALVERIFY,
  OP_FROMALTSTACK,
  OP_HASH160,
  OP_HASH256,
  OP_IF,
  OP_IFDUP,
  OP_NOTIF,
  OP_NUMEQUAL,
  OP_RIPEMD160,
  OP_SHA256,
  OP_SIZE,
  OP_SWAP,
  OP_TOALTSTACK,
} = OP;

interface Plain {
  readonly type: string | ((shape: Shape) => string);
  readonly script: readonly Piece[] | ((shape: Shape) => readonly Piece[]);
  readonly sat: readonly string[];
  readonly dsat: readonly string[];
}

/** A fragment without parts. */
function leaf(takes: Arguments, { type, script, sat, dsat }: Plain): Fragment {
  const reading = traces(sat, dsat);
  return {
    takes,
    parts: 0,
    type: (shape) => typeOf(typeof type === 'string' ? type : type(shape)),
    script: (shape) => (typeof script === 'function' ? script(shape) : script),
    ways: (algebra, { keys: [key = 0] }) => reading(algebra, key, []),
  };
}

/** A fragment made of parts; `both` when X and Y may have to be satisfied together. */
function compound(
  parts: number,
  plain: Pick<Plain, 'sat' | 'dsat'> & {
    readonly type: string;
    readonly inTapscript?: string;
    readonly both?: true;
    readonly script: readonly Piece[];
  },
): Fragment {
  const reading = traces(plain.sat, plain.dsat);
  const rule = typeRule(plain.type, plain.both ? 'and' : 'or');
  const more = typeOf(plain.inTapscript ?? '');
  return {
    takes: 'parts',
    parts,
    type({ context }, types) {
      const type = rule(types);
      return type !== 0 && context === 'tapscript' ? type | more : type;
    },
    script: () => plain.script,
    ways: (algebra, _shape, ways) => reading(algebra, 0, ways),
  };
}

function hash(takes: 'hash32' | 'hash20', opcode: number): Fragment {
  return leaf(takes, {
    type: 'Bonudmk',
    script: ({ data }) => [
      ...[OP_SIZE, { push: 32n }, OP_EQUALVERIFY],
      ...[opcode, { push: data }, OP_EQUAL],
    ],
    sat: ['size push equalverify hash push equal <preimage>'],
    // Any 32 bytes will do, so whoever sees some can put others in their place.
    dsat: ['?! <zero32>'],
  });
}

function lock(opcode: number, type: (k: number) => string): Fragment {
  return leaf('number', {
    type: ({ k }) => `Bzfmxk${type(k)}`,
    script: ({ k }) => [{ push: BigInt(k) }, opcode],
    sat: ['push lock'],
    dsat: [],
  });
}

/** Relative locks count time instead of blocks with this bit (BIP68). */
const TIME_FLAG = 1 << 22;
/** Absolute locks below are heights. */
const LOCKTIME_THRESHOLD = 500_000_000;

const checkOf = (kind: MultiCheck['kind'], { k, keys }: Shape): MultiCheck => ({
  kind,
  required: k,
  total: keys.length,
});

/** `thresh(k,X,W,…)`. */
const thresh: Fragment = {
  takes: 'threshold',
  parts: Number.POSITIVE_INFINITY,
  type: ({ k }, parts) => thresholdType(parts, k),
  script({ k }, parts) {
    const others = Array.from({ length: parts - 1 }, (_, nth) => [{ part: nth + 1 }, OP_ADD]);
    return [X, ...others.flat(), { push: BigInt(k) }, OP_EQUAL];
  },
  ways<T>(algebra: Algebra<T>, { k }: Shape, parts: readonly Ways<T>[]) {
    const add = (way: T, nth: number) =>
      nth === 0 ? way : algebra.chain(way, algebra.effect('binary'));
    const counts = choose(
      algebra,
      parts.map(({ sat, dsat }, nth) => ({ sat: add(sat, nth), dsat: add(dsat, nth) })),
    );
    const compare = (way: T) =>
      algebra.chain(algebra.chain(way, algebra.effect('push')), algebra.effect('equal'));
    let dsat = algebra.none;
    for (const [count, way] of counts.entries()) {
      if (count === k) continue;
      // With none satisfied it takes no signature; with some, others could leave those out.
      dsat = algebra.either(dsat, count === 0 ? compare(way) : algebra.spare(compare(way), true));
    }
    return { sat: compare(counts[k] as T), dsat };
  },
};

/** `multi(k,key,…)`: CHECKMULTISIG takes the signature of the last key first, and one element too many. */
const multi: Fragment = {
  takes: 'keys',
  parts: 0,
  type: () => typeOf('Bnudemsk'),
  script: ({ k, keys }) => [
    { push: BigInt(k) },
    ...keys.map((key) => ({ key })),
    { push: BigInt(keys.length) },
    OP_CHECKMULTISIG,
  ],
  ways<T>(algebra: Algebra<T>, shape: Shape) {
    const { chain, empty } = algebra;
    const zero = algebra.take('zero', 0);
    const check = algebra.check(checkOf('multi', shape));
    const signatures = shape.keys.map((key) => ({ sat: algebra.take('sig', key), dsat: empty }));
    const taken = choose(algebra, signatures.reverse())[shape.k] as T;
    const zeros = Array.from({ length: shape.k + 1 }, () => zero).reduce(chain, empty);
    return { sat: chain(check, chain(taken, zero)), dsat: chain(check, zeros) };
  },
};

/** `multi_a(k,key,…)`: CHECKSIG, then CHECKSIGADD for each further key (BIP342). */
const multiA: Fragment = {
  takes: 'keys',
  parts: 0,
  type: () => typeOf('Budemsk'),
  script: ({ k, keys }) => [
    ...keys.flatMap((key, nth) => [{ key }, nth === 0 ? OP_CHECKSIG : OP_CHECKSIGADD]),
    { push: BigInt(k) },
    OP_NUMEQUAL,
  ],
  ways<T>(algebra: Algebra<T>, shape: Shape) {
    const zero = algebra.take('zero', 0);
    const check = algebra.check(checkOf('multi_a', shape));
    const ways = choose(
      algebra,
      shape.keys.map((key) => ({ sat: algebra.take('sig', key), dsat: zero })),
    );
    return {
      sat: algebra.chain(check, ways[shape.k] as T),
      dsat: algebra.chain(check, ways[0] as T),
    };
  },
};

/** Every fragment by its name; those with one letter are wrappers. */
export const fragments = {
  0: leaf('nothing', { type: 'Bzudemsxk', script: [OP_0], sat: [], dsat: ['push'] }),
  1: leaf('nothing', { type: 'Bzufmxk', script: [OP_1], sat: ['push'], dsat: [] }),
  pk_k: leaf('key', {
    type: 'Konudemsxk',
    script: ({ keys: [key = 0] }) => [{ key }],
    sat: ['push <sig>'],
    dsat: ['push <zero>'],
  }),
  pk_h: leaf('key', {
    type: 'Knudemsxk',
    script: ({ keys: [key = 0] }) => [OP_DUP, OP_HASH160, { keyHash: key }, OP_EQUALVERIFY],
    sat: ['dup hash push equalverify <key> <sig>'],
    dsat: ['dup hash push equalverify <key> <zero>'],
  }),
  older: lock(OP_CHECKSEQUENCEVERIFY, (k) => (k & TIME_FLAG ? 'g' : 'h')),
  after: lock(OP_CHECKLOCKTIMEVERIFY, (k) => (k >= LOCKTIME_THRESHOLD ? 'i' : 'j')),
  sha256: hash('hash32', OP_SHA256),
  hash256: hash('hash32', OP_HASH256),
  ripemd160: hash('hash20', OP_RIPEMD160),
  hash160: hash('hash20', OP_HASH160),
  a: compound(1, {
    type: 'W=BX udfems:X x',
    script: [OP_TOALTSTACK, X, OP_FROMALTSTACK],
    sat: ['X+'],
    dsat: ['X-'],
  }),
  s: compound(1, {
    type: 'W=BoX udfemsx:X',
    script: [OP_SWAP, X],
    sat: ['X+'],
    dsat: ['X-'],
  }),
  c: compound(1, {
    type: 'B=KX ondfem:X us',
    script: [X, OP_CHECKSIG],
    sat: ['X+ checksig'],
    dsat: ['X- checksig'],
  }),
  d: compound(1, {
    type: 'B=VzX o=zX e=fX ms:X ndx',
    // Outside tapscript a true condition may be another number than 1 (MINIMALIF is policy there).
    inTapscript: 'u',
    script: [OP_DUP, OP_IF, X, OP_ENDIF],
    sat: ['<one> dup if X+'],
    dsat: ['<zero> dup if'],
  }),
  v: compound(1, {
    type: 'V=BX zonms:X fx',
    script: [X, 'verify'],
    sat: ['X+ verify'],
    dsat: [],
  }),
  j: compound(1, {
    type: 'B=BnX e=fX oums:X ndx',
    script: [OP_SIZE, OP_0NOTEQUAL, OP_IF, X, OP_ENDIF],
    sat: ['size notzero if X+'],
    // Where X has a dissatisfaction without a signature, it may begin with something else than zero.
    dsat: ['~ <zero> size notzero if'],
  }),
  n: compound(1, {
    type: 'Bzondfems:X ux',
    script: [X, OP_0NOTEQUAL],
    sat: ['X+'],
    dsat: ['X-'],
  }),
  and_v: compound(2, {
    type: 'K=VX*KY V=VX*VY B=VX*BY n=nX+zX*nY o=oX*zY+zX*oY mz:XY s=sX+sY f=fY+sX ux:Y',
    both: true,
    script: [X, Y],
    sat: ['X+ Y+'],
    dsat: ['? X+ Y-'],
  }),
  and_b: compound(2, {
    type: 'B=BX*WY o=oX*zY+zX*oY n=nX+zX*nY e=esX*esY dzm:XY f=fX*fY+sfX+sfY s=sX+sY ux',
    both: true,
    script: [X, Y, OP_BOOLAND],
    sat: ['X+ Y+ binary'],
    dsat: ['X- Y- binary', '?! X- Y+ binary', '?! X+ Y- binary'],
  }),
  or_b: compound(2, {
    type: 'B=BdX*WdY o=oX*zY+zX*oY m=mesX*meY+meX*mesY zse:XY dux',
    script: [X, Y, OP_BOOLOR],
    sat: ['X+ Y- binary', 'X- Y+ binary', '?! X+ Y+ binary'],
    dsat: ['X- Y- binary'],
  }),
  or_c: compound(2, {
    type: 'V=BduX*VY o=oX*zY m=mesX*mY+meX*msY zs:XY fx',
    script: [X, OP_NOTIF, Y, OP_ENDIF],
    sat: ['X+ if', 'X- if Y+'],
    dsat: [],
  }),
  or_d: compound(2, {
    type: 'B=BduX*BY o=oX*zY m=mesX*mY+meX*msY zs:XY ufde:Y x',
    script: [X, OP_IFDUP, OP_NOTIF, Y, OP_ENDIF],
    sat: ['X+ ifdup1 if', 'X- ifdup0 if Y+'],
    dsat: ['X- ifdup0 if Y-'],
  }),
  or_i: compound(2, {
    type: 'VBKufs:XY o=zX*zY e=eX*fY+fX*eY m=msX*mY+mX*msY d=dX+dY x',
    script: [OP_IF, X, OP_ELSE, Y, OP_ENDIF],
    sat: ['<one> if X+', '<zero> if Y+'],
    dsat: ['<one> if X-', '<zero> if Y-'],
  }),
  andor: compound(3, {
    type:
      'B=BduX*BY*BZ K=BduX*KY*KZ V=BduX*VY*VZ z:XYZ o=oX*zY*zZ+zX*oY*oZ u:YZ f=sX*fZ+fY*fZ d:Z ' +
      'e=sX*eZ+fY*eZ m=mesX*mY*mZ+meX*msY*mZ+meX*mY*msZ s=sX*sZ+sY*sZ x',
    both: true,
    script: [X, OP_NOTIF, Z, OP_ELSE, Y, OP_ENDIF],
    sat: ['X+ if Y+', 'X- if Z+'],
    dsat: ['? X+ if Y-', 'X- if Z-'],
  }),
  thresh,
  multi,
  multi_a: multiA,
} as const satisfies Record<string, Fragment>;
/** Names a fragment. */
export type FragmentName = `${Exclude<keyof typeof fragments, number>}` | '0' | '1';
