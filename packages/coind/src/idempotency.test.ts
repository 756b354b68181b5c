import { expect, test } from 'vitest';
import type { RpcContext } from './context.ts';
import { onceOf } from './idempotency.ts';

const withHeader = (idempotencyKey?: string) => ({ idempotencyKey }) as RpcContext;

test('without a key a call is what it always was', () => {
  expect(onceOf(withHeader(), 'move', { amount: 1n })).toEqual({});
});

test('the request is the method and all its arguments in any order', () => {
  const key = withHeader('k');
  const request = (method: string, args: Record<string, unknown>) =>
    onceOf(key, method, args).once?.request;
  const first = request('move', { from: 'a', amount: 1n, list: [['x', 2n]] });
  expect(request('move', { list: [['x', 2n]], amount: 1n, from: 'a' })).toBe(first);
  expect(request('move', { idempotency_key: 'k', from: 'a', amount: 1n, list: [['x', 2n]] })).toBe(
    first,
  );
  expect(request('sendfrom', { from: 'a', amount: 1n, list: [['x', 2n]] })).not.toBe(first);
  expect(request('move', { from: 'a', amount: 2n, list: [['x', 2n]] })).not.toBe(first);
});

test('the name and the header must not contradict each other, and a key has a length', () => {
  const named = (key: string) => ({ idempotency_key: key });
  expect(onceOf(withHeader(), 'm', named('k')).once?.key).toBe('k');
  expect(onceOf(withHeader('k'), 'm', named('k')).once?.key).toBe('k');
  expect(() => onceOf(withHeader('j'), 'm', named('k'))).toThrow('differ');
  expect(() => onceOf(withHeader(), 'm', named(''))).toThrow('1 to 255 characters');
  expect(() => onceOf(withHeader('x'.repeat(256)), 'm', {})).toThrow('1 to 255 characters');
});
