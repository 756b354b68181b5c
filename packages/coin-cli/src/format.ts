/** What the client prints: texts bare, other results as JSON indented by two, errors with their code. */
import { formatJson, formatJsonIndented, type Json, JsonNumber, JsonObject } from '@coind/rpc';

/** What goes to the terminal and what the shell sees. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A result, printed. Null prints nothing, numbers come out as they were received. */
export function formatResult(result: Json): Outcome {
  const text = typeof result === 'string' ? result : formatJsonIndented(result, 2);
  return { stdout: result === null || text === '' ? '' : `${text}\n`, stderr: '', exitCode: 0 };
}

const WALLET_NOT_SPECIFIED = '-19';
const WALLET_HINT =
  ' Or for the CLI, specify the "-rpcwallet=<walletname>" option before the command (run "bitcoin-cli -h" for help or "bitcoin-cli listwallets" to see which wallets are currently loaded).';

/** An error of the daemon, printed; the exit status is its code without the sign, as a shell has it. */
export function formatRpcError(error: Json): Outcome {
  if (!(error instanceof JsonObject)) {
    return { stdout: '', stderr: `error: ${formatJson(error)}\n`, exitCode: 1 };
  }
  const code = error.get('code');
  const message = error.get('message');
  const number = code instanceof JsonNumber ? code.text : undefined;
  const parts: string[] = [];
  if (number !== undefined) parts.push(`error code: ${number}\n`);
  if (typeof message === 'string') parts.push(`error message:\n${message}`);
  if (number === WALLET_NOT_SPECIFIED) parts.push(WALLET_HINT);
  return {
    stdout: '',
    stderr: `${parts.join('')}\n`,
    exitCode: Math.abs(Number(number ?? 1)) % 256,
  };
}

/** Something that went wrong on this side or on the way. */
export function formatFailure(message: string): Outcome {
  return { stdout: '', stderr: `error: ${message}\n`, exitCode: 1 };
}
