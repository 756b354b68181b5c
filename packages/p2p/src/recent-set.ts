/**
 * The last things seen, exactly and within bounded memory: two generations, of which the older one is
 * forgotten when the younger is full. bitcoind keeps rolling bloom filters for the same purpose; a set
 * of strings has no false positives and costs nothing while it is empty.
 */

/** Remembers at least the last `capacity` members, at most twice as many. */
export class RecentSet<Member extends string = string> {
  readonly #capacity: number;
  #young = new Set<Member>();
  #old = new Set<Member>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(member: Member): boolean {
    return this.#young.has(member) || this.#old.has(member);
  }

  add(member: Member): void {
    if (this.#young.has(member)) return;
    this.#young.add(member);
    if (this.#young.size < this.#capacity) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  clear(): void {
    this.#young = new Set();
    this.#old = new Set();
  }
}
