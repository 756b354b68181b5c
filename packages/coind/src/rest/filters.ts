/** REST: compact block filters (BIP157) and their headers. Needs `-blockfilterindex`. */
import type { FilterIndex } from '@coind/chain';
import { bytesToHex, hexToHash, Writer } from '@coind/primitives';
import type { NodeModules } from '../context.ts';
import type { Endpoint } from './answer.ts';
import { activeFrom } from './blocks.ts';
import { parseCount, parseHash, RestError } from './request.ts';

const BASIC_FILTER = 0;

/** The index of filters of a kind. Throws 400. */
function filterIndexOf({ indexes }: NodeModules, kind: string): FilterIndex {
  if (kind !== 'basic') throw new RestError(400, `Unknown filtertype ${kind}`);
  if (indexes.filter) return indexes.filter;
  throw new RestError(400, `Index is not enabled for filtertype ${kind}`);
}

function missing(why: string): RestError {
  return new RestError(404, `Filter not found. ${why}`);
}

const STILL_INDEXING = missing('Block filters are still in the process of being indexed.');
const CORRUPT = missing('This error is unexpected and indicates index corruption.');
const NEVER_CONNECTED = missing('Block was not connected to active chain.');

/** `/rest/blockfilter/KIND/HASH`. */
export const blockFilter: Endpoint = async ({ node, shapes }, { argument }) => {
  const { chain } = node;
  const [kind = '', hashText = '', ...more] = argument.split('/');
  if (!argument.includes('/') || more.length > 0) {
    throw new RestError(
      400,
      'Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>',
    );
  }
  const hash = parseHash(hashText);
  const index = filterIndexOf(node, kind);
  const info = chain.info(hash);
  if (!info) throw new RestError(404, `${hashText} not found`);
  const isReady = await index.caughtUp();
  const filter = await index.filter(info.ref);
  if (!filter) {
    const wasConnected = info.status === 'active' || info.status === 'valid-fork';
    throw wasConnected ? (isReady ? CORRUPT : STILL_INDEXING) : NEVER_CONNECTED;
  }
  return {
    caching: 'immutable',
    bin: () => new Writer().u8(BASIC_FILTER).bytes(hexToHash(hash)).varBytes(filter).finish(),
    json: () => shapes.blockFilter.encode({ filter: bytesToHex(filter) }),
  };
};

/** `/rest/blockfilterheaders/KIND/HASH?count=N`, or `KIND/N/HASH` as it was before. */
export const blockFilterHeaders: Endpoint = async ({ node, shapes }, request) => {
  const parts = request.argument.split('/');
  if (parts.length < 2 || parts.length > 3) {
    throw new RestError(
      400,
      'Invalid URI format. Expected /rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>?count=<count>',
    );
  }
  const count = parseCount(parts.length === 3 ? (parts[1] ?? '') : (request.query('count') ?? '5'));
  const hash = parseHash(parts.at(-1) ?? '');
  const index = filterIndexOf(node, parts[0] ?? '');
  const infos = activeFrom(node.chain, hash, count);
  const isReady = await index.caughtUp();
  const hashes = await Promise.all(infos.map(({ ref }) => index.hashes(ref)));
  const headers = hashes.map((found) => {
    if (!found) throw isReady ? CORRUPT : STILL_INDEXING;
    return found.header;
  });
  return {
    caching: 'no-store',
    bin() {
      const writer = new Writer(32 * headers.length);
      for (const header of headers) writer.bytes(hexToHash(header));
      return writer.finish();
    },
    json: () => shapes.filterHeaders.encode(headers),
  };
};
