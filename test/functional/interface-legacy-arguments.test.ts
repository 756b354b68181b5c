/**
 * What 0.16 said to arguments that make no sense, call by call: which fault it saw first, with which code and in which
 * words. One node for all of it; nothing here changes it.
 */
import { type Spawned, spawn } from '@coind/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const SCRIPT_ADDRESS = '2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br';
const KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const TXID = '0000000000000000000000000000000000000000000000000000000000000001';
const NOT_TEXT = '-1 JSON value is not a string as expected';
const NOT_INTEGER = '-1 JSON value is not an integer as expected';
const NOT_BOOLEAN = '-1 JSON value is not a boolean as expected';
const NOT_ARRAY = '-1 JSON value is not an array as expected';
const NOT_OBJECT = '-1 JSON value is not an object as expected';
const OUT_OF_RANGE = '-1 JSON integer out of range';
const BAD_ADDRESS = '-5 Invalid Bitcoin address';
const BAD_ACCOUNT = '-11 Invalid account name';
const ZERO = '-3 Invalid amount for send';

let node: Spawned;
beforeAll(async () => {
  node = await spawn({ args: ['-compat=legacy', '-addresstype=legacy'] });
});
afterAll(() => node[Symbol.asyncDispose]());

/** The refusal of a call, as `code text`; its result as JSON. */
async function answer(method: string, params: readonly unknown[]): Promise<string> {
  return node.client.call(method, params as never).then(
    (result) => JSON.stringify(result),
    ({ code, message }: { code: number; message: string }) => `${code} ${message}`,
  );
}

type Row = readonly [method: string, params: readonly unknown[], expected: string];

const input = (rest: object) => [[{ txid: TXID, ...rest }], {}];

const rows: Readonly<Record<string, readonly Row[]>> = {
  addresses: [
    ['getnewaddress', [1], NOT_TEXT],
    ['getnewaddress', ['*', 'x'], BAD_ACCOUNT],
    ['getnewaddress', ['a', 1], NOT_TEXT],
    ['getnewaddress', ['a', 'x'], "-5 Unknown address type 'x'"],
    ['getnewaddress', ['a', 'bech32m'], "-5 Unknown address type 'bech32m'"],
    ['getrawchangeaddress', ['x'], "-5 Unknown address type 'x'"],
    ['getaccountaddress', [null], NOT_TEXT],
    ['getaccountaddress', ['*'], BAD_ACCOUNT],
    ['setaccount', ['bad', '*'], BAD_ADDRESS],
    ['setaccount', [FOREIGN, '*'], BAD_ACCOUNT],
    ['setaccount', [FOREIGN, 'x'], '-1 setaccount can only be used with own address'],
    ['setaccount', [1], NOT_TEXT],
    ['getaccount', ['bad'], BAD_ADDRESS],
    ['getaccount', [FOREIGN], '""'],
    ['getaddressesbyaccount', ['*'], BAD_ACCOUNT],
    ['getaddressesbyaccount', ['nobody'], '[]'],
    ['validateaddress', ['bad'], '{"isvalid":false}'],
    ['validateaddress', [null], NOT_TEXT],
  ],
  balances: [
    [
      'getbalance',
      [null, 1],
      '-8 getbalance minconf option is only currently supported if an account is specified',
    ],
    [
      'getbalance',
      [null, null, true],
      '-8 getbalance include_watchonly option is only currently supported if an account is specified',
    ],
    ['getbalance', ['nobody', '1'], NOT_INTEGER],
    ['getbalance', ['nobody', 1.5], OUT_OF_RANGE],
    ['getbalance', ['nobody', 2147483648], OUT_OF_RANGE],
    ['getbalance', ['nobody', 1, 1], NOT_BOOLEAN],
    ['getbalance', ['*', -1], '0'],
    ['listaccounts', ['1'], NOT_INTEGER],
    ['listaccounts', [-5, 'x'], NOT_BOOLEAN],
    ['getreceivedbyaddress', ['bad', '1'], BAD_ADDRESS],
    ['getreceivedbyaddress', [FOREIGN, 1], '-4 Address not found in wallet'],
    ['getreceivedbyaccount', ['*', 'x'], NOT_INTEGER],
    ['getreceivedbyaccount', ['*', -3], BAD_ACCOUNT],
    ['getreceivedbyaccount', ['nobody', 999999], '0'],
    ['listreceivedbyaddress', [1, 1], NOT_BOOLEAN],
    ['listreceivedbyaccount', ['x'], NOT_INTEGER],
  ],
  payments: [
    ['move', ['*', 'b', 'x'], BAD_ACCOUNT],
    ['move', ['a', '*', 'x'], BAD_ACCOUNT],
    ['move', ['a', 'b', 0, 'x'], ZERO],
    ['move', ['a', 'b', 1, 'x', 1], NOT_INTEGER],
    ['move', ['a', 'b', 1, 1, 1], NOT_TEXT],
    ['move', ['a', 'b', 1e-9], '-3 Invalid amount'],
    ['move', ['a', 'b', 21000001], '-3 Amount out of range'],
    ['move', ['a', 'b', true], '-3 Amount is not a number or string'],
    ['sendfrom', ['*', 'bad', 0], BAD_ACCOUNT],
    ['sendfrom', ['a', 'bad', 0, 'x'], BAD_ADDRESS],
    ['sendfrom', ['a', FOREIGN, 0, 'x'], ZERO],
    ['sendfrom', ['a', FOREIGN, 1, 'x', 1], NOT_INTEGER],
    ['sendfrom', ['a', FOREIGN, 1, 1, '', 1], NOT_TEXT],
    ['sendfrom', ['a', FOREIGN, 1], '-6 Account has insufficient funds'],
    ['sendmany', ['*', 1], BAD_ACCOUNT],
    ['sendmany', ['a', 1], NOT_OBJECT],
    ['sendmany', ['a', { bad: 1 }, 'x'], NOT_INTEGER],
    ['sendmany', ['a', { bad: 0 }], `${BAD_ADDRESS}: bad`],
    ['sendmany', ['a', { [FOREIGN]: 0 }], ZERO],
    ['sendmany', ['a', { [FOREIGN]: 1 }, 1, '', 1], NOT_ARRAY],
    [
      'sendmany',
      ['a', { bad: 1 }, 1, '', [], true, 1009],
      '-8 Invalid conf_target, must be between 1 - 1008',
    ],
    ['sendmany', ['a', { bad: 1 }, 1, '', [], true, 6, 'x'], '-8 Invalid estimate_mode parameter'],
    ['sendtoaddress', ['bad', 0, 1], '-5 Invalid address'],
    ['sendtoaddress', [FOREIGN, 0, 1], ZERO],
    ['sendtoaddress', [FOREIGN, 1, 1], NOT_TEXT],
    ['sendtoaddress', [FOREIGN, 1, '', '', 1], NOT_BOOLEAN],
    ['sendtoaddress', [FOREIGN, 1], '-6 Insufficient funds'],
    ['settxfee', [-1], '-3 Amount out of range'],
  ],
  history: [
    ['listtransactions', ['*', -1, -1], '-8 Negative count'],
    ['listtransactions', ['*', 1, -1], '-8 Negative from'],
    ['listtransactions', ['*', -1, 0, 'x'], NOT_BOOLEAN],
    ['listtransactions', ['nobody'], '[]'],
    ['gettransaction', ['any text', 1], NOT_BOOLEAN],
    ['gettransaction', ['any text'], '-5 Invalid or non-wallet transaction id'],
    ['listsinceblock', ['any text', 0], '-5 Block not found'],
    ['listsinceblock', ['', 0], '-8 Invalid parameter'],
    ['listsinceblock', ['', 1, false, 'x'], NOT_BOOLEAN],
    ['abandontransaction', [''], '-5 Invalid or non-wallet transaction id'],
  ],
  coins: [
    ['listunspent', ['x'], '-3 Expected type number, got string'],
    ['listunspent', [1, 2, ['bad']], `${BAD_ADDRESS}: bad`],
    [
      'listunspent',
      [1, 2, [FOREIGN, FOREIGN]],
      `-8 Invalid parameter, duplicated address: ${FOREIGN}`,
    ],
    ['listunspent', [1, 2, [], 1], '-3 Expected type bool, got number'],
    ['listunspent', [1, 2, [], true, 1], NOT_OBJECT],
    ['listunspent', [1, 2, [], true, { maximumCount: 'x' }], NOT_INTEGER],
    ['listunspent', [1, 2, [], true, { nobodyKnows: 1 }], '[]'],
    ['lockunspent', ['x'], '-3 Expected type bool, got string'],
    ['lockunspent', [false, [{}]], '-3 Missing txid'],
    [
      'lockunspent',
      [false, [{ txid: 1, vout: 0 }]],
      '-3 Expected type string for txid, got number',
    ],
    ['lockunspent', [false, [{ txid: 'zz', vout: 0 }]], '-8 Invalid parameter, expected hex txid'],
    ['lockunspent', [false, [{ txid: 'ab', vout: 1.5 }]], OUT_OF_RANGE],
    [
      'lockunspent',
      [false, [{ txid: 'ab', vout: -1 }]],
      '-8 Invalid parameter, vout must be positive',
    ],
    [
      'lockunspent',
      [false, [{ txid: 'ab', vout: 0 }]],
      '-8 Invalid parameter, unknown transaction',
    ],
  ],
  keys: [
    ['signmessage', ['bad', 'x'], '-3 Invalid address'],
    ['signmessage', [SCRIPT_ADDRESS, 'x'], '-3 Address does not refer to key'],
    ['signmessage', [FOREIGN, 'x'], '-4 Private key not available'],
    ['verifymessage', [FOREIGN, '=', 'x'], '-5 Malformed base64 encoding'],
    ['verifymessage', [FOREIGN, 'eA==', 'x'], 'false'],
    ['dumpprivkey', ['bad'], BAD_ADDRESS],
    ['dumpprivkey', [SCRIPT_ADDRESS], '-3 Address does not refer to a key'],
    ['dumpprivkey', [FOREIGN], `-4 Private key for address ${FOREIGN} is not known`],
    ['importprivkey', ['bad', 1], NOT_TEXT],
    ['importprivkey', ['bad'], '-5 Invalid private key encoding'],
    [
      'createmultisig',
      [0, []],
      '-8 a multisignature address must require at least one key to redeem',
    ],
    [
      'createmultisig',
      [2, [KEY]],
      '-8 not enough keys supplied (got 1 keys, but need at least 2 to redeem)',
    ],
    ['createmultisig', [1, ['bad']], '-5 Invalid public key: bad'],
    ['dumpwallet', ['/nowhere/at/all'], '-8 Cannot open wallet dump file'],
    ['importwallet', ['/nowhere/at/all'], '-8 Cannot open wallet dump file'],
    ['backupwallet', ['/nowhere/at/all'], '-4 Error: Wallet backup failed!'],
    ['keypoolrefill', [-1], '-8 Invalid parameter, expected valid size.'],
    [
      'walletpassphrase',
      [1, 'x'],
      '-15 Error: running with an unencrypted wallet, but walletpassphrase was called.',
    ],
    [
      'walletpassphrasechange',
      [1, 1],
      '-15 Error: running with an unencrypted wallet, but walletpassphrasechange was called.',
    ],
    ['walletlock', [], '-15 Error: running with an unencrypted wallet, but walletlock was called.'],
    ['encryptwallet', [1], NOT_TEXT],
  ],
  'raw transactions': [
    ['createrawtransaction', ['x', {}], '-3 Expected type array, got string'],
    ['createrawtransaction', [[], []], '-3 Expected type object, got array'],
    [
      'createrawtransaction',
      [null, {}],
      '-8 Invalid parameter, arguments 1 and 2 must be non-null',
    ],
    ['createrawtransaction', [[], {}, 'x'], '-3 Expected type number, got string'],
    ['createrawtransaction', [['x'], {}], NOT_OBJECT],
    ['createrawtransaction', [[{}], {}], "-8 txid must be hexadecimal string (not '')"],
    [
      'createrawtransaction',
      [[{ txid: 'zz' }], {}],
      "-8 txid must be hexadecimal string (not 'zz')",
    ],
    ['createrawtransaction', [[{ txid: 'ab' }], {}], '-8 txid must be of length 64 (not 2)'],
    ['createrawtransaction', input({}), '-8 Invalid parameter, missing vout key'],
    ['createrawtransaction', input({ vout: -1 }), '-8 Invalid parameter, vout must be positive'],
    [
      'createrawtransaction',
      input({ vout: 0, sequence: -1 }),
      '-8 Invalid parameter, sequence number is out of range',
    ],
    ['createrawtransaction', [[], { bad: 1 }], `${BAD_ADDRESS}: bad`],
    ['createrawtransaction', [[], { [FOREIGN]: -1 }], '-3 Amount out of range'],
    ['createrawtransaction', [[], { data: 'zz' }], "-8 Data must be hexadecimal string (not 'zz')"],
    ['createrawtransaction', [[], {}, -1], '-8 Invalid parameter, locktime out of range'],
    ['createrawtransaction', [[], {}, 0, 'x'], '"02000000000000000000"'],
    ['decoderawtransaction', ['zz'], '-22 TX decode failed'],
    ['decoderawtransaction', [1], '-3 Expected type string, got number'],
    ['decoderawtransaction', ['', 1], '-3 Expected type bool, got number'],
    ['signrawtransaction', ['zz'], '-22 TX decode failed'],
    ['signrawtransaction', ['', 'x'], '-3 Expected type array, got string'],
    ['sendrawtransaction', ['', 'x'], '-3 Expected type bool, got string'],
    ['sendrawtransaction', [''], '-22 TX decode failed'],
    ['getrawtransaction', [1], "-8 parameter 1 must be hexadecimal string (not '')"],
    ['getrawtransaction', ['ab'], '-8 parameter 1 must be of length 64 (not 2)'],
    ['getrawtransaction', [TXID, 'x'], NOT_BOOLEAN],
    [
      'getrawtransaction',
      [TXID, true, 'zz'],
      "-8 parameter 3 must be hexadecimal string (not 'zz')",
    ],
    ['getrawtransaction', [TXID, true, TXID], '-5 Block hash not found'],
    ['decodescript', ['zz'], "-8 argument must be hexadecimal string (not 'zz')"],
    ['gettxout', ['zz', 0], 'null'],
  ],
  'chain and network': [
    ['getblockhash', [-1], '-8 Block height out of range'],
    ['getblock', ['zz'], '-5 Block not found'],
    ['getblock', [TXID, 'x'], NOT_BOOLEAN],
    ['getrawmempool', [1], NOT_BOOLEAN],
    ['verifychain', ['x'], NOT_INTEGER],
    ['addnode', ['127.0.0.1:1', 'remove'], '-24 Error: Node has not been added.'],
    ['getaddednodeinfo', ['x'], '-24 Error: Node has not been added.'],
    ['getblocktemplate', [], '-9 Bitcoin is not connected!'],
    ['getblocktemplate', [{ mode: 1 }], '-8 Invalid mode'],
    ['submitblock', ['zz'], '-22 Block decode failed'],
    ['generate', [0], '[]'],
    ['generatetoaddress', [1, 'bad'], '-5 Error: Invalid address'],
    ['rescanblockchain', [5], '-8 Invalid start_height'],
    ['help', ['bogus'], '"help: unknown command: bogus"'],
    ['getblocknumber', [], '-32601 Method not found'],
  ],
};

describe.each(Object.entries(rows))('%s', (_, table) => {
  test.each(table)('%s %j', async (method, params, expected) => {
    expect(await answer(method, params)).toBe(expected);
  });
});

test('what waits for -deprecatedrpc says so before it looks at its argument, but after their number', async () => {
  expect(await answer('estimatefee', ['x'])).toMatch(/^-32 estimatefee is deprecated/);
  expect(await answer('estimatefee', [])).toMatch(/^-1 estimatefee nblocks\n/);
});

test('the number of arguments is looked at before anything else', async () => {
  for (const method of ['move', 'sendfrom', 'setaccount', 'walletpassphrase', 'signmessage']) {
    const text = await answer(method, Array(9).fill(null));
    expect(text).toMatch(new RegExp(`^-1 ${method} `));
    expect(await answer('help', [method])).toBe(JSON.stringify(text.slice(3).trimEnd()));
  }
});

test('the node says that it is of 0.16', async () => {
  expect(await answer('getnetworkinfo', [])).toMatch(
    /^\{"version":160300,"subversion":"\/Satoshi:0\.16\.3\/"/,
  );
});
