/** Handlers of the methods about the server itself. */
import { getHeapSpaceStatistics } from 'node:v8';
import { formatProxy } from '@coind/p2p';
import { difficultyOf } from '@coind/primitives';
import {
  conversionsOf,
  type Handlers,
  help,
  type Json,
  JsonNumber,
  type methods,
  openRpcDocument,
  RpcError,
  viewsOf,
} from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';
import { categoriesOf, type LogCategory } from '../log.ts';
import { COIND_VERSION, clientVersion, PROTOCOL_VERSION, walletVersion } from '../version.ts';
import { theOnlyWallet } from '../wallet-context.ts';

/** Arguments in order; trailing ones that were not given are left out, as in bitcoind's array. */
function givenArguments(args: Readonly<Record<string, Json | undefined>>): Json[] {
  const given = Object.values(args);
  const last = given.findLastIndex((value) => value !== undefined);
  return given.slice(0, last + 1).map((value) => value ?? null);
}

const LIBEVENT_WARNING =
  'The logging category `libevent` is deprecated, does nothing, and will be removed in a future version';
/** V8 takes memory from the system in pages of this size. */
const HEAP_PAGE_BYTES = 256 << 10;

/** The spaces of the JavaScript heap, in the form in which the C library tells of its own. */
function mallocInfo(): string {
  const heaps = getHeapSpaceStatistics().map(
    ({ space_name, space_size, space_used_size }, nr) =>
      `<heap nr="${nr}" name="${space_name}"><total type="used" size="${space_used_size}"/><system type="current" size="${space_size}"/></heap>`,
  );
  return `<malloc version="1">\n${heaps.join('\n')}\n</malloc>\n`;
}

function openRpc({ profile, era }: NodeModules, showHidden: boolean) {
  const info = {
    title: 'coind JSON-RPC',
    version: `v${COIND_VERSION}`,
    description: 'Made from the tables that calls are checked with.',
  };
  return openRpcDocument(viewsOf(profile, era).values(), info, showHidden);
}

/** Handlers of the methods about the server itself. */
export const control: Handlers<typeof methods.control, RpcContext> = {
  getopenrpcinfo: ({ node }, { show_hidden }) => openRpc(node, show_hidden),

  'rpc.discover': ({ node }) => openRpc(node, false),

  help({ node: { profile, era } }, { command }) {
    // For bitcoin-cli and its like, so it is of bitcoind's own methods whatever others there are.
    const isDump = command === 'dump_all_command_conversions' && profile !== 'legacy';
    if (!isDump) return help(viewsOf(profile, era), command);
    return conversionsOf(viewsOf('core')).map(([method, place, name, isText]) => [
      method,
      new JsonNumber(`${place}`),
      name,
      isText,
    ]);
  },

  stop({ node }) {
    node.stop();
    return 'Bitcoin server stopping';
  },

  uptime: ({ node }) => node.clock.uptime(),

  async getinfo(context) {
    const { chain, mempool, params, peers, warnings } = context.node;
    const { inbound, outbound } = peers.count();
    const proxy = peers.options.reach.proxies.get('ipv4');
    const wallet = await theOnlyWallet(context);
    const info = wallet && (await wallet.info());
    return {
      version: clientVersion(context.node.profile),
      protocolversion: PROTOCOL_VERSION,
      ...(info && { walletversion: walletVersion(info.meta), balance: info.balances.trusted }),
      blocks: chain.tip.ref.height,
      timeoffset: 0,
      connections: inbound + outbound,
      proxy: proxy ? formatProxy(proxy) : '',
      difficulty: difficultyOf(chain.tip.header.bits),
      testnet: params.name === 'test' || params.name === 'testnet4',
      ...(info && {
        keypoololdest: info.keypoolOldest,
        // Of both sides; getwalletinfo tells them apart.
        keypoolsize: info.keypoolSize + info.keypoolSizeInternal,
        ...(info.unlockedUntil !== undefined && { unlocked_until: info.unlockedUntil }),
        paytxfee: info.payTxFee,
      }),
      relayfee: mempool.options.minRelayFee,
      errors: warnings.messages.join('\n'),
    };
  },

  echo(_, args) {
    // How bitcoind's own tests see what a bug of ours would look like to a caller.
    if (args.arg9 === 'trigger_internal_bug') {
      const condition = 'request.params[9].get_str() != "trigger_internal_bug"';
      throw new RpcError(-1, `Internal bug detected: ${condition}\ncoind v${COIND_VERSION}\n`);
    }
    return givenArguments(args);
  },

  echojson: (_, args) => givenArguments(args),

  echoipc: (_, { arg }) => arg,

  getmemoryinfo(_, { mode }) {
    if (mode === 'mallocinfo') return mallocInfo();
    if (mode !== 'stats') throw new RpcError(-8, `unknown mode ${mode}`);
    const { heapUsed, heapTotal, external } = process.memoryUsage();
    return {
      locked: {
        used: heapUsed + external,
        free: heapTotal - heapUsed,
        total: heapTotal + external,
        // JavaScript has no way to keep memory from being swapped out.
        locked: 0,
        chunks_used: Math.ceil(heapUsed / HEAP_PAGE_BYTES),
        chunks_free: Math.floor((heapTotal - heapUsed) / HEAP_PAGE_BYTES),
      },
    };
  },

  getrpcinfo: ({ node }) => ({
    active_commands: node.activeCalls().map(({ method, startedMs }) => ({
      method,
      duration: Math.round((performance.now() - startedMs) * 1000),
    })),
    logpath: node.logPath,
  }),

  logging({ node: { log } }, { include, exclude }) {
    const known = (word: string): readonly LogCategory[] => {
      if (word === 'libevent') log.warn(LIBEVENT_WARNING);
      const categories = categoriesOf(word);
      if (!categories) throw new RpcError(-8, `unknown logging category ${word}`);
      return categories;
    };
    log.setCategories(include.flatMap(known), exclude.flatMap(known));
    return new Map(Object.entries(log.categories()));
  },

  async syncwithvalidationinterfacequeue({ node }) {
    await node.source.idle();
    return null;
  },
};
