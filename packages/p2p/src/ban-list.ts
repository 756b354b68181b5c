/**
 * Whom we do not talk to: ranges banned by the user for a time, kept in banlist.json as bitcoind writes it,
 * and single addresses that misbehaved, which are only discouraged and forgotten at the end.
 */
import { type HostAddress, hostKey } from './net-address.ts';
import { RecentSet } from './recent-set.ts';
import {
  compareSubnets,
  formatSubnet,
  isInSubnet,
  parseSubnet,
  type Subnet,
  subnetKey,
} from './subnet.ts';

/** A range that is banned. */
export interface Ban {
  readonly subnet: Subnet;
  /** Unix seconds. */
  readonly created: number;
  /** Unix seconds. */
  readonly until: number;
}

/** Plain settings of a ban list. */
export interface BanListOptions {
  /** How long a ban lasts that names no time (-bantime), seconds. */
  readonly defaultSeconds: number;
}

/** What a ban list works with. */
export interface BanListModules {
  /** Unix seconds. */
  readonly now: () => number;
}

const ENTRY_VERSION = 1;
/** Addresses that misbehaved; forgetting the oldest of so many does no harm. */
const MAX_DISCOURAGED = 50_000;

/** Banned ranges and discouraged addresses. */
export class BanList {
  readonly #defaultSeconds: number;
  readonly #now: () => number;
  readonly #bans = new Map<string, Ban>();
  readonly #discouraged = new RecentSet(MAX_DISCOURAGED);

  constructor({ defaultSeconds }: BanListOptions, { now }: BanListModules) {
    this.#defaultSeconds = defaultSeconds;
    this.#now = now;
  }

  /**
   * Bans a range for `seconds` from now, or `until` a unix time; for the usual time when that is zero or
   * less. False when it is banned for longer already.
   */
  ban(subnet: Subnet, { seconds = 0, until = 0 } = {}): boolean {
    const now = this.#now();
    const end = until > 0 ? until : now + (seconds > 0 ? seconds : this.#defaultSeconds);
    const key = subnetKey(subnet);
    if ((this.#bans.get(key)?.until ?? 0) >= end) return false;
    this.#bans.set(key, { subnet, created: now, until: end });
    return true;
  }

  /** False when exactly this range was not banned. */
  unban(subnet: Subnet): boolean {
    return this.#bans.delete(subnetKey(subnet));
  }

  clear(): void {
    this.#bans.clear();
  }

  /** True when the address lies in a banned range. */
  isBanned(host: HostAddress): boolean {
    const now = this.#now();
    for (const { subnet, until } of this.#bans.values()) {
      if (now < until && isInSubnet(subnet, host)) return true;
    }
    return false;
  }

  /** True when exactly this range is banned. */
  isSubnetBanned(subnet: Subnet): boolean {
    const ban = this.#bans.get(subnetKey(subnet));
    return ban !== undefined && this.#now() < ban.until;
  }

  /** All bans that last, in bitcoind's order. */
  list(): readonly Ban[] {
    const now = this.#now();
    for (const [key, { until }] of this.#bans) if (now > until) this.#bans.delete(key);
    return [...this.#bans.values()].sort((a, b) => compareSubnets(a.subnet, b.subnet));
  }

  /** Remembers an address that misbehaved: it may connect while there is room, and is evicted first. */
  discourage(host: HostAddress): void {
    this.#discouraged.add(hostKey(host));
  }

  isDiscouraged(host: HostAddress): boolean {
    return this.#discouraged.has(hostKey(host));
  }

  /** The contents of banlist.json. */
  format(): string {
    const nets = this.list().map(({ subnet, created, until }) => ({
      version: ENTRY_VERSION,
      ban_created: created,
      banned_until: until,
      address: formatSubnet(subnet),
    }));
    return `${JSON.stringify({ banned_nets: nets }, undefined, 4)}\n`;
  }

  /**
   * Takes in the contents of banlist.json and says which entries it had to leave out. Throws
   * `SyntaxError` for what is no ban list at all.
   */
  parse(json: string, { cjdnsReachable = false } = {}): readonly string[] {
    const nets: unknown = (JSON.parse(json) as { banned_nets?: unknown } | null)?.banned_nets;
    if (!Array.isArray(nets)) throw new SyntaxError('banned_nets is missing');
    const dropped: string[] = [];
    const bans: Ban[] = [];
    for (const entry of nets as readonly Readonly<Record<string, unknown>>[]) {
      const { version, ban_created: created, banned_until: until, address } = entry ?? {};
      if (version !== ENTRY_VERSION) {
        dropped.push(`Dropping entry with unknown version (${version}) from ban list`);
        continue;
      }
      const isWhole = typeof created === 'number' && typeof until === 'number';
      if (!isWhole || typeof address !== 'string') throw new SyntaxError('an entry is not whole');
      const subnet = parseSubnet(address, cjdnsReachable);
      if (subnet) bans.push({ subnet, created, until });
      else {
        const what = 'Dropping entry with unparseable address or subnet';
        dropped.push(`${what} (${address}) from ban list`);
      }
    }
    for (const ban of bans) this.#bans.set(subnetKey(ban.subnet), ban);
    return dropped;
  }
}
