/**
 * Which connections a node opens by itself: so many for everything, a few for blocks only, now and then
 * one just to see whether an address is any good. Decides from counts and from what is known of
 * addresses; opening them is the peers' part.
 */
import type { AddressManager } from './address-manager.ts';
import type { WireAddress } from './messages.ts';
import { addressKey, type HostAddress, isRoutable, isValid } from './net-address.ts';
import type { Random } from './network.ts';
import type { ConnectionType } from './peer.ts';

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

/** What the choice works with. */
export interface OutboundModules {
  readonly addresses: AddressManager;
  readonly random: Random;
  /** The neighbourhood of an address: two outbound peers are never of one. */
  readonly groupOf: (host: HostAddress) => string;
  readonly isReachable: (host: HostAddress) => boolean;
  readonly isUnwanted: (host: HostAddress) => boolean;
  /** True for services that make an outbound peer useful. */
  readonly isUseful: (services: bigint) => boolean;
}

/** A connection to open. */
export interface OutboundChoice {
  readonly type: ConnectionType;
  readonly address: WireAddress;
}

/** Chooses outbound connections. */
export class Outbound {
  readonly #modules: OutboundModules;
  #nextFeeler = 0;

  constructor(modules: OutboundModules) {
    this.#modules = modules;
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
    let type: ConnectionType;
    if (counts.full < counts.maxFull) type = 'outbound-full-relay';
    else if (counts.blockOnly < counts.maxBlockOnly) type = 'block-relay-only';
    else if (now > this.#nextFeeler) {
      this.#nextFeeler = now + random.exponential(FEELER_INTERVAL_MS);
      type = 'feeler';
    } else return undefined;
    addresses.resolveCollisions();
    const address = this.#pick(type, groups, Math.floor(now / 1000));
    return address && { type, address };
  }

  #pick(type: ConnectionType, groups: ReadonlySet<string>, now: number): WireAddress | undefined {
    const { addresses, groupOf, isReachable, isUnwanted, isUseful } = this.#modules;
    const seen = new Set<string>();
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const collision = type === 'feeler' ? addresses.selectTriedCollision() : undefined;
      const selected = collision ?? addresses.select(type === 'feeler');
      if (!selected) return undefined;
      const { address, lastTry } = selected;
      const { services: offered, time: _, ...wire } = address;
      if (seen.has(addressKey(address))) continue;
      if (!isValid(address) || !isRoutable(address) || !isReachable(address)) continue;
      if (isUnwanted(address)) continue;
      if (type !== 'feeler' && groups.has(groupOf(address))) continue;
      if (now - lastTry < RECENT_TRY_SECONDS && tries < TRIES_BEFORE_RECENT) continue;
      if (type !== 'feeler' && !isUseful(offered)) continue;
      return wire;
    }
    return undefined;
  }
}
