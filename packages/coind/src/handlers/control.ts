/** Handlers of the methods about the server itself. */
import { difficultyOf } from '@coind/primitives';
import { type Handlers, help, type methods, viewsOf } from '@coind/rpc';
import type { RpcContext } from '../context.ts';
import { CLIENT_VERSION, PROTOCOL_VERSION, WALLET_VERSION } from '../version.ts';
import { theOnlyWallet } from '../wallet-context.ts';

/** Handlers of the methods about the server itself. */
export const control: Handlers<typeof methods.control, RpcContext> = {
  help: ({ node }, { command }) => help(viewsOf(node.profile), command),

  stop({ node }) {
    node.stop();
    return 'Bitcoin server stopping';
  },

  uptime: ({ node }) => node.clock.uptime(),

  async getinfo(context) {
    const { chain, mempool, params } = context.node;
    const wallet = await theOnlyWallet(context);
    const info = wallet && (await wallet.info());
    return {
      version: CLIENT_VERSION,
      protocolversion: PROTOCOL_VERSION,
      ...(info && { walletversion: WALLET_VERSION, balance: info.balances.trusted }),
      blocks: chain.tip.ref.height,
      timeoffset: 0,
      connections: 0,
      proxy: '',
      difficulty: difficultyOf(chain.tip.header.bits),
      testnet: params.name === 'test' || params.name === 'testnet4',
      ...(info && {
        keypoololdest: info.meta.birthTime,
        keypoolsize: info.keypoolSize,
        paytxfee: info.payTxFee,
      }),
      relayfee: mempool.options.minRelayFee,
      errors: '',
    };
  },

  // Trailing arguments that were not given are left out, as bitcoind's array of arguments is.
  echo(_, args) {
    const given = Object.values(args);
    const last = given.findLastIndex((value) => value !== undefined);
    return given.slice(0, last + 1).map((value) => value ?? null);
  },

  async syncwithvalidationinterfacequeue({ node }) {
    await node.source.idle();
    return null;
  },
};
