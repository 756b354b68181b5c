/** Handlers of the mining methods of 2011: the miner that runs by itself, getwork, getmemorypool. */
import type { BlockTemplate } from '@coind/miner';
import { headerOfWords, midstateOf, paddedWords, targetBytes } from '@coind/pow';
import {
  Block,
  BlockHeader,
  bytesToHex,
  hexToBytes,
  isHex,
  type Tx,
  type Txid,
} from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';
import { minerThreads } from '../mining-mode.ts';
import { formatBits } from '../shapes/block-json.ts';
import { checkConnected } from './block-template.ts';
import { readHex } from './chain-submit.ts';
import { payeeOf, setMode } from './mining-modes.ts';

/** A header and its padding up to two blocks of SHA-256. */
const WORK_SIZE = 128;
/** A hash that is all zeros, padded: the same for every header. */
const HASH1 = bytesToHex(paddedWords(new Uint8Array(32)));

function workJson(header: BlockHeader) {
  const bytes = header.encode();
  return {
    midstate: bytesToHex(midstateOf(bytes)),
    data: bytesToHex(paddedWords(bytes)),
    hash1: HASH1,
    target: bytesToHex(targetBytes(header)),
  };
}

/** The header in what getwork gave out. Throws -8. */
function solvedHeader(data: string): BlockHeader {
  const bytes = isHex(data) ? hexToBytes(data) : new Uint8Array(0);
  if (bytes.length !== WORK_SIZE) throw new RpcError(-8, 'Invalid parameter');
  return BlockHeader.decode(headerOfWords(bytes));
}

/** What the programs of 2011 can put into a block: they know nothing of the commitment to witnesses. */
function plainEntries({ entries }: BlockTemplate): BlockTemplate['entries'] {
  const left = new Set<Txid>();
  const isPlain = ({ inputs }: Tx) =>
    inputs.every(({ witness, prevout }) => witness.length === 0 && !left.has(prevout.txid));
  return entries.filter(({ tx }) => {
    if (isPlain(tx)) return true;
    left.add(tx.txid);
    return false;
  });
}

function memoryPoolJson(template: BlockTemplate) {
  const { version, parent, time, minTime, bits, coinbaseValue, fees } = template;
  const entries = plainEntries(template);
  const theirFees = entries.reduce((sum, { fee }) => sum + fee, 0n);
  return {
    version,
    previousblockhash: parent.ref.hash,
    transactions: entries.map(({ tx }) => bytesToHex(tx.encode())),
    coinbasevalue: Number(coinbaseValue - fees + theirFees),
    coinbaseflags: '',
    time,
    mintime: minTime,
    curtime: time,
    bits: formatBits(bits),
  };
}

async function takeBlock({ chain }: NodeModules, data: string): Promise<boolean> {
  const block = readHex(data, Block.read);
  if (!block) throw rpcError('blockDecodeFailed');
  const { status } = await chain.submitBlock(block);
  return status === 'connected';
}

/** Handlers of the mining methods of 2011. */
export const earlyMining: Handlers<typeof methods.earlyMining, RpcContext> = {
  getgenerate: ({ node }) => node.mining.mode.kind === 'continuous',

  async setgenerate(context, { generate, genproclimit }) {
    if (context.node.params.noRetargeting) {
      throw new RpcError(-32601, 'Use the generate method instead of setgenerate on this network');
    }
    const threads = generate ? minerThreads(genproclimit) : 0;
    await setMode(context, threads > 0 ? { kind: 'continuous', threads } : { kind: 'manual' });
    return null;
  },

  gethashespersec: ({ node }) => Math.round(node.mining.hashesPerSecond),

  async getwork(context, { data, needs_peers }) {
    const { node } = context;
    checkConnected(node, needs_peers);
    if (data !== undefined) return node.work.take(solvedHeader(data));
    return workJson(await node.work.give(await payeeOf(context)));
  },

  async getmemorypool({ node }, { data, needs_peers }) {
    if (data !== undefined) return takeBlock(node, data);
    checkConnected(node, needs_peers);
    return memoryPoolJson((await node.miner.templates.current()).template);
  },
};
