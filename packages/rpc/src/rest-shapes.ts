/** JSON that REST answers and no method has: the rest of what REST shows are results of methods. */
import { amount, blockHash, hex, int, optional, str } from './codec.ts';
import { list, object } from './codec-shapes.ts';
import type { Profile } from './method.ts';
import { legacyScriptPubKey, legacyTx, scriptPubKey, tx } from './methods/shapes.ts';

const txTail = {
  blockhash: optional(blockHash('The block it is in')),
  hex: hex('The transaction'),
};

/** The shapes of today, which take what {@link legacyShapes} take too. */
const modernShapes = {
  tx: object({ ...tx, ...txTail }),
  blockHash: object({ blockhash: blockHash('The block at the height') }),
  blockFilter: object({ filter: hex('The filter') }),
  filterHeaders: list(hex('A filter header')),
  spentOutputs: list(list(object({ value: amount('The amount'), scriptPubKey }))),
  unspentOutputs: object({
    chainHeight: int('Height of the tip'),
    chaintipHash: blockHash('The tip'),
    bitmap: str('1 for each output that is unspent'),
    utxos: list(object({ height: int('Its height'), value: amount('The amount'), scriptPubKey })),
  }),
};

/** Codecs by what they show. */
export type RestShapes = typeof modernShapes;

/** With the scripts and transactions of 0.16. */
const legacyShapes = {
  ...modernShapes,
  tx: object({ ...legacyTx, ...txTail }),
  spentOutputs: list(
    list(object({ value: amount('The amount'), scriptPubKey: legacyScriptPubKey })),
  ),
  unspentOutputs: object({
    chainHeight: int('Height of the tip'),
    chaintipHash: blockHash('The tip'),
    bitmap: str('1 for each output that is unspent'),
    utxos: list(
      object({
        height: int('Its height'),
        value: amount('The amount'),
        scriptPubKey: legacyScriptPubKey,
      }),
    ),
  }),
};

/** What `profile` shows. */
export function restShapes(profile: Profile): RestShapes {
  // Encoding takes the members it knows from what it is given, so what feeds one feeds the other.
  return profile === 'legacy' ? (legacyShapes as unknown as RestShapes) : modernShapes;
}
