/** Several signers of one transaction: copies put together, whatever scripts their coins have. */
import { hash160, hexToBytes, sha256, Tx, type Txid, type TxOutput } from '@coind/primitives';
import { multisig, p2pkh, p2sh, p2wsh, publicKey } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { combineTransactions } from './combine.ts';
import { signWithKeys } from './sign-request.ts';

const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
const keys = secrets.map((secret) => publicKey(secret, true));
const script = multisig(2, keys);
const outpoint = { txid: 'aa'.repeat(32) as Txid, vout: 0 };
const program = p2wsh(sha256(script));
const kinds = {
  bare: script,
  p2sh: p2sh(hash160(script)),
  p2wsh: program,
  'p2sh-p2wsh': p2sh(hash160(program)),
};
const unsigned = new Tx({
  version: 2,
  inputs: [{ prevout: outpoint, scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [] }],
  outputs: [{ value: 90_000n, scriptPubKey: p2pkh(hexToBytes('11'.repeat(20))) }],
  locktime: 0,
});

function signedBy(scriptPubKey: Uint8Array, signers: readonly number[]) {
  const spent: TxOutput = { value: 100_000n, scriptPubKey };
  const prevOut = { outpoint, scriptPubKey, redeemScript: program, witnessScript: script };
  const plain = signers.map((n) => ({ privateKey: secrets[n] as Uint8Array, compressed: true }));
  return { ...signWithKeys(unsigned, [spent], [prevOut], plain), spent };
}

describe('combining', () => {
  test.each(Object.entries(kinds))(
    '%s: two of three signers make it complete, in any order',
    (_, scriptPubKey) => {
      const one = [0, 1, 2].map((n) => signedBy(scriptPubKey, [n]));
      for (const [a, b] of [
        [0, 1],
        [2, 0],
        [1, 2],
      ] as const) {
        const [first, second] = [one[a] as (typeof one)[number], one[b] as (typeof one)[number]];
        expect(first.complete || second.complete).toBe(false);
        const combined = combineTransactions([first.tx, second.tx], [first.spent]);
        expect(combined.wtxid).toBe(signedBy(scriptPubKey, [b, a]).tx.wtxid);
      }
    },
  );

  test('an empty copy takes nothing away, a complete one is taken as it is', () => {
    const scriptPubKey = kinds.p2wsh;
    const one = signedBy(scriptPubKey, [0]);
    const full = signedBy(scriptPubKey, [0, 2]);
    expect(full.complete).toBe(true);
    expect(combineTransactions([unsigned, one.tx], [one.spent]).wtxid).toBe(one.tx.wtxid);
    expect(combineTransactions([one.tx, full.tx], [one.spent]).wtxid).toBe(full.tx.wtxid);
  });
});
