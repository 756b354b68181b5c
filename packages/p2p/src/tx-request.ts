/**
 * Who announced which transaction, and whom to ask for it when: at most one request of a transaction
 * is in flight at a time, preferred peers (outbound) come first, and a peer that does not answer in
 * time is passed over for the next. Pure bookkeeping: time is an argument.
 */
import type { Random } from './network.ts';

/** A transaction by the id under which it was announced. */
export interface TxId {
  readonly hash: string;
  /** True for a wtxid (BIP339). */
  readonly isWtxid: boolean;
}

interface Announcement {
  readonly peer: number;
  readonly id: TxId;
  readonly preferred: boolean;
  /** While `waiting`: when it may be asked for; while `requested`: when the answer is overdue. Ms. */
  time: number;
  state: 'waiting' | 'requested' | 'done';
  readonly order: number;
  /** Decides among equals, so that nobody can foresee whom we ask. */
  readonly priority: number;
}

/** Announcements of transactions and requests for them. */
export class TxRequests {
  readonly #byHash = new Map<string, Map<number, Announcement>>();
  readonly #byPeer = new Map<number, Map<string, Announcement>>();
  readonly #inFlight = new Map<number, number>();
  readonly #random: Random;
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Announcements of a peer that are being tracked. */
  count(peer: number): number {
    return this.#byPeer.get(peer)?.size ?? 0;
  }

  /** Requests that a peer has not answered. */
  inFlight(peer: number): number {
    return this.#inFlight.get(peer) ?? 0;
  }

  /** All announcements. */
  get size(): number {
    let size = 0;
    for (const announcements of this.#byPeer.values()) size += announcements.size;
    return size;
  }

  /** A peer has it; from `time` (ms) on it may be asked. Ignored when it had said so before. */
  announced(peer: number, id: TxId, preferred: boolean, time: number): void {
    let peers = this.#byHash.get(id.hash);
    if (peers?.has(peer)) return;
    if (!peers) {
      peers = new Map();
      this.#byHash.set(id.hash, peers);
    }
    let mine = this.#byPeer.get(peer);
    if (!mine) {
      mine = new Map();
      this.#byPeer.set(peer, mine);
    }
    const priority = this.#random.below(0x40000000);
    const order = this.#order++;
    const announcement: Announcement = {
      peer,
      id,
      preferred,
      time,
      state: 'waiting',
      order,
      priority,
    };
    peers.set(peer, announcement);
    mine.set(id.hash, announcement);
  }

  /** Peers that announced it and have not failed to give it. */
  candidates(hash: string): number[] {
    const peers = this.#byHash.get(hash);
    if (!peers) return [];
    return [...peers.values()].filter(({ state }) => state !== 'done').map(({ peer }) => peer);
  }

  /**
   * What to ask this peer for now, in the order of its announcements; `expired` gets requests that
   * went unanswered for too long, of any peer.
   */
  requestable(peer: number, now: number, expired: (peer: number, id: TxId) => void): TxId[] {
    const mine = this.#byPeer.get(peer);
    if (!mine) return [];
    const chosen: Announcement[] = [];
    for (const announcement of [...mine.values()]) {
      if (announcement.state === 'requested' && announcement.time <= now) {
        expired(peer, announcement.id);
        this.#complete(announcement);
        continue;
      }
      if (announcement.state !== 'waiting' || announcement.time > now) continue;
      if (this.#best(announcement.id.hash, now, expired) === announcement) {
        chosen.push(announcement);
      }
    }
    return chosen.sort((a, b) => a.order - b.order).map(({ id }) => id);
  }

  /** It was asked for; the answer is overdue at `expiry` (ms). */
  requested(peer: number, hash: string, expiry: number): void {
    const announcement = this.#byHash.get(hash)?.get(peer);
    if (announcement?.state !== 'waiting') return;
    announcement.state = 'requested';
    announcement.time = expiry;
    this.#inFlight.set(peer, this.inFlight(peer) + 1);
  }

  /** The peer has answered, with it or with notfound. */
  answered(peer: number, hash: string): void {
    const announcement = this.#byHash.get(hash)?.get(peer);
    if (announcement) this.#complete(announcement);
  }

  /** Nobody need be asked for it any more. */
  forget(hash: string): void {
    const peers = this.#byHash.get(hash);
    if (!peers) return;
    for (const announcement of [...peers.values()]) this.#remove(announcement);
  }

  /** Forgets everything a peer announced. */
  disconnected(peer: number): void {
    const mine = this.#byPeer.get(peer);
    if (!mine) return;
    for (const announcement of [...mine.values()]) {
      this.#complete(announcement);
      this.#remove(announcement);
    }
    this.#byPeer.delete(peer);
    this.#inFlight.delete(peer);
  }

  /** Whom to ask among those that are ready; nobody while a request is under way. */
  #best(
    hash: string,
    now: number,
    expired: (peer: number, id: TxId) => void,
  ): Announcement | undefined {
    let best: Announcement | undefined;
    for (const announcement of [...(this.#byHash.get(hash)?.values() ?? [])]) {
      if (announcement.state === 'requested') {
        if (announcement.time > now) return undefined;
        expired(announcement.peer, announcement.id);
        this.#complete(announcement);
      } else if (announcement.state === 'waiting' && announcement.time <= now) {
        if (!best || isPreferred(announcement, best)) best = announcement;
      }
    }
    return best;
  }

  /** Done with; when all are, the transaction is forgotten. */
  #complete(announcement: Announcement): void {
    if (announcement.state === 'done') return;
    if (announcement.state === 'requested') {
      this.#inFlight.set(announcement.peer, this.inFlight(announcement.peer) - 1);
    }
    announcement.state = 'done';
    const peers = this.#byHash.get(announcement.id.hash);
    if (!peers) return;
    for (const other of peers.values()) if (other.state !== 'done') return;
    this.forget(announcement.id.hash);
  }

  #remove(announcement: Announcement): void {
    const { peer, id } = announcement;
    if (announcement.state === 'requested') this.#inFlight.set(peer, this.inFlight(peer) - 1);
    const peers = this.#byHash.get(id.hash);
    peers?.delete(peer);
    if (peers?.size === 0) this.#byHash.delete(id.hash);
    const mine = this.#byPeer.get(peer);
    mine?.delete(id.hash);
    if (mine?.size === 0) this.#byPeer.delete(peer);
  }
}

function isPreferred(a: Announcement, b: Announcement): boolean {
  if (a.preferred !== b.preferred) return a.preferred;
  return a.priority > b.priority;
}
