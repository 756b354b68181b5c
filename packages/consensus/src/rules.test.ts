import {
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  ZERO_HASH,
} from '@coind/primitives';
import { Flags, flagNames } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { withActivationHeight } from './deployments.ts';
import type { HeaderContext } from './header-context.ts';
import { isOverwritten, rulesFor, scriptFlagsAt } from './rules.ts';

const main = chainParams('main')!;
const regtest = chainParams('regtest')!;
const { header } = main.genesis;

/** A parent at `height` whose ancestor at the BIP34 height is `bip34`. */
function parentAt(height: number, bip34: string = ZERO_HASH): HeaderContext {
  const hash = ZERO_HASH;
  const at = (wanted: number): HeaderContext | undefined =>
    wanted > height ? undefined : { ...context, ref: { hash: bip34 as BlockHash, height: wanted } };
  const context: HeaderContext = {
    ref: { hash, height },
    header,
    version: header.version,
    medianTimePast: 0,
    ancestor: at,
  };
  return context;
}

function namesAt(height: number, hash: string = ZERO_HASH, params: ChainParams = main) {
  return flagNames(scriptFlagsAt({ hash: hash as BlockHash, height }, params)).join();
}

describe('script flags', () => {
  test('join as soft forks did on the main network', () => {
    expect(namesAt(0)).toBe('P2SH,TAPROOT,WITNESS');
    expect(namesAt(363_724)).toBe('P2SH,TAPROOT,WITNESS');
    expect(namesAt(363_725)).toBe('DERSIG,P2SH,TAPROOT,WITNESS');
    expect(namesAt(388_381)).toBe('CHECKLOCKTIMEVERIFY,DERSIG,P2SH,TAPROOT,WITNESS');
    expect(namesAt(419_328)).toContain('CHECKSEQUENCEVERIFY');
    expect(namesAt(481_823)).not.toContain('NULLDUMMY');
    expect(namesAt(481_824)).toContain('NULLDUMMY');
  });

  test('two blocks of the past are let off', () => {
    const bip16 = '00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22';
    expect(scriptFlagsAt({ hash: bip16 as BlockHash, height: 170_060 }, main)).toBe(Flags.NONE);
    const taproot = '0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad';
    expect(namesAt(692_261, taproot)).not.toContain('TAPROOT');
    expect(namesAt(692_261, taproot)).toContain('P2SH,WITNESS');
  });
});

describe('BIP30', () => {
  const bip34 = main.bip34Hash!;
  const enforced = (height: number, atBip34?: string, params: ChainParams = main) =>
    rulesFor(header, parentAt(height - 1, atBip34), params).enforceBip30;

  test('is looked at until BIP34 makes it impossible', () => {
    expect(enforced(1)).toBe(true);
    expect(enforced(227_931, bip34)).toBe(true);
    expect(enforced(227_932, bip34)).toBe(false);
    expect(enforced(227_932, ZERO_HASH)).toBe(true);
    expect(enforced(1_983_701, bip34)).toBe(false);
    expect(enforced(1_983_702, bip34)).toBe(true);
  });

  test('cannot be broken where BIP34 holds from the first block on', () => {
    expect(enforced(1, undefined, regtest)).toBe(false);
    expect(enforced(2_000_000, undefined, regtest)).toBe(false);
    const later = withActivationHeight(regtest, 'bip34@2');
    expect(enforced(1, undefined, later)).toBe(true);
    expect(enforced(5, undefined, later)).toBe(true);
  });

  test('two blocks repeat a coinbase, and two have theirs overwritten', () => {
    const repeat = new (class extends BlockHeader {
      override get hash() {
        return '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec' as BlockHash;
      }
    })(header);
    expect(rulesFor(repeat, parentAt(91_841), main).enforceBip30).toBe(false);
    expect(rulesFor(repeat, parentAt(91_840), main).enforceBip30).toBe(true);
    const hash = '00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e' as BlockHash;
    expect(isOverwritten({ hash, height: 91_722 })).toBe(true);
    expect(isOverwritten({ hash, height: 91_723 })).toBe(false);
    expect(isOverwritten({ hash: ZERO_HASH, height: 91_722 })).toBe(false);
  });
});

test('relative locks hold with csv, scripts are checked unless somebody says otherwise', () => {
  const later = withActivationHeight(regtest, 'csv@10');
  expect(rulesFor(header, parentAt(8), later)).toMatchObject({ csv: false, checkScripts: true });
  expect(rulesFor(header, parentAt(9), later).csv).toBe(true);
});
