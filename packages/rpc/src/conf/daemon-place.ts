/** Where a client finds its daemon and what it says who it is: host, port, cookie, by bitcoin-cli's rules. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ChainParams } from '@coind/primitives';
import { pathSetting } from './load-conf.ts';
import type { OptionTable } from './option-table.ts';
import type { Settings } from './settings.ts';

/** What the place of a daemon is made from. */
export interface DaemonPlace {
  readonly settings: Settings;
  readonly params: ChainParams;
  readonly dataDir: string;
  /** Typed by hand; undefined reads it from the settings. */
  readonly password: string | undefined;
  /** Hears of things that are odd but no error. */
  readonly warn: (line: string) => void;
}

const general = 'general';
const chain = 'chain';

/** The options by which any client finds its daemon. */
export const daemonOptions: OptionTable = {
  compat: {
    category: general,
    kind: 'string',
    value: '<core|legacy|0.15|0.16|0.17>',
    about: 'As the daemon was told; core means the main network unless told otherwise',
    noNegation: true,
    noBareForm: true,
  },
  conf: {
    category: general,
    kind: 'string',
    value: '<file>',
    about: 'The configuration file; relative paths start in the data directory',
    default: 'coin.conf, else bitcoin.conf',
  },
  datadir: {
    category: general,
    kind: 'string',
    value: '<dir>',
    about: 'The data directory',
    default: '~/.coind',
    noNegation: true,
  },
  rpcconnect: {
    category: general,
    kind: 'string',
    value: '<ip>',
    about: 'The host of the daemon, also as host:port',
    default: '127.0.0.1',
  },
  rpccookiefile: {
    category: general,
    kind: 'string',
    value: '<loc>',
    about: "The daemon's cookie file; relative paths start in the network's directory",
    default: '.cookie',
  },
  rpcpassword: { category: general, kind: 'string', value: '<pw>', about: 'Password for RPC' },
  rpcport: {
    category: general,
    kind: 'port',
    value: '<port>',
    about: 'The port of the daemon',
    default: '8332, of test networks 18332, 48332, 38332, 18443',
    networkOnly: true,
  },
  rpcuser: { category: general, kind: 'string', value: '<user>', about: 'User name for RPC' },
  chain: {
    category: chain,
    kind: 'string',
    value: '<chain>',
    about:
      'The network: coin, main, test, testnet4, signet, regtest, or a JSON file that describes one',
    default: 'coin; main with -compat=core',
  },
  regtest: { category: chain, kind: 'bool', about: 'The network for tests' },
  signet: { category: chain, kind: 'bool', about: 'The network where a committee signs blocks' },
  testnet: { category: chain, kind: 'bool', about: 'The older public test network' },
  testnet4: { category: chain, kind: 'bool', about: 'The public test network' },
  includeconf: { category: 'hidden', kind: 'string', about: 'More conf files', repeatable: true },
  playground: { category: 'hidden', kind: 'bool', about: 'As the daemon has it: regtest' },
};

/** How a client says who it is. */
export interface DaemonCredentials {
  /** `user:password`. */
  readonly text: string;
  /** What to tell when they are refused. */
  readonly refused: string;
}

/** Who asks: -rpcuser and -rpcpassword, else the cookie as it is now. */
export function daemonCredentials(place: DaemonPlace): DaemonCredentials {
  const { settings, params, dataDir, password: typed } = place;
  const password = typed ?? settings.text('rpcpassword', '');
  if (password !== '') {
    const text = `${settings.text('rpcuser', '')}:${password}`;
    return { text, refused: 'Incorrect rpcuser or rpcpassword were specified.' };
  }
  const given = pathSetting(settings, 'rpccookiefile');
  if (given === '') {
    const refused =
      'Cookie file was disabled via -norpccookiefile and no rpcpassword was specified.';
    return { text: '', refused };
  }
  const file = given ?? '.cookie';
  const path = isAbsolute(file) ? file : join(dataDir, params.dataSubdirectory, file);
  try {
    const [line = ''] = readFileSync(path, 'utf8').split('\n');
    const refused = 'Cookie file credentials were invalid and no rpcpassword was specified.';
    return { text: line, refused };
  } catch {
    return {
      text: '',
      refused: 'Failed to read cookie file and no rpcpassword was specified.',
    };
  }
}

const isPort = (text: string) => /^[0-9]{1,5}$/.test(text) && +text > 0 && +text <= 65535;

/** Host and port: -rpcport over the port in -rpcconnect over the network's own. */
export function daemonEndpoint({ settings, params, warn }: DaemonPlace): {
  host: string;
  port: number;
} {
  const connect = settings.text('rpcconnect', '127.0.0.1');
  const colon = connect.lastIndexOf(':');
  const bracketed = connect.startsWith('[') && connect[colon - 1] === ']';
  const hasPort = colon >= 0 && (bracketed || connect.indexOf(':') === colon);
  const portText = hasPort ? connect.slice(colon + 1) : undefined;
  if (portText !== undefined && !isPort(portText)) {
    throw new Error(`Invalid port provided in -rpcconnect: ${connect}`);
  }
  const host = (hasPort ? connect.slice(0, colon) : connect).replace(/^\[(.*)\]$/, '$1');
  const rpcPort = settings.text('rpcport');
  if (rpcPort === undefined) return { host, port: Number(portText ?? params.rpcPort) };
  if (!isPort(rpcPort)) throw new Error(`Invalid port provided in -rpcport: ${rpcPort}`);
  if (portText !== undefined) {
    warn(`Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport ${+rpcPort}`);
  }
  return { host, port: Number(rpcPort) };
}
