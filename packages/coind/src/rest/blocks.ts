/** REST: blocks and parts of them, headers, hashes by height, and what a block has spent. */
import { type BlockInfo, type Chain, ChainError } from '@coind/chain';
import { type BlockHash, hexToHash, Writer } from '@coind/primitives';
import { knownUndoOf } from '../chain-lookup.ts';
import { type BlockVerbosity, blockJson, headerJson } from '../shapes/block-json.ts';
import { scriptPubKeyJson } from '../shapes/tx-json.ts';
import { type Endpoint, type RestAnswer, type RestContext, shown } from './answer.ts';
import { parseCount, parseHash, parseUnsigned, RestError, type RestRequest } from './request.ts';

const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_INT32 = 2n ** 31n - 1n;

/** A block that is known. Throws 404, naming it as it was written. */
function knownBlock(chain: Chain, text: string): BlockInfo {
  const info = chain.info(parseHash(text));
  if (!info) throw new RestError(404, `${text} not found`);
  return info;
}

/** The same, with a body. */
function wholeBlock(chain: Chain, text: string): BlockInfo {
  const info = knownBlock(chain, text);
  if (info.hasBody) return info;
  const reason = info.isPruned ? 'pruned data' : 'not fully downloaded';
  throw new RestError(404, `${text} not available (${reason})`);
}

/** What `read` finds. Throws 500 where a file is gone or damaged or there is nothing. */
async function fromDisk<T>(read: Promise<T | undefined>, text: string): Promise<T> {
  try {
    const found = await read;
    if (found !== undefined) return found;
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
  }
  throw new RestError(500, `I/O error reading ${text}`);
}

function blockAnswer(
  context: RestContext,
  { argument }: RestRequest,
  verbosity: BlockVerbosity,
): RestAnswer {
  const { chain } = context.node;
  const info = wholeBlock(chain, argument);
  return {
    caching: 'immutable',
    // Its confirmations, and the block after it.
    jsonCaching: 'no-store',
    bin: () => fromDisk(chain.blockBytes(info.ref.hash), argument),
    async json() {
      const block = await fromDisk(chain.block(info.ref.hash), argument);
      const undo = verbosity > 1 ? await knownUndoOf(chain, info) : undefined;
      return shown(context, 'getblock', blockJson(chain, info, block, verbosity, undo));
    },
  };
}

/** `/rest/block/HASH`: with its transactions and what they spend. */
export const block: Endpoint = (context, request) => blockAnswer(context, request, 3);

/** `/rest/block/notxdetails/HASH`: with the ids of its transactions. */
export const blockNoTxDetails: Endpoint = (context, request) => blockAnswer(context, request, 1);

/** `/rest/blockpart/HASH?offset=N&size=N`: some of its bytes. */
export const blockPart: Endpoint = async ({ node: { chain } }, request) => {
  const number = (name: string): bigint => {
    const value = parseUnsigned(request.query(name) ?? '', MAX_UINT64);
    if (value === undefined) throw new RestError(400, `Block part ${name} missing or invalid`);
    return value;
  };
  const [offset, size] = [number('offset'), number('size')];
  const { argument } = request;
  const info = wholeBlock(chain, argument);
  const bytes = await fromDisk(chain.blockBytes(info.ref.hash), argument);
  if (size === 0n || offset + size > BigInt(bytes.length)) {
    throw new RestError(400, `Bad block part offset/size ${offset}/${size} for ${argument}`);
  }
  return {
    caching: 'immutable',
    bin: () => bytes.subarray(Number(offset), Number(offset + size)),
    json() {
      throw new RestError(400, 'JSON output is not supported for this request type');
    },
  };
};

/** Up to `count` blocks of the active chain from `hash` on; none when it is not in it. */
export function activeFrom(chain: Chain, hash: BlockHash, count: number): BlockInfo[] {
  const found: BlockInfo[] = [];
  let info = chain.isActive(hash) ? chain.info(hash) : undefined;
  while (info && found.length < count) {
    found.push(info);
    info = chain.at(info.ref.height + 1);
  }
  return found;
}

/** `/rest/headers/HASH?count=N`, or `/rest/headers/N/HASH` as it was before. */
export const headers: Endpoint = (context, request) => {
  const { chain } = context.node;
  const parts = request.argument.split('/');
  if (parts.length > 2) {
    throw new RestError(
      400,
      'Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>',
    );
  }
  const count = parseCount(parts.length === 2 ? (parts[0] ?? '') : (request.query('count') ?? '5'));
  const infos = activeFrom(chain, parseHash(parts.at(-1) ?? ''), count);
  return {
    caching: 'no-store',
    bin() {
      const writer = new Writer(80 * infos.length);
      for (const { header } of infos) writer.bytes(header.encode());
      return writer.finish();
    },
    json: () =>
      `[${infos.map((info) => shown(context, 'getblockheader', headerJson(chain, info))).join(',')}]`,
  };
};

/** Characters of a URL that bitcoind repeats in its answers. */
const UNSAFE = /[^A-Za-z0-9!*'();:@&=+$,/?#[\]\-_.~%]/g;

/** `/rest/blockhashbyheight/N`. */
export const blockHashByHeight: Endpoint = ({ node: { chain }, shapes }, { argument }) => {
  const height = parseUnsigned(argument, MAX_INT32);
  if (height === undefined) {
    throw new RestError(400, `Invalid height: ${argument.replace(UNSAFE, '')}`);
  }
  const hash = chain.at(Number(height))?.ref.hash;
  if (hash === undefined) throw new RestError(404, 'Block height out of range');
  return {
    caching: 'no-store',
    bin: () => hexToHash(hash),
    hex: () => hash,
    json: () => shapes.blockHash.encode({ blockhash: hash }),
  };
};

/** `/rest/spenttxouts/HASH`: the outputs that each of its transactions spent. */
export const spentTxOuts: Endpoint = async ({ node, shapes }, { argument }) => {
  const { chain, params } = node;
  if (argument.includes('/')) {
    throw new RestError(400, 'Invalid URI format. Expected /rest/spenttxouts/<hash>.<ext>');
  }
  const { ref } = knownBlock(chain, argument);
  const undo = ref.height === 0 ? [] : await chain.undo(ref.hash).catch(undefinedIfDamaged);
  if (!undo) throw new RestError(404, `${argument} undo not available`);
  // A coinbase spends nothing, and comes first.
  const spent = [[], ...undo];
  return {
    caching: 'immutable',
    bin() {
      const writer = new Writer().compactSize(spent.length);
      for (const coins of spent) {
        writer.compactSize(coins.length);
        for (const { output } of coins) writer.i64(output.value).varBytes(output.scriptPubKey);
      }
      return writer.finish();
    },
    json: () =>
      shapes.spentOutputs.encode(
        spent.map((coins) =>
          coins.map(({ output: { value, scriptPubKey } }) => ({
            value,
            scriptPubKey: scriptPubKeyJson(scriptPubKey, params),
          })),
        ),
      ),
  };
};

function undefinedIfDamaged(error: unknown): undefined {
  if (!(error instanceof ChainError)) throw error;
}
