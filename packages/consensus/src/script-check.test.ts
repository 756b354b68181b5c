import { EMPTY, hash160, Tx, type Txid } from '@coind/primitives';
import {
  Flags,
  HashType,
  MANDATORY_FLAGS,
  PrecomputedTx,
  p2wpkh,
  publicKey,
  sighashV0,
  signEcdsa,
  toDer,
} from '@coind/script';
import { describe, expect, test } from 'vitest';
import { ValidationError } from './rejects.ts';
import { failScript, runScriptCheck, scriptChecksOf } from './script-check.ts';

const privateKey = new Uint8Array(32).fill(7);
const key = publicKey(privateKey, true);
const spent = [0, 1].map((n) => ({ value: 1000n + BigInt(n), scriptPubKey: p2wpkh(hash160(key)) }));
const unsigned = new Tx({
  version: 2,
  inputs: spent.map((_, vout) => ({
    prevout: { txid: '44'.repeat(32) as Txid, vout },
    scriptSig: EMPTY,
    sequence: 0xffffffff,
    witness: [],
  })),
  outputs: [{ value: 1500n, scriptPubKey: EMPTY }],
  locktime: 0,
});

/** The transaction with a signature for every input; `amounts` are what is signed for. */
function signed(amounts: readonly bigint[]): Tx {
  const precomputed = new PrecomputedTx(unsigned, spent);
  const keyHash = hash160(key);
  const scriptCode = new Uint8Array([0x76, 0xa9, 20, ...keyHash, 0x88, 0xac]);
  const inputs = unsigned.inputs.map((input, i) => {
    const digest = sighashV0(precomputed, i, scriptCode, amounts[i]!, HashType.ALL);
    const der = toDer(signEcdsa(digest, privateKey));
    return { ...input, witness: [new Uint8Array([...der, HashType.ALL]), key] };
  });
  return new Tx({ ...unsigned, inputs });
}

describe('script checks', () => {
  test('one for each input, with the hashes shared', () => {
    const checks = scriptChecksOf(unsigned, spent, MANDATORY_FLAGS);
    expect(checks.map(({ inputIndex }) => inputIndex)).toEqual([0, 1]);
    expect(checks[0]!.precomputed).toBe(checks[1]!.precomputed);
  });

  test('pass with the right signatures', () => {
    const tx = signed([1000n, 1001n]);
    for (const check of scriptChecksOf(tx, spent, MANDATORY_FLAGS)) runScriptCheck(check);
  });

  test("fail in bitcoind's words, one for blocks and one for the pool", () => {
    const tx = signed([1000n, 1n]);
    const [good, bad] = scriptChecksOf(tx, spent, MANDATORY_FLAGS);
    runScriptCheck(good!);
    const where = `input 1 of ${tx.txid} (wtxid ${tx.wtxid}), spending ${'44'.repeat(32)}:1`;
    const text = 'Script evaluated without error but finished with a false/empty top stack element';
    expect(() => runScriptCheck(bad!)).toThrow(
      new ValidationError(`block-script-verify-flag-failed (${text})`, where),
    );
    const inPool = () => runScriptCheck(bad!, 'mempool');
    expect(inPool).toThrow(
      new ValidationError(`mempool-script-verify-flag-failed (${text})`, where),
    );
  });

  test('what a worker found reads the same', () => {
    const [check] = scriptChecksOf(unsigned, spent, Flags.NONE);
    expect(() => failScript(check!, 'Public key is neither compressed or uncompressed')).toThrow(
      /^block-script-verify-flag-failed \(Public key is neither compressed or uncompressed\), input 0 of /,
    );
  });
});
