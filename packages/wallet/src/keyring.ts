/**
 * The keyring: which scripts are the wallet's, which keys sign for them, and which script comes next.
 * Descriptors are held in memory (there are few); scripts lie in a table, looked up one by one. The
 * ledger asks here whether an output is its own; accounts and labels know nothing of keys.
 */
import {
  type DerivedKey,
  type Descriptor,
  expandDescriptor,
  formatDescriptor,
  hasPrivateKeys,
  isRanged,
  type KeyExpression,
  keysOf,
  parseDescriptor,
  type ScriptSolution,
  wipeKey,
  withoutSecrets,
} from '@coind/descriptors';
import { bytesToHex, type ChainParams, equalBytes, hash160 } from '@coind/primitives';
import { p2pkh, p2sh, p2wpkh } from '@coind/script';
import type { AddressType } from './address-type.ts';
import { WalletError } from './errors.ts';
import {
  canLookAhead,
  isHardenedChain,
  makesType,
  type NewKeys,
  typeOfDescriptor,
} from './key-scheme.ts';
import { KnownScripts, solutionFor } from './known-scripts.ts';
import { OwnFilter } from './own-filter.ts';
import type { DescriptorRow, ScriptHex, ScriptRow, WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import type { Vault } from './vault.ts';

/**
 * How many unused scripts per chain a fresh wallet knows at once, however many it hands out. The rest of the keypool
 * follows in the background: nobody can have paid a seed that was made a moment ago.
 */
const FIRST_LOOKAHEAD = 20;
interface Held {
  /** Makes scripts without touching secrets. */
  readonly lookahead: Descriptor;
  readonly row: DescriptorRow;
}

/** What a descriptor is added with. */
export interface DescriptorSettings {
  readonly timestamp: number;
  readonly active: boolean;
  readonly internal: boolean;
  /** First and last index + 1 whose scripts are to be known; ignored without a wildcard. */
  readonly range?: readonly [number, number];
  readonly next?: number;
  /** Of keys that the wallet made itself: what they follow from. */
  readonly masterKeyId?: string;
}

/** The keys that an expression begins with: of a MuSig all of its participants. */
export function rootKeysOf(
  key: KeyExpression,
): { publicKey: Uint8Array; privateKey?: Uint8Array }[] {
  if (key.kind === 'musig') return key.participants.flatMap(rootKeysOf);
  return [key.kind === 'extended' ? key.root : key];
}

/** What a script is to the wallet: it has the keys, or it keeps an eye on it. */
export type Standing = 'own' | 'watched';

/** Settings of a keyring. */
export interface KeyringOptions {
  readonly params: ChainParams;
  /** Unused scripts known per chain. */
  readonly keypool: number;
}

/** The keys of one wallet. */
export class Keyring {
  /** Tells most of what is foreign without a look at the disk. */
  readonly filter = new OwnFilter();
  /** Scripts that are not the wallet's own, but that it watches or knows how to solve. */
  readonly known: KnownScripts;
  readonly #params: ChainParams;
  readonly #tables: WalletTables;
  readonly #keypool: number;
  readonly #vault: Vault;
  readonly #now: () => number;
  #held = new Map<number, Held>();
  /** Added by a change that may not be written yet; `refresh` takes them over. */
  readonly #added = new Map<number, Held>();
  /** Rows that such a change wrote besides. */
  readonly #changed = new Set<number>();
  /** By the text that tells whether a descriptor is known. */
  readonly #ids = new Map<string, number>();
  #nextFree = 0;
  /** Those that hand out addresses: a handful, while imports may have made thousands of the others. */
  readonly #active = new Set<number>();
  /** Parsed with secrets on first signature; dropped when the wallet is locked or reloaded. */
  readonly #secret = new Map<number, Descriptor>();
  /** Scripts derived ahead of use, by chain and index: handing one out need not derive it again. */
  readonly #ahead = new Map<number, Map<number, ScriptHex>>();

  constructor(
    { params, keypool }: KeyringOptions,
    { tables, vault, now }: { tables: WalletTables; vault: Vault; now: () => number },
  ) {
    this.#params = params;
    this.#tables = tables;
    this.#vault = vault;
    this.#keypool = keypool;
    this.#now = now;
    this.known = new KnownScripts({ params }, { table: tables.known, filter: this.filter });
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

  /** Reads the descriptors from disk; to be called again when other secrets can be read than before. */
  async load(): Promise<void> {
    await this.known.load();
    this.#added.clear();
    this.#changed.clear();
    const held = new Map<number, Held>();
    for await (const [id, row] of this.#tables.descriptors.entries()) {
      const known = this.#held.get(id);
      // Parsing costs curve operations; the text of a descriptor never changes once it has an id.
      const lookahead =
        known && canLookAhead(known.lookahead) ? known.lookahead : this.#parsePublic(id, row);
      held.set(id, { lookahead, row });
      this.#name(id, row);
    }
    this.#held = held;
  }

  /** The chains that hand out addresses. */
  #chains(): (readonly [id: number, held: Held])[] {
    return [...this.#active].flatMap((id) => {
      const held = this.#held.get(id);
      return held ? [[id, held] as const] : [];
    });
  }

  /** Takes over what a change that is committed added; what was not committed is forgotten. */
  refresh(): void {
    for (const id of [...this.#added.keys(), ...this.#changed]) {
      const row = this.#tables.descriptors.getSync(id);
      const lookahead = (this.#added.get(id) ?? this.#held.get(id))?.lookahead;
      if (!row || !lookahead) continue;
      this.#held.set(id, { lookahead, row });
      this.#secret.delete(id);
      this.#name(id, row);
    }
    this.#added.clear();
    this.#changed.clear();
  }

  #name(id: number, { descriptor, active }: DescriptorRow): void {
    this.#ids.set(descriptor, id);
    if (active) this.#active.add(id);
    else this.#active.delete(id);
    this.#nextFree = Math.max(this.#nextFree, id + 1);
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

  /** Whether some descriptor has the private key of this public one, as it stands in its text. */
  hasPrivateKey(wanted: Uint8Array): boolean {
    return [...this.#held.keys()].some((id) => {
      const full = this.#vault.has(id) ? this.#withSecrets(id) : undefined;
      const roots = full ? keysOf(full).flatMap(rootKeysOf) : [];
      return roots.some(({ publicKey, privateKey }) => privateKey && equalBytes(publicKey, wanted));
    });
  }

  /** True when some active descriptor hands out addresses of one side. */
  canHandOut(internal: boolean): boolean {
    return this.#chains().some(([, { row }]) => row.internal === internal);
  }

  /**
   * Unused addresses that the active chains of one side promise. The scripts behind them may still wait to be derived;
   * a chain is topped up before it hands out and when one of its scripts is paid.
   */
  keypoolSize(internal: boolean): number {
    let size = 0;
    for (const id of this.#active) {
      const row = this.#tables.descriptors.getSync(id);
      if (row?.internal === internal) size += row.promised - row.next;
    }
    return size;
  }

  /** Unix seconds at which the key was derived that is next; of two hardened chains the later one. */
  keypoolOldest(): number | undefined {
    let oldest: number | undefined;
    for (const [id, { lookahead }] of this.#chains()) {
      const row = this.#tables.descriptors.getSync(id);
      if (!row || !isHardenedChain(lookahead)) continue;
      const time = this.#tables.derived.getSync([id, row.next])?.time ?? this.#now();
      oldest = Math.max(oldest ?? time, time);
    }
    return oldest;
  }

  /** Whether new addresses come from chains that a locked wallet, or a copy of it, cannot prolong. */
  get dependsOnPool(): boolean {
    return this.#chains().some(([, { lookahead }]) => isHardenedChain(lookahead));
  }

  /**
   * Promises at least `size` unused addresses on every active chain that can go on; never fewer than before.
   */
  promise(unit: UnitOfWork, size: number = this.#keypool): void {
    for (const [id, { lookahead }] of this.#chains()) {
      const row = unit.get(this.#tables.descriptors, id);
      if (!row || !canLookAhead(lookahead)) continue;
      const promised = row.next + size;
      if (promised > row.promised) unit.put(this.#tables.descriptors, id, { ...row, promised });
    }
  }

  /** Which key makes `script`; undefined for a foreign one. */
  owner(unit: UnitOfWork | undefined, script: ScriptHex): ScriptRow | undefined {
    if (!this.filter.mayOwnHex(script)) return undefined;
    const { scripts } = this.#tables;
    return unit ? unit.get(scripts, script) : scripts.getSync(script);
  }

  /** What a script is to the wallet; undefined for a foreign one. */
  standing(unit: UnitOfWork | undefined, script: ScriptHex): Standing | undefined {
    if (!this.filter.mayOwnHex(script)) return undefined;
    if (this.owner(unit, script)) return 'own';
    return this.known.isWatched(unit, script) ? 'watched' : undefined;
  }

  /** The descriptor behind an own script. */
  descriptorOf(owner: ScriptRow): DescriptorRow | undefined {
    return this.#held.get(owner.descriptor)?.row;
  }

  /** Unix seconds before which nothing was paid to an own script of a descriptor. */
  birthOf({ descriptor, index }: ScriptRow, { timestamp }: DescriptorRow): number {
    return this.#tables.derived.getSync([descriptor, index])?.time ?? timestamp;
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
    if (descriptor && !canLookAhead(descriptor)) return this.solutionOf(owner, script);
    return descriptor && solutionFor(expandDescriptor(descriptor, owner.index), script);
  }

  /** How to spend an own script, without private keys, for callers who know whose it is. */
  solutionOf({ descriptor: id, index, publicKey }: ScriptRow, script: ScriptHex) {
    const descriptor = this.publicDescriptor(id);
    return descriptor && solutionFor(expandDescriptor(descriptor, index, publicKey), script);
  }

  /** The key behind a public key, where the wallet has an address of that key alone. */
  #keyOf(publicKey: Uint8Array): DerivedKey | undefined {
    const script = this.scriptOfKey(publicKey);
    const solution = script === undefined ? undefined : this.#solve(script, true);
    return solution?.keys.find((key) => bytesToHex(key.publicKey) === bytesToHex(publicKey));
  }

  /** An own script that this key alone spends; undefined when the wallet has none. */
  scriptOfKey(publicKey: Uint8Array, unit?: UnitOfWork): ScriptHex | undefined {
    return this.#scriptOfHash(hash160(publicKey), unit);
  }

  #scriptOfHash(hash: Uint8Array, unit?: UnitOfWork): ScriptHex | undefined {
    const forms = [p2pkh(hash), p2wpkh(hash), p2sh(hash160(p2wpkh(hash)))];
    return forms.map(bytesToHex).find((script) => this.owner(unit, script) !== undefined);
  }

  /** The public key of the wallet's that has this hash. */
  publicKeyOf(hash: Uint8Array): Uint8Array | undefined {
    const script = this.#scriptOfHash(hash);
    if (script === undefined) return undefined;
    return (
      this.owner(undefined, script)?.publicKey ?? this.#solve(script, false)?.keys[0]?.publicKey
    );
  }

  /** A descriptor without private keys. */
  publicDescriptor(id: number): Descriptor | undefined {
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
      if (text === undefined) return this.publicDescriptor(id);
      parsed = parseDescriptor(text, this.#params);
      this.#secret.set(id, parsed);
    }
    return parsed;
  }

  /**
   * Adds or updates a descriptor and the scripts of its range; returns those that are new. Call
   * `refresh` after the commit. Throws `WalletError`.
   */
  add(unit: UnitOfWork, descriptor: Descriptor, settings: DescriptorSettings): ScriptHex[] {
    const normalized = formatDescriptor(descriptor, 'normalized', this.#params);
    const id = this.#ids.get(normalized) ?? this.#nextId(unit);
    const known = unit.get(this.#tables.descriptors, id);
    const ranged = isRanged(descriptor);
    const [start, end] = ranged
      ? (settings.range ?? [0, this.#firstEnd(unit, descriptor)])
      : [0, 1];
    if (known && ranged && (start > known.rangeStart || end < known.promised)) {
      const text = formatDescriptor(descriptor, 'private', this.#params);
      throw new WalletError(
        'descriptor-conflict',
        `Could not add descriptor '${text}': new range must include current range = [${known.rangeStart},${known.promised - 1}]`,
      );
    }
    const type = typeOfDescriptor(descriptor);
    if (settings.active) this.#deactivate(unit, type, settings.internal, id);
    const next = Math.max(settings.next ?? start, known ? this.#afterUsed(unit, id, known) : 0);
    const row: DescriptorRow = {
      descriptor: normalized,
      given: formatDescriptor(descriptor, 'public', this.#params),
      timestamp: Math.min(settings.timestamp, known?.timestamp ?? settings.timestamp),
      active: settings.active,
      internal: settings.internal,
      ...(type && { type }),
      ...(settings.masterKeyId !== undefined && { masterKeyId: settings.masterKeyId }),
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
    this.#added.set(id, { lookahead, row });
    return this.#register(unit, id, lookahead, start, end);
  }

  /**
   * One after the last index of a chain that was paid. To add a chain again hands out again what was not: it is
   * what bitcoind does.
   */
  #afterUsed(unit: UnitOfWork, id: number, { rangeStart, next }: DescriptorRow): number {
    const held = this.#held.get(id);
    if (!held || !isRanged(held.lookahead) || !canLookAhead(held.lookahead)) return next;
    for (let index = next - 1; index >= rangeStart; index--) {
      const [solution] = expandDescriptor(held.lookahead, index);
      const script = bytesToHex((solution as ScriptSolution).scriptPubKey);
      if ((unit.get(this.#tables.scriptSums, script)?.uses ?? 0) > 0) return index + 1;
    }
    return 0;
  }

  /** Adds keys that the wallet made; new addresses come from them. Call `refresh` after the commit. */
  addNew(unit: UnitOfWork, { descriptors, masterKeyId }: NewKeys, timestamp: number): void {
    for (const { descriptor, active, internal } of descriptors) {
      this.add(unit, descriptor, { timestamp, active, internal, masterKeyId });
    }
  }

  #nextId(unit: UnitOfWork): number {
    let id = this.#nextFree;
    while (unit.get(this.#tables.descriptors, id)) id++;
    return id;
  }

  #deactivate(unit: UnitOfWork, type: AddressType | undefined, internal: boolean, but: number) {
    for (const [id] of this.#held) {
      const row = unit.get(this.#tables.descriptors, id);
      if (id !== but && row?.active && row.type === type && row.internal === internal) {
        unit.put(this.#tables.descriptors, id, { ...row, active: false });
        this.#changed.add(id);
      }
    }
  }

  #register(unit: UnitOfWork, id: number, lookahead: Descriptor, start: number, end: number) {
    const added: ScriptHex[] = [];
    for (let index = start; index < end; index++) {
      const solutions = expandDescriptor(lookahead, index);
      this.#keepKey(unit, id, lookahead, index, solutions);
      for (const [nth, { scriptPubKey, keys }] of solutions.entries()) {
        const script = bytesToHex(scriptPubKey);
        const [key, another] = keys;
        if (nth === 0 && lookahead.kind !== 'combo') this.#remember(id, index, script);
        if (this.owner(unit, script)) continue;
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

  /**
   * Keeps the key that a hardened chain has at an index, for when it cannot be derived. One that was imported before
   * is passed over: it is somebody's address already.
   */
  #keepKey(
    unit: UnitOfWork,
    id: number,
    lookahead: Descriptor,
    index: number,
    [solution]: readonly ScriptSolution[],
  ): void {
    const publicKey = solution?.keys[0]?.publicKey;
    if (!solution || !publicKey || !isHardenedChain(lookahead)) return;
    if (unit.get(this.#tables.derived, [id, index])) return;
    if (unit.get(this.#tables.scripts, bytesToHex(solution.scriptPubKey))) return;
    unit.put(this.#tables.derived, [id, index], { time: this.#now(), publicKey });
  }

  #remember(id: number, index: number, script: ScriptHex): void {
    const known = this.#ahead.get(id);
    // Those that were paid before they were handed out stay behind; now and then all are forgotten.
    const chain = known && known.size <= 2 * this.#keypool ? known : new Map<number, ScriptHex>();
    this.#ahead.set(id, chain.set(index, script));
  }

  /** Scripts that a new chain starts with. */
  firstLookahead(): number {
    return Math.min(FIRST_LOOKAHEAD, this.#keypool);
  }

  #firstEnd(unit: UnitOfWork, descriptor: Descriptor): number {
    return this.#isSealed(unit, descriptor) ? this.#keypool : this.firstLookahead();
  }

  /** Whether a chain cannot go on when the wallet is locked, so that all of its keypool has to be there. */
  #isSealed(unit: UnitOfWork, descriptor: Descriptor): boolean {
    if (!isHardenedChain(descriptor)) return false;
    return unit.get(this.#tables.encryption, undefined) !== undefined;
  }

  /**
   * Hands out the next unused script of a type. Throws `WalletError` 'no-available-keys' or
   * 'keypool-ran-out' when no active descriptor makes such scripts, or there is none left that a locked wallet knows.
   */
  handOut(unit: UnitOfWork, type: AddressType, internal: boolean): ScriptHex {
    const found = this.#chains().find(
      ([, { row, lookahead }]) => row.internal === internal && makesType(lookahead, type),
    );
    if (!found) {
      if (!this.canHandOut(internal)) throw new WalletError('no-available-keys');
      throw new WalletError('keypool-ran-out', `Error: No ${type} addresses available.`);
    }
    const [id, held] = found;
    for (;;) {
      const row = unit.get(this.#tables.descriptors, id) as DescriptorRow;
      const { next, promised } = row;
      this.#advance(unit, id, held, row, next + 1, next + this.#keypool);
      const script = this.#scriptAt(unit, id, held.lookahead, next, type);
      if (script !== undefined) return script;
      if (next < promised) continue;
      if (this.hasSecret(id)) throw new WalletError('keypool-ran-out');
      // No passphrase will bring more of them.
      throw new WalletError('keypool-ran-out', 'No addresses available');
    }
  }

  /** The script of a type at an index of a chain; undefined where it is not there and cannot be derived. */
  #scriptAt(
    unit: UnitOfWork,
    id: number,
    lookahead: Descriptor,
    index: number,
    type: AddressType,
  ): ScriptHex | undefined {
    const remembered = this.#ahead.get(id)?.get(index);
    this.#ahead.get(id)?.delete(index);
    if (remembered !== undefined) return remembered;
    const kept = isHardenedChain(lookahead)
      ? unit.get(this.#tables.derived, [id, index])?.publicKey
      : undefined;
    if (!kept && (isHardenedChain(lookahead) || !canLookAhead(lookahead))) return undefined;
    const solutions = expandDescriptor(lookahead, index, kept);
    const solution = solutions.find(({ descriptor }) => typeOfDescriptor(descriptor) === type);
    return solution && bytesToHex(solution.scriptPubKey);
  }

  /** How far a chain should be known when `next` is its next index: one further with every address. */
  #wantedEnd(row: DescriptorRow, next: number): number {
    const least = Math.max(next + this.firstLookahead(), row.rangeEnd + 1);
    return Math.min(next + this.#keypool, least);
  }

  /**
   * Makes `next` the next index of a chain, and derives ahead where it can; then the chain promises the indexes before
   * `promised`. Returns the scripts that are new.
   */
  #advance(
    unit: UnitOfWork,
    id: number,
    { lookahead }: Held,
    row: DescriptorRow,
    next: number,
    promised: number,
  ): ScriptHex[] {
    if (!canLookAhead(lookahead)) {
      unit.put(this.#tables.descriptors, id, { ...row, next });
      return [];
    }
    const full = row.rangeEnd - row.next >= this.#keypool || this.#isSealed(unit, lookahead);
    const end = Math.max(row.rangeEnd, full ? promised : this.#wantedEnd(row, next));
    const added = this.#register(unit, id, lookahead, row.rangeEnd, end);
    unit.put(this.#tables.descriptors, id, {
      ...row,
      next,
      rangeEnd: end,
      promised: Math.max(row.promised, promised),
    });
    return added;
  }

  /** Takes note that an own script was paid: it and those before it are not handed out any more. */
  markUsed(unit: UnitOfWork, { descriptor: id, index }: ScriptRow): ScriptHex[] {
    const row = unit.get(this.#tables.descriptors, id);
    const held = this.#held.get(id) ?? this.#added.get(id);
    if (!row || !held || !isRanged(held.lookahead)) return [];
    const next = Math.max(row.next, index + 1);
    if (next > row.next) return this.#advance(unit, id, held, row, next, next + this.#keypool);
    // Today's keypools are filled by every payment, those of 0.16 only by one to a key that was in them.
    const promised = next + this.#keypool;
    if (promised > row.promised && !isHardenedChain(held.lookahead)) {
      unit.put(this.#tables.descriptors, id, { ...row, promised });
    }
    return [];
  }

  /**
   * Derives up to `count` more scripts towards a full keypool; returns how many. Zero means that it is
   * full, as it must be before old blocks are searched. `hardenedOnly` leaves out chains that can wait.
   */
  fill(unit: UnitOfWork, count: number, hardenedOnly = false): number {
    let left = count;
    for (const [id, { lookahead }] of this.#held) {
      const row = unit.get(this.#tables.descriptors, id);
      if (!row || !isRanged(lookahead) || !canLookAhead(lookahead)) continue;
      if (hardenedOnly && !isHardenedChain(lookahead)) continue;
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
