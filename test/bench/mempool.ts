/**
 * Five thousand transactions one after the other into the mempool, then what miners and explorers ask of a
 * full one, then the block of all of them. The time of processors counts every thread of the daemon.
 */
import { Block, bytesToHex } from '@coind/primitives';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { signedChain } from '../support/signed-chain.ts';
import { type Call, connection } from './connection.ts';
import { processorMs, type Result, summarise, timed } from './measure.ts';

const TRANSACTIONS = 5_000;
const AGAIN = 20;
/** Nobody's: its key is the program of BIP173's example. */
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const TEMPLATE = { rules: ['segwit'] };

/** Runs the benchmark. */
export async function mempool(): Promise<readonly Result[]> {
  // Two inputs each: one P2PKH, one P2WPKH.
  const { setup, blocks } = signedChain('ecdsa', 1, 2 * TRANSACTIONS);
  const [full] = blocks as [Uint8Array];
  const txs = Block.decode(full).txs.slice(1);
  await using daemon = await startDaemon({ args: ['-disablewallet'] });
  for (const bytes of setup) await daemon.client.submitblock({ hexdata: bytesToHex(bytes) });
  const call = connection(daemon);
  const measured = measurer(daemon, call);
  // The chain is from long ago: only a new block ends what counts as the initial download.
  await call('generatetoaddress', 1, ADDRESS);
  return [
    await measured(
      'sendrawtransaction',
      txs.map((tx) => ['sendrawtransaction', bytesToHex(tx.encode())]),
    ),
    await measured('getblocktemplate, the first', [['getblocktemplate', TEMPLATE]]),
    await measured('getblocktemplate again', Array(AGAIN).fill(['getblocktemplate', TEMPLATE])),
    await measured('getrawmempool', Array(AGAIN).fill(['getrawmempool'])),
    await measured('getrawmempool true', Array(AGAIN).fill(['getrawmempool', true])),
    await measured('the block of all of them', [['generatetoaddress', 1, ADDRESS]]),
  ];
}

/** Times calls made one after the other. */
function measurer({ pid }: Daemon, call: Call) {
  return async (
    name: string,
    calls: readonly (readonly [string, ...unknown[]])[],
  ): Promise<Result> => {
    const samples: number[] = [];
    const before = processorMs(pid) ?? Number.NaN;
    for (const words of calls) samples.push(await timed(() => call(...words)));
    const cpuMs = ((processorMs(pid) ?? Number.NaN) - before) / calls.length;
    const mean = samples.reduce((sum, ms) => sum + ms, 0) / calls.length;
    const note = `${(1000 / mean).toFixed(1)}/s, ${cpuMs.toFixed(2)} ms of processors each`;
    return summarise(name, samples, note);
  };
}
