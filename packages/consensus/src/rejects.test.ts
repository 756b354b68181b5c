import { describe, expect, test } from 'vitest';
import { check, fail, kinds, type Rule, rejects, ruleOf, ValidationError } from './rejects.ts';

describe('the table', () => {
  test('every rule is of a known kind and is a sentence', () => {
    for (const [reason, rule] of Object.entries<Rule>(rejects)) {
      expect(kinds, reason).toHaveProperty(rule.kind);
      expect(rule.about, reason).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('what another body could repair is never remembered', () => {
    for (const reason of ['bad-txnmrklroot', 'bad-txns-duplicate', 'unexpected-witness'] as const) {
      expect(kinds[rejects[reason].kind].remember).toBe(false);
    }
    expect(kinds[rejects['time-too-new'].kind].remember).toBe(false);
    expect(kinds[rejects['bad-cb-amount'].kind].remember).toBe(true);
  });
});

describe('ValidationError', () => {
  test("reads as bitcoind's text, with or without details", () => {
    const error = new ValidationError('high-hash', 'proof of work failed');
    expect(error.message).toBe('high-hash, proof of work failed');
    expect(new ValidationError('bad-txns-vin-empty').message).toBe('bad-txns-vin-empty');
  });

  test('finds the rule of a reason with details in it', () => {
    expect(ruleOf('bad-version(0x00000001)')).toBe('bad-version');
    expect(ruleOf('block-script-verify-flag-failed (Locktime requirement not satisfied)')).toBe(
      'block-script-verify-flag-failed',
    );
    const error = new ValidationError('insufficient fee (including sibling eviction)');
    expect(error.kind).toBe('reconsiderable');
  });

  test('has the codes that RPC and old peers want', () => {
    expect(new ValidationError('bad-txns-inputs-missingorspent').rpcCode).toBe(-25);
    expect(new ValidationError('dust').rpcCode).toBe(-26);
    expect(new ValidationError('dust').bip61).toBe(0x41);
    expect(new ValidationError('min relay fee not met').bip61).toBe(0x42);
    expect(new ValidationError('non-final').bip61).toBe(0x40);
    expect(new ValidationError('bad-txns-vin-empty').bip61).toBe(0x10);
    expect(new ValidationError('txn-already-in-mempool').bip61).toBe(0x12);
  });

  test('may be of another kind where the context says so', () => {
    const error = new ValidationError('bad-txns-inputs-missingorspent', '', 'consensus');
    expect(error.kind).toBe('consensus');
  });
});

test('check and fail throw what they are given', () => {
  expect(() => check(true, 'bad-cb-length')).not.toThrow();
  expect(() => check(false, 'bad-cb-length')).toThrow(new ValidationError('bad-cb-length'));
  expect(() => fail('bad-cb-amount', 'why')).toThrow('bad-cb-amount, why');
});
