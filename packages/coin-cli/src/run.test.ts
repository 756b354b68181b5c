import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namedParams, positionalParams } from './convert.ts';
import type { Outcome } from './format.ts';
import { run } from './run.ts';
import { painter } from './shortcuts.ts';

interface Call {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}
/** What the stand-in for a daemon answers: a status and a body. */
type Answer = (call: Call) => { status?: number; body: string };

let dir: string;
let server: Server;
let calls: Call[];
let answer: Answer;

const result = (json: string) => ({ body: `{"jsonrpc":"2.0","result":${json},"id":"1"}\n` });
const error = (code: number, message: string) => ({
  body: `{"jsonrpc":"2.0","error":${JSON.stringify({ code, message })},"id":"1"}\n`,
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coin-cli-'));
  calls = [];
  answer = () => result('3');
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const call = {
        path: request.url ?? '',
        authorization: request.headers.authorization ?? '',
        body: body.trimEnd(),
      };
      calls.push(call);
      const { status = 200, body: text } = answer(call);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  rmSync(dir, { recursive: true });
  await new Promise((closed) => server.close(closed));
});

const port = () => (server.address() as AddressInfo).port;

async function cli(argv: readonly string[], stdin = ''): Promise<Outcome & { told: string }> {
  let told = '';
  const outcome = await run([`-datadir=${dir}`, ...argv], {
    env: { HOME: dir },
    stdin: () =>
      (async function* () {
        yield stdin;
      })(),
    toTerminal: false,
    tell: (text) => {
      told += text;
    },
  });
  return { ...outcome, told };
}
const connected = (): string[] => [
  '-regtest',
  `-rpcport=${port()}`,
  '-rpcuser=u',
  '-rpcpassword=p',
];
const params = () => JSON.parse(calls.at(-1)?.body ?? '').params as unknown;

describe('a call', () => {
  test('asks with credentials and prints the answer', async () => {
    expect(await cli([...connected(), 'getblockcount'])).toEqual({
      stdout: '3\n',
      stderr: '',
      exitCode: 0,
      told: '',
    });
    expect(calls).toEqual([
      {
        path: '/',
        authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
        body: '{"jsonrpc":"2.0","method":"getblockcount","params":[],"id":"1"}',
      },
    ]);
  });

  test.each([
    ['"text"', 'text\n'],
    ['null', ''],
    ['[]', '[\n]\n'],
    ['{}', '{\n}\n'],
    ['50.00000000', '50.00000000\n'],
    ['{"a":[1,2.50],"b":{}}', '{\n  "a": [\n    1,\n    2.50\n  ],\n  "b": {\n  }\n}\n'],
  ])('prints %s as bitcoin-cli does', async (json, stdout) => {
    answer = () => result(json);
    expect((await cli([...connected(), 'echo'])).stdout).toBe(stdout);
  });

  test('an error goes to stderr and into the exit status', async () => {
    answer = () => error(-8, 'Block height out of range');
    expect(await cli([...connected(), 'getblockhash', '99'])).toMatchObject({
      stdout: '',
      stderr: 'error code: -8\nerror message:\nBlock height out of range\n',
      exitCode: 8,
    });
    answer = () => ({ ...error(-32601, 'Method not found'), status: 404 });
    expect((await cli([...connected(), 'nosuch'])).exitCode).toBe(89);
    answer = () => error(-19, 'Which?');
    expect((await cli([...connected(), 'getbalance'])).stderr).toContain('Which? Or for the CLI,');
  });

  test('goes to the wallet that was named', async () => {
    await cli([...connected(), '-rpcwallet=a b/c', 'getbalance']);
    await cli([...connected(), '-rpcwallet=', 'getbalance']);
    await cli([...connected(), '-norpcwallet', 'getbalance']);
    expect(calls.map(({ path }) => path)).toEqual(['/wallet/a%20b%2Fc', '/wallet/', '/']);
  });

  test('carries the id that was asked for', async () => {
    await cli([...connected(), '-rpcid=my "id"', 'getblockcount']);
    expect(JSON.parse(calls[0]?.body ?? '').id).toBe('my "id"');
  });
});

describe('finding the daemon', () => {
  test('the conf file of the daemon, and its cookie', async () => {
    mkdirSync(join(dir, 'regtest'));
    writeFileSync(join(dir, 'regtest', '.cookie'), '__cookie__:abc');
    const conf = `regtest=1\nserver=1\n[regtest]\nrpcport=${port()}\n`;
    writeFileSync(join(dir, 'coin.conf'), conf);
    expect((await cli(['getblockcount'])).stdout).toBe('3\n');
    const sent = Buffer.from(calls[0]?.authorization.slice(6) ?? '', 'base64').toString();
    expect(sent).toBe('__cookie__:abc');
  });

  test('-rpcconnect with a port, and -rpcport before it', async () => {
    const user = ['-regtest', '-rpcuser=u', '-rpcpassword=p'];
    expect((await cli([...user, `-rpcconnect=127.0.0.1:${port()}`, 'x'])).exitCode).toBe(0);
    const both = await cli([...user, '-rpcconnect=127.0.0.1:1', `-rpcport=${port()}`, 'x']);
    expect(both.exitCode).toBe(0);
    expect(both.told).toContain('Warning: Port specified in both -rpcconnect and -rpcport.');
    for (const bad of ['127.0.0.1:x', '127.0.0.1:0', '[::1]:65536']) {
      expect((await cli([...user, `-rpcconnect=${bad}`, 'x'])).stderr).toBe(
        `error: Invalid port provided in -rpcconnect: ${bad}\n`,
      );
    }
  });

  test('wrong credentials say what was tried', async () => {
    answer = () => ({ status: 401, body: '' });
    const conf = `Configuration file: (${join(dir, 'bitcoin.conf')})\n`;
    const base = ['-regtest', `-rpcport=${port()}`];
    expect((await cli([...base, '-rpcpassword=x', 'x'])).stderr).toBe(
      `error: Authorization failed: Incorrect rpcuser or rpcpassword were specified. ${conf}`,
    );
    expect((await cli([...base, 'x'])).stderr).toBe(
      `error: Authorization failed: Failed to read cookie file and no rpcpassword was specified. ${conf}`,
    );
    expect((await cli([...base, '-norpccookiefile', 'x'])).stderr).toContain(
      'Cookie file was disabled via -norpccookiefile',
    );
  });

  test('an answer that is no answer', async () => {
    for (const [status, body, stderr] of [
      [503, 'Work queue depth exceeded', 'Server response: Work queue depth exceeded'],
      [403, '', 'server returned HTTP error 403'],
      [200, '', 'no response from server'],
      [200, '<html>', "couldn't parse reply from server"],
      [200, '[]', 'expected reply to have result, error and id properties'],
    ] as const) {
      answer = () => ({ status, body });
      expect((await cli([...connected(), 'x'])).stderr).toBe(`error: ${stderr}\n`);
    }
  });

  test('-rpcwait waits out a warm-up, but not for ever', async () => {
    answer = () => (calls.length < 2 ? error(-28, 'Loading…') : result('3'));
    expect((await cli([...connected(), '-rpcwait', 'getblockcount'])).stdout).toBe('3\n');
    expect(calls.length).toBe(2);
    answer = () => error(-28, 'Loading…');
    const late = await cli([...connected(), '-rpcwait', '-rpcwaittimeout=1', 'getblockcount']);
    expect(late.stderr).toBe('error: timeout on transient error: server in warmup\n');
  });

  test('an answer that takes too long', async () => {
    const slow = createServer(() => undefined);
    await new Promise<void>((listening) => slow.listen(0, '127.0.0.1', listening));
    const at = `-rpcport=${(slow.address() as AddressInfo).port}`;
    const late = await cli(['-regtest', at, '-rpcpassword=p', '-rpcclienttimeout=1', 'x']);
    expect(late.stderr).toContain('(timeout)');
    slow.close();
  });
});

describe('parameters', () => {
  test('become JSON where the method wants JSON', () => {
    expect(positionalParams('getblockhash', ['0'])).toBe('[0]');
    expect(positionalParams('sendtoaddress', ['addr', '0.10'])).toBe('["addr",0.10]');
    expect(positionalParams('nosuch', ['1', '{}'])).toBe('["1","{}"]');
    expect(() => positionalParams('getblockhash', ['x'])).toThrow('Error parsing JSON: x');
  });

  test('by name, the last one of a name counts, those without a name come as args', () => {
    expect(namedParams('getblockhash', ['height=0', 'height=1'])).toBe('{"height":1}');
    expect(namedParams('getblock', ['ab', 'verbose=0'])).toBe('{"verbose":0,"args":["ab"]}');
    expect(namedParams('echo', ['arg0=a=b', 'arg1='])).toBe('{"arg0":"a=b","arg1":""}');
  });

  test('an equals sign in a value does not make it a name, unless it is a slip', () => {
    expect(namedParams('getaddressesbylabel', ['a=b'])).toBe('{"args":["a=b"]}');
    expect(namedParams('getblockhash', ['hight=1'])).toBe('{"hight":"1"}');
    expect(namedParams('getblock', ['blokhash=ab'])).toBe('{"blokhash":"ab"}');
  });

  test('any text arrives as it was typed', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 10 }), (words) => {
        expect(JSON.parse(positionalParams('echo', words))).toEqual(words);
      }),
    );
  });

  test('-stdin appends lines, after password and passphrase', async () => {
    await cli([...connected(), '-stdin', 'echo', 'x'], 'a\r\nb c\n\nlast');
    expect(params()).toEqual(['x', 'a\r', 'b c', '', 'last']);
    const flags = ['-stdinrpcpass', '-stdinwalletpassphrase', '-stdin'];
    const lines = 'secret\nopen sesame\n60\n';
    await cli(
      ['-regtest', `-rpcport=${port()}`, '-rpcuser=u', ...flags, 'walletpassphrase'],
      lines,
    );
    const { authorization = '', body = '' } = calls.at(-1) ?? {};
    expect(Buffer.from(authorization.slice(6), 'base64').toString()).toBe('u:secret');
    expect(JSON.parse(body).params[0]).toBe('open sesame');
    expect((await cli([...connected(), '-stdinwalletpassphrase', 'x'])).stderr).toBe(
      'error: -stdinwalletpassphrase is only applicable for walletpassphrase(change)\n',
    );
  });
});

describe('commands of the client', () => {
  test('-generate mines to a new address', async () => {
    answer = ({ body }) => result(body.includes('getnewaddress') ? '"bcrt1q"' : '["00"]');
    expect((await cli([...connected(), '-generate', '2', '5'])).stdout).toBe(
      '{\n  "address": "bcrt1q",\n  "blocks": [\n    "00"\n  ]\n}\n',
    );
    expect(params()).toEqual([2, 'bcrt1q', 5]);
    expect((await cli([...connected(), '-generate', '0'])).stderr).toContain('greater than zero');
    expect((await cli([...connected(), '-generate', 'x'])).stderr).toBe(
      'error: Error parsing JSON: x\n',
    );
    expect((await cli([...connected(), '-generate', '1', '2', '3'])).stderr).toContain('too many');
    answer = () => error(-18, 'No wallet');
    expect((await cli([...connected(), '-generate', '0'])).exitCode).toBe(18);
  });

  test('-getinfo of a node without getbalances is an object, as bitcoin-cli 0.16 printed it', async () => {
    answer = ({ body }) => {
      const replies = (JSON.parse(body) as { id: number; method: string }[]).map(
        ({ id, method }) => {
          const found = {
            getnetworkinfo:
              '{"version":160300,"protocolversion":70015,"timeoffset":0,"connections":2,"networks":[{"proxy":"1.2.3.4:9050"}],"relayfee":0.00001000,"warnings":""}',
            getblockchaininfo: '{"chain":"regtest","blocks":3,"difficulty":4.656542373906925e-10}',
            getwalletinfo:
              '{"walletversion":159900,"balance":1.50000000,"keypoololdest":9,"keypoolsize":5,"unlocked_until":0,"paytxfee":0.00000000}',
          }[method];
          return found
            ? `{"result":${found},"error":null,"id":${id}}`
            : `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":${id}}`;
        },
      );
      return { body: `[${replies.join(',')}]` };
    };
    expect((await cli([...connected(), '-getinfo'])).stdout).toBe(`{
  "version": 160300,
  "protocolversion": 70015,
  "walletversion": 159900,
  "balance": 1.50000000,
  "blocks": 3,
  "timeoffset": 0,
  "connections": 2,
  "proxy": "1.2.3.4:9050",
  "difficulty": 4.656542373906925e-10,
  "testnet": false,
  "keypoololdest": 9,
  "keypoolsize": 5,
  "unlocked_until": 0,
  "paytxfee": 0.00000000,
  "relayfee": 0.00001000,
  "warnings": ""
}
`);
  });

  test('-getinfo shows daemon and wallets on a page', async () => {
    const parts = [
      '{"version":319900,"connections":2,"connections_in":0,"connections_out":2,"timeoffset":0,"networks":[{"name":"ipv4","proxy":"h:9"},{"name":"ipv6","proxy":"h:9"}],"relayfee":0.00000100,"warnings":[]}',
      '{"chain":"regtest","blocks":5,"headers":5,"verificationprogress":1,"difficulty":4.6e-10}',
      '{"walletname":"","keypoolsize":4000}',
      '{"mine":{"trusted":50.00000000}}',
    ];
    answer = ({ body }) => {
      if (body.startsWith('[')) {
        return { body: `[${parts.map((part, id) => `{"result":${part},"id":${id}}`).join(',')}]` };
      }
      return result(body.includes('listwallets') ? '["","w"]' : '{"mine":{"trusted":1.00000000}}');
    };
    const page = (await cli([...connected(), '-getinfo'])).stdout;
    expect(page).toBe(
      'Chain: regtest\nBlocks: 5\nHeaders: 5\nVerification progress: 100.0000%\nDifficulty: 4.6e-10\n\n' +
        'Network: in 0, out 2, total 2\nVersion: 319900\nTime offset (s): 0\nProxies: h:9 (ipv4, ipv6)\n' +
        'Min tx relay fee rate (BTC/kvB): 0.00000100\n\nWallet: ""\nKeypool size: 4000\nBalance: 50.00000000\n\n' +
        'Balances\n1.00000000 ""\n1.00000000 w\n\nWarnings: (none)\n',
    );
    expect((await cli([...connected(), '-color=always', '-getinfo'])).stdout).toContain(
      '\u001b[0m',
    );
    expect((await cli([...connected(), '-color=x', '-getinfo'])).exitCode).toBe(1);
    expect((await cli([...connected(), '-getinfo', 'x'])).stderr).toContain('takes no arguments');
    expect((await cli([...connected(), '-getinfo', '-addrinfo'])).stderr).toBe(
      'error: Only one of -addrinfo, -getinfo may be specified.\n',
    );
  });

  test('-netinfo is a command of the client like the others', async () => {
    expect((await cli([...connected(), '-netinfo', 'help'])).stdout).toContain('-netinfo (level');
    expect((await cli([...connected(), '-getinfo', '-netinfo'])).stderr).toBe(
      'error: Only one of -getinfo, -netinfo may be specified.\n',
    );
    expect((await cli([...connected(), '-netinfo', 'x'])).stderr).toBe(
      'error: invalid -netinfo level argument: x\nFor more information, run: bitcoin-cli -netinfo help\n',
    );
  });

  test('the only way to the daemon is RPC', async () => {
    answer = () => result('1');
    for (const way of ['-ipcconnect=auto', '-noipcconnect']) {
      expect((await cli([...connected(), way, 'getblockcount'])).stdout).toBe('1\n');
    }
    const refused = async (...args: string[]) => (await cli([...args, '-getinfo'])).stderr;
    expect(await refused('-ipcconnect=unix')).toBe(
      'error: bitcoin-cli was not built with IPC support\n',
    );
    expect(await refused('-ipcconnect=unix', '-rpcconnect=127.0.0.1')).toBe(
      'error: -rpcconnect and -ipcconnect options cannot both be enabled\n',
    );
  });

  test('colours follow the terminal unless told otherwise', () => {
    expect(painter('auto', true)('blue', 'x')).toBe('\u001b[34mx\u001b[0m');
    expect(painter('auto', false)('blue', 'x')).toBe('x');
  });

  test('-addrinfo counts', async () => {
    answer = () => result('{"ipv4":{"total":1},"all_networks":{"total":1}}');
    expect(JSON.parse((await cli([...connected(), '-addrinfo'])).stdout)).toEqual({
      addresses_known: { ipv4: 1, total: 1 },
    });
  });

  test('help, version, and a wrong option', async () => {
    expect((await cli(['-version'])).stdout).toContain('RPC client version');
    expect((await cli(['-?'])).stdout).toContain('-rpcconnect=<ip>');
    expect(await cli(['-rpcprot=1', 'x'])).toMatchObject({
      stderr:
        'Error parsing command line arguments: Invalid parameter -rpcprot=1. Did you mean -rpcport?\n',
      exitCode: 1,
    });
    const nowhere = await run([`-datadir=${dir}/none`, 'x'], {
      env: {},
      stdin: () =>
        (async function* () {
          yield '';
        })(),
      toTerminal: false,
      tell: () => undefined,
    });
    expect(nowhere.stderr).toBe(`Error: Specified data directory "${dir}/none" does not exist.\n`);
    expect((await cli(['-chain=foo', 'x'])).stderr).toBe('Error: Unknown chain foo.\n');
    writeFileSync(join(dir, 'bitcoin.conf'), 'garbage');
    expect((await cli(['x'])).stderr).toBe(
      'Error reading configuration file: parse error on line 1: garbage\n',
    );
  });

  test('the version is that of the package', async () => {
    const file = fileURLToPath(new URL('../package.json', import.meta.url));
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    expect((await cli(['-version'])).stdout).toContain(`v${version}\n`);
  });
});

/** A step of a recording that runs the client. */
interface Step {
  readonly cli?: { args: string[]; stdin?: string; connection?: string[] };
  readonly expect?: { exit?: number; stdout?: string; stderr?: string | { $starts: string } };
}

test('what bitcoin-cli was recorded to do by itself, and to echo', async ({ skip }) => {
  const golden = fileURLToPath(new URL('../../../../shared/golden/modern', import.meta.url));
  skip(!existsSync(golden), 'the recordings in ../shared are not here');
  answer = ({ body }) => {
    const { params: given } = JSON.parse(body) as { params: unknown };
    if (Array.isArray(given)) return result(JSON.stringify(given));
    const { args = [], ...named } = given as Record<string, unknown> & { args?: unknown[] };
    const list = [...args];
    for (const [name, value] of Object.entries(named)) list[Number(name.slice(3))] = value;
    return result(JSON.stringify(list));
  };
  let checked = 0;
  for (const file of ['cli-basics.json', 'cli-wallet.json']) {
    const { steps } = JSON.parse(readFileSync(join(golden, file), 'utf8')) as { steps: Step[] };
    for (const { cli: step, expect: expected } of steps) {
      if (!step || !expected) continue;
      const { stderr } = expected;
      const own =
        (typeof stderr === 'string' && /^(?:error: |Error)/.test(stderr)) ||
        step.args.includes('echo');
      // What depends on a daemon is replayed with one.
      if (!own || step.args.includes('-generate')) continue;
      // Conversion follows the method table: echojson is not in it.
      if (step.args.includes('echojson')) continue;
      const connection =
        step.connection?.map((arg) => arg.replace('{port}', String(port()))) ?? connected();
      const outcome = await cli([...connection, ...step.args], step.stdin);
      expect({ args: step.args, ...outcome }).toMatchObject({
        args: step.args,
        exitCode: expected.exit,
        ...(expected.stdout === undefined ? {} : { stdout: expected.stdout }),
        ...(typeof stderr === 'string' ? { stderr } : {}),
      });
      checked++;
    }
  }
  expect(checked).toBeGreaterThanOrEqual(20);
});
