/**
 * What a peer may do beyond others, as -whitelist and -whitebind grant it: bitcoind's names, and which
 * permission includes which.
 */

/** A permission by bitcoind's name. */
export type Permission =
  | 'bloomfilter'
  | 'noban'
  | 'forcerelay'
  | 'relay'
  | 'mempool'
  | 'download'
  | 'addr';

/** Permissions in the order in which bitcoind lists them. */
export const permissionNames: readonly Permission[] = [
  'bloomfilter',
  'noban',
  'forcerelay',
  'relay',
  'mempool',
  'download',
  'addr',
];

/** What comes with a permission. */
const included: Readonly<Partial<Record<Permission, Permission>>> = {
  forcerelay: 'relay',
  noban: 'download',
};

/** Which connections a grant is for. */
export interface GrantDirection {
  readonly incoming: boolean;
  readonly outgoing: boolean;
}

/** What stands in front of the `@` of -whitelist and -whitebind. */
export interface ParsedGrant extends GrantDirection {
  /** Undefined where nothing was said: the implicit ones are granted. */
  readonly permissions: ReadonlySet<Permission> | undefined;
  /** The address, network or listening address behind the `@`. */
  readonly target: string;
}

/** `set` with everything that comes with its members. */
export function withIncluded(set: Iterable<Permission>): Set<Permission> {
  const all = new Set<Permission>(set);
  for (const permission of [...all]) {
    const more = included[permission];
    if (more) all.add(more);
  }
  return all;
}

/** Reads `[permissions@]target`; a text says what is wrong. `outgoing` is not for -whitebind. */
export function parseGrant(text: string, mayBeOutgoing: boolean): ParsedGrant | string {
  const at = text.indexOf('@');
  if (at < 0) return { permissions: undefined, incoming: true, outgoing: false, target: text };
  const permissions = new Set<Permission>();
  let incoming = false;
  let outgoing = false;
  for (const word of text.slice(0, at).split(',')) {
    if (word === '') continue;
    if (word === 'in') incoming = true;
    else if (word === 'out') {
      if (!mayBeOutgoing) {
        return 'whitebind may only be used for incoming connections ("out" was passed)';
      }
      outgoing = true;
    } else if (word === 'all') for (const name of permissionNames) permissions.add(name);
    else if (word === 'bloom') permissions.add('bloomfilter');
    else if ((permissionNames as readonly string[]).includes(word)) {
      permissions.add(word as Permission);
    } else return `Invalid P2P permission: '${word}'`;
  }
  if (!incoming && !outgoing) incoming = true;
  else if (permissions.size === 0) return `Only direction was set, no permissions: '${text}'`;
  const target = text.slice(at + 1);
  return { permissions: withIncluded(permissions), incoming, outgoing, target };
}

/** What a grant without names gives: noban and mempool, and relay as two options say. */
export function implicitPermissions(settings: {
  readonly whitelistRelay: boolean;
  readonly whitelistForceRelay: boolean;
}): Set<Permission> {
  const permissions: Permission[] = ['mempool', 'noban'];
  if (settings.whitelistForceRelay) permissions.push('forcerelay');
  if (settings.whitelistRelay) permissions.push('relay');
  return withIncluded(permissions);
}
