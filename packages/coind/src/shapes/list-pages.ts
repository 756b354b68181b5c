/** Cursors of lists of sums: how callers say where a page begins, and how lines say where they stand. */
import type { ChainParams } from '@coind/primitives';
import { RpcError } from '@coind/rpc';
import { decodeAddress } from '@coind/script';
import type { ListPage, ReceivedByLabel } from '@coind/wallet';
import { receivedByLabelJson } from './wallet-json.ts';

interface PageArguments {
  readonly cursor?: string | undefined;
  readonly count?: number | undefined;
}

/** A line stands at its name; a sign in front of it, because a name may be empty. */
const MARK = '=';

/** The page of a list of labels or accounts that is asked for. Throws -8. */
export function labelPage({ cursor, count }: PageArguments): ListPage {
  if (cursor === undefined) return {};
  if (cursor !== '' && !cursor.startsWith(MARK)) throw invalid(cursor);
  return page(cursor === '' ? undefined : cursor.slice(MARK.length), count);
}

/** The page of a list of addresses, each of which stands at itself. Throws -8. */
export function addressPage({ cursor, count }: PageArguments, params: ChainParams): ListPage {
  if (cursor === undefined) return {};
  if (cursor === '') return page(undefined, count);
  try {
    decodeAddress(cursor, params);
  } catch {
    throw invalid(cursor);
  }
  return page(cursor, count);
}

function invalid(cursor: string): RpcError {
  return new RpcError(-8, `Invalid cursor: ${cursor}`);
}

function page(after: string | undefined, limit: number | undefined): ListPage {
  if (limit !== undefined && limit < 0) throw new RpcError(-8, 'Negative count');
  return { after, limit };
}

/** Lines of such a list, with where they stand when somebody pages. */
export function labelLines(lines: readonly ReceivedByLabel[], { cursor }: PageArguments) {
  return lines.map((line) => ({
    ...receivedByLabelJson(line),
    ...(cursor !== undefined && { cursor: `${MARK}${line.label}` }),
  }));
}
