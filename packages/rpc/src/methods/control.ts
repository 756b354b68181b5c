/** Methods about the server itself: help, stop, uptime, getinfo, echo. */
import {
  amount,
  bool,
  type Codec,
  int,
  int64,
  json,
  nothing,
  num,
  optional,
  str,
} from '../codec.ts';
import { list, object, oneOf, record } from '../codec-shapes.ts';
import { logCategories } from '../log-categories.ts';
import { method } from '../method.ts';

const jsonArg = optional(json('Anything', { cli: 'json' }));
const echoArg = (about: string) => optional(json(about, { cli: 'string' }));

/** A flag as 0.16 wrote it here: 1 or 0. */
function asNumber(flag: Codec<boolean>): Codec<boolean> {
  return { ...flag, encode: (value) => (value ? '1' : '0') };
}

/** Methods about the server itself. */
export const control = {
  help: method({
    category: 'control',
    about: 'Lists all methods, or explains one.',
    params: { command: optional(str('The method to explain')) },
    result: oneOf([str('The text'), list(json('A parameter'))]),
    examples: ['', 'getblockcount'],
  }),
  getopenrpcinfo: method({
    category: 'control',
    about: 'Describes all methods as an OpenRPC document.',
    params: { show_hidden: optional(bool('Describe hidden methods and parameters too'), false) },
    result: json('The document'),
    examples: ['', 'true'],
    profiles: ['coind', 'core'],
  }),
  'rpc.discover': method({
    category: 'control',
    about:
      'Describes all methods as an OpenRPC document, by the name that its specification gives.',
    params: {},
    result: json('The document'),
    examples: [''],
    profiles: ['coind', 'core'],
  }),
  stop: method({
    category: 'control',
    about: 'Stops the node.',
    usage: 'stop',
    params: { wait: optional(int('Milliseconds to wait after answering')) },
    result: str('A farewell'),
    examples: [''],
    legacy: {
      params: { wait: optional(int('Milliseconds to wait after answering')) },
      usage: 'stop',
    },
  }),
  uptime: method({
    category: 'control',
    about: 'Seconds since the node was started.',
    params: {},
    result: int64('Seconds'),
    examples: [''],
  }),
  getinfo: method({
    category: 'control',
    about: 'An overview of node and wallet, as servers up to 0.15 gave it.',
    profiles: ['coind', 'legacy'],
    params: {},
    result: object({
      version: int('The version of the node'),
      protocolversion: int('The version of the p2p protocol'),
      walletversion: optional(int('The version of the wallet')),
      balance: optional(amount('The balance of the wallet')),
      blocks: int('The height of the tip'),
      timeoffset: int64('Seconds the peers are ahead'),
      connections: int('The number of peers'),
      proxy: str('The proxy in use, host:port'),
      difficulty: num('The difficulty'),
      testnet: bool('Whether this is a public test network'),
      keypoololdest: optional(int64('When the oldest unused key was made')),
      keypoolsize: optional(int('Unused keys')),
      unlocked_until: optional(int64('When an encrypted wallet locks itself, 0: it is locked')),
      paytxfee: optional(amount('The fee per 1,000 bytes set by settxfee')),
      relayfee: amount('The lowest fee per 1,000 bytes that is relayed'),
      errors: str('Warnings'),
    }),
    examples: [''],
    legacy: {
      replacedBy:
        'getinfo\n\nThis call was removed in version 0.16.0. Ask getblockchaininfo (blocks, difficulty), getnetworkinfo (version, connections, relayfee) and getwalletinfo (balance, keypoolsize, paytxfee).\n',
    },
    early: { replacedBy: undefined },
  }),
  echo: method({
    category: 'hidden',
    about: 'Returns its arguments, for tests of clients.',
    usage: 'echo ( "arg0" "arg1" "arg2" "arg3" "arg4" "arg5" "arg6" "arg7" "arg8" "arg9" )',
    params: {
      arg0: echoArg('Anything'),
      arg1: echoArg('Anything'),
      arg2: echoArg('Anything'),
      arg3: echoArg('Anything'),
      arg4: echoArg('Anything'),
      arg5: echoArg('Anything'),
      arg6: echoArg('Anything'),
      arg7: echoArg('Anything'),
      arg8: echoArg('Anything'),
      arg9: echoArg('Anything'),
    },
    result: list(json(''), 'The arguments'),
    examples: ['hello'],
  }),
  echojson: method({
    category: 'hidden',
    about: 'Returns its arguments, for tests of clients; the command line reads them as JSON.',
    usage: 'echojson ( "arg0" "arg1" "arg2" "arg3" "arg4" "arg5" "arg6" "arg7" "arg8" "arg9" )',
    params: {
      arg0: jsonArg,
      arg1: jsonArg,
      arg2: jsonArg,
      arg3: jsonArg,
      arg4: jsonArg,
      arg5: jsonArg,
      arg6: jsonArg,
      arg7: jsonArg,
      arg8: jsonArg,
      arg9: jsonArg,
    },
    result: list(json(''), 'The arguments'),
    examples: ['"[1]"'],
  }),
  echoipc: method({
    category: 'hidden',
    about: 'Returns its argument. There is one process, so the way is short.',
    params: { arg: str('A text') },
    result: str('The same'),
    examples: ['hello'],
    profiles: ['coind', 'core'],
  }),
  getmemoryinfo: method({
    category: 'control',
    about: 'The memory the process uses.',
    params: { mode: optional(str('stats, or mallocinfo for a text'), 'stats') },
    result: oneOf([
      str('The text'),
      object({
        locked: object({
          used: int64('Bytes in use'),
          free: int64('Bytes ready for use'),
          total: int64('Bytes taken'),
          locked: int64('Bytes that are never swapped out'),
          chunks_used: int64('Pieces in use'),
          chunks_free: int64('Pieces free'),
        }),
      }),
    ]),
    examples: [''],
  }),
  getrpcinfo: method({
    category: 'control',
    profiles: ['coind', 'core'],
    about: 'What the RPC server is doing.',
    params: {},
    result: object({
      active_commands: list(
        object({ method: str('The method'), duration: int64('Microseconds so far') }),
        'Calls being answered',
      ),
      logpath: str('Where debug.log lies'),
    }),
    examples: [''],
  }),
  logging: method({
    category: 'control',
    about: `Which parts of the node write debug lines; switches them on and off. The valid logging categories are: ${logCategories.join(', ')}.`,
    params: {
      include: optional(
        list(str(''), 'Parts to switch on; all: every one', { usage: '["include_category",...]' }),
        [],
      ),
      exclude: optional(
        list(str(''), 'Parts to switch off', { usage: '["exclude_category",...]' }),
        [],
      ),
    },
    result: record(bool('Whether it writes'), 'By part'),
    examples: ['', '"[\\"net\\"]"'],
    legacy: { result: record(asNumber(bool('1 when it writes')), 'By part') },
  }),
  syncwithvalidationinterfacequeue: method({
    category: 'hidden',
    about: 'Waits until wallets and indexes have seen all there is.',
    params: {},
    result: nothing(),
    examples: [''],
  }),
};
