/**
 * Handlers of the methods about private broadcast. It is not there: a node that is asked for it does not start
 * (`option-checks.ts`), so every node answers as bitcoind does without -privatebroadcast.
 */
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import type { RpcContext } from '../context.ts';

function refuse(): never {
  throw new RpcError(
    -32601,
    "Private broadcast is not enabled. Ensure you're running Bitcoin Core with -privatebroadcast=1.",
  );
}

/** Handlers of the methods about private broadcast. */
export const privateBroadcast: Handlers<typeof methods.privateBroadcast, RpcContext> = {
  getprivatebroadcastinfo: refuse,
  abortprivatebroadcast: refuse,
};
