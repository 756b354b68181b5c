import { expect, test } from 'vitest';
import { PRE_RELEASE, Warnings, warningsJson, warnOfInvalidChain } from './warnings.ts';

test('a warning is told once, and stands until it is taken back', () => {
  const told: string[] = [];
  const warnings = new Warnings((message) => void told.push(message));
  warnOfInvalidChain(warnings, true);
  warnings.set('unknown-rules', 'Unknown new rules activated (versionbit 3)');
  warnings.set('unknown-rules', 'Unknown new rules activated (versionbit 4)');
  expect(warnings.messages).toEqual([
    'Unknown new rules activated (versionbit 3)',
    'Warning: Found invalid chain more than 6 blocks longer than our best chain. This could be due to database corruption or consensus incompatibility with peers.',
  ]);
  expect(told).toEqual([warnings.messages[1], warnings.messages[0]]);
  warnOfInvalidChain(warnings, false);
  expect(warnings.messages).toEqual(['Unknown new rules activated (versionbit 3)']);
});

test('what holds from the start is listed in its place and told to nobody', () => {
  const told: string[] = [];
  const warnings = new Warnings((message) => void told.push(message), [PRE_RELEASE]);
  warnings.set('trusted-chain', 'another chain');
  warnings.set('unknown-rules', 'unknown rules');
  expect(warnings.messages).toEqual(['unknown rules', PRE_RELEASE[1], 'another chain']);
  expect(told).toEqual(['another chain', 'unknown rules']);
});

test('who asks for what was before has one text, the last', () => {
  const warnings = new Warnings(() => undefined, [PRE_RELEASE]);
  const shown = (...words: string[]) =>
    warningsJson({ warnings, era: { allowed: new Set(words) } });
  expect(shown()).toEqual([PRE_RELEASE[1]]);
  warnings.set('trusted-chain', 'another chain');
  expect(shown('warnings')).toBe('another chain');
  warnings.unset('trusted-chain');
  warnings.unset('pre-release');
  expect(shown('warnings')).toBe('');
});
