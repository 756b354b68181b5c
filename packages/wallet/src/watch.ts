/**
 * Watching scripts whose keys are somewhere else, in a wallet that has keys of its own: what they receive is in
 * the ledger, apart from what can be spent. Searching old blocks for it is the caller's business.
 */
import { parseDescriptor } from '@coind/descriptors';
import { bytesToHex, hash160 } from '@coind/primitives';
import { classifyOutput, isPublicKey, p2pk, p2pkh, p2sh, p2wpkh } from '@coind/script';
import { bookScript, paymentsOf } from './address-book.ts';
import { addressOf, type WalletContext, walletMeta } from './context.ts';
import { describeScript, knowledgeOf } from './describe-script.ts';
import { WalletError } from './errors.ts';
import { addDescriptor, adoptScripts } from './import.ts';
import type { BookRow } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** In the text of a descriptor without origins. */
const PUBLIC_KEY = /\b(?:0[23][0-9a-f]{64}|04[0-9a-f]{128})\b/g;

/** Where scripts are brought in. */
export interface Importing {
  readonly context: WalletContext;
  readonly unit: UnitOfWork;
}

/** What is told of a script besides itself. */
export interface Told {
  /** Unix seconds before which nothing was paid to it; 0 when nobody knows. */
  readonly timestamp: number;
  /** What lies behind it, or behind what lies behind it. */
  readonly scripts?: readonly Uint8Array[];
  /** Public keys whose hashes are in it. */
  readonly keys?: readonly Uint8Array[];
}

/** Whether the wallet has all keys of a script. */
export function isSpendable({ context, unit }: Importing, script: Uint8Array): boolean {
  const { flags } = walletMeta(context);
  return (
    !flags.privateKeysDisabled && context.keyring.owner(unit, bytesToHex(script)) !== undefined
  );
}

/** Throws 'has-private-key' for a script that there is no need to watch. */
export function refuseSpendable(importing: Importing, script: Uint8Array): void {
  if (isSpendable(importing, script)) throw new WalletError('has-private-key');
}

/**
 * Watches a script from now on, or learns more of one that is watched already. In a wallet without private keys
 * it is an own one. Nothing happens to one that can be spent.
 */
export async function watchScript(
  importing: Importing,
  scriptPubKey: Uint8Array,
  told: Told,
): Promise<void> {
  const { context, unit } = importing;
  const { keyring, params } = context;
  const script = bytesToHex(scriptPubKey);
  if (keyring.owner(unit, script)) return;
  const known = describeScript(scriptPubKey, knowledgeOf(context, unit, told));
  if (walletMeta(context).flags.privateKeysDisabled) {
    const address = addressOf(script, params);
    const text = known ?? (address === undefined ? `raw(${script})` : `addr(${address})`);
    const settings = { timestamp: Math.max(1, told.timestamp), active: false, internal: false };
    await addDescriptor(context, unit, parseDescriptor(text, params), settings, undefined);
    return;
  }
  const before = keyring.known.get(unit, script);
  rememberScript(importing, scriptPubKey, { ...told, watched: true });
  if (!before?.watched) await adoptScripts(context, unit, [script], 'watched');
}

/** Remembers what is known of a script, for solving it and for signing a part of it, watched or not. */
export function rememberScript(
  { context, unit }: Importing,
  scriptPubKey: Uint8Array,
  told: Told & { watched?: boolean },
): void {
  const { timestamp, scripts = [], watched = false } = told;
  const { keyring, tables } = context;
  const script = bytesToHex(scriptPubKey);
  const before = keyring.known.get(unit, script);
  const descriptor = describeScript(scriptPubKey, knowledgeOf(context, unit, told));
  const behind = scripts.find((one) => bytesToHex(p2sh(hash160(one))) === script);
  keyring.known.put(unit, script, {
    ...before,
    timestamp: before?.watched ? before.timestamp : timestamp,
    watched: watched || before?.watched === true,
    ...(descriptor !== undefined && { descriptor }),
    ...(behind && { redeemScript: bytesToHex(behind) }),
  });
  if (descriptor?.includes('multi(')) {
    for (const [key] of descriptor.matchAll(PUBLIC_KEY)) {
      unit.put(tables.sharedKeys, [key, script], true);
    }
  }
}

/** Names the address of a script, where it has one; that of a public key is its P2PKH address. */
export async function nameScript(
  { context, unit }: Importing,
  scriptPubKey: Uint8Array,
  label: string,
  purpose: BookRow['purpose'] = 'receive',
): Promise<void> {
  const { type, solutions } = classifyOutput(scriptPubKey);
  const [key] = solutions;
  const named = type === 'pubkey' && key && isPublicKey(key) ? p2pkh(hash160(key)) : scriptPubKey;
  const script = bytesToHex(named);
  if (addressOf(script, context.params) === undefined) return;
  const payments = await paymentsOf(context, script);
  bookScript(unit, context, script, { label, purpose }, payments);
}

/** Watches a script under a name. Throws 'has-private-key'. */
export async function importScript(
  importing: Importing,
  script: Uint8Array,
  label: string,
): Promise<void> {
  refuseSpendable(importing, script);
  await watchScript(importing, script, { timestamp: 0 });
  await nameScript(importing, script, label);
}

/** Watches a script and the P2SH address it is behind. Throws 'has-private-key'. */
export async function importRedeemScript(
  importing: Importing,
  script: Uint8Array,
  label: string,
): Promise<void> {
  const scriptPubKey = p2sh(hash160(script));
  refuseSpendable(importing, scriptPubKey);
  const told = { timestamp: 0, scripts: [script] };
  await watchScript(importing, script, told);
  await watchScript(importing, scriptPubKey, told);
  await nameScript(importing, scriptPubKey, label);
}

/** Scripts that a public key can have alone; the segwit ones only of a compressed key. */
export function scriptsOfKey(key: Uint8Array): { raw: Uint8Array; addresses: Uint8Array[] } {
  const hash = hash160(key);
  const segwit = p2wpkh(hash);
  const more = key.length === 33 ? [segwit, p2sh(hash160(segwit))] : [];
  return { raw: p2pk(key), addresses: [p2pkh(hash), ...more] };
}

/** Watches all that pays a public key. Throws 'has-private-key'. */
export async function importPublicKey(
  importing: Importing,
  key: Uint8Array,
  label: string,
): Promise<void> {
  const { raw, addresses } = scriptsOfKey(key);
  refuseSpendable(importing, raw);
  const [, segwit] = addresses;
  const told = { timestamp: 0, keys: [key], ...(segwit && { scripts: [segwit] }) };
  await watchScript(importing, raw, told);
  for (const script of addresses) {
    refuseSpendable(importing, script);
    await watchScript(importing, script, told);
    await nameScript(importing, script, label);
  }
}
