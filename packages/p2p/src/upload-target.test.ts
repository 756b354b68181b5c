import { expect, test } from 'vitest';
import { UploadTarget } from './upload-target.ts';

test('without a target nothing is ever reached', () => {
  const upload = new UploadTarget(0, () => 1000);
  upload.sent(1e12);
  expect([upload.reached(false), upload.bytesLeft, upload.secondsLeft]).toEqual([false, 0, 0]);
});

test('what is left is kept for new blocks, and a new day starts afresh', () => {
  let now = 1_000_000;
  const upload = new UploadTarget(800_000_000, () => now);
  upload.sent(1);
  expect(upload.reached(true)).toBe(false);
  // 144 blocks of four megabytes are kept back.
  upload.sent(800_000_000 - 144 * 4_000_000);
  expect(upload.reached(true)).toBe(true);
  expect(upload.reached(false)).toBe(false);
  upload.sent(144 * 4_000_000);
  expect(upload.reached(false)).toBe(true);
  now += 86_401;
  upload.sent(1);
  expect(upload.reached(true)).toBe(false);
});
