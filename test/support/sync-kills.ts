/**
 * kill -9 while a node takes in a chain that another one has: downloaded from a peer, or handed in with
 * `submitblock`. Wherever it died, it comes back with all it had answered, and in the end with the same coins.
 */
import { rmSync } from 'node:fs';
import { bytesToHex } from '@coind/primitives';
import { TransportError } from '@coind/rpc/client';
import { type Daemon, startDaemon, temporaryDirectory } from './daemon.ts';
import { freePort } from './free-port.ts';
import { signedChain } from './signed-chain.ts';

/** What a run found. */
export interface SyncKillReport {
  readonly kills: number;
  /** Heights it was seen at and did not have again after the restart. */
  readonly lost: readonly string[];
  /** Whether its tip and coins were those of the source when it had caught up. */
  readonly same: boolean;
}

/** How the blocks come in. */
export type Feed = 'peer' | 'submitblock';

const BLOCKS = 60;
const INPUTS = 40;
/** Blocks that are handed in at a time, so that some wait in the queue when the node dies. */
const BURST = 8;

const stateOf = async ({ client }: Daemon) => {
  const { bestblock, muhash } = await client.gettxoutsetinfo({ hash_type: 'muhash' });
  return `${bestblock} ${muhash}`;
};

/** The heights at which a node is killed: spread over the whole chain, and never the same twice. */
const killHeights = (kills: number, length: number) =>
  Array.from({ length: kills }, (_, i) => Math.floor(((i + 0.7) * length) / (kills + 0.5)));

/** Hands in `blocks` from the node's own height on; notes the heights that were answered for. */
async function handIn({ client }: Daemon, blocks: readonly Uint8Array[], answered: Set<number>) {
  let next = await client.getblockcount();
  while (next < blocks.length) {
    const first = next + 1;
    const answers = blocks.slice(next, next + BURST).map(async (bytes, i) => {
      const answer = await client.submitblock({ hexdata: bytesToHex(bytes) });
      if (answer === null) answered.add(first + i);
      // On connections of their own, a later one may come in before an earlier one: then it comes again.
      else if (answer !== 'prev-blk-not-found') throw new Error(`block ${first + i} is ${answer}`);
    });
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === 'rejected') throw answer.reason;
    }
    next = await client.getblockcount();
  }
}

/** Waits until the node is at `height`; returns the last height it was seen at. */
async function reach({ client }: Daemon, height: number): Promise<number> {
  for (;;) {
    const seen = await client.getblockcount();
    if (seen >= height) return seen;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const unlessDead = (error: unknown) => {
  if (!(error instanceof TransportError)) throw error;
};

/** A node that is killed `kills` times on its way to the end of a chain. */
export async function killedSync(feed: Feed, kills: number): Promise<SyncKillReport> {
  const { setup, blocks } = signedChain('ecdsa', BLOCKS, INPUTS);
  const chain = [...setup, ...blocks];
  const port = await freePort();
  const datadir = temporaryDirectory();
  const lost: string[] = [];
  await using source = await startDaemon({
    args: ['-listen=1', '-bind=127.0.0.1', `-port=${port}`, '-disablewallet'],
  });
  await handIn(source, chain, new Set());
  const start = () =>
    startDaemon({ datadir, args: feed === 'peer' ? [`-connect=127.0.0.1:${port}`] : [] });
  const answered = new Set<number>();
  const begin = async (daemon: Daemon) => {
    if (feed === 'submitblock') await handIn(daemon, chain, answered).catch(unlessDead);
  };
  let daemon = await start();
  try {
    for (const height of killHeights(kills, chain.length)) {
      const feeding = begin(daemon);
      const seen = await reach(daemon, height);
      await daemon.kill();
      await feeding;
      daemon = await start();
      const back = await daemon.client.getblockcount();
      const expected = Math.max(seen, ...answered);
      if (back < expected) lost.push(`${expected}: it came back at ${back}`);
    }
    await Promise.all([begin(daemon), reach(daemon, chain.length)]);
    const same = (await stateOf(daemon)) === (await stateOf(source));
    return { kills, lost, same };
  } finally {
    await daemon.stop();
    rmSync(datadir, { recursive: true, force: true });
  }
}
