/**
 * Transactions between peers: announcing them in batches at random moments, so that their origin does
 * not show, within a rate that all peers together share; serving those that were announced; taking
 * those that come. What is fetched from whom, tx-download.ts decides.
 */
import type { Entry, TxOutcome } from '@coind/mempool';
import { MAX_MONEY, type Tx, type Txid, type Wtxid } from '@coind/primitives';
import { formatInventory, type Inventory, inventoryTypes, isTxInventory } from './messages.ts';
import type { Peer } from './peer.ts';
import { offers, services } from './services.ts';
import { type PackageCandidate, TxDownload } from './tx-download.ts';
import type { Wire } from './wire.ts';

/** Items of an inv message at most. */
export const MAX_INVENTORY = 50_000;
const MAX_GETDATA = 1000;
const INBOUND_INTERVAL_MS = 5_000;
const OUTBOUND_INTERVAL_MS = 2_000;
const OUTBOUND_MULTIPLIER = INBOUND_INTERVAL_MS / OUTBOUND_INTERVAL_MS;
const BACKLOG_CHECK_MS = 100;
const FEEFILTER_INTERVAL_MS = 10 * 60_000;
const FEEFILTER_MAX_DELAY_MS = 5 * 60_000;
const FEEFILTER_VERSION = 70013;
/** Seconds of the rate that may be saved up. */
const SAVED_SECONDS = 30;
const SIZE_REFILL = 20_000;
const SIZE_START = 12_000_000;
const SIZE_CAP = 50_000_000;
const SIZE_FLOOR = -50_000;
/** Transactions of recent announcements that peers may ask for though they were mined meanwhile. */
const MAX_EXTRA_TX_BYTES = 100_000;

/** A bucket of tokens that refills with time. */
class TokenBucket {
  readonly #rate: number;
  readonly #cap: number;
  value: number;
  #time = 0;

  constructor(rate: number, value: number, cap: number) {
    this.#rate = rate;
    this.#cap = cap;
    this.value = value;
  }

  refill(now: number): void {
    if (this.#time !== 0 && now > this.#time) {
      this.value = Math.min(this.#cap, this.value + (this.#rate * (now - this.#time)) / 1000);
    }
    this.#time = now;
  }

  /** Takes on credit, down to `floor`; false when that is reached. */
  take(amount: number, floor: number): boolean {
    this.value -= amount;
    return this.value > floor;
  }
}

/**
 * What waits to be announced to all peers of one direction. Once there are tokens, several are taken on
 * credit, so that a long backlog is not put in order for each of them.
 */
class AnnouncementBucket {
  backlog: Wtxid[] = [];
  readonly size: TokenBucket;
  readonly count: TokenBucket;
  readonly #countFloor: number;

  constructor(rate: number, multiplier: number) {
    this.#countFloor = (-rate * INBOUND_INTERVAL_MS) / 1000;
    this.size = new TokenBucket(SIZE_REFILL * multiplier, SIZE_START, SIZE_CAP);
    this.count = new TokenBucket(rate * multiplier, rate * SAVED_SECONDS, rate * SAVED_SECONDS);
  }

  refill(now: number): void {
    this.size.refill(now);
    this.count.refill(now);
  }

  /** True when something waits and there are tokens for it. */
  get isDue(): boolean {
    return this.backlog.length > 0 && this.size.value > 0 && this.count.value > 0;
  }

  /**
   * The best of the backlog, as far as tokens go; entries that left the pool are forgotten. Nothing is put
   * in order for nobody.
   */
  take(wire: Wire, isHeard: boolean): Wtxid[] {
    if (!this.isDue) return [];
    const most = Math.max(0, Math.floor(this.count.value - this.#countFloor));
    const entries = entriesOf(wire, this.backlog);
    const sorted = isHeard ? wire.mempool.inMiningOrder(entries) : entries;
    const taken: Wtxid[] = [];
    let left = true;
    for (const { tx } of sorted) {
      if (!left || taken.length >= most) break;
      taken.push(tx.wtxid);
      const enoughBytes = this.size.take(tx.size, SIZE_FLOOR);
      left = this.count.take(1, this.#countFloor) && enoughBytes;
    }
    this.backlog = sorted.slice(taken.length).map(({ tx }) => tx.wtxid);
    return taken;
  }
}

/** Numbers of a bucket, for getnetworkinfo. */
export interface BucketInfo {
  readonly backlog: number;
  readonly countTokens: number;
  readonly sizeTokens: number;
}

/** Entries of the pool by wtxid; what is not there is left out. */
function entriesOf({ mempool }: Wire, wtxids: Iterable<Wtxid>): Entry[] {
  const entries: Entry[] = [];
  for (const wtxid of new Set(wtxids)) {
    const entry = mempool.getByWtxid(wtxid);
    if (entry) entries.push(entry);
  }
  return entries;
}

function byBothIds(txs: readonly Tx[]): ReadonlyMap<string, Tx> {
  const map = new Map<string, Tx>();
  for (const tx of txs) map.set(tx.txid, tx).set(tx.wtxid, tx);
  return map;
}

/** Relay of transactions with all peers. */
export class TxRelay {
  readonly download: TxDownload;
  readonly #wire: Wire;
  readonly #inbound: AnnouncementBucket;
  readonly #outbound: AnnouncementBucket;
  #nextCheck = 0;
  /** Inbound peers are told at common moments, so that many connections learn no more than one. */
  #nextInbound = 0;
  /** Of the latest block: a peer may ask for what was announced right before. By both ids once one does. */
  #recentBlock: readonly Tx[] = [];
  #recentBlockTxs: ReadonlyMap<string, Tx> | undefined;
  /** Refused, replaced or orphaned: they may be in the next block. */
  readonly #extra: Tx[] = [];
  #extraAt = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
    const { txSendRate } = wire.options;
    this.#inbound = new AnnouncementBucket(txSendRate, 1);
    this.#outbound = new AnnouncementBucket(txSendRate, OUTBOUND_MULTIPLIER);
    this.download = new TxDownload(wire);
  }

  /** State of both buckets. */
  buckets(): { readonly inbound: BucketInfo; readonly outbound: BucketInfo } {
    const info = ({ backlog, count, size }: AnnouncementBucket): BucketInfo => ({
      backlog: backlog.length,
      countTokens: count.value,
      sizeTokens: size.value,
    });
    return { inbound: info(this.#inbound), outbound: info(this.#outbound) };
  }

  /** Transactions beside the pool that a compact block may hold. */
  extraTxs(): readonly Tx[] {
    return this.#extra;
  }

  /** Announces a transaction of the pool to everybody. */
  announce(wtxid: Wtxid): void {
    this.#inbound.backlog.push(wtxid);
    this.#outbound.backlog.push(wtxid);
    if (this.#distribute(true)) this.#wire.wake();
  }

  /** Announces again what no peer has shown to have. */
  reannounce(): void {
    for (const { tx, unbroadcast } of this.#wire.mempool.entries()) {
      if (unbroadcast) this.announce(tx.wtxid);
    }
  }

  /** The latest block's transactions stay available for a while. */
  rememberBlock(txs: readonly Tx[]): void {
    this.#recentBlock = txs;
    this.#recentBlockTxs = undefined;
  }

  /** True when the peer must not send us transactions. */
  refusesFrom(peer: Peer): boolean {
    if (peer.type === 'block-relay-only' || peer.type === 'feeler') return true;
    return this.#wire.options.blocksOnly && !peer.has('relay');
  }

  /** The part of an inv that names transactions; false when the peer was disconnected for it. */
  announcedBy(peer: Peer, items: readonly Inventory[]): boolean {
    const { chain, clock, log } = this.#wire;
    const refuses = this.refusesFrom(peer);
    const syncing = chain.initialDownload;
    const now = clock.nowMs();
    const seen = new Set<string>();
    const verbose = log.enabled('net');
    for (const item of items) {
      const isWtxid = item.type === inventoryTypes.WTX;
      if (peer.wtxidRelay ? item.type === inventoryTypes.TX : isWtxid) continue;
      if (!isTxInventory(item)) continue;
      if (refuses) {
        this.#wire.disconnect(peer, `transaction (${item.hash}) inv sent in violation of protocol`);
        return false;
      }
      const key = `${isWtxid}${item.hash}`;
      if (seen.has(key)) continue;
      seen.add(key);
      peer.txRelay?.known.add(item.hash);
      if (syncing) continue;
      const have = this.download.announced(peer, { hash: item.hash, isWtxid }, now);
      if (verbose) {
        const state = have ? 'have' : 'new';
        log.debug('net', `got inv: ${formatInventory(item)} ${state} peer=${peer.id}`);
      }
    }
    return true;
  }

  /** A transaction came. */
  async receive(peer: Peer, decode: () => Tx): Promise<void> {
    const { chain, mempool, clock } = this.#wire;
    if (this.refusesFrom(peer)) {
      this.#wire.disconnect(peer, 'transaction sent in violation of protocol');
      return;
    }
    if (chain.initialDownload) return;
    const tx = decode();
    peer.txRelay?.known.add(peer.wtxidRelay ? tx.wtxid : tx.txid);
    const { validate, package: candidate } = this.download.received(peer, tx);
    if (!validate) {
      if (peer.has('forcerelay')) this.#forceRelay(peer, tx);
      if (candidate) await this.#tryPackage(candidate);
      return;
    }
    const outcome = await mempool.submit(tx);
    if (outcome.accepted) {
      this.#accepted(peer.id, tx, outcome.replaced);
      peer.lastTxTime = clock.nowMs();
    } else {
      await this.#refused(peer.id, tx, outcome.error, true);
    }
  }

  /** Looks again at one orphan of this peer; true when it was decided. */
  async processOrphan(peer: Peer): Promise<boolean> {
    const { mempool, log } = this.#wire;
    for (;;) {
      const tx = this.download.nextWork(peer);
      if (!tx) return false;
      const outcome = await mempool.submit(tx);
      if (outcome.accepted) {
        log.debug('txpackages', `   accepted orphan tx ${tx.txid} (wtxid=${tx.wtxid})`);
        this.#accepted(peer.id, tx, outcome.replaced);
        return true;
      }
      if (outcome.error.kind === 'missing-inputs') continue;
      log.debug(
        'txpackages',
        `   invalid orphan tx ${tx.txid} (wtxid=${tx.wtxid}) from peer=${peer.id}. ${outcome.error.message}`,
      );
      await this.#refused(peer.id, tx, outcome.error, false);
      return true;
    }
  }

  /** The transaction a peer may have for `item`: of the pool if it was announced, or of the last block. */
  findFor(peer: Peer, { type, hash }: Inventory): Tx | undefined {
    const { mempool } = this.#wire;
    const entry =
      type === inventoryTypes.WTX ? mempool.getByWtxid(hash as Wtxid) : mempool.get(hash as Txid);
    if (entry && entry.sequence < (peer.txRelay?.lastSequence ?? 0)) return entry.tx;
    this.#recentBlockTxs ??= byBothIds(this.#recentBlock);
    return this.#recentBlockTxs.get(hash);
  }

  /** Adds to `out` what is to be announced to this peer now. */
  collectAnnouncements(peer: Peer, out: Inventory[]): void {
    const { clock, random, mempool } = this.#wire;
    const relay = peer.txRelay;
    if (!relay) return;
    const now = clock.nowMs();
    let due = peer.has('noban');
    if (relay.nextSend < now) {
      due = true;
      relay.nextSend = peer.inbound
        ? this.#nextInboundTime(now)
        : now + random.exponential(OUTBOUND_INTERVAL_MS);
    }
    if (!due) return;
    if (!relay.relay) relay.toSend.clear();
    const flushFull = () => {
      if (out.length < MAX_INVENTORY) return;
      peer.send('inv', out);
      out.length = 0;
    };
    const itemOf = ({ txid, wtxid }: Tx): Inventory =>
      peer.wtxidRelay
        ? { type: inventoryTypes.WTX, hash: wtxid }
        : { type: inventoryTypes.TX, hash: txid };
    if (relay.sendMempool) {
      relay.sendMempool = false;
      relay.lastSequence = mempool.sequence;
      relay.toSend.clear();
      for (const entry of mempool.entries()) {
        const item = itemOf(entry.tx);
        if (!this.#wanted(peer, entry)) continue;
        if (relay.filter && !relay.filter.matchesAndUpdates(entry.tx)) continue;
        relay.known.add(item.hash);
        out.push(item);
        flushFull();
      }
    }
    if (relay.toSend.size === 0) return;
    const entries = mempool.inMiningOrder(entriesOf(this.#wire, relay.toSend));
    relay.toSend.clear();
    relay.lastSequence = mempool.sequence;
    for (const entry of entries) {
      if (!this.#wanted(peer, entry)) continue;
      const item = itemOf(entry.tx);
      if (relay.known.has(item.hash)) continue;
      if (relay.filter && !relay.filter.matchesAndUpdates(entry.tx)) continue;
      out.push(item);
      flushFull();
      relay.known.add(item.hash);
    }
  }

  /** Adds to `out` the requests for transactions that are due. */
  collectRequests(peer: Peer, out: Inventory[]): void {
    const now = this.#wire.clock.nowMs();
    const witness = offers(peer.services, services.WITNESS);
    const txType = witness ? inventoryTypes.WITNESS_TX : inventoryTypes.TX;
    for (const { hash, isWtxid } of this.download.requestsTo(peer, now)) {
      out.push({ type: isWtxid ? inventoryTypes.WTX : txType, hash });
      if (out.length < MAX_GETDATA) continue;
      peer.send('getdata', out);
      out.length = 0;
    }
  }

  /** Moves what waits to be announced to the peers, as fast as the rate allows. */
  tick(): void {
    this.#distribute(false);
  }

  /** Tells the peer below which fee rate we need hear of nothing (BIP133). */
  maybeSendFeefilter(peer: Peer): void {
    const { options, mempool, chain, clock, random } = this.#wire;
    if (options.blocksOnly || peer.commonVersion < FEEFILTER_VERSION) return;
    if (peer.has('forcerelay') || peer.type === 'block-relay-only') return;
    const now = clock.nowMs();
    // The pool's own floor counts: what is relayed at all, peers know without being told.
    const floor = mempool.minFee();
    let current: bigint = floor > mempool.options.minRelayFee ? floor : 0n;
    if (chain.initialDownload) current = MAX_MONEY;
    else if (peer.feeFilterSent === MAX_FILTER) peer.nextFeeFilter = 0;
    if (now > peer.nextFeeFilter) {
      let filter = roundFee(current, random.below(3) !== 0);
      if (filter < mempool.options.minRelayFee) filter = mempool.options.minRelayFee;
      if (filter !== peer.feeFilterSent) {
        peer.send('feefilter', filter);
        peer.feeFilterSent = filter;
      }
      peer.nextFeeFilter = now + random.exponential(FEEFILTER_INTERVAL_MS);
    } else if (
      now + FEEFILTER_MAX_DELAY_MS < peer.nextFeeFilter &&
      (current < (3n * peer.feeFilterSent) / 4n || current > (4n * peer.feeFilterSent) / 3n)
    ) {
      peer.nextFeeFilter = now + random.below(FEEFILTER_MAX_DELAY_MS);
    }
  }

  #wanted(peer: Peer, { fee, vsize }: Entry): boolean {
    const filter = peer.txRelay?.feeFilter ?? 0n;
    // Rounded up, as bitcoind's fee rates count what a size costs.
    return fee >= (filter * BigInt(vsize) + 999n) / 1000n;
  }

  #nextInboundTime(now: number): number {
    if (this.#nextInbound < now) {
      this.#nextInbound = now + this.#wire.random.exponential(INBOUND_INTERVAL_MS);
    }
    return this.#nextInbound;
  }

  /** Gives peers what waits, as far as tokens go; true when somebody got something. */
  #distribute(more: boolean): boolean {
    const { clock, peers } = this.#wire;
    const now = clock.nowMs();
    if (!more && now <= this.#nextCheck && now > this.#nextCheck - BACKLOG_CHECK_MS) return false;
    this.#nextCheck = now + BACKLOG_CHECK_MS;
    this.#inbound.refill(now);
    this.#outbound.refill(now);
    if (!this.#inbound.isDue && !this.#outbound.isDue) return false;
    // Nothing is queued before the handshake is over: it would tell when we learnt of it.
    const heard = [...peers.values()].filter(({ txRelay }) => txRelay && txRelay.nextSend !== 0);
    const anyInbound = heard.some(({ inbound }) => inbound);
    const anyOutbound = heard.some(({ inbound }) => !inbound);
    const forInbound = this.#inbound.take(this.#wire, anyInbound);
    const forOutbound = this.#outbound.take(this.#wire, anyOutbound);
    if (forInbound.length === 0 && forOutbound.length === 0) return false;
    for (const { inbound, txRelay } of heard) {
      for (const wtxid of inbound ? forInbound : forOutbound) txRelay?.toSend.add(wtxid);
    }
    if (!anyInbound) this.#inbound.backlog = [];
    if (!anyOutbound) this.#outbound.backlog = [];
    return heard.length > 0;
  }

  #forceRelay(peer: Peer, { txid, wtxid }: Tx): void {
    const { mempool, log } = this.#wire;
    if (!mempool.has(txid)) {
      log.info(
        `Not relaying non-mempool transaction ${txid} (wtxid=${wtxid}) from forcerelay peer=${peer.id}`,
      );
      return;
    }
    log.info(`Force relaying tx ${txid} (wtxid=${wtxid}) from peer=${peer.id}`);
    this.announce(wtxid);
  }

  #accepted(peer: number, tx: Tx, replaced: readonly Tx[]): void {
    const { log, mempool } = this.#wire;
    this.download.accepted(tx);
    if (log.enabled('mempool')) {
      const { size, usage } = mempool.info();
      log.debug(
        'mempool',
        `AcceptToMemoryPool: peer=${peer}: accepted ${tx.txid} (wtxid=${tx.wtxid}) (poolsz ${size} txn, ${Math.floor(usage / 1000)} kB)`,
      );
    }
    this.announce(tx.wtxid);
    for (const old of replaced) this.#keepExtra(old);
  }

  async #refused(
    peer: number,
    tx: Tx,
    error: Extract<TxOutcome, { accepted: false }>['error'],
    firstTime: boolean,
  ): Promise<void> {
    const { log, clock, peers } = this.#wire;
    log.debug(
      'mempoolrej',
      `${tx.txid} (wtxid=${tx.wtxid}) from peer=${peer} was not accepted: ${error.message}`,
    );
    const todo = this.download.refused(tx, error, peer, firstTime, clock.nowMs());
    if (todo.keep && tx.size < MAX_EXTRA_TX_BYTES) this.#keepExtra(tx);
    for (const txid of todo.parents) peers.get(peer)?.txRelay?.known.add(txid);
    if (todo.package) await this.#tryPackage(todo.package);
  }

  /** A parent that pays too little and a child that pays for both. */
  async #tryPackage(candidate: PackageCandidate): Promise<void> {
    const { mempool, log } = this.#wire;
    const { parent, child, peer } = candidate;
    const { members: results, error } = await mempool.submitPackage([parent, child]);
    const failed = error !== undefined;
    const names = [parent, child].map(({ txid, wtxid }) => `${txid} (wtxid=${wtxid})`).join(', ');
    log.debug(
      'txpackages',
      `package evaluation for ${names}: ${failed ? 'package rejected' : 'package accepted'}`,
    );
    if (failed) this.download.packageRefused(candidate);
    for (const at of [1, 0]) {
      const tx = at === 1 ? child : parent;
      const result = results[at];
      if (!result) continue;
      if (result.accepted) this.#accepted(peer, tx, result.replaced);
      else await this.#refused(peer, tx, result.error, false);
    }
  }

  #keepExtra(tx: Tx): void {
    const { extraTxs } = this.#wire.options;
    if (extraTxs === 0) return;
    this.#extra[this.#extraAt] = tx;
    this.#extraAt = (this.#extraAt + 1) % extraTxs;
  }
}

const FEE_STEP = 1.1;
const FEE_STEPS: readonly bigint[] = feeSteps();
/** The filter that nothing passes. */
const MAX_FILTER = FEE_STEPS[FEE_STEPS.length - 1] as bigint;

/** Rates a tenth apart: an exact minimum would tell peers apart. */
function feeSteps(): bigint[] {
  const steps = [0n];
  for (let rate = 50; rate <= 10_000_000; rate *= FEE_STEP) steps.push(BigInt(Math.trunc(rate)));
  return steps;
}

/** The step at or above `rate`, or mostly the one below. */
function roundFee(rate: bigint, lower: boolean): bigint {
  let at = FEE_STEPS.findIndex((step) => step >= rate);
  if (at < 0) at = FEE_STEPS.length - 1;
  else if (at > 0 && lower) at--;
  return FEE_STEPS[at] as bigint;
}
