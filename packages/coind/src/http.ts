/**
 * The HTTP server of the RPC interface: which paths, verbs, addresses and sizes are taken, who gets
 * in, how many requests run at once. Statuses, headers and the order of the checks are bitcoind's.
 * What a body means is for `handle`; further paths (REST) come in through `route`.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { JsonText, TextPart } from '@coind/rpc';
import { type Auth, isInParts, type RpcReply, type RpcRequest } from '@coind/rpc/server';
import { doorkeeper } from './http-doors.ts';
import { percentDecode } from './percent.ts';
import { createTurns } from './turns.ts';

/** Where and how to serve. */
export interface HttpSettings {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** -rpcservertimeout: seconds an idle or half-sent connection is kept. */
  readonly timeoutSeconds?: number;
  /** -rpcthreads: requests that run at once. */
  readonly threads?: number;
  /** -rpcworkqueue: requests that may wait for their turn. */
  readonly workQueue?: number;
  /** -rpcallowip: addresses and subnets besides the loopback ones. */
  readonly allowIp?: readonly string[];
}

/** Whom the server asks. */
export interface HttpModules {
  readonly auth: Pick<Auth, 'userOf'>;
  /** Answers an authenticated request; must not throw. */
  readonly handle: (request: RpcRequest) => Promise<RpcReply>;
  /** What answers a URL that is not RPC's; undefined when nothing does. Credentials are not looked at. */
  readonly route?: (url: string) => Page | undefined;
  readonly log?: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** An answer that is not RPC's. */
export interface PageReply {
  readonly status: number;
  /** Names and values in turn, the content type among them. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | JsonText;
}

/** Answers a request by its body; must not throw. */
export type Page = (body: Uint8Array) => Promise<PageReply>;

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Takes no further request, lets those under way be answered, then closes every connection. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 33_554_432;
const MAX_HEADER_BYTES = 8192;
const WRONG_PASSWORD_DELAY_MS = 250;
/** Requests on one connection that are read while none of them is answered. */
const READ_AHEAD = 2;
const HTML = 'text/html; charset=ISO-8859-1';
const KNOWN_VERBS: ReadonlySet<string> = new Set(['POST', 'GET', 'HEAD', 'PUT']);
const NO_STORE = ['Cache-Control', 'no-store'];
const JSON_HEADERS = ['Content-Type', 'application/json'];

/** What is not yet answered on a connection. */
interface Connection {
  waiting: number;
  /** The response after which anything else is said. */
  last: ServerResponse;
}

/** Starts to listen. Rejects when the port is taken or the host is none of this machine. */
export async function serveHttp(settings: HttpSettings, modules: HttpModules): Promise<HttpServer> {
  const { auth, handle, route, log = () => undefined } = modules;
  const timeoutMs = (settings.timeoutSeconds ?? 30) * 1000;
  const isAllowed = doorkeeper(settings.allowIp ?? []);
  const turns = createTurns(settings.threads ?? 16, settings.workQueue ?? 64);
  const connections = new WeakMap<Duplex, Connection>();
  let closing = false;

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    noteRequest(request.socket, response);
    keepQuietAboutKeepAlive(request, response);
    const { method = '', url = '/' } = request;
    if (request.httpVersionMajor !== 1 || headBytes(request) > MAX_HEADER_BYTES) {
      refuseAndClose(request, response, 400);
      return;
    }
    const walletName = walletNameOf(url);
    if (!KNOWN_VERBS.has(method)) {
      refuse(response, 405, '', NO_STORE);
    } else if (walletName === NOT_RPC) {
      const page = route?.(url);
      if (page) readBody(request, response, (body) => onPage(response, () => page(body)));
      else refuse(response, 404, '', NO_STORE);
    } else {
      const key = request.headers['idempotency-key'];
      const idempotencyKey = typeof key === 'string' ? key : undefined;
      const content = { walletName, idempotencyKey };
      readBody(request, response, (body) => onBody(request, response, { body, ...content }));
    }
  }

  /** Counts what waits on a connection, and reads no further while that is more than a request to come. */
  function noteRequest(socket: Socket, last: ServerResponse): void {
    const connection = connections.get(socket) ?? { waiting: 0, last };
    connections.set(socket, connection);
    connection.last = last;
    connection.waiting++;
    if (connection.waiting > READ_AHEAD) socket.pause();
    last.once('close', () => {
      connection.waiting--;
      if (connection.waiting <= READ_AHEAD) socket.resume();
    });
  }

  function onBody(
    request: IncomingMessage,
    response: ServerResponse,
    content: Omit<RpcRequest, 'user'>,
  ): void {
    if (closing) {
      refuse(response, 503, 'Request rejected during server shutdown', NO_STORE);
    } else if (request.method !== 'POST') {
      refuse(response, 405, 'JSONRPC server handles only POST requests');
    } else {
      authenticate(request, response, (user) => {
        inTurn(response, () => answer({ ...content, user }, response));
      });
    }
  }

  function onPage(response: ServerResponse, makeReply: () => Promise<PageReply>): void {
    if (closing) refuse(response, 503, 'Request rejected during server shutdown', NO_STORE);
    else inTurn(response, async () => answerPage(await makeReply(), response));
  }

  function inTurn(response: ServerResponse, work: () => Promise<void>): void {
    if (turns.take(work)) return;
    log('request rejected because the work queue is full; -rpcworkqueue makes it longer');
    refuse(response, 503, 'Work queue depth exceeded', NO_STORE);
  }

  async function answer(request: RpcRequest, response: ServerResponse): Promise<void> {
    const { status, body } = await handle(request);
    if (status === 204) response.writeHead(204).end();
    else if (body === undefined) refuse(response, status, '');
    else await answerPage({ status, body, headers: JSON_HEADERS }, response);
  }

  async function answerPage(reply: PageReply, response: ServerResponse): Promise<void> {
    const { status, headers, body } = reply;
    if (body instanceof Uint8Array) send(response, status, [body], headers);
    else if (typeof body === 'string') send(response, status, [body], headers);
    else if (isInParts(body)) send(response, status, body, headers);
    else await stream(response, status, body, headers);
  }

  /**
   * Sends what is too long for one string as fast as it is taken. A failure on the way cuts the connection:
   * it is too late for another status. So does a reader who takes nothing for as long as a request may.
   */
  async function stream(
    response: ServerResponse,
    status: number,
    pieces: AsyncIterable<string>,
    headers: readonly string[],
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.writeHead(status, [...headers]);
    try {
      for await (const piece of pieces) {
        if (response.destroyed) return;
        if (!response.write(piece)) {
          const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]);
          await once(response, 'drain', { signal });
        }
      }
      response.end();
    } catch (error) {
      log('a long answer was cut off', { reason: String(error) });
      response.destroy();
    }
  }

  function authenticate(
    request: IncomingMessage,
    response: ServerResponse,
    accept: (user: string) => void,
  ): void {
    const { authorization } = request.headers;
    const user = authorization === undefined ? undefined : auth.userOf(authorization);
    const ask = ['WWW-Authenticate', 'Basic realm="jsonrpc"'];
    if (user !== undefined) {
      accept(user);
      return;
    }
    if (authorization === undefined) {
      refuse(response, 401, '', ask);
      return;
    }
    log('incorrect password attempt', { from: request.socket.remoteAddress });
    // Makes guessing slow without holding anything but this one connection.
    setTimeout(() => refuse(response, 401, '', ask), WRONG_PASSWORD_DELAY_MS);
  }

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: timeoutMs,
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      connectionsCheckingInterval: Math.min(timeoutMs, 5000),
      requireHostHeader: false,
      noDelay: true,
    },
    onRequest,
  );
  // All of them are looked at and counted; how many there can be is limited by their size.
  server.maxHeadersCount = 0;
  // Whoever may not ask learns nothing, not even that this is HTTP.
  server.on('connection', (socket: Socket) => {
    if (!isAllowed(socket)) socket.destroy();
  });
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  // A verb that Node gives the whole connection to.
  server.on('connect', (_request, socket) => endWith(socket, NOT_ALLOWED));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const before = connections.get(socket);
    if (before && before.waiting > 0) before.last.once('close', () => onClientError(error, socket));
    else onClientError(error, socket);
  });
  await listen(server, settings);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    async close() {
      if (closing) return;
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await turns.idle();
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, { host, port }: HttpSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The request line and the headers as they came: Node's own limit leaves colons and line ends out. */
function headBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + ' HTTP/1.1\r\n\r\n'.length + 1;
  // A name and its value in turn, with `: ` or a line end behind each.
  for (const text of rawHeaders) bytes += text.length + 2;
  return bytes;
}

/** bitcoind says nothing about a connection it keeps; programs for it compare headers. */
function keepQuietAboutKeepAlive(request: IncomingMessage, response: ServerResponse): void {
  const old = request.httpVersionMajor < 1 || request.httpVersionMinor === 0;
  if (!old && !/close/i.test(request.headers.connection ?? '')) {
    response.removeHeader('Connection');
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: readonly TextPart[],
  headers: readonly string[],
): void {
  if (response.headersSent || response.destroyed) return;
  // Once to bytes: a long text would be gone over twice, to be measured and again to be sent.
  const parts = body.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(status, [...headers, 'Content-Length', `${length}`]);
  response.cork();
  for (const part of parts.slice(0, -1)) response.write(part);
  response.end(parts.at(-1));
}

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: readonly string[] = [],
): void {
  send(response, status, [text], [...headers, 'Content-Type', HTML]);
}

/** Refuses what is too large to be read to its end. */
function refuseAndClose(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.setHeader('Connection', 'close');
  response.once('finish', () => request.socket.destroySoon());
  refuse(response, status, '', [...NO_STORE, 'Connection', 'close']);
}

/**
 * Collects the body, up to the limit: beyond it 413 and the connection closes. Requests that came together on one
 * connection are done one after the other, so the body of a later one stays where it is until it has the socket.
 */
function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  done: (body: Uint8Array) => void,
): void {
  if (!response.socket) {
    response.once('socket', () => readBody(request, response, done));
    return;
  }
  const tooLarge = (): void => {
    request.removeAllListeners('data');
    request.removeAllListeners('end');
    response.statusMessage = 'Content too large';
    refuseAndClose(request, response, 413);
  };
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    tooLarge();
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) tooLarge();
    else chunks.push(chunk);
  });
  request.on('end', () => {
    const [only] = chunks;
    done(chunks.length === 1 && only ? only : Buffer.concat(chunks, bytes));
  });
}

const NOT_ALLOWED = '405 Method Not Allowed';
const BAD_REQUEST_REPLIES: Readonly<Record<string, string>> = {
  HPE_INVALID_METHOD: NOT_ALLOWED,
};

/** What the parser cannot read: a verb it does not know is 405, silence ends quietly, else 400. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (
    error.code === 'ECONNRESET' ||
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ||
    !socket.writable
  ) {
    socket.destroy();
    return;
  }
  endWith(socket, BAD_REQUEST_REPLIES[error.code ?? ''] ?? '400 Bad Request');
}

/** Answers where there is no response to answer with, and closes. */
function endWith(socket: Duplex, line: string): void {
  const close = line === NOT_ALLOWED ? '' : 'Connection: close\r\n';
  const date = new Date().toUTCString();
  socket.end(
    `HTTP/1.1 ${line}\r\nCache-Control: no-store\r\nDate: ${date}\r\nContent-Length: 0\r\nContent-Type: ${HTML}\r\n${close}\r\n`,
  );
}

const NOT_RPC = Symbol('not an RPC path');
const WALLET_PATH = '/wallet/';

/** The wallet a path names, undefined for `/`. A query is part of the name: bitcoind knows none. */
function walletNameOf(url: string): string | undefined | typeof NOT_RPC {
  if (url === '/') return undefined;
  if (!url.startsWith(WALLET_PATH)) return NOT_RPC;
  return percentDecode(url.slice(WALLET_PATH.length));
}
