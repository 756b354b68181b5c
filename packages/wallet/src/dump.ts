/**
 * The text form of a wallet's keys that bitcoind had up to 0.21: a line for each key with its time, its
 * label and its addresses. Read to move in from such a node, written to move out; what keeps a whole wallet
 * is the backup.
 */
import {
  type Descriptor,
  expandDescriptor,
  formatExtendedKey,
  formatPath,
  isRanged,
  keysOf,
  type ScriptSolution,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams } from '@coind/primitives';
import { AddressError, decodeWif, encodeWif } from '@coind/script';
import { addressOf, type WalletContext } from './context.ts';
import { dumpScripts, formatTime } from './dump-scripts.ts';
import { chainsOfSeed, makesType } from './key-scheme.ts';
import type { DescriptorSettings } from './keyring.ts';
import type { DescriptorRow, WalletTables } from './tables.ts';

/** Takes pieces of the text, in order. */
export type TextSink = (text: string) => void;

/** A key in such a text. */
export interface DumpedKey {
  readonly wif: string;
  /** Unix seconds since which it was in use. */
  readonly time: number;
  /** Missing for change and for keys nobody has asked for yet. */
  readonly label?: string;
  /** Other keys of the file follow from it, as 0.16 derived them. */
  readonly isSeed: boolean;
  /** Where below its seed it is, as `m/0'/0'/5'`. */
  readonly keyPath?: string;
}

/** Keys below a seed that are known at once; as many as a keypool holds follow before blocks are searched. */
const LOOKAHEAD_OF_DUMP = 20;

/** What marks a seed, in 0.16 and since 0.17, in use or not. */
const SEED_FLAGS = ['hdmaster=1', 'inactivehdmaster=1', 'hdseed=1', 'inactivehdseed=1'];

/** Everything but letters, digits and a few signs as `%` and two hex digits for each byte. */
function encodeLabel(label: string): string {
  return encodeURIComponent(label).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
}

/** Undoes `encodeLabel`; what is no code stays as it is. */
function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Writes all private keys of a wallet, which must be unlocked. `creator` is who writes. */
export async function dumpKeys(
  context: WalletContext,
  creator: string,
  write: TextSink,
): Promise<void> {
  const { keyring, source } = context;
  const tip = source.tip();
  write(
    [
      `# Wallet dump created by ${creator}`,
      `# * Created on ${formatTime(source.now())}`,
      `# * Best block at time of backup was ${tip.height} (${tip.hash}),`,
      `#   mined on ${formatTime(tip.time)}`,
      '',
      '',
    ].join('\n'),
  );
  for (const text of masterKeys(context)) write(`# extended private masterkey: ${text}\n\n`);
  for (const { id } of keyring.list()) {
    const row = context.tables.descriptors.getSync(id);
    const descriptor = keyring.full(id);
    if (row && descriptor && keyring.hasSecret(id)) dumpDescriptor(context, row, descriptor, write);
  }
  write('\n');
  await dumpScripts(context, write);
  write('\n# End of dump\n');
}

/** The private extended keys that addresses come from; 0.16 showed the one of its seed in use. */
function masterKeys({ keyring, params, tables }: WalletContext): Set<string> {
  const isEarly = tables.meta.getSync(undefined)?.keyScheme === '0.16';
  const masters = new Set<string>();
  for (const { id, row } of keyring.list()) {
    if (isEarly && !row.active) continue;
    for (const key of keysOf(keyring.full(id) as Descriptor)) {
      if (key.kind !== 'extended' || !key.root.privateKey) continue;
      masters.add(formatExtendedKey(key.root, params));
    }
  }
  return masters;
}

function dumpDescriptor(
  context: WalletContext,
  row: DescriptorRow,
  descriptor: Descriptor,
  write: TextSink,
): void {
  const { params, tables } = context;
  const ranged = isRanged(descriptor);
  const [start, end] = ranged ? [row.rangeStart, row.rangeEnd] : [0, 1];
  const isDerived = ranged || row.masterKeyId !== undefined;
  for (let index = start; index < end; index++) {
    const solutions = expandDescriptor(descriptor, index);
    const { label, addresses } = namesOf(context, solutions);
    const flag =
      label === undefined ? flagOf(tables, row, ranged, index) : `label=${encodeLabel(label)}`;
    for (const { privateKey, publicKey, origin } of solutions[0]?.keys ?? []) {
      if (!privateKey) continue;
      const wif = encodeWif(privateKey, publicKey.length === 33, params);
      const path = isDerived ? ` hdkeypath=m${formatPath(origin.path, "'")}` : '';
      const time = formatTime(row.timestamp);
      write(`${wif} ${time} ${flag} # addr=${addresses.join(',')}${path}\n`);
    }
  }
}

/** The label of a key and the addresses that have one; without any, the address it would be given out as. */
function namesOf(
  { tables, params, options }: WalletContext,
  solutions: readonly ScriptSolution[],
): { label?: string; addresses: readonly string[] } {
  const forms = solutions.flatMap(({ scriptPubKey, descriptor }) => {
    const script = bytesToHex(scriptPubKey);
    const address = addressOf(script, params);
    if (address === undefined) return [];
    return { address, label: tables.book.getSync(script)?.label, descriptor };
  });
  const named = forms.filter(({ label }) => label !== undefined);
  const label = named[0]?.label;
  if (label !== undefined) return { label, addresses: named.map(({ address }) => address) };
  const usual = forms.find(({ descriptor }) => makesType(descriptor, options.addressType));
  const shown = usual ?? forms[0];
  return { addresses: shown ? [shown.address] : [] };
}

/** What a key without a label is for. */
function flagOf(tables: WalletTables, row: DescriptorRow, ranged: boolean, index: number): string {
  if (ranged) return row.active && index >= row.next ? 'reserve=1' : 'change=1';
  if (row.masterKeyId === undefined) return 'change=1';
  const inUse = tables.meta.getSync(undefined)?.masterKeyId === row.masterKeyId;
  return inUse ? 'hdmaster=1' : 'inactivehdmaster=1';
}

/** The keys in such a text; lines that are none, or of another network, are passed over. */
export function parseDump(text: string, params: ChainParams): DumpedKey[] {
  const found: DumpedKey[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [wif = '', time = '', ...rest] = line.trim().split(' ');
    if (!isKey(wif, params)) continue;
    const comment = rest.findIndex((word) => word.startsWith('#'));
    const path = rest.find((word) => word.startsWith('hdkeypath='));
    const flags = comment < 0 ? rest : rest.slice(0, comment);
    const label = flags.find((flag) => flag.startsWith('label='));
    const seconds = Math.floor(Date.parse(time) / 1000);
    found.push({
      wif,
      time: Number.isNaN(seconds) ? 1 : Math.max(1, seconds),
      isSeed: flags.some((flag) => SEED_FLAGS.includes(flag)),
      ...(label !== undefined && { label: decodeLabel(label.slice('label='.length)) }),
      ...(path !== undefined && { keyPath: path.slice('hdkeypath='.length) }),
    });
  }
  return found;
}

/** A chain of keys below a seed, from the first that is not in the file. */
export interface SeedChain {
  readonly descriptor: Descriptor;
  readonly settings: DescriptorSettings;
}

/**
 * What `seeds`, which are among the keys of such a text, would have derived next: the node that wrote it may have gone
 * on handing out addresses.
 */
export function chainsBeyond(
  seeds: readonly DumpedKey[],
  keys: readonly DumpedKey[],
  params: ChainParams,
): SeedChain[] {
  return seeds.flatMap(({ wif, time }) =>
    chainsOfSeed(decodeWif(wif, params).privateKey).map(({ descriptor, internal }) => {
      const next = indexesOf(keys, internal).reduce((end, index) => Math.max(end, index + 1), 0);
      const range = [next, next + LOOKAHEAD_OF_DUMP] as const;
      return { descriptor, settings: { timestamp: time, active: false, internal, range, next } };
    }),
  );
}

/** The indexes of the keys of one side. */
function indexesOf(keys: readonly DumpedKey[], internal: boolean): number[] {
  const start = `m/0'/${internal ? 1 : 0}'/`;
  return keys.flatMap(({ keyPath }) =>
    keyPath?.startsWith(start) ? [Number.parseInt(keyPath.slice(start.length), 10)] : [],
  );
}

function isKey(text: string, params: ChainParams): boolean {
  try {
    decodeWif(text, params);
    return true;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}
