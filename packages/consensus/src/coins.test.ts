import type { OutPoint, Txid } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Coin, CoinsOverlay } from './coins.ts';

function coin(value: number): Coin {
  const output = { value: BigInt(value), scriptPubKey: new Uint8Array([0x51]) };
  return { output, height: value, coinbase: false };
}

function outpoint(n: number): OutPoint {
  return { txid: `${n}`.padStart(64, '0') as Txid, vout: n % 3 };
}

describe('CoinsOverlay', () => {
  test('changes nothing below it', () => {
    const base = new CoinsOverlay();
    base.add(outpoint(1), coin(1));
    const overlay = new CoinsOverlay(base);
    expect(overlay.spend(outpoint(1))).toEqual(coin(1));
    expect(overlay.get(outpoint(1))).toBeUndefined();
    expect(base.get(outpoint(1))).toEqual(coin(1));
    expect([...overlay.changes()]).toEqual([[outpoint(1), null]]);
  });

  test('a coin is spent once', () => {
    const overlay = new CoinsOverlay();
    overlay.add(outpoint(1), coin(1));
    expect(overlay.spend(outpoint(1))).toEqual(coin(1));
    expect(overlay.spend(outpoint(1))).toBeUndefined();
    expect(overlay.spend(outpoint(2))).toBeUndefined();
  });

  test('behaves like one map, however many layers there are', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'spend', 'layer'),
      n: fc.integer({ min: 0, max: 9 }),
      value: fc.integer({ min: 1, max: 99 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let overlay = new CoinsOverlay();
        const model = new Map<number, Coin>();
        for (const { kind, n, value } of steps) {
          if (kind === 'layer') overlay = new CoinsOverlay(overlay);
          if (kind === 'add') {
            overlay.add(outpoint(n), coin(value));
            model.set(n, coin(value));
          }
          if (kind === 'spend') {
            expect(overlay.spend(outpoint(n))).toEqual(model.get(n));
            model.delete(n);
          }
        }
        for (let n = 0; n < 10; n++) expect(overlay.get(outpoint(n))).toEqual(model.get(n));
      }),
    );
  });
});
