/** `@coind/rpc/conf`: bitcoind's options and conf files, shared by the daemon and the client. Node only. */
export {
  type Arguments,
  parseArguments,
  type SplitArgument,
  splitArgument,
  UnknownOptionError,
  type Warn,
} from './arguments.ts';
export { chosenChain, resolveChain } from './chain-choice.ts';
export { type ConfText, parseConf } from './conf-file.ts';
export {
  type DaemonCredentials,
  type DaemonPlace,
  daemonCredentials,
  daemonEndpoint,
  daemonOptions,
} from './daemon-place.ts';
export {
  CONF_NAMES,
  dataDirectory,
  defaultDataDir,
  type LoadConfOptions,
  type LoadedConf,
  loadConf,
  pathSetting,
  type StraySection,
} from './load-conf.ts';
export {
  findOption,
  formatOptionHelp,
  nearestOption,
  type OptionKind,
  type OptionSpec,
  type OptionTable,
} from './option-table.ts';
export {
  ConfError,
  emptySources,
  isTrueText,
  leadingInteger,
  type SettingSources,
  Settings,
  type SettingValue,
  type SettingValues,
} from './settings.ts';
