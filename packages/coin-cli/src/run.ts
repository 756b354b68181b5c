/**
 * coin-cli from command line to exit status: options, conf file, standard input, one request, one answer.
 * Behaviour and texts are bitcoin-cli's, because scripts read them.
 */
import { formatJson, type Json, JsonObject } from '@coind/rpc';
import {
  ConfError,
  chosenChain,
  dataDirectory,
  emptySources,
  formatOptionHelp,
  loadConf,
  resolveChain,
  Settings,
} from '@coind/rpc/conf';
import { call, type Target } from './connection.ts';
import { namedParams, positionalParams } from './convert.ts';
import { formatFailure, formatResult, formatRpcError, type Outcome } from './format.ts';
import { netInfo } from './netinfo.ts';
import { options, optionTitles, readArguments } from './options.ts';
import {
  addrInfo,
  generate,
  getInfo,
  member,
  painter,
  requestBody,
  type Send,
} from './shortcuts.ts';
import { type Input, LineReader } from './stdin.ts';
import { VERSION } from './version.ts';

/** The surroundings of a run. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opened only when an option reads from it. */
  readonly stdin: () => Input;
  /** True when standard output is a terminal: colours. */
  readonly toTerminal: boolean;
  /** Takes prompts and warnings for standard error. */
  readonly tell: (text: string) => void;
}

/** Runs a command line (without node and script); never throws for what a user can do wrong. */
export async function run(argv: readonly string[], around: Surroundings): Promise<Outcome> {
  const prepared = prepare(argv, around);
  if ('exitCode' in prepared) return prepared;
  const lines = new LineReader(around.stdin, around.tell);
  try {
    return await command(prepared, lines, around.toTerminal);
  } catch (error) {
    return formatFailure((error as Error).message);
  } finally {
    await lines.close();
  }
}

interface Prepared {
  readonly target: Target;
  readonly words: readonly string[];
}

function prepare(argv: readonly string[], { env, tell }: Surroundings): Prepared | Outcome {
  const fail = (message: string): Outcome => ({ stdout: '', stderr: `${message}\n`, exitCode: 1 });
  let prefix = '';
  try {
    const { values, words } = readArguments(argv);
    const settings = new Settings({ ...emptySources(), commandLine: values }, options);
    const asked = ['?', 'h', 'help'].some((name) => settings.isSet(name));
    if (settings.bool('version', false)) return { stdout: versionText(), stderr: '', exitCode: 0 };
    if (argv.length === 0 || asked) {
      return asked
        ? { stdout: helpText(), stderr: '', exitCode: 0 }
        : { stdout: helpText(), stderr: 'Error: too few parameters\n', exitCode: 1 };
    }
    prefix = 'Error: ';
    dataDirectory(settings, env);
    prefix = 'Error reading configuration file: ';
    const defaultChain = () => fallbackChain(settings);
    const { path } = loadConf(settings, {
      table: options,
      env,
      defaultChain,
      warn: () => undefined,
    });
    prefix = 'Error: ';
    const params = resolveChain(chosenChain(settings, defaultChain()));
    settings.section = params.name;
    const dataDir = dataDirectory(settings, env);
    const warn = (line: string) => tell(`${line}\n`);
    return {
      words,
      target: { settings, params, dataDir, confPath: path, password: undefined, warn },
    };
  } catch (error) {
    if (error instanceof ConfError) return fail(prefix + error.message);
    throw error;
  }
}

function fallbackChain(settings: Settings): string {
  if (settings.text('compat') === 'core') return 'main';
  return settings.bool('playground', false) ? 'regtest' : 'coin';
}

const SHORTCUTS = ['addrinfo', 'generate', 'getinfo', 'netinfo'] as const;

async function command(
  { target: untold, words: given }: Prepared,
  lines: LineReader,
  toTerminal: boolean,
): Promise<Outcome> {
  const { settings } = untold;
  const target = { ...untold, password: await typedPassword(settings, lines) };
  const words = await withTypedWords(settings, given, lines);
  refuseSockets(settings);
  const chosen = SHORTCUTS.filter((name) => settings.isSet(name));
  if (chosen.length > 1) {
    throw new Error(`Only one of ${chosen.map((name) => `-${name}`).join(', ')} may be specified.`);
  }
  const wallet = settings.isNegated('rpcwallet') ? undefined : settings.text('rpcwallet');
  const send: Send = (body, other) => call(target, body, other ?? wallet);
  if (settings.bool('getinfo', false)) {
    const paint = painter(settings.text('color', 'auto'), toTerminal);
    return getInfo(send, words, { paint, wallet });
  }
  if (settings.bool('netinfo', false)) {
    const now = Math.floor(Date.now() / 1000);
    return netInfo(send, words, { chain: target.params.name, now });
  }
  if (settings.bool('generate', false)) return generate(send, words);
  if (settings.bool('addrinfo', false)) return addrInfo(send, words);
  const [method, ...rest] = words;
  if (method === undefined) throw new Error('too few parameters (need at least command)');
  const toParams = settings.bool('named', false) ? namedParams : positionalParams;
  const id = formatJson(settings.text('rpcid', '1'));
  return outcomeOf(await send(requestBody(method, toParams(method, rest), id)));
}

/** Scripts for bitcoin-cli may say that they want no other way than the one there is. Throws for another one. */
function refuseSockets(settings: Settings): void {
  if (['auto', '0'].includes(settings.text('ipcconnect', 'auto'))) return;
  if (settings.isSet('rpcconnect') && !settings.isNegated('rpcconnect')) {
    throw new Error('-rpcconnect and -ipcconnect options cannot both be enabled');
  }
  throw new Error('bitcoin-cli was not built with IPC support');
}

async function typedPassword(settings: Settings, lines: LineReader): Promise<string | undefined> {
  if (!settings.bool('stdinrpcpass', false)) return undefined;
  const password = await lines.secret('RPC password> ');
  if (password !== undefined) return password;
  throw new Error('-stdinrpcpass specified but failed to read from standard input');
}

/** The words of the command line with what standard input adds to them. */
async function withTypedWords(
  settings: Settings,
  given: readonly string[],
  lines: LineReader,
): Promise<string[]> {
  const words = [...given];
  if (settings.bool('stdinwalletpassphrase', false)) {
    if (!words[0]?.startsWith('walletpassphrase')) {
      throw new Error('-stdinwalletpassphrase is only applicable for walletpassphrase(change)');
    }
    const passphrase = await lines.secret('Wallet passphrase> ');
    if (passphrase === undefined) {
      throw new Error('-stdinwalletpassphrase specified but failed to read from standard input');
    }
    words.splice(1, 0, passphrase);
  }
  if (settings.bool('stdin', false)) words.push(...(await lines.rest()));
  return words;
}

function outcomeOf(reply: Json): Outcome {
  if (!(reply instanceof JsonObject) || reply.entries.length === 0) {
    throw new Error('expected reply to have result, error and id properties');
  }
  const error = member(reply, 'error');
  return error === null ? formatResult(member(reply, 'result')) : formatRpcError(error);
}

function versionText(): string {
  return (
    `coind RPC client version v${VERSION}\n` +
    'Free software under the MIT licence, see the file LICENSE; without any warranty.\n'
  );
}

function helpText(): string {
  return (
    `coind RPC client version v${VERSION}\n\n` +
    'coin-cli sends one command to a running coind (or bitcoind) and prints the answer.\n\n' +
    'Usage: coin-cli [options] <command> [params]\n' +
    '   or: coin-cli [options] -named <command> [name=value]...\n' +
    '   or: coin-cli [options] help [<command>]\n\n' +
    'Options come before the command.\n\n' +
    formatOptionHelp(options, optionTitles)
  );
}
