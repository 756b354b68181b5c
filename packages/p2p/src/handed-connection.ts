/**
 * A connection that somebody else talked on before it is handed over: through a proxy or a bridge, which was told
 * where to go first. What came too early waits, and from then on everything passes through.
 */
import { concatBytes, EMPTY } from '@coind/primitives';
import type { Connection, ConnectionEvents, Endpoint } from './network.ts';

/** A connection behind a handshake that has ended. */
export class HandedConnection implements Connection {
  readonly remote: Endpoint;
  readonly #inner: Connection;
  #events: ConnectionEvents | undefined;
  /** What came before anybody listened. */
  #early: Uint8Array;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(inner: Connection, remote: Endpoint, early: Uint8Array) {
    this.#inner = inner;
    this.remote = remote;
    this.#early = early;
  }

  get local(): Endpoint {
    return this.#inner.local;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#early.length > 0) events.data(this.#early);
    this.#early = EMPTY;
    if (this.#end) events.closed(this.#end.error);
    else this.#inner.resume();
  }

  data(bytes: Uint8Array): void {
    if (this.#events) this.#events.data(bytes);
    else this.#early = concatBytes(this.#early, bytes);
  }

  drained(): void {
    this.#events?.drained();
  }

  closed(error: Error | undefined): void {
    if (this.#events) this.#events.closed(error);
    else this.#end = { error };
  }

  write(pieces: readonly Uint8Array[]): void {
    this.#inner.write(pieces);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  close(): void {
    this.#inner.close();
  }
}
