/** Mining as the programs of 2011 did it: getwork and getmemorypool. */
import { Block, BlockHeader, merkleRoot, sha256d, Tx, ZERO_TXID } from '@coind/primitives';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';

async function started(...args: readonly string[]) {
  const daemon = await startDaemon({ args });
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon.client;
}

interface Work {
  readonly midstate: string;
  readonly data: string;
  readonly hash1: string;
  readonly target: string;
}

/** The words of a message the other way around. */
const turned = (hex: string) => Buffer.from(hex, 'hex').swap32();

/** Solves what getwork gave as a miner of 2011 would: with a nonce in the place of the old one. */
function solve({ data, target }: Work): string {
  const message = turned(data);
  for (let nonce = 0; ; nonce++) {
    message.writeUInt32LE(nonce, 76);
    const hash = Buffer.from(sha256d(message.subarray(0, 80)));
    if (hash.reverse().compare(Buffer.from(target, 'hex').reverse()) <= 0) {
      return Buffer.from(message).swap32().toString('hex');
    }
  }
}

test('getwork: a header that is solved becomes a block for the wallet', async () => {
  const client = await started();
  const work = (await client.getwork()) as Work;
  expect(work).toMatchObject({
    hash1: `${'0'.repeat(64)}00000080${'0'.repeat(48)}00010000`,
    target: `${'0'.repeat(58)}ffff7f`,
  });
  const header = BlockHeader.decode(turned(work.data).subarray(0, 80));
  expect(header.prevHash).toBe(await client.getbestblockhash());
  const another = (await client.getwork()) as Work;
  expect(another.data).not.toBe(work.data);

  expect(await client.getwork({ data: solve(work) })).toBe(true);
  expect(await client.getblockcount()).toBe(1);
  expect((await client.getbalances()).mine.immature).toBe(5_000_000_000n);
  // What was handed out on the tip before is forgotten.
  expect(await client.getwork({ data: solve(another) })).toBe(false);
  expect(await client.getblockcount()).toBe(1);
});

test('getwork: what is no work is refused, what is not solved is no block', async () => {
  const client = await started();
  const { data } = (await client.getwork()) as Work;
  const short = { code: -8, message: 'Invalid parameter' };
  await expect(client.getwork({ data: data.slice(2) })).rejects.toMatchObject(short);
  await expect(client.getwork({ data: '' })).rejects.toMatchObject(short);
  const message = turned(data);
  for (let nonce = 0; ; nonce++) {
    message.writeUInt32LE(nonce, 76);
    if ((sha256d(message.subarray(0, 80))[31] as number) >= 0x80) break;
  }
  expect(await client.getwork({ data: Buffer.from(message).swap32().toString('hex') })).toBe(false);
  expect(await client.getwork({ data: '00'.repeat(128) })).toBe(false);
});

test('as in 2011, nobody mines alone under -compat=legacy', async () => {
  const client = await started('-compat=legacy');
  const alone = { code: -9, message: 'Bitcoin is not connected!' };
  await expect(client.getwork()).rejects.toMatchObject(alone);
  await expect(client.getmemorypool()).rejects.toMatchObject(alone);
});

test('getmemorypool: a block of its parts is accepted', async () => {
  const client = await started();
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  const plain = await client.getnewaddress({ address_type: 'legacy' });
  await client.sendtoaddress({ address: plain, amount: 100_000_000n });
  const pool = (await client.getmemorypool()) as {
    readonly version: number;
    readonly previousblockhash: string;
    readonly transactions: readonly string[];
    readonly coinbasevalue: number;
    readonly curtime: number;
    readonly bits: string;
  };
  // The payment has a witness, of which a block of 2011 knows nothing.
  expect(pool.transactions).toEqual([]);
  expect(pool.coinbasevalue).toBe(5_000_000_000);
  const coinbase = new Tx({
    version: 1,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: 0xffffffff },
        scriptSig: Uint8Array.of(1, 102, 0),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: [{ value: BigInt(pool.coinbasevalue), scriptPubKey: Uint8Array.of(0x51) }],
    locktime: 0,
  });
  const fields = {
    version: pool.version,
    prevHash: pool.previousblockhash as BlockHeader['prevHash'],
    merkleRoot: merkleRoot([coinbase.txid]).root,
    time: pool.curtime,
    bits: Number.parseInt(pool.bits, 16),
  };
  let header = new BlockHeader({ ...fields, nonce: 0 });
  while (BigInt(`0x${header.hash}`) >= 1n << 255n) {
    header = new BlockHeader({ ...fields, nonce: header.nonce + 1 });
  }
  const data = Buffer.from(new Block(header, [coinbase]).encode()).toString('hex');
  expect(await client.getmemorypool({ data })).toBe(true);
  expect(await client.getbestblockhash()).toBe(header.hash);
  expect(await client.getmemorypool({ data })).toBe(false);
  await expect(client.getmemorypool({ data: 'zz' })).rejects.toMatchObject({ code: -22 });
});
