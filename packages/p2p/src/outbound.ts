/**
 * Which connections a node opens by itself: so many for everything, a few for blocks only, now and then
 * one just to see whether an address is any good. Decides from counts and from what is known of
 * addresses; opening them is opener.ts.
 */
import type { AddressManager } from './address-manager.ts';
import type { AddressRecord, WireAddress } from './messages.ts';
import {
  formatAddress,
  type HostAddress,
  isRoutable,
  isValid,
  type NetworkName,
} from './net-address.ts';
import type { Random } from './network.ts';
import type { ConnectionType } from './peer.ts';
import { offers, servesBlocks, services } from './services.ts';
import type { NetLog } from './wire.ts';

const FEELER_INTERVAL_MS = 2 * 60_000;
const RECENT_TRY_SECONDS = 10 * 60;
const TRIES_BEFORE_RECENT = 30;
const MAX_TRIES = 100;

/** How many there are and may be. */
export interface OutboundCounts {
  readonly full: number;
  readonly maxFull: number;
  readonly blockOnly: number;
  readonly maxBlockOnly: number;
}

/** A block-only peer of the last run: going back to it makes it hard to be cut off by a restart. */
export type Anchor = AddressRecord;

/** Plain settings of the choice. */
export interface OutboundOptions {
  readonly anchors: readonly Anchor[];
  readonly networks: ReadonlySet<NetworkName>;
  readonly isReachable: (host: HostAddress) => boolean;
}

/** What the choice works with. */
export interface OutboundModules {
  readonly addresses: AddressManager;
  readonly random: Random;
  readonly log: NetLog;
  /** The neighbourhood of an address: two outbound peers are never of one. */
  readonly groupOf: (host: HostAddress) => string;
  readonly isUnwanted: (host: HostAddress) => boolean;
  /** True for services that make an outbound peer useful. */
  readonly isUseful: (services: bigint) => boolean;
  readonly isOwn: (host: HostAddress) => boolean;
  /** True for nodes that are kept connected anyway. */
  readonly isAdded: (address: WireAddress) => boolean;
}

/** A connection to open. */
export interface OutboundChoice {
  readonly type: ConnectionType;
  readonly address: WireAddress;
  /** It is said to speak the encrypted transport. */
  readonly v2: boolean;
}

/** Chooses outbound connections. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #modules: OutboundModules;
  readonly #anchors: Anchor[];
  #nextFeeler: number | undefined;

  constructor(options: OutboundOptions, modules: OutboundModules) {
    this.#options = options;
    this.#modules = modules;
    this.#anchors = [...options.anchors];
  }

  /**
   * The next connection to open; undefined when there are enough or no address is left. `groups` are
   * the neighbourhoods of present outbound peers; `now` in ms.
   */
  choose(
    counts: OutboundCounts,
    groups: ReadonlySet<string>,
    now: number,
  ): OutboundChoice | undefined {
    const { addresses, random } = this.#modules;
    this.#nextFeeler ??= now + random.exponential(FEELER_INTERVAL_MS);
    if (counts.blockOnly < counts.maxBlockOnly) {
      const anchor = this.#nextAnchor(groups);
      if (anchor) return choiceOf('block-relay-only', anchor);
    }
    let type: ConnectionType;
    if (counts.full < counts.maxFull) type = 'outbound-full-relay';
    else if (counts.blockOnly < counts.maxBlockOnly) type = 'block-relay-only';
    else if (now > this.#nextFeeler) {
      this.#nextFeeler = now + random.exponential(FEELER_INTERVAL_MS);
      type = 'feeler';
    } else return undefined;
    addresses.resolveCollisions();
    const address = this.#pick(type, groups, Math.floor(now / 1000));
    return address && choiceOf(type, address);
  }

  /** The last run's block-only peers, each once. */
  #nextAnchor(groups: ReadonlySet<string>): Anchor | undefined {
    const { groupOf, isUseful, isOwn, log } = this.#modules;
    for (let anchor = this.#anchors.pop(); anchor; anchor = this.#anchors.pop()) {
      if (!isValid(anchor) || isOwn(anchor) || !this.#options.isReachable(anchor)) continue;
      if (!isUseful(anchor.services) || groups.has(groupOf(anchor))) continue;
      log.debug('net', `Trying to make an anchor connection to ${formatAddress(anchor)}`);
      return anchor;
    }
    return undefined;
  }

  #pick(type: ConnectionType, groups: ReadonlySet<string>, now: number): AddressRecord | undefined {
    const { addresses, groupOf, isUnwanted, isUseful, isOwn, isAdded } = this.#modules;
    const { isReachable, networks } = this.#options;
    const isFeeler = type === 'feeler';
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const collision = isFeeler ? addresses.selectTriedCollision() : undefined;
      const selected = collision ?? addresses.select(isFeeler, networks);
      if (!selected) return undefined;
      const { address, lastTry } = selected;
      if (!isValid(address) || !isRoutable(address) || isOwn(address)) continue;
      if (!isReachable(address) || isUnwanted(address) || isAdded(address)) continue;
      if (!isFeeler && groups.has(groupOf(address))) continue;
      if (now - lastTry < RECENT_TRY_SECONDS && tries < TRIES_BEFORE_RECENT) continue;
      const { services: offered } = address;
      if (isFeeler ? !servesBlocks(offered) : !isUseful(offered)) continue;
      return address;
    }
    return undefined;
  }
}

function choiceOf(type: ConnectionType, record: AddressRecord): OutboundChoice {
  const { services: offered, time: _, ...address } = record;
  return { type, address, v2: offers(offered, services.P2P_V2) };
}
