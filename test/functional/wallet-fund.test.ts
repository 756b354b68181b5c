/** Transactions that somebody describes and a wallet pays for. */
import { feeRate } from '@coind/primitives';
import { mine, spawn } from '@coind/testing';
import { expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;

test('described, funded, signed, sent', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const hexstring = await client.createrawtransaction({
    inputs: [],
    outputs: [{ address: FOREIGN, amount: COIN }],
    locktime: 77,
  });
  const funded = await client.fundrawtransaction({
    hexstring,
    options: { add_inputs: true, changePosition: 1, fee_rate: feeRate(10_000n) },
  });
  expect(funded.changepos).toBe(1);
  const { vin, vout, locktime } = await client.decoderawtransaction({ hexstring: funded.hex });
  expect(locktime).toBe(77);
  expect(vin).toHaveLength(1);
  expect(vout.map(({ value }) => value)).toEqual([COIN, 49n * COIN - funded.fee]);
  const signed = await client.signrawtransactionwithwallet({ hexstring: funded.hex });
  expect(signed.complete).toBe(true);
  const { vsize } = await client.decoderawtransaction({ hexstring: signed.hex });
  // A signature may turn out a byte shorter than what the fee was reckoned with.
  expect(funded.fee - 10n * BigInt(vsize)).toBeLessThanOrEqual(10n);
  const txid = await client.sendrawtransaction({ hexstring: signed.hex });
  expect(await client.getrawmempool()).toEqual([txid]);
});

test('inputs that were named stay in front; a locked wallet can fund too', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 103);
  const coins = await client.listunspent();
  const inputs = coins.slice(0, 2).map(({ txid, vout }) => ({ txid, vout, sequence: 5 }));
  await client.encryptwallet({ passphrase: 'a secret' });
  const hexstring = await client.createrawtransaction({
    inputs,
    outputs: [{ address: FOREIGN, amount: 120n * COIN }],
  });
  const { hex } = await client.fundrawtransaction({ hexstring });
  const { vin } = await client.decoderawtransaction({ hexstring: hex });
  expect(vin).toHaveLength(3);
  expect(vin.slice(0, 2).map(({ txid, vout, sequence }) => ({ txid, vout, sequence }))).toEqual(
    inputs,
  );
});

test('a coin of somebody else is taken where the caller says how it is spent', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 1, FOREIGN);
  await mine(client, 101);
  const block = await client.getblock({
    blockhash: await client.getblockhash({ height: 1 }),
    verbosity: 1,
  });
  if (typeof block === 'string') throw new Error('no JSON');
  const txid = block.tx[0] as Parameters<typeof client.gettxout>[0]['txid'];
  const hexstring = await client.createrawtransaction({
    inputs: [{ txid, vout: 0 }],
    outputs: [{ address: FOREIGN, amount: 10n * COIN }],
  });
  await expect(client.fundrawtransaction({ hexstring })).rejects.toMatchObject({ code: -4 });
  const input_weights = [{ txid, vout: 0, weight: 600 }];
  const funded = await client.fundrawtransaction({
    hexstring,
    options: { add_inputs: false, input_weights, fee_rate: feeRate(10_000n) },
  });
  // 600 weight units are 150 vbytes; the rest is frame and two outputs.
  expect(funded.fee).toBeGreaterThan(1_500n + 740n);
  await expect(
    client.fundrawtransaction({
      hexstring,
      options: { add_inputs: false, input_weights: [{ txid, vout: 0, weight: 1 }] },
    }),
  ).rejects.toMatchObject({ code: -8 });
});

test('what cannot be funded is refused in bitcoind’s words', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  await expect(client.fundrawtransaction({ hexstring: '00' })).rejects.toMatchObject({
    code: -22,
    message: 'TX decode failed',
  });
  const hexstring = await client.createrawtransaction({
    inputs: [],
    outputs: [{ address: FOREIGN, amount: 51n * COIN }],
  });
  await expect(client.fundrawtransaction({ hexstring })).rejects.toMatchObject({
    code: -4,
    message: 'Insufficient funds',
  });
});
