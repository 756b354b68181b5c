/** The lines about scripts in the text form of a wallet's keys: what is behind script hashes, since 0.16. */
import { expandDescriptor, isRanged, keysOf } from '@coind/descriptors';
import { bytesToHex, hash160, hexToBytes, isHex, sha256 } from '@coind/primitives';
import { encodeAddress, p2sh, p2wsh, witnessProgram } from '@coind/script';
import type { WalletContext } from './context.ts';
import type { DumpedScript } from './multisig.ts';

/** Unix seconds as `2018-01-31T12:00:00Z`. */
export function formatTime(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 19)}Z`;
}

/** Writes what the wallet knows to be behind hashes, in the order of the hashes, as 0.16 did. */
export async function dumpScripts(
  context: WalletContext,
  write: (text: string) => void,
): Promise<void> {
  const { params } = context;
  const lines = new Map<string, string>();
  const add = (script: Uint8Array, timestamp: number): void => {
    const hash = hash160(script);
    const time = timestamp > 1 ? formatTime(timestamp) : '0';
    const address = encodeAddress(p2sh(hash), params) ?? '';
    lines.set(bytesToHex(hash), `${bytesToHex(script)} ${time} script=1 # addr=${address}\n`);
  };
  for await (const { script, timestamp } of knownScripts(context)) add(script, timestamp);
  for (const hash of [...lines.keys()].sort()) write(lines.get(hash) as string);
}

/** Scripts behind hashes: of known scripts, of own ones with several keys, of segwit addresses that have a name. */
async function* knownScripts({ keyring, tables }: WalletContext): AsyncGenerator<{
  readonly script: Uint8Array;
  readonly timestamp: number;
}> {
  for await (const [script, { redeemScript, timestamp }] of tables.known.entries()) {
    const solution = keyring.known.solve(script);
    const told = redeemScript === undefined ? [] : [hexToBytes(redeemScript)];
    for (const one of [...told, solution?.redeemScript, solution?.witnessScript]) {
      if (one) yield { script: one, timestamp };
    }
  }
  for (const { row, descriptor } of keyring.list()) {
    if (keysOf(descriptor).length < 2 || isRanged(descriptor)) continue;
    for (const { redeemScript, witnessScript } of expandDescriptor(descriptor, 0)) {
      const { timestamp } = row;
      if (redeemScript) yield { script: redeemScript, timestamp };
      if (witnessScript) yield { script: witnessScript, timestamp };
      if (witnessScript) yield { script: p2wsh(sha256(witnessScript)), timestamp };
    }
  }
  for await (const [script] of tables.book.entries()) {
    const owner = keyring.owner(undefined, script);
    const solution = owner && keyring.solutionOf(owner, script);
    const program = solution?.redeemScript ?? hexToBytes(script);
    const isKey = solution?.keys.length === 1 && witnessProgram(program)?.version === 0;
    if (isKey) yield { script: program, timestamp: 0 };
  }
}

/** The scripts in such a text. */
export function parseDumpedScripts(text: string): DumpedScript[] {
  const found = new Map<string, DumpedScript>();
  for (const line of text.split('\n')) {
    const [hex = '', time = '', ...flags] = line.trim().split(' ');
    if (hex === '' || !isHex(hex) || !flags.includes('script=1')) continue;
    const seconds = Math.floor(Date.parse(time) / 1000);
    // Nobody knows is written as 0, which is a date too.
    const known = time === '0' || Number.isNaN(seconds) ? 0 : Math.max(0, seconds);
    found.set(hex, { script: hexToBytes(hex), time: known });
  }
  return [...found.values()];
}
