/** Whom a node connects to and how: through proxies, and after a restart to the peers it had. */
import { existsSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Daemon,
  type DaemonOptions,
  startDaemon,
  temporaryDirectory,
} from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

async function started(options: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(options);
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon;
}

/** What a SOCKS5 proxy was asked for. */
interface Asked {
  readonly target: string;
  readonly user: string;
}

/** A SOCKS5 proxy that asks for credentials, notes where it should connect to, and goes nowhere. */
async function startProxy() {
  const asked: Asked[] = [];
  const server = createServer((socket) => {
    let user = '';
    let step = 0;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (step++ === 0) {
        socket.write(Uint8Array.of(5, 2));
      } else if (step === 2) {
        user = bytes.subarray(2, 2 + (bytes[1] ?? 0)).toString();
        socket.write(Uint8Array.of(1, 0));
      } else {
        const end = 5 + (bytes[4] ?? 0);
        asked.push({
          target: `${bytes.subarray(5, end)}:${bytes.readUInt16BE(end)}`,
          user,
        });
        socket.end(Uint8Array.of(5, 4));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, port: (server.address() as AddressInfo).port };
}

test('everything goes through -proxy, by name and with credentials of its own', async () => {
  const proxy = await startProxy();
  const { client } = await started({ args: [`-proxy=127.0.0.1:${proxy.port}`, '-noconnect'] });
  const targets = ['15.61.23.23:1234', '[1233::4534]:5443', `${ONION}:8333`, 'node.example:8333'];
  for (const node of targets) {
    await client.addnode({ node, command: 'onetry', v2transport: false });
  }
  expect(proxy.asked.map(({ target }) => target)).toEqual([
    '15.61.23.23:1234',
    '1233::4534:5443',
    `${ONION}:8333`,
    'node.example:8333',
  ]);
  expect(new Set(proxy.asked.map(({ user }) => user)).size).toBe(4);

  const { networks, localaddresses } = await client.getnetworkinfo();
  const facts = Object.fromEntries(
    networks.map(({ name, proxy: through, reachable }) => [name, [through !== '', reachable]]),
  );
  expect(facts).toEqual({
    ipv4: [true, true],
    ipv6: [true, true],
    onion: [true, true],
    i2p: [false, false],
    cjdns: [true, false],
  });
  expect(localaddresses).toEqual([]);
});

test('a restart goes back to the peers it had for blocks only', async () => {
  const [port, datadir] = [await freePort(), temporaryDirectory()];
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  await started({ args: ['-listen=1', `-bind=127.0.0.1:${port}`] });
  const anchors = join(datadir, 'regtest', 'anchors.dat');

  const first = await started({ datadir });
  const address = `127.0.0.1:${port}`;
  await first.client.addconnection({
    address,
    connection_type: 'block-relay-only',
    v2transport: true,
  });
  await until('the handshake', async () => {
    const [peer] = await first.client.getpeerinfo();
    return (peer?.version ?? 0) > 0;
  });
  await first.stop();
  expect(existsSync(anchors)).toBe(true);

  const { client } = await started({ datadir });
  expect(existsSync(anchors)).toBe(false);
  await until('the anchor', async () => {
    const peers = await client.getpeerinfo();
    return peers.some(
      ({ addr, connection_type }) => addr === address && connection_type === 'block-relay-only',
    );
  });
});
