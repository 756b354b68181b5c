import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Coin } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  bytesToHex,
  chainParams,
  hexToBytes,
  ZERO_HASH,
} from '@coind/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeFilter,
  filterElements,
  filterHash,
  filterHeader,
  matchesAny,
} from './block-filter.ts';

const HASH = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206' as BlockHash;

function coinOf(script: string): Coin {
  return { output: { value: 1n, scriptPubKey: hexToBytes(script) }, height: 1, coinbase: false };
}

test('the filter of regtest’s genesis block is the known one', () => {
  const { genesis } = chainParams('regtest') as NonNullable<ReturnType<typeof chainParams>>;
  const filter = encodeFilter(genesis.hash, filterElements(genesis, [[]]));
  expect(bytesToHex(filter)).toBe('014756c0');
  expect(filterHeader(filterHash(filter), ZERO_HASH)).toBe(
    '485e301e4509d7f0d954bf5b529f3ecef68c5191fd0e635f775c1d0266dc5a2b',
  );
});

test('empty scripts and OP_RETURN outputs are left out, spent scripts are in, each once', () => {
  const { genesis } = chainParams('coin') as NonNullable<ReturnType<typeof chainParams>>;
  // Its only output is OP_RETURN.
  expect(filterElements(genesis, [[]])).toEqual([]);
  const spent = [[coinOf('51'), coinOf('51'), coinOf('')], [coinOf('52')]];
  expect(filterElements(genesis, spent).map(bytesToHex)).toEqual(['51', '52']);
});

test('a filter of nothing is one zero byte and matches nothing', () => {
  const filter = encodeFilter(HASH, []);
  expect(bytesToHex(filter)).toBe('00');
  expect(matchesAny(filter, HASH, [hexToBytes('51')])).toBe(false);
});

test('no wanted script matches nothing', () => {
  const filter = encodeFilter(HASH, [hexToBytes('51')]);
  expect(matchesAny(filter, HASH, [])).toBe(false);
});

test('whatever went in is found, alone and among others', () => {
  const script = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const scripts = fc.uniqueArray(script, { minLength: 1, maxLength: 60, selector: bytesToHex });
  fc.assert(
    fc.property(scripts, fc.nat(), fc.array(script, { maxLength: 5 }), (elements, pick, others) => {
      const filter = encodeFilter(HASH, elements);
      const one = elements[pick % elements.length] as Uint8Array;
      return matchesAny(filter, HASH, [one]) && matchesAny(filter, HASH, [...others, one]);
    }),
  );
});

test('what did not go in is hardly ever found', () => {
  const inside = Array.from({ length: 200 }, (_, i) => Uint8Array.of(1, i));
  const filter = encodeFilter(HASH, inside);
  let found = 0;
  for (let i = 0; i < 2000; i++) {
    if (matchesAny(filter, HASH, [Uint8Array.of(2, i & 0xff, i >> 8)])) found++;
  }
  // About one in 4,000 scripts meets one of 200 values by chance.
  expect(found).toBeLessThan(5);
});

const vectors = fileURLToPath(
  new URL('../../../../../shared/vectors/core/blockfilters.json', import.meta.url),
);
type Row = readonly [
  height: number,
  hash: BlockHash,
  block: string,
  scripts: readonly string[],
  previous: string,
  filter: string,
  header: string,
];

test.skipIf(!existsSync(vectors))(
  existsSync(vectors) ? 'agrees with BIP158’s vectors' : 'skipped: no ../shared/vectors/core',
  () => {
    const rows = (JSON.parse(readFileSync(vectors, 'utf8')) as unknown[][]).filter(
      (row) => row.length > 1,
    ) as unknown as Row[];
    expect(rows.length).toBeGreaterThan(5);
    for (const [, hash, hex, scripts, previous, expected, header] of rows) {
      const block = Block.decode(hexToBytes(hex));
      expect(block.hash).toBe(hash);
      const filter = encodeFilter(hash, filterElements(block, [scripts.map(coinOf)]));
      expect(bytesToHex(filter)).toBe(expected);
      expect(filterHeader(filterHash(filter), previous)).toBe(header);
      for (const script of scripts.filter((text) => text !== '')) {
        expect(matchesAny(filter, hash, [hexToBytes(script)])).toBe(true);
      }
    }
  },
);
