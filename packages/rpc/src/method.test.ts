/** The types derived from the tables, and what a profile makes of a method. */
import type { FeeRate, Sats, Txid } from '@coind/primitives';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Codec } from './codec.ts';
import type { ArgsOf, HandlerResult, NamedArgs, ResultOf } from './method.ts';
import { allMethods, type methods, viewsOf } from './tables.ts';

describe('types', () => {
  test('a handler gets decoded arguments under the names of the table', () => {
    type Args = ArgsOf<typeof methods.walletSend.sendtoaddress>;
    expectTypeOf<Args['amount']>().toEqualTypeOf<Sats>();
    expectTypeOf<Args['subtractfeefromamount']>().toEqualTypeOf<boolean>();
    expectTypeOf<Args['fee_rate']>().toEqualTypeOf<FeeRate | undefined>();
    expectTypeOf<ArgsOf<typeof methods.walletBalances.getbalance>['account']>().toEqualTypeOf<
      string | undefined
    >();
    expectTypeOf<ArgsOf<typeof methods.blockchain.getblock>>().toEqualTypeOf<{
      readonly blockhash: ArgsOf<typeof methods.blockchain.getblockheader>['blockhash'];
      readonly verbosity: number;
    }>();
  });

  test('a client may leave optional arguments out and gets decoded results', () => {
    type Named = NamedArgs<typeof methods.accounts.sendfrom>;
    expectTypeOf<{ fromaccount: string; toaddress: string; amount: Sats }>().toExtend<Named>();
    expectTypeOf<ResultOf<typeof methods.accounts.sendfrom>>().toEqualTypeOf<Txid>();
    expectTypeOf<ResultOf<typeof methods.accounts.listaccounts>>().toEqualTypeOf<
      ReadonlyMap<string, Sats>
    >();
  });

  test('a handler returns enough for every profile', () => {
    type Info = HandlerResult<typeof methods.wallet.getwalletinfo>;
    expectTypeOf<Info['format']>().toEqualTypeOf<string>();
    expectTypeOf<Info['unconfirmed_balance']>().toEqualTypeOf<Sats>();
  });
});

describe('views', () => {
  test('account methods exist beside the modern ones, but not under core', () => {
    expect(viewsOf('coind').has('move')).toBe(true);
    expect(viewsOf('core').has('move')).toBe(false);
    expect(viewsOf('legacy').has('createwallet')).toBe(false);
  });

  test('account methods keep 0.16 texts, shared ones speak modern', () => {
    expect(viewsOf('coind').get('sendfrom')?.style).toBe('legacy');
    expect(viewsOf('coind').get('getblock')?.style).toBe('core');
    expect(viewsOf('legacy').get('getblock')?.style).toBe('legacy');
  });

  test('every parameter of every profile becomes an argument its handler knows', () => {
    for (const profile of ['coind', 'core', 'legacy'] as const) {
      for (const view of viewsOf(profile).values()) {
        const known = viewsTargets(view.name);
        for (const param of view.params) expect(known, view.name).toContain(param.target);
      }
    }
  });
});

function viewsTargets(name: string): string[] {
  const spec = Object.entries(allMethods).find(([key]) => key === name)?.[1];
  return Object.entries<Codec<unknown>>(spec?.params ?? {}).map(
    ([key, codec]) => codec.target ?? key.split('|')[0] ?? key,
  );
}
