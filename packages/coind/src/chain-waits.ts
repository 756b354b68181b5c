/** Waiting for the tip: callers that hang on until the chain has moved, time is up, or the node stops. */
import type { Chain } from '@coind/chain';
import type { BlockRef } from '@coind/consensus';

/** When to stop waiting. */
export interface WaitLimits {
  /** 0 waits as long as it takes. */
  readonly timeoutMs: number;
  /** Fires when the node stops. */
  readonly signal: AbortSignal;
}

/** The first tip that `isIt` says yes to; the tip there is when the time is up or the node stops. */
export function waitForTip(
  chain: Chain,
  isIt: (tip: BlockRef) => boolean,
  { timeoutMs, signal }: WaitLimits,
): Promise<BlockRef> {
  const now = chain.tip.ref;
  if (isIt(now) || signal.aborted) return Promise.resolve(now);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      unlisten();
      resolve(chain.tip.ref);
    };
    const timer = timeoutMs > 0 ? setTimeout(finish, timeoutMs) : undefined;
    signal.addEventListener('abort', finish);
    const unlisten = chain.onTip(() => {
      if (isIt(chain.tip.ref)) finish();
    });
  });
}
