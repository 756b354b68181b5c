/** Handlers of the methods that find blocks or hand them in, and of the clock for tests. */
import { Block, type BlockHash, DecodeError, hexToBytes, isHex } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { AddressError, decodeAddress } from '@coind/script';
import type { NodeModules, RpcContext } from '../context.ts';
import { walletOf } from '../wallet-context.ts';

function mine(
  { miner }: NodeModules,
  count: number,
  script: Uint8Array,
  maxTries: number,
): Promise<BlockHash[]> {
  return miner.mine(count, script, { maxTries });
}

function decodeBlock(hex: string): Block {
  try {
    if (isHex(hex)) return Block.decode(hexToBytes(hex));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw rpcError('blockDecodeFailed');
}

/** Handlers of the methods that find blocks or hand them in. */
export const mining: Handlers<typeof methods.mining, RpcContext> = {
  generatetoaddress({ node }, { nblocks, address, maxtries }) {
    let script: Uint8Array;
    try {
      script = decodeAddress(address, node.params);
    } catch (error) {
      if (error instanceof AddressError) throw rpcError('invalidMiningAddress');
      throw error;
    }
    return mine(node, nblocks, script, maxtries);
  },

  async generate(context, { nblocks, maxtries }) {
    const { wallet } = await walletOf(context);
    if (nblocks <= 0) return [];
    // A fresh key that is in no address book: the coins belong to the default account.
    const script = decodeAddress(await wallet.changeAddress(), context.node.params);
    return mine(context.node, nblocks, script, maxtries);
  },

  async submitblock({ node: { chain } }, { hexdata }) {
    const outcome = await chain.submitBlock(decodeBlock(hexdata));
    switch (outcome.status) {
      case 'connected':
        return null;
      case 'duplicate':
        return 'duplicate';
      case 'invalid':
        return outcome.error.reason;
      default:
        // It stands on a branch: whether it is valid in full shows when that branch wins.
        return 'inconclusive';
    }
  },

  setmocktime({ node }, { timestamp }) {
    if (!node.params.testNetwork || node.params.name !== 'regtest') {
      throw new RpcError(-1, 'setmocktime is for regression testing (-regtest mode) only');
    }
    node.clock.setMock(timestamp);
    return null;
  },
};
