/** Wallet history, addresses and coins in the shape RPC shows them; profiles pick their members. */
import type { Mempool } from '@coind/mempool';
import {
  bytesToHex,
  type ChainParams,
  hash160,
  type OutPoint,
  type Sats,
  type Txid,
  ZERO_HASH,
} from '@coind/primitives';
import { type Profile, RpcError } from '@coind/rpc';
import { classifyOutput, encodeAddress, p2pkh } from '@coind/script';
import type {
  AddressInfo,
  Balances,
  CoinPlace,
  HistoryEntry,
  ReceivedByLabel,
  TxDetail,
  TxSummary,
  UnspentCoin,
  WalletInfo,
} from '@coind/wallet';
import type { NodeModules } from '../context.ts';
import { scriptFacts } from './address-json.ts';

/** The block up to which the wallet has seen the chain. */
export function lastBlockOf({ lastBlock }: Pick<Balances, 'lastBlock'>) {
  const { hash, height } = lastBlock ?? { hash: ZERO_HASH, height: 0 };
  return { hash, height };
}

/** Today's bitcoind tells whether a transaction signals BIP125 only to who asks for what it has given up. */
function tellsBip125({ profile, era }: Pick<NodeModules, 'profile' | 'era'>): boolean {
  return profile !== 'core' || era.allowed.has('bip125');
}

/** What became of a wallet transaction: the members that its entries share. */
export function outcomeJson(view: TxSummary, node: Pick<NodeModules, 'profile' | 'era'>) {
  const { row, block, tx } = view;
  return {
    confirmations: view.confirmations,
    ...(view.generated && { generated: true }),
    ...(block
      ? {
          blockhash: block.hash,
          blockheight: block.height,
          blockindex: block.index,
          blocktime: block.time,
        }
      : { trusted: view.trusted }),
    txid: view.txid,
    wtxid: tx.wtxid,
    alternate_wtxids: [],
    walletconflicts: [...view.conflicts].sort(),
    mempoolconflicts: [...view.mempoolConflicts].sort(),
    time: row.time,
    timereceived: row.timeReceived,
    ...(tellsBip125(node) && { 'bip125-replaceable': view.replaceable }),
    ...(row.comment !== undefined && { comment: row.comment }),
    ...(row.to !== undefined && { to: row.to }),
    ...(row.replaces !== undefined && { replaces_txid: row.replaces }),
    ...(row.replacedBy !== undefined && { replaced_by_txid: row.replacedBy }),
  };
}

/** One payment of a transaction. */
export function detailJson(view: TxSummary, detail: TxDetail) {
  const { account, address, category, amount, label, vout, fee, parentDescriptor } = detail;
  return {
    ...(detail.involvesWatched && { involvesWatchonly: true }),
    account,
    ...(address !== undefined && { address }),
    category,
    amount,
    ...(label !== undefined && { label }),
    vout,
    ...(parentDescriptor !== undefined && { parent_descs: [parentDescriptor] }),
    ...(fee !== undefined && { fee }),
    abandoned: view.abandoned,
  };
}

/** One line of listtransactions. */
export function entryJson(entry: HistoryEntry, node: Pick<NodeModules, 'profile' | 'era'>) {
  if (entry.kind === 'move') {
    const { account, otherAccount, amount, comment, time } = entry.move;
    return { account, category: 'move', time, amount, otheraccount: otherAccount, comment };
  }
  return { ...detailJson(entry.view, entry.detail), ...outcomeJson(entry.view, node) };
}

/** One line of listreceivedbylabel and listreceivedbyaccount. */
export function receivedByLabelJson(line: ReceivedByLabel) {
  const { label, amount, confirmations, involvesWatched } = line;
  return {
    ...(involvesWatched && { involvesWatchonly: true }),
    account: label,
    label,
    amount,
    confirmations,
  };
}

/** The members of getaddressinfo, and those of 0.16's validateaddress that a wallet knows. */
export function addressInfoJson(
  info: AddressInfo,
  { meta }: Pick<WalletInfo, 'meta'>,
  { params, profile }: { readonly params: ChainParams; readonly profile: Profile },
) {
  const { scriptPubKey, book, publicKey } = info;
  // Today a key that was imported alone is its own origin; in 0.16 it had none.
  const isDerived = info.keyPath !== 'm' || info.masterKeyId !== undefined;
  return {
    address: info.address,
    scriptPubKey: bytesToHex(scriptPubKey),
    ismine: info.isMine,
    solvable: info.isSolvable,
    ...(info.descriptor !== undefined && { desc: info.descriptor }),
    ...(info.parentDescriptor !== undefined && { parent_desc: info.parentDescriptor }),
    iswatchonly: info.isWatched,
    ...scriptFacts(scriptPubKey),
    ...behindJson(info, params),
    ...(publicKey && {
      pubkey: bytesToHex(publicKey),
      ...(classifyOutput(scriptPubKey).type === 'pubkeyhash' && {
        iscompressed: publicKey.length === 33,
      }),
    }),
    ischange: info.isChange,
    ...(info.timestamp !== undefined && { timestamp: info.timestamp }),
    ...(info.keyPath !== undefined &&
      (isDerived || profile !== 'legacy') && {
        hdkeypath: info.keyPath,
        hdseedid: (profile === 'legacy' && info.masterKeyId) || '0'.repeat(40),
        hdmasterfingerprint: info.masterFingerprint ?? '',
        hdmasterkeyid: info.masterKeyId ?? meta.masterKeyId,
      }),
    labels: book ? [book.label] : [],
    ...(book && { account: book.label, label: book.label, purpose: book.purpose }),
  };
}

/** The script behind a P2SH or P2WSH address; when that is a witness program, what is known of it. */
function behindJson(info: AddressInfo, params: ChainParams) {
  const { redeemScript, publicKey } = info;
  if (!redeemScript) return {};
  const { type } = classifyOutput(redeemScript);
  const facts = { script: type, hex: bytesToHex(redeemScript) };
  const address = type === 'pubkey' ? undefined : encodeAddress(redeemScript, params);
  if (address === undefined) {
    const { multisig, witness } = info;
    // In 0.16 the keys of a script behind P2SH went by their P2PKH addresses as well.
    const of = (key: Uint8Array) => encodeAddress(p2pkh(hash160(key)), params) ?? '';
    return {
      ...facts,
      ...(multisig && keysJson(multisig)),
      ...(multisig && !witness && { addresses: multisig.publicKeys.map(of) }),
    };
  }
  return {
    ...facts,
    addresses: [address],
    embedded: {
      ...scriptFacts(redeemScript),
      ...witnessJson(info, params),
      ...(publicKey && {
        pubkey: bytesToHex(publicKey),
        ...(type === 'pubkeyhash' && { iscompressed: publicKey.length === 33 }),
      }),
      address,
      scriptPubKey: bytesToHex(redeemScript),
    },
  };
}

/** The script behind a witness program that itself lies behind P2SH. */
function witnessJson({ witnessScript, multisig, publicKey }: AddressInfo, params: ChainParams) {
  if (!witnessScript) return {};
  const { type } = classifyOutput(witnessScript);
  const facts = { script: type, hex: bytesToHex(witnessScript) };
  const address = type === 'pubkeyhash' ? encodeAddress(witnessScript, params) : undefined;
  if (address === undefined) return { ...facts, ...(multisig && keysJson(multisig)) };
  const key = publicKey && { pubkey: bytesToHex(publicKey), iscompressed: publicKey.length === 33 };
  const scriptPubKey = bytesToHex(witnessScript);
  return { ...facts, embedded: { ...scriptFacts(witnessScript), ...key, address, scriptPubKey } };
}

const keysJson = ({ required, publicKeys }: NonNullable<AddressInfo['multisig']>) => ({
  pubkeys: publicKeys.map(bytesToHex),
  sigsrequired: required,
});

/** What a coin waits for in the mempool. */
function ancestorsJson({ outpoint }: UnspentCoin, mempool: Mempool) {
  if (!mempool.has(outpoint.txid)) return {};
  const { count, vsize, fees } = mempool.ancestorTotals(outpoint.txid);
  return { ancestorcount: count, ancestorsize: vsize, ancestorfees: Number(fees) };
}

/** Lines of listunspent, a page at a time; with their cursors where somebody pages by them. */
export async function* unspentLines(
  pages: AsyncIterable<readonly UnspentCoin[]>,
  mempool: Mempool,
  withCursor: boolean,
): AsyncGenerator<UnspentLine[]> {
  for await (const coins of pages) {
    yield coins.map((coin) => {
      const line = unspentJson(coin, mempool);
      if (withCursor) line.cursor = formatCoinPlace(coin);
      return line;
    });
  }
}

/** A line of listunspent. */
type UnspentLine = OutPoint & {
  address?: string;
  label?: string;
  account?: string;
  redeemScript?: string;
  witnessScript?: string;
  scriptPubKey: string;
  amount: Sats;
  confirmations: number;
  ancestorcount?: number;
  ancestorsize?: number;
  ancestorfees?: number;
  spendable: boolean;
  solvable: boolean;
  desc?: string;
  parent_descs: readonly string[];
  safe: boolean;
  cursor?: string;
};

/** One line of listunspent. Member by member: there may be a million, and spread objects cost most of them. */
function unspentJson(coin: UnspentCoin, mempool: Mempool): UnspentLine {
  const { outpoint, address, book, redeemScript, witnessScript, descriptor } = coin;
  const line: UnspentLine = {
    txid: outpoint.txid,
    vout: outpoint.vout,
    scriptPubKey: coin.script,
    amount: coin.value,
    confirmations: coin.confirmations,
    spendable: coin.spendable,
    solvable: descriptor !== undefined,
    parent_descs: coin.parentDescriptor === undefined ? [] : [coin.parentDescriptor],
    safe: coin.safe,
  };
  if (address !== undefined) line.address = address;
  if (book) {
    line.label = book.label;
    line.account = book.label;
  }
  if (redeemScript !== undefined) line.redeemScript = redeemScript;
  if (witnessScript !== undefined) line.witnessScript = witnessScript;
  if (descriptor !== undefined) line.desc = descriptor;
  if (coin.confirmations === 0) Object.assign(line, ancestorsJson(coin, mempool));
  return line;
}

/** A place among the coins as callers hand it back. */
function formatCoinPlace({ part, value, outpoint }: CoinPlace): string {
  return `${part}.${value}.${outpoint.txid}.${outpoint.vout}`;
}

/** The place that such a text means. Throws -8. */
export function parseCoinPlace(text: string): CoinPlace {
  const match = /^([0-9]{1,6})\.([0-9]{1,16})\.([0-9a-f]{64})\.([0-9]{1,9})$/.exec(text);
  if (!match) throw new RpcError(-8, `Invalid cursor: ${text}`);
  const [, part, value = '', txid, vout] = match;
  const outpoint = { txid: txid as Txid, vout: Number(vout) };
  return { part: Number(part), value: BigInt(value), outpoint };
}
