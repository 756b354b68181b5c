/**
 * The text form of a wallet's keys that bitcoind had up to 0.21: a line for each key with its time, its
 * label and its addresses. Read to move in from such a node, written to move out; what keeps a whole wallet
 * is the backup.
 */
import {
  type Descriptor,
  type ExtendedKey,
  expandDescriptor,
  formatExtendedKey,
  isRanged,
  keysOf,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams, hash160 } from '@coind/primitives';
import { AddressError, decodeWif, encodeAddress, encodeWif, p2pkh } from '@coind/script';
import { addressOf, type WalletContext } from './context.ts';
import type { DescriptorRow, ScriptHex } from './tables.ts';

/** Takes pieces of the text, in order. */
export type TextSink = (text: string) => void;

/** A key in such a text. */
export interface DumpedKey {
  readonly wif: string;
  /** Unix seconds since which it was in use. */
  readonly time: number;
  /** Missing for change and for keys nobody has asked for yet. */
  readonly label?: string;
}

/** `2018-01-31T12:00:00Z`. */
function formatTime(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19)}Z`;
}

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
export function dumpKeys(context: WalletContext, creator: string, write: TextSink): void {
  const { keyring, params, source } = context;
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
  const masters = new Map<string, { master: ExtendedKey; timestamp: number }>();
  for (const { id, row } of keyring.list()) {
    for (const key of keysOf(keyring.full(id) as Descriptor)) {
      if (key.kind !== 'extended' || !key.root.privateKey) continue;
      masters.set(formatExtendedKey(key.root, params), {
        master: key.root,
        timestamp: row.timestamp,
      });
    }
  }
  for (const [text, { master, timestamp }] of masters) {
    write(`# extended private masterkey: ${text}\n\n`);
    const wif = encodeWif(master.privateKey as Uint8Array, true, params);
    const address = encodeAddress(p2pkh(hash160(master.publicKey)), params);
    write(`${wif} ${formatTime(timestamp)} hdmaster=1 # addr=${address}\n`);
  }
  for (const { id } of keyring.list()) {
    const row = context.tables.descriptors.getSync(id);
    const descriptor = keyring.full(id);
    if (row && descriptor && keyring.hasSecret(id)) dumpDescriptor(context, row, descriptor, write);
  }
  write('\n# End of dump\n');
}

function dumpDescriptor(
  context: WalletContext,
  row: DescriptorRow,
  descriptor: Descriptor,
  write: TextSink,
): void {
  const [start, end] = isRanged(descriptor) ? [row.rangeStart, row.rangeEnd] : [0, 1];
  for (let index = start; index < end; index++) {
    const solutions = expandDescriptor(descriptor, index);
    const scripts = solutions.map(({ scriptPubKey }) => bytesToHex(scriptPubKey));
    const addresses = scripts
      .map((script) => addressOf(script, context.params))
      .filter((address) => address !== undefined);
    const keys = solutions[0]?.keys ?? [];
    const flag = flagOf(context, row, index, scripts);
    for (const { privateKey, publicKey } of keys) {
      if (!privateKey) continue;
      const wif = encodeWif(privateKey, publicKey.length === 33, context.params);
      write(`${wif} ${formatTime(row.timestamp)} ${flag} # addr=${addresses.join(',')}\n`);
    }
  }
}

function flagOf(
  { tables }: WalletContext,
  row: DescriptorRow,
  index: number,
  scripts: readonly ScriptHex[],
): string {
  for (const script of scripts) {
    const entry = tables.book.getSync(script);
    if (entry) return `label=${encodeLabel(entry.label)}`;
  }
  return row.active && index >= row.next ? 'reserve=1' : 'change=1';
}

/** The keys in such a text; lines that are none, or of another network, are passed over. */
export function parseDump(text: string, params: ChainParams): DumpedKey[] {
  const found: DumpedKey[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [wif = '', time = '', ...rest] = line.trim().split(' ');
    if (!isKey(wif, params)) continue;
    const comment = rest.findIndex((word) => word.startsWith('#'));
    const flags = comment < 0 ? rest : rest.slice(0, comment);
    const label = flags.find((flag) => flag.startsWith('label='));
    const seconds = Math.floor(Date.parse(time) / 1000);
    found.push({
      wif,
      time: Number.isNaN(seconds) ? 1 : Math.max(1, seconds),
      ...(label !== undefined && { label: decodeLabel(label.slice('label='.length)) }),
    });
  }
  return found;
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
