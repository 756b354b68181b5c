/**
 * The one place that knows JSON-RPC's versions: brings 1.0 and 2.0 requests (0.16 took any version), batches and
 * notifications to single calls and their answers to the form and HTTP status each version wants.
 * bitcoind differs from every library here: batches keep order and mix versions, ids are echoed as
 * written, 2.0 errors are HTTP 200.
 */
import { RpcError } from '../error.ts';
import { formatJson, formatString, type Json, JsonObject, parseJson } from '../json.ts';
import type { Profile } from '../method.ts';
import { drain, framed, type JsonText, wholeText } from '../pages.ts';
import type { Auth } from './auth.ts';
import type { Dispatcher } from './dispatch.ts';
import { type Caller, openCaller } from './jayson.ts';

/** An authenticated request, whatever carried it. */
export interface RpcRequest {
  readonly body: Uint8Array;
  readonly user: string;
  readonly walletName: string | undefined;
  /** The `Idempotency-Key` header; a call of a batch adds `/` and its place to it. */
  readonly idempotencyKey?: string | undefined;
}

/** What goes back: an HTTP status and JSON with a newline (in pieces when it is long), or nothing (204, 403). */
export interface RpcReply {
  readonly status: number;
  readonly body: JsonText | undefined;
}

/** Answers whole request bodies. */
export interface RpcServer {
  /** Never throws: whatever goes wrong becomes a reply. */
  handle(request: RpcRequest): Promise<RpcReply>;
  /** Loads what the first request would load, so that it need not wait. */
  prepare(): Promise<void>;
}

type Version = 1 | 2;

/** A request read as far as it goes; `refusal` says what stopped it. */
interface Reading {
  readonly version: Version;
  /** Undefined when the request had none. */
  readonly id: Json | undefined;
  readonly method: string;
  readonly params: Json | undefined;
  readonly refusal: RpcError | undefined;
}

const FORBIDDEN: RpcReply = { status: 403, body: undefined };
const SILENCE: RpcReply = { status: 204, body: undefined };

/** Puts JSON-RPC in front of `dispatcher`; `auth` says which methods a user may call. */
export function createRpcServer(
  dispatcher: Dispatcher,
  { auth }: { readonly auth?: Pick<Auth, 'restricts' | 'allows'> } = {},
): RpcServer {
  let loading: Promise<Caller> | undefined;
  let caller: Caller | undefined;

  async function prepare(): Promise<void> {
    loading ??= openCaller(dispatcher);
    caller = await loading;
  }

  async function answer(reading: Reading, request: RpcRequest): Promise<string> {
    if (reading.refusal) return failure(reading, reading.refusal);
    const { user, walletName, idempotencyKey } = request;
    try {
      if (!caller) await prepare();
      const call = { method: reading.method, id: reading.id, user, walletName, idempotencyKey };
      const result = await wholeText(await (caller as Caller)(call, reading.params));
      const { head, tail } = success(reading);
      return head + result + tail;
    } catch (error) {
      return failure(reading, error as RpcError);
    }
  }

  async function single(json: JsonObject, request: RpcRequest): Promise<RpcReply> {
    const reading = read(json, dispatcher.profile);
    const { refusal } = reading;
    if (refusal) return { status: statusOf(refusal.code), body: `${failure(reading, refusal)}\n` };
    if (auth?.restricts(request.user) && !auth.allows(request.user, reading.method)) {
      return FORBIDDEN;
    }
    const { user, walletName, idempotencyKey } = request;
    const silent = reading.version === 2 && reading.id === undefined;
    try {
      if (!caller) await prepare();
      const call = { method: reading.method, id: reading.id, user, walletName, idempotencyKey };
      const result = await (caller as Caller)(call, reading.params);
      if (silent) {
        await drain(result);
        return SILENCE;
      }
      const { head, tail } = success(reading);
      return { status: 200, body: framed(head, result, `${tail}\n`) };
    } catch (error) {
      if (silent) return SILENCE;
      const refused = error as RpcError;
      const status = reading.version === 2 ? 200 : statusOf(refused.code);
      return { status, body: `${failure(reading, refused)}\n` };
    }
  }

  async function batch(items: readonly Json[], request: RpcRequest): Promise<RpcReply> {
    if (auth?.restricts(request.user)) {
      for (const item of items) {
        if (!(item instanceof JsonObject)) return bad(NOT_AN_OBJECT);
        const method = item.get('method');
        if (typeof method === 'string' && !auth.allows(request.user, method)) return FORBIDDEN;
      }
    }
    const answers: string[] = [];
    // An element that is no object is answered in the form, and with the id, of the one before it.
    let before: Pick<Reading, 'version' | 'id'> = { version: 1, id: null };
    for (const [index, item] of items.entries()) {
      if (!(item instanceof JsonObject)) {
        answers.push(failure(before, NOT_AN_OBJECT));
        continue;
      }
      const reading = read(item, dispatcher.profile);
      before = reading;
      const text = await answer(reading, inBatch(request, index));
      if (reading.version === 1 || reading.id !== undefined) answers.push(text);
    }
    if (answers.length === 0 && items.length > 0) return SILENCE;
    return { status: 200, body: `[${answers.join(',')}]\n` };
  }

  return {
    prepare,
    async handle(request) {
      let json: Json;
      try {
        json = parseJson(request.body);
      } catch {
        return bad(PARSE_ERROR);
      }
      if (auth?.restricts(request.user) && !auth.allows(request.user, undefined)) return FORBIDDEN;
      if (json instanceof JsonObject) return single(json, request);
      if (Array.isArray(json)) return batch(json as readonly Json[], request);
      return bad(NO_REQUEST);
    },
  };
}

/** The request of one element: a header that names one effect cannot name several. */
function inBatch(request: RpcRequest, index: number): RpcRequest {
  const { idempotencyKey: key } = request;
  return key === undefined ? request : { ...request, idempotencyKey: `${key}/${index}` };
}

const PARSE_ERROR = new RpcError(-32700, 'Parse error');
const NO_REQUEST = new RpcError(-32700, 'Top-level object parse error');
const NOT_AN_OBJECT = new RpcError(-32600, 'Invalid Request object');

function bad(error: RpcError): RpcReply {
  return { status: statusOf(error.code), body: `${failure({ version: 1, id: null }, error)}\n` };
}

/** The HTTP status of an error in a request that is not 2.0. */
function statusOf(code: number): number {
  if (code === -32600) return 400;
  return code === -32601 ? 404 : 500;
}

/** Reads one request object, up to the first fault. */
function read(json: JsonObject, profile: Profile): Reading {
  // 0.16 knew no 2.0: `jsonrpc` was any member, and an id that is missing came back as null.
  const old = profile === 'legacy';
  const id = json.get('id') ?? (old || json.get('id') === null ? null : undefined);
  const jsonrpc = old ? undefined : json.get('jsonrpc');
  const version: Version = jsonrpc === '2.0' ? 2 : 1;
  const given = json.get('method') ?? null;
  const params = json.get('params') ?? undefined;
  const method = typeof given === 'string' ? given : '';
  const refusal = faultOf(jsonrpc, given, params);
  return { version, id, method, params, refusal };
}

function faultOf(
  jsonrpc: Json | undefined,
  method: Json,
  params: Json | undefined,
): RpcError | undefined {
  if (jsonrpc !== undefined && jsonrpc !== null) {
    if (typeof jsonrpc !== 'string') return new RpcError(-32600, 'jsonrpc field must be a string');
    if (jsonrpc !== '1.0' && jsonrpc !== '2.0') {
      return new RpcError(-32600, 'JSON-RPC version not supported');
    }
  }
  if (method === null) return new RpcError(-32600, 'Missing method');
  if (typeof method !== 'string') return new RpcError(-32600, 'Method must be a string');
  if (params === undefined || params instanceof JsonObject || Array.isArray(params))
    return undefined;
  return new RpcError(-32600, 'Params must be an array or object');
}

/** What stands around the result of a call that went well. */
function success({ version, id }: Pick<Reading, 'version' | 'id'>): { head: string; tail: string } {
  const tail = id === undefined ? '}' : `,"id":${formatJson(id)}}`;
  return version === 2
    ? { head: '{"jsonrpc":"2.0","result":', tail }
    : { head: '{"result":', tail: `,"error":null${tail}` };
}

function failure({ version, id }: Pick<Reading, 'version' | 'id'>, error: RpcError): string {
  const object = `{"code":${error.code},"message":${formatString(error.message)}}`;
  const tail = id === undefined ? '}' : `,"id":${formatJson(id)}}`;
  return version === 2
    ? `{"jsonrpc":"2.0","error":${object}${tail}`
    : `{"result":null,"error":${object}${tail}`;
}
