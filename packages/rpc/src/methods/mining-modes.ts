/** Methods of ours that say when the node mines by itself. */
import { int, int64, num, optional, str } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];

const state = object({
  mode: str('manual, transaction, interval, pending or continuous'),
  interval: optional(num('Seconds between two blocks')),
  threads: optional(int('Threads that search')),
  blocks: int64('Blocks that the node has mined by itself since it started'),
  hashespersec: int64('Hashes per second, 0 while nothing is searched'),
});

/** Methods that say when the node mines by itself. */
export const miningModes = {
  setminingmode: method({
    category: 'mining',
    profiles,
    about:
      'Says when the node mines by itself: "manual" never, "transaction" as soon as one arrives (its sender is answered when the block is there), "interval" every so many seconds, "pending" the same while a transaction waits, "continuous" all the time.',
    params: {
      mode: str('manual, transaction, interval, pending or continuous'),
      interval: optional(num('Seconds between two blocks, of "interval" and "pending"'), 10),
      address: optional(str('Who is paid; otherwise -miningaddress, else the wallet')),
      threads: optional(int('Threads of "continuous"; -1 for one per processor'), -1),
    },
    result: state,
    examples: ['transaction', 'interval 5', 'pending 2 "bcrt1q…"'],
    legacy: { category: 'generating' },
  }),
  getminingmode: method({
    category: 'mining',
    profiles,
    about: 'When the node mines by itself, and how that goes.',
    params: {},
    result: state,
    examples: [''],
    legacy: { category: 'generating' },
  }),
};
