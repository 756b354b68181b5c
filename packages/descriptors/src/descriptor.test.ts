import { existsSync, readFileSync } from 'node:fs';
import { type ChainParams, chainParams } from '@coind/primitives';
import { encodeAddress } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { withChecksum } from './checksum.ts';
import {
  expandDescriptor,
  formatDescriptor,
  formatSolution,
  hasPrivateKeys,
  isRanged,
  isSolvable,
  parseDescriptor,
  parseMultipath,
} from './descriptor.ts';
import { DescriptorError } from './errors.ts';

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

/** Forms that this wallet refuses by name instead of reading them. */
const UNSUPPORTED =
  /<\d|musig|and_v|or_d|thresh|\{|,pk\(|unused\(|multi_a|older|after|wsh\([a-z]*:/;

function steps(method: string): Step[] {
  const all = JSON.parse(readFileSync(golden, 'utf8')) as { steps: Step[] };
  return all.steps.filter(
    (step) =>
      step.method === method &&
      Array.isArray(step.params) &&
      typeof step.params[0] === 'string' &&
      !UNSUPPORTED.test(step.params[0]),
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
      const descriptor = parseDescriptor(text, params);
      expect({
        descriptor: formatDescriptor(descriptor, 'public', params),
        isrange: isRanged(descriptor),
        issolvable: isSolvable(descriptor),
        hasprivatekeys: hasPrivateKeys(descriptor),
      }).toMatchObject(
        Object.fromEntries(
          Object.entries(expected.result as object).filter(([name]) => name !== 'checksum'),
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
      if (expected.error?.code !== -5 || expected.error.message === '') continue;
      const said = refusal(() => parseDescriptor(text, params));
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
      if (!wanted || text.startsWith('combo')) continue;
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
