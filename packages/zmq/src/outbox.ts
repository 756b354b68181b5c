/**
 * Messages on their way into one socket. A burst goes out in few system calls; whoever does not read has a
 * limited number of messages waiting, and loses what comes on top.
 */
import type { Socket } from 'node:net';

/** Messages that are put together before they are written. */
const BATCH = 128;

/** The queue in front of a socket. */
export class Outbox {
  readonly #socket: Socket;
  readonly #highWaterMark: number;
  #waiting: Uint8Array[] = [];
  /** What was written last. */
  #batch: readonly Uint8Array[] = [];
  /** Messages that the socket has taken and the system has not. */
  #written = 0;
  #isScheduled = false;

  /** At most `highWaterMark` messages wait; 0 for any number. */
  constructor(socket: Socket, highWaterMark: number) {
    this.#socket = socket;
    this.#highWaterMark = highWaterMark;
  }

  /** Takes a message; false when too many wait already. */
  push(message: Uint8Array): boolean {
    if (this.#isFull) {
      this.flush();
      if (this.#isFull) return false;
    }
    this.#waiting.push(message);
    if (this.#waiting.length >= BATCH) this.flush();
    else this.#schedule();
    return true;
  }

  get #isFull(): boolean {
    const count = this.#waiting.length + this.#written;
    return this.#highWaterMark > 0 && count >= this.#highWaterMark;
  }

  /** Writes what waits, unless the socket is still busy with what it has. */
  flush(): void {
    const socket = this.#socket;
    if (this.#written > 0 || this.#waiting.length === 0 || socket.destroyed) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#batch = batch;
    this.#written = batch.length;
    socket.cork();
    for (const message of batch.slice(0, -1)) socket.write(message);
    socket.write(batch.at(-1) as Uint8Array, () => this.#taken(batch));
    socket.uncork();
    // As long as the system takes it at once, a burst of any length passes.
    if (socket.writableLength === 0) this.#written = 0;
  }

  #taken(batch: readonly Uint8Array[]): void {
    if (batch !== this.#batch) return;
    this.#written = 0;
    this.flush();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
