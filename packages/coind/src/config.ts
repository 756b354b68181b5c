/**
 * From a command line to typed options: reads arguments, conf file and settings.json, chooses the network,
 * applies what settings imply, checks, and groups the outcome by the module that takes it. The names of
 * options live in options.ts, the checks in option-checks.ts, bitcoind's forms in @coind/rpc/conf.
 */
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { withActivationHeight, withVersionBits } from '@coind/consensus';
import { type ChainParams, ParamsError, parseFixedPoint, signetParams } from '@coind/primitives';
import { type Era, eraOf, type Profile } from '@coind/rpc';
import {
  type Arguments,
  CONF_NAMES,
  ConfError,
  chosenChain,
  dataDirectory,
  defaultDataDir,
  emptySources,
  type LoadedConf,
  loadConf,
  nearestOption,
  type OptionTable,
  parseArguments,
  pathSetting,
  resolveChain,
  Settings,
  type SettingValue,
  UnknownOptionError,
} from '@coind/rpc/conf';
import type { Paths } from './data-dir.ts';
import { chosenCategories, chosenLevels, type LogOptions, type StartupNote } from './log.ts';
import { checkOptions, implySettings } from './option-checks.ts';
import {
  type IndexOptions,
  indexOptions,
  type MempoolOptions,
  type MiningOptions,
  mempoolOptions,
  miningOptions,
  type NetOptions,
  type NotifyOptions,
  netOptions,
  notifyOptions,
  type RpcOptions,
  rpcOptions,
  type ValidationOptions,
  validationOptions,
  type WalletOptions,
  walletOptions,
  type ZmqTopic,
  zmqTopicsOf,
} from './option-groups.ts';
import { optionsOf } from './options.ts';
import { SettingsFile } from './settings-file.ts';
import { type TrustedNodeOptions, trustedNodeOptions } from './trusted-node.ts';
import { clientName } from './version.ts';

/** All that a start needs to know. */
export interface Options {
  readonly profile: Profile;
  /** Of the legacy family, the release that is served. */
  readonly era: Era;
  readonly params: ChainParams;
  readonly playground: boolean;
  /** Run in the background; `wait` for the start to be done first. */
  readonly daemon: { readonly background: boolean; readonly wait: boolean };
  readonly paths: Paths;
  readonly log: LogOptions;
  /** Seconds; undefined for the real clock. */
  readonly mockTime: number | undefined;
  readonly validation: ValidationOptions;
  readonly mempool: MempoolOptions;
  readonly mining: MiningOptions;
  readonly wallets: WalletOptions;
  readonly notify: NotifyOptions;
  /** Topics to publish over ZeroMQ. */
  readonly zmq: readonly ZmqTopic[];
  readonly indexes: IndexOptions;
  readonly net: NetOptions;
  readonly rpc: RpcOptions;
  /** The node to compare with; undefined for none. */
  readonly trustedNode: TrustedNodeOptions | undefined;
  /** Settings that outlive the process. */
  readonly settingsFile: SettingsFile;
  /** What no group has: any option by name. */
  readonly settings: Settings;
  /** For the log as soon as it is open. */
  readonly notes: readonly StartupNote[];
  /** Whole lines for stderr. */
  readonly warnings: readonly string[];
}

/** What a command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly profile: Profile; readonly debug: boolean }
  | { readonly kind: 'version'; readonly profile: Profile }
  | { readonly kind: 'start'; readonly options: Options };

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a command line (without node and script). Throws {@link ConfError} with a text for stderr behind
 * `Error: `; nothing has been written by then.
 */
export function parseOptions(argv: readonly string[], env: Environment): Request {
  const notes: StartupNote[] = [];
  const info = (message: string) => notes.push({ level: 'info', message });
  const warn = (message: string) => notes.push({ level: 'warning', message });
  const asked = profileOf(argv);
  const table = optionsOf(asked);
  const args = readArguments(argv, table, asked, warn);
  const settings = new Settings({ ...emptySources(), commandLine: args.values }, table);
  if (['?', 'h', 'help', 'help-debug'].some((name) => settings.isSet(name))) {
    return { kind: 'help', profile: asked, debug: settings.bool('help-debug', false) };
  }
  if (settings.bool('version', false)) return { kind: 'version', profile: asked };

  const profile = () => parseProfile(settings.text('compat'));
  const fallbackChain = () => defaultChain(settings, profile());
  const originalDir = dataDirectory(settings, env);
  let conf: LoadedConf;
  try {
    conf = loadConf(settings, { table, env, defaultChain: fallbackChain, warn, info });
  } catch (error) {
    if (!(error instanceof ConfError)) throw error;
    throw new ConfError(`Error reading configuration file: ${error.message}`);
  }
  const params = withTestDeployments(chainOf(settings, fallbackChain()), settings);
  settings.section = params.name;
  const paths = pathsOf(settings, params, env);
  warnOfIgnoredConf(settings, conf, { originalDir, root: paths.root, info, warn });
  const settingsFile = SettingsFile.read(paths.settings, paths.client);
  for (const [name, value] of settingsFile.values) {
    if (!Object.hasOwn(table, name)) warn(`Ignoring unknown rw_settings value ${name}`);
    settings.sources.persisted.set(name, value);
  }
  const [word] = args.words;
  if (word !== undefined) {
    throw new ConfError(
      `Command line contains unexpected token '${word}', see bitcoind -h for a list of options.`,
    );
  }

  describeSources(settings, conf, { paths, env, info });
  for (const note of implySettings(settings)) info(note);
  for (const node of settings.texts('addnode')) {
    if (node.trim() === '') warn('Ignoring empty -addnode value');
  }
  const log = logOptions(settings, paths);
  checkOptions(settings, { params, profile: profile() });
  const context = { settings, params, profile: profile() };
  const options: Options = {
    profile: profile(),
    era: eraOf({
      compat: settings.text('compat'),
      deprecated: settings.texts('deprecatedrpc'),
      choosesAddressType: settings.isSet('addresstype'),
    }),
    params,
    playground: settings.bool('playground', false),
    daemon: {
      background: settings.bool('daemon', false) || settings.bool('daemonwait', false),
      wait: settings.bool('daemonwait', false),
    },
    paths,
    log,
    mockTime: settings.int('mocktime', 0) || undefined,
    validation: validationOptions(context),
    mempool: mempoolOptions(context),
    mining: miningOptions(context),
    wallets: walletOptions(context),
    notify: notifyOptions(settings),
    zmq: zmqTopicsOf(settings),
    indexes: indexOptions(settings),
    net: netOptions(context),
    rpc: rpcOptions(context),
    trustedNode: trustedNodeOptions(settings, params.rpcPort),
    settingsFile,
    settings,
    notes,
    warnings: warningsOf(settings, conf, params),
  };
  return { kind: 'start', options };
}

function readArguments(
  argv: readonly string[],
  table: OptionTable,
  profile: Profile,
  warn: (message: string) => void,
): Arguments {
  try {
    return parseArguments(argv, table, { warn });
  } catch (error) {
    if (!(error instanceof ConfError)) throw error;
    const near =
      error instanceof UnknownOptionError && profile !== 'core'
        ? nearestOption(table, error.option)
        : undefined;
    const hint = near === undefined ? '' : `. Did you mean -${near}?`;
    throw new ConfError(`Error parsing command line arguments: ${error.message}${hint}`);
  }
}

/** The profile that the command line asks for; it decides which options there are. */
function profileOf(argv: readonly string[]): Profile {
  const given = argv.filter((token) => /^--?compat=/.test(token)).at(-1);
  return parseProfile(given?.slice(given.indexOf('=') + 1));
}

function parseProfile(text: string | undefined): Profile {
  if (text === undefined || text === 'coind') return 'coind';
  if (text === 'core' || text === 'legacy') return text;
  if (['0.15', '0.16', '0.17'].includes(text)) return 'legacy';
  throw new ConfError(
    `Unknown -compat value ${text}. Valid values: core, legacy, 0.15, 0.16, 0.17.`,
  );
}

function defaultChain(settings: Settings, profile: Profile): string {
  if (profile === 'core') return 'main';
  return settings.bool('playground', false) ? 'regtest' : 'coin';
}

function chainOf(settings: Settings, fallback: string): ChainParams {
  const choice = chosenChain(settings, fallback);
  settings.section = choice;
  const challenges = settings.texts('signetchallenge');
  if (choice !== 'signet' || challenges.length === 0) return resolveChain(choice);
  if (challenges.length > 1) throw new ConfError('-signetchallenge cannot be multiple values.');
  const [challenge = ''] = challenges;
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(challenge)) {
    throw new ConfError(`-signetchallenge must be hex, not '${challenge}'.`);
  }
  return signetParams(challenge.toLowerCase());
}

/** Applies -testactivationheight, -vbparams and -test=bip94. Throws {@link ConfError}. */
function withTestDeployments(given: ChainParams, settings: Settings): ChainParams {
  let params = given;
  try {
    for (const text of settings.texts('testactivationheight')) {
      params = withActivationHeight(params, text);
    }
    for (const text of settings.texts('vbparams')) params = withVersionBits(params, text);
  } catch (error) {
    if (!(error instanceof ParamsError)) throw error;
    throw new ConfError(error.message);
  }
  const isBip94Tested = params.name === 'regtest' && settings.texts('test').includes('bip94');
  return { ...params, bip94: params.bip94 || isBip94Tested };
}

function pathsOf(settings: Settings, params: ChainParams, env: Environment): Paths {
  const root = dataDirectory(settings, env);
  const network = join(root, params.dataSubdirectory);
  const inNetwork = (name: string, fallback: string): string | undefined => {
    const given = pathSetting(settings, name);
    if (given === '') return undefined;
    return given === undefined || !isAbsolute(given) ? join(network, given ?? fallback) : given;
  };
  const blocksRoot = settings.text('blocksdir');
  const blocksDir = blocksRoot === undefined ? root : resolve(blocksRoot);
  const walletDir = settings.text('walletdir');
  return {
    root,
    network,
    blocks: join(blocksDir, params.dataSubdirectory, 'blocks'),
    chainstate: join(network, 'chainstate'),
    indexes: join(network, 'indexes'),
    cookie:
      settings.text('rpcpassword', '') === '' ? inNetwork('rpccookiefile', '.cookie') : undefined,
    pid: inNetwork('pid', 'bitcoind.pid') ?? join(network, 'bitcoind.pid'),
    settings: inNetwork('settings', 'settings.json'),
    mempool: join(network, 'mempool.dat'),
    fees: join(network, 'fees'),
    givenWallets:
      walletDir !== undefined && existsSync(walletDir) ? realpathSync(walletDir) : undefined,
    client: clientName(parseProfile(settings.text('compat'))),
  };
}

/** A conf file in the data directory that is not the one in use misleads: refused, as bitcoind does. */
function warnOfIgnoredConf(
  settings: Settings,
  conf: LoadedConf,
  {
    originalDir,
    root,
    info,
    warn,
  }: {
    originalDir: string;
    root: string;
    info: (message: string) => void;
    warn: (message: string) => void;
  },
): void {
  const present = CONF_NAMES.filter((name) => existsSync(join(root, name)));
  if (conf.path === undefined) {
    for (const name of present) {
      info(
        `Data directory "${root}" contains a "${name}" file which is explicitly ignored using -noconf.`,
      );
    }
    return;
  }
  const used = conf.found ? realpathSync(conf.path) : conf.path;
  const [other] = present;
  if (other === undefined || present.some((name) => realpathSync(join(root, name)) === used)) {
    return;
  }
  const given = settings.text('conf', '');
  const source =
    given === '' ? `data directory "${originalDir}"` : `command line argument "-conf=${given}"`;
  const message =
    `Data directory "${root}" contains a "${other}" file which is ignored, because a different configuration file "${conf.path}" from ${source} is being used instead. Possible ways to address this would be to:\n` +
    `- Delete or rename the "${other}" file in data directory "${root}".\n` +
    '- Change datadir= or conf= options to specify one configuration file, not two, and use includeconf= to include any other configuration files.';
  if (!settings.bool('allowignoredconf', false)) {
    throw new ConfError(
      `${message}\n- Set allowignoredconf=1 option to treat this condition as a warning, not an error.`,
    );
  }
  warn(message);
}

/** Where settings came from, for the log; secrets as asterisks. */
function describeSources(
  settings: Settings,
  conf: LoadedConf,
  { paths, env, info }: { paths: Paths; env: Environment; info: (message: string) => void },
): void {
  info(`Default data directory ${defaultDataDir(env)}`);
  info(`Using data directory ${paths.network}`);
  if (conf.path === undefined) info('Config file: <disabled>');
  else info(`Config file: ${conf.path}${conf.found ? '' : ' (not found, skipping)'}`);
  const table = optionsOf('coind');
  const tell = (source: string, values: ReadonlyMap<string, readonly SettingValue[]>) => {
    for (const name of [...values.keys()].sort()) {
      for (const value of values.get(name) ?? []) {
        info(`${source}${name}=${table[name]?.sensitive ? '****' : JSON.stringify(value)}`);
      }
    }
  };
  const { commandLine, persisted, conf: sections } = settings.sources;
  for (const section of [...sections.keys()].sort()) {
    const values = sections.get(section) ?? new Map();
    tell(`Config file arg: ${section === '' ? '' : `[${section}] `}`, values);
  }
  for (const [name, value] of persisted) {
    info(`Setting file arg: ${name} = ${JSON.stringify(value)}`);
  }
  tell('Command-line arg: ', commandLine);
}

const NETWORK_SECTIONS = ['main', 'test', 'testnet4', 'signet', 'regtest', 'coin'];

function warningsOf(settings: Settings, conf: LoadedConf, params: ChainParams): string[] {
  const lines = conf.ignoredIncludes.map(
    (name) =>
      `warning: -includeconf cannot be used from included files; ignoring -includeconf=${name}`,
  );
  if (settings.isSet('checkpoints')) {
    lines.push(
      "Warning: Option '-checkpoints' is set but checkpoints were removed. This option has no effect.",
    );
  }
  for (const kind of ['ancestor', 'descendant']) {
    if (settings.isSet(`limit${kind}size`)) {
      lines.push(
        `Warning: Option '-limit${kind}size' is given but ${kind} size limits have been replaced with cluster size limits (see -limitclustersize). This option has no effect.`,
      );
    }
  }
  lines.push(...walletWarnings(settings));
  const stray = conf.sections.filter(
    ({ name }) => !NETWORK_SECTIONS.includes(name) && name !== params.name,
  );
  if (stray.length > 0) {
    const each = stray.map(
      ({ file, line, name }) => `${file}:${line} Section [${name}] is not recognized.`,
    );
    lines.push(`Warning: ${each.join('\n')}`);
  }
  return lines;
}

/** Fees per 1,000 vbytes above which an option is probably a mistake, in satoshis. */
const HIGH_FEE_RATE = 1_000_000n;

/** What bitcoind says when it opens wallets with such options. */
function walletWarnings(settings: Settings): string[] {
  if (settings.text('compat') !== 'core' || settings.bool('disablewallet', false)) return [];
  const lines: string[] = [];
  const fallback = parseFixedPoint(settings.text('fallbackfee') ?? '', 8);
  if (fallback !== undefined && fallback > HIGH_FEE_RATE) {
    lines.push(
      'Warning: -fallbackfee is set very high! This is the transaction fee you may pay when fee estimates are not available.',
    );
  }
  if (settings.isSet('walletrbf')) {
    lines.push('Warning: -walletrbf is deprecated and will be fully removed in the next release.');
  }
  return lines;
}

function logOptions(settings: Settings, paths: Paths): LogOptions {
  const file = pathSetting(settings, 'debuglogfile');
  const debug = settings.texts('debug');
  const categories = chosenCategories(debug, settings.texts('debugexclude'));
  return {
    file: file === '' ? undefined : resolve(paths.network, file ?? 'debug.log'),
    console: settings.bool(
      'printtoconsole',
      !(settings.bool('daemon', false) || settings.bool('playground', false)),
    ),
    categories,
    ...chosenLevels(settings.texts('loglevel')),
    timestamps: settings.bool('logtimestamps', true),
    timeMicros: settings.bool('logtimemicros', false),
    threadNames: settings.bool('logthreadnames', false),
    levelAlways: settings.bool('loglevelalways', false),
    shrink: settings.bool('shrinkdebugfile', categories.size === 0),
  };
}
