/**
 * Opening a wallet whose next blocks are not there: pruned, or below a snapshot whose past is still to come. One
 * whose keys are younger than what is missing goes on behind it; any other has to wait.
 */
import type { Store } from '@coind/store';
import { type WalletContext, walletMeta } from './context.ts';
import { WalletError } from './errors.ts';
import { firstHeightSince, TIMESTAMP_WINDOW } from './rescan.ts';
import { extendTrail } from './trail.ts';
import { UnitOfWork } from './unit-of-work.ts';

const PRUNED =
  'Wallet loading failed. Prune: last wallet synchronisation goes beyond pruned data. You need to -reindex (download the whole blockchain again in case of a pruned node)';
const awaited = (height: number): string =>
  `Wallet loading failed. Error loading wallet. Wallet requires blocks to be downloaded, and software does not currently support loading wallets while blocks are being downloaded out of order when using assumeutxo snapshots. Wallet should be able to load successfully after node sync reaches height ${height}`;

/** Brings a wallet past blocks that are missing. Throws 'blocks-missing' when it needs them. */
export async function passMissingBlocks(context: WalletContext, store: Store): Promise<void> {
  const { source, tables } = context;
  const position = tables.position.getSync(undefined);
  const whole = source.wholeFrom();
  if (!position || position.height >= Math.min(whole.height, source.tip().height)) return;
  const { birthTime } = walletMeta(context);
  const first = Math.max(position.height, firstHeightSince(source, birthTime - TIMESTAMP_WINDOW));
  const ref = source.refAt(first);
  if (first < whole.height || !ref) {
    throw new WalletError('blocks-missing', whole.awaited ? awaited(whole.height) : PRUNED);
  }
  const unit = new UnitOfWork();
  unit.put(tables.position, undefined, ref);
  extendTrail(unit, tables, ref);
  await store.commit(unit.writes());
  unit.keepIn(context.rows);
}
