/**
 * kill -9 at random moments while blocks are mined and payments sent. After each restart the node must serve, hold
 * every payment it answered for, and have the tip and coins that a replay of its own block files gives.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Txid } from '@coind/primitives';
import { TransportError } from '@coind/rpc/client';
import { type Daemon, startDaemon, temporaryDirectory } from './daemon.ts';

/** What a run of rounds found. */
export interface KillReport {
  readonly rounds: number;
  /** Payments answered with a txid. */
  readonly payments: number;
  readonly height: number;
  /** Milliseconds from starting the process to its ready line, one per round. */
  readonly restartMs: readonly number[];
  /** Answered payments that the wallet did not know afterwards. */
  readonly lost: readonly Txid[];
  /** Rounds in which tip or coins differed from the replay. */
  readonly different: readonly string[];
}

const TO = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';

/** Payments and blocks until the connection breaks; notes what was answered. */
async function keepBusy({ client }: Daemon, answered: Set<Txid>): Promise<void> {
  const untilDead = async (work: () => Promise<void>) => {
    try {
      for (;;) await work();
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
    }
  };
  const miner = await client.getnewaddress();
  await Promise.all([
    untilDead(async () => {
      const sent = await client.sendtoaddress({ address: TO, amount: 1_000_000n });
      answered.add(typeof sent === 'string' ? sent : sent.txid);
    }),
    untilDead(async () => {
      await client.generatetoaddress({ nblocks: 2, address: miner });
    }),
  ]);
}

const stateOf = async ({ client }: Daemon) => {
  const { bestblock, muhash } = await client.gettxoutsetinfo({ hash_type: 'muhash' });
  return `${bestblock} ${muhash}`;
};

/** Tip and coins that the block files of `datadir` alone lead to. */
async function replayed(datadir: string): Promise<string> {
  const copy = temporaryDirectory();
  mkdirSync(join(copy, 'regtest', 'wallets'), { recursive: true });
  cpSync(join(datadir, 'regtest', 'blocks'), join(copy, 'regtest', 'blocks'), { recursive: true });
  try {
    const daemon = await startDaemon({ datadir: copy, args: ['-reindex', '-disablewallet'] });
    const state = await stateOf(daemon);
    await daemon.stop();
    return state;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** `rounds` lives and deaths of one data directory; `lifeMs` says how long each life lasts. */
export async function killRounds(
  rounds: number,
  lifeMs: (round: number) => number,
): Promise<KillReport> {
  const datadir = temporaryDirectory();
  const answered = new Set<Txid>();
  const lost: Txid[] = [];
  const different: string[] = [];
  const restartMs: number[] = [];
  let daemon = await startDaemon({ datadir });
  let height = 0;
  try {
    const first = await daemon.client.getnewaddress();
    await daemon.client.generatetoaddress({ nblocks: 120, address: first });
    for (let round = 0; round < rounds; round++) {
      const busy = keepBusy(daemon, answered);
      await new Promise((resolve) => setTimeout(resolve, lifeMs(round)));
      await daemon.kill();
      await busy;
      const started = performance.now();
      daemon = await startDaemon({ datadir });
      restartMs.push(Math.round(performance.now() - started));
      for (const txid of answered) {
        await daemon.client.gettransaction({ txid }).catch(() => lost.push(txid));
      }
      const state = await stateOf(daemon);
      height = await daemon.client.getblockcount();
      const replay = await replayed(datadir);
      if (state !== replay) different.push(`round ${round}: ${state} is not ${replay}`);
    }
    return { rounds, payments: answered.size, height, restartMs, lost, different };
  } finally {
    await daemon.stop();
    rmSync(datadir, { recursive: true, force: true });
  }
}
