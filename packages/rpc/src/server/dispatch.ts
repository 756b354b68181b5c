/**
 * From a method's name and params to its result as JSON text: finds it in the tables, checks and
 * decodes the arguments, asks the handler, encodes what the profile shows. Knows nothing of HTTP or
 * of JSON-RPC's framing; those are in server/legacy.ts.
 */
import { hasParts } from '../codec.ts';
import type { Era } from '../era.ts';
import { RpcError, rpcError } from '../error.ts';
import type { Json } from '../json.ts';
import type { Handlers, Method, Profile, View } from '../method.ts';
import { checkCount, checkTypes, decodeArguments, toPositional } from '../named-args.ts';
import { encodePages, type JsonText, joinShort, Pages } from '../pages.ts';
import { viewsOf } from '../tables.ts';

/** What a call is about besides its arguments; contexts are made from it. */
export interface RpcCall {
  readonly method: string;
  /** The wallet of the path `/wallet/<name>`; undefined for `/`. */
  readonly walletName: string | undefined;
  /** Who asked, as authenticated. */
  readonly user: string;
  /** What the caller knows the request by; undefined when it had none. */
  readonly id?: Json | undefined;
  /** By which the caller knows the effect again, when the call had such a header. */
  readonly idempotencyKey?: string | undefined;
}

type Handler = (context: unknown, args: unknown) => unknown;

/** Handlers with the way to make their context: a piece of what a node serves. */
export interface Service {
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly contextOf: (call: RpcCall) => unknown;
}

/**
 * Ties the handlers of a table to their context. `contextOf` is asked per call and may refuse with
 * `RpcError` (no such wallet) after the arguments were checked, as bitcoind does.
 *
 * @example service(methods.wallet, walletHandlers, (call) => wallets.of(call.walletName))
 */
export function service<Table extends Readonly<Record<string, Method>>, Context>(
  _table: Table,
  handlers: Handlers<Table, Context>,
  contextOf: (call: RpcCall) => Context | Promise<Context>,
): Service {
  // The table is only there for its type: it ties handlers and context together.
  return { handlers: handlers as unknown as Service['handlers'], contextOf };
}

/** What the dispatcher needs. */
export interface DispatchOptions {
  readonly profile: Profile;
  /** Of the legacy family, the release served; 0.16 without it. */
  readonly era?: Era;
  readonly services: readonly Service[];
  /** While a text is returned every call is refused with it (-28): the node is loading. */
  readonly warmup?: () => string | undefined;
  /** Told of every call of a method there is, before it is answered. */
  readonly onCall?: (call: RpcCall) => void;
  /** Waited for before an answer goes out, where there is something: what the call has set off. */
  readonly settled?: () => Promise<void> | undefined;
  /** Told of errors that are no refusal: our bugs and failing disks. */
  readonly onError?: (error: unknown, call: RpcCall) => void;
}

/** A call being answered. */
export interface ActiveCall {
  readonly method: string;
  /** When it came, by `performance.now()`. */
  readonly startedMs: number;
}

/** Calls methods by name. */
export interface Dispatcher {
  readonly profile: Profile;
  /**
   * The result as JSON text. Throws `RpcError`, in the words of the profile, and nothing else; only the pieces
   * of a long list may fail with other errors, when it is too late to answer with one.
   */
  call(call: RpcCall, params: Json | undefined): Promise<JsonText>;
  /** The calls being answered now. */
  active(): readonly ActiveCall[];
}

interface Entry {
  readonly view: View;
  readonly handler: Handler;
  readonly contextOf: Service['contextOf'];
}

/** A dispatcher for the methods of `profile` that `services` have handlers for. */
export function createDispatcher(options: DispatchOptions): Dispatcher {
  const { profile, services, warmup } = options;
  const entries = new Map<string, Entry>();
  const active = new Set<ActiveCall>();
  const views = viewsOf(profile, options.era);
  for (const { handlers, contextOf } of services) {
    for (const [name, handler] of Object.entries(handlers)) {
      const view = views.get(name);
      if (view) entries.set(name, { view, handler, contextOf });
    }
  }

  async function run(entry: Entry, call: RpcCall, params: Json | undefined): Promise<JsonText> {
    const { view } = entry;
    const { deprecated } = view;
    if (deprecated?.first) throw new RpcError(-32, deprecated.text);
    const positional = toPositional(view, params);
    checkCount(view, positional);
    // Today the types are looked at before the call is its own to refuse.
    if (deprecated && deprecated.release !== 'core') throw new RpcError(-32, deprecated.text);
    checkTypes(view, positional);
    if (deprecated) throw new RpcError(-32, deprecated.text);
    if (view.replacedBy !== undefined) throw new RpcError(-32601, view.replacedBy);
    const made = entry.contextOf(call);
    const context = made instanceof Promise ? await made : made;
    const args = decodeArguments(view, positional);
    const returned = entry.handler(context, args);
    const result = returned instanceof Promise ? await returned : returned;
    const setOff = options.settled?.();
    if (setOff) await setOff;
    if (!(result instanceof Pages)) {
      return hasParts(view.result) ? view.result.parts(result) : view.result.encode(result);
    }
    if (!view.result.item) throw new TypeError(`pages for ${call.method}, which lists nothing`);
    return joinShort(encodePages(result, view.result.item));
  }

  return {
    profile,
    async call(call, params) {
      const loading = warmup?.();
      if (loading !== undefined) throw new RpcError(-28, loading);
      const entry = entries.get(call.method);
      if (!entry) throw rpcError('methodNotFound');
      options.onCall?.(call);
      const running: ActiveCall = { method: call.method, startedMs: performance.now() };
      active.add(running);
      try {
        return await run(entry, call, params);
      } catch (error) {
        if (error instanceof RpcError) throw error.inStyle(entry.view.style);
        options.onError?.(error, call);
        throw new RpcError(-1, error instanceof Error ? error.message : String(error));
      } finally {
        active.delete(running);
      }
    },
    active: () => [...active],
  };
}
