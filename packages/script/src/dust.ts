/**
 * Dust: outputs that would cost more to spend than they hold, at a fee rate. What may not be relayed
 * because of it is the mempool's policy; what change is worth keeping is the wallet's choice.
 */
import {
  compactSizeLength,
  type FeeRate,
  feeFor,
  type Sats,
  type TxOutput,
} from '@coind/primitives';
import { isUnspendable, witnessProgram } from './script.ts';

/** Bytes of an input without its signature, and of a signature with its key. */
const INPUT_SIZE = 32 + 4 + 1 + 4;
const SIGNATURE_SIZE = 107;

/**
 * The least value in satoshis at which an output is worth spending at `rate`; 0 for one nobody can spend.
 *
 * @example dustThreshold({ value: 0n, scriptPubKey: p2wpkh(hash) }, feeRate(3_000n)) // 294n
 */
export function dustThreshold({ scriptPubKey }: TxOutput, rate: FeeRate): Sats {
  if (isUnspendable(scriptPubKey)) return 0n;
  const size = 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length;
  // In a witness a signature weighs a quarter.
  const signature = witnessProgram(scriptPubKey) ? Math.floor(SIGNATURE_SIZE / 4) : SIGNATURE_SIZE;
  return feeFor(rate, size + INPUT_SIZE + signature);
}

/** True when spending the output would cost more than it holds. */
export function isDust(output: TxOutput, rate: FeeRate): boolean {
  return output.value < dustThreshold(output, rate);
}
