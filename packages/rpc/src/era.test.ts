import { describe, expect, test } from 'vitest';
import { type Era, eraOf, type Release } from './era.ts';
import { helpList } from './help.ts';
import { createDispatcher } from './server/dispatch.ts';
import { viewsOf } from './tables.ts';

const legacy = { compat: 'legacy', deprecated: [], choosesAddressType: false };
const era = (release: Release, ...allowed: string[]): Era => ({
  release,
  allowed: new Set(allowed),
});

/** What a call is refused with when every handler would answer `null`. */
async function refusal(served: Era, method: string, params: readonly string[] = []) {
  const handlers = { [method]: () => null };
  const dispatcher = createDispatcher({
    profile: 'legacy',
    era: served,
    services: [{ handlers, contextOf: () => undefined }],
  });
  return dispatcher
    .call({ method, user: 'test', walletName: undefined }, params)
    .catch(({ code, message }: { code: number; message: string }) => ({ code, message }));
}

describe('the release', () => {
  test('is named, or follows from options that only one release has', () => {
    expect(eraOf(legacy).release).toBe('early');
    expect(eraOf({ ...legacy, choosesAddressType: true }).release).toBe('0.16');
    expect(eraOf({ ...legacy, deprecated: ['estimatefee'] }).release).toBe('early');
    expect(eraOf({ ...legacy, choosesAddressType: true, deprecated: ['accounts'] })).toEqual(
      era('0.17', 'accounts'),
    );
    expect(eraOf({ ...legacy, compat: '0.17' }).release).toBe('0.17');
    expect(eraOf({ ...legacy, compat: '0.15', choosesAddressType: true }).release).toBe('early');
  });

  test('decides which methods there are', () => {
    const has = (release: Release, name: string) => viewsOf('legacy', era(release)).has(name);
    expect(has('0.16', 'setlabel')).toBe(false);
    expect(has('0.17', 'setlabel')).toBe(true);
    expect(has('early', 'setlabel')).toBe(true);
    expect(has('0.17', 'estimatefee')).toBe(false);
    expect(has('0.16', 'getaccount')).toBe(true);
  });

  test('decides what is called getinfo', async () => {
    expect(await refusal(era('0.16'), 'getinfo')).toMatchObject({ code: -32601 });
    expect(viewsOf('legacy', era('early')).get('getinfo')?.replacedBy).toBeUndefined();
    expect(helpList(viewsOf('legacy', era('early')).values())).toContain('\ngetinfo\n');
  });
});

describe('what is deprecated', () => {
  test('is refused unless allowed; accounts before anything else is looked at', async () => {
    const text =
      'move is deprecated and will be removed in V0.18. To use this command, start bitcoind with -deprecatedrpc=accounts.';
    expect(await refusal(era('0.17'), 'move')).toEqual({ code: -32, message: text });
    expect(await refusal(era('0.17', 'accounts'), 'move')).toMatchObject({ code: -1 });
    expect(await refusal(era('0.16'), 'estimatefee')).toMatchObject({ code: -1 });
    expect(await refusal(era('early'), 'estimatefee')).toMatchObject({ code: -1 });
  });

  test('accounts in 0.17 bring the account forms of calls back', () => {
    const paramOf = (served: Era) => viewsOf('legacy', served).get('getbalance')?.params[0]?.name;
    expect(paramOf(era('0.17'))).toBe('dummy');
    expect(paramOf(era('0.17', 'accounts'))).toBe('account');
  });
});
