/** A search that several share: who takes what, when it ends, and what happens without threads. */
import { BlockHeader, chainParams } from '@coind/primitives';
import { expect, test } from 'vitest';
import { createScanner } from './scanner.ts';
import { targetBytes } from './search.ts';
import { JOB_SLICE, SearchJob } from './search-job.ts';
import { createSearchThreads } from './search-threads.ts';
import { searchShare } from './search-worker.ts';

const genesis = chainParams('coin')?.genesis.header as BlockHeader;
const jobOf = (header: BlockHeader) => SearchJob.of(header.encode(), targetBytes(header));

test('slices are handed out once each, until somebody stops', () => {
  const job = jobOf(genesis);
  const other = new SearchJob(job.memory);
  expect([job.take(), other.take(), job.take()]).toEqual([0, JOB_SLICE, 2 * JOB_SLICE]);
  job.finishSlice();
  other.finishSlice();
  expect(job.tries).toBe(2 * JOB_SLICE);
  other.stop();
  expect(job.take()).toBeUndefined();
  expect(job.nonce).toBeUndefined();
});

test('a share ends with the slice in which a nonce is found', () => {
  const job = jobOf(genesis);
  searchShare(job, createScanner());
  expect(job.nonce).toBe(genesis.nonce);
  expect(job.tries).toBe(JOB_SLICE * Math.ceil((genesis.nonce + 1) / JOB_SLICE));
  expect(job.take()).toBeUndefined();
});

test('header and target are the same for everybody', () => {
  const job = new SearchJob(jobOf(genesis).memory);
  expect(job.header).toEqual(genesis.encode());
  expect(job.target).toEqual(targetBytes(genesis));
});

test('a signal that comes while the first nonces are tried is not missed', async () => {
  const threads = createSearchThreads({ threads: 1 });
  const controller = new AbortController();
  const main = chainParams('main')?.genesis.header as BlockHeader;
  const search = threads.search(
    new BlockHeader({ ...main, time: main.time + 1 }),
    controller.signal,
  );
  controller.abort();
  expect(await search).toMatchObject({ status: 'stopped' });
  await threads.close();
});

test('without threads the search is done here', async () => {
  const threads = createSearchThreads({
    threads: 2,
    workerUrl: new URL('./no-such-worker.js', import.meta.url),
  });
  const outcome = await threads.search(genesis, new AbortController().signal);
  expect(outcome).toMatchObject({ status: 'found', header: { nonce: genesis.nonce } });
  expect(threads.hashes).toBe(genesis.nonce);
  expect(await threads.search(genesis, AbortSignal.abort())).toMatchObject({ status: 'stopped' });
  await threads.close();
  expect(await threads.search(genesis, new AbortController().signal)).toMatchObject({
    status: 'stopped',
  });
});
