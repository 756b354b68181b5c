import { Block, bytesToHex, Tx } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { ValidationError } from './rejects.ts';
import { MiniChain } from './test-support/mini-chain.ts';
import {
  checkWitnessCommitment,
  witnessCommitmentIndex,
  witnessCommitmentOutput,
} from './witness-commitment.ts';

const chain = new MiniChain();
const block = chain.template();
const [coinbase] = block.txs as [Tx];

function refusal(txs: readonly Tx[], expected = true): string | undefined {
  try {
    checkWitnessCommitment(new Block(block.header, txs), expected);
    return undefined;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    expect(error.kind).toBe('mutated');
    return error.message;
  }
}

function withWitness(...witness: Uint8Array[]): Tx {
  return new Tx({ ...coinbase, inputs: [{ ...coinbase.inputs[0]!, witness }] });
}

describe('the commitment', () => {
  test('of a lone coinbase is the one everybody has', () => {
    const { scriptPubKey } = witnessCommitmentOutput([coinbase]);
    expect(bytesToHex(scriptPubKey)).toBe(
      '6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9',
    );
    expect(coinbase.outputs[1]!.scriptPubKey).toEqual(scriptPubKey);
  });

  test('is the last output that looks like one', () => {
    const decoy = { value: 0n, scriptPubKey: witnessCommitmentOutput([coinbase]).scriptPubKey };
    const longer = { value: 0n, scriptPubKey: new Uint8Array([...decoy.scriptPubKey, 1]) };
    const short = { value: 0n, scriptPubKey: decoy.scriptPubKey.subarray(0, 37) };
    const index = (outputs: Tx['outputs']) =>
      witnessCommitmentIndex(new Tx({ ...coinbase, outputs }));
    expect(index([decoy, longer, short])).toBe(1);
    expect(index([short])).toBe(-1);
    expect(index([])).toBe(-1);
  });

  test('holds for what it was made for', () => {
    expect(refusal([coinbase])).toBeUndefined();
  });

  test('needs one reserved value of 32 bytes', () => {
    const message =
      'bad-witness-nonce-size, CheckWitnessMalleation : invalid witness reserved value size';
    expect(refusal([withWitness()])).toBe(message);
    expect(refusal([withWitness(new Uint8Array(31))])).toBe(message);
    expect(refusal([withWitness(new Uint8Array(32), new Uint8Array(32))])).toBe(message);
  });

  test('covers the reserved value and every witness', () => {
    const message =
      'bad-witness-merkle-match, CheckWitnessMalleation : witness merkle commitment mismatch';
    expect(refusal([withWitness(new Uint8Array(32).fill(1))])).toBe(message);
    expect(refusal([coinbase, new Tx({ ...coinbase, locktime: 7 })])).toBe(message);
  });

  test('without it there is no witness', () => {
    const message = 'unexpected-witness, CheckWitnessMalleation : unexpected witness data found';
    const bare = new Tx({ ...withWitness(), outputs: coinbase.outputs.slice(0, 1) });
    expect(refusal([bare])).toBeUndefined();
    expect(refusal([bare, coinbase])).toBe(message);
    // Before segwit the same output means nothing.
    expect(refusal([coinbase], false)).toBe(message);
    expect(refusal([withWitness()], false)).toBeUndefined();
  });
});
