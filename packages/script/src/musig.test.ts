import { hexToBytes, sha256 } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aggregateKeys,
  combineSignatures,
  type KeyTweak,
  makeNonce,
  type SigningSession,
  signPartially,
} from './musig.ts';
import { schnorrVerify } from './schnorr.ts';
import { publicKey, tweakAddPublic } from './secp.ts';

const bytes32 = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));

/** The key that a signature must be right for. */
function tweaked(aggregate: Uint8Array, tweaks: readonly KeyTweak[]): Uint8Array {
  return tweaks.reduce((point, { tweak, xOnly }) => {
    const base = xOnly ? Uint8Array.of(2, ...point.subarray(1)) : point;
    return tweakAddPublic(base, tweak) as Uint8Array;
  }, aggregate);
}

function sign(secrets: readonly Uint8Array[], tweaks: readonly KeyTweak[], message: Uint8Array) {
  const keys = secrets.map((secret) => publicKey(secret, true));
  const x = tweaked(aggregateKeys(keys), tweaks).subarray(1);
  const nonces = secrets.map((secret, nth) => makeNonce(secret, x, message, bytes32(`r${nth}`)));
  const session: SigningSession = {
    keys,
    tweaks,
    message,
    publicNonces: nonces.map(({ publicNonce }) => publicNonce),
  };
  const parts = secrets.map((secret, nth) => {
    const nonce = nonces[nth] as (typeof nonces)[number];
    return signPartially(secret, nonce.secretNonce, session);
  });
  return { x, parts, session, signature: combineSignatures(parts, session) };
}

describe('keys (vectors of BIP327)', () => {
  const [one, two, three] = [
    '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
    '03dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659',
    '023590a94e768f8e1815c2f24b4d80a8e3149316c3518ce7b7ad338368d038ca66',
  ].map((hex) => hexToBytes(hex)) as [Uint8Array, Uint8Array, Uint8Array];

  test.each([
    [[one, two, three], '90539eede565f5d054f32cc0c220126889ed1e5d193baf15aef344fe59d4610c'],
    [[three, two, one], '6204de8b083426dc6eaf9502d27024d53fc826bf7d2012148a0575435df54b2b'],
    [[one, one, one], 'b436e3bad62b8cd409969a224731c193d051162d8c5ae8b109306127da3aa935'],
    [[one, one, two, two], '69bc22bfa5d106306e48a20679de1d7389386124d07571d0d872686028c26a3e'],
  ])('%#', (keys, x) => {
    expect(aggregateKeys(keys).subarray(1)).toEqual(hexToBytes(x));
  });
});

describe('signatures', () => {
  test('of any signers under any tweaks are right for the one key', () => {
    const tweak = fc.record({ tweak: fc.string().map(bytes32), xOnly: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(fc.string().map(bytes32), { minLength: 1, maxLength: 4 }),
        fc.array(tweak, { maxLength: 3 }),
        fc.string().map(bytes32),
        (secrets, tweaks, message) => {
          const { x, signature } = sign(secrets, tweaks, message);
          expect(schnorrVerify(message, signature, x)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('lack nobody: without one part, or with it changed, they are wrong', () => {
    const message = bytes32('message');
    const { x, parts, session } = sign([bytes32('a'), bytes32('b'), bytes32('c')], [], message);
    const [first, ...others] = parts as [Uint8Array, ...Uint8Array[]];
    for (const wrong of [others, [first.map((byte) => byte ^ 1), ...others]]) {
      expect(schnorrVerify(message, combineSignatures(wrong, session), x)).toBe(false);
    }
  });

  test('a nonce is bound to its key', () => {
    const message = bytes32('message');
    const [a, b] = [bytes32('a'), bytes32('b')];
    const { session } = sign([a, b], [], message);
    const { secretNonce } = makeNonce(b, new Uint8Array(32), message, bytes32('r'));
    expect(() => signPartially(a, secretNonce, session)).toThrow(RangeError);
    expect(() => signPartially(bytes32('c'), secretNonce, session)).toThrow(RangeError);
  });
});
