import type { BlockHash } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TxState } from './tables.ts';
import { debitOf, isCounted, postingsOf, type TxFacts } from './tx-effects.ts';

const confirmed: TxState = {
  kind: 'confirmed',
  ref: { hash: '00'.repeat(32) as BlockHash, height: 7 },
  index: 1,
};
const facts: TxFacts = {
  state: confirmed,
  coinbase: false,
  mature: true,
  fromAccount: 'alice',
  spentOwn: 0n,
  outputs: [],
};
const own = (value: bigint, label?: string) => ({ value, script: `${value}`, own: true, label });
const foreign = (value: bigint) => ({ value, script: `${value}`, own: false, label: undefined });

/** Postings of one kind as `name amount`. */
const of = (some: TxFacts, kind: string): string[] =>
  postingsOf(some)
    .filter((posting) => posting.kind === kind)
    .map(({ name, amount }) => `${name} ${amount}`);

describe('what a transaction means', () => {
  test('received: credits by address, the default account for one that is not booked', () => {
    const received = { ...facts, fromAccount: '', outputs: [own(5n, 'bob'), own(3n), foreign(9n)] };
    expect(of(received, 'credit')).toEqual(['bob 5', ' 3']);
    expect(of(received, 'debit')).toEqual([]);
    expect(of(received, 'touch')).toEqual([' 0']);
    expect(of(received, 'script')).toEqual(['5 5', '3 3']);
  });

  test('sent: debits everything but change; an own booked output is credited too', () => {
    const sent = { ...facts, spentOwn: 20n, outputs: [foreign(4n), own(6n, 'bob'), own(9n)] };
    expect(of(sent, 'debit')).toEqual(['alice 11']);
    expect(of(sent, 'credit')).toEqual(['bob 6']);
    // Change does not show in accounts, but its script was paid.
    expect(of(sent, 'script')).toEqual(['6 6', '9 9']);
    expect(of(sent, 'name').sort()).toEqual(['alice 0', 'bob 0']);
  });

  test('conflicted, orphaned and immature ones do not count', () => {
    const { ref } = confirmed as Extract<TxState, { kind: 'confirmed' }>;
    const paying = { ...facts, outputs: [own(5n, 'bob')] };
    expect(isCounted({ ...paying, state: { kind: 'conflicted', ref } })).toBe(false);
    expect(isCounted({ ...paying, state: { kind: 'inactive', abandoned: false } })).toBe(true);
    const mined = { ...paying, coinbase: true, mature: false };
    expect(of(mined, 'credit')).toEqual([]);
    expect(of(mined, 'label')).toEqual(['bob 5']);
    expect(of({ ...mined, state: { kind: 'inactive', abandoned: true } }, 'label')).toEqual([]);
    expect(of({ ...mined, mature: true }, 'credit')).toEqual(['bob 5']);
  });

  test('over all accounts, what comes in less what goes out is what the coins are worth', () => {
    const output = fc.record({
      value: fc.bigInt({ min: 0n, max: 1000n }),
      script: fc.constant('00'),
      own: fc.boolean(),
      label: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(output), fc.bigInt({ min: 1n, max: 5000n }), (outputs, spentOwn) => {
        const some = { ...facts, spentOwn, outputs };
        const credits = postingsOf(some)
          .filter(({ kind }) => kind === 'credit')
          .reduce((sum, { amount }) => sum + amount, 0n);
        const kept = outputs.reduce((sum, { own: mine, value }) => sum + (mine ? value : 0n), 0n);
        expect(credits - debitOf(some)).toBe(kept - spentOwn);
      }),
    );
  });
});
