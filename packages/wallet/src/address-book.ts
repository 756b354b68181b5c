/**
 * The address book: names on scripts. A label and an account are the same name; naming a script moves
 * what it received to the account of that name, because credits follow the address. Also what
 * `getaddressinfo` says about an address.
 */
import {
  type Descriptor,
  formatPath,
  formatSolution,
  type ScriptSolution,
} from '@coind/descriptors';
import { bytesToHex, hexToBytes, type Txid } from '@coind/primitives';
import { matchMultisig, witnessProgram } from '@coind/script';
import type { AddressType } from './address-type.ts';
import { changeAccount, changeWatched } from './books.ts';
import { addressOf, scriptOf, type WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import type { Standing } from './keyring.ts';
import { lazily } from './lazily.ts';
import { Ledger } from './ledger.ts';
import {
  type BookRow,
  EMPTY_SCRIPT_SUMS,
  type KnownScriptRow,
  type ScriptHex,
  type WalletTables,
} from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Book = Pick<WalletContext, 'tables' | 'params' | 'keyring' | 'source' | 'options'>;

/** Wallet transactions that pay a script: to be loaded before a unit that renames it. */
export async function paymentsOf(book: Book, script: ScriptHex): Promise<Txid[]> {
  const found = new Set<Txid>();
  for await (const [, txid] of book.tables.payments.entries({ prefix: [script] })) found.add(txid);
  return [...found];
}

/** Counts an entry of the book among those of its label, by what the script is to the wallet; -1 takes it out. */
export function countEntry(
  unit: UnitOfWork,
  tables: WalletTables,
  label: string,
  standing: Standing | undefined,
  by: 1 | -1,
): void {
  changeAccount(unit, tables, label, ({ addresses, ownAddresses }) => ({
    addresses: addresses + by,
    ...(standing === 'own' && { ownAddresses: ownAddresses + by }),
  }));
  if (standing !== 'watched') return;
  changeWatched(unit, tables, label, ({ addresses }) => ({ addresses: addresses + by }));
}

/** Names a script. `payments` are the wallet transactions that pay it; the books follow. */
export function bookScript(
  unit: UnitOfWork,
  book: Book,
  script: ScriptHex,
  entry: BookRow,
  payments: readonly Txid[],
): void {
  const { tables, keyring } = book;
  const standing = keyring.standing(unit, script);
  const old = unit.get(tables.book, script);
  if (old?.label === entry.label && old.purpose === entry.purpose) return;
  if (old) {
    unit.del(tables.labels, [old.label, script]);
    countEntry(unit, tables, old.label, standing, -1);
  }
  unit.put(tables.book, script, entry);
  unit.put(tables.labels, [entry.label, script], true);
  countEntry(unit, tables, entry.label, standing, 1);
  const ledger = new Ledger(unit, book, 'rename');
  for (const txid of payments) ledger.refresh(txid);
}

/** Hands out a new receiving script and names it. */
export function newReceivingScript(
  unit: UnitOfWork,
  book: Book,
  label: string,
  type: AddressType,
): ScriptHex {
  const script = book.keyring.handOut(unit, type, false);
  // Fresh, so nothing can have paid it.
  bookScript(unit, book, script, { label, purpose: 'receive' }, []);
  return script;
}

/** The account's current script; a new one when there is none or it was paid (or `force`). */
export function currentScript(
  unit: UnitOfWork,
  book: Book,
  account: string,
  type: AddressType,
  force = false,
): ScriptHex {
  const { tables } = book;
  const current = unit.get(tables.current, account);
  const uses =
    current === undefined ? 0 : (unit.get(tables.scriptSums, current) ?? EMPTY_SCRIPT_SUMS).uses;
  if (current !== undefined && uses === 0 && !force) return current;
  const script = newReceivingScript(unit, book, account, type);
  unit.put(tables.current, account, script);
  return script;
}

/** Names any address; foreign ones become somebody to send to. Throws 'invalid-address'. */
export async function labelAddress(
  unit: UnitOfWork,
  book: Book,
  address: string,
  { label, purpose }: { label: string; purpose: BookRow['purpose'] | undefined },
): Promise<void> {
  const script = bytesToHex(scriptOf(address, book.params));
  const payments = await paymentsOf(book, script);
  const kind = purpose ?? (book.keyring.standing(unit, script) ? 'receive' : 'send');
  bookScript(unit, book, script, { label, purpose: kind }, payments);
}

/** Moves an own address to an account; its old account then shows another current address. */
export async function assignAccount(
  unit: UnitOfWork,
  book: Book,
  address: string,
  { account, type }: { account: string; type: AddressType },
): Promise<void> {
  const script = bytesToHex(scriptOf(address, book.params));
  if (!book.keyring.standing(unit, script)) throw new WalletError('setaccount-foreign');
  const old = unit.get(book.tables.book, script);
  if (old && currentScript(unit, book, old.label, type) === script) {
    currentScript(unit, book, old.label, type, true);
  }
  const payments = await paymentsOf(book, script);
  bookScript(unit, book, script, { label: account, purpose: 'receive' }, payments);
}

/** Everything the wallet knows about an address. */
export interface AddressInfo {
  readonly address: string;
  readonly scriptPubKey: Uint8Array;
  readonly isMine: boolean;
  /** Not the wallet's own, but it keeps an eye on it. */
  readonly isWatched: boolean;
  readonly isSolvable: boolean;
  readonly isScript: boolean;
  readonly witness?: { readonly version: number; readonly program: Uint8Array };
  /** Descriptor of this very script, with keys and origins. */
  readonly descriptor?: string;
  /** Descriptor it was derived from. */
  readonly parentDescriptor?: string;
  readonly isChange: boolean;
  readonly book?: BookRow;
  /** Public key of a script with one key that names it (not of taproot). */
  readonly publicKey?: Uint8Array;
  /** What lies behind a P2SH or P2WSH script. */
  readonly redeemScript?: Uint8Array;
  /** What lies behind a P2WSH script that itself lies behind P2SH. */
  readonly witnessScript?: Uint8Array;
  readonly multisig?: { readonly required: number; readonly publicKeys: readonly Uint8Array[] };
  readonly timestamp?: number;
  /** BIP32 path with `m` in front. */
  readonly keyPath?: string;
  readonly masterFingerprint?: string;
  /** Of keys that the wallet made itself: what they follow from, as in `WalletMeta`. */
  readonly masterKeyId?: string;
}

/** Looks an address up. Throws `WalletError` 'invalid-address'. */
export function addressInfo(book: Book, address: string): AddressInfo {
  const scriptPubKey = scriptOf(address, book.params);
  const script = bytesToHex(scriptPubKey);
  const { tables, keyring, params } = book;
  const owner = keyring.owner(undefined, script);
  const known = owner ? undefined : keyring.known.get(undefined, script);
  const solution = owner ? keyring.solve(script, false) : keyring.known.solve(script);
  const row = owner && keyring.descriptorOf(owner);
  const birth = owner && row && keyring.birthOf(owner, row);
  const timestamp = timestampOf(birth, known, solution);
  const entry = tables.book.getSync(script);
  const witness = witnessProgram(scriptPubKey);
  const solvable = solution !== undefined && solution.keys.length > 0;
  return {
    address: addressOf(script, params) ?? address,
    scriptPubKey,
    isMine: owner !== undefined,
    isWatched: known?.watched === true,
    isSolvable: solvable,
    isScript: isScriptAddress(scriptPubKey, witness?.version),
    ...(witness && { witness }),
    ...(solvable && { descriptor: formatSolution(solution, params) }),
    ...(row && { parentDescriptor: row.descriptor }),
    isChange: owner !== undefined && entry === undefined,
    ...(entry && { book: entry }),
    ...(solvable && keyFacts(solution)),
    ...(known?.redeemScript !== undefined &&
      solution === undefined && { redeemScript: hexToBytes(known.redeemScript) }),
    ...(timestamp !== undefined && { timestamp }),
    ...(row?.masterKeyId !== undefined && { masterKeyId: row.masterKeyId }),
  };
}

/** Like bitcoind's, the time of an own address belongs to its key, that of a watched one to its script. */
function timestampOf(
  birth: number | undefined,
  known: KnownScriptRow | undefined,
  solution: ScriptSolution | undefined,
): number | undefined {
  if (known?.watched) return known.timestamp;
  return solution && isOfKey(solution) ? birth : undefined;
}

/** P2SH, P2WSH and taproot addresses stand for scripts (taproot because it may hide some). */
function isScriptAddress(script: Uint8Array, version: number | undefined): boolean {
  if (version === undefined) return script.length === 23;
  return version === 0 ? script.length === 34 : version === 1 && script.length === 34;
}

function keyFacts(solution: ScriptSolution): Partial<AddressInfo> {
  const { redeemScript, witnessScript } = solution;
  const outer = redeemScript ?? witnessScript;
  const inner = witnessScript ?? redeemScript;
  const found = inner && matchMultisig(inner);
  const [key] = solution.keys;
  if (!key) return {};
  return {
    ...(outer && { redeemScript: outer }),
    ...(redeemScript && witnessScript && { witnessScript }),
    ...(found && { multisig: { required: found.required, publicKeys: found.pubkeys } }),
    ...(isOfKey(solution) && {
      keyPath: `m${formatPath(key.origin.path)}`,
      masterFingerprint: key.origin.fingerprint,
    }),
    ...(namesKey(solution.descriptor) && { publicKey: key.publicKey }),
  };
}

/** Whether an address stands for one key alone: no other script is known to be behind it. */
function isOfKey({ descriptor, taproot }: ScriptSolution): boolean {
  if (descriptor.kind === 'sh') return descriptor.inner.kind === 'wpkh';
  if (descriptor.kind === 'tr') return taproot?.leaves.length === 0;
  return descriptor.kind === 'pkh' || descriptor.kind === 'wpkh';
}

/** Whether a hash of one key is all there is in the end, so that the key can be told with the address. */
function namesKey(descriptor: Descriptor): boolean {
  if (descriptor.kind === 'sh' || descriptor.kind === 'wsh') return namesKey(descriptor.inner);
  return descriptor.kind === 'pkh' || descriptor.kind === 'wpkh';
}

/** How scripts begin, in the order in which bitcoind keeps its address book: key hashes first, taproot last. */
export const BOOK_ORDER = ['76a914', 'a914', '0020', '0014', '5120'];

function rankOf(script: ScriptHex): number {
  const rank = BOOK_ORDER.findIndex((start) => script.startsWith(start));
  return rank < 0 ? BOOK_ORDER.length : rank;
}

/** Addresses with a label, by kind and then by their hashes, with their purpose. */
export async function addressesByLabel(
  { tables, params }: Book,
  label: string,
): Promise<{ address: string; purpose: BookRow['purpose'] }[]> {
  const byRank: { address: string; purpose: BookRow['purpose'] }[][] = [];
  for await (const [[, script]] of tables.labels.entries({ prefix: [label] })) {
    const address = addressOf(script, params);
    if (address === undefined) continue;
    const rank = rankOf(script);
    byRank[rank] ??= [];
    byRank[rank].push({ address, purpose: tables.book.getSync(script)?.purpose ?? '' });
  }
  return byRank.flat();
}

/** All labels, sorted, or those of addresses with one purpose. A label is the account of its addresses. */
export async function listLabels({ tables }: Book, purpose: string | undefined): Promise<string[]> {
  const labels: string[] = [];
  for await (const [label, { addresses }] of tables.accounts.entries()) {
    if (addresses === 0) continue;
    if (purpose === undefined || (await hasPurpose(tables, label, purpose))) labels.push(label);
  }
  return labels;
}

/** Whether an address of a label has a purpose: mostly the first one tells. */
async function hasPurpose(
  { labels, book }: WalletTables,
  label: string,
  purpose: string,
): Promise<boolean> {
  for await (const [[, script]] of lazily(labels, { prefix: [label] })) {
    if (book.getSync(script)?.purpose === purpose) return true;
  }
  return false;
}
