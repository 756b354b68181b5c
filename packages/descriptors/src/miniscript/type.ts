/**
 * Types of miniscript expressions: one of the base types B, V, K, W and a set of properties, as bits. The rules that
 * give an expression its type are written the way the specification of miniscript writes them, and read once.
 *
 * Correctness: z takes no argument, o one, n a first one that is not zero; d can be dissatisfied, u leaves exactly 1.
 * Malleability: e has one dissatisfaction only, f none without a signature, s no satisfaction without one, m a
 * satisfaction that nobody can change. x ends in an opcode without a VERIFY form. Time locks: g and h relative ones by
 * time and by height, i and j absolute ones; k when no way to satisfy it mixes the two kinds.
 */

const LETTERS = 'BVKWzonduefsmxghijk';

/** Base type and properties; 0 for an expression that has no type. */
export type Type = number;

const read = new Map<string, Type>();

/** The bits of `letters`. */
export function typeOf(letters: string): Type {
  const known = read.get(letters);
  if (known !== undefined) return known;
  let bits = 0;
  for (const letter of letters) {
    const place = LETTERS.indexOf(letter);
    if (place < 0) throw new RangeError(`no property of miniscript is called ${letter}`);
    bits |= 1 << place;
  }
  read.set(letters, bits);
  return bits;
}

/** True when `type` has every one of `letters`. */
export function hasType(type: Type, letters: string): boolean {
  const bits = typeOf(letters);
  return (type & bits) === bits;
}

/** The letters of a type, base type first. */
export function formatType(type: Type): string {
  return [...LETTERS].filter((_, place) => type & (1 << place)).join('');
}

/** Gives the type of an expression from the types of its parts. */
export type TypeRule = (parts: readonly Type[]) => Type;

/** One way to come by a property: `gives` it when each part has all that it `needs`. */
interface Clause {
  readonly gives: Type;
  readonly needs: readonly [Type, Type, Type];
}

const PARTS = 'XYZ';

/** Reads a product such as `meX*sY`. */
function readClause(letters: string, product: string): Clause {
  const needs: [Type, Type, Type] = [0, 0, 0];
  for (const factor of product.split('*')) {
    const part = PARTS.indexOf(factor.slice(-1));
    needs[part as 0 | 1 | 2] |= typeOf(factor.slice(0, -1));
  }
  return { gives: typeOf(letters), needs };
}

/** Reads a word of a rule: `ux` (always), `mz:XY` (when X and Y have it) or `s=sX+sY` (in one of these ways). */
function readWord(word: string): Clause[] {
  const [letters = '', ways] = word.split('=');
  if (ways !== undefined) return ways.split('+').map((product) => readClause(letters, product));
  const [own = '', parts] = word.split(':');
  if (parts === undefined) return [{ gives: typeOf(own), needs: [0, 0, 0] }];
  return [...own].map((letter) =>
    readClause(letter, [...parts].map((part) => letter + part).join('*')),
  );
}

const TIMELOCKS = ['gh', 'ij'] as const;

/** True when `a` and `b` together hold locks by time and by height. */
function isMixed(a: Type, b: Type): boolean {
  return TIMELOCKS.some(
    ([one, other]) =>
      (hasType(a, one as string) && hasType(b, other as string)) ||
      (hasType(a, other as string) && hasType(b, one as string)),
  );
}

/** The time locks of an expression, k among them; `together` when X and Y may both have to be satisfied. */
function timelocks(parts: readonly Type[], together: boolean): Type {
  const any = parts.reduce((all, part) => all | part, 0) & typeOf('ghij');
  const [x = 0, y = 0] = parts;
  const isPure = parts.every((part) => hasType(part, 'k')) && !(together && isMixed(x, y));
  return isPure ? any | typeOf('k') : any;
}

/** A type without a base type is none. */
export function orNone(type: Type): Type {
  return type & typeOf('BVKW') ? type : 0;
}

/** Reads the rule of a fragment with parts; `and` says that X and Y may both have to be satisfied. */
export function typeRule(text: string, and: 'and' | 'or' = 'or'): TypeRule {
  const clauses = text.split(' ').flatMap(readWord);
  return (parts) => {
    const [x = 0, y = 0, z = 0] = parts;
    let type = timelocks(parts, and === 'and');
    for (const { gives, needs } of clauses) {
      const [ofX, ofY, ofZ] = needs;
      if ((x & ofX) === ofX && (y & ofY) === ofY && (z & ofZ) === ofZ) type |= gives;
    }
    return orNone(type);
  };
}

/** The type of a threshold of `k` among `parts`. */
export function thresholdType(parts: readonly Type[], k: number): Type {
  const isTyped = parts.every((part, nth) => hasType(part, nth === 0 ? 'Bdu' : 'Wdu'));
  if (!isTyped) return 0;
  const count = (letter: string) => parts.filter((part) => hasType(part, letter)).length;
  const [all, zero, one, safe] = [parts.length, count('z'), count('o'), count('s')];
  const areExpressions = count('e') === all;
  let type = typeOf('Bdu');
  if (zero === all) type |= typeOf('z');
  if (zero === all - 1 && one === 1) type |= typeOf('o');
  if (areExpressions && safe === all) type |= typeOf('e');
  if (areExpressions && count('m') === all && safe >= all - k) type |= typeOf('m');
  if (safe >= all - k + 1) type |= typeOf('s');
  return type | thresholdLocks(parts, k);
}

function thresholdLocks(parts: readonly Type[], k: number): Type {
  let locks = typeOf('k');
  for (const part of parts) {
    const isPure = hasType(locks & part, 'k') && (k <= 1 || !isMixed(locks, part));
    locks = ((locks | part) & typeOf('ghij')) | (isPure ? typeOf('k') : 0);
  }
  return locks;
}
