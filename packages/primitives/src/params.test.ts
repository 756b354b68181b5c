import { describe, expect, test } from 'vitest';
import { merkleRoot } from './merkle.ts';
import {
  type ChainParams,
  chainNames,
  chainParams,
  signetMessageStart,
  signetParams,
} from './params.ts';
import { ParamsError, parseChainParams } from './params-file.ts';
import { decodeBits, hashToNumber } from './target.ts';

const params = (name: string): ChainParams => {
  const found = chainParams(name);
  if (!found) throw new Error(`no network ${name}`);
  return found;
};

describe('genesis blocks', () => {
  test.each([
    ['main', '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'],
    ['test', '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943'],
    ['testnet4', '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043'],
    ['signet', '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6'],
    ['regtest', '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'],
    ['coin', '0000065e44388a27f564a63e64511044937c38bfd638dc9fcb554a8fef627c41'],
  ])('%s', (name, hash) => {
    const { genesis } = params(name);
    expect(genesis.hash).toBe(hash);
    expect(merkleRoot(genesis.txs.map((tx) => tx.txid)).root).toBe(genesis.header.merkleRoot);
  });

  test.each(chainNames)('%s meets its own target, within its own limit', (name) => {
    const { genesis, powLimit } = params(name);
    const { target } = decodeBits(genesis.header.bits);
    expect(target <= powLimit).toBe(true);
    expect(hashToNumber(genesis.hash) <= target).toBe(true);
  });
});

test('networks do not answer to each other', () => {
  for (const key of ['messageStart', 'name', 'dataSubdirectory'] as const) {
    expect(new Set(chainNames.map((name) => params(name)[key])).size).toBe(chainNames.length);
  }
});

test('a retarget period is a whole number of blocks', () => {
  for (const name of chainNames) {
    const { powTargetTimespan, powTargetSpacing } = params(name);
    expect(powTargetTimespan % powTargetSpacing).toBe(0);
  }
});

test('an unknown name is no network, nor is a name of Object', () => {
  expect(chainParams('nosuch')).toBeUndefined();
  expect(chainParams('constructor')).toBeUndefined();
});

test('a signet is named by its challenge (BIP325)', () => {
  expect(params('signet').messageStart).toBe('0a03cf40');
  expect(signetMessageStart('51')).not.toBe('0a03cf40');
  expect(signetParams('51').minimumChainwork).toBe(0n);
});

describe('a network from a file', () => {
  const file = {
    base: 'regtest',
    name: 'classroom',
    messageStart: '0badc0de',
    p2pPort: 9333,
    rpcPort: 9332,
    bech32Hrp: 'cls',
    genesis: { text: 'Our own coin', time: 1_795_219_200 },
  };

  test('takes what it says from the file and the rest from its base', () => {
    const own = parseChainParams(file);
    expect(own).toMatchObject({
      name: 'classroom',
      p2pPort: 9333,
      bech32Hrp: 'cls',
      halvingInterval: 150,
    });
    expect(own.genesis.hash).not.toBe(params('regtest').genesis.hash);
    expect(hashToNumber(own.genesis.hash) <= decodeBits(own.genesis.header.bits).target).toBe(true);
    expect(parseChainParams(file).genesis.hash).toBe(own.genesis.hash);
  });

  test.each([
    [{ ...file, name: undefined }, 'name must be'],
    [{ ...file, name: 'main' }, 'name must be no name of a known network'],
    [{ ...file, colour: 'red' }, 'unknown member colour'],
    [{ ...file, p2pPort: 0 }, 'p2pPort must be a whole number from 1 to 65535'],
    [{ ...file, messageStart: 'xyz' }, 'messageStart must be 4 bytes of lower-case hex'],
    [{ ...file, genesis: { time: 1 } }, 'genesis.text must be given'],
    [{ ...file, genesis: { ...file.genesis, bits: 'ff7fffff' } }, 'genesis.bits must be'],
    [{ ...file, base: 'dogecoin' }, 'base must be one of'],
    [{ ...file, powTargetTimespan: 601 }, 'powTargetTimespan must be a multiple'],
    [[], 'must be an object'],
  ])('says what is wrong: %#', (json, message) => {
    expect(() => parseChainParams(json)).toThrow(ParamsError);
    expect(() => parseChainParams(json)).toThrow(message);
  });
});
