import { type ChainParams, chainParams } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { expandDescriptor } from './expand.ts';
import { formatSolution } from './infer.ts';
import { parseDescriptor } from './parse.ts';
import { solutionWriter } from './solution-text.ts';

const params = chainParams('regtest') as ChainParams;
const TPRV =
  'tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK';

describe('the text of a solution without the solution', () => {
  test.each([
    `pk(${TPRV}/0/*)`,
    `pkh(${TPRV}/44h/1h/0h/0/*)`,
    `wpkh([d34db33f/84h/1']${TPRV}/1/*)`,
    `tr(${TPRV}/86'/*)`,
    `rawtr(${TPRV}/*)`,
    `wpkh(${TPRV}/0'/*h)`,
  ])('is the same: %s', (text) => {
    const descriptor = parseDescriptor(text, params);
    const write = solutionWriter(descriptor);
    for (const index of [0, 7, 2 ** 31 - 1]) {
      const [solution] = expandDescriptor(descriptor, index);
      const publicKey = solution?.keys[0]?.publicKey;
      if (!solution || !publicKey) throw new Error('one script of one key');
      expect(write?.(index, publicKey)).toBe(formatSolution(solution, params));
    }
  });

  test.each([
    `sh(wpkh(${TPRV}/*))`,
    `combo(${TPRV}/*)`,
    `multi(1,${TPRV}/*)`,
    `wpkh(${TPRV}/0)`,
    `tr(${TPRV}/*,pk(${TPRV}/1/*))`,
    'raw(51)',
  ])('is not offered for %s', (text) => {
    expect(solutionWriter(parseDescriptor(text, params))).toBeUndefined();
  });
});
