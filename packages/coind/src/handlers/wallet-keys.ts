/** Handlers of the wallet methods about the keys themselves and the files that hold them. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Chain } from '@coind/chain';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { WalletContext } from '../context.ts';
import { parseHashType, parseKeys, parsePrevTxs, signedJson, signGiven } from '../raw-signing.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { parseTx } from '../shapes/tx-json.ts';
import { inWords } from '../wallet-errors.ts';
import { writeSynced } from '../written-files.ts';

/** Throws -1 when blocks between two heights are still to be downloaded, below a snapshot. */
function requirePast({ background }: Chain, start: number, stop: number): void {
  if (background?.nextHeight === undefined) return;
  if (start > background.base.ref.height || stop < background.nextHeight) return;
  throw new RpcError(
    -1,
    'Failed to rescan unavailable blocks likely due to an in-progress assumeutxo background sync. Check logs or getchainstates RPC for assumeutxo background sync progress and try again later.',
  );
}

/** Handlers of the wallet methods about keys and files. */
export const walletKeys: Handlers<typeof methods.walletKeys, WalletContext> = {
  async dumpprivkey(context, { address }) {
    await context.wallet.requireUnlocked();
    scriptOfAddress(address, context.node);
    return inWords({ 'not-a-key-address': 'notAKeyAddressDump' }, () =>
      context.wallet.dumpPrivateKey(address),
    );
  },

  async signmessage(context, { address, message }) {
    await context.wallet.requireUnlocked();
    scriptOfAddress(address, context.node, 'invalidSignAddress');
    return context.wallet.signMessage(address, message);
  },

  async signrawtransactionwithwallet({ wallet, node }, { hexstring, prevtxs, sighashtype }) {
    const tx = parseTx(hexstring, 'witness');
    if (!tx) throw rpcError('txDecodeFailedNoInputs');
    const prevOuts = await parsePrevTxs(node, tx, prevtxs, 'known');
    return signedJson(await wallet.signTransaction(tx, prevOuts, parseHashType(sighashtype)));
  },

  abortrescan: ({ wallet }) => wallet.abortRescan(),

  async backupwallet({ wallet }, { destination }) {
    try {
      const isDirectory = statSync(destination, { throwIfNoEntry: false })?.isDirectory() ?? false;
      const path = isDirectory ? join(destination, 'wallet.dat') : destination;
      await writeSynced(path, await wallet.backup());
    } catch {
      throw new RpcError(-4, 'Error: Wallet backup failed!');
    }
    return null;
  },

  async gethdkeys({ wallet }, { options }) {
    if (options?.private) await wallet.requireUnlocked();
    const keys = await wallet.hdKeys({ activeOnly: options?.active_only ?? false });
    return keys.map(({ xpub, xprv, hasPrivate, descriptors }) => ({
      xpub,
      has_private: hasPrivate,
      ...(options?.private && xprv !== undefined && { xprv }),
      descriptors: descriptors.map(({ descriptor, active }) => ({ desc: descriptor, active })),
    }));
  },

  async keypoolrefill({ wallet }, { newsize }) {
    if (newsize !== undefined && newsize < 0) {
      throw new RpcError(-8, 'Invalid parameter, expected valid size.');
    }
    // Zero is the default as well.
    await wallet.refillKeypool(newsize || undefined);
    return null;
  },

  async listdescriptors({ wallet }, { private: secrets }) {
    const rows = await wallet.descriptors({ secrets });
    return {
      wallet_name: wallet.name,
      descriptors: rows.map((row) => ({
        desc: row.text,
        timestamp: row.timestamp,
        active: row.active,
        ...(row.active && { internal: row.internal }),
        ...(row.descriptor.includes('*') && {
          range: [row.rangeStart, row.promised - 1],
          next: row.next,
          next_index: row.next,
        }),
      })),
    };
  },

  async rescanblockchain({ wallet, node }, { start_height, stop_height }) {
    const { height } = node.chain.tip.ref;
    if (start_height < 0 || start_height > height) throw new RpcError(-8, 'Invalid start_height');
    if (stop_height !== undefined) {
      if (stop_height < 0 || stop_height > height) throw new RpcError(-8, 'Invalid stop_height');
      if (stop_height < start_height) {
        throw new RpcError(-8, 'stop_height must be greater than start_height');
      }
    }
    const pruned = node.chain.prunedHeight();
    if (pruned !== undefined && pruned >= start_height) {
      throw new RpcError(
        -1,
        "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.",
      );
    }
    requirePast(node.chain, start_height, stop_height ?? height);
    // Since descriptors the keypool may grow on the way.
    if (node.profile !== 'legacy') await wallet.requireUnlocked();
    const { start, stop, aborted, failed } = await wallet.rescan(start_height, stop_height);
    if (aborted) throw new RpcError(-1, 'Rescan aborted.');
    if (failed) throw new RpcError(-1, 'Rescan failed. Potentially corrupted data files.');
    return { start_height: start, stop_height: stop };
  },

  async signrawtransaction({ wallet, node }, { hexstring, prevtxs, privkeys, sighashtype }) {
    const tx = parseTx(hexstring);
    if (!tx) throw rpcError('txDecodeFailed');
    const keys = privkeys && parseKeys(privkeys, node.params);
    const prevOuts = await parsePrevTxs(node, tx, prevtxs, keys ? 'needed' : 'known');
    const hashType = parseHashType(sighashtype);
    if (keys) return signGiven(node, tx, prevOuts, keys, hashType);
    return signedJson(await wallet.signTransaction(tx, prevOuts, hashType));
  },
};
