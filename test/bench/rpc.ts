/** Calls over one kept connection: HTTP, JSON, dispatch, handler and back. */
import { startDaemon } from '../support/daemon.ts';
import { connection } from './connection.ts';
import { type Result, repeat } from './measure.ts';

/** Runs the benchmark. */
export async function rpc(): Promise<readonly Result[]> {
  await using daemon = await startDaemon();
  const address = await daemon.client.getnewaddress();
  const hashes = await daemon.client.generatetoaddress({ nblocks: 110, address });
  const call = connection(daemon);
  const hashAt = (index: number) => hashes[index % hashes.length];
  const batch = JSON.stringify(
    Array.from({ length: 100 }, (_, i) => ({ method: 'getblockhash', params: [i], id: i })),
  );
  return [
    await repeat('getblockcount', 300, () => call('getblockcount')),
    await repeat('getblockhash', 300, (i) => call('getblockhash', 1 + (i % 100))),
    await repeat('getblock', 300, (i) => call('getblock', hashAt(i), 1)),
    await repeat('validateaddress', 300, () => call('validateaddress', address)),
    await repeat('getbalance', 300, () => call('getbalance')),
    await repeat('getnewaddress', 100, () => call('getnewaddress')),
    await repeat('sendtoaddress', 10, () => call('sendtoaddress', address, 0.001)),
    await repeat('batch of 100 getblockhash', 20, () => call.raw(batch)),
  ];
}
