import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuth } from './auth.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const cookie = { user: '__cookie__', password: 'c0ffee' };

describe('credentials', () => {
  test('the scheme is exact, spaces around the base64 are not', () => {
    const auth = createAuth({ credentials: [cookie] });
    const right = basic('__cookie__:c0ffee');
    expect(auth.userOf(right)).toBe('__cookie__');
    expect(auth.userOf(right)).toBe('__cookie__');
    expect(auth.userOf(right.replace('Basic ', 'Basic   '))).toBe('__cookie__');
    expect(auth.userOf(right.replace('Basic', 'basic'))).toBeUndefined();
    expect(auth.userOf('Bearer abc')).toBeUndefined();
    expect(auth.userOf('Basic')).toBeUndefined();
    expect(auth.userOf('Basic !!!')).toBeUndefined();
  });

  test.each(['__cookie__:c0ffee ', '__cookie__', ':', 'nobody:c0ffee', '__cookie__:'])(
    '%j opens nothing',
    (text) => expect(createAuth({ credentials: [cookie] }).userOf(basic(text))).toBeUndefined(),
  );

  test('a password may hold colons and any letters', () => {
    const auth = createAuth({ credentials: [{ user: 'a', password: 'p:ä:' }] });
    expect(auth.userOf(basic('a:p:ä:'))).toBe('a');
  });

  test('-rpcauth: the salted hash of the password, several per user', () => {
    const entry = (user: string, salt: string, password: string) =>
      `${user}:${salt}$${createHmac('sha256', salt).update(password).digest('hex')}`;
    const auth = createAuth({
      credentials: [],
      rpcauth: [entry('alice', 'aa', 'one'), entry('alice', 'bb', 'two'), entry('bob', 'cc', 'x')],
    });
    expect(auth.userOf(basic('alice:one'))).toBe('alice');
    expect(auth.userOf(basic('alice:two'))).toBe('alice');
    expect(auth.userOf(basic('bob:one'))).toBeUndefined();
    expect(() => createAuth({ credentials: [], rpcauth: ['alice'] })).toThrow('-rpcauth');
  });
});

describe('whitelists', () => {
  test('without any, everything is open', () => {
    const auth = createAuth({ credentials: [cookie] });
    expect(auth.restricts('a')).toBe(false);
    expect(auth.allows('a', 'stop')).toBe(true);
  });

  test('one closes the others out, unless told otherwise', () => {
    const whitelist = ['a:getblockcount, help', 'a:help,stop', 'c'];
    const auth = createAuth({ credentials: [], whitelist });
    expect(auth.allows('a', 'help')).toBe(true);
    expect(auth.allows('a', 'stop')).toBe(false);
    expect(auth.allows('b', undefined)).toBe(false);
    expect(auth.allows('c', undefined)).toBe(true);
    expect(auth.allows('c', 'help')).toBe(false);
    const open = createAuth({ credentials: [], whitelist, whitelistDefault: false });
    expect(open.restricts('b')).toBe(false);
    expect(open.allows('b', 'stop')).toBe(true);
  });
});
