/** kill -9 in the middle of payments with a key: asking again pays nobody twice and forgets nobody. */
import { rmSync } from 'node:fs';
import { TransportError } from '@coind/rpc/client';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon, temporaryDirectory } from '../support/daemon.ts';

const TO = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const AMOUNT = 100_000n;
const PAYMENTS = 60;
const KILLS = 3;
const args = ['-fallbackfee=0.0001'];

test('every key has one payment, however often it was asked for', async () => {
  const datadir = temporaryDirectory();
  let daemon: Daemon = await startDaemon({ datadir, args });
  let restarting: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await daemon.kill();
    daemon = await startDaemon({ datadir, args });
  };
  /** Asks until there is an answer, as a service does that lost its connection. */
  const untilAnswered = async <T>(ask: (daemon: Daemon) => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        await restarting;
        return await ask(daemon);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const pay = (number: number) =>
    untilAnswered(({ client }) =>
      client.sendfrom({
        fromaccount: 'alice',
        toaddress: TO,
        amount: AMOUNT,
        idempotency_key: `payment ${number}`,
      }),
    );
  const mine = () =>
    untilAnswered(({ client }) => client.generatetoaddress({ nblocks: 1, address: TO }));
  const move = (number: number) =>
    untilAnswered(({ client }) =>
      client.move({
        fromaccount: 'alice',
        toaccount: 'bob',
        amount: 1n,
        idempotency_key: `move ${number}`,
      }),
    );
  try {
    const { client } = daemon;
    const address = await client.getnewaddress({ label: 'alice' });
    await client.generatetoaddress({ nblocks: 20, address });
    await client.generatetoaddress({ nblocks: 100, address: TO });

    let done = 0;
    const killing = (async () => {
      for (let kill = 1; kill <= KILLS; kill++) {
        while (done < (kill * 2 * PAYMENTS) / (KILLS + 1)) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        restarting = restart();
        await restarting;
        restarting = undefined;
      }
    })();
    const answers = new Map<number, string>();
    const payer = async (first: number): Promise<void> => {
      for (let number = first; number < PAYMENTS; number += 4) {
        answers.set(number, await pay(number));
        await move(number);
        done += 2;
        // The mempool takes no chain of unconfirmed payments that is too long.
        if (done % 20 === 0) await mine();
      }
    };
    await Promise.all([payer(0), payer(1), payer(2), payer(3), killing]);

    expect(new Set(answers.values()).size).toBe(PAYMENTS);
    for (const number of [0, 7, PAYMENTS - 1]) {
      expect(await pay(number)).toBe(answers.get(number));
      await move(number);
    }
    await mine();
    const after = daemon.client;
    expect(await after.getbalance({ account: 'bob' })).toBe(BigInt(PAYMENTS));
    const entries = await after.listtransactions({ account: 'alice', count: 10_000 });
    const sent = entries.filter(({ category }) => category === 'send');
    expect(new Set(sent.map(({ txid }) => txid))).toEqual(new Set(answers.values()));
    expect(sent.length).toBe(PAYMENTS);
    expect(await after.auditaccounts()).toMatchObject({ clean: true, settled: true, faults: [] });
    await expect(
      after.move({ fromaccount: 'bob', toaccount: 'alice', amount: 1n, idempotency_key: 'move 1' }),
    ).rejects.toMatchObject({
      code: -8,
      message: 'The idempotency key was used before with other arguments',
    });
  } finally {
    await daemon.kill();
    rmSync(datadir, { recursive: true, force: true });
  }
}, 120_000);

test('the Idempotency-Key header does the same, in a batch for each call by its place', async () => {
  await using daemon = await startDaemon({ args });
  const { user, password } = daemon.credentials;
  const post = async (body: unknown, key: string): Promise<unknown> => {
    const response = await fetch(daemon.url, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        'Idempotency-Key': key,
      },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const call = (...params: unknown[]) => ({ method: 'move', params, id: 1 });
  const balance = () => daemon.client.getbalance({ account: 'b' });
  for (let i = 0; i < 3; i++) {
    expect(await post(call('a', 'b', 1), 'one')).toMatchObject({ result: true });
  }
  expect(await balance()).toBe(100_000_000n);
  expect(await post(call('a', 'b', 2), 'one')).toMatchObject({ error: { code: -8 } });
  for (let i = 0; i < 2; i++) {
    await post([call('a', 'b', 3), call('a', 'b', 3)], 'two');
  }
  expect(await balance()).toBe(700_000_000n);
});
