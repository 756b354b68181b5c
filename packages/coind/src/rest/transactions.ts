/** REST: transactions, and unspent outputs (`getutxos`, whose answer is BIP64's). */
import type { Coin } from '@coind/consensus';
import {
  bytesToHex,
  concatBytes,
  DecodeError,
  EMPTY,
  hashToHex,
  hexToHash,
  isHash,
  type OutPoint,
  parseHex,
  Reader,
  type Txid,
  Writer,
} from '@coind/primitives';
import { scriptPubKeyJson, txJson } from '../shapes/tx-json.ts';
import { findTx } from '../tx-lookup.ts';
import { type Endpoint, noSuchFormat } from './answer.ts';
import { parseHash, parseUnsigned, RestError, type RestRequest } from './request.ts';

/** `/rest/tx/TXID`: one of the mempool, or of a block with `-txindex`. */
export const transaction: Endpoint = async ({ node, shapes }, { argument }) => {
  const txid = parseHash(argument) as string as Txid;
  const found = await findTx(node, txid);
  if (!found) throw new RestError(404, `${argument} not found`);
  const { tx, info } = found;
  return {
    caching: 'no-store',
    bin: () => tx.encode(),
    json: () =>
      shapes.tx.encode({
        ...txJson(tx, node.params),
        ...(info && { blockhash: info.ref.hash }),
        hex: bytesToHex(tx.encode()),
      }),
  };
};

const MAX_OUTPOINTS = 15;
const MAX_UINT32 = 2n ** 32n - 1n;
const OUTPOINT_BYTES = 36;

/** Which outputs are asked for. */
interface Wanted {
  readonly checkMempool: boolean;
  readonly outpoints: readonly OutPoint[];
}

const PARSE_ERROR = new RestError(400, 'Parse error');
const EMPTY_REQUEST = new RestError(400, 'Error: empty request');

/** `TXID-N`. Throws 400. */
function parseOutPoint(text: string): OutPoint {
  const [txid = '', vout = '', ...more] = text.toLowerCase().split('-');
  const index = parseUnsigned(vout, MAX_UINT32);
  if (more.length > 0 || !isHash(txid) || index === undefined) throw PARSE_ERROR;
  return { txid: txid as Txid, vout: Number(index) };
}

/** What the path asks for; undefined when it is empty. Throws 400. */
function wantedInPath(argument: string): Wanted | undefined {
  if (argument.length < 2) return undefined;
  const parts = argument.slice(1).split('/');
  const checkMempool = parts[0] === 'checkmempool';
  const outpoints = parts.slice(checkMempool ? 1 : 0).map(parseOutPoint);
  if (outpoints.length === 0) throw EMPTY_REQUEST;
  return { checkMempool, outpoints };
}

/** Hex as bitcoind reads it: white space between bytes is fine, and what is not hex is nothing. */
function looseHex(body: Uint8Array): Uint8Array {
  const words = Buffer.from(body).toString('latin1').trim().split(/\s+/);
  const parts = words.map(parseHex);
  return parts.every((part) => part !== undefined) ? concatBytes(...parts) : EMPTY;
}

/**
 * What the body asks for. bitcoind puts the length of the body in front of it before it reads it, so the
 * byte for the mempool is that length, and the count of outpoints begins where BIP64 has that byte.
 * Programs for bitcoind know that, or never use this; so it is the same here. Throws 400.
 */
function wantedInBody(body: Uint8Array): Wanted {
  const reader = new Reader(new Writer(body.length + 3).varBytes(body).finish());
  try {
    const checkMempool = reader.u8() !== 0;
    const count = reader.compactSize();
    if (count * OUTPOINT_BYTES > reader.left) throw PARSE_ERROR;
    const outpoints = Array.from({ length: count }, () => ({
      txid: hashToHex<Txid>(reader.take(32)),
      vout: reader.u32(),
    }));
    return { checkMempool, outpoints };
  } catch (error) {
    throw error instanceof DecodeError ? PARSE_ERROR : error;
  }
}

function wantedIn({ argument, format, body }: RestRequest): Wanted {
  const inPath = wantedInPath(argument);
  if (body.length === 0 && !inPath) throw EMPTY_REQUEST;
  if (format === undefined) throw noSuchFormat();
  if (format === 'json' && !inPath) throw EMPTY_REQUEST;
  const bytes = format === 'hex' ? looseHex(body) : format === 'bin' ? body : EMPTY;
  if (bytes.length === 0) return inPath ?? { checkMempool: false, outpoints: [] };
  if (inPath) {
    throw new RestError(400, 'Combination of URI scheme inputs and raw post data is not allowed');
  }
  return wantedInBody(bytes);
}

/** Bit i of byte i / 8 says whether the i-th is there. */
function bitmapOf(coins: readonly (Coin | undefined)[]): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(coins.length / 8));
  for (const [i, coin] of coins.entries()) {
    if (coin) bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bitmap;
}

/** `/rest/getutxos/checkmempool/TXID-N/…`: which outputs are unspent, and what they hold. */
export const unspentOutputs: Endpoint = async ({ node, shapes }, request) => {
  const { chain, mempool, params } = node;
  const { checkMempool, outpoints } = wantedIn(request);
  if (outpoints.length > MAX_OUTPOINTS) {
    throw new RestError(
      400,
      `Error: max outpoints exceeded (max: ${MAX_OUTPOINTS}, tried: ${outpoints.length})`,
    );
  }
  // All of one moment, which the answer names.
  const { ref, coins } = await chain.exclusively(async () => ({
    ref: chain.tip.ref,
    coins: checkMempool
      ? await Promise.all(outpoints.map((outpoint) => mempool.coin(outpoint)))
      : await chain.coins(outpoints),
  }));
  const unspent = coins.filter((coin) => coin !== undefined);
  return {
    caching: 'no-store',
    bin() {
      const writer = new Writer().i32(ref.height).bytes(hexToHash(ref.hash));
      writer.varBytes(bitmapOf(coins)).compactSize(unspent.length);
      for (const { height, output } of unspent) {
        // The version of the transaction, which nobody keeps: BIP64 has room for it.
        writer.u32(0).u32(height).i64(output.value).varBytes(output.scriptPubKey);
      }
      return writer.finish();
    },
    json: () =>
      shapes.unspentOutputs.encode({
        chainHeight: ref.height,
        chaintipHash: ref.hash,
        bitmap: coins.map((coin) => (coin ? '1' : '0')).join(''),
        utxos: unspent.map(({ height, output: { value, scriptPubKey } }) => ({
          height,
          value,
          scriptPubKey: scriptPubKeyJson(scriptPubKey, params),
        })),
      }),
  };
};
