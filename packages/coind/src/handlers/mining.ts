/** Handlers of the methods that find blocks or hand them in, and of the clock for tests. */
import type { BlockHash } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { decodeAddress } from '@coind/script';
import type { NodeModules, RpcContext } from '../context.ts';
import { scriptOfAddress } from '../shapes/recipient.ts';
import { walletOf } from '../wallet-context.ts';
import { chainSubmit } from './chain-submit.ts';

function mine(
  { miner }: NodeModules,
  count: number,
  script: Uint8Array,
  maxTries: number,
): Promise<BlockHash[]> {
  return miner.mine(count, script, { maxTries });
}

/** Handlers of the methods that find blocks or hand them in. */
export const mining: Handlers<typeof methods.mining, RpcContext> = {
  ...chainSubmit,

  generatetoaddress({ node }, { nblocks, address, maxtries }) {
    const script = scriptOfAddress(address, node, 'invalidMiningAddress');
    return mine(node, nblocks, script, maxtries);
  },

  async generate(context, { nblocks, maxtries }) {
    const { wallet } = await walletOf(context);
    if (nblocks <= 0) return [];
    // A fresh receiving key that is in no address book: the coins belong to the default account.
    const script = decodeAddress(await wallet.unbookedAddress(), context.node.params);
    return mine(context.node, nblocks, script, maxtries);
  },

  setmocktime({ node }, { timestamp }) {
    if (!node.params.testNetwork || node.params.name !== 'regtest') {
      throw new RpcError(-1, 'setmocktime is for regression testing (-regtest mode) only');
    }
    node.clock.setMock(timestamp);
    return null;
  },
};
