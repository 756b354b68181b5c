/**
 * Transactions whose parents have not come yet. They are kept per announcer and within bounds; when a
 * bound is passed, the peer that uses most loses its oldest first, so nobody can push out what others
 * sent. Children of a transaction that was just accepted are put on their announcer's list of work.
 */
import type { Block, Tx, Txid, Wtxid } from '@coind/primitives';
import type { Random } from './network.ts';

/** Weight that a peer may always use. */
const RESERVED_WEIGHT_PER_PEER = 404_000;
/** Announcements, and a tenth of the inputs, of everybody together. */
const MAX_LATENCY_SCORE = 3000;

interface Announcement {
  readonly orphan: Orphan;
  readonly peer: number;
  readonly sequence: number;
  reconsider: boolean;
}

interface Orphan {
  readonly tx: Tx;
  readonly announcements: Map<number, Announcement>;
}

/** An orphan and who announced it. */
export interface OrphanInfo {
  readonly tx: Tx;
  readonly from: readonly number[];
}

const scoreOf = (tx: Tx): number => 1 + Math.floor(tx.inputs.length / 10);

/** The orphans. */
export class Orphanage {
  readonly #orphans = new Map<Wtxid, Orphan>();
  /** By outpoint's txid: which orphans wait for it. */
  readonly #byParent = new Map<Txid, Set<Wtxid>>();
  readonly #byPeer = new Map<number, Set<Announcement>>();
  readonly #random: Random;
  #sequence = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#orphans.size;
  }

  has(wtxid: Wtxid): boolean {
    return this.#orphans.has(wtxid);
  }

  hasFrom(wtxid: Wtxid, peer: number): boolean {
    return this.#orphans.get(wtxid)?.announcements.has(peer) ?? false;
  }

  get(wtxid: Wtxid): Tx | undefined {
    return this.#orphans.get(wtxid)?.tx;
  }

  /** Keeps `tx` for `peer`; false when it is too heavy to be kept or that peer has it here. */
  add(tx: Tx, peer: number, maxWeight: number): boolean {
    if (tx.weight > maxWeight) return false;
    let orphan = this.#orphans.get(tx.wtxid);
    const isNew = orphan === undefined;
    if (!orphan) {
      orphan = { tx, announcements: new Map() };
      this.#orphans.set(tx.wtxid, orphan);
      for (const { prevout } of tx.inputs) {
        const waiting = this.#byParent.get(prevout.txid);
        if (waiting) waiting.add(tx.wtxid);
        else this.#byParent.set(prevout.txid, new Set([tx.wtxid]));
      }
    }
    this.#announce(orphan, peer);
    this.#limit();
    return isNew;
  }

  /** Another peer has it too. */
  addAnnouncer(wtxid: Wtxid, peer: number): void {
    const orphan = this.#orphans.get(wtxid);
    if (!orphan || orphan.announcements.has(peer)) return;
    this.#announce(orphan, peer);
    this.#limit();
  }

  erase(wtxid: Wtxid): boolean {
    const orphan = this.#orphans.get(wtxid);
    if (!orphan) return false;
    for (const announcement of [...orphan.announcements.values()]) this.#drop(announcement);
    return true;
  }

  erasePeer(peer: number): void {
    for (const announcement of [...(this.#byPeer.get(peer) ?? [])]) this.#drop(announcement);
  }

  /** Drops what a block contains or contradicts; says how many that were. */
  eraseForBlock(block: Block): number {
    const before = this.#orphans.size;
    if (before === 0) return 0;
    for (const tx of block.txs) {
      for (const { prevout } of tx.inputs) {
        for (const wtxid of [...(this.#byParent.get(prevout.txid) ?? [])]) {
          const spends = this.get(wtxid)?.inputs.some(
            (input) => input.prevout.txid === prevout.txid && input.prevout.vout === prevout.vout,
          );
          if (spends) this.erase(wtxid);
        }
      }
    }
    return before - this.#orphans.size;
  }

  /** `parent` was accepted: what waited for it is to be looked at again, each by one announcer. */
  addChildrenToWork(parent: Tx): void {
    for (const wtxid of this.#byParent.get(parent.txid) ?? []) {
      const orphan = this.#orphans.get(wtxid);
      const waits = orphan?.tx.inputs.some(
        ({ prevout }) => prevout.txid === parent.txid && prevout.vout < parent.outputs.length,
      );
      if (!orphan || !waits) continue;
      const announcements = [...orphan.announcements.values()];
      if (announcements.some(({ reconsider }) => reconsider)) continue;
      const chosen = announcements[this.#random.below(announcements.length)];
      if (chosen) chosen.reconsider = true;
    }
  }

  hasWork(peer: number): boolean {
    for (const { reconsider } of this.#byPeer.get(peer) ?? []) if (reconsider) return true;
    return false;
  }

  /** The next one to look at again for this peer; taken off its list. */
  nextWork(peer: number): Tx | undefined {
    for (const announcement of this.#byPeer.get(peer) ?? []) {
      if (!announcement.reconsider) continue;
      announcement.reconsider = false;
      return announcement.orphan.tx;
    }
    return undefined;
  }

  /** Children of `parent` that `peer` sent, the latest first. */
  childrenFrom(parent: Tx, peer: number): Tx[] {
    const children: Announcement[] = [];
    for (const wtxid of this.#byParent.get(parent.txid) ?? []) {
      const announcement = this.#orphans.get(wtxid)?.announcements.get(peer);
      if (announcement) children.push(announcement);
    }
    children.sort((a, b) =>
      a.reconsider === b.reconsider ? b.sequence - a.sequence : a.reconsider ? -1 : 1,
    );
    return children.map(({ orphan }) => orphan.tx);
  }

  list(): OrphanInfo[] {
    return [...this.#orphans.values()].map(({ tx, announcements }) => ({
      tx,
      from: [...announcements.keys()].sort((a, b) => a - b),
    }));
  }

  #announce(orphan: Orphan, peer: number): void {
    if (orphan.announcements.has(peer)) return;
    const announcement = { orphan, peer, sequence: this.#sequence++, reconsider: false };
    orphan.announcements.set(peer, announcement);
    const mine = this.#byPeer.get(peer);
    if (mine) mine.add(announcement);
    else this.#byPeer.set(peer, new Set([announcement]));
  }

  #drop(announcement: Announcement): void {
    const { orphan, peer } = announcement;
    orphan.announcements.delete(peer);
    const mine = this.#byPeer.get(peer);
    mine?.delete(announcement);
    if (mine?.size === 0) this.#byPeer.delete(peer);
    if (orphan.announcements.size > 0) return;
    this.#orphans.delete(orphan.tx.wtxid);
    for (const { prevout } of orphan.tx.inputs) {
      const waiting = this.#byParent.get(prevout.txid);
      waiting?.delete(orphan.tx.wtxid);
      if (waiting?.size === 0) this.#byParent.delete(prevout.txid);
    }
  }

  /** While there is too much of it all, the peer that uses the largest share loses its oldest. */
  #limit(): void {
    for (;;) {
      let weight = 0;
      let score = 0;
      for (const { tx, announcements } of this.#orphans.values()) {
        weight += tx.weight;
        score += announcements.size + Math.floor(tx.inputs.length / 10);
      }
      const peers = Math.max(1, this.#byPeer.size);
      const maxWeight = RESERVED_WEIGHT_PER_PEER * peers;
      if (weight <= maxWeight && score <= MAX_LATENCY_SCORE) return;
      const worst = this.#hungriest(MAX_LATENCY_SCORE / peers);
      if (!worst) return;
      this.#drop(worst);
    }
  }

  #hungriest(scorePerPeer: number): Announcement | undefined {
    let worst: Announcement | undefined;
    let most = 0;
    for (const mine of this.#byPeer.values()) {
      let weight = 0;
      let score = 0;
      for (const { orphan } of mine) {
        weight += orphan.tx.weight;
        score += scoreOf(orphan.tx);
      }
      const share = Math.max(weight / RESERVED_WEIGHT_PER_PEER, score / scorePerPeer);
      if (share <= most) continue;
      most = share;
      worst = [...mine].sort((a, b) =>
        a.reconsider === b.reconsider ? a.sequence - b.sequence : a.reconsider ? 1 : -1,
      )[0];
    }
    return worst;
  }
}
