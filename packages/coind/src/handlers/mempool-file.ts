/** Handlers of the methods about the mempool as a whole. */
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import type { RpcContext } from '../context.ts';

/** Handlers of the methods about the whole mempool. */
export const mempoolFile: Handlers<typeof methods.mempoolFile, RpcContext> = {
  async savemempool({ node: { mempoolFile: file } }) {
    if (!file.loaded) throw new RpcError(-1, 'The mempool was not loaded yet');
    if (!(await file.save())) throw new RpcError(-1, 'Unable to dump mempool to disk');
    return { filename: file.path ?? '' };
  },

  async importmempool({ node: { chain, mempoolFile: file } }, { filepath, options }) {
    if (chain.initialDownload) {
      throw new RpcError(
        -10,
        'Can only import the mempool after the block download and sync is done.',
      );
    }
    const imported = await file.import(filepath, {
      useCurrentTime: options?.use_current_time ?? true,
      applyDeltas: options?.apply_fee_delta_priority ?? false,
      applyUnbroadcast: options?.apply_unbroadcast_set ?? false,
    });
    if (imported) return {};
    throw new RpcError(-1, 'Unable to import mempool file, see debug log for details.');
  },

  getmempoolfeeratediagram({ node: { mempool } }) {
    const corners = [{ weight: 0, fee: 0n }];
    let weight = 0;
    let fee = 0n;
    for (const chunk of mempool.chunks()) {
      weight += chunk.size;
      fee += chunk.fee;
      corners.push({ weight, fee });
    }
    return corners;
  },
};
