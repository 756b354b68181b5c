import { chainParams, ParamsError } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { isBuriedActive, withActivationHeight, withVersionBits } from './deployments.ts';

const regtest = chainParams('regtest')!;

describe('-testactivationheight', () => {
  test.each([
    ['segwit', 'segwit'],
    ['bip34', 'bip34'],
    ['dersig', 'bip66'],
    ['cltv', 'bip65'],
    ['csv', 'csv'],
  ] as const)('%s moves %s and nothing else', (name, buried) => {
    const moved = withActivationHeight(regtest, `${name}@102`);
    expect(moved.buried).toEqual({ ...regtest.buried, [buried]: 102 });
    expect(isBuriedActive(buried, 101, moved)).toBe(false);
    expect(isBuriedActive(buried, 102, moved)).toBe(true);
  });

  test.each([
    ['segwit', 'Invalid format (segwit) for -testactivationheight=name@height.'],
    ['segwit@', 'Invalid height value (segwit@) for -testactivationheight=name@height.'],
    ['segwit@-1', 'Invalid height value (segwit@-1) for -testactivationheight=name@height.'],
    ['segwit@1x', 'Invalid height value (segwit@1x) for -testactivationheight=name@height.'],
    [
      'segwit@2147483647',
      'Invalid height value (segwit@2147483647) for -testactivationheight=name@height.',
    ],
    ['taproot@5', 'Invalid name (taproot@5) for -testactivationheight=name@height.'],
    ['toString@5', 'Invalid name (toString@5) for -testactivationheight=name@height.'],
  ])('refuses %s', (text, message) => {
    expect(() => withActivationHeight(regtest, text)).toThrow(new ParamsError(message));
  });
});

describe('-vbparams', () => {
  test('sets times, and the height when it is given', () => {
    const { testdummy } = withVersionBits(regtest, 'testdummy:-1:9223372036854775807').deployments;
    expect(testdummy).toMatchObject({ startTime: -1, timeout: null, minActivationHeight: 0 });
    const full = withVersionBits(regtest, 'testdummy:100:200:432').deployments.testdummy;
    expect(full).toEqual({
      ...regtest.deployments.testdummy,
      startTime: 100,
      timeout: 200,
      minActivationHeight: 432,
    });
  });

  const malformed =
    'Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]';
  test.each([
    ['testdummy:1', malformed],
    ['testdummy:1:2:3:4', malformed],
    ['testdummy:x:2', 'Invalid nStartTime (x)'],
    ['testdummy:1:9223372036854775808', 'Invalid nTimeout (9223372036854775808)'],
    ['testdummy:1:2:', 'Invalid min_activation_height ()'],
    ['taproot:1:2', 'Invalid deployment (taproot)'],
  ])('refuses %s', (text, message) => {
    expect(() => withVersionBits(regtest, text)).toThrow(new ParamsError(message));
  });
});
