/** Calls of bitcoind up to 0.17, in the words and shapes of the release that is asked for. */
import { type Spawned, spawn } from '@coind/testing';
import { describe, expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const EXACTLY_016 = ['-compat=legacy', '-addresstype=legacy'];
const EXACTLY_017 = [...EXACTLY_016, '-deprecatedrpc=signrawtransaction'];

/** The result, or the refusal as `code text`. */
async function answer({ client }: Spawned, method: string, ...params: never[] | unknown[]) {
  return client
    .call(method, params as never)
    .catch(({ code, message }: { code: number; message: string }) => `${code} ${message}`);
}

describe('multisignature addresses', () => {
  test('with all keys in the wallet the coins are the account’s and can be spent', async () => {
    await using node = await spawn({ args: EXACTLY_016 });
    const { client } = node;
    const [one, two] = [await client.getnewaddress(), await client.getnewaddress()];
    const made = (await answer(node, 'addmultisigaddress', 2, [one, two], 'joint')) as {
      address: string;
    };
    await client.generatetoaddress({ nblocks: 1, address: made.address });
    await client.generatetoaddress({ nblocks: 100, address: FOREIGN });
    expect(await answer(node, 'getbalance', 'joint')).toBe(50);
    expect(await answer(node, 'getaccount', made.address)).toBe('joint');
    expect(await answer(node, 'validateaddress', made.address)).toMatchObject({
      ismine: true,
      script: 'multisig',
      addresses: [one, two],
      sigsrequired: 2,
    });
    expect(await answer(node, 'sendfrom', 'joint', FOREIGN, 49)).toMatch(/^[0-9a-f]{64}$/);
    expect(await answer(node, 'addmultisigaddress', 2, [one, two], 'renamed')).toEqual(made);
    expect(await answer(node, 'getbalance', 'renamed')).toBe(50);
  });

  test('behind P2SH it is told of the witness program, and behind that of the script', async () => {
    await using node = await spawn({ args: ['-compat=legacy', '-addresstype=p2sh-segwit'] });
    const keys = [await answer(node, 'getnewaddress'), await answer(node, 'getnewaddress')];
    const made = (await answer(node, 'addmultisigaddress', 1, keys)) as Record<string, string>;
    const { embedded, ...outer } = (await answer(node, 'validateaddress', made.address)) as {
      embedded: { address: string };
    };
    expect(outer).toMatchObject({
      ismine: true,
      script: 'witness_v0_scripthash',
      addresses: [embedded.address],
    });
    expect(outer).not.toHaveProperty('pubkeys');
    expect(embedded).toMatchObject({
      script: 'multisig',
      hex: made.redeemScript,
      sigsrequired: 1,
      iswitness: true,
    });
    // A witness script had no addresses: they were there for programs older than segwit.
    const program = await answer(node, 'addmultisigaddress', 1, keys, '', 'bech32');
    const { address } = program as { address: string };
    const about = await answer(node, 'validateaddress', address);
    expect(about).toMatchObject({ script: 'multisig', sigsrequired: 1 });
    expect(about).not.toHaveProperty('addresses');
  });

  test.each([
    [[0, [FOREIGN]], '-5 no full public key for address'],
    [[1, ['bad']], '-5 Invalid address: bad'],
    [[1, []], '-8 not enough keys supplied (got 0 keys, but need at least 1 to redeem)'],
    [[0, []], '-8 a multisignature address must require at least one key to redeem'],
    [[1, [], '*'], '-11 Invalid account name'],
  ])('addmultisigaddress %j is refused', async (params, text) => {
    await using node = await spawn({ args: EXACTLY_016 });
    expect(await answer(node, 'addmultisigaddress', ...params)).toContain(text);
  });

  test('without all keys it is a name in the book', async () => {
    await using node = await spawn({ args: EXACTLY_016 });
    const own = await node.client.getnewaddress();
    const other = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const made = await answer(node, 'addmultisigaddress', 1, [own, other], 'shared');
    const { address } = made as { address: string };
    expect(await answer(node, 'validateaddress', address)).toMatchObject({ ismine: false });
    expect(await answer(node, 'getaddressesbyaccount', 'shared')).toEqual([address]);
    expect(await answer(node, 'listaccounts')).not.toHaveProperty('shared');
  });
});

describe('the release', () => {
  test('0.16 has neither the calls before it nor those after it', async () => {
    await using node = await spawn({ args: EXACTLY_016 });
    for (const method of ['getblocknumber', 'getlabel', 'setlabel', 'getaddressinfo']) {
      expect(await answer(node, method)).toBe('-32601 Method not found');
    }
    expect(await answer(node, 'getinfo')).toMatch(/^-32601 getinfo/);
  });

  test('unless nothing asks for it: then all are there', async () => {
    await using node = await spawn({ args: ['-compat=legacy'] });
    const address = (await answer(node, 'getnewaddress', 'alice')) as string;
    expect(await answer(node, 'getblocknumber')).toBe(0);
    expect(await answer(node, 'getlabel', address)).toBe('alice');
    expect(await answer(node, 'getamountreceived', address, 0)).toBe(0);
    expect(await answer(node, 'getallreceived', 0, true)).toMatchObject([{ account: 'alice' }]);
    expect(await answer(node, 'listlabels')).toEqual(['alice']);
    expect(Object.keys((await answer(node, 'getinfo')) as object)).toEqual([
      'version',
      'protocolversion',
      'walletversion',
      'balance',
      'blocks',
      'timeoffset',
      'connections',
      'proxy',
      'difficulty',
      'testnet',
      'keypoololdest',
      'keypoolsize',
      'paytxfee',
      'relayfee',
      'errors',
    ]);
  });

  test('0.17 has labels, and accounts for those who ask', async () => {
    await using node = await spawn({ args: EXACTLY_017 });
    const address = (await answer(node, 'getnewaddress', 'shop')) as string;
    expect(await answer(node, 'getaddressesbylabel', 'shop')).toEqual({
      [address]: { purpose: 'receive' },
    });
    expect(await answer(node, 'getaddressinfo', address)).toMatchObject({
      label: 'shop',
      labels: [{ name: 'shop', purpose: 'receive' }],
    });
    expect(Object.keys((await answer(node, 'validateaddress', address)) as object)).toEqual([
      'isvalid',
      'address',
      'scriptPubKey',
      'isscript',
      'iswitness',
    ]);
    expect(await answer(node, 'listaccounts')).toMatch(/^-32 listaccounts is deprecated/);
    expect(await answer(node, 'getbalance', 'shop')).toMatch(/^-32 dummy first argument/);
    expect(await answer(node, 'getnewaddress', '*')).toBe('-11 Invalid label name');

    await using both = await spawn({ args: [...EXACTLY_016, '-deprecatedrpc=accounts'] });
    expect(await answer(both, 'getbalance', 'shop')).toBe(0);
    await using older = await spawn({ args: [...EXACTLY_016, '-deprecatedrpc=validateaddress'] });
    const own = (await answer(older, 'getnewaddress')) as string;
    expect(await answer(older, 'validateaddress', own)).toMatchObject({ ismine: true });
    expect(await answer(both, 'move', 'shop', 'till', 1)).toBe(true);
    expect(await answer(both, 'listlabels')).toEqual([]);
  });
});

test('0.17 signs with keys and in PSBTs, which 0.16 did not know', async () => {
  await using node = await spawn({ args: EXACTLY_017 });
  const { client } = node;
  await client.generatetoaddress({ nblocks: 1, address: await client.getnewaddress() });
  await client.generatetoaddress({ nblocks: 100, address: FOREIGN });
  const outputs = [{ [FOREIGN]: 1 }];
  const funded = await answer(node, 'walletcreatefundedpsbt', [], outputs, 0, { feeRate: 0.001 });
  const { psbt } = funded as { psbt: string };
  const decoded = (await answer(node, 'decodepsbt', psbt)) as { tx: { vin: { txid: string }[] } };
  expect(decoded.tx.vin).toHaveLength(1);
  const signed = (await answer(node, 'walletprocesspsbt', psbt)) as { psbt: string };
  const { hex, complete } = (await answer(node, 'finalizepsbt', signed.psbt)) as {
    hex: string;
    complete: boolean;
  };
  expect(complete).toBe(true);
  expect(await answer(node, 'sendrawtransaction', hex)).toMatch(/^[0-9a-f]{64}$/);
  const empty = (await answer(node, 'createpsbt', [], outputs)) as string;
  expect(await answer(node, 'decodepsbt', empty)).toMatchObject({ inputs: [], outputs: [{}] });
  const raw = (await answer(node, 'createrawtransaction', [], outputs)) as string;
  expect(await answer(node, 'converttopsbt', raw)).toBe(empty);
  expect(raw).toMatch(/^02000000/);
  const spending = (await answer(node, 'createrawtransaction', decoded.tx.vin, outputs)) as string;
  expect(await answer(node, 'signrawtransactionwithkey', spending, [])).toMatchObject({
    hex: spending,
    complete: false,
    errors: [{ txid: decoded.tx.vin[0]?.txid }],
  });
  await using older = await spawn({ args: EXACTLY_016 });
  for (const method of ['createpsbt', 'signrawtransactionwithkey', 'estimatepriority']) {
    expect(await answer(older, method)).toBe('-32601 Method not found');
  }
});

test('getrawtransaction finds what has an unspent output, as long as there is one', async () => {
  await using node = await spawn({ args: EXACTLY_016 });
  const { client } = node;
  const [hash = ''] = await client.generatetoaddress({ nblocks: 1, address: FOREIGN });
  const { tx } = (await answer(node, 'getblock', hash)) as { tx: string[] };
  expect(await answer(node, 'getrawtransaction', tx[0], true)).toMatchObject({ blockhash: hash });
  expect(await answer(node, 'getrawtransaction', hash)).toMatch(/^-5 No such mempool transaction/);
});
