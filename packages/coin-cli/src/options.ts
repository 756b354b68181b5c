/**
 * The client's options in one table, and the command line read by it. yargs' parser takes each option
 * apart, with short-option-groups off so that -regtest is one word. It sees one at a time, because by
 * bitcoin-cli's rules the order counts (`-named -nonamed`) and no option takes the word behind it.
 */
import {
  type Arguments,
  ConfError,
  daemonOptions,
  nearestOption,
  type OptionTable,
  parseArguments,
  type SplitArgument,
  UnknownOptionError,
} from '@coind/rpc/conf';
import yargsParser from 'yargs-parser';

const general = 'general';
const chain = 'chain';
const commands = 'commands';

/** Every option of coin-cli. */
export const options: OptionTable = {
  ...daemonOptions,
  color: {
    category: general,
    kind: 'string',
    value: '<when>',
    about: 'Colours in the output of -getinfo: always, never, or auto for a terminal',
    default: 'auto',
    noNegation: true,
  },
  help: { category: general, kind: 'bool', about: 'Print this text (also -h and -?)' },
  ipcconnect: {
    category: general,
    kind: 'string',
    value: '<address>',
    about: "Which way to the daemon: only auto and 0 (RPC) are here, bitcoin-cli's sockets are not",
    default: 'auto',
  },
  named: {
    category: general,
    kind: 'bool',
    about: 'Parameters are given as NAME=VALUE; those without a name come first',
  },
  rpcclienttimeout: {
    category: general,
    kind: 'int',
    value: '<n>',
    about: 'Seconds to wait for an answer, 0 for ever',
    default: '900',
  },
  rpcid: {
    category: general,
    kind: 'string',
    value: '<id>',
    about: 'The id of requests',
    default: '1',
    noNegation: true,
    noBareForm: true,
  },
  rpcwait: { category: general, kind: 'bool', about: 'Wait for the daemon to start' },
  rpcwaittimeout: {
    category: general,
    kind: 'int',
    value: '<n>',
    about: 'Seconds to wait for the daemon at most, 0 for ever',
    default: '0',
    noNegation: true,
  },
  rpcwallet: {
    category: general,
    kind: 'string',
    value: '<walletname>',
    about: 'The wallet that a command is for, exactly as it was loaded',
  },
  stdin: {
    category: general,
    kind: 'bool',
    about: 'Read more parameters from standard input, one per line: for what others should not see',
  },
  stdinrpcpass: {
    category: general,
    kind: 'bool',
    about: 'Read the password for RPC from the first line of standard input',
  },
  stdinwalletpassphrase: {
    category: general,
    kind: 'bool',
    about: 'Read the passphrase of the wallet from the next line of standard input',
  },
  version: { category: general, kind: 'bool', about: 'Print the version' },
  addrinfo: { category: commands, kind: 'bool', about: 'How many addresses of peers are known' },
  generate: {
    category: commands,
    kind: 'bool',
    about: 'Mine to a new address of the wallet: number of blocks (1) and tries may follow',
  },
  getinfo: {
    category: commands,
    kind: 'bool',
    about: 'The state of daemon and wallet at a glance',
  },
  netinfo: {
    category: commands,
    kind: 'bool',
    about:
      'The connections of the daemon at a glance: -netinfo [level [outonly]], or -netinfo help',
  },
  signetchallenge: {
    category: chain,
    kind: 'string',
    value: '<hex>',
    about: 'Accepted as the daemon has it; the client does not need it',
    noNegation: true,
  },
  signetseednode: {
    category: chain,
    kind: 'string',
    value: '<ip>',
    about: 'Accepted as the daemon has it; the client does not need it',
    repeatable: true,
    noNegation: true,
  },
  '?': { category: 'hidden', kind: 'bool', about: 'Help' },
  h: { category: 'hidden', kind: 'bool', about: 'Help' },
  testactivationheight: {
    category: 'hidden',
    kind: 'string',
    about: 'Accepted as the daemon has it',
    repeatable: true,
  },
  vbparams: {
    category: 'hidden',
    kind: 'string',
    about: 'Accepted as the daemon has it',
    repeatable: true,
  },
};

/** The headings of -help, in order. */
export const optionTitles = {
  general: 'Options',
  chain: 'Chain selection options',
  commands: 'Commands of the client',
} as const;

const configuration = {
  'short-option-groups': false,
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'duplicate-arguments-array': false,
};

const splitWithYargs: SplitArgument = (token) => {
  const { _, ...found } = yargsParser([token], { configuration });
  const [entry] = Object.entries(found);
  if (!entry) return [token.replace(/^--?/, ''), undefined];
  const [key, value] = entry;
  return [key, typeof value === 'string' ? value : undefined];
};

/** Reads a command line. Throws {@link ConfError} with a text for stderr. */
export function readArguments(argv: readonly string[]): Arguments {
  try {
    return parseArguments(argv, options, { warn: () => undefined, split: splitWithYargs });
  } catch (error) {
    if (!(error instanceof ConfError)) throw error;
    const near =
      error instanceof UnknownOptionError ? nearestOption(options, error.option) : undefined;
    const hint = near === undefined ? '' : `. Did you mean -${near}?`;
    throw new ConfError(`Error parsing command line arguments: ${error.message}${hint}`);
  }
}
