import { createServer, type Server, type Socket } from 'node:net';
import { bytesToHex, concatBytes, hexToBytes } from '@coind/primitives';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection } from './network.ts';
import { isolatedCredentials, ProxyError, Socks5Handshake, socks5Network } from './socks5.ts';
import { tcpNetwork } from './tcp-network.ts';

const target = { host: 'example.onion', port: 8333 };
const NAME = bytesToHex(new TextEncoder().encode(target.host));
const REQUEST = `050100030d${NAME}208d`;
const GRANTED = '05000001000000000000';

function answers(...hex: string[]): (bytes: Socks5Handshake) => string[] {
  return (handshake) => hex.map((text) => bytesToHex(handshake.receive(hexToBytes(text))));
}

describe('the handshake', () => {
  test('without credentials', () => {
    const handshake = new Socks5Handshake(target);
    expect(bytesToHex(handshake.hello())).toBe('050100');
    expect(answers('0500', GRANTED)(handshake)).toEqual([REQUEST, '']);
    expect(handshake.isDone).toBe(true);
    expect(handshake.left.length).toBe(0);
  });

  test('with credentials, if the proxy wants them', () => {
    const credentials = { username: 'ab', password: 'c' };
    const handshake = new Socks5Handshake(target, credentials);
    expect(bytesToHex(handshake.hello())).toBe('05020002');
    expect(answers('0502', '0100', GRANTED)(handshake)).toEqual(['010261620163', REQUEST, '']);
    expect(answers('0500')(new Socks5Handshake(target, credentials))).toEqual([REQUEST]);
  });

  test('cut anywhere, with any form of address, and bytes of the target behind it', () => {
    for (const address of ['0101020304', `04${'00'.repeat(16)}`, '0302aabb']) {
      const all = hexToBytes(`0500050000${address}1234${'ff'.repeat(3)}`);
      const handshake = new Socks5Handshake(target);
      for (let at = 0; at < all.length; at++) {
        expect(handshake.isDone).toBe(at >= all.length - 3);
        handshake.receive(all.subarray(at, at + 1));
      }
      expect(bytesToHex(handshake.left)).toBe('ffffff');
    }
  });

  test.each([
    ['0400', 'Proxy failed to initialize'],
    ['05ff', 'Proxy requested wrong authentication method ff'],
    ['0502', 'Proxy requested wrong authentication method 02'],
    ['05000400', 'Proxy failed to accept request'],
    ['05000505', 'Socks5() connect to example.onion:8333 failed: connection refused'],
    ['050005f0', 'failed: onion service descriptor can not be found'],
    ['05000599', 'failed: unknown (0x99)'],
    ['05000500010100000000', 'Error: malformed proxy response'],
    ['05000500000900000000', 'Error: malformed proxy response'],
  ])('refuses %s', (hex, message) => {
    const handshake = new Socks5Handshake(target);
    expect(() => handshake.receive(hexToBytes(hex))).toThrow(message);
    expect(handshake.isDone).toBe(false);
  });

  test('what cannot be said', () => {
    const long = 'a'.repeat(256);
    expect(() => new Socks5Handshake({ host: long, port: 1 })).toThrow('Hostname too long');
    const handshake = new Socks5Handshake(target, { username: long, password: '' });
    expect(() => handshake.receive(hexToBytes('0502'))).toThrow('too long');
    const wrong = new Socks5Handshake(target, { username: 'a', password: 'b' });
    wrong.receive(hexToBytes('0502'));
    expect(() => wrong.receive(hexToBytes('0101'))).toThrow('Proxy authentication unsuccessful');
  });

  test('each connection has credentials of its own', () => {
    const next = isolatedCredentials('0123');
    expect([next(), next()]).toEqual([
      { username: '0123-0', password: '0123-0' },
      { username: '0123-1', password: '0123-1' },
    ]);
  });
});

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) 'destroy' in one ? one.destroy() : one.close();
});

/** A proxy on this machine that does as `serve` says; its port. */
async function proxyOf(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    open.push(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function connect(port: number, timeoutMs = 5000): Promise<Connection> {
  const network = socks5Network({ proxy: { host: '127.0.0.1', port } }, tcpNetwork);
  return network.connect(target, { timeoutMs });
}

describe('through a proxy', () => {
  test('bytes flow both ways, none is lost that came early, and the end is told', async () => {
    let step = 0;
    const port = await proxyOf((socket) => {
      socket.on('data', (bytes) => {
        if (step++ === 0) socket.write(hexToBytes('0500'));
        else if (step === 2) {
          expect(bytesToHex(bytes)).toBe(REQUEST);
          socket.write(concatBytes(hexToBytes(GRANTED), Uint8Array.of(1, 2, 3)));
        } else socket.end(bytes);
      });
    });
    const connection = await connect(port);
    expect(connection.remote).toEqual(target);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const got: Uint8Array[] = [];
    await new Promise<void>((resolve) => {
      connection.start({
        data: (bytes) => void got.push(bytes),
        drained: () => undefined,
        closed: () => resolve(),
      });
      connection.write([Uint8Array.of(4, 5)]);
    });
    expect([...concatBytes(...got)]).toEqual([1, 2, 3, 4, 5]);
  });

  test('a refusal, a silence and an early end are errors', async () => {
    const refusing = await proxyOf((socket) =>
      socket.on('data', () => socket.write(hexToBytes('05ff'))),
    );
    await expect(connect(refusing)).rejects.toThrow(ProxyError);
    const silent = await proxyOf(() => undefined);
    await expect(connect(silent, 50)).rejects.toThrow('Proxy did not answer in time');
    const leaving = await proxyOf((socket) => socket.end());
    await expect(connect(leaving)).rejects.toThrow();
  });

  test('names are left to the proxy', async () => {
    const network = socks5Network({ proxy: { host: '127.0.0.1', port: 1 } }, tcpNetwork);
    expect(await network.resolve('seed.example')).toEqual(['seed.example']);
  });
});
