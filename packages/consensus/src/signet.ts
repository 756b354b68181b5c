/**
 * Signed blocks (BIP325). A block's solution sits in its coinbase, behind the witness commitment, and
 * is verified as the input of a virtual transaction whose message is the block without the solution.
 */
import {
  type Block,
  DecodeError,
  EMPTY,
  equalBytes,
  hexToBytes,
  hexToHash,
  merkleRoot,
  NO_VOUT,
  Reader,
  Tx,
  Writer,
  ZERO_TXID,
} from '@coind/primitives';
import {
  buildScript,
  Flags,
  OP,
  PrecomputedTx,
  ScriptCursor,
  ScriptError,
  TxChecker,
  verifyScript,
} from '@coind/script';
import { witnessCommitmentIndex } from './witness-commitment.ts';

/** In front of the solution, inside one push of the commitment output. */
const HEADER = hexToBytes('ecc7daa2');
const SIGNET_FLAGS = Flags.P2SH | Flags.WITNESS | Flags.DERSIG | Flags.NULLDUMMY;

/** The virtual transactions of a block: signing `toSign`'s only input signs the block. */
export interface SignetTxs {
  /** Its output 0 is locked by the challenge. */
  readonly toSpend: Tx;
  /** Spends it with the solution that the block carries; with nothing when it carries none. */
  readonly toSign: Tx;
}

/**
 * The virtual transactions for `block` under the `challenge` (a script in hex); undefined when the
 * block has no witness commitment or its solution is not readable.
 */
export function signetTxs(block: Block, challenge: string): SignetTxs | undefined {
  const [coinbase] = block.txs;
  const at = coinbase ? witnessCommitmentIndex(coinbase) : -1;
  if (!coinbase || at < 0) return undefined;
  const commitment = splitCommitment(coinbase.outputs[at]?.scriptPubKey ?? EMPTY);
  const solution = readSolution(commitment.solution);
  if (!solution) return undefined;
  const outputs = coinbase.outputs.map((output, i) =>
    i === at ? { ...output, scriptPubKey: commitment.rest } : output,
  );
  const { version, inputs, locktime } = coinbase;
  const unsigned = new Tx({ version, inputs, outputs, locktime });
  const ids = [unsigned.txid, ...block.txs.slice(1).map(({ txid }) => txid)];
  const message = new Writer(72)
    .i32(block.header.version)
    .bytes(hexToHash(block.header.prevHash))
    .bytes(hexToHash(merkleRoot(ids).root))
    .u32(block.header.time)
    .finish();
  const toSpend = virtualTx(
    { txid: ZERO_TXID, vout: NO_VOUT },
    { scriptSig: buildScript([OP.OP_0, message]), witness: [] },
    hexToBytes(challenge),
  );
  const toSign = virtualTx({ txid: toSpend.txid, vout: 0 }, solution, buildScript([OP.OP_RETURN]));
  return { toSpend, toSign };
}

/** A scriptSig and a witness. */
type Solution = Pick<Tx['inputs'][number], 'scriptSig' | 'witness'>;

function virtualTx(
  prevout: Tx['inputs'][number]['prevout'],
  solution: Solution,
  scriptPubKey: Uint8Array,
): Tx {
  return new Tx({
    version: 0,
    inputs: [{ prevout, ...solution, sequence: 0 }],
    outputs: [{ value: 0n, scriptPubKey }],
    locktime: 0,
  });
}

/** Takes the solution out of a commitment script; only the first push that begins with the header. */
function splitCommitment(script: Uint8Array): { rest: Uint8Array; solution: Uint8Array } {
  const parts: (number | Uint8Array)[] = [];
  let solution: Uint8Array | undefined;
  const cursor = new ScriptCursor(script);
  while (cursor.next()) {
    const { data, opcode } = cursor;
    const { length } = HEADER;
    if (data.length === 0) {
      parts.push(opcode);
    } else if (!solution && data.length > length && equalBytes(data.subarray(0, length), HEADER)) {
      solution = data.subarray(length);
      parts.push(HEADER);
    } else {
      parts.push(data);
    }
  }
  return solution ? { rest: buildScript(parts), solution } : { rest: script, solution: EMPTY };
}

/** A solution is a scriptSig and a witness stack; nothing stands for both empty. */
function readSolution(bytes: Uint8Array): Solution | undefined {
  if (bytes.length === 0) return { scriptSig: EMPTY, witness: [] };
  try {
    const reader = new Reader(bytes);
    const scriptSig = reader.varBytes();
    const witness: Uint8Array[] = [];
    for (let count = reader.compactSize(); count > 0; count--) witness.push(reader.varBytes());
    reader.end();
    return { scriptSig, witness };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** True when `block` carries a solution to the `challenge` (a script in hex). */
export function hasSignetSolution(block: Block, challenge: string): boolean {
  const txs = signetTxs(block, challenge);
  const [input] = txs?.toSign.inputs ?? [];
  const [spent] = txs?.toSpend.outputs ?? [];
  if (!txs || !input || !spent) return false;
  const checker = new TxChecker(txs.toSign, 0, spent.value, new PrecomputedTx(txs.toSign, [spent]));
  try {
    verifyScript(input.scriptSig, spent.scriptPubKey, input.witness, SIGNET_FLAGS, checker);
    return true;
  } catch (error) {
    if (error instanceof ScriptError) return false;
    throw error;
  }
}

/**
 * The push that a signer puts behind the witness commitment: the header and the solution it found.
 * Append it to the commitment's script.
 */
export function signetSolutionPush({ scriptSig, witness }: Solution): Uint8Array {
  const writer = new Writer().bytes(HEADER).varBytes(scriptSig).compactSize(witness.length);
  for (const item of witness) writer.varBytes(item);
  return buildScript([writer.finish()]);
}
