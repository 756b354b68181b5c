/** Methods that find blocks or hand them in, and those that set the clock for tests. */
import { blockHash, hex, int, int64, nothing, optional, str } from '../codec.ts';
import { list, nullable } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { ranged } from './params.ts';

const blocks = list(blockHash(''), 'The blocks found');
const maxtries = optional(int64('How many nonces to try'), 1_000_000);

/** Methods that find blocks or hand them in. */
export const mining = {
  generatetoaddress: method({
    category: 'hidden',
    about: 'Finds blocks at once and pays their rewards to an address.',
    params: { nblocks: int('How many'), address: str('Who is paid'), maxtries },
    result: blocks,
    examples: ['11 "bcrt1q…"'],
    legacy: { category: 'generating' },
  }),
  generate: method({
    category: 'hidden',
    about: 'Finds blocks at once and pays their rewards to the wallet.',
    params: { nblocks: int('How many'), maxtries },
    result: blocks,
    examples: ['11'],
    core: {
      params: {},
      replacedBy:
        'generate\n\nhas been replaced by the -generate cli option. Refer to -help for more information.\n',
    },
    legacy: { category: 'generating' },
  }),
  submitblock: method({
    category: 'mining',
    about: 'Hands in a block. Null when it is accepted, else a word that says why not.',
    params: {
      hexdata: hex('The block'),
      dummy: optional(str('Ignored')),
    },
    result: nullable(str('The reason')),
    examples: ['"…"'],
  }),
  submitheader: method({
    category: 'mining',
    about: 'Hands in a header, which makes its branch known before its blocks come.',
    params: { hexdata: hex('The header') },
    result: nothing(),
    examples: ['"…"'],
    profiles: ['coind', 'core'],
  }),
  setmocktime: method({
    category: 'hidden',
    about: 'Sets the clock of the node, for tests; 0 goes back to the real one.',
    params: {
      timestamp: ranged(
        0,
        // Headers hold no later time.
        2 ** 32 - 1,
        'Mocktime must be in the range [0, 4294967295], not %s.',
        'Unix seconds',
      ),
    },
    result: nothing(),
    examples: ['1700000000'],
  }),
};
