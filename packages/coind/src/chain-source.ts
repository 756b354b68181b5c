/**
 * What a wallet sees of the node: chain and mempool behind the wallet's own interface. Each follower hears of
 * unconfirmed transactions in a queue of its own, so a slow wallet delays nobody else.
 */
import { type Chain, type FilterIndex, matchesAny } from '@coind/chain';
import type { FeeEstimates, Mempool } from '@coind/mempool';
import type { ChainSource } from '@coind/wallet';
import type { NodeClock } from './clock.ts';

/** The modules a wallet is shown. */
export interface SourceModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: NodeClock;
  /** The index of compact filters; undefined where none is kept. */
  readonly filters: Pick<FilterIndex, 'filter'> | undefined;
  /** How many unconfirmed transactions a payment may hang together with, itself included. */
  readonly chainLimit: number;
  /** Undefined with -blocksonly. */
  readonly estimates: FeeEstimates | undefined;
  /** Told of a follower that failed: the node cannot go on with a wallet that lags for ever. */
  readonly onError: (error: unknown) => void;
}

/** The source, and a way to wait until every follower has heard of everything. */
export interface NodeChainSource extends ChainSource {
  idle(): Promise<void>;
}

/** Shows chain and mempool to wallets. */
export function chainSource(modules: SourceModules): NodeChainSource {
  const { chain, mempool, clock, filters, chainLimit, estimates, onError } = modules;
  const queues = new Set<Promise<unknown>>();

  return {
    params: chain.params,
    minRelayFeeRate: mempool.options.minRelayFee,
    incrementalFeeRate: mempool.options.incrementalFee,
    dustRelayFeeRate: mempool.options.dustFee,
    tip: () => ({
      ...chain.tip.ref,
      time: chain.tip.header.time,
      medianTimePast: chain.tip.medianTimePast,
    }),
    block: (hash) => chain.block(hash),
    ...(filters && {
      async filterMatches(ref, scripts) {
        const filter = await filters.filter(ref);
        return filter && matchesAny(filter, ref.hash, scripts);
      },
    }),
    wholeFrom() {
      const { background, tip } = chain;
      // The block of a snapshot itself comes last.
      if (background?.nextHeight !== undefined) {
        return { height: Math.min(tip.ref.height, background.base.ref.height + 1), awaited: true };
      }
      return { height: (chain.prunedHeight() ?? -1) + 1, awaited: false };
    },
    refAt: (height) => chain.at(height)?.ref,
    heightOf: (hash) => (chain.isActive(hash) ? chain.info(hash)?.ref.height : undefined),
    headerTime: (hash) => chain.info(hash)?.header.time,
    coins: (outpoints) => mempool.coins(outpoints),
    async broadcast(tx) {
      const outcome = await mempool.submit(tx, { unbroadcast: true });
      return outcome.accepted ? outcome : { accepted: false, reason: outcome.error.message };
    },
    inMempool: (txid) => mempool.has(txid),
    spender: (outpoint) => mempool.spender(outpoint),
    chainLimit,
    chainLength: (txids) => mempool.connectedCount(txids),
    bumpFees: (outpoints, rate) => mempool.bumpFees(outpoints, rate),
    *mempoolTxs() {
      for (const { tx } of mempool.entries()) yield tx;
    },
    feeRate(confTarget, conservative) {
      const estimate = estimates?.estimate(confTarget, { conservative });
      return estimate && 'rate' in estimate ? estimate.rate : undefined;
    },
    minFeeRate: () => mempool.minFee(),
    now: () => clock.now(),

    async follow(follower) {
      let tail: Promise<unknown> = Promise.resolve();
      const enqueue = (work: () => void | Promise<void>) => {
        const mine = tail.then(work).catch(onError);
        queues.add(mine);
        tail = mine;
        void mine.finally(() => queues.delete(mine));
      };
      const unfollowMempool = mempool.follow({
        txAdded: (tx) => enqueue(() => follower.txAdded(tx)),
        // A block tells the wallet itself, with the place of the transaction in it.
        txRemoved: (tx, reason) => {
          if (reason !== 'block') enqueue(() => follower.txRemoved(tx, reason));
        },
      });
      const unfollowChain = await chain.follow(follower);
      return async () => {
        unfollowMempool();
        await unfollowChain();
        await tail;
      };
    },

    async idle() {
      await chain.idle();
      // What was told until now; more may come for ever.
      await Promise.all([...queues]);
    },
  };
}
