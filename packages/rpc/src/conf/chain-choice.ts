/**
 * Which network a program is for, by -chain and its short forms. The parameters themselves are
 * primitives'; here is how a user names them.
 */
import { readFileSync } from 'node:fs';
import { type ChainParams, chainParams, parseChainParams } from '@coind/primitives';
import { ConfError, type Settings } from './settings.ts';

/** Short forms of -chain. */
const FLAGS = { regtest: 'regtest', signet: 'signet', testnet: 'test', testnet4: 'testnet4' };

/**
 * The name that was given for the network: one of primitives' names or the path of a JSON file.
 * Unchecked; throws {@link ConfError} when more than one was given.
 */
export function chosenChain(settings: Settings, fallback: string): string {
  const given = Object.entries(FLAGS).filter(([flag]) => settings.chainFlag(flag));
  const named = settings.text('chain');
  if (given.length + (named === undefined ? 0 : 1) > 1) {
    throw new ConfError(
      'Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.',
    );
  }
  return named ?? given[0]?.[1] ?? fallback;
}

/** Parameters of a network by name or from a JSON file. Throws {@link ConfError} when there are none. */
export function resolveChain(choice: string): ChainParams {
  const known = chainParams(choice);
  if (known) return known;
  if (!choice.endsWith('.json')) throw new ConfError(`Unknown chain ${choice}.`);
  try {
    return parseChainParams(JSON.parse(readFileSync(choice, 'utf8')));
  } catch (error) {
    throw new ConfError(`Chain file ${choice}: ${(error as Error).message}`);
  }
}
