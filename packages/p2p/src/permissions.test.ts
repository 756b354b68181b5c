import { describe, expect, test } from 'vitest';
import { implicitPermissions, parseGrant } from './permissions.ts';

describe('-whitelist and -whitebind', () => {
  test('nothing said: what is implicit', () => {
    expect(parseGrant('1.2.3.0/24', true)).toEqual({
      permissions: undefined,
      incoming: true,
      outgoing: false,
      target: '1.2.3.0/24',
    });
    const settings = { whitelistRelay: true, whitelistForceRelay: false };
    expect([...implicitPermissions(settings)].sort()).toEqual([
      'download',
      'mempool',
      'noban',
      'relay',
    ]);
  });

  test('a permission brings what belongs to it', () => {
    const grant = parseGrant('noban,forcerelay,in,out@::1', true);
    expect(grant).toMatchObject({ incoming: true, outgoing: true, target: '::1' });
    const permissions = typeof grant === 'string' ? [] : [...(grant.permissions ?? [])];
    expect(permissions.sort()).toEqual(['download', 'forcerelay', 'noban', 'relay']);
  });

  test('what is wrong is said as bitcoind says it', () => {
    expect(parseGrant('oops@1.2.3.4', true)).toBe("Invalid P2P permission: 'oops'");
    expect(parseGrant('out@1.2.3.4', true)).toBe(
      "Only direction was set, no permissions: 'out@1.2.3.4'",
    );
    expect(parseGrant('noban,out@1.2.3.4:1', false)).toBe(
      'whitebind may only be used for incoming connections ("out" was passed)',
    );
  });
});
