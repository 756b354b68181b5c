/**
 * Putting together what several signers made of one transaction. Every input takes a proof that is
 * complete if one copy has it; otherwise all signatures and scripts of all copies that fit.
 */
import { Tx, type TxInput, type TxOutput } from '@coind/primitives';
import { existingItems, SigningProvider, TxSigner } from './sign.ts';

/**
 * The first of `copies` with the signatures of all of them. `spent` are the outputs that its inputs
 * spend; the copies differ in scriptSigs and witnesses only.
 */
export function combineTransactions(copies: readonly Tx[], spent: readonly TxOutput[]): Tx {
  const [first] = copies as readonly [Tx, ...Tx[]];
  const inputs = first.inputs.map((_, index) =>
    combineInput(
      first,
      index,
      copies.map((copy) => copy.inputs[index] as TxInput),
      spent,
    ),
  );
  const { version, outputs, locktime } = first;
  return new Tx({ version, inputs, outputs, locktime });
}

function combineInput(
  tx: Tx,
  index: number,
  candidates: readonly TxInput[],
  spent: readonly TxOutput[],
): TxInput {
  const provider = new SigningProvider();
  const judge = new TxSigner({ tx, spent }, { provider });
  const complete = candidates.find((input) => judge.verify(index, input) === undefined);
  if (complete) return complete;
  const items = candidates.flatMap((input) => existingItems(input));
  for (const item of items) provider.addScript(item);
  const bare = tx.inputs[index] as TxInput;
  const input = { ...bare, scriptSig: new Uint8Array(0), witness: items };
  const inputs = tx.inputs.map((other, place) => (place === index ? input : other));
  const { version, outputs, locktime } = tx;
  const gathered = new Tx({ version, inputs, outputs, locktime });
  const proof = new TxSigner({ tx: gathered, spent }, { provider }).sign(index);
  // Nothing that could be made of it: what one of them has is better than all of it in a heap.
  if (proof.witness === items || proof.witness === input.witness) return bare;
  return { ...bare, ...proof };
}
