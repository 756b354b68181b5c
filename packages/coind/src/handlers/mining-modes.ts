/** Handlers of the methods that say when the node mines by itself. */
import type { MiningMode, Payee } from '@coind/miner';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { AddressError } from '@coind/script';
import type { NodeModules, RpcContext } from '../context.ts';
import { miningModeOf } from '../mining-mode.ts';
import { walletOf } from '../wallet-context.ts';

/** Who is paid by what a caller sets off. Throws -5 for a bad address, -18 and -19 without a wallet. */
export async function payeeOf(context: RpcContext, address?: string): Promise<Payee> {
  const { payees } = context.node;
  if (address === undefined) return payees.fixed ?? payees.of((await walletOf(context)).wallet);
  try {
    return payees.at(address);
  } catch (error) {
    if (error instanceof AddressError) throw rpcError('invalidMiningAddress');
    throw error;
  }
}

/** Changes the mode; nobody is paid by a node that mines by hand. */
export async function setMode(
  context: RpcContext,
  mode: MiningMode,
  address?: string,
): Promise<void> {
  const { mining } = context.node;
  if (mode.kind === 'manual') await mining.stop();
  else await mining.set(mode, await payeeOf(context, address));
}

function stateJson({ mining }: NodeModules) {
  const { mode, blocksFound, hashesPerSecond } = mining;
  return {
    mode: mode.kind,
    ...('seconds' in mode && { interval: mode.seconds }),
    ...('threads' in mode && { threads: mode.threads }),
    blocks: blocksFound,
    hashespersec: Math.round(hashesPerSecond),
  };
}

/** Handlers of the methods that say when the node mines by itself. */
export const miningModes: Handlers<typeof methods.miningModes, RpcContext> = {
  async setminingmode(context, { mode: name, interval: seconds, address, threads }) {
    const mode = miningModeOf(name, { seconds, threads });
    if (typeof mode === 'string') throw new RpcError(-8, mode);
    await setMode(context, mode, address);
    return stateJson(context.node);
  },

  getminingmode: ({ node }) => stateJson(node),
};
