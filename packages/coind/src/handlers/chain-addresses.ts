/** Handlers of the methods that the address index answers; ours, bitcoind has none of them. */
import { type AddressIndex, type ScriptHash, scriptHashOf } from '@coind/chain';
import { hexToBytes, isHex } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import type { NodeModules, RpcContext } from '../context.ts';

type Addresses = Pick<
  typeof methods.blockchain,
  'getaddresshistory' | 'getaddressbalance' | 'getaddressutxos'
>;

/** The index, once it has seen the tip. Throws -1 when it is not kept or not ready. */
async function readyIndex({ indexes }: NodeModules): Promise<AddressIndex> {
  const { address } = indexes;
  if (!address) throw new RpcError(-1, 'No address index. Use -addressindex to keep one.');
  if (await address.caughtUp()) return address;
  const { height } = address.status;
  throw new RpcError(-1, `The address index is still catching up. Current height: ${height}`);
}

/** The script that `text` names: an address, or the script itself as hex. Throws -5. */
function scriptOf(text: string, { params }: NodeModules): ScriptHash {
  try {
    return scriptHashOf(decodeAddress(text, params));
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    if (text !== '' && isHex(text)) return scriptHashOf(hexToBytes(text));
    throw rpcError('invalidRecipient', text);
  }
}

/** Handlers of the methods that the address index answers. */
export const chainAddresses: Handlers<Addresses, RpcContext> = {
  async getaddresshistory({ node }, { address, from_height, count }) {
    const script = scriptOf(address, node);
    const index = await readyIndex(node);
    if (count < 0) throw rpcError('negativeCount');
    const range = { fromHeight: Math.max(0, from_height), limit: count };
    const history = [];
    for await (const { txid, height, position, delta } of index.history(script, range)) {
      history.push({ txid, height, blockindex: position, amount: delta });
    }
    return history;
  },

  async getaddressbalance({ node }, { address }) {
    const script = scriptOf(address, node);
    const { balance, received, txCount } = await (await readyIndex(node)).balance(script);
    return { balance, received, txcount: txCount };
  },

  async getaddressutxos({ node }, { address }) {
    const script = scriptOf(address, node);
    const index = await readyIndex(node);
    const tip = node.chain.tip.ref.height;
    const coins = [];
    for await (const { outpoint, value, height, coinbase } of index.coins(script)) {
      const confirmations = tip - height + 1;
      coins.push({ ...outpoint, amount: value, height, coinbase, confirmations });
    }
    return coins;
  },
};
