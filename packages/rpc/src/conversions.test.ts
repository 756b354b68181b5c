import { expect, test } from 'vitest';
import { conversionsOf } from './conversions.ts';
import { viewsOf } from './tables.ts';

const rowsOf = (method: string) =>
  conversionsOf(viewsOf('core'))
    .filter(([name]) => name === method)
    .map(([, ...row]) => row);

test('every parameter has a row for each of its names', () => {
  expect(rowsOf('getrawtransaction')).toEqual([
    [0, 'txid', true],
    [1, 'verbosity', false],
    [1, 'verbose', false],
    [2, 'blockhash', true],
  ]);
  expect(rowsOf('uptime')).toEqual([]);
  expect(rowsOf('echojson')[0]).toEqual([0, 'arg0', true]);
});

test('members of options stand for themselves, but for those that bitcoind does not tell of', () => {
  const names = rowsOf('bumpfee').map(([place, name]) => `${place} ${name}`);
  expect(names.slice(0, 3)).toEqual(['0 txid', '1 options', '1 conf_target']);
  expect(names).not.toContain('1 confTarget');
  // Those of an object that is one argument do not.
  expect(rowsOf('gettxspendingprevout').map(([, name]) => name)).toContain('mempool_only');
  expect(rowsOf('createrawtransaction').map(([, name]) => name)).not.toContain('vout');
});

test('methods are in order', () => {
  const methods = conversionsOf(viewsOf('core')).map(([method]) => method);
  expect(methods).toEqual([...methods].sort());
});
