/** Methods about the server itself: help, stop, uptime, getinfo, echo. */
import { amount, bool, int, int64, json, nothing, num, optional, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const echoArg = (about: string) => optional(json(about, { cli: 'string' }));

/** Methods about the server itself. */
export const control = {
  help: method({
    category: 'control',
    about: 'Lists all methods, or explains one.',
    params: { command: optional(str('The method to explain')) },
    result: str('The text'),
    examples: ['', 'getblockcount'],
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
  syncwithvalidationinterfacequeue: method({
    category: 'hidden',
    about: 'Waits until wallets and indexes have seen all there is.',
    params: {},
    result: nothing(),
    examples: [''],
  }),
};
