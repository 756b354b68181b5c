import { bytesToHex, concatBytes, hexToBytes, sha256 } from '@coind/primitives';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { useNativeCurve } from './curve.ts';
import { schnorrVerify, signSchnorr } from './schnorr.ts';
import {
  convertPublicKey,
  ecdsaVerify,
  isPublicKey,
  isXOnlyPublicKey,
  negatePrivate,
  publicKey,
  recover,
  sharedX,
  signEcdsa,
  signRecoverable,
  tweakAddPrivate,
  tweakAddPublic,
  xOnlyPublicKey,
  xOnlyTweakAdd,
} from './secp.ts';
import { isLowS, parseLaxDer, toDer } from './signature-encoding.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyKey = bytes32.map((seed) => sha256(seed));
const ORDER = hexToBytes('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const ONE = hexToBytes(`${'00'.repeat(31)}01`);

afterEach(() => {
  useNativeCurve(true);
});

/** What `compute` gives with each build of the curve; they must be the same. */
function onBoth<Result>(compute: () => Result): Result {
  useNativeCurve(false);
  const wasm = compute();
  useNativeCurve(true);
  expect(compute()).toEqual(wasm);
  return wasm;
}

describe('the native and the WebAssembly build agree', () => {
  test('on what two keys share, which is the same from both sides', () => {
    fc.assert(
      fc.property(anyKey, anyKey, fc.boolean(), (a, b, compressed) => {
        const shared = onBoth(() => sharedX(publicKey(b, compressed), a));
        expect(shared).toEqual(sharedX(publicKey(a, compressed), b));
        expect(() => sharedX(publicKey(b), ORDER)).toThrow(RangeError);
        expect(() => sharedX(a, b)).toThrow(RangeError);
      }),
      { numRuns: 20 },
    );
  });

  test('on public keys and tweaks', () => {
    fc.assert(
      fc.property(anyKey, bytes32, fc.boolean(), (key, tweak, compressed) => {
        const point = onBoth(() => publicKey(key, compressed));
        expect(onBoth(() => isPublicKey(point))).toBe(true);
        expect(onBoth(() => convertPublicKey(point, !compressed))).toEqual(
          publicKey(key, !compressed),
        );
        const tweaked = onBoth(() => tweakAddPublic(point, tweak, compressed));
        const privateTweaked = tweakAddPrivate(key, tweak);
        expect(tweaked).toEqual(privateTweaked && publicKey(privateTweaked, compressed));
        onBoth(() => isXOnlyPublicKey(tweak));
        onBoth(() => xOnlyTweakAdd(xOnlyPublicKey(key), tweak));
        onBoth(() => xOnlyTweakAdd(tweak, key));
      }),
      { numRuns: 30 },
    );
  });

  test('on ECDSA signatures, valid and spoilt', () => {
    fc.assert(
      fc.property(anyKey, bytes32, fc.nat({ max: 63 }), (key, hash, place) => {
        const point = publicKey(key);
        const signature = onBoth(() => signEcdsa(hash, key));
        expect(onBoth(() => ecdsaVerify(hash, toDer(signature), point))).toBe(true);
        const spoilt = signature.slice();
        spoilt[place] = (spoilt[place] as number) ^ 1;
        expect(onBoth(() => ecdsaVerify(hash, toDer(spoilt), point))).toBe(false);
        const recoverable = onBoth(() => signRecoverable(hash, key));
        expect(
          onBoth(() => recover(hash, recoverable.signature, recoverable.recoveryId, true)),
        ).toEqual(point);
        onBoth(() => recover(hash, spoilt, 1, false));
      }),
      { numRuns: 30 },
    );
  });

  test('on Schnorr signatures, valid and spoilt', () => {
    fc.assert(
      fc.property(anyKey, bytes32, fc.nat({ max: 127 }), (key, hash, place) => {
        const xOnlyKey = xOnlyPublicKey(key);
        const signature = signSchnorr(hash, key);
        expect(onBoth(() => schnorrVerify(hash, signature, xOnlyKey))).toBe(true);
        const all = concatBytes(signature, xOnlyKey, hash);
        all[place] = (all[place] as number) ^ 0x40;
        const [sig, x, h] = [all.subarray(0, 64), all.subarray(64, 96), all.subarray(96)];
        expect(onBoth(() => schnorrVerify(h, sig, x))).toBe(false);
        // The point with an odd y: the same x, and not what BIP340 takes.
        const odd = concatBytes(signature.subarray(0, 32), negatePrivate(signature.subarray(32)));
        expect(onBoth(() => schnorrVerify(hash, odd, xOnlyKey))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test('on what is out of range', () => {
    const hash = sha256(ONE);
    const x = xOnlyPublicKey(ONE);
    const zero = new Uint8Array(32);
    const field = hexToBytes(`${'ff'.repeat(27)}fefffffc2f`);
    for (const r of [zero, ONE, x, ORDER, field]) {
      for (const s of [zero, ONE, ORDER]) {
        const signature = concatBytes(r, s);
        for (const key of [x, zero, ORDER, field, hash]) {
          expect(onBoth(() => schnorrVerify(hash, signature, key))).toBe(false);
        }
        expect(onBoth(() => ecdsaVerify(hash, toDer(signature), publicKey(ONE)))).toBe(false);
        expect(onBoth(() => recover(hash, signature, 0, true) !== undefined)).toBe(
          bytesToHex(s) === bytesToHex(ONE) && (r === ONE || r === x),
        );
      }
    }
    expect(onBoth(() => isPublicKey(concatBytes(new Uint8Array([2]), field)))).toBe(false);
  });
});

describe('ECDSA', () => {
  test('R and S are low', () => {
    fc.assert(
      fc.property(anyKey, bytes32, (key, hash) => {
        const signature = signEcdsa(hash, key);
        expect((signature[0] as number) < 0x80).toBe(true);
        expect(isLowS(signature)).toBe(true);
        expect(toDer(signature).length).toBeLessThanOrEqual(70);
      }),
      { numRuns: 50 },
    );
  });

  test('without low R, it is the signature of RFC 6979', () => {
    // Key 1 and SHA256 of "Satoshi Nakamoto", a vector older than low R.
    const hash = sha256(new TextEncoder().encode('Satoshi Nakamoto'));
    expect(bytesToHex(signEcdsa(hash, ONE, { lowR: false }))).toBe(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
  });

  test('a high S is as good as a low one', () => {
    const hash = sha256(ONE);
    const low = signEcdsa(hash, ONE);
    const high = concatBytes(low.subarray(0, 32), negatePrivate(low.subarray(32)));
    expect(isLowS(high)).toBe(false);
    expect(onBoth(() => ecdsaVerify(hash, toDer(high), publicKey(ONE)))).toBe(true);
  });

  test('hybrid keys verify when their first byte says the parity of y', () => {
    const hash = sha256(ONE);
    const der = toDer(signEcdsa(hash, ONE));
    const key = publicKey(ONE, false);
    const odd = (key[64] as number) & 1;
    for (const parity of [0, 1]) {
      const hybrid = key.slice();
      hybrid[0] = 6 + parity;
      expect(onBoth(() => ecdsaVerify(hash, der, hybrid))).toBe(parity === odd);
      expect(onBoth(() => isPublicKey(hybrid))).toBe(parity === odd);
    }
  });

  test('a key must have the length that its first byte says', () => {
    const hash = sha256(ONE);
    const der = toDer(signEcdsa(hash, ONE));
    const key = publicKey(ONE);
    for (const wrong of [key.subarray(0, 32), concatBytes(key, key), new Uint8Array(0)]) {
      expect(ecdsaVerify(hash, der, wrong)).toBe(false);
    }
  });
});

describe('DER', () => {
  test('strict DER is read back by the lax parser', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (r, s) => {
        expect(parseLaxDer(toDer(concatBytes(r, s)))).toEqual(concatBytes(r, s));
      }),
    );
  });

  test('long lengths, padding and bytes at the end are let pass', () => {
    const compact = concatBytes(ONE, ONE);
    for (const hex of [
      '3006020101020101',
      '30060201010201010000',
      '30810602010102820001010000',
      '3000020400000001020200010203',
      '30800203000001020101',
    ]) {
      expect(parseLaxDer(hexToBytes(hex)), hex).toEqual(compact);
    }
  });

  test('what has no R and S is nothing, what is out of range is zeros', () => {
    for (const hex of [
      '',
      '30',
      '31060201010201',
      '300602010102',
      '3006020101020201',
      '30ff0201',
    ]) {
      expect(parseLaxDer(hexToBytes(hex)), hex).toBeUndefined();
    }
    const tooBig = `0221${'01'.repeat(33)}`;
    expect(parseLaxDer(hexToBytes(`3000${tooBig}020101`))).toEqual(new Uint8Array(64));
    const order = `0220${bytesToHex(ORDER)}`;
    expect(parseLaxDer(hexToBytes(`3000${order}020101`))).toEqual(new Uint8Array(64));
  });

  test('no bytes make the lax parser fail otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (tail) => {
        const parsed = parseLaxDer(concatBytes(hexToBytes('3045'), tail));
        expect(parsed === undefined || parsed.length === 64).toBe(true);
      }),
    );
  });
});
