/**
 * What every RPC handler gets: the modules of the node and what the request says beside its arguments.
 * Handlers ask one module and shape the answer; rules live below.
 */
import type { Chain } from '@coind/chain';
import type { FeeEstimates, Mempool } from '@coind/mempool';
import type { Miner, Mining, WorkDesk } from '@coind/miner';
import type { AddressManager, BanList, Peers } from '@coind/p2p';
import type { ChainParams, FeeRate } from '@coind/primitives';
import type { Era, Profile } from '@coind/rpc';
import type { ActiveCall } from '@coind/rpc/server';
import type { Wallet, Wallets } from '@coind/wallet';
import type { ScanPlace } from './chain-scans.ts';
import type { NodeChainSource } from './chain-source.ts';
import type { NodeClock } from './clock.ts';
import type { DefaultWallet } from './default-wallet.ts';
import type { Indexes } from './indexes.ts';
import type { OpenLog } from './log.ts';
import type { MempoolFile } from './mempool-file.ts';
import type { Payees } from './payees.ts';
import type { Scheduler } from './scheduler.ts';
import type { SettingsFile } from './settings-file.ts';
import type { Warnings } from './warnings.ts';
import type { Zmq } from './zmq/zmq.ts';

/** The running node as handlers see it. */
export interface NodeModules {
  readonly params: ChainParams;
  readonly profile: Profile;
  readonly era: Era;
  readonly chain: Chain;
  readonly warnings: Warnings;
  readonly indexes: Indexes;
  /** Where a scan of coins and one of filters may run. */
  readonly scans: { readonly coins: ScanPlace; readonly filters: ScanPlace };
  /** Memory that the coins of the chain may take, in the cache and in the database. */
  readonly cacheBytes: { readonly coins: number; readonly database: number };
  readonly mempool: Mempool;
  readonly mempoolFile: MempoolFile;
  /** Undefined estimates with -blocksonly; `fallback` is answered where there is no estimate, 0 for nothing. */
  readonly fees: { readonly estimates: FeeEstimates | undefined; readonly fallback: FeeRate };
  readonly miner: Miner;
  /** When the node mines by itself. */
  readonly mining: Mining;
  /** Headers that are solved elsewhere. */
  readonly work: WorkDesk;
  readonly payees: Payees;
  readonly peers: Peers;
  /** Whom we do not talk to. */
  readonly bans: BanList;
  /** Writes them down after a change. */
  readonly saveBans: () => void;
  /** Nodes that peers have told us of. */
  readonly addresses: AddressManager;
  readonly scheduler: Scheduler;
  /** Notifications for programs elsewhere. */
  readonly zmq: Pick<Zmq, 'active'>;
  /** Where the wallet of a name lies, or would lie. */
  readonly walletPath: (name: string) => string;
  /** The names of all wallets that lie on the disk, sorted. */
  readonly walletsOnDisk: () => readonly string[];
  /** Absent with -disablewallet. */
  readonly wallets: Wallets | undefined;
  /** The wallet of calls that name none, where nobody has made or loaded one. */
  readonly defaultWallet: DefaultWallet;
  /** What the wallets see of the chain; `idle` waits until they have seen everything. */
  readonly source: NodeChainSource;
  readonly clock: NodeClock;
  readonly log: OpenLog;
  /** Where the log file lies, or would lie. */
  readonly logPath: string;
  /** RPC calls being answered; times by `performance.now()`. */
  readonly activeCalls: () => readonly ActiveCall[];
  /** The network's data directory; undefined for a node in memory. */
  readonly directory: string | undefined;
  /** Settings that outlive the process. */
  readonly settings: SettingsFile;
  /** What the node calls itself on the network: `/coind:0.1.0(comment)/`. */
  readonly userAgent: string;
  /** Fires when the node begins to stop. */
  readonly stopping: AbortSignal;
  /** Begins the shutdown; the answer to the caller goes out first. */
  readonly stop: () => void;
}

/** One request. */
export interface RpcContext {
  readonly node: NodeModules;
  /** The NAME of `/wallet/NAME`; undefined for `/`. */
  readonly walletName: string | undefined;
  /** The request's `Idempotency-Key`. */
  readonly idempotencyKey?: string | undefined;
}

/** A wallet call: the wallet the request names, which has seen the tip. */
export interface WalletContext extends RpcContext {
  readonly wallets: Wallets;
  readonly wallet: Wallet;
}
