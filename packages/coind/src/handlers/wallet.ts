/** Handlers of the methods of one wallet. */
import { bytesToHex, type ChainParams, feeRate, formatBtc, ZERO_HASH } from '@coind/primitives';
import { type Handlers, type methods, Pages, RpcError, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import {
  type AddressType,
  type Balances,
  type CoinFilter,
  type HistoryPlace,
  type Payment,
  type PreparedTx,
  parseAddressType,
  type SendOptions,
  type TxView,
  UNBORN,
} from '@coind/wallet';
import type { WalletContext } from '../context.ts';
import { onceOf } from '../idempotency.ts';
import { parseHashType, parsePrevTxs, signedJson } from '../raw-signing.ts';
import { addressPage, labelLines, labelPage } from '../shapes/list-pages.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { parseTx, txJson } from '../shapes/tx-json.ts';
import {
  addressInfoJson,
  detailJson,
  entryJson,
  outcomeJson,
  parseCoinPlace,
  receivedByLabelJson,
  unspentLines,
} from '../shapes/wallet-json.ts';
import { feeOptions } from '../spending-fees.ts';
import { walletVersion } from '../version.ts';
import { creationWords, inWords } from '../wallet-errors.ts';
import type { WalletsMethod } from './wallets.ts';

function addressType(text: string | undefined): { type?: AddressType } {
  if (text === undefined) return {};
  const type = parseAddressType(text);
  if (type === undefined) throw rpcError('unknownAddressType', text);
  return { type };
}

function sentJson({ tx, feeRate: chosen }: PreparedTx, verbose: boolean) {
  return verbose ? { txid: tx.txid, fee_reason: chosen.reason } : tx.txid;
}

const notes = (comment: string, to = ''): SendOptions => ({
  ...(comment !== '' && { comment }),
  ...(to !== '' && { to }),
});

/** The block up to which the wallet has seen the chain. */
function lastBlockOf({ lastBlock }: Pick<Balances, 'lastBlock'>) {
  const { hash, height } = lastBlock ?? { hash: ZERO_HASH, height: 0 };
  return { hash, height };
}

/** A decoded transaction with the wallet's change marked. */
function ownTxJson({ tx, change }: TxView, params: ChainParams) {
  const decoded = txJson(tx, params);
  return {
    ...decoded,
    vout: decoded.vout.map((output) =>
      change.includes(output.n) ? { ...output, ischange: true } : output,
    ),
  };
}

/** Refuses to look for used addresses in a wallet that does not keep them apart. Throws -4. */
async function checkReuse({ wallet }: WalletContext, asked: boolean | undefined): Promise<void> {
  if (asked === true && !(await wallet.info()).meta.flags.avoidReuse) {
    throw new RpcError(-4, 'wallet does not have the "avoid reuse" feature enabled');
  }
}

/** What each flag of a wallet means to setwalletflag. */
const immutableFlags = [
  'key_origin_metadata',
  'last_hardened_xpub_cached',
  'disable_private_keys',
  'blank',
  'descriptor_wallet',
  'external_signer',
];

/** A place in the history as callers hand it back. */
const formatCursor = ({ order, nth }: HistoryPlace): string => `${order}.${nth}`;

/** The place that such a text means. Throws -8. */
function parseCursor(text: string): HistoryPlace {
  const match = /^([0-9]{1,15})\.([0-9]{1,9})$/.exec(text);
  if (!match) throw new RpcError(-8, `Invalid cursor: ${text}`);
  return { order: Number(match[1]), nth: Number(match[2]) };
}

/** Handlers of the methods of one wallet. */
export const wallet: Handlers<Omit<typeof methods.wallet, WalletsMethod>, WalletContext> = {
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

  async walletdisplayaddress(context, { address }) {
    scriptOfAddress(address, context.node);
    throw new RpcError(-1, 'There is no ScriptPubKeyManager for this address');
  },

  getnewaddress: ({ wallet }, { label, address_type }) =>
    wallet.newAddress({ label, ...addressType(address_type) }),

  getrawchangeaddress: ({ wallet }, { address_type }) =>
    wallet.changeAddress(addressType(address_type).type),

  async setlabel(context, { address, label }) {
    scriptOfAddress(address, context.node);
    await context.wallet.setLabel(address, label);
    return null;
  },

  listlabels({ wallet, node }, { purpose }) {
    const known = purpose === undefined || ['send', 'receive', ''].includes(purpose);
    if (!known && node.profile === 'legacy') return [];
    if (!known) {
      throw new RpcError(
        -8,
        "Invalid 'purpose' argument, must be a known purpose string, typically 'send', or 'receive'.",
      );
    }
    return wallet.listLabels(purpose === '' ? undefined : purpose);
  },

  async getaddressesbylabel({ wallet }, { label }) {
    const found = await wallet.addressesByLabel(label);
    if (found.length === 0) throw rpcError('noAddressesWithLabel', label);
    return new Map(found.map(({ address, purpose }) => [address, { purpose }]));
  },

  async getaddressinfo(context, { address }) {
    try {
      decodeAddress(address, context.node.params);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new RpcError(-5, error.message, [-5, 'Invalid address']);
    }
    const { wallet } = context;
    return addressInfoJson(await wallet.addressInfo(address), await wallet.info(), context.node);
  },

  async getbalance(context, { account, minconf, include_watchonly, avoid_reuse }) {
    await checkReuse(context, avoid_reuse);
    const { wallet } = context;
    const watched = { watched: include_watchonly };
    if (account === '*') return wallet.allAccountsBalance(minconf ?? 1, watched);
    if (account !== undefined) return wallet.accountBalance(account, minconf ?? 1, watched);
    return wallet.balance(minconf ?? 0, watched);
  },

  async getbalances({ wallet }) {
    const balances = await wallet.balances();
    return {
      mine: {
        trusted: balances.trusted,
        untrusted_pending: balances.untrustedPending,
        immature: balances.immature,
        nonmempool: balances.nonmempool,
      },
      ...(balances.watched && {
        watchonly: {
          trusted: balances.watched.trusted,
          untrusted_pending: balances.watched.untrustedPending,
          immature: balances.watched.immature,
        },
      }),
      lastprocessedblock: lastBlockOf(balances),
    };
  },

  getunconfirmedbalance: async ({ wallet }) => (await wallet.balances()).untrustedPending,

  async getreceivedbyaddress(context, args) {
    scriptOfAddress(args.address, context.node);
    const { address, minconf, coinbase } = args;
    return context.wallet.receivedByAddress(address, minconf, coinbase);
  },

  async getreceivedbylabel({ wallet, node }, { label, minconf, coinbase }) {
    // 0.17 knew nothing received of a label that nobody has.
    const mustExist = node.profile !== 'legacy';
    if (mustExist && (await wallet.addressesByLabel(label)).length === 0) {
      throw rpcError('labelNotFound');
    }
    return wallet.receivedByLabel(label, minconf, coinbase);
  },

  async listreceivedbyaddress(context, args) {
    const { minconf, include_empty, include_watchonly, coinbase } = args;
    const address_filter = args.address_filter === '' ? undefined : args.address_filter;
    if (address_filter !== undefined) {
      try {
        decodeAddress(address_filter, context.node.params);
      } catch (error) {
        if (error instanceof AddressError) {
          throw new RpcError(-4, 'address_filter parameter was invalid');
        }
        throw error;
      }
    }
    const lines = await context.wallet.listReceivedByAddress(minconf, include_empty, coinbase, {
      only: address_filter,
      watched: include_watchonly,
      ...addressPage(args, context.node.params),
    });
    return lines.map((line) => ({
      ...receivedByLabelJson(line),
      address: line.address,
      txids: line.txids,
      ...(args.cursor !== undefined && { cursor: line.address }),
    }));
  },

  async listreceivedbylabel({ wallet }, args) {
    const { minconf, include_empty, include_watchonly, coinbase } = args;
    const which = { watched: include_watchonly, ...labelPage(args) };
    const lines = await wallet.listReceivedByLabel(minconf, include_empty, coinbase, which);
    return labelLines(lines, args);
  },

  async listtransactions({ wallet, node }, args) {
    const { label, account, count, skip, include_watchonly, cursor } = args;
    if (count < 0) throw rpcError('negativeCount');
    if (skip < 0) throw rpcError('negativeFrom');
    if (label === '') throw rpcError('labelArgument');
    const name = account ?? label;
    const by =
      name === undefined || name === '*' ? 'all' : account !== undefined ? 'account' : 'label';
    const entries = await wallet.listTransactions(
      {
        by,
        ...(by !== 'all' && name !== undefined && { name }),
        moves: account !== undefined,
        watched: include_watchonly,
      },
      count,
      skip,
      cursor ? parseCursor(cursor) : undefined,
    );
    // Whose entry it is shows only where accounts were asked for.
    return entries.map((entry) => {
      const { account: owner, ...rest } = entryJson(entry, node);
      const line = account === undefined ? rest : { account: owner, ...rest };
      return cursor === undefined ? line : { ...line, cursor: formatCursor(entry.place) };
    });
  },

  async gettransaction({ wallet, node }, { txid, include_watchonly, verbose }) {
    const filter = { by: 'all', moves: true, watched: include_watchonly } as const;
    const view = await wallet.transaction(txid, filter);
    const { lastBlock } = await wallet.balances();
    return {
      amount: view.amount,
      ...(view.fee !== undefined && { fee: view.fee }),
      ...outcomeJson(view, node),
      details: view.details.map((detail) => detailJson(view, detail)),
      hex: bytesToHex(view.tx.encode()),
      ...(verbose && { decoded: ownTxJson(view, node.params) }),
      lastprocessedblock: lastBlockOf({ lastBlock }),
    };
  },

  async listunspent(context, args) {
    const { minconf, maxconf, addresses, include_unsafe, query_options: query, cursor } = args;
    const seen = new Set<string>();
    for (const address of addresses) {
      scriptOfAddress(address, context.node, 'invalidRecipient');
      if (seen.has(address)) throw rpcError('duplicatedAddress', address);
      seen.add(address);
    }
    const filter: CoinFilter = {
      minConfirmations: minconf,
      maxConfirmations: maxconf,
      addresses,
      includeUnsafe: include_unsafe,
      includeWatched: true,
      ...(cursor && { after: parseCoinPlace(cursor) }),
      ...(query && {
        includeImmature: query.include_immature_coinbase,
        minAmount: query.minimumAmount,
        ...(query.maximumAmount !== undefined && { maxAmount: query.maximumAmount }),
        ...(query.maximumCount !== undefined && { maxCount: query.maximumCount }),
        ...(query.minimumSumAmount !== undefined && { minSum: query.minimumSumAmount }),
      }),
    };
    const pages = await context.wallet.unspentPages(filter);
    return new Pages(unspentLines(pages, context.node.mempool, cursor !== undefined));
  },

  async lockunspent({ wallet }, { unlock, transactions, persistent }) {
    for (const { vout } of transactions ?? []) if (vout < 0) throw rpcError('voutNegative');
    if (unlock) await wallet.unlock(transactions);
    else if (transactions) await wallet.lock(transactions, { persistent });
    return true;
  },

  listlockunspent: ({ wallet }) => wallet.lockedCoins(),

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

  async sendtoaddress(context, args) {
    const { address } = args;
    const checkAddress = () => scriptOfAddress(address, context.node, 'invalidSendAddress');
    // 0.16 looked at who gets how much first, bitcoind of today at the fee.
    if (context.node.profile === 'legacy') {
      checkAddress();
      void args.amount;
    }
    const { comment, comment_to, subtractfeefromamount, verbose } = args;
    await checkReuse(context, args.avoid_reuse);
    const options = feeOptions(args);
    checkAddress();
    const { amount } = args;
    const prepared = await context.wallet.send(
      [{ address, amount, subtractFee: subtractfeefromamount }],
      { ...options, ...notes(comment, comment_to), ...onceOf(context, 'sendtoaddress', args) },
    );
    return sentJson(prepared, verbose);
  },

  async sendmany(context, args) {
    const { fromaccount, amounts, minconf, comment, subtractfeefrom, verbose } = args;
    const options = feeOptions(args);
    const seen = new Set<string>();
    const payers = new Set<string | number>(subtractfeefrom);
    const payments = amounts.map((pair, place): Payment => {
      const [address] = pair;
      scriptOfAddress(address, context.node, 'invalidRecipient');
      if (seen.has(address)) throw rpcError('duplicatedAddress', address);
      seen.add(address);
      return { address, amount: pair[1], subtractFee: payers.has(address) || payers.has(place) };
    });
    const fromAccount =
      fromaccount === undefined ? {} : { fromAccount: fromaccount, accountConfirmations: minconf };
    const once = onceOf(context, 'sendmany', args);
    const prepared = await inWords(creationWords, () =>
      context.wallet.send(payments, { ...options, ...fromAccount, ...notes(comment), ...once }),
    );
    return sentJson(prepared, verbose);
  },

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
    const prevOuts = await parsePrevTxs(node, tx, prevtxs);
    return signedJson(await wallet.signTransaction(tx, prevOuts, parseHashType(sighashtype)));
  },
};
