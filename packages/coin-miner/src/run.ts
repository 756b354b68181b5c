/** coin-miner from command line to exit status: options, conf file, the node, the search, what is printed. */
import { availableParallelism } from 'node:os';
import { createSearchThreads } from '@coind/pow';
import {
  ConfError,
  chosenChain,
  type DaemonPlace,
  dataDirectory,
  emptySources,
  formatOptionHelp,
  loadConf,
  parseArguments,
  resolveChain,
  Settings,
} from '@coind/rpc/conf';
import { AddressError, decodeAddress } from '@coind/script';
import { mineFor } from './mine.ts';
import { nodeAt } from './node.ts';
import { options, optionTitles } from './options.ts';
import { type Output, tellOn } from './progress.ts';
import { VERSION } from './version.ts';

/** The surroundings of a run. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

const HELP = `coin-miner ${VERSION}

Mines for coind, or for any bitcoind, over getblocktemplate.

Usage: coin-miner [options]

`;

/** Runs a command line (without node and script); never throws for what a user can do wrong. */
export async function run(argv: readonly string[], around: Surroundings): Promise<number> {
  const { stdout, stderr } = around;
  try {
    const { values, words } = parseArguments(argv, options, { warn: () => undefined });
    if (words[0] !== undefined) throw new ConfError(`coin-miner takes options only: ${words[0]}`);
    const settings = new Settings({ ...emptySources(), commandLine: values }, options);
    if (settings.bool('version', false)) {
      stdout.write(`coin-miner ${VERSION}\n`);
      return 0;
    }
    if (['?', 'h', 'help'].some((name) => settings.isSet(name))) {
      stdout.write(HELP + formatOptionHelp(options, optionTitles));
      return 0;
    }
    await mine(placeOf(settings, around), around);
    return 0;
  } catch (error) {
    stderr.write(`Error: ${(error as Error).message}\n`);
    return 1;
  }
}

/** Where the node is. Throws {@link ConfError}. */
function placeOf(settings: Settings, { env, stderr }: Surroundings): DaemonPlace {
  const defaultChain = () => {
    if (settings.text('compat') === 'core') return 'main';
    return settings.bool('playground', false) ? 'regtest' : 'coin';
  };
  loadConf(settings, { table: options, env, defaultChain, warn: () => undefined });
  const params = resolveChain(chosenChain(settings, defaultChain()));
  settings.section = params.name;
  const warn = (line: string) => void stderr.write(`${line}\n`);
  return { settings, params, dataDir: dataDirectory(settings, env), password: undefined, warn };
}

async function mine(place: DaemonPlace, { stdout, signal }: Surroundings): Promise<void> {
  const { settings } = place;
  const node = nodeAt(place);
  const address = settings.text('address') || (await node.newAddress());
  const scriptPubKey = scriptOf(address, place);
  const wanted = settings.int('threads', 0);
  const threads = createSearchThreads({
    threads: wanted > 0 ? wanted : availableParallelism(),
  });
  const events = tellOn(stdout);
  const blocks = settings.int('blocks', 0) || undefined;
  stdout.write(`Mining on ${threads.threads} threads for ${address}\n`);
  try {
    await mineFor({ scriptPubKey, blocks }, { node, threads, events }, signal);
  } finally {
    events.end();
    await threads.close();
  }
}

function scriptOf(address: string, { params }: DaemonPlace): Uint8Array {
  try {
    return decodeAddress(address, params);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ConfError(`Invalid -address: '${address}' is none of the network ${params.name}`);
  }
}
