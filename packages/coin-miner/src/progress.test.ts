import { expect, test } from 'vitest';
import { formatProgress, formatRate, tellOn } from './progress.ts';

const progress = { hashesPerSecond: 5_314_000, height: 812, share: 0.371, blocks: 4 };

test('rates have the unit that fits', () => {
  expect([0, 999, 1_000, 5_314_000, 7e9, 7e12].map(formatRate)).toEqual([
    '0 hash/s',
    '999 hash/s',
    '1.00 khash/s',
    '5.31 Mhash/s',
    '7.00 Ghash/s',
    '7000.00 Ghash/s',
  ]);
});

test('the line says rate, height, share and blocks', () => {
  expect(formatProgress(progress)).toBe('5.31 Mhash/s, block 812: 37% of the work, 4 blocks found');
  expect(formatProgress({ ...progress, blocks: 1 })).toMatch(/1 block found$/);
});

test('on a terminal the line is written over, elsewhere printed now and then', () => {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const terminal = tellOn({ write, isTTY: true });
  terminal.progress(progress);
  terminal.back();
  terminal.end();
  expect(written).toEqual([
    `\r\u001b[K${formatProgress(progress)}`,
    '\r\u001b[KThe node is back\n',
  ]);
  written.length = 0;
  const file = tellOn({ write });
  for (let i = 0; i < 31; i++) file.progress(progress);
  file.end();
  expect(written).toEqual(Array(2).fill(`${formatProgress(progress)}\n`));
});
