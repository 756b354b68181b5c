/** A payment that two of three keys must sign, from hand to hand through RPC. */
import { mine, spawn } from '@coind/testing';
import { expect, test } from 'vitest';

const COIN = 100_000_000n;
// Keys of the recordings of bitcoind: WIF and public key, for tests only.
const SIGNERS = [
  [
    'cUyTh7ScJ7eExXNubkVzTGsy9x4n9TSaEo1X83FUrT4L7Y6jFqUs',
    '02d2d09a20d3f7f73967ac1a83626729e3731e2a1375e48c33318584387f50fd8a',
  ],
  [
    'cRDrSQkvAenUfWRMStXJTGBWgX2CobpWbuKostcsFghCgkzVEdmm',
    '03c540e00ab5b582c3d418ea493a0905afa9d5e410176f5c1c6fdbc850b5508085',
  ],
] as const;
const THIRD = '03a91cfb49531ee0f45603f49f0581c4cd155f3665bfe004f623b8022ea3af6232';
const [[wifA, keyA], [wifB, keyB]] = SIGNERS;

test('created, updated, signed by two, combined, finished, sent', async () => {
  await using node = await spawn();
  const { client } = node;
  const { descriptor } = await client.getdescriptorinfo({
    descriptor: `wsh(multi(2,${keyA},${keyB},${THIRD}))`,
  });
  const [address] = (await client.deriveaddresses({ descriptor })) as readonly string[];
  if (!address) throw new Error('no address');
  await mine(client, 1, address);
  const [hash] = await mine(client, 100);
  expect(hash).toBeDefined();
  const first = await client.getblock({
    blockhash: await client.getblockhash({ height: 1 }),
    verbosity: 1,
  });
  if (typeof first === 'string') throw new Error('no JSON');
  const txid = first.tx[0] as Parameters<typeof client.gettxout>[0]['txid'];
  const created = await client.createpsbt({
    inputs: [{ txid, vout: 0 }],
    outputs: [{ address: await client.getnewaddress(), amount: 49n * COIN }],
  });
  const updated = await client.utxoupdatepsbt({
    psbt: created,
    descriptors: [{ desc: descriptor }],
  });
  expect(await client.analyzepsbt({ psbt: updated })).toMatchObject({ next: 'signer', fee: COIN });

  const signedBy = async (desc: string) => {
    const result = await client.descriptorprocesspsbt({ psbt: updated, descriptors: [{ desc }] });
    expect(result.complete).toBe(false);
    return result.psbt;
  };
  const a = await signedBy(`wsh(multi(2,${wifA},${keyB},${THIRD}))`);
  const b = await signedBy(`wsh(multi(2,${keyA},${wifB},${THIRD}))`);
  const both = await client.combinepsbt({ txs: [a, b] });
  const decoded = await client.decodepsbt({ psbt: both });
  expect(decoded.inputs[0]?.partial_signatures?.size).toBe(2);
  expect(decoded.fee).toBe(COIN);
  const { hex, complete } = await client.finalizepsbt({ psbt: both });
  expect(complete).toBe(true);
  const sent = await client.sendrawtransaction({ hexstring: hex ?? '', maxfeerate: 0n as never });
  expect(await client.getrawmempool()).toEqual([sent]);
});

test('what is no PSBT, or not about the same payment, is refused', async () => {
  await using node = await spawn();
  const { client } = node;
  await expect(client.decodepsbt({ psbt: 'no base64' })).rejects.toMatchObject({
    code: -22,
    message: 'TX decode failed invalid base64',
  });
  const psbts = await Promise.all(
    ['00', '01'].map((data) => client.createpsbt({ inputs: [], outputs: [{ data }] })),
  );
  await expect(client.combinepsbt({ txs: psbts })).rejects.toMatchObject({ code: -8 });
  await expect(client.joinpsbts({ txs: psbts })).rejects.toMatchObject({
    code: -8,
    message: 'joinpsbts only operates on version 0 PSBTs',
  });
});
