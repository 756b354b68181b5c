/**
 * Who may call what: HTTP Basic credentials of -rpcuser/-rpcpassword or the cookie, salted hashes of
 * -rpcauth, and the methods -rpcwhitelist leaves to a user. Waiting after a wrong password is the
 * HTTP server's part.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** A user name and a password in the clear. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What the options say about access. */
export interface AuthSettings {
  /** -rpcuser with -rpcpassword, or the cookie. */
  readonly credentials: readonly Credentials[];
  /** -rpcauth values, `user:salt$hash`: HMAC-SHA256 of the password with the salt as key, hex. */
  readonly rpcauth?: readonly string[];
  /** -rpcwhitelist values, `user:method,method…`; several for one user: what is in all of them. */
  readonly whitelist?: readonly string[];
  /** -rpcwhitelistdefault; true by default when there is any whitelist. */
  readonly whitelistDefault?: boolean | undefined;
}

/** Answers who somebody is and what they may call. */
export interface Auth {
  /** The user an Authorization header proves to be; undefined when it proves nothing. */
  userOf(authorization: string): string | undefined;
  /** True when not every method is open to `user`. */
  restricts(user: string): boolean;
  /** Whether `user` may call `method`; without a method, whether any at all. */
  allows(user: string, method: string | undefined): boolean;
}

/** The user name of the cookie file. */
export const COOKIE_USER = '__cookie__';

interface SaltedHash {
  readonly user: string;
  readonly salt: string;
  readonly hash: string;
}

/**
 * Access rules of `settings`. Throws `RangeError` naming the option for an -rpcauth value that is
 * not `user:salt$hash`.
 */
export function createAuth(settings: AuthSettings): Auth {
  const hashes = (settings.rpcauth ?? []).map(parseRpcAuth);
  const methods = parseWhitelist(settings.whitelist ?? []);
  const closedByDefault = settings.whitelistDefault ?? methods.size > 0;
  // A client sends the same header with every request; what was right once need not be hashed again.
  const proven = new Map<string, string>();

  function check(user: string, password: string): boolean {
    let right = false;
    for (const known of settings.credentials) {
      if (known.user === user && sameText(known.password, password)) right = true;
    }
    for (const known of hashes) {
      if (known.user !== user) continue;
      const hash = createHmac('sha256', known.salt).update(password).digest('hex');
      if (sameText(hash, known.hash)) right = true;
    }
    return right;
  }

  return {
    userOf(authorization) {
      const known = proven.get(authorization);
      if (known !== undefined) return known;
      const given = parseBasic(authorization);
      if (!given || !check(given.user, given.password)) return undefined;
      if (proven.size < 100) proven.set(authorization, given.user);
      return given.user;
    },
    restricts: (user) => closedByDefault || methods.has(user),
    allows(user, method) {
      const open = methods.get(user);
      if (open === undefined) return !closedByDefault;
      return method === undefined || open.has(method);
    },
  };
}

/** `Basic `, exactly so, and base64 of `user:password`. */
function parseBasic(authorization: string): Credentials | undefined {
  if (!authorization.startsWith('Basic ')) return undefined;
  const encoded = authorization.slice('Basic '.length).trim();
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseRpcAuth(value: string): SaltedHash {
  const match = /^([^:]+):([^$]*)\$([^$]+)$/.exec(value);
  const [, user, salt, hash] = match ?? [];
  if (user === undefined || salt === undefined || hash === undefined) {
    throw new RangeError('Invalid -rpcauth argument.');
  }
  return { user, salt, hash };
}

function parseWhitelist(values: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const methods = new Map<string, ReadonlySet<string>>();
  for (const value of values) {
    const colon = value.indexOf(':');
    const user = colon < 0 ? value : value.slice(0, colon);
    const names = colon < 0 ? [] : value.slice(colon + 1).split(/[, ]+/);
    const known = methods.get(user);
    const listed = names.filter((name) => name !== '' && (known?.has(name) ?? true));
    methods.set(user, new Set(listed));
  }
  return methods;
}

/** Compares without telling by its duration where the texts differ. */
function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
