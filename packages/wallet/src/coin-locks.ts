/** Which coins a user may keep from being spent (`lockunspent`); the set of them is the core's. */
import { type OutPoint, Tx } from '@coind/primitives';
import { WalletError } from './errors.ts';
import type { WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { WalletCore } from './wallet-core.ts';

/** Which coins could not be locked or unlocked, and why, in bitcoind's words. */
const lockTexts = {
  unknown: 'Invalid parameter, unknown transaction',
  range: 'Invalid parameter, vout index out of bounds',
  spent: 'Invalid parameter, expected unspent output',
  notLocked: 'Invalid parameter, expected locked output',
  locked: 'Invalid parameter, output already locked',
} as const;

/** Locks all of them or none. Throws 'invalid-lock' with bitcoind's text. */
export function lockCoins(
  unit: UnitOfWork,
  core: WalletCore,
  outpoints: readonly OutPoint[],
  persistent: boolean,
): void {
  for (const outpoint of outpoints) {
    checkLockable(core.context.tables, outpoint);
    if (core.isLocked(outpoint) && !persistent) {
      throw new WalletError('invalid-lock', lockTexts.locked);
    }
  }
  core.setLocked(unit, outpoints, true, persistent);
}

/** Frees all of them or none; every coin there is without a list. Throws 'invalid-lock'. */
export function unlockCoins(
  unit: UnitOfWork,
  core: WalletCore,
  outpoints: readonly OutPoint[] | undefined,
): void {
  for (const outpoint of outpoints ?? []) {
    checkLockable(core.context.tables, outpoint);
    if (!core.isLocked(outpoint)) throw new WalletError('invalid-lock', lockTexts.notLocked);
  }
  core.setLocked(unit, outpoints ?? core.lockedCoins(), false, false);
}

function checkLockable(tables: WalletTables, outpoint: OutPoint): void {
  const bytes = tables.txBytes.getSync(outpoint.txid);
  if (!bytes) throw new WalletError('invalid-lock', lockTexts.unknown);
  if (outpoint.vout >= Tx.decode(bytes).outputs.length) {
    throw new WalletError('invalid-lock', lockTexts.range);
  }
  const coinClass = tables.coins.getSync(outpoint)?.class;
  if (coinClass === 'spent' || coinClass === 'nonmempool') {
    throw new WalletError('invalid-lock', lockTexts.spent);
  }
}
