/**
 * The HTTP server and JSON-RPC's framing, end to end over a socket with a node made of a few answers:
 * statuses, headers, order of checks, limits; and bitcoind's recorded transport byte for byte.
 */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { BlockHash, Sats } from '@coind/primitives';
import { type Json, Pages, RpcError, viewsOf } from '@coind/rpc';
import {
  type AuthSettings,
  createAuth,
  createDispatcher,
  createRpcServer,
  type Service,
} from '@coind/rpc/server';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpServer, type HttpSettings, type PageReply, serveHttp } from './http.ts';

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206' as BlockHash;
const FIRST = '1af70d6d2240990f86fc639c2cc2e200e44ff0bb6fb74cc47a33a588883bb19c' as BlockHash;

/** A chain of at most two blocks, wallets that are only names, and an echo. */
function fakeNode(state: Omit<State, 'warmup'>): readonly Service[] {
  let height = 0;
  const loaded = new Set<string>();
  const node = {
    getblockcount: () => height,
    getbestblockhash: () => (height === 0 ? GENESIS : FIRST),
    getblockhash: (_context: unknown, args: unknown) => {
      const { height: wanted } = args as { height: number };
      if (wanted < 0 || wanted > height) throw new RpcError(-8, 'Block height out of range');
      return wanted === 0 ? GENESIS : FIRST;
    },
    generatetoaddress: () => {
      height++;
      return [FIRST];
    },
    setmocktime: () => null,
    uptime: () =>
      new Promise<number>((resolve) => {
        state.release = () => resolve(1);
      }),
    stop: () => {
      state.release?.();
      return 'Bitcoin Core stopping';
    },
    echo: (_context: unknown, args: unknown) => {
      const values = Object.values(args as Record<string, Json | undefined>);
      const last = values.findLastIndex((value) => value !== undefined);
      return values.slice(0, last + 1).map((value) => value ?? null);
    },
    getdifficulty: () => {
      throw new Error('a bug');
    },
    createwallet: (_context: unknown, args: unknown) => {
      const { wallet_name: name } = args as { wallet_name: string };
      if (name === '') throw new RpcError(-8, 'Wallet name cannot be empty');
      loaded.add(name);
      return { name };
    },
    unloadwallet: (_context: unknown, args: unknown) => {
      loaded.delete((args as { wallet_name: string }).wallet_name);
      return {};
    },
    listwallets: () => (state.pages ? new Pages(state.pages()) : [...loaded]),
  };
  const wallet = {
    getbalance: (): Sats => 0n,
    getwalletinfo: () => {
      throw new RpcError(-1, 'not in this test');
    },
  };
  const contextOf = ({ walletName }: { walletName: string | undefined }) => {
    if (walletName !== undefined) {
      if (loaded.has(walletName)) return walletName;
      throw new RpcError(-18, 'Requested wallet does not exist or is not loaded');
    }
    if (loaded.size === 1) return [...loaded][0];
    throw loaded.size === 0
      ? new RpcError(
          -18,
          'No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)',
        )
      : new RpcError(
          -19,
          'Multiple wallets are loaded. Please select which wallet to use by requesting the RPC through the /wallet/<walletname> URI path.',
        );
  };
  return [
    { handlers: node, contextOf: () => undefined },
    { handlers: wallet, contextOf },
  ];
}

interface State {
  warmup: string | undefined;
  /** Ends a call of `uptime`, which waits for it. */
  release?: () => void;
  /** What `listwallets` answers with instead of the names. */
  pages?: () => AsyncIterable<readonly string[]>;
}

type Started = HttpServer & State;

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(
  access: Partial<AuthSettings> = {},
  settings: Partial<HttpSettings> = {},
  profile: 'core' | 'coind' | 'legacy' = 'core',
): Promise<Started> {
  const state: State = { warmup: undefined };
  const dispatcher = createDispatcher({
    profile,
    services: fakeNode(state),
    warmup: () => state.warmup,
  });
  const auth = createAuth({ credentials: [{ user: 'user', password: 'pass' }], ...access });
  const rpc = createRpcServer(dispatcher, { auth });
  const server = await serveHttp(
    { host: '127.0.0.1', port: 0, ...settings },
    { auth, handle: rpc.handle },
  );
  running.push(server);
  return Object.assign(state, server);
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly auth?: string | boolean;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function send({ port }: HttpServer, sent: Sent): Promise<Answer> {
  const { method = 'POST', path = '/', auth = true, body } = sent;
  const credentials = auth === true ? 'user:pass' : auth === false ? undefined : auth;
  const headers = {
    // Without this Node's client asks to close the connection, and the header is echoed.
    Connection: 'keep-alive',
    ...(credentials === undefined
      ? {}
      : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    ...(body === undefined ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` }),
    ...sent.headers,
  };
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method, path: path || '/', headers, agent: false };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends raw bytes; everything that comes back until the server closes or `until` is seen. */
function raw({ port }: HttpServer, text: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (until !== undefined && received.includes(until)) {
        socket.destroy();
        resolve(received);
      }
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

const COUNT = '{"jsonrpc":"2.0","id":1,"method":"getblockcount"}';

describe('transport', () => {
  test('an unknown verb is 405, a malformed request 400', async () => {
    const server = await start();
    expect(await raw(server, 'FOO / HTTP/1.1\r\n\r\n')).toMatch(
      /^HTTP\/1.1 405 Method Not Allowed/,
    );
    expect(await raw(server, 'POST / HTTP/1.1\r\nbroken\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad/);
  });

  test('a body above the limit is 413 before it is read', async () => {
    const server = await start();
    const answer = await raw(server, 'POST / HTTP/1.1\r\nContent-Length: 33554433\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 413 Content too large\r\n/);
    expect(answer).toContain('Cache-Control: no-store');
  });

  test('a connection serves one request after another without saying so', async () => {
    const server = await start();
    const one = `POST / HTTP/1.1\r\nAuthorization: Basic ${btoa('user:pass')}\r\nContent-Length: ${COUNT.length}\r\n\r\n${COUNT}`;
    const received = await raw(server, one + one, '"id":1}\nHTTP/1.1 200 OK');
    expect(received).not.toMatch(/connection|keep-alive/i);
    expect(received.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });

  test('an idle connection is closed after the timeout', async () => {
    const server = await start({}, { timeoutSeconds: 1 });
    const before = performance.now();
    expect(await raw(server, 'POST / HTTP/1.1\r\nContent-Le')).toBe('');
    expect(performance.now() - before).toBeGreaterThan(900);
  });

  test('a wrong password waits, a missing one does not', async () => {
    const server = await start();
    const order: string[] = [];
    const ask = async (name: string, auth: string | false) => {
      const { status } = await send(server, { auth, body: COUNT });
      order.push(`${name} ${status}`);
    };
    await Promise.all([ask('wrong', 'user:wrong'), ask('missing', false)]);
    expect(order).toEqual(['missing 401', 'wrong 401']);
  });

  test('an -rpcauth hash lets its password in', async () => {
    const hash = createHmac('sha256', 'salt').update('secret').digest('hex');
    const server = await start({ rpcauth: [`alice:salt$${hash}`] });
    expect((await send(server, { auth: 'alice:secret', body: COUNT })).status).toBe(200);
    expect((await send(server, { auth: 'alice:other', body: COUNT })).status).toBe(401);
  });

  test('while the node loads every call says so', async () => {
    const server = await start();
    server.warmup = 'Loading block index…';
    const two = await send(server, { body: COUNT });
    expect(two.status).toBe(200);
    expect(two.text).toContain('"error":{"code":-28,"message":"Loading block index…"}');
    expect((await send(server, { body: '{"id":1,"method":"nosuch"}' })).status).toBe(500);
  });

  test('our own bug is an error with a text, not a dead server', async () => {
    const server = await start();
    const answer = await send(server, { body: '{"id":1,"method":"getdifficulty"}' });
    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('a bug') });
    expect((await send(server, { body: COUNT })).status).toBe(200);
  });

  test('beyond the work queue requests are turned away', async () => {
    const server = await start({}, { threads: 1, workQueue: 1 });
    const slow = send(server, { body: '{"id":1,"method":"uptime"}' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const waiting = send(server, { body: COUNT });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const refused = await send(server, { body: COUNT });
    expect(refused).toMatchObject({ status: 503, text: 'Work queue depth exceeded' });
    server.release?.();
    expect((await slow).status).toBe(200);
    expect((await waiting).status).toBe(200);
  });

  test('close answers what runs and does not wait for idle connections', async () => {
    const server = await start();
    const idle = raw(server, '');
    const slow = send(server, { body: '{"id":1,"method":"uptime"}' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopped = await send(server, { body: '{"id":1,"method":"stop"}' });
    expect(stopped.text).toContain('stopping');
    expect((await slow).text).toContain('"result":1');
    const before = performance.now();
    await server.close();
    expect(performance.now() - before).toBeLessThan(500);
    expect(await idle).toBe('');
  });

  test('only allowed addresses are served', async () => {
    await expect(start({}, { allowIp: ['10.0.0.0/33'] })).rejects.toThrow('-rpcallowip');
    const server = await start({}, { allowIp: ['10.0.0.0/255.0.0.0', 'fd00::/8', '1.2.3.4'] });
    expect((await send(server, { body: COUNT })).status).toBe(200);
  });

  test('0.16 knows no versions: one form, a missing id is null', async () => {
    const server = await start({}, {}, 'legacy');
    const answer = await send(server, { body: '{"jsonrpc":"2.0","method":"getblockcount"}' });
    expect(answer).toMatchObject({ status: 200, text: '{"result":0,"error":null,"id":null}\n' });
  });
});

const shared = new URL('../../../../shared/golden/', import.meta.url);
const missing = !existsSync(shared);
const why = missing ? ' (skipped: ../shared is not there)' : '';

interface Recorded {
  readonly node_args?: readonly string[];
  readonly steps: readonly {
    readonly http?: Sent & { readonly body_hex?: string };
    readonly method?: string;
    readonly params?: readonly unknown[];
    readonly expect: {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | null>>;
      readonly body_text?: string;
      readonly body?: unknown;
    };
  }[];
}

describe.skipIf(missing)(`bitcoind's recordings${why}`, () => {
  test.each(['http-versions', 'http-batch', 'http-wallet-path', 'http-transport'])(
    '%s',
    async (name) => {
      const file = JSON.parse(
        readFileSync(new URL(`modern/${name}.json`, shared), 'utf8'),
      ) as Recorded;
      const options = (file.node_args ?? []).map((argument) => argument.replace(/^-/, ''));
      const valuesOf = (key: string) =>
        options.filter((o) => o.startsWith(`${key}=`)).map((o) => o.slice(key.length + 1));
      const [byDefault] = valuesOf('rpcwhitelistdefault');
      const server = await start({
        rpcauth: valuesOf('rpcauth'),
        whitelist: valuesOf('rpcwhitelist'),
        whitelistDefault: byDefault === undefined ? undefined : byDefault === '1',
      });
      for (const { http, method, params, expect: expected } of file.steps) {
        if (http === undefined) {
          expect(viewsOf('core').has(method ?? '')).toBe(true);
          await send(server, { body: JSON.stringify({ method, params, id: 0 }) });
          continue;
        }
        const body = http.body_hex === undefined ? http.body : Buffer.from(http.body_hex, 'hex');
        const where = `${name} ${http.method} ${http.path} ${http.body}`;
        // Only what was recorded as sent with credentials has them; Node may refuse the verb itself.
        if (http.method === 'FOO') continue;
        const auth = http.auth ?? false;
        const answer = await send(server, {
          ...http,
          auth,
          ...(body === undefined ? {} : { body }),
        });
        expect(answer.status, where).toBe(expected.status);
        for (const [header, value] of Object.entries(expected.headers ?? {})) {
          expect(answer.headers[header] ?? null, `${where} ${header}`).toBe(value);
        }
        if (expected.body_text !== undefined) {
          expect(answer.text, where).toBe(expected.body_text);
        } else if (expected.body !== undefined) {
          expect(JSON.parse(answer.text), where).toEqual(expected.body);
        }
      }
    },
    20_000,
  );

  test('the framing of 0.16', async () => {
    const file = JSON.parse(
      readFileSync(new URL('legacy/transport.json', shared), 'utf8'),
    ) as Recorded;
    const server = await start(
      { credentials: [{ user: 'golden', password: 'golden' }] },
      {},
      'legacy',
    );
    let compared = 0;
    for (const { http, expect: expected } of file.steps) {
      // Payments and wallets are not this test's; their framing is that of the others.
      if (!http || /"move"|"getbalance"/.test(`${http.body}`)) continue;
      const auth = http.auth ?? 'golden:golden';
      const answer = await send(server, { ...http, auth });
      const where = `${http.method} ${http.path} ${http.body}`;
      expect(answer.status, where).toBe(expected.status);
      if (expected.body !== undefined && !JSON.stringify(expected.body).includes('"$')) {
        expect(JSON.parse(answer.text), where).toEqual(expected.body);
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
  }, 20_000);
});

describe('a long list', () => {
  const page = Array.from({ length: 1000 }, (_, i) => `wallet ${'x'.repeat(100)} ${i}`);
  const call = { body: JSON.stringify({ method: 'listwallets', id: 1 }) };

  async function* endless(onEnd: () => void): AsyncGenerator<readonly string[]> {
    try {
      for (;;) yield page;
    } finally {
      onEnd();
    }
  }

  test('is sent in pieces, a short one whole, both as one answer', async () => {
    const server = await start();
    async function* pages(count: number): AsyncGenerator<readonly string[]> {
      for (let i = 0; i < count; i++) yield page;
    }
    for (const count of [1, 30]) {
      server.pages = () => pages(count);
      const { status, headers, text } = await send(server, call);
      expect(status).toBe(200);
      expect(headers['transfer-encoding']).toBe(count === 1 ? undefined : 'chunked');
      const result = Array.from({ length: count }, () => page).flat();
      expect(text === `${JSON.stringify({ result, error: null, id: 1 })}\n`).toBe(true);
    }
  });

  test('ends for a reader who leaves, and for one who takes nothing', async () => {
    const server = await start({}, { timeoutSeconds: 1 });
    for (const leave of [true, false]) {
      const ended = new Promise<void>((resolve) => {
        server.pages = () => endless(resolve);
      });
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      const auth = Buffer.from('user:pass').toString('base64');
      const { body } = call;
      socket.write(
        `POST / HTTP/1.1\r\nAuthorization: Basic ${auth}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      if (leave) socket.once('data', () => socket.destroy());
      else socket.pause();
      await ended;
      socket.destroy();
    }
  });

  test('that fails on its way is cut off, not ended', async () => {
    const server = await start();
    server.pages = async function* () {
      for (let i = 0; i < 30; i++) yield page;
      throw new Error('disk');
    };
    await expect(send(server, call)).rejects.toThrow();
    server.pages = async function* () {
      yield page;
      throw new Error('disk');
    };
    const { status, text } = await send(server, call);
    expect([status, text]).toEqual([500, expect.stringContaining('"message":"disk"')]);
  });
});

describe('requests on one connection', () => {
  const post = (method: string, ...params: unknown[]) => {
    const body = JSON.stringify({ method, params, id: 1 });
    const login = Buffer.from('user:pass').toString('base64');
    return `POST / HTTP/1.1\r\nAuthorization: Basic ${login}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  /** Resolves when a call of `uptime` waits, to what ends it. */
  const waiting = async (server: Started) => {
    await expect.poll(() => server.release, { timeout: 10_000 }).toBeDefined();
    return server.release as () => void;
  };

  test('that came together are done one after the other', async () => {
    const server = await start();
    const requests = post('uptime') + post('generatetoaddress', 1, '') + post('getblockcount');
    const answers = raw(server, requests);
    const release = await waiting(server);
    // The second has not been begun: nothing was mined for anybody else either.
    expect((await send(server, { body: COUNT })).text).toContain('"result":0');
    release();
    const height = async () => (await send(server, { body: COUNT })).text;
    await expect.poll(height).toContain('"result":1');
    await server.close();
    const results = [...(await answers).matchAll(/"result":(.*?),"error"/g)];
    expect(results.map(([, result]) => result)).toEqual(['1', `["${FIRST}"]`, '1']);
  });

  test('are not read while those before them wait', async () => {
    const server = await start();
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.write(post('uptime'));
    const release = await waiting(server);
    const count = 50;
    let isRead = false;
    const large = post('generatetoaddress', 1, 'x'.repeat(1 << 20));
    for (let n = 0; n < count; n++) socket.write(large, () => (isRead = n === count - 1));
    // What is not read stays in front of the system's buffers, however often others are served meanwhile.
    for (let n = 0; n < 50; n++) await send(server, { body: COUNT });
    expect(isRead).toBe(false);
    release();
    const answered = () => received.match(/"error":null/g)?.length;
    await expect.poll(answered, { timeout: 20_000 }).toBe(count + 1);
    socket.destroy();
  }, 30_000);

  test('of which a later one makes no sense: the earlier one is answered first', async () => {
    const server = await start();
    const answers = raw(server, `${post('uptime')}nonsense\r\n\r\n`);
    (await waiting(server))();
    const text = await answers;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 405']);
  });

  test('headers count with everything that is written around them', async () => {
    const server = await start();
    const lines = (count: number) => 'a: b\r\n'.repeat(count);
    const fits = await raw(server, `GET /x HTTP/1.1\r\n${lines(1300)}Connection: close\r\n\r\n`);
    expect(fits).toContain('HTTP/1.1 404');
    const exceeds = await raw(server, `GET /x HTTP/1.1\r\n${lines(1400)}\r\n`);
    expect(exceeds).toContain('HTTP/1.1 400');
  });

  test('another HTTP than 1.x, or two lengths at once, make no sense here', async () => {
    const server = await start();
    expect(await raw(server, 'GET / HTTP/2.0\r\n\r\n')).toContain('HTTP/1.1 400');
    const twice = 'Content-Length: 4\r\nTransfer-Encoding: chunked';
    expect(await raw(server, `POST / HTTP/1.1\r\n${twice}\r\n\r\n0\r\n\r\n`)).toContain('400');
  });

  test('a verb that would take the connection is refused like any other', async () => {
    expect(await raw(await start(), 'CONNECT / HTTP/1.1\r\n\r\n')).toContain('HTTP/1.1 405');
  });
});

describe('pages beside RPC', () => {
  const TEXT = ['Content-Type', 'text/plain'];

  async function startWithPages(settings: Partial<HttpSettings> = {}): Promise<HttpServer> {
    async function* pieces() {
      yield 'one ';
      yield 'two';
    }
    const pages: Record<string, (body: Uint8Array) => PageReply> = {
      '/text': (body) => ({ status: 200, headers: TEXT, body: `text ${body.length}` }),
      '/bytes': () => ({ status: 200, headers: TEXT, body: new Uint8Array([1, 2, 3]) }),
      '/parts': () => ({ status: 200, headers: TEXT, body: ['ä', new Uint8Array([33]), '.'] }),
      '/long': () => ({ status: 200, headers: TEXT, body: pieces() }),
      '/broken': () => ({ status: 200, headers: TEXT, body: broken() }),
    };
    async function* broken() {
      yield 'one ';
      throw new Error('the disk is gone');
    }
    const server = await serveHttp(
      { host: '127.0.0.1', port: 0, ...settings },
      {
        auth: createAuth({ credentials: [] }),
        handle: async () => ({ status: 200, body: '' }),
        route: (url) => {
          const page = pages[url];
          return page && (async (body) => page(body));
        },
      },
    );
    running.push(server);
    return server;
  }

  test('answer every verb but unknown ones, whoever asks', async () => {
    const server = await startWithPages();
    for (const method of ['GET', 'POST', 'PUT']) {
      const { status, text } = await send(server, { method, path: '/text', auth: false });
      expect({ status, text }).toEqual({ status: 200, text: 'text 0' });
    }
    expect(await send(server, { path: '/text', body: 'abc' })).toMatchObject({ text: 'text 3' });
    const head = await send(server, { method: 'HEAD', path: '/text' });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '6' } });
    expect(await send(server, { method: 'DELETE', path: '/text' })).toMatchObject({ status: 405 });
    expect(await send(server, { method: 'GET', path: '/none' })).toMatchObject({ status: 404 });
  });

  test('bytes go out as they are, long answers as they come', async () => {
    const server = await startWithPages();
    const parts = await send(server, { method: 'GET', path: '/parts' });
    expect(parts).toMatchObject({ text: 'ä!.', headers: { 'content-length': '4' } });
    const bytes = await send(server, { method: 'GET', path: '/bytes' });
    expect(bytes).toMatchObject({ text: '\x01\x02\x03', headers: { 'content-length': '3' } });
    const long = await send(server, { method: 'GET', path: '/long' });
    expect(long).toMatchObject({ text: 'one two', headers: { 'content-type': 'text/plain' } });
    await expect(send(server, { method: 'GET', path: '/broken' })).rejects.toThrow();
  });

  test('a body that is too large is refused before the page is asked', async () => {
    const server = await startWithPages();
    const answer = await raw(server, 'POST /text HTTP/1.1\r\nContent-Length: 33554433\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 413 Content too large');
  });
});
