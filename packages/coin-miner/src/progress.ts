/** What a miner tells its user: one line that is written over on a terminal, and lines that stay. */
import type { Block } from '@coind/primitives';
import type { MinerEvents, Progress } from './mine.ts';

/** Where the lines go. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Without a terminal one line in so many is printed. */
const EVERY = 30;
const CLEAR_LINE = '\r\u001b[K';

/** A rate with the unit that fits: `5.31 Mhash/s`. */
export function formatRate(hashesPerSecond: number): string {
  const units = ['hash/s', 'khash/s', 'Mhash/s', 'Ghash/s'];
  let rate = hashesPerSecond;
  let unit = 0;
  for (; rate >= 1000 && unit < units.length - 1; unit++) rate /= 1000;
  return `${rate.toFixed(unit === 0 ? 0 : 2)} ${units[unit]}`;
}

/** `5.31 Mhash/s, block 812: 37% of the work, 4 blocks found` */
export function formatProgress({ hashesPerSecond, height, share, blocks }: Progress): string {
  const percent = `${Math.round(100 * share)}% of the work`;
  return `${formatRate(hashesPerSecond)}, block ${height}: ${percent}, ${blocks} ${blocks === 1 ? 'block' : 'blocks'} found`;
}

/** Events as lines of text. */
export function tellOn(output: Output): MinerEvents & { end(): void } {
  let lines = 0;
  let isOpen = false;
  const say = (text: string) => {
    output.write(`${isOpen ? CLEAR_LINE : ''}${text}\n`);
    isOpen = false;
  };
  return {
    progress(progress) {
      const text = formatProgress(progress);
      if (output.isTTY === true) {
        output.write(`${CLEAR_LINE}${text}`);
        isOpen = true;
      } else if (lines++ % EVERY === 0) {
        say(text);
      }
    },
    found: (block: Block, height) => say(`Found block ${height}: ${block.hash}`),
    refused: (block, reason) => say(`The node did not take ${block.hash}: ${reason}`),
    away: (reason) => say(`Waiting for the node: ${reason}`),
    back: () => say('The node is back'),
    end() {
      if (isOpen) output.write('\n');
      isOpen = false;
    },
  };
}
