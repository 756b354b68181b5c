/**
 * A REST request as bitcoind reads it: the argument behind the prefix, the format its ending asks for, the
 * query, the body; numbers and hashes in them; and what is said of those that make no sense.
 */
import { type BlockHash, isHash } from '@coind/primitives';
import { percentDecode } from '../percent.ts';

/** What an answer is written in. */
export type RestFormat = 'bin' | 'hex' | 'json';

const formats: Readonly<Record<string, RestFormat>> = { bin: 'bin', hex: 'hex', json: 'json' };

/** A request that is refused: an HTTP status and a line of text. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;

  constructor(status: 400 | 404 | 500 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

/** One request. */
export interface RestRequest {
  /** What stands between the prefix and the format. */
  readonly argument: string;
  /** Undefined for an ending that is no format: it is part of the argument then. */
  readonly format: RestFormat | undefined;
  readonly body: Uint8Array;
  /** A value of the query, the first of that name; undefined when it is not there. */
  query(name: string): string | undefined;
}

/** Reads `target`, the part of the URL behind the prefix. */
export function readRequest(target: string, body: Uint8Array): RestRequest {
  const mark = target.lastIndexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const dot = path.lastIndexOf('.');
  const ending = dot < 0 ? undefined : path.slice(dot + 1);
  const format = Object.hasOwn(formats, ending ?? '') ? formats[ending ?? ''] : undefined;
  return {
    // A dot with nothing behind it asks for no format, and is no part of the argument either.
    argument: format !== undefined || ending === '' ? path.slice(0, dot) : path,
    format,
    body,
    query: (name) => queryValue(target, name),
  };
}

function queryValue(target: string, name: string): string | undefined {
  const start = target.indexOf('?');
  if (start < 0) return undefined;
  const [query = ''] = target.slice(start + 1).split('#');
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    if (percentDecode(equals < 0 ? part : part.slice(0, equals)) !== name) continue;
    return equals < 0 ? '' : percentDecode(part.slice(equals + 1));
  }
  return undefined;
}

/** A whole number without a sign, up to `max`; undefined for anything else. */
export function parseUnsigned(text: string, max: bigint): bigint | undefined {
  if (!/^[0-9]{1,40}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= max ? value : undefined;
}

/** The hash in `text`. Throws 400. */
export function parseHash(text: string): BlockHash {
  const hash = text.toLowerCase();
  if (!isHash(hash)) throw new RestError(400, `Invalid hash: ${text}`);
  return hash as BlockHash;
}

const MAX_HEADERS = 2000;

/** How many headers are asked for. Throws 400. */
export function parseCount(text: string): number {
  const count = parseUnsigned(text, BigInt(MAX_HEADERS));
  if (count !== undefined && count > 0n) return Number(count);
  throw new RestError(
    400,
    `Header count is invalid or out of acceptable range (1-${MAX_HEADERS}): ${text}`,
  );
}

/** A query value that is `true` or `false`. Throws 400. */
export function parseSwitch(request: RestRequest, name: string, fallback: boolean): boolean {
  const text = request.query(name) ?? `${fallback}`;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new RestError(400, `The "${name}" query parameter must be either "true" or "false".`);
}
