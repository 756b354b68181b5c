import { existsSync, readFileSync } from 'node:fs';
import { bytesToHex, type ChainParams, chainParams, hexToBytes } from '@coind/primitives';
import { aggregateKeys, encodeAddress, isTaprootCommitment, publicKey } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { formatExtendedKey } from './bip32.ts';
import { withChecksum } from './checksum.ts';
import { type Descriptor, hasPrivateKeys, isRanged, isSolvable } from './descriptor.ts';
import { DescriptorError } from './errors.ts';
import { expandDescriptor, type ScriptSolution } from './expand.ts';
import { formatDescriptor } from './format.ts';
import { formatSolution } from './infer.ts';
import { aggregateExtendedKey } from './musig.ts';
import { parseDescriptor, parseMultipath } from './parse.ts';

const params = chainParams('regtest') as ChainParams;
const golden = new URL('../../../../shared/golden/modern/util-descriptors.json', import.meta.url);

interface Step {
  readonly method: string;
  readonly params: readonly [string, (number | readonly [number, number])?];
  readonly expect: {
    readonly result?: unknown;
    readonly error?: { readonly code: number; readonly message: string };
  };
}

function steps(method: string): Step[] {
  const all = JSON.parse(readFileSync(golden, 'utf8')) as { steps: Step[] };
  return all.steps.filter(
    (step) =>
      step.method === method && Array.isArray(step.params) && typeof step.params[0] === 'string',
  );
}

function refusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DescriptorError) return error.message;
    throw error;
  }
}

describe.skipIf(!existsSync(golden))('recordings of bitcoind (skipped without ../shared)', () => {
  test('getdescriptorinfo: texts, checksums and what they are', () => {
    const infos = steps('getdescriptorinfo').filter((step) => step.expect.result);
    expect(infos.length).toBeGreaterThan(15);
    for (const {
      params: [text],
      expect: expected,
    } of infos) {
      const [descriptor] = parseMultipath(text, params) as [Descriptor];
      expect({
        descriptor: formatDescriptor(descriptor, 'public', params),
        isrange: isRanged(descriptor),
        issolvable: isSolvable(descriptor),
        hasprivatekeys: hasPrivateKeys(descriptor),
      }).toMatchObject(
        Object.fromEntries(
          Object.entries(expected.result as object).filter(
            ([name]) => name !== 'checksum' && name !== 'multipath_expansion',
          ),
        ),
      );
    }
  });

  test('getdescriptorinfo: refusals in the same words', () => {
    const wrong: string[] = [];
    for (const {
      params: [text],
      expect: expected,
    } of steps('getdescriptorinfo')) {
      if (expected.error?.code !== -5) continue;
      const said = refusal(() => parseMultipath(text, params));
      if (said !== expected.error.message)
        wrong.push(`${text}: ${said} / ${expected.error.message}`);
    }
    expect(wrong).toEqual([]);
  });

  test('deriveaddresses: the same addresses', () => {
    let derived = 0;
    for (const {
      params: [text, range],
      expect: expected,
    } of steps('deriveaddresses')) {
      const wanted = expected.result as string[] | undefined;
      if (!wanted || text.startsWith('combo') || text.includes('<')) continue;
      const [first, last] = Array.isArray(range) ? range : [0, (range as number) ?? 0];
      const descriptor = parseDescriptor(text, params, true);
      const addresses: (string | undefined)[] = [];
      for (let index = first; index <= last; index++) {
        for (const { scriptPubKey } of expandDescriptor(descriptor, index)) {
          addresses.push(encodeAddress(scriptPubKey, params));
        }
      }
      expect(addresses).toEqual(wanted);
      derived += addresses.length;
    }
    expect(derived).toBeGreaterThan(20);
  });
});

describe('descriptors', () => {
  const tprv =
    'tprv8ZgxMBicQKsPdDdJFAqvG3mt4VqsVV125X4vsor5NxK366upt6qvovLQqaCi5SJiCE1aLkt3HtxsnTpzeGu27kPC5RUCr4h3oPBPYnAvhdE';

  test('the normalized form folds hardened steps into the origin', () => {
    const descriptor = parseDescriptor(`wpkh(${tprv}/84h/1h/0h/0/*)`, params);
    expect(formatDescriptor(descriptor, 'normalized', params)).toBe(
      'wpkh([4ba43603/84h/1h/0h]tpubDCXZhr2gyU3AsjyhdMmLs8MWsyMTcnjRB5A1UYshxLwaLe6nc9QxFTLUEent47xh2RvUDQekahUW1A3Xr2iTjEsSQqeG3q3JW5YiV9Mrg6z/0/*)#nsvv9348',
    );
    const [solution] = expandDescriptor(descriptor, 2);
    expect(solution && formatSolution(solution, params)).toBe(
      'wpkh([4ba43603/84h/1h/0h/0/2]024c8266bb1ed2be3c736e7a3f3f2734cc62a2ca2f1a6ed9f542b30515d9b61369)#cx5jtc9h',
    );
  });

  test('the private form reads back as itself', () => {
    for (const text of [
      `pkh(${tprv}/0/*)`,
      `wsh(sortedmulti(1,${tprv}/1/*,02d2d09a20d3f7f73967ac1a83626729e3731e2a1375e48c33318584387f50fd8a))`,
      'tr(cRKf9sSzwUgqTTFaEBacxKSqXcGxUx4iGZTkm5tbg7S3nau5gSbo)',
    ]) {
      const formatted = formatDescriptor(parseDescriptor(text, params), 'private', params);
      expect(formatted.startsWith(`${text}#`)).toBe(true);
      const again = parseDescriptor(formatted, params, true);
      expect(formatDescriptor(again, 'private', params)).toBe(formatted);
    }
  });

  test('a hardened wildcard needs the private key', () => {
    const xpub =
      'tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B';
    const descriptor = parseDescriptor(`wpkh(${xpub}/*h)`, params);
    expect(refusal(() => expandDescriptor(descriptor, 0))).toBe(
      'Cannot derive script without private keys',
    );
  });
});

describe('multipath', () => {
  const xpub =
    'tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B';

  test('stands for one descriptor of each alternative', () => {
    const texts = parseMultipath(`wpkh(${xpub}/<0;1>/*)`, params).map((descriptor) =>
      formatDescriptor(descriptor, 'public', params),
    );
    expect(texts).toEqual([0, 1].map((nth) => withChecksum(`wpkh(${xpub}/${nth}/*)`)));
    expect(parseMultipath(`wpkh(${xpub}/0/*)`, params).length).toBe(1);
  });

  test('is refused where one is expected, and when the numbers differ', () => {
    expect(refusal(() => parseDescriptor(`wpkh(${xpub}/<0;1>/*)`, params))).toContain('multipath');
    const uneven = `multi(1,${xpub}/<0;1>/*,${xpub}/<0;1;2>/*)`;
    expect(refusal(() => parseMultipath(uneven, params))).toContain('Multipath');
    expect(refusal(() => parseMultipath(`wpkh(${xpub}/<0>/*)`, params))).toContain('Multipath');
  });
});

describe('scripts of scripts', () => {
  const [a, b, c] = ['11', '22', '33'].map((byte) =>
    bytesToHex(publicKey(hexToBytes(byte.repeat(32)), true)),
  ) as [string, string, string];
  const xOnly = (key: string) => key.slice(2);
  const first = (text: string) => expandDescriptor(parseDescriptor(text, params), 0)[0];

  test('a tree is written as it was read, and its leaves prove that they belong to it', () => {
    const tree = `{pk(${xOnly(b)}),{multi_a(1,${xOnly(a)},${xOnly(c)}),and_v(v:pkh(${xOnly(b)}),older(5))}}`;
    const text = `tr(${xOnly(a)},${tree})`;
    expect(formatDescriptor(parseDescriptor(text, params), 'public', params)).toBe(
      withChecksum(text),
    );
    const { taproot } = first(text) ?? {};
    expect(taproot?.leaves.map(({ depth }) => depth)).toEqual([1, 2, 2]);
    for (const { controlBlock, hash } of taproot?.leaves ?? []) {
      expect(isTaprootCommitment(controlBlock, taproot?.outputKey as Uint8Array, hash)).toBe(true);
    }
  });

  test('sorted keys make the same script in any order', () => {
    for (const name of ['multi_a', 'sortedmulti_a']) {
      const one = first(`tr(${a},${name}(2,${b},${c}))`)?.scriptPubKey;
      const other = first(`tr(${a},${name}(2,${c},${b}))`)?.scriptPubKey;
      expect(bytesToHex(one as Uint8Array) === bytesToHex(other as Uint8Array)).toBe(
        name === 'sortedmulti_a',
      );
    }
  });

  test.each([
    `wsh(andor(pk(${a}),older(9),and_v(v:pkh(${b}),after(7))))`,
    `sh(wsh(thresh(2,pk(${a}),s:pk(${b}),sln:older(9))))`,
    `tr(${xOnly(a)},{{pk(${xOnly(b)}),pk(${xOnly(c)})},{pk(${xOnly(b)}),pk(${xOnly(c)})}})`,
    `tr(${xOnly(a)},or_d(pk(${xOnly(b)}),and_v(v:multi_a(1,${xOnly(a)},${xOnly(c)}),older(3))))`,
  ])('what one script says of itself makes it again: %s', (text) => {
    const solution = first(text) as ScriptSolution;
    const said = formatSolution(solution, params);
    expect(said).toContain(']');
    expect(bytesToHex(first(said)?.scriptPubKey as Uint8Array)).toBe(
      bytesToHex(solution.scriptPubKey),
    );
  });

  test.each([
    [`tr(${a},{pk(${b}),pk(${c}))`, "tr(): expected '}' after script expression"],
    [`tr(${a},pk(${b}),pk(${c}))`, "tr(): expected ')' after script expression"],
    [`tr(${a},pkh(zz))`, "key 'zz' is not valid"],
    [`wsh(multi_a(1,${a}))`, 'Can only have multi_a/sortedmulti_a inside tr()'],
    [
      `tr(${a},multi(1,${b}))`,
      'Can only have multi/sortedmulti at top level, in sh(), or in wsh()',
    ],
    [`sh(and_v(v:pk(${a}),older(1)))`, 'Miniscript expressions can only be used in wsh or tr.'],
    [
      `wsh(and_b(pk(${a}),s:pk(${a})))`,
      `and_b(pk(${a}),s:pk(${a})) is not sane: contains duplicate public keys`,
    ],
    [`tr(${'{'.repeat(129)}`, "tr(): key '{{{' is not valid"],
    [`tr(${a},${'{'.repeat(129)}`, 'tr() supports at most 128 nesting levels'],
  ])('%s is refused', (text, message) => {
    const said = refusal(() => parseDescriptor(text.endsWith(')') ? text : `${text})`, params));
    expect(said?.replace(/\{{4,}/, '{{{')).toBe(message);
  });
});

describe('musig', () => {
  // Test vector 1 of BIP328.
  const keys = [
    '03935f972da013f80ae011890fa89b67a27b7be6ccb24d3274d18b2d4067f261a9',
    '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
  ];
  const main = chainParams('main') as ChainParams;

  test('the aggregate of some keys, and its extended key', () => {
    const aggregate = aggregateKeys(keys.map((key) => hexToBytes(key)));
    expect(bytesToHex(aggregate)).toBe(
      '0354240c76b8f2999143301a99c7f721ee57eee0bce401df3afeaa9ae218c70f23',
    );
    expect(formatExtendedKey(aggregateExtendedKey(aggregate), main)).toBe(
      'xpub661MyMwAqRbcFt6tk3uaczE1y6EvM1TqXvawXcYmFEWijEM4PDBnuCXwwXEKGEouzXE6QLLRxjatMcLLzJ5LV5Nib1BN7vJg6yp45yHHRbm',
    );
  });

  test('may stand in taproot only, and derives for all or for each', () => {
    const [one = '', two = ''] = keys;
    const tpub =
      'tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B';
    expect(refusal(() => parseDescriptor(`wpkh(musig(${one},${two}))`, params))).toBe(
      'wpkh(): musig() is only allowed in tr() and rawtr()',
    );
    expect(refusal(() => parseDescriptor(`tr(musig(${one},${two})/0)`, params))).toBe(
      'tr(): musig(): derivation requires all participants to be xpubs or xprvs',
    );
    expect(refusal(() => parseDescriptor(`tr(musig(${tpub}/*)/0/*)`, params))).toBe(
      'tr(): musig(): Cannot have ranged participant keys if musig() also has derivation',
    );
    const texts = parseMultipath(`tr(musig(${tpub}/0,${tpub}/1)/<0;1>/*)`, params).map((one) =>
      formatDescriptor(one, 'public', params),
    );
    expect(texts).toEqual(
      [0, 1].map((nth) => withChecksum(`tr(musig(${tpub}/0,${tpub}/1)/${nth}/*)`)),
    );
  });
});
