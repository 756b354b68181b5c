/** Handlers of the methods that find a block of a given kind at once. */

import { ValidationError } from '@coind/consensus';
import { DescriptorError, expandDescriptor, isRanged, parseMultipath } from '@coind/descriptors';
import { type Block, bytesToHex, type ChainParams, type Tx, type Txid } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import { checkInWriter } from '../block-proposal.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { parseTx } from '../shapes/tx-json.ts';

const NEEDS_PRIVATE_KEYS = 'Cannot derive script without private keys';

/** The scripts of a descriptor; -5 when a hardened step would need a private key. */
function expanded(descriptor: Parameters<typeof expandDescriptor>[0]) {
  try {
    return expandDescriptor(descriptor, 0);
  } catch (error) {
    if (error instanceof DescriptorError) throw new RpcError(-5, NEEDS_PRIVATE_KEYS);
    throw error;
  }
}

/** The script that a descriptor without a range makes. Throws -5 and -8 as bitcoind does. */
function descriptorScript(text: string, params: ChainParams): Uint8Array {
  const [descriptor, second] = parseMultipath(text, params);
  if (!descriptor || second) throw new RpcError(-8, 'Multipath descriptor not accepted');
  if (isRanged(descriptor)) {
    throw new RpcError(
      -8,
      'Ranged descriptor not accepted. Maybe pass through deriveaddresses first?',
    );
  }
  const solutions = expanded(descriptor);
  // Of a combo the segwit script is taken, where its key allows one.
  const chosen = solutions.length === 4 ? solutions[2] : solutions.at(-1);
  if (!chosen) throw new RpcError(-5, NEEDS_PRIVATE_KEYS);
  return chosen.scriptPubKey;
}

/** The script of an address or a descriptor. */
function payeeScript(text: string, params: ChainParams): Uint8Array {
  try {
    return descriptorScript(text, params);
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
  }
  try {
    return decodeAddress(text, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new RpcError(-5, 'Error: Invalid address or descriptor');
  }
}

/** A transaction by its id in the mempool, or as hex. */
function findTx({ mempool }: NodeModules, text: string): Tx {
  if (/^[0-9a-fA-F]{64}$/.test(text)) {
    const entry = mempool.get(text.toLowerCase() as Txid);
    if (!entry) throw new RpcError(-5, `Transaction ${text} not in mempool.`);
    return entry.tx;
  }
  const tx = parseTx(text, 'witness');
  if (tx) return tx;
  throw new RpcError(
    -22,
    `Transaction decode failed for ${text}. Make sure the tx has at least one input.`,
  );
}

/** A valid block that lacks its nonce. Runs inside `chain.exclusively`. */
async function draftBlock(
  node: NodeModules,
  txs: readonly Tx[],
  script: Uint8Array,
): Promise<Block> {
  const block = node.miner.draft(txs, script);
  try {
    await checkInWriter(node, block);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new RpcError(-25, `TestBlockValidity failed: ${error.message}`);
  }
  return block;
}

/** Handlers of the methods that find a block of a given kind. */
export const generating: Handlers<typeof methods.generating, RpcContext> = {
  generatetodescriptor({ node }, { num_blocks, descriptor, maxtries }) {
    const script = descriptorScript(descriptor, node.params);
    return node.miner.mine(num_blocks, script, { maxTries: maxtries });
  },

  async generateblock({ node }, { output, transactions, submit }) {
    const script = payeeScript(output, node.params);
    const txs = transactions.map((text) => findTx(node, text));
    // Made and judged on one tip: others may move it as soon as the search begins.
    const draft = await node.chain.exclusively(() => draftBlock(node, txs, script));
    const block = await node.miner.solve(draft);
    if (!block) throw new RpcError(-1, 'Failed to make block.');
    if (!submit) return { hash: block.hash, hex: bytesToHex(block.encode()) };
    const { status } = await node.chain.submitBlock(block);
    if (status === 'invalid') throw new RpcError(-1, 'ProcessNewBlock, block not accepted');
    return { hash: block.hash };
  },
};
