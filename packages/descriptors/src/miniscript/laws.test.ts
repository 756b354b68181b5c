import { bytesToHex } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileMiniscript, formatMiniscript } from './compile.ts';
import { decodeMiniscript } from './decode.ts';
import type { Miniscript } from './node.ts';
import {
  anyHand,
  anyMiniscript,
  Coin,
  parseNumbered,
  scriptKeys,
  secrets,
} from './random.test.fixture.ts';
import { isSane, isValidScript, maxStackItems } from './sanity.ts';
import { type Means, satisfyMiniscript } from './satisfy.ts';

const names = secrets.map((_, nth) => String(nth));

/** Typed expressions only; about half of the random texts are. */
function anyTyped(context: 'wsh' | 'tapscript'): fc.Arbitrary<Miniscript> {
  return anyMiniscript(context)
    .map((text) => parseNumbered(text, context))
    .filter((node) => node !== undefined && isValidScript(node)) as fc.Arbitrary<Miniscript>;
}

/** Whether what is at hand fulfils the conditions of an expression, whatever its script. */
function isFulfilled(root: Miniscript, means: Means): boolean {
  return root.fold<boolean>((node, parts) => {
    const [x = false, y = false, z = false] = parts;
    const signed = node.keys.filter((key) => means.sign(key)).length;
    switch (node.name) {
      case '0':
        return false;
      case '1':
        return true;
      case 'older':
      case 'after':
        return means.isUnlocked(node.name, node.k);
      case 'and_v':
      case 'and_b':
        return x && y;
      case 'or_b':
      case 'or_c':
      case 'or_d':
      case 'or_i':
        return x || y;
      case 'andor':
        return (x && y) || z;
      case 'thresh':
        return parts.filter((part) => part).length >= node.k;
      default:
        if (node.data.length > 0) return means.preimage(node.name, node.data) !== undefined;
        return node.keys.length > 0 ? signed >= Math.max(1, node.k) : x;
    }
  });
}

describe.each(['wsh', 'tapscript'] as const)('laws of miniscript in %s', (context) => {
  const keys = scriptKeys(context);
  const place = (bytes: Uint8Array, of: 'bytes' | 'hash') => {
    const found = keys.findIndex((key) => bytesToHex(key[of]) === bytesToHex(bytes));
    return found < 0 ? undefined : found;
  };
  const finder = {
    byBytes: (bytes: Uint8Array) => place(bytes, 'bytes'),
    byHash: (hash: Uint8Array) => place(hash, 'hash'),
  };

  test('what is written reads the same', () => {
    fc.assert(
      fc.property(anyMiniscript(context), (text) => {
        const node = parseNumbered(text, context);
        if (!node) return;
        const written = formatMiniscript(node, names);
        const again = parseNumbered(written, context) as Miniscript;
        expect(formatMiniscript(again, names)).toBe(written);
        expect(bytesToHex(compileMiniscript(again, keys))).toBe(
          bytesToHex(compileMiniscript(node, keys)),
        );
      }),
    );
  });

  test('a script says which expression makes it, and is as long as foretold', () => {
    fc.assert(
      fc.property(anyTyped(context), (node) => {
        const script = compileMiniscript(node, keys);
        expect(script.length).toBe(node.size);
        const decoded = decodeMiniscript(script, context, finder) as Miniscript;
        expect(decoded).toBeDefined();
        expect(decoded.type).toBe(node.type);
        expect(bytesToHex(compileMiniscript(decoded, keys))).toBe(bytesToHex(script));
      }),
    );
  });

  test('a witness that is found spends the coin, within the limits foretold', () => {
    fc.assert(
      fc.property(anyTyped(context), anyHand, (node, hand) => {
        const coin = new Coin(compileMiniscript(node, keys), context, hand);
        const stack = satisfyMiniscript(node, coin.means);
        if (!stack) return;
        expect(coin.verdict(stack)).toBe('spent');
        const size = stack.reduce((sum, { length }) => sum + 1 + length, 0);
        expect(size).toBeLessThanOrEqual(node.witness.sat as number);
        expect(stack.length).toBeLessThanOrEqual(maxStackItems(node) as number);
      }),
      { numRuns: 80 },
    );
  });

  test('a safe expression is satisfied whenever its conditions are', () => {
    fc.assert(
      fc.property(anyTyped(context), anyHand, (node, hand) => {
        fc.pre(isSane(node, names));
        const coin = new Coin(compileMiniscript(node, keys), context, hand);
        const isFound = satisfyMiniscript(node, coin.means) !== undefined;
        expect(isFound).toBe(isFulfilled(node, coin.means));
      }),
      { numRuns: 40 },
    );
  });
});
