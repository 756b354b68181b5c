import type { BlockHash } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TxState } from './tables.ts';
import { isCounted, postingsOf, type TxFacts } from './tx-effects.ts';

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
  spentWatched: 0n,
  outputs: [],
};
const output = (value: bigint, standing: 'own' | 'watched' | 'foreign', label?: string) => ({
  value,
  script: `${value}`,
  own: standing === 'own',
  watched: standing === 'watched',
  label,
});
const own = (value: bigint, label?: string) => output(value, 'own', label);
const watched = (value: bigint, label?: string) => output(value, 'watched', label);
const foreign = (value: bigint) => output(value, 'foreign');

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

  test('watched outputs are received and credited apart, and never debited', () => {
    const received = { ...facts, fromAccount: '', outputs: [own(5n, 'bob'), watched(7n, 'bob')] };
    expect(of(received, 'credit')).toEqual(['bob 5']);
    expect(of(received, 'watchedCredit')).toEqual(['bob 7']);
    expect(of(received, 'label')).toEqual(['bob 5']);
    expect(of(received, 'watchedLabel')).toEqual(['bob 7']);
    expect(of(received, 'script')).toEqual(['5 5', '7 7']);
    const spent = { ...facts, spentWatched: 20n, outputs: [foreign(4n), watched(15n)] };
    expect(of(spent, 'debit')).toEqual([]);
    expect(of(spent, 'watchedDebit')).toEqual(['alice 5']);
    expect(of(spent, 'watchedCredit')).toEqual([]);
  });

  test('change to an own address is no credit where the watched coins that paid count', () => {
    const swept = { ...facts, spentWatched: 20n, outputs: [own(19n)] };
    expect(of(swept, 'credit')).toEqual([' 19']);
    expect(of(swept, 'watchedCredit')).toEqual([' -19']);
    expect(of(swept, 'watchedDebit')).toEqual(['alice 1']);
  });

  test('over all accounts, what comes in less what goes out is what the coins are worth', () => {
    const outputs = fc.array(
      fc
        .record({
          value: fc.bigInt({ min: 0n, max: 1000n }),
          standing: fc.constantFrom('own' as const, 'watched' as const, 'foreign' as const),
          label: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
        })
        .map(({ value, standing, label }) => output(value, standing, label)),
    );
    const amount = fc.bigInt({ min: 0n, max: 5000n });
    fc.assert(
      fc.property(outputs, amount, amount, (paid, spentOwn, spentWatched) => {
        const some = { ...facts, spentOwn, spentWatched, outputs: paid };
        const sumOf = (...kinds: string[]) =>
          postingsOf(some)
            .filter(({ kind }) => kinds.includes(kind))
            .reduce((sum, { amount: more }) => sum + more, 0n);
        const worth = (counts: (one: (typeof paid)[number]) => boolean) =>
          paid.filter(counts).reduce((sum, { value }) => sum + value, 0n);
        // Change on watched scripts stays with the account that sent, though it cannot be spent.
        const kept = spentOwn > 0n ? worth((one) => one.watched && one.label === undefined) : 0n;
        expect(sumOf('credit') - sumOf('debit')).toBe(worth((one) => one.own) + kept - spentOwn);
        const all = sumOf('credit', 'watchedCredit') - sumOf('debit', 'watchedDebit');
        expect(all).toBe(worth((one) => one.own || one.watched) - spentOwn - spentWatched);
      }),
    );
  });
});
