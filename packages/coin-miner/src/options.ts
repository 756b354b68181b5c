/** The options of coin-miner in one table: where the node is, as coin-cli has it, and how to mine. */
import { daemonOptions, type OptionTable } from '@coind/rpc/conf';

const mining = 'mining';

/** Every option of coin-miner. */
export const options: OptionTable = {
  ...daemonOptions,
  address: {
    category: mining,
    kind: 'string',
    value: '<address>',
    about: 'Who is paid',
    default: "a new address of the node's wallet",
    noNegation: true,
  },
  blocks: {
    category: mining,
    kind: 'int',
    value: '<n>',
    about: 'Stop when so many blocks were accepted; 0 to go on',
    default: '0',
  },
  threads: {
    category: mining,
    kind: 'int',
    value: '<n>',
    about: 'Threads that search; 0 for one per processor',
    default: '0',
  },
  help: { category: 'general', kind: 'bool', about: 'Print this text (also -h and -?)' },
  version: { category: 'general', kind: 'bool', about: 'Print the version' },
  '?': { category: 'hidden', kind: 'bool', about: 'Help' },
  h: { category: 'hidden', kind: 'bool', about: 'Help' },
};

/** The headings of -help, in order. */
export const optionTitles = {
  mining: 'Mining options',
  general: 'Options',
  chain: 'Chain selection options',
} as const;
