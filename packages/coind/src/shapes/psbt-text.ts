/** PSBTs as calls take and give them: base64. */
import { bytesToHex } from '@coind/primitives';
import { RpcError } from '@coind/rpc';
import {
  type PartialPayment,
  Psbt,
  PsbtError,
  type PsbtVersion,
  type SignOutcome,
} from '@coind/wallet';

/** Reads a PSBT. Throws -22. */
export function parsePsbt(text: string): Psbt {
  const bytes = Buffer.from(text, 'base64');
  // Buffer passes over what is no base64; written again, such text is another.
  if (bytes.toString('base64') !== text) throw new RpcError(-22, 'TX decode failed invalid base64');
  try {
    return Psbt.decode(bytes);
  } catch (error) {
    if (!(error instanceof PsbtError)) throw error;
    throw new RpcError(-22, `TX decode failed ${error.message}`);
  }
}

/** Writes a PSBT. */
export const formatPsbt = (psbt: Psbt): string => Buffer.from(psbt.encode()).toString('base64');

/** The version of a new PSBT. Throws -8 for one that there is not. */
export function checkedVersion(version: number): PsbtVersion {
  if (version === 0 || version === 2) return version;
  throw new RpcError(-8, 'The PSBT version can only be 2 or 0');
}

/** Throws -22 for a PSBT that cannot be signed as it is, or not with the hash type that was asked for. */
export function checkOutcomes(outcomes: readonly SignOutcome[] | undefined): void {
  if (!outcomes) throw new RpcError(-22, 'PSBT is not valid: its inputs ask for other locktimes');
  if (outcomes.includes('sighash-mismatch')) {
    throw new RpcError(-22, 'Specified sighash value does not match value stored in PSBT');
  }
}

/** What became of a payment that others may have to sign. */
export function partialJson({ tx, complete, psbt }: PartialPayment) {
  return {
    ...(psbt && { psbt: formatPsbt(psbt) }),
    ...(complete && { txid: tx.txid }),
    ...(complete && psbt && { hex: bytesToHex(tx.encode()) }),
    complete,
  };
}
