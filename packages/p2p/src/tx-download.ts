/**
 * What we know of transactions that are not in the pool: announced, asked for, refused, waiting for
 * parents. Decides whether a transaction is fetched, looked at, kept as an orphan or tried as a package
 * with a child. Acceptance itself is the mempool's.
 */

import type { ValidationError } from '@coind/consensus';
import type { Mempool } from '@coind/mempool';
import {
  type Block,
  bytesToHex,
  concatBytes,
  hexToHash,
  sha256,
  type Tx,
  type Txid,
  type Wtxid,
} from '@coind/primitives';
import { MAX_STANDARD_WEIGHT } from '@coind/script';
import type { Random } from './network.ts';
import { Orphanage, type OrphanInfo } from './orphanage.ts';
import type { Peer } from './peer.ts';
import { RecentSet } from './recent-set.ts';
import { type TxId, TxRequests } from './tx-request.ts';
import type { NetLog } from './wire.ts';

const MAX_ANNOUNCEMENTS_PER_PEER = 5000;
const MAX_IN_FLIGHT_PER_PEER = 100;
const NONPREFERRED_DELAY_MS = 2_000;
const TXID_DELAY_MS = 2_000;
const OVERLOADED_DELAY_MS = 2_000;
const REQUEST_TIMEOUT_MS = 60_000;
const REMEMBERED = 60_000;

/** A parent that pays too little alone, with a child that may pay for it. */
export interface PackageCandidate {
  readonly parent: Tx;
  readonly child: Tx;
  readonly peer: number;
}

/** What remains to do after a refusal. */
export interface RejectedTodo {
  /** Worth keeping for the reconstruction of compact blocks. */
  readonly keep: boolean;
  /** Parents that the peer must have. */
  readonly parents: readonly Txid[];
  readonly package: PackageCandidate | undefined;
}

/** Names a package for the set of those that failed. */
function packageKey(txs: readonly Tx[]): string {
  const ids = txs.map(({ wtxid }) => wtxid as string).sort();
  return bytesToHex(sha256(concatBytes(...ids.map(hexToHash))));
}

/** The download of transactions. */
export class TxDownload {
  readonly #mempool: Mempool;
  readonly #log: NetLog;
  readonly #requests: TxRequests;
  readonly #orphans: Orphanage;
  readonly #peers = new Map<number, Peer>();
  #wtxidPeers = 0;
  readonly #rejected = new RecentSet(REMEMBERED);
  /** Paid too little: alone they are not looked at again, with a child they may be. */
  readonly #reconsiderable = new RecentSet(REMEMBERED);
  readonly #confirmed = new RecentSet(REMEMBERED);

  constructor(modules: {
    readonly mempool: Mempool;
    readonly log: NetLog;
    readonly random: Random;
  }) {
    this.#mempool = modules.mempool;
    this.#log = modules.log;
    this.#requests = new TxRequests(modules.random);
    this.#orphans = new Orphanage(modules.random);
  }

  /** Orphans and who sent them. */
  orphans(): OrphanInfo[] {
    return this.#orphans.list();
  }

  peerReady(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    if (peer.wtxidRelay) this.#wtxidPeers++;
  }

  peerGone(peer: Peer): void {
    this.#orphans.erasePeer(peer.id);
    this.#requests.disconnected(peer.id);
    if (this.#peers.delete(peer.id) && peer.wtxidRelay) this.#wtxidPeers--;
  }

  /** What was refused may be acceptable on another tip. */
  tipChanged(): void {
    this.#rejected.clear();
    this.#reconsiderable.clear();
  }

  blockConnected(block: Block): void {
    const erased = this.#orphans.eraseForBlock(block);
    if (erased > 0) {
      this.#log.debug(
        'txpackages',
        `Erased ${erased} orphan transaction(s) included or conflicted by block`,
      );
    }
    for (const tx of block.txs) {
      this.#orphans.addChildrenToWork(tx);
      this.#confirmed.add(tx.txid);
      if (tx.hasWitness) this.#confirmed.add(tx.wtxid);
      this.#requests.forget(tx.txid);
      this.#requests.forget(tx.wtxid);
    }
  }

  blockDisconnected(): void {
    this.#confirmed.clear();
  }

  /** True when there is no need to fetch it. */
  alreadyHave({ hash, isWtxid }: TxId, includeReconsiderable: boolean): boolean {
    if (this.#orphans.has(hash as Wtxid)) return true;
    if (includeReconsiderable && this.#reconsiderable.has(hash)) return true;
    if (this.#confirmed.has(hash) || this.#rejected.has(hash)) return true;
    return isWtxid
      ? this.#mempool.getByWtxid(hash as Wtxid) !== undefined
      : this.#mempool.has(hash as Txid);
  }

  /** A peer announced it; true when we have it. `now` in ms. */
  announced(peer: Peer, id: TxId, now: number): boolean {
    const orphan = id.isWtxid ? this.#orphans.get(id.hash as Wtxid) : undefined;
    if (orphan) {
      const missing = this.#missingParents(orphan);
      if (missing.length > 0 && this.#resolveFrom(peer.id, missing, orphan.wtxid, now)) {
        this.#orphans.addAnnouncer(orphan.wtxid, peer.id);
      }
      return true;
    }
    if (this.alreadyHave(id, true)) return true;
    if (!this.#peers.has(peer.id)) return false;
    const trusted = peer.has('relay');
    if (!trusted && this.#requests.count(peer.id) >= MAX_ANNOUNCEMENTS_PER_PEER) return false;
    let delay = this.#delayFor(peer);
    if (!id.isWtxid && this.#wtxidPeers > 0) delay += TXID_DELAY_MS;
    this.#requests.announced(peer.id, id, peer.blocks.preferred, now + delay);
    return false;
  }

  /** What to ask this peer for, noted as asked. */
  requestsTo(peer: Peer, now: number): TxId[] {
    const log = this.#log;
    const kind = (id: TxId) => (id.isWtxid ? 'wtx' : 'tx');
    const requestable = this.#requests.requestable(peer.id, now, (from, id) => {
      log.debug('net', `timeout of inflight ${kind(id)} ${id.hash} from peer=${from}`);
    });
    const chosen: TxId[] = [];
    for (const id of requestable) {
      if (this.alreadyHave(id, false)) {
        this.#requests.forget(id.hash);
        continue;
      }
      log.debug('net', `Requesting ${kind(id)} ${id.hash} peer=${peer.id}`);
      this.#requests.requested(peer.id, id.hash, now + REQUEST_TIMEOUT_MS);
      chosen.push(id);
    }
    return chosen;
  }

  notFound(peer: Peer, hash: string): void {
    this.#requests.answered(peer.id, hash);
  }

  /** A transaction came: whether to give it to the pool, or a package it is the parent of. */
  received(
    peer: Peer,
    tx: Tx,
  ): { readonly validate: boolean; readonly package?: PackageCandidate } {
    this.#requests.answered(peer.id, tx.txid);
    if (tx.hasWitness) this.#requests.answered(peer.id, tx.wtxid);
    if (this.alreadyHave({ hash: tx.wtxid, isWtxid: true }, false)) return { validate: false };
    if (!this.#reconsiderable.has(tx.wtxid)) return { validate: true };
    this.#log.debug(
      'txpackages',
      `found tx ${tx.txid} (wtxid=${tx.wtxid}) in reconsiderable rejects, looking for child in orphanage`,
    );
    const found = this.#findPackage(tx, peer.id);
    return found ? { validate: false, package: found } : { validate: false };
  }

  /** The pool took it. */
  accepted(tx: Tx): void {
    this.#requests.forget(tx.txid);
    this.#requests.forget(tx.wtxid);
    this.#orphans.addChildrenToWork(tx);
    this.#orphans.erase(tx.wtxid);
  }

  /** The pool refused it. `firstTime` is false for orphans and members of packages. */
  refused(
    tx: Tx,
    error: ValidationError,
    peer: number,
    firstTime: boolean,
    now: number,
  ): RejectedTodo {
    let keep = firstTime;
    let parents: Txid[] = [];
    let found: PackageCandidate | undefined;
    if (error.kind === 'missing-inputs') {
      if (firstTime && !this.#rejected.has(tx.wtxid)) {
        ({ keep, parents } = this.#newOrphan(tx, peer, now, keep));
      }
    } else if (error.kind === 'witness-stripped') {
      keep = false;
    } else {
      if (error.kind === 'reconsiderable') {
        this.#reconsiderable.add(tx.wtxid);
        if (firstTime) {
          this.#log.debug(
            'txpackages',
            `tx ${tx.txid} (wtxid=${tx.wtxid}) failed but reconsiderable, looking for child in orphanage`,
          );
          found = this.#findPackage(tx, peer);
        }
      } else {
        this.#rejected.add(tx.wtxid);
      }
      this.#requests.forget(tx.wtxid);
      if (error.kind === 'policy-inputs' && tx.hasWitness) {
        // No witness can change it, so other forms of it need not be fetched either.
        this.#rejected.add(tx.txid);
        this.#requests.forget(tx.txid);
      }
    }
    if (error.kind !== 'missing-inputs' && this.#orphans.erase(tx.wtxid)) {
      this.#log.debug('txpackages', `   removed orphan tx ${tx.txid} (wtxid=${tx.wtxid})`);
    }
    return { keep, parents, package: found };
  }

  packageRefused({ parent, child }: PackageCandidate): void {
    this.#reconsiderable.add(packageKey([parent, child]));
  }

  hasWork(peer: Peer): boolean {
    return this.#orphans.hasWork(peer.id);
  }

  /** The next orphan of this peer whose parent has come. */
  nextWork(peer: Peer): Tx | undefined {
    return this.#orphans.nextWork(peer.id);
  }

  #delayFor(peer: Peer): number {
    let delay = peer.blocks.preferred ? 0 : NONPREFERRED_DELAY_MS;
    const overloaded =
      !peer.has('relay') && this.#requests.inFlight(peer.id) >= MAX_IN_FLIGHT_PER_PEER;
    if (overloaded) delay += OVERLOADED_DELAY_MS;
    return delay;
  }

  #missingParents(tx: Tx): Txid[] {
    return uniqueParents(tx).filter((hash) => !this.alreadyHave({ hash, isWtxid: false }, false));
  }

  /** Treats a peer that has the orphan as having announced its parents. */
  #resolveFrom(id: number, parents: readonly Txid[], wtxid: Wtxid, now: number): boolean {
    const peer = this.#peers.get(id);
    if (!peer || this.#orphans.hasFrom(wtxid, id)) return false;
    const count = this.#requests.count(id) + parents.length;
    if (!peer.has('relay') && count > MAX_ANNOUNCEMENTS_PER_PEER) return false;
    const delay = this.#delayFor(peer) + (this.#wtxidPeers > 0 ? TXID_DELAY_MS : 0);
    for (const hash of parents) {
      const parent = { hash, isWtxid: false };
      this.#requests.announced(id, parent, peer.blocks.preferred, now + delay);
    }
    this.#log.debug('txpackages', `added peer=${id} as a candidate for resolving orphan ${wtxid}`);
    return true;
  }

  #newOrphan(tx: Tx, from: number, now: number, firstTime: boolean) {
    const all = uniqueParents(tx);
    let reconsiderable = 0;
    const hopeless = all.some((hash) => {
      if (this.#rejected.has(hash)) return true;
      // One parent that pays too little may come with this child; two cannot.
      if (this.#reconsiderable.has(hash) && !this.#mempool.has(hash)) reconsiderable++;
      return reconsiderable > 1;
    });
    if (hopeless) {
      this.#log.debug(
        'mempool',
        `not keeping orphan with rejected parents ${tx.txid} (wtxid=${tx.wtxid})`,
      );
      for (const hash of [tx.txid, tx.wtxid]) {
        this.#rejected.add(hash);
        this.#requests.forget(hash);
      }
      return { keep: firstTime, parents: [] };
    }
    const parents = this.#missingParents(tx);
    const keep = firstTime && !this.#orphans.has(tx.wtxid);
    const candidates = new Set([from, ...this.#requests.candidates(tx.txid)]);
    if (tx.hasWitness) for (const id of this.#requests.candidates(tx.wtxid)) candidates.add(id);
    for (const id of candidates) {
      if (!this.#resolveFrom(id, parents, tx.wtxid, now)) continue;
      // One that would not be relayed even with its parents is not kept.
      if (this.#orphans.add(tx, id, MAX_STANDARD_WEIGHT)) {
        this.#log.debug(
          'txpackages',
          `stored orphan tx ${tx.txid} (wtxid=${tx.wtxid}), weight: ${tx.weight} (mapsz ${this.#orphans.size})`,
        );
      } else if (!this.#orphans.has(tx.wtxid)) {
        this.#log.debug(
          'txpackages',
          `ignoring large orphan tx (size: ${tx.weight}, txid: ${tx.txid}, wtxid: ${tx.wtxid})`,
        );
      }
    }
    this.#requests.forget(tx.txid);
    this.#requests.forget(tx.wtxid);
    return { keep, parents };
  }

  /** A child that this peer sent and that was not tried with the parent yet. */
  #findPackage(parent: Tx, peer: number): PackageCandidate | undefined {
    for (const child of this.#orphans.childrenFrom(parent, peer)) {
      const tried = this.#reconsiderable.has(packageKey([parent, child]));
      if (!tried && !this.#rejected.has(child.txid)) return { parent, child, peer };
    }
    return undefined;
  }
}

function uniqueParents(tx: Tx): Txid[] {
  return [...new Set(tx.inputs.map(({ prevout }) => prevout.txid))];
}
