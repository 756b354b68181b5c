/**
 * Refusals of transactions as 0.16 worded them: the number of BIP61 in front, and for scripts whether they break a
 * rule that nobody may break or only one of relay. That line was BIP16 alone.
 */
import { runScriptCheck, scriptChecksOf, ValidationError } from '@coind/consensus';
import type { Mempool } from '@coind/mempool';
import type { Tx, TxOutput } from '@coind/primitives';
import { Flags } from '@coind/script';

const REJECT_INVALID = 16;
const REJECT_NONSTANDARD = 64;
const SCRIPT_FAILURE = /^mempool-script-verify-flag-failed (\(.*\))$/s;

/** Why the mempool refused `tx`, with the number in front. */
export async function earlyReason(
  tx: Tx,
  error: ValidationError,
  { mempool }: { readonly mempool: Mempool },
): Promise<string> {
  const script = SCRIPT_FAILURE.exec(error.reason);
  if (!script) return `${error.bip61}: ${error.reason}`;
  const [, text = ''] = script;
  return (await obeysBip16(tx, mempool))
    ? `${REJECT_NONSTANDARD}: non-mandatory-script-verify-flag ${text}`
    : `${REJECT_INVALID}: mandatory-script-verify-flag-failed ${text}`;
}

async function obeysBip16(tx: Tx, mempool: Mempool): Promise<boolean> {
  const coins = await mempool.coins(tx.inputs.map(({ prevout }) => prevout));
  const spent = coins.flatMap((coin): TxOutput[] => (coin ? [coin.output] : []));
  // Gone in the meantime, by a block.
  if (spent.length < tx.inputs.length) return true;
  try {
    for (const check of scriptChecksOf(tx, spent, Flags.P2SH)) runScriptCheck(check, 'mempool');
    return true;
  } catch (error) {
    if (error instanceof ValidationError) return false;
    throw error;
  }
}
