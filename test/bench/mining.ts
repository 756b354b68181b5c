/** Blocks on request, the most frequent thing a test asks of a node. */
import { startDaemon } from '../support/daemon.ts';
import { type Result, summarise, timed } from './measure.ts';

/** Nobody's: its key is the program of BIP173's example. */
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

/** Runs the benchmark. */
export async function mining(): Promise<readonly Result[]> {
  return [
    await blocks('a block of 500, no wallet', 500, 5, ['-disablewallet']),
    await blocks('a block of 500', 500, 5),
    await blocks('a block of 10', 10, 50),
    await blocks('a block of 1', 1, 200),
  ];
}

/** Time of one block in calls of `count`. */
async function blocks(name: string, count: number, calls: number, args: readonly string[] = []) {
  await using daemon = await startDaemon({ args });
  const samples: number[] = [];
  for (let i = 0; i < calls; i++) {
    const ms = await timed(() =>
      daemon.client.generatetoaddress({ nblocks: count, address: ADDRESS }),
    );
    samples.push(ms / count);
  }
  return summarise(name, samples);
}
