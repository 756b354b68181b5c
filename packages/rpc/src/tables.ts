/** All method tables, by category. Handlers are written against these: `Handlers<typeof methods.wallet, …>`. */

import { type Era, REFERENCE_ERA } from './era.ts';
import { isIn, type Method, type Profile, type View, viewOf } from './method.ts';
import { accounts } from './methods/accounts.ts';
import { blockTemplate } from './methods/block-template.ts';
import { blockchain } from './methods/blockchain.ts';
import { chainUpkeep } from './methods/chain-upkeep.ts';
import { control } from './methods/control.ts';
import { dev } from './methods/dev.ts';
import { dump } from './methods/dump.ts';
import { earlyMining } from './methods/early-mining.ts';
import { encryption } from './methods/encryption.ts';
import { fees } from './methods/fees.ts';
import { former } from './methods/former.ts';
import { generating } from './methods/generating.ts';
import { imports } from './methods/imports.ts';
import { mempool } from './methods/mempool.ts';
import { mempoolFile } from './methods/mempool-file.ts';
import { mining } from './methods/mining.ts';
import { miningInfo } from './methods/mining-info.ts';
import { miningModes } from './methods/mining-modes.ts';
import { network } from './methods/network.ts';
import { packages } from './methods/packages.ts';
import { privateBroadcast } from './methods/private-broadcast.ts';
import { psbtMethods } from './methods/psbt.ts';
import { rawtransactions } from './methods/rawtransactions.ts';
import { scripts } from './methods/scripts.ts';
import { util } from './methods/util.ts';
import { wallet } from './methods/wallet.ts';
import { walletAddresses } from './methods/wallet-addresses.ts';
import { walletBalances } from './methods/wallet-balances.ts';
import { walletCoins } from './methods/wallet-coins.ts';
import { walletFund } from './methods/wallet-fund.ts';
import { walletHd } from './methods/wallet-hd.ts';
import { walletHistory } from './methods/wallet-history.ts';
import { walletKeys } from './methods/wallet-keys.ts';
import { walletPsbt } from './methods/wallet-psbt.ts';
import { walletReceived } from './methods/wallet-received.ts';
import { walletSend } from './methods/wallet-send.ts';
import { walletSendAll } from './methods/wallet-send-all.ts';
import { wallets } from './methods/wallets.ts';
import { zmq } from './methods/zmq.ts';

/** Every method there is, in one table per file of methods/. */
export const methods = {
  accounts,
  blockTemplate,
  blockchain,
  chainUpkeep,
  control,
  dev,
  dump,
  earlyMining,
  encryption,
  fees,
  former,
  generating,
  imports,
  mempool,
  mempoolFile,
  mining,
  miningInfo,
  miningModes,
  network,
  packages,
  privateBroadcast,
  psbt: psbtMethods,
  rawtransactions,
  scripts,
  util,
  wallet,
  walletAddresses,
  walletBalances,
  walletCoins,
  walletReceived,
  walletFund,
  walletHd,
  walletHistory,
  walletKeys,
  walletPsbt,
  walletSend,
  walletSendAll,
  wallets,
  zmq,
};

/** All methods by name, as a client knows them. */
export const allMethods = {
  ...accounts,
  ...blockTemplate,
  ...blockchain,
  ...chainUpkeep,
  ...control,
  ...dev,
  ...dump,
  ...earlyMining,
  ...encryption,
  ...fees,
  ...former,
  ...mempool,
  ...generating,
  ...imports,
  ...mempoolFile,
  ...mining,
  ...miningInfo,
  ...miningModes,
  ...network,
  ...packages,
  ...privateBroadcast,
  ...psbtMethods,
  ...rawtransactions,
  ...scripts,
  ...util,
  ...wallet,
  ...walletAddresses,
  ...walletBalances,
  ...walletCoins,
  ...walletReceived,
  ...walletFund,
  ...walletHd,
  ...walletHistory,
  ...walletKeys,
  ...walletPsbt,
  ...walletSend,
  ...walletSendAll,
  ...wallets,
  ...zmq,
};

const made = new Map<string, ReadonlyMap<string, View>>();

/** The methods of `profile` by name, as it sees them in `era`; made once. */
export function viewsOf(profile: Profile, era: Era = REFERENCE_ERA): ReadonlyMap<string, View> {
  const key = `${profile} ${era.release} ${[...era.allowed].join()}`;
  const known = made.get(key);
  if (known) return known;
  const views = new Map<string, View>();
  for (const [name, spec] of Object.entries<Method>(allMethods)) {
    if (isIn(profile, spec, era)) views.set(name, viewOf(name, spec, profile, era));
  }
  made.set(key, views);
  return views;
}
