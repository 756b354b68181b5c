/**
 * Watching scripts whose keys are somewhere else, in a wallet that has keys of its own: what they receive is in
 * the ledger, apart from what can be spent. Searching old blocks for it is the caller's business.
 */
import { type Descriptor, expandDescriptor, formatSolution } from '@coind/descriptors';
import { bytesToHex } from '@coind/primitives';
import { bookScript, paymentsOf } from './address-book.ts';
import { addressOf, type WalletContext } from './context.ts';
import { adoptScripts } from './import.ts';
import type { KnownScriptRow, ScriptHex } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** What is known of scripts that are to be watched. */
export interface Watching {
  /** Unix seconds before which nothing was paid to them; 0 when nobody knows. */
  readonly timestamp: number;
  /** Their name in the address book; undefined leaves them out of it. */
  readonly label: string | undefined;
}

/** Watches every script of a descriptor without a wildcard; own scripts are named only. */
export async function watchDescriptor(
  context: WalletContext,
  unit: UnitOfWork,
  descriptor: Descriptor,
  { timestamp, label }: Watching,
): Promise<void> {
  for (const solution of expandDescriptor(descriptor, 0)) {
    const script = bytesToHex(solution.scriptPubKey);
    const solved = solution.keys.length > 0;
    const row = {
      timestamp,
      ...(solved && { descriptor: formatSolution(solution, context.params) }),
    };
    await watchScript(context, unit, script, row);
    if (label !== undefined) await nameScript(context, unit, script, label);
  }
}

/** Watches a script, or learns more of one that is watched already. */
export async function watchScript(
  context: WalletContext,
  unit: UnitOfWork,
  script: ScriptHex,
  about: Omit<KnownScriptRow, 'watched'>,
): Promise<void> {
  const { keyring } = context;
  if (keyring.owner(unit, script)) return;
  const before = keyring.known.get(unit, script);
  keyring.known.put(unit, script, { ...before, ...about, watched: true });
  if (!before?.watched) await adoptScripts(context, unit, [script], 'watched');
}

/** Names a script that has an address. */
async function nameScript(
  context: WalletContext,
  unit: UnitOfWork,
  script: ScriptHex,
  label: string,
): Promise<void> {
  if (addressOf(script, context.params) === undefined) return;
  const payments = await paymentsOf(context, script);
  bookScript(unit, context, script, { label, purpose: 'receive' }, payments);
}
