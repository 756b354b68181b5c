/**
 * The addresses of nodes that we know, and which to try: `new` ones that others told us of and `tried` ones
 * that answered, in bitcoind's buckets (address-buckets.ts), with its rules for what to keep and whom to
 * trust. On disk it is peers.dat (peers-file.ts). Who is asked and who is told is the handlers' matter.
 */
import assert from 'node:assert';
import {
  BUCKET_SIZE,
  bucketPosition,
  NEW_BUCKETS,
  newBucket,
  TRIED_BUCKETS,
  triedBucket,
} from './address-buckets.ts';
import type { AsMap } from './asmap.ts';
import type { AddressRecord, WireAddress } from './messages.ts';
import {
  addressKey,
  type HostAddress,
  hostKey,
  isRoutable,
  isValid,
  type NetworkName,
  networkClass,
  networkOf,
} from './net-address.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Older news than this is no news. */
const HORIZON = 30 * DAY;
/** Attempts at an address that never answered. */
const MAX_RETRIES = 3;
/** Attempts at an address that has not answered for `MIN_FAIL`. */
const MAX_FAILURES = 10;
const MIN_FAIL = 7 * DAY;
/** An address that answered within this time keeps its place. */
const REPLACEMENT = 4 * HOUR;
/** How long a newcomer waits for the test of whoever has its place. */
const TEST_WINDOW = 40 * MINUTE;
const MAX_COLLISIONS = 10;
/** Buckets of `new` that one address may be in. */
const MAX_NEW_PLACES = 8;
const NOBODY = -1;

/** The two tables. */
export type AddressTable = 'new' | 'tried';

/** All that is known of one address. */
export interface KnownAddress {
  readonly address: WireAddress;
  /** Unix seconds at which it was last seen, by what others say. */
  time: number;
  services: bigint;
  /** Who told us first. */
  readonly source: HostAddress;
  /** Unix seconds of our last connection; 0 for never. */
  lastSuccess: number;
  /** Failed attempts since then. */
  attempts: number;
}

/** Used inside only. */
interface Entry extends KnownAddress {
  readonly id: number;
  readonly network: NetworkName;
  lastTry: number;
  lastCountedAttempt: number;
  /** Places in `new`. */
  newPlaces: number[];
  /** The place in `tried`, or `NOBODY`. */
  triedPlace: number;
  /** Index in the shuffled list of all. */
  randomIndex: number;
}

/** Where an address is kept. */
export interface AddressPosition {
  readonly table: AddressTable;
  readonly bucket: number;
  readonly position: number;
}

/** An address to try. */
export interface SelectedAddress {
  readonly address: AddressRecord;
  /** Unix seconds at which we tried it last; 0 for never. */
  readonly lastTry: number;
}

/** Plain settings of an address manager. */
export interface AddressManagerOptions {
  /** Secret of 32 bytes, not all zero: nobody else may know which bucket an address is in. */
  readonly key: Uint8Array;
  /** Makes neighbours of what one operator announces. */
  readonly asMap?: AsMap | undefined;
  /** Every so many operations, by chance, everything is checked; 0 or absent for never (`-checkaddrman`). */
  readonly checkEvery?: number;
}

/** What an address manager works with. */
export interface AddressManagerModules {
  /** Unix seconds. */
  readonly now: () => number;
  /** An integer from 0 to `limit` - 1, all equally likely. */
  readonly randomBelow: (limit: number) => number;
  /** Hears of checks, where they are made. */
  readonly onCheck?: (text: string) => void;
}

/** Known addresses in buckets. */
export class AddressManager {
  readonly key: Uint8Array;
  readonly asMap: AsMap | undefined;
  readonly #checkEvery: number;
  readonly #onCheck: (text: string) => void;
  readonly #now: () => number;
  readonly #randomBelow: (limit: number) => number;
  readonly #entries = new Map<number, Entry>();
  readonly #ids = new Map<string, number>();
  readonly #new = new Int32Array(NEW_BUCKETS * BUCKET_SIZE).fill(NOBODY);
  readonly #tried = new Int32Array(TRIED_BUCKETS * BUCKET_SIZE).fill(NOBODY);
  /** All ids; kept in any order, so that a random sample is its shuffled beginning. */
  readonly #shuffled: number[] = [];
  /** Newcomers whose place in `tried` is taken. */
  readonly #collisions = new Set<number>();
  readonly #counts = new Map<NetworkName, Record<AddressTable, number>>();
  #nextId = 0;
  /** Starts at 1, so that "never" is before it. */
  #lastGood = 1;

  constructor(options: AddressManagerOptions, modules: AddressManagerModules) {
    const { key, asMap, checkEvery = 0 } = options;
    const { now, randomBelow, onCheck = () => undefined } = modules;
    this.key = key;
    this.asMap = asMap;
    this.#checkEvery = checkEvery;
    this.#onCheck = onCheck;
    this.#now = now;
    this.#randomBelow = randomBelow;
  }

  /** How many addresses are known, of one network or table if it is named. */
  size(network?: NetworkName, table?: AddressTable): number {
    let size = 0;
    for (const [name, counts] of this.#counts) {
      if (network !== undefined && name !== network) continue;
      if (table !== 'tried') size += counts.new;
      if (table !== 'new') size += counts.tried;
    }
    return size;
  }

  /**
   * Takes in what `source` told us; `penalty` seconds are taken off what it says about when they were
   * seen. True when anything was news.
   */
  add(records: readonly AddressRecord[], source: HostAddress, penalty = 0): boolean {
    let added = 0;
    for (const record of records) if (this.#addOne(record, source, penalty)) added++;
    this.#audit();
    return added > 0;
  }

  /** We have connected to it: it moves to `tried`, unless its place has to be fought for. */
  good(address: WireAddress, time = this.#now()): boolean {
    return this.#good(address, time, true);
  }

  /** We have tried to connect; `countFailure` if our own network was surely up. */
  attempt(address: WireAddress, countFailure: boolean, time = this.#now()): void {
    const entry = this.#find(address);
    if (!entry) return;
    entry.lastTry = time;
    if (countFailure && entry.lastCountedAttempt < this.#lastGood) {
      entry.lastCountedAttempt = time;
      entry.attempts++;
    }
  }

  /** A connection ends that was good. Not told at its start: that would show others our peers. */
  connected(address: WireAddress, time = this.#now()): void {
    const entry = this.#find(address);
    if (entry && time - entry.time > 20 * MINUTE) entry.time = time;
  }

  /** What it offers, from itself. */
  setServices(address: WireAddress, services: bigint): void {
    const entry = this.#find(address);
    if (entry) entry.services = services;
  }

  /** An address to connect to, of one of `networks` (empty: any); undefined when there is none. */
  select(
    newOnly = false,
    networks: ReadonlySet<NetworkName> = new Set(),
  ): SelectedAddress | undefined {
    const count = (table: AddressTable): number =>
      networks.size === 0
        ? this.size(undefined, table)
        : [...networks].reduce((sum, network) => sum + this.size(network, table), 0);
    const [newCount, triedCount] = [count('new'), newOnly ? 0 : count('tried')];
    if (newCount + triedCount === 0) return undefined;
    const useTried = triedCount > 0 && (newCount === 0 || this.#randomBelow(2) === 1);
    const places = useTried ? this.#tried : this.#new;
    const now = this.#now();
    // Looking into empty buckets again and again would take most of the time while little is known.
    const buckets = occupiedBuckets(places);
    for (let factor = 1; ; ) {
      const bucket = buckets[this.#randomBelow(buckets.length)] as number;
      const entry = this.#fromBucket(places, bucket, networks);
      if (!entry) continue;
      const threshold = factor * chanceOf(entry, now) * 2 ** 30;
      if (this.#randomBelow(2 ** 30) < threshold) return selected(entry);
      factor *= 1.2;
    }
  }

  /** Whoever has the place that a newcomer wants, to be tested; undefined when nobody waits. */
  selectTriedCollision(): SelectedAddress | undefined {
    if (this.#collisions.size === 0) return undefined;
    const id = [...this.#collisions][this.#randomBelow(this.#collisions.size)] as number;
    const entry = this.#entries.get(id);
    if (!entry) {
      this.#collisions.delete(id);
      return undefined;
    }
    const holder = this.#entries.get(this.#tried[this.#triedPlaceOf(entry)] as number);
    return holder && selected(holder);
  }

  /** Decides who gets the places in `tried` that two addresses want, where that can be told. */
  resolveCollisions(): void {
    for (const id of [...this.#collisions]) {
      const entry = this.#entries.get(id);
      if (!entry || this.#isResolved(entry)) this.#collisions.delete(id);
    }
  }

  /**
   * A random sample for whoever asks: at most `max` (0: no limit) and `maxPercent` (0: no limit) of all,
   * of one network if it is named, without the hopeless unless `filtered` is false.
   */
  sample(
    max: number,
    maxPercent: number,
    {
      network,
      filtered = true,
    }: { readonly network?: NetworkName; readonly filtered?: boolean } = {},
  ): AddressRecord[] {
    this.#audit();
    const total = this.#shuffled.length;
    let wanted = maxPercent === 0 ? total : Math.floor((Math.min(maxPercent, 100) * total) / 100);
    if (max !== 0) wanted = Math.min(wanted, max);
    const now = this.#now();
    const records: AddressRecord[] = [];
    for (let n = 0; n < total && records.length < wanted; n++) {
      this.#swap(n, n + this.#randomBelow(total - n));
      const entry = this.#entries.get(this.#shuffled[n] as number) as Entry;
      if (network !== undefined && networkClass(entry.address) !== network) continue;
      if (filtered && isTerrible(entry, now)) continue;
      records.push(recordOf(entry));
    }
    return records;
  }

  /** One table with the place of each address, in order of buckets. */
  *table(table: AddressTable): Generator<readonly [KnownAddress, AddressPosition]> {
    const places = table === 'tried' ? this.#tried : this.#new;
    for (let place = 0; place < places.length; place++) {
      const entry = this.#entries.get(places[place] as number);
      if (entry) yield [entry, positionOf(table, place)];
    }
  }

  /** Where an address is kept (of several places, the one its first source gave it). */
  find(address: WireAddress): AddressPosition | undefined {
    const entry = this.#find(address);
    if (!entry) return undefined;
    return entry.triedPlace === NOBODY
      ? positionOf('new', this.#newPlaceOf(entry, entry.source))
      : positionOf('tried', entry.triedPlace);
  }

  /** Every known address once, with its buckets of `new` (none: it is in `tried`). */
  *all(): Generator<readonly [KnownAddress, readonly number[]]> {
    for (const entry of this.#entries.values()) {
      yield [entry, entry.newPlaces.map((place) => Math.floor(place / BUCKET_SIZE))];
    }
  }

  /**
   * Takes back what `all` gave: an address in `buckets` of the table `new` (undefined: where its source puts
   * it), or a tried one (`'tried'`). False when there is no room.
   */
  restore(known: KnownAddress, buckets: readonly number[] | undefined | 'tried'): boolean {
    if (!isValid(known.address) || this.#find(known.address)) return false;
    const entry = this.#create(known);
    if (buckets === 'tried') {
      const place = this.#triedPlaceOf(entry);
      if (this.#tried[place] === NOBODY) {
        this.#count(entry, 'tried', 1);
        this.#tried[place] = entry.id;
        entry.triedPlace = place;
        return true;
      }
    } else {
      for (const bucket of buckets ?? [newBucket(this, entry.address, entry.source)]) {
        let place = this.#placeIn(bucket, entry);
        // As bitcoind: a place that is taken is replaced by the one its source gives.
        if (this.#new[place] !== NOBODY) place = this.#newPlaceOf(entry, entry.source);
        if (this.#new[place] !== NOBODY || entry.newPlaces.length >= MAX_NEW_PLACES) continue;
        this.#new[place] = entry.id;
        entry.newPlaces.push(place);
      }
      if (entry.newPlaces.length > 0) {
        this.#count(entry, 'new', 1);
        return true;
      }
    }
    this.#forget(entry);
    return false;
  }

  /**
   * 0 when everything fits together, else bitcoind's number for what does not. Unless `thorough`, places
   * are not computed again: that is most of the work.
   */
  check(thorough = true): number {
    if (this.#shuffled.length !== this.size()) return -7;
    const counted = { new: 0, tried: 0 };
    for (const entry of this.#entries.values()) {
      const isTried = entry.triedPlace !== NOBODY;
      if (isTried && entry.lastSuccess === 0) return -1;
      if (isTried && entry.newPlaces.length > 0) return -2;
      if (entry.newPlaces.length > MAX_NEW_PLACES) return -3;
      if (!isTried && entry.newPlaces.length === 0) return -4;
      if (this.#ids.get(addressKey(entry.address)) !== entry.id) return -5;
      if (this.#shuffled[entry.randomIndex] !== entry.id) return -14;
      if (entry.lastTry < 0) return -6;
      if (entry.lastSuccess < 0) return -8;
      counted[isTried ? 'tried' : 'new']++;
      if (isTried && this.#tried[entry.triedPlace] !== entry.id) return -13;
      if (thorough && isTried && this.#triedPlaceOf(entry) !== entry.triedPlace) return -17;
      for (const place of entry.newPlaces) {
        if (this.#new[place] !== entry.id) return -15;
        const bucket = Math.floor(place / BUCKET_SIZE);
        if (thorough && this.#placeIn(bucket, entry) !== place) return -19;
      }
    }
    if (counted.tried !== this.size(undefined, 'tried')) return -9;
    if (counted.new !== this.size(undefined, 'new')) return -10;
    if (this.#tried.some((id) => id !== NOBODY && !this.#entries.has(id))) return -11;
    if (this.#new.some((id) => id !== NOBODY && !this.#entries.has(id))) return -12;
    return this.key.every((byte) => byte === 0) ? -16 : 0;
  }

  /** Checks now and then, where that is wished; what does not fit together is a bug of ours. */
  #audit(): void {
    if (this.#checkEvery === 0 || this.#randomBelow(this.#checkEvery) !== 0) return;
    const [isNew, tried] = [this.size(undefined, 'new'), this.size(undefined, 'tried')];
    this.#onCheck(`CheckAddrman: new ${isNew}, tried ${tried}, total ${isNew + tried} started`);
    const code = this.check();
    assert(code === 0, `the address book does not fit together (${code})`);
    this.#onCheck('CheckAddrman: completed');
  }

  #find(address: WireAddress): Entry | undefined {
    const id = this.#ids.get(addressKey(address));
    return id === undefined ? undefined : this.#entries.get(id);
  }

  #addOne(record: AddressRecord, source: HostAddress, givenPenalty: number): boolean {
    if (!isRoutable(record)) return false;
    // Nobody is better informed about a node than itself.
    const penalty = hostKey(record) === hostKey(source) ? 0 : givenPenalty;
    const now = this.#now();
    let entry = this.#find(record);
    if (entry) {
      const interval = now - record.time < DAY ? HOUR : DAY;
      if (entry.time < record.time - interval - penalty) {
        entry.time = Math.max(0, record.time - penalty);
      }
      entry.services |= record.services;
      if (record.time <= entry.time || entry.triedPlace !== NOBODY) return false;
      const places = entry.newPlaces.length;
      if (places === MAX_NEW_PLACES) return false;
      // Each further place is twice as hard to get: who repeats himself gains little.
      if (places > 0 && this.#randomBelow(1 << places) !== 0) return false;
    } else {
      const time = Math.max(0, record.time - penalty);
      const { services } = record;
      entry = this.#create({
        address: record,
        time,
        services,
        source,
        lastSuccess: 0,
        attempts: 0,
      });
      this.#count(entry, 'new', 1);
    }
    const place = this.#newPlaceOf(entry, source);
    const holder = this.#entries.get(this.#new[place] as number);
    if (holder === entry) return false;
    const isFree = holder === undefined;
    const yields =
      holder !== undefined &&
      (isTerrible(holder, now) || (holder.newPlaces.length > 1 && entry.newPlaces.length === 0));
    if (isFree || yields) {
      this.#clearNew(place);
      this.#new[place] = entry.id;
      entry.newPlaces.push(place);
      return true;
    }
    if (entry.newPlaces.length === 0) this.#delete(entry);
    return false;
  }

  #good(address: WireAddress, time: number, testBeforeEvict: boolean): boolean {
    this.#lastGood = time;
    const entry = this.#find(address);
    if (!entry) return false;
    // `time` stays as it is: others see it, and could tell from it whom we are connected to.
    entry.lastSuccess = time;
    entry.lastTry = time;
    entry.attempts = 0;
    if (entry.triedPlace !== NOBODY) return false;
    assert(entry.newPlaces.length > 0, 'an address that was not tried is new');
    if (testBeforeEvict && this.#tried[this.#triedPlaceOf(entry)] !== NOBODY) {
      if (this.#collisions.size < MAX_COLLISIONS) this.#collisions.add(entry.id);
      return false;
    }
    this.#makeTried(entry);
    return true;
  }

  #makeTried(entry: Entry): void {
    for (const place of entry.newPlaces) this.#new[place] = NOBODY;
    entry.newPlaces = [];
    this.#count(entry, 'new', -1);
    const place = this.#triedPlaceOf(entry);
    const evicted = this.#entries.get(this.#tried[place] as number);
    if (evicted) {
      this.#count(evicted, 'tried', -1);
      evicted.triedPlace = NOBODY;
      const back = this.#newPlaceOf(evicted, evicted.source);
      this.#clearNew(back);
      this.#new[back] = evicted.id;
      evicted.newPlaces = [back];
      this.#count(evicted, 'new', 1);
    }
    this.#tried[place] = entry.id;
    entry.triedPlace = place;
    this.#count(entry, 'tried', 1);
  }

  /** True when it is decided whether a newcomer gets its place. */
  #isResolved(entry: Entry): boolean {
    const holder = this.#entries.get(this.#tried[this.#triedPlaceOf(entry)] as number);
    const now = this.#now();
    if (!holder) return true;
    if (now - holder.lastSuccess < REPLACEMENT) return true;
    if (now - holder.lastTry < REPLACEMENT) {
      // Tried and not answered; give an attempt that is going on a minute.
      if (now - holder.lastTry <= MINUTE) return false;
    } else if (now - entry.lastSuccess <= TEST_WINDOW) {
      return false;
    }
    this.#good(entry.address, now, false);
    return true;
  }

  #fromBucket(
    places: Int32Array,
    bucket: number,
    networks: ReadonlySet<NetworkName>,
  ): Entry | undefined {
    const start = this.#randomBelow(BUCKET_SIZE);
    for (let i = 0; i < BUCKET_SIZE; i++) {
      const id = places[bucket * BUCKET_SIZE + ((start + i) % BUCKET_SIZE)] as number;
      if (id === NOBODY) continue;
      const entry = this.#entries.get(id) as Entry;
      if (networks.size === 0 || networks.has(entry.network)) return entry;
    }
    return undefined;
  }

  #placeIn(bucket: number, { address }: Entry): number {
    return bucket * BUCKET_SIZE + bucketPosition(this.key, address, 'new', bucket);
  }

  #newPlaceOf(entry: Entry, source: HostAddress): number {
    return this.#placeIn(newBucket(this, entry.address, source), entry);
  }

  #triedPlaceOf({ address }: Entry): number {
    const bucket = triedBucket(this, address);
    return bucket * BUCKET_SIZE + bucketPosition(this.key, address, 'tried', bucket);
  }

  /** Frees a place; an address that has no other is forgotten. */
  #clearNew(place: number): void {
    const entry = this.#entries.get(this.#new[place] as number);
    if (!entry) return;
    entry.newPlaces = entry.newPlaces.filter((other) => other !== place);
    this.#new[place] = NOBODY;
    if (entry.newPlaces.length === 0) this.#delete(entry);
  }

  #create(known: KnownAddress): Entry {
    const { address, source } = known;
    // Field by field: what a caller's objects hold besides is not kept alive.
    const entry: Entry = {
      address: { networkId: address.networkId, bytes: address.bytes, port: address.port },
      time: known.time,
      services: known.services,
      source: { networkId: source.networkId, bytes: source.bytes },
      lastSuccess: known.lastSuccess,
      attempts: known.attempts,
      id: this.#nextId++,
      network: networkOf(known.address),
      lastTry: 0,
      lastCountedAttempt: 0,
      newPlaces: [],
      triedPlace: NOBODY,
      randomIndex: this.#shuffled.length,
    };
    this.#entries.set(entry.id, entry);
    this.#ids.set(addressKey(entry.address), entry.id);
    this.#shuffled.push(entry.id);
    return entry;
  }

  #delete(entry: Entry): void {
    assert(entry.triedPlace === NOBODY, 'a tried address is not deleted');
    this.#count(entry, 'new', -1);
    this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.#swap(entry.randomIndex, this.#shuffled.length - 1);
    this.#shuffled.pop();
    this.#ids.delete(addressKey(entry.address));
    this.#entries.delete(entry.id);
  }

  #swap(a: number, b: number): void {
    const [idA, idB] = [this.#shuffled[a] as number, this.#shuffled[b] as number];
    this.#shuffled[a] = idB;
    this.#shuffled[b] = idA;
    (this.#entries.get(idA) as Entry).randomIndex = b;
    (this.#entries.get(idB) as Entry).randomIndex = a;
  }

  #count({ network }: Entry, table: AddressTable, by: number): void {
    const counts = this.#counts.get(network) ?? { new: 0, tried: 0 };
    counts[table] += by;
    this.#counts.set(network, counts);
  }
}

function positionOf(table: AddressTable, place: number): AddressPosition {
  return { table, bucket: Math.floor(place / BUCKET_SIZE), position: place % BUCKET_SIZE };
}

function occupiedBuckets(places: Int32Array): number[] {
  const buckets: number[] = [];
  for (let place = 0; place < places.length; place++) {
    if (places[place] === NOBODY) continue;
    const bucket = Math.floor(place / BUCKET_SIZE);
    buckets.push(bucket);
    place = (bucket + 1) * BUCKET_SIZE - 1;
  }
  return buckets;
}

function recordOf({ address, time, services }: KnownAddress): AddressRecord {
  return { ...address, time, services };
}

function selected(entry: Entry): SelectedAddress {
  return { address: recordOf(entry), lastTry: entry.lastTry };
}

/** True for an address that may be dropped for another. */
function isTerrible(entry: Entry, now: number): boolean {
  if (now - entry.lastTry <= MINUTE) return false;
  if (entry.time > now + 10 * MINUTE) return true;
  if (now - entry.time > HORIZON) return true;
  if (entry.lastSuccess === 0 && entry.attempts >= MAX_RETRIES) return true;
  return now - entry.lastSuccess > MIN_FAIL && entry.attempts >= MAX_FAILURES;
}

/** How much an address deserves to be picked, at most 1. */
function chanceOf(entry: Entry, now: number): number {
  const recent = now - entry.lastTry < 10 * MINUTE ? 0.01 : 1;
  return recent * 0.66 ** Math.min(entry.attempts, 8);
}
