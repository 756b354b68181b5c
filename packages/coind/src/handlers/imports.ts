/** Handlers of the methods by which keys, scripts, descriptors and single transactions come into a wallet. */
import { DescriptorError } from '@coind/descriptors';
import { hexToBytes, isHex, provenPlaces } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { AddressError, decodeAddress, isPublicKey } from '@coind/script';
import {
  type DescriptorImport,
  type ImportOutcome,
  type MultiImport,
  TIMESTAMP_WINDOW,
  type WalletError,
} from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { parseTx } from '../shapes/tx-json.ts';
import { asRpcError } from '../wallet-errors.ts';
import { decodeProof } from './chain-proofs.ts';

type Requests<Name extends 'importdescriptors' | 'importmulti'> = Parameters<
  Handlers<typeof methods.imports, WalletContext>[Name]
>[1]['requests'];
type DescriptorRequest = Requests<'importdescriptors'>[number];
type MultiRequest = Requests<'importmulti'>[number];

/** The script of an address; undefined for a text that is none. */
function scriptOfText({ node }: WalletContext, text: string): Uint8Array | undefined {
  try {
    return decodeAddress(text, node.params);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** A pruned node has not what a search would look at. Throws -4. */
function refusePruned({ node }: WalletContext, rescan: boolean): void {
  if (rescan && node.chain.pruneTarget !== undefined) {
    throw new RpcError(-4, 'Rescan is disabled in pruned mode');
  }
}

function descriptorImport(request: DescriptorRequest): DescriptorImport {
  const { desc, timestamp, active, internal, range, next_index, label } = request;
  return {
    descriptor: desc,
    timestamp,
    ...(active !== undefined && { active }),
    ...(internal !== undefined && { internal }),
    ...(range !== undefined && { range }),
    ...(next_index !== undefined && { nextIndex: next_index }),
    ...(label !== undefined && { label }),
  };
}

function multiImport(request: MultiRequest): MultiImport {
  const { scriptPubKey, timestamp, redeemscript, pubkeys, keys, internal, watchonly } = request;
  const target = typeof scriptPubKey === 'string' ? { script: scriptPubKey } : scriptPubKey;
  return {
    target,
    timestamp,
    ...(request.malformed && { malformed: true }),
    ...(redeemscript !== undefined && { redeemScript: redeemscript }),
    ...(pubkeys && { publicKeys: pubkeys }),
    ...(keys && { privateKeys: keys }),
    ...(internal !== undefined && { internal }),
    ...(watchonly !== undefined && { watchOnly: watchonly }),
    ...(request.label !== undefined && { label: request.label }),
  };
}

/** What a search missed, as the two methods say it. */
interface Missing {
  /** What was made at the time. */
  readonly what: string;
  /** What may not appear. */
  readonly subject: string;
  /** Why it may be so. */
  readonly why: string;
}

function keyMissing(): Missing {
  return {
    what: 'key with creation timestamp',
    subject: 'key',
    why: ' This error could be caused by pruning or data corruption (see bitcoind log for details) and could be dealt with by downloading and rescanning the relevant blocks (see -reindex and -rescan options).',
  };
}

function descriptorMissing({ node }: WalletContext): Missing {
  const { chain } = node;
  const about = { what: 'descriptor with timestamp', subject: 'desc' };
  if (chain.prunedHeight() !== undefined) {
    const why =
      ' This error could be caused by pruning or data corruption (see bitcoind log for details) and could be dealt with by downloading and rescanning the relevant blocks (see -reindex option and rescanblockchain RPC).';
    return { ...about, why };
  }
  const why = chain.background
    ? ' This error is likely caused by an in-progress assumeutxo background sync. Check logs or getchainstates RPC for assumeutxo background sync progress and try again later.'
    : ' This error could potentially caused by data corruption. If the issue persists you may want to reindex (see -reindex option).';
  return { ...about, why };
}

/** One refusal in a list of outcomes. */
function importError(error: WalletError | DescriptorError, missing: Missing) {
  if (error instanceof DescriptorError || error.key !== 'rescan-failed') {
    const { code, message } = asRpcError(error) as RpcError;
    return { code, message };
  }
  const { timestamp, blockTime } = error.details;
  const { what, subject, why } = missing;
  return {
    code: -1,
    message: `Rescan failed for ${what} ${timestamp}. There was an error reading a block from time ${blockTime}, which is after or within ${TIMESTAMP_WINDOW} seconds of key creation, and could contain transactions pertaining to the ${subject}. As a result, transactions and coins using this ${subject} may not appear in the wallet.${why}`,
  };
}

function outcomesJson(outcomes: readonly ImportOutcome[], missing: Missing) {
  return outcomes.map((outcome) => ({
    success: outcome.success,
    ...(!outcome.success && { error: importError(outcome.error, missing) }),
    ...(outcome.warnings.length > 0 && { warnings: [...outcome.warnings] }),
  }));
}

/** Handlers of the import methods. */
export const imports: Handlers<typeof methods.imports, WalletContext> = {
  async importaddress(context, { address, label, rescan, p2sh }) {
    const { wallet } = context;
    refusePruned(context, rescan);
    const bytes = scriptOfText(context, address);
    if (bytes && p2sh) {
      throw new RpcError(-5, 'Cannot use the p2sh flag with an address - use a script instead');
    }
    if (bytes) {
      await wallet.watch({ kind: 'script', bytes }, label, rescan);
      return null;
    }
    if (!isHex(address) || address === '') {
      throw new RpcError(-5, 'Invalid Bitcoin address or script');
    }
    const kind = p2sh ? 'redeem-script' : 'script';
    await wallet.watch({ kind, bytes: hexToBytes(address) }, label, rescan);
    return null;
  },

  async importdescriptors(context, { requests }) {
    const outcomes = await context.wallet.importDescriptors(requests.map(descriptorImport));
    return outcomesJson(outcomes, descriptorMissing(context));
  },

  async importmulti({ wallet }, { requests, options }) {
    const rescan = options?.rescan ?? true;
    return outcomesJson(await wallet.importMulti(requests.map(multiImport), rescan), keyMissing());
  },

  async importprivkey(context, { privkey, label, rescan }) {
    await context.wallet.requireUnlocked();
    refusePruned(context, rescan);
    await context.wallet.importPrivateKey(privkey, label, rescan);
    return null;
  },

  async importprunedfunds({ wallet, node }, { rawtransaction, txoutproof }) {
    const tx = parseTx(rawtransaction, 'either');
    if (!tx) {
      const text = 'TX decode failed. Make sure the tx has at least one input.';
      throw new RpcError(-22, text, [-22, 'TX decode failed']);
    }
    const proof = decodeProof(txoutproof);
    const proven = provenPlaces(proof);
    if (!proven) throw new RpcError(-5, 'Something wrong with merkleblock');
    const info = node.chain.info(proof.header.hash);
    if (!info || !node.chain.isActive(info.ref.hash)) {
      throw new RpcError(-5, 'Block not found in chain');
    }
    const place = proven.find(({ txid }) => txid === tx.txid);
    if (!place) throw new RpcError(-5, "Transaction given doesn't exist in proof");
    await wallet.importTransaction(tx, info.ref, place.index);
    return null;
  },

  async importpubkey(context, { pubkey, label, rescan }) {
    refusePruned(context, rescan);
    if (!isHex(pubkey) || pubkey === '') throw new RpcError(-5, 'Pubkey must be a hex string');
    const bytes = hexToBytes(pubkey);
    if (!isPublicKey(bytes)) throw new RpcError(-5, 'Pubkey is not a valid public key');
    await context.wallet.watch({ kind: 'public-key', bytes }, label, rescan);
    return null;
  },

  async removeprunedfunds({ wallet }, { txid }) {
    if (await wallet.removeTransaction(txid)) return null;
    throw new RpcError(-4, `Transaction ${txid} does not belong to this wallet`, [
      -8,
      'Transaction does not exist in wallet.',
    ]);
  },
};
