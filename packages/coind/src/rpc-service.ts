/**
 * RPC and REST of a node: credentials, the HTTP servers, and the handlers behind them. Listens before the node is
 * loaded and says so to whoever asks.
 */
import { randomBytes } from 'node:crypto';
import { JsonNumber } from '@coind/rpc';
import { ConfError } from '@coind/rpc/conf';
import {
  type ActiveCall,
  type Auth,
  createAuth,
  createDispatcher,
  createRpcServer,
  type RpcCall,
  type RpcServer,
} from '@coind/rpc/server';
import type { Options } from './config.ts';
import type { NodeModules } from './context.ts';
import type { DataDir } from './data-dir.ts';
import { type HttpModules, type HttpServer, serveHttp } from './http.ts';
import type { Log } from './log.ts';
import { createRest } from './rest/rest.ts';
import { safeText } from './safe-text.ts';
import { servicesOf } from './services.ts';

/** A user and a password in the clear. */
export interface PlainCredentials {
  readonly user: string;
  readonly password: string;
}

/** RPC that listens. */
export interface RpcService {
  readonly host: string;
  readonly port: number;
  readonly credentials: PlainCredentials;
  /** What is being loaded, for those who ask meanwhile. */
  loading(what: string): void;
  /** The calls being answered now. */
  active(): readonly ActiveCall[];
  /** From now on calls are answered. */
  ready(modules: NodeModules): void;
  /** Lets calls under way be answered, then closes. */
  close(): Promise<void>;
}

interface RpcSurroundings {
  readonly dataDir: DataDir | undefined;
  readonly log: Log;
}

/** Listens on every endpoint. Throws `ConfError` when one of them cannot be had. */
export async function serveRpc(
  options: Options,
  { dataDir, log }: RpcSurroundings,
): Promise<RpcService> {
  const { rpc, profile, era } = options;
  const credentials = passwordOf(options) ??
    cookieIn(dataDir, options, log) ?? {
      user: 'memory',
      password: randomBytes(32).toString('hex'),
    };
  const auth = authOf(options, credentials, log);

  let status: string | undefined = 'Starting…';
  let modules: NodeModules | undefined;
  const dispatcher = createDispatcher({
    profile,
    era,
    services: servicesOf(() => modules as NodeModules),
    warmup: () => status,
    settled: () => modules?.mining.settled,
    onCall: (call) => {
      if (log.enabled('rpc')) log.debug('rpc', lineOf(call));
    },
    onError: (error, { method }) => {
      log.error(`RPC method ${method} failed: ${traceOf(error)}`);
    },
  });
  const server = createRpcServer(dispatcher, { auth });
  const route = rpc.rest
    ? createRest(
        { profile, era },
        {
          loading: () => status,
          node: () => modules as NodeModules,
          onError: (error, url) => log.error(`REST request ${url} failed: ${traceOf(error)}`),
        },
      )
    : undefined;
  const servers = await listenAll(options, { auth, server, route, log });
  const [first] = servers as [HttpServer, ...HttpServer[]];
  // What the first request would have to load is loaded now, while the chain is.
  const prepared = server.prepare();

  return {
    host: rpc.endpoints[0]?.host ?? '127.0.0.1',
    port: first.port,
    credentials,
    loading(what) {
      // 0.16 wrote three dots.
      status = profile === 'legacy' ? what.replace('…', '...') : what;
    },
    active: () => dispatcher.active(),
    ready(loaded) {
      modules = loaded;
      status = undefined;
    },
    async close() {
      await prepared;
      await Promise.all(servers.map((one) => one.close()));
    },
  };
}

/** A call as bitcoind logs it. The id is the caller's, so only harmless characters of it are shown. */
function lineOf({ method, user, id }: RpcCall): string {
  const text = id instanceof JsonNumber ? id.text : typeof id === 'string' ? id : '';
  return `ThreadRPCServer method=${method} user=${user} id=${safeText(text)}`;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const HTTP_FAILED = 'Unable to start HTTP server. See debug log for details.';

/** The cookie, in its file; undefined when there shall be none. Throws `ConfError` when it cannot be written. */
function cookieIn(
  dataDir: DataDir | undefined,
  { rpc }: Options,
  log: Log,
): PlainCredentials | undefined {
  try {
    return dataDir?.writeCookie(rpc.cookieMode);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(`Unable to write the cookie file ${dataDir?.cookie}: ${reason}`);
    throw new ConfError(HTTP_FAILED);
  }
}

function passwordOf({ rpc }: Options): PlainCredentials | undefined {
  return rpc.password === undefined ? undefined : { user: rpc.user, password: rpc.password };
}

function authOf({ rpc }: Options, credentials: PlainCredentials, log: Log): Auth {
  try {
    return createAuth({
      credentials: [credentials],
      rpcauth: rpc.auth,
      whitelist: rpc.whitelist,
      whitelistDefault: rpc.whitelistDefault,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log.error(error.message);
    throw new ConfError(HTTP_FAILED);
  }
}

interface Listening {
  readonly auth: Auth;
  readonly server: RpcServer;
  readonly route: HttpModules['route'];
  readonly log: Log;
}

async function listenAll(
  { rpc }: Options,
  { auth, server, route, log }: Listening,
): Promise<readonly HttpServer[]> {
  const servers: HttpServer[] = [];
  const failures: string[] = [];
  for (const { host, port } of rpc.endpoints) {
    // A free port is chosen once: the other endpoints follow the first.
    const chosen = port === 0 ? (servers[0]?.port ?? 0) : port;
    try {
      servers.push(
        await serveHttp(
          {
            host,
            port: chosen,
            timeoutSeconds: rpc.serverTimeoutSeconds,
            threads: rpc.threads,
            workQueue: rpc.workQueue,
            allowIp: rpc.allowIp,
          },
          {
            auth,
            handle: (request) => server.handle(request),
            ...(route && { route }),
            log: (message) => log.debug('http', message),
          },
        ),
      );
      log.info('RPC server listening', { host, port: servers.at(-1)?.port });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'EADDRINUSE' ? 'the port is in use' : message;
      failures.push(`Unable to bind to ${host}:${chosen}: ${reason}.`);
      log.warn(failures.at(-1) ?? '');
    }
  }
  if (servers.length === 0) {
    throw new ConfError(`${HTTP_FAILED} ${failures.join(' ')}`.trim());
  }
  return servers;
}
