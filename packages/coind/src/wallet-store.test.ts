import { expect, test } from 'vitest';
import { parseWalletName } from './wallet-store.ts';

test.each(['', 'w', 'sub/w5', '/elsewhere/w6', 'a.b', '..a', 'a..'])(
  '%j names a wallet',
  (name) => {
    expect(parseWalletName(name)).toBe(name);
  },
);

test.each([
  ['bad/./path', 'must be normalized'],
  ['bad/../path', 'must be normalized'],
  ['/bad/../path', 'must be normalized'],
  ['../', 'must be normalized'],
  ['./', 'must be normalized'],
  ['./wallet', 'must be normalized'],
  ['../wallets/../wallets/wallet', 'must be normalized'],
  ['a\0b', 'must be normalized'],
  ['../wallets/wallet', 'cannot begin with ./ or ../'],
  ['..', 'cannot begin with ./ or ../'],
  ['.', 'cannot begin with ./ or ../'],
  ['/', 'cannot be the root path'],
])('%j does not: it %s', (name, fault) => {
  expect(() => parseWalletName(name)).toThrow(`Wallet file verification failed. Wallet name`);
  expect(() => parseWalletName(name)).toThrow(fault);
});
