/** Handler of the method by which miners ask for the next block or propose one. */
import {
  deploymentState,
  isBuriedActive,
  MAX_BLOCK_SIGOPS_COST,
  MAX_BLOCK_WEIGHT,
  ValidationError,
} from '@coind/consensus';
import { type BlockTemplate, coinbaseTx, watchedBlock } from '@coind/miner';
import {
  Block,
  bytesToHex,
  type ChainParams,
  decodeBits,
  formatUint256,
  type Txid,
} from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { checkProposal } from '../block-proposal.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { formatBits } from '../shapes/block-json.ts';
import { readHex } from './chain-submit.ts';

/** What a block that does not descend from the tip can't be judged by. */
const NOT_ON_TIP = 'inconclusive-not-best-prevblk';
const WITNESS_SCALE = 4;

/** What is wrong with a proposed block, in BIP22's words; null for nothing. */
async function judge(node: NodeModules, hexdata: string): Promise<string | null> {
  const block = readHex(hexdata, Block.read);
  if (!block) throw rpcError('blockDecodeFailed');
  const known = node.chain.info(block.hash);
  if (known) {
    if (known.status === 'invalid') return 'duplicate-invalid';
    const wasConnected = known.status === 'active' || known.status === 'valid-fork';
    return wasConnected ? 'duplicate' : 'duplicate-inconclusive';
  }
  if (block.header.prevHash !== node.chain.tip.ref.hash) return NOT_ON_TIP;
  try {
    await checkProposal(node, block);
  } catch (error) {
    if (error instanceof ValidationError) return error.reason;
    throw error;
  }
  return null;
}

/** Soft forks that miners are asked about: what is in force, what is pending, the version to use. */
function rulesJson({ parent, height, version: wanted }: BlockTemplate, { params }: NodeModules) {
  const rules = ['csv'];
  if (isBuriedActive('segwit', height, params)) rules.push('!segwit', 'taproot');
  if (params.signetChallenge !== undefined) rules.push('!signet');
  const vbavailable = new Map<string, number>();
  let version = wanted;
  for (const [name, deployment] of Object.entries(params.deployments)) {
    const state = deploymentState(deployment, parent);
    if (state === 'active') rules.push(name);
    if (state === 'started' || state === 'locked_in') vbavailable.set(name, deployment.bit);
    if (state === 'locked_in') version |= 1 << deployment.bit;
  }
  return { version, rules, vbavailable };
}

function transactionsJson(entries: BlockTemplate['entries'], scale: number) {
  const places = new Map<Txid, number>();
  return entries.map(({ tx, fee, sigopCost }, index) => {
    places.set(tx.txid, index + 1);
    const depends: number[] = [];
    for (const { prevout } of tx.inputs) {
      const place = places.get(prevout.txid);
      if (place !== undefined) depends.push(place);
    }
    return {
      data: bytesToHex(tx.encode()),
      txid: tx.txid,
      hash: tx.wtxid,
      depends,
      fee: Number(fee),
      sigops: sigopCost / scale,
      weight: tx.weight,
    };
  });
}

/** The part of an answer that depends on the transactions alone. */
interface TemplateBody {
  readonly transactions: ReturnType<typeof transactionsJson>;
  readonly commitment: string | undefined;
}

/** Miners ask again every second; what goes into the block seldom changes as often. */
const bodies = new WeakMap<BlockTemplate['entries'], TemplateBody>();

function bodyOf({ entries, height }: BlockTemplate, params: ChainParams, scale: number) {
  const known = bodies.get(entries);
  if (known) return known;
  const txs = entries.map(({ tx }) => tx);
  const scriptPubKey = new Uint8Array(0);
  const [, commitment] = coinbaseTx({ height, value: 0n, scriptPubKey, txs }, params).outputs;
  const body: TemplateBody = {
    transactions: transactionsJson(entries, scale),
    commitment: commitment && bytesToHex(commitment.scriptPubKey),
  };
  bodies.set(entries, body);
  return body;
}

function templateJson(node: NodeModules, template: BlockTemplate, longpollid: string) {
  const { params } = node;
  const { height, bits, parent } = template;
  const segwit = isBuriedActive('segwit', height, params);
  const scale = segwit ? 1 : WITNESS_SCALE;
  const { transactions, commitment } = bodyOf(template, params, scale);
  return {
    capabilities: ['proposal'],
    ...rulesJson(template, node),
    vbrequired: 0,
    previousblockhash: parent.ref.hash,
    transactions,
    coinbaseaux: new Map<string, string>(),
    coinbasevalue: Number(template.coinbaseValue),
    longpollid,
    target: formatUint256(decodeBits(bits).target),
    mintime: template.minTime,
    mutable: ['time', 'transactions', 'prevblock'],
    noncerange: '00000000ffffffff',
    sigoplimit: MAX_BLOCK_SIGOPS_COST / scale,
    sizelimit: MAX_BLOCK_WEIGHT / scale,
    ...(segwit && { weightlimit: MAX_BLOCK_WEIGHT }),
    curtime: template.time,
    bits: formatBits(bits),
    height,
    signet_challenge: params.signetChallenge,
    default_witness_commitment: commitment,
  };
}

/** Waits until there is a better template than the one that `id` names. */
async function waitForBetter({ miner, stopping }: NodeModules, id: unknown): Promise<void> {
  if (typeof id === 'string' && watchedBlock(id) === undefined) {
    const hash = id.slice(0, 64);
    throw hash.length === 64
      ? rpcError('notHex', 'longpollid', hash)
      : rpcError('hashLength', 'longpollid', '64', hash);
  }
  await miner.templates.changed(typeof id === 'string' ? id : undefined, stopping);
  if (stopping.aborted) throw new RpcError(-9, 'Shutting down');
}

/** Refuses while what is mined would be lost: nobody hears of it, or the chain is not the latest. */
export function checkConnected({ chain, peers, params }: NodeModules, needsPeers: boolean): void {
  // Our own network has to begin with somebody who mines alone.
  if (!needsPeers && params.name !== 'main') return;
  const { inbound, outbound } = peers.count();
  if (inbound + outbound === 0) throw rpcError('notConnected');
  if (chain.initialDownload) throw rpcError('notSynced');
}

/** Refuses miners that do not know what they must know to make a valid block. */
function checkRules(rules: readonly string[], { params }: NodeModules): void {
  if (params.signetChallenge !== undefined && !rules.includes('signet')) {
    throw new RpcError(
      -8,
      'getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})',
    );
  }
  if (!rules.includes('segwit')) {
    throw new RpcError(
      -8,
      'getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})',
    );
  }
}

/** Handlers of the methods about the next block as data. */
export const blockTemplate: Handlers<typeof methods.blockTemplate, RpcContext> = {
  async getblocktemplate({ node }, { template_request, needs_peers }) {
    const { mode, rules, longpollid, data } = template_request;
    if (mode === 'proposal') {
      if (typeof data === 'string') return judge(node, data);
      throw new RpcError(-3, 'Missing data String key for proposal');
    }
    if (mode !== 'template') throw new RpcError(-8, 'Invalid mode');
    checkConnected(node, needs_peers);
    if (longpollid !== undefined) await waitForBetter(node, longpollid);
    checkRules(rules, node);
    const { template, longPollId } = await node.miner.templates.current();
    return templateJson(node, template, longPollId);
  },
};
