/**
 * The keyring: which scripts are the wallet's, which keys sign for them, and which script comes next.
 * Descriptors are held in memory (there are few); scripts lie in a table, looked up one by one. The
 * ledger asks here whether an output is its own; accounts and labels know nothing of keys.
 */
import {
  type DerivedKey,
  type Descriptor,
  type ExtendedKey,
  expandDescriptor,
  formatDescriptor,
  HARDENED,
  hasPrivateKeys,
  isRanged,
  keysOf,
  parseDescriptor,
  type ScriptSolution,
  wipeKey,
  withoutSecrets,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams, hash160 } from '@coind/primitives';
import { p2pkh, p2sh, p2wpkh } from '@coind/script';
import { ADDRESS_TYPES, type AddressType, PURPOSE } from './address-type.ts';
import { WalletError } from './errors.ts';
import { OwnFilter } from './own-filter.ts';
import type { DescriptorRow, ScriptHex, ScriptRow, WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { Vault } from './vault.ts';

/**
 * How many unused scripts per chain a fresh wallet knows at once. The rest of the keypool follows with
 * use and in idle time: nobody can have paid a seed that was made a moment ago.
 */
const FIRST_LOOKAHEAD = 20;
/** Scripts derived with every address handed out, until the keypool is full. */
const GROWTH = 2;

interface Held {
  /** Makes scripts without touching secrets. */
  readonly lookahead: Descriptor;
  readonly row: DescriptorRow;
}

/** The kind of address a descriptor makes; undefined for those that are no address type. */
export function typeOfDescriptor(descriptor: Descriptor): AddressType | undefined {
  switch (descriptor.kind) {
    case 'pkh':
      return 'legacy';
    case 'wpkh':
      return 'bech32';
    case 'tr':
    case 'rawtr':
      return 'bech32m';
    case 'sh':
      return descriptor.inner.kind === 'wpkh' || descriptor.inner.kind === 'wsh'
        ? 'p2sh-segwit'
        : 'legacy';
    case 'wsh':
      return 'bech32';
    default:
      return undefined;
  }
}

/** False for hardened wildcards of which only the public key is known. */
function canLookAhead(descriptor: Descriptor): boolean {
  return keysOf(descriptor).every(
    (key) => key.kind === 'single' || key.wildcard !== 'hardened' || key.root.privateKey,
  );
}

/** The eight descriptors of a new wallet: four types, receiving and change (BIP44/49/84/86). */
export function standardDescriptors(
  master: ExtendedKey,
  { bip44CoinType }: ChainParams,
): { descriptor: Descriptor; internal: boolean }[] {
  return ADDRESS_TYPES.flatMap((type) =>
    [false, true].map((internal) => {
      const path = [PURPOSE[type] + HARDENED, bip44CoinType + HARDENED, HARDENED, internal ? 1 : 0];
      const key = {
        kind: 'extended',
        root: master,
        path,
        wildcard: 'unhardened',
        marker: 'h',
      } as const;
      const descriptor: Descriptor =
        type === 'p2sh-segwit'
          ? { kind: 'sh', inner: { kind: 'wpkh', key } }
          : { kind: ({ legacy: 'pkh', bech32: 'wpkh', bech32m: 'tr' } as const)[type], key };
      return { descriptor, internal };
    }),
  );
}

/** The solution of one script among those of an index. */
function solutionFor(
  solutions: readonly ScriptSolution[],
  script: ScriptHex,
): ScriptSolution | undefined {
  return solutions.find(({ scriptPubKey }) => bytesToHex(scriptPubKey) === script);
}

/** What a descriptor is added with. */
export interface DescriptorSettings {
  readonly timestamp: number;
  readonly active: boolean;
  readonly internal: boolean;
  /** First and last index + 1 whose scripts are to be known; ignored without a wildcard. */
  readonly range?: readonly [number, number];
  readonly next?: number;
}

/**
 * Today each chain has a pool, and a locked wallet derives public keys and goes on. In 0.16 there was one
 * pool for all types of addresses, and a locked wallet handed out what was ready and then had no more.
 */
export type KeypoolStyle = 'modern' | '0.16';

/** Settings of a keyring. */
export interface KeyringOptions {
  readonly params: ChainParams;
  /** Unused scripts known per chain. */
  readonly keypool: number;
  readonly keypoolStyle: KeypoolStyle;
}

/** The keys of one wallet. */
export class Keyring {
  /** Tells most of what is foreign without a look at the disk. */
  readonly filter = new OwnFilter();
  readonly #params: ChainParams;
  readonly #tables: WalletTables;
  readonly #keypool: number;
  readonly #vault: Vault;
  readonly #keypoolStyle: KeypoolStyle;
  #held = new Map<number, Held>();
  /** Parsed with secrets on first signature; dropped when the wallet is locked or reloaded. */
  readonly #secret = new Map<number, Descriptor>();
  /** Scripts derived ahead of use, by chain and index: handing one out need not derive it again. */
  readonly #ahead = new Map<number, Map<number, ScriptHex>>();

  constructor(
    { params, keypool, keypoolStyle }: KeyringOptions,
    { tables, vault }: { tables: WalletTables; vault: Vault },
  ) {
    this.#params = params;
    this.#tables = tables;
    this.#vault = vault;
    this.#keypool = keypool;
    this.#keypoolStyle = keypoolStyle;
  }

  /** Forgets private keys that were in use. */
  wipe(): void {
    for (const descriptor of this.#secret.values()) keysOf(descriptor).forEach(wipeKey);
    this.#secret.clear();
    for (const [id, { row, lookahead }] of this.#held) {
      if (!hasPrivateKeys(lookahead)) continue;
      keysOf(lookahead).forEach(wipeKey);
      this.#held.set(id, { row, lookahead: parseDescriptor(row.descriptor, this.#params) });
    }
  }

  /** Whether the keypool may grow now. */
  get #mayGrow(): boolean {
    return this.#keypoolStyle === 'modern' || !this.#vault.isLocked;
  }

  /** Reads the descriptors from disk; to be called again after a commit that changed them. */
  async load(): Promise<void> {
    const held = new Map<number, Held>();
    for await (const [id, row] of this.#tables.descriptors.entries()) {
      const known = this.#held.get(id);
      // Parsing costs curve operations; the text of a descriptor never changes once it has an id.
      const lookahead =
        known && canLookAhead(known.lookahead) ? known.lookahead : this.#parsePublic(id, row);
      held.set(id, { lookahead, row });
    }
    this.#held = held;
  }

  #parsePublic(id: number, row: DescriptorRow): Descriptor {
    // Hardened wildcards cannot look ahead from public keys, so those need their secret text.
    const needsSecret = /\*(h|')/.test(row.descriptor);
    const secret = needsSecret && !this.#vault.isLocked ? this.#vault.get(id) : undefined;
    return withoutSecrets(parseDescriptor(secret ?? row.descriptor, this.#params));
  }

  /** Every descriptor with its id. */
  list(): { id: number; row: DescriptorRow; descriptor: Descriptor }[] {
    return [...this.#held].map(([id, { row, lookahead }]) => ({ id, row, descriptor: lookahead }));
  }

  /** The private text of a descriptor; undefined when the wallet has only its public part. */
  secretText(id: number): string | undefined {
    return this.#vault.get(id);
  }

  /** Whether the wallet has private keys of a descriptor, readable now or not. */
  hasSecret(id: number): boolean {
    return this.#vault.has(id);
  }

  /** True when some active descriptor hands out addresses of one side. */
  canHandOut(internal: boolean): boolean {
    return [...this.#held.values()].some(({ row }) => row.active && row.internal === internal);
  }

  /**
   * Unused addresses that active chains of one side promise; of one pool, that of the chain of `type`. The scripts behind them may still wait to
   * be derived; a chain is topped up before it hands out and when one of its scripts is paid.
   */
  keypoolSize(internal: boolean, type?: AddressType): number {
    const one = this.#keypoolStyle === '0.16' ? type : undefined;
    let size = 0;
    for (const [id] of this.#held) {
      const row = this.#tables.descriptors.getSync(id);
      if (!row?.active || row.internal !== internal) continue;
      if (one === undefined || row.type === one) size += row.promised - row.next;
    }
    return size;
  }

  /** Promises at least `size` unused addresses on every active chain; never fewer than before. */
  promise(unit: UnitOfWork, size: number = this.#keypool): void {
    for (const [id] of this.#held) {
      const row = unit.get(this.#tables.descriptors, id);
      if (!row?.active) continue;
      const promised = Math.max(row.promised, row.next + size);
      unit.put(this.#tables.descriptors, id, { ...row, promised });
    }
  }

  /** Which key makes `script`; undefined for a foreign one. */
  owner(unit: UnitOfWork | undefined, script: ScriptHex): ScriptRow | undefined {
    const { scripts } = this.#tables;
    return unit ? unit.get(scripts, script) : scripts.getSync(script);
  }

  /** The descriptor behind an own script. */
  descriptorOf(owner: ScriptRow): DescriptorRow | undefined {
    return this.#held.get(owner.descriptor)?.row;
  }

  /** How to spend an own script; `withSecrets` adds the private keys that the wallet has. */
  solve(script: ScriptHex, withSecrets: boolean): ScriptSolution | undefined {
    const solution = this.#solve(script, withSecrets);
    if (!solution || !withSecrets || solution.keys.every((key) => key.privateKey)) return solution;
    return { ...solution, keys: solution.keys.map((key) => this.#keyOf(key.publicKey) ?? key) };
  }

  #solve(script: ScriptHex, withSecrets: boolean): ScriptSolution | undefined {
    const owner = this.owner(undefined, script);
    if (!owner) return undefined;
    if (!withSecrets) return this.solutionOf(owner, script);
    const descriptor = this.#withSecrets(owner.descriptor);
    return descriptor && solutionFor(expandDescriptor(descriptor, owner.index), script);
  }

  /** How to spend an own script, without private keys, for callers who know whose it is. */
  solutionOf({ descriptor: id, index, publicKey }: ScriptRow, script: ScriptHex) {
    const descriptor = this.#full(id);
    return descriptor && solutionFor(expandDescriptor(descriptor, index, publicKey), script);
  }

  /** The key behind a public key, where the wallet has an address of that key alone. */
  #keyOf(publicKey: Uint8Array): DerivedKey | undefined {
    const script = this.scriptOfKey(publicKey);
    const solution = script === undefined ? undefined : this.#solve(script, true);
    return solution?.keys.find((key) => bytesToHex(key.publicKey) === bytesToHex(publicKey));
  }

  /** An own script that this key alone spends; undefined when the wallet has none. */
  scriptOfKey(publicKey: Uint8Array): ScriptHex | undefined {
    const hash = hash160(publicKey);
    const forms = [p2pkh(hash), p2wpkh(hash), p2sh(hash160(p2wpkh(hash)))];
    return forms.map(bytesToHex).find((script) => this.owner(undefined, script) !== undefined);
  }

  #full(id: number): Descriptor | undefined {
    return this.#held.get(id)?.lookahead;
  }

  /** A descriptor with the private keys that the wallet has of it. */
  full(id: number): Descriptor | undefined {
    return this.#withSecrets(id);
  }

  #withSecrets(id: number): Descriptor | undefined {
    let parsed = this.#secret.get(id);
    if (!parsed) {
      const text = this.#vault.isLocked ? undefined : this.#vault.get(id);
      if (text === undefined) return this.#full(id);
      parsed = parseDescriptor(text, this.#params);
      this.#secret.set(id, parsed);
    }
    return parsed;
  }

  /**
   * Adds or updates a descriptor and the scripts of its range; returns those that are new. Call
   * `load` after the commit. Throws `WalletError`.
   */
  add(unit: UnitOfWork, descriptor: Descriptor, settings: DescriptorSettings): ScriptHex[] {
    const normalized = formatDescriptor(descriptor, 'normalized', this.#params);
    const found = this.list().find(({ row }) => row.descriptor === normalized);
    const id = found?.id ?? this.#nextId(unit);
    const known = found && unit.get(this.#tables.descriptors, id);
    const ranged = isRanged(descriptor);
    const [start, end] = ranged ? (settings.range ?? [0, this.firstLookahead()]) : [0, 1];
    if (known && ranged && (start > known.rangeStart || end < known.rangeEnd)) {
      const text = formatDescriptor(descriptor, 'private', this.#params);
      throw new WalletError(
        'descriptor-conflict',
        `Could not add descriptor '${text}': new range must include current range = [${known.rangeStart},${known.rangeEnd - 1}]`,
      );
    }
    const type = typeOfDescriptor(descriptor);
    if (settings.active) this.#deactivate(unit, type, settings.internal, id);
    const next = Math.max(settings.next ?? start, known?.next ?? 0);
    const row: DescriptorRow = {
      descriptor: normalized,
      given: formatDescriptor(descriptor, 'public', this.#params),
      timestamp: Math.min(settings.timestamp, known?.timestamp ?? settings.timestamp),
      active: settings.active,
      internal: settings.internal,
      ...(type && { type }),
      rangeStart: start,
      rangeEnd: end,
      next,
      promised: ranged ? Math.max(end, next + this.#keypool) : end,
    };
    unit.put(this.#tables.descriptors, id, row);
    if (hasPrivateKeys(descriptor)) {
      this.#vault.put(unit, id, formatDescriptor(descriptor, 'private', this.#params));
    }
    const lookahead = withoutSecrets(descriptor);
    return this.#register(unit, id, lookahead, start, end);
  }

  #nextId(unit: UnitOfWork): number {
    let id = Math.max(-1, ...this.#held.keys()) + 1;
    while (unit.get(this.#tables.descriptors, id)) id++;
    return id;
  }

  #deactivate(unit: UnitOfWork, type: AddressType | undefined, internal: boolean, but: number) {
    for (const [id] of this.#held) {
      const row = unit.get(this.#tables.descriptors, id);
      if (id !== but && row?.active && row.type === type && row.internal === internal) {
        unit.put(this.#tables.descriptors, id, { ...row, active: false });
      }
    }
  }

  #register(unit: UnitOfWork, id: number, lookahead: Descriptor, start: number, end: number) {
    const added: ScriptHex[] = [];
    for (let index = start; index < end; index++) {
      const solutions = expandDescriptor(lookahead, index);
      for (const [nth, { scriptPubKey, keys }] of solutions.entries()) {
        const script = bytesToHex(scriptPubKey);
        const [key, another] = keys;
        if (nth === 0) this.#remember(id, index, script);
        if (unit.get(this.#tables.scripts, script)) continue;
        const publicKey = another ? undefined : key?.publicKey;
        unit.put(this.#tables.scripts, script, {
          descriptor: id,
          index,
          ...(publicKey && { publicKey }),
        });
        this.filter.addScript(script);
        added.push(script);
      }
    }
    return added;
  }

  #remember(id: number, index: number, script: ScriptHex): void {
    const known = this.#ahead.get(id);
    // Those that were paid before they were handed out stay behind; now and then all are forgotten.
    const chain = known && known.size <= 2 * this.#keypool ? known : new Map<number, ScriptHex>();
    this.#ahead.set(id, chain.set(index, script));
  }

  /** The first script of a chain at an index. */
  #scriptAt(id: number, { lookahead }: Held, index: number): ScriptHex {
    const known = this.#ahead.get(id)?.get(index);
    if (known !== undefined) {
      this.#ahead.get(id)?.delete(index);
      return known;
    }
    const [solution] = expandDescriptor(lookahead, index);
    return bytesToHex((solution as ScriptSolution).scriptPubKey);
  }

  /** Scripts that a new chain starts with. */
  firstLookahead(): number {
    return Math.min(FIRST_LOOKAHEAD, this.#keypool);
  }

  /**
   * Hands out the next unused script of a type. Throws `WalletError` 'no-available-keys' or
   * 'keypool-ran-out' when no active descriptor makes such scripts.
   */
  handOut(unit: UnitOfWork, type: AddressType, internal: boolean): ScriptHex {
    const found = this.#active(unit, type, internal);
    if (!found) {
      if (!this.canHandOut(internal)) throw new WalletError('no-available-keys');
      throw new WalletError('keypool-ran-out', `Error: No ${type} addresses available.`);
    }
    const [id, row] = found;
    const held = this.#held.get(id) as Held;
    const runsOut = !this.#mayGrow && row.next >= row.promised;
    if (runsOut || !canLookAhead(held.lookahead)) throw new WalletError('keypool-ran-out');
    const end = Math.max(row.rangeEnd, this.#wantedEnd(row, row.next + 1));
    this.#register(unit, id, held.lookahead, row.rangeEnd, end);
    unit.put(this.#tables.descriptors, id, {
      ...row,
      next: row.next + 1,
      rangeEnd: end,
      promised: this.#mayGrow ? Math.max(row.promised, row.next + this.#keypool) : row.promised,
    });
    return this.#scriptAt(id, held, row.next);
  }

  #active(
    unit: UnitOfWork,
    type: AddressType,
    internal: boolean,
  ): [number, DescriptorRow] | undefined {
    for (const [id, { row: stale }] of this.#held) {
      if (!stale.active || stale.type !== type || stale.internal !== internal) continue;
      return [id, unit.get(this.#tables.descriptors, id) as DescriptorRow];
    }
    return undefined;
  }

  /** How far a chain should be known when `next` is its next index. */
  #wantedEnd(row: DescriptorRow, next: number): number {
    const least = next + this.firstLookahead();
    return Math.min(next + this.#keypool, Math.max(least, row.rangeEnd + GROWTH));
  }

  /** Takes note that an own script was paid: it and those before it are not handed out any more. */
  markUsed(unit: UnitOfWork, { descriptor: id, index }: ScriptRow): ScriptHex[] {
    const row = unit.get(this.#tables.descriptors, id);
    const held = this.#held.get(id);
    if (!row || !held || !isRanged(held.lookahead) || !canLookAhead(held.lookahead)) return [];
    const next = Math.max(row.next, index + 1);
    const promised = this.#mayGrow ? Math.max(row.promised, next + this.#keypool) : row.promised;
    if (next === row.next) {
      if (promised > row.promised) unit.put(this.#tables.descriptors, id, { ...row, promised });
      return [];
    }
    const full = row.rangeEnd - row.next >= this.#keypool;
    const end = Math.max(row.rangeEnd, full ? next + this.#keypool : this.#wantedEnd(row, next));
    const added = this.#register(unit, id, held.lookahead, row.rangeEnd, end);
    unit.put(this.#tables.descriptors, id, { ...row, next, rangeEnd: end, promised });
    return added;
  }

  /**
   * Derives up to `count` more scripts towards a full keypool; returns how many. Zero means that it is
   * full, as it must be before old blocks are searched.
   */
  fill(unit: UnitOfWork, count: number): number {
    let left = count;
    for (const [id, { lookahead }] of this.#held) {
      const row = unit.get(this.#tables.descriptors, id);
      if (!row || !isRanged(lookahead) || !canLookAhead(lookahead)) continue;
      const end = Math.min(Math.max(row.promised, row.next + this.#keypool), row.rangeEnd + left);
      if (end <= row.rangeEnd) continue;
      this.#register(unit, id, lookahead, row.rangeEnd, end);
      unit.put(this.#tables.descriptors, id, { ...row, rangeEnd: end });
      left -= end - row.rangeEnd;
      if (left <= 0) break;
    }
    return count - left;
  }
}
