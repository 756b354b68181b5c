/** What -help and -version print. */
import type { Profile } from '@coind/rpc';
import { formatOptionHelp } from '@coind/rpc/conf';
import { optionsOf, optionTitles } from './options.ts';
import { COIND_VERSION } from './version.ts';

/** The text of -version. */
export function formatVersion(): string {
  return (
    `coind daemon version v${COIND_VERSION}\n` +
    'Free software under the MIT licence, see the file LICENSE; without any warranty.\n'
  );
}

/** The text of -help; with `debug` also the options for debugging. */
export function formatUsage(profile: Profile, debug: boolean): string {
  return (
    `coind daemon version v${COIND_VERSION}\n\n` +
    'coind is a Bitcoin node with a wallet and a miner. Programs written for bitcoind can talk to it.\n\n' +
    'Usage: coind [options]\n\n' +
    'An option is written -name=value or --name=value; -noname switches it off. The same options,\n' +
    'without the dash, stand in coin.conf (or bitcoin.conf) in the data directory.\n\n' +
    formatOptionHelp(optionsOf(profile), optionTitles, debug)
  );
}
