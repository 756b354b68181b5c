/**
 * Gossip of addresses: taking in what peers tell, at a bounded rate; passing fresh news on to one or two
 * others, always the same for a day; answering getaddr with a sample that is the same for a day as well;
 * and saying now and then where we are.
 */
import { createHmac } from 'node:crypto';
import type { AddressManager } from './address-manager.ts';
import { isDesirable } from './handshake.ts';
import type { AddressRecord, WireAddress } from './messages.ts';
import {
  addressKey,
  formatAddress,
  formatHost,
  type HostAddress,
  isRoutable,
  isValid,
  networkIds,
} from './net-address.ts';
import type { Peer } from './peer.ts';
import { servesBlocks } from './services.ts';
import type { Wire } from './wire.ts';

/** Records of a message at most. */
export const MAX_ADDRESSES = 1000;
const MAX_PERCENT = 23;
const TOKENS_PER_SECOND = 0.1;
const SEND_INTERVAL_MS = 30_000;
const LOCAL_INTERVAL_MS = 24 * 60 * 60_000;
const ROTATE_SECONDS = 24 * 60 * 60;
const CACHE_MIN_MS = 21 * 60 * 60_000;
const CACHE_SPREAD_MS = 6 * 60 * 60_000;
const TEN_MINUTES = 600;
const FIVE_DAYS = 5 * 24 * 60 * 60;
const TWO_HOURS = 7200;

/** What gossip asks of the rest. */
export interface AddressRelayModules {
  readonly wire: Wire;
  readonly addresses: AddressManager;
  readonly isUnwanted: (host: HostAddress) => boolean;
  readonly isReachable: (host: HostAddress) => boolean;
  /** Where this peer could tell others that we are. */
  readonly localFor: (peer: Peer) => WireAddress | undefined;
  readonly listens: boolean;
}

/** Gossip with all peers. */
export class AddressRelay {
  readonly #modules: AddressRelayModules;
  readonly #secret: Uint8Array;
  /** Answers to getaddr by our own address that was asked, so that asking often learns nothing. */
  readonly #cache = new Map<string, { records: AddressRecord[]; until: number }>();

  constructor(modules: AddressRelayModules) {
    this.#modules = modules;
    this.#secret = modules.wire.random.bytes(32);
  }

  /** True when addresses are exchanged with the peer; from the first time on. */
  enable(peer: Peer): boolean {
    if (peer.type === 'block-relay-only' || peer.type === 'feeler') return false;
    peer.addresses.enabled = true;
    return true;
  }

  /** An addr or addrv2 message came. */
  receive(peer: Peer, type: 'addr' | 'addrv2', records: readonly AddressRecord[]): void {
    const { wire, isUnwanted, isReachable } = this.#modules;
    const { clock, log, random } = wire;
    if (!this.enable(peer)) {
      log.debug('net', `ignoring ${type} message from ${peer.type} peer=${peer.id}`);
      return;
    }
    if (records.length > MAX_ADDRESSES) {
      wire.misbehaving(peer, `${type} message size = ${records.length}`);
      return;
    }
    const state = peer.addresses;
    const nowMs = clock.nowMs();
    const now = clock.now();
    if (state.tokens < MAX_ADDRESSES) {
      const earned = (Math.max(0, nowMs - state.tokenTime) / 1000) * TOKENS_PER_SECOND;
      state.tokens = Math.min(state.tokens + earned, MAX_ADDRESSES);
    }
    state.tokenTime = nowMs;
    let processed = 0;
    let limited = 0;
    const kept: AddressRecord[] = [];
    for (const record of shuffled(records, random.below)) {
      if (state.tokens < 1) {
        if (!peer.has('addr')) {
          limited++;
          continue;
        }
      } else {
        state.tokens--;
      }
      if (!servesBlocks(record.services) && !isDesirable(wire, record.services)) continue;
      const plausible = record.time > 100_000_000 && record.time <= now + TEN_MINUTES;
      const news = plausible ? record : { ...record, time: now - FIVE_DAYS };
      state.known.add(addressKey(record));
      if (isUnwanted(record)) continue;
      processed++;
      const reachable = isReachable(record);
      const fresh = news.time > now - TEN_MINUTES && !state.getaddrSent && records.length <= 10;
      if (fresh && isRoutable(record)) this.#relay(peer, news, reachable);
      if (reachable) kept.push(news);
    }
    state.processed += processed;
    state.rateLimited += limited;
    log.debug(
      'net',
      `Received addr: ${records.length} addresses (${processed} processed, ${limited} rate-limited) from peer=${peer.id}`,
    );
    if (peer.host) this.#store(kept, peer.host);
    if (records.length < MAX_ADDRESSES) state.getaddrSent = false;
    if (peer.type === 'addr-fetch' && records.length > 1) {
      wire.disconnect(peer, 'addrfetch connection completed');
    }
  }

  /** A peer wants to hear of others. */
  receiveGetaddr(peer: Peer): void {
    const { log } = this.#modules.wire;
    if (!peer.inbound) {
      log.debug('net', `Ignoring "getaddr" from ${peer.type} connection. peer=${peer.id}`);
      return;
    }
    this.enable(peer);
    const state = peer.addresses;
    if (state.getaddrReceived) {
      log.debug('net', `Ignoring repeated "getaddr". peer=${peer.id}`);
      return;
    }
    state.getaddrReceived = true;
    state.toSend = [];
    for (const record of this.#sampleFor(peer)) this.#push(peer, record);
  }

  /** Sends what is due. */
  tick(peer: Peer): void {
    const { wire, listens, localFor } = this.#modules;
    const { chain, clock, random } = wire;
    const state = peer.addresses;
    if (!state.enabled) return;
    const now = clock.nowMs();
    if (listens && !chain.initialDownload && state.nextLocalSend < now) {
      // Forgetting what it knows lets our own address pass again.
      if (state.nextLocalSend !== 0) state.known.clear();
      const local = localFor(peer);
      if (local) {
        const record = { ...local, services: peer.ourServices, time: clock.now() };
        if (state.nextLocalSend !== 0) this.#push(peer, record);
        // The first goes alone: a peer has few tokens for us at the start.
        else if (isCompatible(peer, record)) send(peer, [record]);
      }
      state.nextLocalSend = now + random.exponential(LOCAL_INTERVAL_MS);
    }
    if (now <= state.nextSend) return;
    state.nextSend = now + random.exponential(SEND_INTERVAL_MS);
    const pending = state.toSend.filter((record) => {
      const key = addressKey(record);
      if (state.known.has(key)) return false;
      state.known.add(key);
      return true;
    });
    state.toSend = [];
    if (pending.length > 0) send(peer, pending);
  }

  #store(records: readonly AddressRecord[], source: HostAddress): void {
    const { wire, addresses } = this.#modules;
    const { log } = wire;
    const fresh = log.enabled('addrman') ? records.filter((one) => !addresses.find(one)) : [];
    const before = addresses.size();
    addresses.add(records, source, TWO_HOURS);
    for (const record of fresh) {
      const place = addresses.find(record);
      if (!place) continue;
      const { table, bucket, position } = place;
      log.debug(
        'addrman',
        `Added ${formatAddress(record)} mapped to AS0 to ${table}[${bucket}][${position}]`,
      );
    }
    const added = addresses.size() - before;
    if (added === 0) return;
    const [tried, others] = [addresses.size(undefined, 'tried'), addresses.size(undefined, 'new')];
    log.debug(
      'addrman',
      `Added ${added} addresses (of ${records.length}) from ${formatHost(source)}: ${tried} tried, ${others} new`,
    );
  }

  #sampleFor(peer: Peer): readonly AddressRecord[] {
    const { addresses, isUnwanted, wire } = this.#modules;
    const { clock, random } = wire;
    const sample = () =>
      addresses.sample(MAX_ADDRESSES, MAX_PERCENT).filter((record) => !isUnwanted(record));
    if (peer.has('addr')) return sample();
    const { host, port } = peer.connection.local;
    const key = `${peer.host?.networkId ?? 0} ${host} ${port}`;
    const cached = this.#cache.get(key);
    const now = clock.nowMs();
    if (cached && cached.until > now) return cached.records;
    const until = now + CACHE_MIN_MS + random.below(CACHE_SPREAD_MS);
    const records = sample();
    this.#cache.set(key, { records, until });
    return records;
  }

  /** Tells one or two others, the same ones all day. */
  #relay(from: Peer, record: AddressRecord, reachable: boolean): void {
    const { peers, clock } = this.#modules.wire;
    if (!reachable && !isRelayable(record)) return;
    const key = addressKey(record);
    const digest = (text: string) => createHmac('sha256', this.#secret).update(text).digest();
    const offset = digest(key).readUInt32LE();
    const day = Math.floor((clock.now() + offset) / ROTATE_SECONDS);
    const count = reachable || ((digest(`${key} ${day}`)[0] ?? 0) & 1) === 1 ? 2 : 1;
    const candidates: { peer: Peer; rank: string }[] = [];
    for (const peer of peers.values()) {
      if (!peer.addresses.enabled || peer === from || !isCompatible(peer, record)) continue;
      candidates.push({ peer, rank: digest(`${key} ${day} ${peer.id}`).toString('hex') });
    }
    candidates.sort((a, b) => (a.rank < b.rank ? 1 : -1));
    for (const { peer } of candidates.slice(0, count)) this.#push(peer, record);
  }

  #push(peer: Peer, record: AddressRecord): void {
    const { toSend, known } = peer.addresses;
    if (!isValid(record) || known.has(addressKey(record)) || !isCompatible(peer, record)) return;
    if (toSend.length < MAX_ADDRESSES) toSend.push(record);
    else toSend[this.#modules.wire.random.below(toSend.length)] = record;
  }
}

/** The older message has room for IPv4 and IPv6 only. */
function isCompatible(peer: Peer, { networkId }: HostAddress): boolean {
  return peer.wantsAddrv2 || networkId === networkIds.ipv4 || networkId === networkIds.ipv6;
}

/** Networks whose addresses are passed on though we cannot reach them ourselves. */
function isRelayable({ networkId }: HostAddress): boolean {
  return Object.values(networkIds).some((known) => known === networkId);
}

function send(peer: Peer, records: readonly AddressRecord[]): void {
  peer.send(peer.wantsAddrv2 ? 'addrv2' : 'addr', records);
}

function shuffled<T>(items: readonly T[], below: (limit: number) => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
