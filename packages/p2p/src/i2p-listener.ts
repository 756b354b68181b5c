/** Connections that come in over I2P: one is waited for at a time, and a bridge that is away is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WireAddress } from './messages.ts';
import type { Connection } from './network.ts';
import type { SamSession } from './sam.ts';
import type { NetLog } from './wire.ts';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;

/** Whom a listener tells. */
export interface I2pListenerEvents {
  /** We can be reached at this address now. */
  opened(address: WireAddress): void;
  accepted(connection: Connection): void;
}

/** Accepts until `signal` fires; the session is closed then. Never rejects. */
export async function listenOnI2p(
  session: SamSession,
  events: I2pListenerEvents,
  { log, signal }: { readonly log: NetLog; readonly signal: AbortSignal },
): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  let announced = false;
  while (!signal.aborted) {
    try {
      await session.open();
      if (!announced && session.address) events.opened(session.address);
      announced = true;
      events.accepted(await session.accept(signal));
      retryMs = FIRST_RETRY_MS;
    } catch (error) {
      if (signal.aborted) break;
      log.debug('i2p', `Error listening: ${error instanceof Error ? error.message : error}`);
      await sleep(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
      retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
    }
  }
  session.close();
}
