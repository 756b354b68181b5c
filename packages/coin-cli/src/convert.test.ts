import { expect, test } from 'vitest';
import { positionalParams } from './convert.ts';

/** Arguments that bitcoin-cli 0.16 read as JSON, by position; all others it sent as texts. */
const JSON_POSITIONS: Readonly<Record<string, readonly number[]>> = {
  addmultisigaddress: [0, 1],
  bumpfee: [1],
  createmultisig: [0, 1],
  createrawtransaction: [0, 1, 2, 3],
  decoderawtransaction: [1],
  estimatefee: [0],
  generate: [0, 1],
  generatetoaddress: [0, 2],
  getbalance: [1, 2],
  getblock: [1],
  getblockhash: [0],
  getblocktemplate: [0],
  getnetworkhashps: [0, 1],
  getrawmempool: [0],
  getrawtransaction: [1],
  getreceivedbyaccount: [1],
  getreceivedbyaddress: [1],
  gettransaction: [1],
  gettxout: [1, 2],
  importaddress: [2, 3],
  importprivkey: [2],
  keypoolrefill: [0],
  listaccounts: [0, 1],
  listreceivedbyaccount: [0, 1, 2],
  listreceivedbyaddress: [0, 1, 2],
  listsinceblock: [1, 2, 3],
  listtransactions: [1, 2, 3],
  listunspent: [0, 1, 2, 3, 4],
  lockunspent: [0, 1],
  move: [2, 3],
  sendfrom: [2, 3],
  sendmany: [1, 2, 4, 5, 6],
  sendrawtransaction: [1],
  sendtoaddress: [1, 4, 5, 6],
  setgenerate: [0, 1],
  setmocktime: [0],
  settxfee: [0],
  signrawtransaction: [1, 2],
  verifychain: [0, 1],
  walletpassphrase: [1],
};

test.each(Object.entries(JSON_POSITIONS))('%s: JSON at %j, text elsewhere', (method, positions) => {
  const last = Math.max(...positions);
  const words = Array.from({ length: last + 1 }, () => '1');
  const expected = words.map((word, at) => (positions.includes(at) ? word : `"${word}"`));
  expect(positionalParams(method, words)).toBe(`[${expected.join(',')}]`);
});

test('text before and behind them stays as it was typed', () => {
  expect(positionalParams('move', ['1', '2', '3', '4', '5'])).toBe('["1","2",3,4,"5"]');
  expect(positionalParams('sendfrom', ['1', '2', '3', '4', '5', '6'])).toBe(
    '["1","2",3,4,"5","6"]',
  );
  expect(positionalParams('getnewaddress', ['1'])).toBe('["1"]');
});
