/**
 * jayson's JSON-RPC 2.0 server in front of the dispatcher. It is loaded with the first request: its
 * import costs as much as a quarter of the daemon's start, and every request goes through one call.
 */
import { RpcError } from '../error.ts';
import { type Json, JsonObject } from '../json.ts';
import type { JsonText } from '../pages.ts';
import type { Dispatcher, RpcCall } from './dispatch.ts';

/** Calls a method through JSON-RPC 2.0; the result as JSON text. Throws `RpcError`. */
export type Caller = (call: RpcCall, params: Json | undefined) => Promise<JsonText>;

/** What is used of jayson; its own types would pull Express's and Node 12's into every build. */
interface Jayson {
  readonly Server: new (methods: object, options: object) => JaysonServer;
  readonly Method: new (handler: JaysonHandler, options: object) => object;
}
interface JaysonServer {
  call(request: object, context: object, done: (error: unknown, response?: unknown) => void): void;
}
type JaysonHandler = (
  params: unknown,
  context: CallContext,
  done: (error: object | null, result?: JsonText) => void,
) => void;
interface CallContext {
  readonly call: RpcCall;
  readonly params: Json | undefined;
}
interface JaysonResponse {
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: JsonText;
}

const NO_PARAMS: readonly Json[] = [];

/** Loads jayson and puts it in front of `dispatcher`. */
export async function openCaller(dispatcher: Dispatcher): Promise<Caller> {
  const jayson = (await import('jayson')) as unknown as { default: Jayson };
  const { Server, Method } = jayson.default;
  const handler: JaysonHandler = (_params, { call, params }, done) => {
    dispatcher.call(call, params).then(
      (text) => done(null, text),
      ({ code, message }: RpcError) => done({ code, message }),
    );
  };
  const method = new Method(handler, { useContext: true });
  // The dispatcher is the router: it knows what exists in this profile, and says -32601 itself.
  const server = new Server({}, { version: 2, router: () => method });

  return (call, params) =>
    new Promise((resolve, reject) => {
      // The context carries our own params: jayson would pick named ones apart as plain objects.
      const shown = params instanceof JsonObject ? params : (params ?? NO_PARAMS);
      const request = { jsonrpc: '2.0', id: 0, method: call.method, params: shown };
      server.call(request, { call, params }, (failure, success) => {
        const { error, result } = (failure ?? success) as JaysonResponse;
        if (error) reject(new RpcError(error.code, error.message));
        else resolve(result ?? 'null');
      });
    });
}
