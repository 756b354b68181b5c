/**
 * At which addresses others may reach us, and which of them to tell a peer: each has a score that grows with
 * everybody who says the same, and an address is told where its network can be used. bitcoind's rules.
 */
import type { WireAddress } from './messages.ts';
import {
  asCjdns,
  formatAddress,
  type HostAddress,
  hostKey,
  isInternal,
  isRoutable,
  linkedIpv4,
  type NetworkName,
  networkOf,
} from './net-address.ts';
import type { Random } from './network.ts';
import type { Peer } from './peer.ts';
import { isReachable, type Reach } from './reach.ts';
import type { NetLog } from './wire.ts';

/** How sure we are of an address at first, by where it is from. */
export const localScores = { interface: 1, bind: 2, mapped: 3, manual: 4 } as const;

/** An address of ours. */
export interface LocalAddress {
  readonly address: WireAddress;
  readonly score: number;
}

/** Plain settings. */
export interface LocalAddressesOptions {
  readonly reach: Reach;
  /** Addresses nobody named are looked for and believed (`-discover`). */
  readonly discover: boolean;
}

/** What it works with. */
export interface LocalAddressesModules {
  readonly random: Random;
  readonly log: NetLog;
}

/** Our own addresses. */
export class LocalAddresses {
  readonly #options: LocalAddressesOptions;
  readonly #modules: LocalAddressesModules;
  readonly #known = new Map<string, { address: WireAddress; score: number }>();

  constructor(options: LocalAddressesOptions, modules: LocalAddressesModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** All of them, in the order of learning. */
  all(): readonly LocalAddress[] {
    return [...this.#known.values()];
  }

  /** An address at which we can be reached, with a score of `localScores`. */
  add(given: WireAddress, score: number): void {
    const { reach, discover } = this.#options;
    const isManual = score >= localScores.manual;
    const address = reach.cjdns ? { ...asCjdns(given), port: given.port } : given;
    if (!isRoutable(address)) return;
    if (!isManual && (!discover || !isReachable(reach, address))) return;
    this.#modules.log.info(`AddLocal(${formatAddress(address)},${score})`);
    const key = hostKey(address);
    const known = this.#known.get(key);
    if (known && known.score > score) return;
    this.#known.set(key, { address, score: known ? score + 1 : score });
  }

  /** Somebody reached us there. */
  seen(address: HostAddress): void {
    const known = this.#known.get(hostKey(address));
    if (known) known.score++;
  }

  has(host: HostAddress): boolean {
    return this.#known.has(hostKey(host));
  }

  /** The address to tell a peer; undefined when there is none that others could use. */
  adviceFor(peer: Peer): WireAddress | undefined {
    const { random, log } = this.#modules;
    const best = this.#bestFor(peer);
    let told: WireAddress | undefined = best?.address;
    const seen = peer.addressLocal;
    if (seen && this.#isBelievable(peer, seen)) {
      // Now and then what the peer says, in case it knows better than we do.
      const rarely = best && best.score > localScores.manual ? 8 : 2;
      if (!best || random.below(rarely) === 0) {
        const port = peer.inbound ? seen.port : (best?.address.port ?? peer.connection.local.port);
        told = { networkId: seen.networkId, bytes: seen.bytes, port };
      }
    }
    if (!told || !isRoutable(told)) return undefined;
    log.debug('net', `Advertising address ${formatAddress(told)} to peer=${peer.id}`);
    return told;
  }

  #isBelievable({ host }: Peer, seen: WireAddress): boolean {
    const { reach, discover } = this.#options;
    return (
      discover &&
      host !== undefined &&
      isRoutable(host) &&
      isRoutable(seen) &&
      isReachable(reach, seen)
    );
  }

  #bestFor(peer: Peer): LocalAddress | undefined {
    let best: LocalAddress | undefined;
    let bestReach = -1;
    const through = peer.network;
    for (const local of this.#known.values()) {
      const network = networkOf(local.address);
      // An address of a network that hides whose it is does not belong beside one that does not.
      const hides = HIDING.has(network) || HIDING.has(through);
      if (hides && network !== through) continue;
      const reach = reachability(local.address, peer.host);
      if (reach > bestReach || (reach === bestReach && local.score > (best?.score ?? 0))) {
        best = local;
        bestReach = reach;
      }
    }
    return best;
  }
}

const HIDING: ReadonlySet<NetworkName> = new Set<NetworkName>(['onion', 'i2p']);

/** From the worst to the best way from one network to an address. */
const ways = {
  none: 0,
  default: 1,
  teredo: 2,
  weakIpv6: 3,
  ipv4: 4,
  strongIpv6: 5,
  private: 6,
} as const;

type Kind = NetworkName | 'teredo';

const isTeredo = ({ networkId, bytes }: HostAddress): boolean =>
  networkId === 2 && [0x20, 0x01, 0, 0].every((byte, at) => bytes[at] === byte);

function kindOf(host: HostAddress | undefined): Kind {
  if (!host) return 'not_publicly_routable';
  return isTeredo(host) ? 'teredo' : networkOf(host);
}

/** What is good for whoever sits on a network; `default` where nothing is said. */
const wayTo: Readonly<Partial<Record<Kind, Readonly<Partial<Record<Kind, number>>>>>> = {
  ipv4: { ipv4: ways.ipv4 },
  ipv6: { teredo: ways.teredo, ipv4: ways.ipv4, ipv6: ways.strongIpv6 },
  onion: { ipv4: ways.ipv4, onion: ways.private },
  i2p: { i2p: ways.private },
  cjdns: { cjdns: ways.private },
  teredo: { teredo: ways.teredo, ipv6: ways.weakIpv6, ipv4: ways.ipv4 },
  not_publicly_routable: {
    teredo: ways.teredo,
    ipv6: ways.weakIpv6,
    ipv4: ways.ipv4,
    onion: ways.private,
  },
};

function reachability(ours: HostAddress, theirs: HostAddress | undefined): number {
  if (!isRoutable(ours) || isInternal(ours)) return ways.none;
  const [our, their] = [kindOf(ours), kindOf(theirs)];
  const isTunnel = our === 'ipv6' && linkedIpv4(ours) !== undefined;
  if (their === 'ipv6' && isTunnel) return ways.weakIpv6;
  return wayTo[their]?.[our] ?? ways.default;
}
