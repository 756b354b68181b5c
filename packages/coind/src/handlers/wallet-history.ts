/** Handlers of the wallet methods about its past beside the plain listings. */
import type { BlockRef } from '@coind/consensus';
import { type BlockHash, ZERO_HASH } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { HistoryFilter, TxView } from '@coind/wallet';
import { bodyOf } from '../chain-lookup.ts';
import type { NodeModules, WalletContext } from '../context.ts';
import { detailJson, outcomeJson } from '../shapes/wallet-json.ts';

/** The last block of the active chain below `hash`, and the blocks that left it since. */
async function leftSince({ chain }: NodeModules, hash: BlockHash) {
  const info = chain.info(hash);
  if (!info) throw rpcError('blockNotFound');
  const left: BlockRef[] = [];
  let { ref, header } = info;
  while (!chain.isActive(ref.hash)) {
    left.push(ref);
    const parent = chain.info(header.prevHash);
    if (!parent) throw rpcError('blockNotFound');
    ({ ref, header } = parent);
  }
  return { fork: ref, left };
}

function entriesOf(views: readonly TxView[], node: NodeModules) {
  return views.flatMap((view) =>
    view.details.map((detail) => ({ ...detailJson(view, detail), ...outcomeJson(view, node) })),
  );
}

/** Handlers of the wallet methods about its past. */
export const walletHistory: Handlers<typeof methods.walletHistory, WalletContext> = {
  async abandontransaction({ wallet }, { txid, conflicted_too }) {
    await wallet.abandon(txid, { conflictedToo: conflicted_too });
    return null;
  },

  resendwallettransactions: ({ wallet }) => wallet.resend(),

  async listsinceblock({ wallet, node }, args) {
    const { blockhash, target_confirmations, include_removed, include_change, label } = args;
    const { chain } = node;
    const since = blockhash ? await leftSince(node, blockhash) : undefined;
    if (target_confirmations < 1) throw new RpcError(-8, 'Invalid parameter');
    const by = label === undefined ? { by: 'all' as const } : { by: 'label' as const, name: label };
    const watched = args.include_watchonly;
    const filter: HistoryFilter = { ...by, moves: false, change: include_change, watched };
    const views = await wallet.transactionsSince(since?.fork.height ?? -1, filter);
    const removed: TxView[] = [];
    for (const { hash } of include_removed ? (since?.left ?? []) : []) {
      const info = chain.info(hash);
      if (!info) throw rpcError('blockNotFound');
      const block = await bodyOf(chain, info, ["Can't read block from disk", -32603]);
      removed.push(...(await wallet.transactionsIn(block, filter)));
    }
    const lastHeight = chain.tip.ref.height + 1 - target_confirmations;
    // Before the first block 0.16 named none.
    const oldest = node.profile === 'legacy' ? ZERO_HASH : (chain.at(0)?.ref.hash ?? ZERO_HASH);
    return {
      transactions: entriesOf(views, node),
      ...(include_removed && { removed: entriesOf(removed, node) }),
      lastblock: lastHeight < 0 ? oldest : (chain.at(lastHeight)?.ref.hash ?? ZERO_HASH),
    };
  },

  async listaddressgroupings({ wallet }) {
    const groups = await wallet.addressGroupings();
    return groups.map((group) =>
      group.map(({ address, balance, label }) => [address, balance, label] as const),
    );
  },
};
