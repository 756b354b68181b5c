/**
 * Which handlers serve which method table, and what they are given: the node for most, a wallet that has seen
 * the tip for wallet methods. A wallet's refusals become RPC errors here.
 */
import { methods } from '@coind/rpc';
import { type RpcCall, type Service, service } from '@coind/rpc/server';
import type { NodeModules, RpcContext } from './context.ts';
import { accounts } from './handlers/accounts.ts';
import { audit } from './handlers/audit.ts';
import { blockTemplate } from './handlers/block-template.ts';
import { blockchain } from './handlers/blockchain.ts';
import { chainUpkeep } from './handlers/chain-upkeep.ts';
import { control } from './handlers/control.ts';
import { dump } from './handlers/dump.ts';
import { earlyMining } from './handlers/early-mining.ts';
import { encryption } from './handlers/encryption.ts';
import { fees } from './handlers/fees.ts';
import { former } from './handlers/former.ts';
import { generating } from './handlers/generating.ts';
import { imports } from './handlers/imports.ts';
import { mempool } from './handlers/mempool.ts';
import { mempoolFile } from './handlers/mempool-file.ts';
import { mining } from './handlers/mining.ts';
import { miningInfo } from './handlers/mining-info.ts';
import { miningModes } from './handlers/mining-modes.ts';
import { network } from './handlers/network.ts';
import { packages } from './handlers/packages.ts';
import { privateBroadcast } from './handlers/private-broadcast.ts';
import { psbt } from './handlers/psbt.ts';
import { rawtransactions } from './handlers/rawtransactions.ts';
import { scripts } from './handlers/scripts.ts';
import { util } from './handlers/util.ts';
import { wallet } from './handlers/wallet.ts';
import { walletAddresses } from './handlers/wallet-addresses.ts';
import { walletBalances } from './handlers/wallet-balances.ts';
import { walletCoins } from './handlers/wallet-coins.ts';
import { walletFund } from './handlers/wallet-fund.ts';
import { walletHd } from './handlers/wallet-hd.ts';
import { walletHistory } from './handlers/wallet-history.ts';
import { walletKeys } from './handlers/wallet-keys.ts';
import { walletPsbt } from './handlers/wallet-psbt.ts';
import { walletReceived } from './handlers/wallet-received.ts';
import { walletSend } from './handlers/wallet-send.ts';
import { walletSendAll } from './handlers/wallet-send-all.ts';
import { wallets } from './handlers/wallets.ts';
import { zmq } from './handlers/zmq.ts';
import { walletOf } from './wallet-context.ts';
import { translated } from './wallet-errors.ts';

/** Every service of a node; `modules` is asked when a call comes, once everything is loaded. */
export function servicesOf(modules: () => NodeModules): readonly Service[] {
  const nodeContext = ({ walletName, idempotencyKey }: RpcCall): RpcContext => ({
    node: modules(),
    walletName,
    idempotencyKey,
  });
  const walletContext = (call: RpcCall) => walletOf(nodeContext(call));
  return [
    service(methods.blockchain, blockchain, nodeContext),
    service(methods.chainUpkeep, chainUpkeep, nodeContext),
    service(methods.control, control, nodeContext),
    service(methods.mempool, mempool, nodeContext),
    service(methods.mining, translated(mining), nodeContext),
    service(methods.generating, translated(generating), nodeContext),
    service(methods.fees, fees, nodeContext),
    service(methods.miningInfo, miningInfo, nodeContext),
    service(methods.earlyMining, translated(earlyMining), nodeContext),
    service(methods.miningModes, translated(miningModes), nodeContext),
    service(methods.network, network, nodeContext),
    service(methods.packages, packages, nodeContext),
    service(methods.privateBroadcast, privateBroadcast, nodeContext),
    service(methods.blockTemplate, blockTemplate, nodeContext),
    service(methods.mempoolFile, mempoolFile, nodeContext),
    service(methods.psbt, translated(psbt), nodeContext),
    service(methods.rawtransactions, rawtransactions, nodeContext),
    service(methods.scripts, translated(scripts), nodeContext),
    service(methods.util, util, nodeContext),
    service(methods.zmq, zmq, nodeContext),
    service(methods.accounts, translated(accounts), walletContext),
    service(methods.dev, translated(audit), walletContext),
    service(methods.dump, translated(dump), walletContext),
    service(methods.encryption, translated(encryption), walletContext),
    service(methods.imports, translated(imports), walletContext),
    service(methods.former, translated(former), walletContext),
    service(methods.wallet, translated(wallet), walletContext),
    service(methods.walletAddresses, translated(walletAddresses), walletContext),
    service(methods.walletBalances, translated(walletBalances), walletContext),
    service(methods.walletCoins, translated(walletCoins), walletContext),
    service(methods.walletReceived, translated(walletReceived), walletContext),
    service(methods.walletFund, translated(walletFund), walletContext),
    service(methods.walletHd, translated(walletHd), walletContext),
    service(methods.walletHistory, translated(walletHistory), walletContext),
    service(methods.walletPsbt, translated(walletPsbt), walletContext),
    service(methods.walletSend, translated(walletSend), walletContext),
    service(methods.walletSendAll, translated(walletSendAll), walletContext),
    service(methods.walletKeys, translated(walletKeys), walletContext),
    service(methods.wallets, wallets, nodeContext),
  ];
}
