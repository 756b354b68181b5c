/**
 * Scripts for the fuzzer: at random from weighted opcodes and pushes at the edges of the limits, and the
 * scripts and witnesses of bitcoind's vectors as bitcore-lib carries them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hexToBytes } from '@coind/primitives';
import { buildScript, OP, publicKey, xOnlyPublicKey } from '@coind/script';
import type { Chance } from '../chance.ts';

/** Private keys whose public keys scripts name, so that signatures can be valid. */
export const keys: readonly Uint8Array[] = [1, 2, 3].map((last) => {
  const key = new Uint8Array(32);
  key[31] = last;
  return key;
});
/** Their public keys in the forms that scripts meet. */
export const publicKeys: readonly Uint8Array[] = keys.flatMap((key) => [
  publicKey(key, true),
  publicKey(key, false),
  xOnlyPublicKey(key),
]);

const NUMBERS = [
  ...[-1n, 0n, 1n, 2n, 3n, 16n, 17n, 20n, 127n, 128n, 255n, 520n, 1000n],
  ...[2n ** 31n - 1n, -(2n ** 31n) + 1n, 2n ** 31n, 2n ** 39n - 1n, 500_000_000n, 0x400001n],
];
const SIZES = [0, 1, 4, 5, 20, 32, 33, 64, 65, 71, 75, 76, 255, 256, 519, 520, 521];
/** Numbers of elements on a stack that decide something. */
const REPEATS = [2, 3, 16, 20, 21, 190, 200, 201, 202, 990, 1000, 1001];
const STACK_OPS = [
  OP.OP_DUP,
  OP.OP_2DUP,
  OP.OP_3DUP,
  OP.OP_NOP,
  OP.OP_1,
  OP.OP_HASH160,
  OP.OP_CHECKSIG,
];

type ScriptPart = number | bigint | Uint8Array;

function part(chance: Chance, pushes: readonly Uint8Array[]): readonly ScriptPart[] {
  switch (chance.below(12)) {
    case 0:
      return [chance.pick(NUMBERS)];
    case 1:
      return [chance.pick(pushes)];
    case 2:
      return [chance.bytes(chance.pick(SIZES))];
    case 3:
      return [BigInt(chance.below(17)), BigInt(chance.below(3))];
    case 4:
      return [
        OP.OP_IF,
        ...body(chance, pushes, 3),
        OP.OP_ELSE,
        ...body(chance, pushes, 3),
        OP.OP_ENDIF,
      ];
    case 5:
      return [chance.below(256)];
    case 6:
      return Array<number>(chance.oneIn(8) ? chance.pick(REPEATS) : 2).fill(chance.pick(STACK_OPS));
    case 7:
      return multisig(chance, pushes);
    default:
      return [OP.OP_NOP + chance.below(OP.OP_CHECKSIGADD - OP.OP_NOP + 1)];
  }
}

function multisig(chance: Chance, pushes: readonly Uint8Array[]): readonly ScriptPart[] {
  const count = chance.below(4);
  const named = Array.from({ length: count }, () => chance.pick(pushes));
  const end = chance.oneIn(2) ? OP.OP_CHECKMULTISIG : OP.OP_CHECKMULTISIGVERIFY;
  return [0n, ...named, BigInt(count), ...named, BigInt(count), end];
}

function body(chance: Chance, pushes: readonly Uint8Array[], most: number): ScriptPart[] {
  return Array.from({ length: chance.skewed(1, most) }, () => part(chance, pushes)).flat();
}

/** A script at random; `pushes` are byte strings that may mean something to it. */
export function randomScript(chance: Chance, pushes = publicKeys): Uint8Array {
  return buildScript(body(chance, pushes, chance.oneIn(50) ? 200 : 14));
}

/** How an output is spent, as a vector or a signer gives it. */
export interface Spend {
  readonly scriptSig: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

interface Asset {
  readonly prevouts: readonly string[];
  readonly index: number;
  readonly success?: { readonly scriptSig: string; readonly witness: readonly string[] };
}

/** What the taproot vectors of bitcore-lib spend, and how. */
export function vectorSpends(): Spend[] {
  const path = createRequire(import.meta.url)
    .resolve('bitcore-lib/package.json')
    .replace(/package\.json$/, 'test/data/bitcoind/script_assets_test.json');
  const assets = JSON.parse(readFileSync(path, 'utf8')) as Asset[];
  return assets.flatMap(({ prevouts, index, success }) => {
    const prevout = prevouts[index];
    if (!success || prevout === undefined) return [];
    return [
      {
        scriptSig: hexToBytes(success.scriptSig),
        // Eight bytes of amount and one of length stand in front of it.
        scriptPubKey: hexToBytes(prevout).subarray(9),
        witness: success.witness.map(hexToBytes),
      },
    ];
  });
}
