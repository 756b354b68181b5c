/** Handlers of the methods about the state of one wallet and its settings. */
import { feeRate, formatBtc } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { UNBORN } from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { lastBlockOf } from '../shapes/wallet-json.ts';
import { walletVersion } from '../version.ts';

/** What each flag of a wallet means to setwalletflag. */
const immutableFlags = [
  'key_origin_metadata',
  'last_hardened_xpub_cached',
  'disable_private_keys',
  'blank',
  'descriptor_wallet',
  'external_signer',
];

/** Handlers of the methods about the state of a wallet and its settings. */
export const wallet: Handlers<typeof methods.wallet, WalletContext> = {
  async getwalletinfo({ wallet }) {
    const { name, meta, balances, ...info } = await wallet.info();
    const { flags } = meta;
    return {
      walletname: name,
      walletversion: walletVersion(meta),
      format: 'leveldb',
      txcount: info.transactions,
      keypoolsize: info.keypoolSize,
      keypoolsize_hd_internal: info.keypoolSizeInternal,
      ...(info.unlockedUntil !== undefined && { unlocked_until: info.unlockedUntil }),
      private_keys_enabled: !flags.privateKeysDisabled,
      avoid_reuse: flags.avoidReuse,
      scanning: info.scanning
        ? { duration: info.scanning.seconds, progress: info.scanning.progress }
        : false,
      descriptors: true,
      external_signer: false,
      blank: flags.blank,
      ...(meta.birthTime < UNBORN && { birthtime: meta.birthTime }),
      flags: [
        ...(flags.avoidReuse ? ['avoid_reuse'] : []),
        'last_hardened_xpub_cached',
        ...(flags.privateKeysDisabled ? ['disable_private_keys'] : []),
        ...(flags.blank ? ['blank'] : []),
        'descriptor_wallet',
      ],
      lastprocessedblock: lastBlockOf(balances),
      balance: balances.trusted,
      unconfirmed_balance: balances.untrustedPending,
      immature_balance: balances.immature,
      keypoololdest: info.keypoolOldest,
      paytxfee: info.payTxFee,
      ...(meta.masterKeyId !== undefined && {
        hdseedid: meta.masterKeyId,
        hdmasterkeyid: meta.masterKeyId,
      }),
    };
  },

  async setwalletflag({ wallet }, { flag, value }) {
    if (immutableFlags.includes(flag)) {
      throw new RpcError(-8, `Wallet flag is immutable: ${flag}`);
    }
    if (flag !== 'avoid_reuse') throw new RpcError(-8, `Unknown wallet flag: ${flag}`);
    const { avoidReuse } = (await wallet.info()).meta.flags;
    if (avoidReuse === value) {
      throw new RpcError(-8, `Wallet flag is already set to ${value}: ${flag}`);
    }
    await wallet.setAvoidReuse(value);
    return {
      flag_name: flag,
      flag_state: value,
      ...(value && {
        warnings:
          'You need to rescan the blockchain in order to correctly mark used destinations in the past. Until this is done, some destinations may be considered unused, even if the opposite is the case.',
      }),
    };
  },

  settxfee({ wallet, node }, { amount }) {
    // An amount per 1,000 bytes is the unit in which fee rates are kept.
    const rate = feeRate(amount);
    const { minRelayFee } = node.mempool.options;
    if (rate !== 0n && rate < minRelayFee) {
      throw new RpcError(
        -8,
        `txfee cannot be less than min relay tx fee (${formatBtc(minRelayFee)} BTC/kvB)`,
      );
    }
    wallet.setTxFee(rate);
    return true;
  },
};
