/** Parameters of the methods that make and sign transactions without a wallet's help. */
import { optional, str, txid } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { inputIndex, inputSequence, ranged } from './params.ts';

/** The hash type to sign with. */
export const sighashtype = optional(str('ALL, NONE, SINGLE, each with |ANYONECANPAY, or DEFAULT'));

/** What a new transaction spends. */
export const inputs = list(
  object({
    txid: txid('The transaction spent from'),
    vout: inputIndex('The output spent'),
    sequence: optional(inputSequence('The sequence')),
  }),
  'The inputs',
  { usage: '[{"txid":"hex","vout":n,"sequence":n},...]' },
);

/** The locktime of a new transaction. */
export const locktime = optional(
  ranged(0, 0xffffffff, 'Invalid parameter, locktime out of range', 'The locktime'),
  0,
);
