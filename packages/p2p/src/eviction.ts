/**
 * Which inbound peer makes room for a new one: bitcoind's way of protecting a few peers for each of
 * several merits that are dear to fake, and then taking the youngest of the largest neighbourhood.
 * A pure choice among facts.
 */

/** What is known of a peer that may have to go. */
export interface EvictionCandidate {
  readonly id: number;
  /** Ms. */
  readonly connectedAt: number;
  readonly minPing: number;
  readonly lastBlockTime: number;
  readonly lastTxTime: number;
  readonly relevantServices: boolean;
  readonly relaysTxs: boolean;
  readonly bloomFilter: boolean;
  /** Neighbourhood, as a text nobody can choose. */
  readonly group: string;
  readonly preferEvict: boolean;
  readonly isLocal: boolean;
  /** ipv4, onion, … */
  readonly network: string;
  readonly protectedByUser: boolean;
  readonly inbound: boolean;
}

type Order = (a: EvictionCandidate, b: EvictionCandidate) => number;

const byFlag = (a: boolean, b: boolean): number => Number(a) - Number(b);
const youngestFirst: Order = (a, b) => b.connectedAt - a.connectedAt;
const byGroup: Order = (a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : 0);
const slowestFirst: Order = (a, b) =>
  a.minPing === b.minPing ? 0 : a.minPing > b.minPing ? -1 : 1;
const byTxs: Order = (a, b) =>
  a.lastTxTime - b.lastTxTime ||
  byFlag(a.relaysTxs, b.relaysTxs) ||
  byFlag(b.bloomFilter, a.bloomFilter) ||
  youngestFirst(a, b);
const byBlocks: Order = (a, b) =>
  a.lastBlockTime - b.lastBlockTime ||
  byFlag(a.relevantServices, b.relevantServices) ||
  youngestFirst(a, b);
const byBlocksWithoutTxs: Order = (a, b) => byFlag(b.relaysTxs, a.relaysTxs) || byBlocks(a, b);

/** Takes out the last `count` by `order`, as far as `which` holds. */
function protect(
  candidates: EvictionCandidate[],
  order: Order,
  count: number,
  which: (candidate: EvictionCandidate) => boolean = () => true,
): EvictionCandidate[] {
  const sorted = [...candidates].sort(order);
  const from = Math.max(0, sorted.length - Math.max(0, Math.floor(count)));
  return sorted.filter((candidate, at) => at < from || !which(candidate));
}

/** Half of those left stay for having been there long, a quarter of them on networks few peers use. */
function protectByUptime(given: EvictionCandidate[]): EvictionCandidate[] {
  let left = given;
  const total = Math.floor(given.length / 2);
  const isOn = (network: string) => (candidate: EvictionCandidate) =>
    network === 'local' ? candidate.isLocal : candidate.network === network;
  const networks = ['cjdns', 'i2p', 'local', 'onion']
    .map((name) => ({ name, count: given.filter(isOn(name)).length }))
    .sort((a, b) => a.count - b.count);
  const most = Math.floor(total / 2);
  let done = 0;
  while (done < most) {
    const present = networks.filter(({ count }) => count > 0).length;
    if (present === 0) break;
    const each = Math.max(Math.floor((most - done) / present), 1);
    const before = done;
    for (const network of networks) {
      if (network.count === 0) continue;
      const size = left.length;
      const belongs = isOn(network.name);
      const order: Order = (a, b) => byFlag(belongs(a), belongs(b)) || youngestFirst(a, b);
      left = protect(left, order, each, belongs);
      const gone = size - left.length;
      done += gone;
      network.count -= gone;
      if (done >= most) break;
    }
    if (done === before) break;
  }
  return protect(left, youngestFirst, total - done);
}

/** The peer to disconnect; undefined when every one is protected. */
export function chooseEviction(candidates: readonly EvictionCandidate[]): number | undefined {
  let left = candidates.filter(({ protectedByUser, inbound }) => !protectedByUser && inbound);
  left = protect(left, byGroup, 4);
  left = protect(left, slowestFirst, 8);
  left = protect(left, byTxs, 4);
  left = protect(
    left,
    byBlocksWithoutTxs,
    8,
    ({ relaysTxs, relevantServices }) => !relaysTxs && relevantServices,
  );
  left = protect(left, byBlocks, 4);
  left = protectByUptime(left);
  if (left.some(({ preferEvict }) => preferEvict)) {
    left = left.filter(({ preferEvict }) => preferEvict);
  }
  const groups = new Map<string, EvictionCandidate[]>();
  let largest: EvictionCandidate[] | undefined;
  for (const candidate of left.sort(youngestFirst)) {
    const group = groups.get(candidate.group) ?? [];
    group.push(candidate);
    groups.set(candidate.group, group);
    const time = group[0]?.connectedAt ?? 0;
    const bigger =
      !largest ||
      group.length > largest.length ||
      (group.length === largest.length && time > (largest[0]?.connectedAt ?? 0));
    if (bigger) largest = group;
  }
  return largest?.[0]?.id;
}
