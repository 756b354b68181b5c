/** Transactions as callers describe them: inputs by outpoint, outputs by address or data. */
import { hexToBytes, SEQUENCE_FINAL, Tx, type Txid, type TxOutput } from '@coind/primitives';
import { type NewOutput, RpcError } from '@coind/rpc';
import { nullData } from '@coind/script';
import type { NodeModules } from '../context.ts';
import { recipientScript } from './recipient.ts';

/** Signals that the transaction may be replaced (BIP125). */
const SEQUENCE_REPLACEABLE = 0xfffffffd;

/** What createrawtransaction and createpsbt are asked for. */
export interface NewTx {
  readonly inputs: readonly {
    readonly txid: Txid;
    readonly vout: number;
    readonly sequence?: number | undefined;
  }[];
  readonly outputs: readonly NewOutput[];
  readonly locktime: number;
  readonly replaceable?: boolean | undefined;
  readonly version: number;
}

/** The unsigned transaction. Throws -5 for a bad address, -8 when sequences contradict `replaceable`. */
export function newTx(
  { inputs, outputs, locktime, replaceable, version }: NewTx,
  node: Pick<NodeModules, 'params'>,
): Tx {
  const notReplaceable = locktime !== 0 ? SEQUENCE_FINAL - 1 : SEQUENCE_FINAL;
  const defaultSequence = (replaceable ?? true) ? SEQUENCE_REPLACEABLE : notReplaceable;
  const tx = new Tx({
    version,
    inputs: inputs.map(({ txid, vout, sequence }) => ({
      prevout: { txid, vout },
      scriptSig: new Uint8Array(0),
      sequence: sequence ?? defaultSequence,
      witness: [],
    })),
    outputs: outputs.map((output) => outputOf(output, node)),
    locktime,
  });
  const signals = tx.inputs.some(({ sequence }) => sequence <= SEQUENCE_REPLACEABLE);
  if (replaceable === true && inputs.length > 0 && !signals) {
    throw new RpcError(
      -8,
      'Invalid parameter combination: Sequence number(s) contradict replaceable option',
    );
  }
  return tx;
}

function outputOf(output: NewOutput, node: Pick<NodeModules, 'params'>): TxOutput {
  return 'data' in output
    ? { value: 0n, scriptPubKey: nullData(hexToBytes(output.data)) }
    : { value: output.amount, scriptPubKey: recipientScript(output.address, node) };
}
