/** Many callers at the same time, and callers who ask twice: what is paid is paid once and was there. */
import { mine, spawn } from '@coind/testing';
import { expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;
const CALLS = 200;

test('200 payments from an account that has enough for half, while others move: half are paid', async () => {
  await using node = await spawn({ args: ['-rpcworkqueue=1000', '-fallbackfee=0.0002'] });
  const { client } = node;
  await mine(client, CALLS + 10, await client.getnewaddress({ label: 'bank' }));
  const amount = COIN / 100n;
  // All fees together are less than what is over, and that is less than one more payment.
  const spare = amount / 2n;
  const enough = amount * BigInt(CALLS / 2) + spare;
  await client.move({ fromaccount: 'bank', toaccount: 'alice', amount: enough });
  const before = await client.getbalance();

  const payments = Array.from({ length: CALLS }, () =>
    client.sendfrom({ fromaccount: 'alice', toaddress: FOREIGN, amount }),
  );
  const moves = Array.from({ length: CALLS }, (_, i) =>
    i % 2 === 0
      ? client.move({ fromaccount: 'alice', toaccount: 'bob', amount: 1n })
      : client.move({ fromaccount: 'bob', toaccount: 'alice', amount: 1n }),
  );
  const outcomes = await Promise.allSettled(payments);
  expect(await Promise.all(moves)).toEqual(moves.map(() => true));

  const paid = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(new Set(paid).size).toBe(CALLS / 2);
  for (const one of outcomes) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: -6 });
  }
  let fees = 0n;
  for (const txid of paid) fees -= (await client.gettransaction({ txid })).fee ?? 0n;
  const accounts = await client.listaccounts();
  expect(accounts.get('alice')).toBe(spare - fees);
  expect(accounts.get('bob')).toBe(0n);
  for (const balance of accounts.values()) expect(balance).toBeGreaterThanOrEqual(0n);
  const left = before - amount * BigInt(CALLS / 2) - fees;
  expect(await client.getbalance()).toBe(left);
  expect([...accounts.values()].reduce((sum, balance) => sum + balance, 0n)).toBe(left);
  expect(await client.auditaccounts()).toMatchObject({ clean: true });
});

test('payments and moves of the same amounts at once: no payment is made of what is not there', async () => {
  await using node = await spawn({
    args: ['-compat=legacy', '-addresstype=legacy', '-rpcworkqueue=1000', '-fallbackfee=0.0002'],
  });
  const { client } = node;
  const call = <Result>(method: string, ...params: unknown[]): Promise<Result> =>
    client.call(method, params as never) as never;
  await call('generatetoaddress', 110, await call<string>('getnewaddress', 'bank'));
  const amount = 1;
  // Enough for half of all calls; the fees of all payments together are less than one more.
  await call('move', 'bank', 'alice', CALLS / 2 + 0.5);
  const before = await call<number>('getbalance', '*');

  const outcomes = await Promise.allSettled(
    Array.from({ length: CALLS }, (_, i) =>
      i % 2 === 0
        ? call<string>('sendfrom', 'alice', FOREIGN, amount)
        : call<boolean>('move', 'alice', 'bob', amount),
    ),
  );
  const [payments, moves] = [0, 1].map((odd) => outcomes.filter((_, i) => i % 2 === odd));
  // Up from 0.3.20 a move asks for nothing: the account may owe.
  expect(moves?.every((one) => one.status === 'fulfilled' && one.value === true)).toBe(true);
  const txids = (payments ?? []).flatMap((one) =>
    one.status === 'fulfilled' ? [one.value as string] : [],
  );
  for (const one of payments ?? []) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: -6 });
  }
  expect(txids.length).toBeGreaterThan(0);
  expect(txids.length).toBeLessThanOrEqual(CALLS / 2);
  expect(new Set(txids).size).toBe(txids.length);

  // Line by line: whenever a payment was made, the account had its amount; only the fee could be missing.
  const { lines } = await call<{
    lines: { kind: string; amount: number; balance: number }[];
  }>('listjournal', 'alice');
  const sent = lines.filter(({ kind }) => kind === 'send');
  expect(sent).toHaveLength(txids.length);
  for (const { amount: change, balance } of sent) {
    expect(Math.round((balance - change) * 1e8)).toBeGreaterThanOrEqual(amount * 1e8);
  }
  const fees = sent.reduce((sum, { amount: change }) => sum - change - amount, 0);
  const accounts = await call<Readonly<Record<string, number>>>('listaccounts', 0);
  expect(accounts.bob).toBe((CALLS / 2) * amount);
  expect(accounts.alice).toBeCloseTo(0.5 - txids.length * amount - fees, 8);
  const sum = Object.values(accounts).reduce((total, balance) => total + balance, 0);
  expect(sum).toBeCloseTo(before - txids.length * amount - fees, 8);
  expect(await call('auditaccounts')).toMatchObject({ clean: true });
});

interface Answer {
  readonly result: unknown;
  readonly error: { readonly code: number; readonly message: string } | null;
}

/** A call with an `Idempotency-Key`, as any HTTP client makes it. */
async function callWith(
  { url, credentials: { user, password } }: Awaited<ReturnType<typeof startDaemon>>,
  key: string,
  method: string,
  params: readonly unknown[],
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'Idempotency-Key': key,
    },
    body: JSON.stringify({ method, params, id: 1 }),
  });
  return (await response.json()) as Answer;
}

test('a key pays once: at once, again, under other arguments, and after kill -9', async () => {
  await using first = await startDaemon({ args: ['-fallbackfee=0.0002'] });
  const { client, datadir } = first;
  await client.generatetoaddress({
    nblocks: 110,
    address: await client.getnewaddress({ label: 'alice' }),
  });
  const calls: readonly (readonly [string, readonly unknown[]])[] = [
    ['sendtoaddress', [FOREIGN, 0.1]],
    ['sendfrom', ['alice', FOREIGN, 0.1]],
    ['sendmany', ['alice', { [FOREIGN]: 0.1 }]],
    ['send', [{ [FOREIGN]: 0.1 }]],
    ['move', ['alice', 'bob', 0.1]],
  ];
  const results = new Map<string, unknown>();
  for (const [method, params] of calls) {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => callWith(first, method, method, params)),
    );
    expect(answers.map(({ error }) => error)).toEqual(answers.map(() => null));
    expect(new Set(answers.map(({ result }) => JSON.stringify(result))).size).toBe(1);
    results.set(method, answers[0]?.result);
    const other = await callWith(first, method, method, ['alice', 'bob', 0.2]);
    expect(other.error, method).not.toBeNull();
  }
  expect((await client.getmempoolinfo()).size).toBe(4);
  expect(await client.getbalance({ account: 'bob' } as never)).toBe(COIN / 10n);
  const bump = ['bumpfee', [results.get('sendtoaddress')]] as const;
  results.set('bumpfee', (await callWith(first, 'bumpfee', ...bump)).result);
  expect(results.get('bumpfee')).not.toBeNull();
  await first.kill();

  await using second = await startDaemon({ datadir, args: ['-fallbackfee=0.0002'] });
  for (const [method, params] of [...calls, bump]) {
    const again = await callWith(second, method, method, params);
    expect(again, method).toMatchObject({ result: results.get(method), error: null });
  }
  expect((await second.client.getmempoolinfo()).size).toBe(4);
  expect(await second.client.getbalance({ account: 'bob' } as never)).toBe(COIN / 10n);
});
