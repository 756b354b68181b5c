import { EMPTY, hash160, NO_VOUT, sha256, Tx, type Txid, ZERO_TXID } from '@coind/primitives';
import { buildScript, Flags, multisig, OP, p2sh, p2wpkh, p2wsh } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { CoinsOverlay } from './coins.ts';
import { ValidationError } from './rejects.ts';
import { legacySigops, sigopCost, sigopCostOf } from './sigops.ts';

const key = new Uint8Array(33).fill(2);
const twoOfTwo = multisig(2, [key, key]);
const ALL = Flags.P2SH | Flags.WITNESS;
const prevout = { txid: '33'.repeat(32) as Txid, vout: 0 };

function spend(
  scriptSig: Uint8Array,
  witness: readonly Uint8Array[] = [],
  output: Uint8Array = EMPTY,
): Tx {
  const inputs = [{ prevout, scriptSig, sequence: 0xffffffff, witness }];
  return new Tx({
    version: 2,
    inputs,
    outputs: [{ value: 1n, scriptPubKey: output }],
    locktime: 0,
  });
}

function cost(scriptPubKey: Uint8Array, tx: Tx, flags = ALL): number {
  return sigopCostOf(tx, [{ value: 1n, scriptPubKey }], flags);
}

describe('sigop cost', () => {
  test('bare scripts of the transaction count four each, multisig as twenty', () => {
    const tx = spend(new Uint8Array([OP.OP_CHECKSIG]), [], twoOfTwo);
    expect(legacySigops(tx)).toBe(21);
    expect(cost(EMPTY, tx)).toBe(84);
  });

  test('redeem scripts count their keys, with P2SH only', () => {
    const tx = spend(buildScript([OP.OP_0, twoOfTwo]));
    const output = p2sh(hash160(twoOfTwo));
    expect(cost(output, tx)).toBe(8);
    expect(cost(output, tx, Flags.NONE)).toBe(0);
  });

  test('witnesses count one each, with WITNESS only', () => {
    const byKey = p2wpkh(hash160(key));
    expect(cost(byKey, spend(EMPTY, [EMPTY, key]))).toBe(1);
    expect(cost(byKey, spend(EMPTY, [EMPTY, key]), Flags.P2SH)).toBe(0);
    const byScript = p2wsh(sha256(twoOfTwo));
    expect(cost(byScript, spend(EMPTY, [EMPTY, twoOfTwo]))).toBe(2);
    // A witness program inside P2SH counts as witness; its redeem script has no sigops.
    const nested = p2sh(hash160(byScript));
    expect(cost(nested, spend(buildScript([byScript]), [EMPTY, twoOfTwo]))).toBe(2);
  });

  test('taproot has a budget of its own', () => {
    const output = new Uint8Array([OP.OP_1, 32, ...new Uint8Array(32)]);
    expect(cost(output, spend(EMPTY, [new Uint8Array(64)]))).toBe(0);
  });

  test('a coinbase counts what it says itself', () => {
    const null_ = { txid: ZERO_TXID, vout: NO_VOUT };
    const [input] = spend(new Uint8Array([OP.OP_CHECKSIG, OP.OP_CHECKSIG])).inputs;
    const tx = new Tx({
      version: 2,
      inputs: [{ ...input!, prevout: null_ }],
      outputs: [],
      locktime: 0,
    });
    expect(sigopCost(tx, new CoinsOverlay(), ALL)).toBe(8);
  });

  test('coins may come from a view, which must have them', () => {
    const coins = new CoinsOverlay();
    const tx = spend(EMPTY, [EMPTY, key]);
    expect(() => sigopCost(tx, coins, ALL)).toThrow(ValidationError);
    const output = { value: 1n, scriptPubKey: p2wpkh(hash160(key)) };
    coins.add(prevout, { output, height: 1, coinbase: false });
    expect(sigopCost(tx, coins, ALL)).toBe(1);
  });
});
