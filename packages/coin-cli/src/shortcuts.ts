/** Commands of the client that are several calls: -getinfo, -generate, -addrinfo. */
import { codes, formatJson, type Json, JsonNumber, JsonObject } from '@coind/rpc';
import { positionalParams } from './convert.ts';
import { formatResult, formatRpcError, type Outcome } from './format.ts';

/** Sends a request body; a wallet overrides the one that was chosen. */
export type Send = (body: string, wallet?: string) => Promise<Json>;

/** One JSON-RPC request, as text. */
export function requestBody(method: string, params: string, id: string): string {
  return `{"jsonrpc":"2.0","method":${formatJson(method)},"params":${params},"id":${id}}`;
}

/** A member of a JSON object; null when either is not there. */
export function member(json: Json | undefined, ...names: readonly string[]): Json {
  let at: Json = json ?? null;
  for (const name of names) at = at instanceof JsonObject ? (at.get(name) ?? null) : null;
  return at;
}

/** Text of a number or string; empty for anything else. */
function shown(json: Json): string {
  if (json instanceof JsonNumber) return json.text;
  return typeof json === 'string' ? json : '';
}

/** `-generate [nblocks] [maxtries]`. */
export async function generate(send: Send, words: readonly string[]): Promise<Outcome> {
  const fresh = await send(requestBody('getnewaddress', '[]', '"1"'));
  const refused = member(fresh, 'error');
  if (refused !== null) return formatRpcError(refused);
  const [blocks = '1', ...rest] = words;
  if (rest.length > 1) throw new Error('too many arguments (maximum 2 for nblocks and maxtries)');
  if (blocks === '0') {
    throw new Error(
      'the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero',
    );
  }
  const address = shown(member(fresh, 'result'));
  const params = positionalParams('generatetoaddress', [blocks, address, ...rest]);
  const mined = await send(requestBody('generatetoaddress', params, '1'));
  const error = member(mined, 'error');
  if (error !== null) return formatRpcError(error);
  return formatResult(
    new JsonObject([
      ['address', address],
      ['blocks', member(mined, 'result')],
    ]),
  );
}

/** `-addrinfo`: known addresses of peers per network. */
export async function addrInfo(send: Send, words: readonly string[]): Promise<Outcome> {
  if (words.length > 0) throw new Error('-addrinfo takes no arguments');
  const reply = await send(requestBody('getaddrmaninfo', '[]', '1'));
  const error = member(reply, 'error');
  if (error !== null) return formatRpcError(error);
  const result = member(reply, 'result');
  const networks = result instanceof JsonObject ? result.entries : [];
  const counts = networks.map(([name, entry]): readonly [string, Json] => [
    name === 'all_networks' ? 'total' : name,
    member(entry, 'total'),
  ]);
  return formatResult(new JsonObject([['addresses_known', new JsonObject(counts)]]));
}

const COLORS = { blue: 34, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;
type Paint = (color: keyof typeof COLORS, text: string) => string;

/** How to colour by -color=. Throws on a word that is none. */
export function painter(when: string, toTerminal: boolean): Paint {
  if (!['always', 'auto', 'never'].includes(when)) {
    throw new Error('Invalid value for -color option. Valid values: always, auto, never.');
  }
  if (when === 'never' || (when === 'auto' && !toTerminal)) return (_, text) => text;
  return (color, text) => `\u001b[${COLORS[color]}m${text}\u001b[0m`;
}

/** What -getinfo asks for, in one batch. */
const INFO_CALLS = ['getnetworkinfo', 'getblockchaininfo', 'getwalletinfo', 'getbalances'] as const;

/** `-getinfo`: a page about daemon and wallet; balances of all wallets when several are loaded. */
export async function getInfo(
  send: Send,
  words: readonly string[],
  { paint, wallet }: { paint: Paint; wallet: string | undefined },
): Promise<Outcome> {
  if (words.length > 0) throw new Error('-getinfo takes no arguments');
  const calls = INFO_CALLS.map((method, id) => requestBody(method, '[]', String(id)));
  const replies = await send(`[${calls.join(',')}]`);
  const byId = (id: number): Json => {
    const all = Array.isArray(replies) ? (replies as readonly Json[]) : [];
    return all.find((reply) => shown(member(reply, 'id')) === String(id)) ?? replies;
  };
  const [network, chain, walletInfo, balances] = [byId(0), byId(1), byId(2), byId(3)];
  for (const needed of [network, chain]) {
    const error = member(needed, 'error');
    if (error !== null) return formatRpcError(error);
  }
  if (isEarly(network, balances)) {
    return formatResult(earlyInfo(member(network, 'result'), member(chain, 'result'), walletInfo));
  }
  const lines = [
    ...chainLines(member(chain, 'result'), paint),
    '',
    ...networkLines(member(network, 'result'), paint),
    '',
    ...walletLines(member(walletInfo, 'result'), member(balances, 'result'), paint),
    ...(wallet === undefined ? await allBalances(send, paint) : []),
    `${paint('yellow', 'Warnings:')} ${warningsText(member(network, 'result', 'warnings'))}`,
  ];
  return formatResult(lines.join('\n'));
}

/** Whether the answers are those of a node that had no getbalances yet, when the page was an object. */
function isEarly(network: Json, balances: Json): boolean {
  const missing = shown(member(balances, 'error', 'code')) === `${codes.methodNotFound}`;
  return missing && typeof member(network, 'result', 'warnings') === 'string';
}

/** What bitcoin-cli 0.16 showed: the members of the getinfo that the daemon had lost. */
function earlyInfo(network: Json, chain: Json, walletReply: Json): JsonObject {
  const wallet = member(walletReply, 'result');
  const networks = member(network, 'networks');
  const [first] = Array.isArray(networks) ? (networks as readonly Json[]) : [];
  const from = (source: Json, ...names: readonly string[]): [string, Json][] =>
    names.flatMap((name) => {
      const value = member(source, name);
      return value === null ? [] : [[name, value]];
    });
  return new JsonObject([
    ...from(network, 'version', 'protocolversion'),
    ...from(wallet, 'walletversion', 'balance'),
    ...from(chain, 'blocks'),
    ...from(network, 'timeoffset', 'connections'),
    ['proxy', member(first, 'proxy') ?? ''],
    ...from(chain, 'difficulty'),
    ['testnet', member(chain, 'chain') === 'test'],
    ...from(wallet, 'keypoololdest', 'keypoolsize', 'unlocked_until', 'paytxfee'),
    ...from(network, 'relayfee', 'warnings'),
  ]);
}

function chainLines(chain: Json, paint: Paint): string[] {
  const progress = Number(shown(member(chain, 'verificationprogress')));
  const filled = Math.ceil(progress * 20);
  const bar = progress < 0.99 ? `${'\u2592'.repeat(filled)}${'\u2591'.repeat(20 - filled)} ` : '';
  return [
    paint('blue', `Chain: ${shown(member(chain, 'chain'))}`),
    `Blocks: ${shown(member(chain, 'blocks'))}`,
    `Headers: ${shown(member(chain, 'headers'))}`,
    `Verification progress: ${bar}${(progress * 100).toFixed(4)}%`,
    `Difficulty: ${shown(member(chain, 'difficulty'))}`,
  ];
}

function networkLines(network: Json, paint: Paint): string[] {
  const of = (name: string) => shown(member(network, name));
  const proxies = new Map<string, string[]>();
  const networks = member(network, 'networks');
  for (const entry of Array.isArray(networks) ? (networks as readonly Json[]) : []) {
    const proxy = shown(member(entry, 'proxy'));
    if (proxy === '') continue;
    proxies.set(proxy, [...(proxies.get(proxy) ?? []), shown(member(entry, 'name'))]);
  }
  const proxyTexts = [...proxies].map(([proxy, names]) => `${proxy} (${names.join(', ')})`);
  const total = of('connections');
  return [
    paint(
      'green',
      `Network: in ${of('connections_in')}, out ${of('connections_out')}, total ${total}`,
    ),
    `Version: ${of('version')}`,
    `Time offset (s): ${of('timeoffset')}`,
    `Proxies: ${proxyTexts.join(', ') || 'n/a'}`,
    `Min tx relay fee rate (BTC/kvB): ${of('relayfee')}`,
  ];
}

const quoted = (wallet: string) => wallet || '""';

function walletLines(info: Json, balances: Json, paint: Paint): string[] {
  const lines: string[] = [];
  if (info !== null) {
    lines.push(paint('magenta', `Wallet: ${quoted(shown(member(info, 'walletname')))}`));
    lines.push(`Keypool size: ${shown(member(info, 'keypoolsize'))}`);
    const until = member(info, 'unlocked_until');
    if (until !== null) lines.push(`Unlocked until: ${shown(until)}`);
  }
  const balance = member(balances, 'mine', 'trusted');
  if (balances !== null) lines.push(`${paint('cyan', 'Balance:')} ${shown(balance)}`, '');
  return lines;
}

async function allBalances(send: Send, paint: Paint): Promise<string[]> {
  const names = member(await send(requestBody('listwallets', '[]', '1')), 'result');
  if (!Array.isArray(names) || names.length <= 1) return [];
  const rows: (readonly [name: string, balance: string])[] = [];
  for (const name of (names as readonly Json[]).map(shown)) {
    const reply = await send(requestBody('getbalances', '[]', '1'), name);
    rows.push([name, shown(member(reply, 'result', 'mine', 'trusted'))]);
  }
  const width = Math.max(10, ...rows.map(([, balance]) => balance.length));
  const lines = rows.map(([name, balance]) => `${balance.padStart(width)} ${quoted(name)}`);
  return [paint('cyan', 'Balances'), ...lines, ''];
}

/** Warnings were one text until version 28 and are a list since. */
function warningsText(warnings: Json): string {
  const list = Array.isArray(warnings)
    ? (warnings as readonly Json[]).map(shown)
    : [shown(warnings)];
  return list.filter((text) => text !== '').join('\n') || '(none)';
}
