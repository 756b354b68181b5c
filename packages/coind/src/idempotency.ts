/** Which payment a caller means when he asks twice: the key of the call, and all its arguments as text. */
import { RpcError } from '@coind/rpc';
import type { Once } from '@coind/wallet';
import type { RpcContext } from './context.ts';

const MAX_LENGTH = 255;

/**
 * The key of a call, from its `idempotency_key` or the request's header, with what is asked for; nothing when it
 * has none. Throws -8 for a key that cannot be one, or when both are given and differ.
 */
export function onceOf(
  { idempotencyKey: header }: RpcContext,
  method: string,
  args: Readonly<Record<string, unknown>>,
): { once?: Once } {
  const { idempotency_key: named, ...asked } = args;
  if (typeof named === 'string' && header !== undefined && named !== header) {
    throw new RpcError(-8, 'idempotency_key and the Idempotency-Key header differ');
  }
  const key = typeof named === 'string' ? named : header;
  if (key === undefined) return {};
  if (key === '' || key.length > MAX_LENGTH) {
    throw new RpcError(-8, `An idempotency key has 1 to ${MAX_LENGTH} characters`);
  }
  return { once: { key, request: textOf([method, asked]) } };
}

/** The same text for the same arguments, in whatever order they were given. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}`;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
