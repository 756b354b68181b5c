/**
 * A typed client made from the method tables: `client.getbalance({ account: 'alice' })` takes and
 * returns what our code works with (bigint satoshis, ids), `client.call('getbalance', ['alice'])`
 * plain JSON values. Needs nothing but `fetch`, so it runs in a browser too.
 */
import { formatBtc } from '@coind/primitives';
import { isOptional } from '../codec.ts';
import { RpcError } from '../error.ts';
import { formatJson, formatString, type Json, JsonNumber, JsonObject, parseJson } from '../json.ts';
import {
  type Method,
  type NamedArgs,
  type Param,
  type ResultOf,
  type View,
  viewOf,
} from '../method.ts';
import { allMethods } from '../tables.ts';

/** The part of `fetch` the client uses. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body: string; signal?: AbortSignal },
) => Promise<{ readonly status: number; readonly statusText: string; text(): Promise<string> }>;

/** Where the server is and who asks. */
export interface ClientOptions {
  /** `http://127.0.0.1:18443/`, or with `/wallet/<name>`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly fetch?: Fetch;
  /** Ends the requests under way. */
  readonly signal?: AbortSignal;
}

/** Values `call` takes: JSON, and bigint for amounts in satoshis. */
export type CallValue =
  | null
  | boolean
  | number
  | string
  | bigint
  | Json
  | readonly CallValue[]
  | { readonly [name: string]: CallValue | undefined };

type WithArgs<M> =
  Record<never, never> extends NamedArgs<M>
    ? (args?: NamedArgs<M>) => Promise<ResultOf<M>>
    : (args: NamedArgs<M>) => Promise<ResultOf<M>>;

/** One function per method of a table, and `call` for any method there is. */
export type Client<Table = typeof allMethods> = {
  readonly [K in keyof Table]: WithArgs<Table[K]>;
} & {
  /** Calls `method` with positional or named values; the result as plain values, amounts as numbers. */
  call(
    method: string,
    params?: readonly CallValue[] | { readonly [name: string]: CallValue | undefined },
  ): Promise<unknown>;
  /** As `call`, but the result with its number texts kept. */
  callJson(
    method: string,
    params?: readonly CallValue[] | { readonly [name: string]: CallValue | undefined },
  ): Promise<Json>;
  /** The same client for the wallet called `name`. */
  wallet(name: string): Client<Table>;
};

/** The server did not answer JSON-RPC: no connection, wrong password, not allowed, busy. */
export class TransportError extends Error {
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransportError';
    this.status = status;
  }
}

/**
 * A client of the server at `options.url`. Its methods throw `RpcError` for what the server refuses
 * and {@link TransportError} for everything else.
 */
export function createClient(options: ClientOptions): Client {
  const send = createSender(options);
  const views = new Map<string, View>();

  const own = {
    call: async (method: string, params?: Parameters<Client['call']>[1]) =>
      plain(await send(method, formatCallValue(params ?? []))),
    callJson: (method: string, params?: Parameters<Client['call']>[1]) =>
      send(method, formatCallValue(params ?? [])),
    wallet: (name: string) => createClient({ ...options, url: walletUrl(options.url, name) }),
  };
  return new Proxy(own, {
    get(target, name) {
      if (typeof name !== 'string' || name in target) return Reflect.get(target, name);
      if (!Object.hasOwn(allMethods, name)) return undefined;
      const view = views.get(name) ?? makeView(name);
      views.set(name, view);
      return async (args: Readonly<Record<string, unknown>> = {}) =>
        view.result.decode(await send(name, encodeArguments(view, args)), 'result');
    },
  }) as unknown as Client;
}

function makeView(name: string): View {
  return viewOf(name, (allMethods as Readonly<Record<string, Method>>)[name] as Method, 'coind');
}

function walletUrl(url: string, name: string): string {
  return new URL(`/wallet/${encodeURIComponent(name)}`, url).href;
}

function createSender(options: ClientOptions): (method: string, params: string) => Promise<Json> {
  const doFetch = options.fetch ?? (globalThis.fetch as Fetch);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.user !== undefined) {
    headers.authorization = `Basic ${base64(`${options.user}:${options.password ?? ''}`)}`;
  }
  let id = 0;

  return async (method, params) => {
    const body = `{"jsonrpc":"2.0","id":${++id},"method":${formatString(method)},"params":${params}}`;
    const { signal } = options;
    const init = { method: 'POST', headers, body, ...(signal ? { signal } : {}) };
    let response: Awaited<ReturnType<Fetch>>;
    let text: string;
    try {
      response = await doFetch(options.url, init);
      text = await response.text();
    } catch (cause) {
      throw new TransportError(`no answer from ${options.url}`, undefined, { cause });
    }
    return resultOf(text, response);
  };
}

function resultOf(
  text: string,
  { status, statusText }: { status: number; statusText: string },
): Json {
  let json: Json = null;
  try {
    json = parseJson(text);
  } catch {
    // Error pages are no JSON; what they mean is in the status.
  }
  if (!(json instanceof JsonObject)) {
    throw new TransportError(`HTTP ${status} ${text.trim() || statusText}`.trim(), status);
  }
  const error = json.get('error');
  if (error instanceof JsonObject) {
    const code = error.get('code');
    const message = error.get('message');
    throw new RpcError(
      code instanceof JsonNumber ? Number(code.text) : -32603,
      typeof message === 'string' ? message : formatJson(error),
    );
  }
  return json.get('result') ?? null;
}

/** Positions where they will do, which servers of every age take; names when one has no position. */
function encodeArguments(view: View, args: Readonly<Record<string, unknown>>): string {
  const unknown = Object.keys(args).find(
    (name) => args[name] !== undefined && !view.params.some((param) => isCalled(param, name)),
  );
  if (unknown !== undefined) throw new TypeError(`${view.name} has no parameter ${unknown}`);
  const texts = view.params.map((param) => ({ param, text: encodeOne(param, args) }));
  if (texts.some(({ param, text }) => !param.positional && text !== undefined)) {
    const members = texts.filter(({ text }) => text !== undefined);
    return `{${members.map(({ param, text }) => `${formatString(param.name)}:${text}`).join(',')}}`;
  }
  const last = texts.findLastIndex(({ text }) => text !== undefined);
  return `[${texts
    .slice(0, last + 1)
    .map(({ text }) => text ?? 'null')
    .join(',')}]`;
}

function isCalled({ name, aliases, target }: Param, candidate: string): boolean {
  return name === candidate || target === candidate || aliases.includes(candidate);
}

function encodeOne(
  { name, aliases, codec, target }: Param,
  args: Readonly<Record<string, unknown>>,
): string | undefined {
  const key = [name, target, ...aliases].find((candidate) => args[candidate] !== undefined);
  if (key !== undefined) return codec.encode(args[key]);
  if (!isOptional(codec)) throw new TypeError(`parameter ${name} is missing`);
  return undefined;
}

function formatCallValue(value: CallValue | undefined): string {
  if (typeof value === 'bigint') return formatBtc(value);
  if (value instanceof JsonNumber || value instanceof JsonObject) return formatJson(value);
  if (Array.isArray(value)) return `[${value.map(formatCallValue).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `${formatString(name)}:${formatCallValue(member)}`);
    return `{${members.join(',')}}`;
  }
  return formatJson(value as Json | number | undefined);
}

/** Plain JavaScript values; numbers as doubles, which hold every amount there can be. */
function plain(json: Json): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (Array.isArray(json)) return (json as readonly Json[]).map(plain);
  if (!(json instanceof JsonObject)) return json;
  // Not assigned one by one: a member called __proto__ would vanish.
  return Object.fromEntries(json.entries.map(([name, member]) => [name, plain(member)]));
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
