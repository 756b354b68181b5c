/**
 * A wallet of a chosen size, quickly: addresses in a few accounts, and blocks that pay each of them once from
 * outside, a hundred to a transaction. Whoever pays needs no signature (P2WSH of `OP_TRUE`), so making
 * the blocks costs next to nothing beside taking them in.
 */
import {
  Block,
  bytesToHex,
  chainParams,
  hexToBytes,
  sha256,
  Tx,
  type TxOutput,
} from '@coind/primitives';
import { decodeAddress, encodeAddress, p2wsh } from '@coind/script';
import type { Daemon } from '../support/daemon.ts';
import type { Call } from './connection.ts';

/** How many accounts the addresses of a wallet are spread over. */
export const ACCOUNTS = 10;
/** What each address gets, in satoshis. */
export const COIN_VALUE = 100_000n;

const ADDRESSES_PER_CALL = 500;
const OUTPUTS_PER_TX = 100;
const TXS_PER_BLOCK = 200;
const MATURITY = 100;

const params = (() => {
  const found = chainParams('regtest');
  if (!found) throw new Error('there is a regtest');
  return found;
})();
const ANYBODY = Uint8Array.of(0x51);
const openScript = p2wsh(sha256(ANYBODY));
const openAddress = encodeAddress(openScript, params) ?? '';

/** Account number `index`, as it is called. */
export const accountName = (index: number): string => `account ${index % ACCOUNTS}`;

/** Makes `count` addresses in turns of the accounts. */
export async function makeAddresses(wallet: Call, count: number): Promise<readonly string[]> {
  const made: string[] = [];
  while (made.length < count) {
    const calls = Array.from(
      { length: Math.min(ADDRESSES_PER_CALL, count - made.length) },
      (_, i) => ({
        method: 'getnewaddress',
        params: [accountName(made.length + i)],
        id: i,
      }),
    );
    const answers = JSON.parse(await wallet.raw(JSON.stringify(calls))) as { result: string }[];
    for (const { result } of answers) made.push(result);
  }
  return made;
}

/** Prepares enough mature coins that anybody may spend to pay `count` addresses. */
export async function mineOpenCoins(daemon: Daemon, count: number): Promise<readonly Tx[]> {
  const blocks = Math.ceil(count / (OUTPUTS_PER_TX * TXS_PER_BLOCK));
  const nblocks = blocks + MATURITY;
  const hashes = await daemon.client.generatetoaddress({ nblocks, address: openAddress });
  const coinbases: Tx[] = [];
  for (const blockhash of hashes.slice(0, blocks)) {
    const hex = await daemon.client.getblock({ blockhash, verbosity: 0 });
    const [coinbase] = Block.decode(hexToBytes(hex as string)).txs;
    if (coinbase) coinbases.push(coinbase);
  }
  return coinbases;
}

/** Pays each address once; every coin becomes a block with a chain of transactions. */
export async function payAll(
  node: Call,
  addresses: readonly string[],
  coins: readonly Tx[],
): Promise<void> {
  const scripts = addresses.map((address) => decodeAddress(address, params));
  const perBlock = OUTPUTS_PER_TX * TXS_PER_BLOCK;
  for (let start = 0, used = 0; start < scripts.length; start += perBlock, used++) {
    const coin = coins[used];
    if (!coin) throw new RangeError('too few coins to pay from');
    const txs = chainOf(coin, scripts.slice(start, start + perBlock));
    const raw = txs.map((tx) => bytesToHex(tx.encode()));
    await node('generateblock', openAddress, raw);
  }
}

/** Transactions of which each spends the first output of the one before. */
function chainOf(coin: Tx, scripts: readonly Uint8Array[]): readonly Tx[] {
  const txs: Tx[] = [];
  let from = coin;
  for (let start = 0; start < scripts.length; start += OUTPUTS_PER_TX) {
    from = payment(from, scripts.slice(start, start + OUTPUTS_PER_TX));
    txs.push(from);
  }
  return txs;
}

function payment(from: Tx, scripts: readonly Uint8Array[]): Tx {
  const paid: TxOutput[] = scripts.map((scriptPubKey) => ({ scriptPubKey, value: COIN_VALUE }));
  const value = (from.outputs[0]?.value ?? 0n) - COIN_VALUE * BigInt(paid.length);
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: from.txid, vout: 0 },
        scriptSig: new Uint8Array(0),
        sequence: 0xffffffff,
        witness: [ANYBODY],
      },
    ],
    outputs: [{ scriptPubKey: openScript, value }, ...paid],
    locktime: 0,
  });
}
