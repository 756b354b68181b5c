import { expect, test } from 'vitest';
import { ScanPlace } from './chain-scans.ts';

test('takes one scan at a time, and the next when that has ended', async () => {
  const place = new ScanPlace();
  let finish = (): void => undefined;
  const first = place.run(async (scan) => {
    scan.progress = 40;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return scan.aborted;
  });
  expect(place.scan?.progress).toBe(40);
  await expect(place.run(async () => 1)).rejects.toMatchObject({ code: -8 });
  finish();
  expect(await first).toBe(false);
  expect(place.scan).toBeUndefined();
  expect(await place.run(async () => 2)).toBe(2);
});

test('a scan hears that it shall end; without one there is nothing to abort', async () => {
  const place = new ScanPlace();
  expect(place.abort()).toBe(false);
  const scan = place.run(async (own) => {
    await Promise.resolve();
    return own.aborted;
  });
  expect(place.abort()).toBe(true);
  expect(await scan).toBe(true);
});

test('a scan that fails gives its place back', async () => {
  const place = new ScanPlace();
  await expect(
    place.run(async () => {
      throw new Error('the disk is gone');
    }),
  ).rejects.toThrow('the disk is gone');
  expect(place.scan).toBeUndefined();
});
