/** Methods that answer when the tip has moved. */
import { blockHash, int, optional } from '../codec.ts';
import { object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const timeout = optional(int('Milliseconds; 0 for as long as it takes'), 0);
const tip = object({ hash: blockHash('The tip'), height: int('Its height') });

/** Methods that wait. */
export const chainWaits = {
  waitfornewblock: method({
    category: 'blockchain',
    about: 'Waits until the tip is another one, and names it.',
    params: {
      timeout,
      current_tip: optional(blockHash('The tip that the caller knows')),
    },
    result: tip,
    examples: ['1000'],
    legacy: { category: 'hidden', params: { timeout } },
  }),
  waitforblock: method({
    category: 'blockchain',
    about: 'Waits until a block is the tip.',
    params: { blockhash: blockHash('The block'), timeout },
    result: tip,
    examples: ['"…" 1000'],
    legacy: { category: 'hidden' },
  }),
  waitforblockheight: method({
    category: 'blockchain',
    about: 'Waits until the chain has reached a height.',
    params: { height: int('The height'), timeout },
    result: tip,
    examples: ['100 1000'],
    legacy: { category: 'hidden' },
  }),
};
