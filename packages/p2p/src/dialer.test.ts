import { describe, expect, test } from 'vitest';
import { Dialer, type DialerOptions } from './dialer.ts';
import type { Connection, Endpoint, Network } from './network.ts';
import { directReach, type ProxyRoute, type Reach } from './reach.ts';
import { Socks5Handshake } from './socks5.ts';
import { systemRandom } from './tcp-network.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const route = (port: number): ProxyRoute => ({
  endpoint: { host: '127.0.0.1', port },
  randomize: true,
});

/** Remembers who was connected to; what answers is a SOCKS5 server that says yes to everything. */
function recorder(answers = true) {
  const connected: string[] = [];
  const network: Network = {
    async connect({ host, port }: Endpoint): Promise<Connection> {
      connected.push(`${host}:${port}`);
      if (!answers) throw new Error('refused');
      let events: Parameters<Connection['start']>[0] | undefined;
      const replies = [
        [5, 2],
        [1, 0],
        [5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      ];
      return {
        remote: { host, port },
        local: { host: '127.0.0.1', port: 1 },
        queuedBytes: 0,
        start: (given) => {
          events = given;
        },
        write: () => {
          const reply = replies.shift();
          if (reply) queueMicrotask(() => events?.data(Uint8Array.from(reply)));
        },
        pause: () => undefined,
        resume: () => undefined,
        close: () => undefined,
      };
    },
    listen: () => Promise.reject(new Error('not here')),
    resolve: async (name) => (name === 'seed.test' ? ['1.2.3.4', '2001:41d0::1'] : []),
  };
  return { network, connected };
}

function dialer(options: Partial<DialerOptions>, network: Network) {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log = {
    info: note,
    warn: note,
    error: note,
    debug: (_: string, line: string) => note(line),
    enabled: () => true,
  };
  const made = new Dialer(
    {
      reach: directReach,
      lookUpNames: true,
      connectTimeoutMs: 1000,
      defaultPort: 8333,
      ...options,
    },
    { network, random: systemRandom, log },
  );
  return { made, lines };
}

const proxied: Reach = {
  ...directReach,
  proxies: new Map([
    ['ipv4', route(1)],
    ['onion', route(2)],
  ]),
  nameProxy: route(3),
};

describe('where a name leads', () => {
  const { network } = recorder();
  const hosts = async (name: string, options: Partial<DialerOptions> = {}) =>
    (await dialer(options, network).made.targets(name)).map(
      ({ endpoint: { host, port } }) => `${host} ${port}`,
    );

  test('addresses are their own, with the network’s port unless they name one', async () => {
    expect(await hosts('1.2.3.4')).toEqual(['1.2.3.4 8333']);
    expect(await hosts('127.1:9')).toEqual(['127.0.0.1 9']);
    expect(await hosts('[2001:41d0::1]:9')).toEqual(['2001:41d0::1 9']);
    expect(await hosts(ONION)).toEqual([`${ONION} 8333`]);
    expect(await hosts('1.2.3.4:99999')).toEqual([]);
  });

  test('names are looked up, left to the proxy, or lead nowhere', async () => {
    expect(await hosts('seed.test:5')).toEqual(['1.2.3.4 5', '2001:41d0::1 5']);
    expect(await hosts('seed.test', { reach: proxied })).toEqual(['seed.test 8333']);
    expect(await hosts('seed.test', { lookUpNames: false })).toEqual([]);
  });

  test('fc00::/8 is CJDNS where that is reachable', async () => {
    const { made } = dialer({ reach: { ...directReach, cjdns: true } }, network);
    expect((await made.targets('fc00::1'))[0]?.host?.networkId).toBe(6);
  });
});

describe('the way there', () => {
  const way = async (name: string, reach: Reach) => {
    const { network, connected } = recorder();
    const { made } = dialer({ reach }, network);
    const [target] = await made.targets(name);
    if (!target) throw new Error('no target');
    const { connection } = await made.connect(target);
    return { through: connected, remote: connection?.remote };
  };

  test('goes through the proxy of the network, and past it to this machine', async () => {
    expect((await way('1.2.3.4', proxied)).through).toEqual(['127.0.0.1:1']);
    expect((await way(ONION, proxied)).through).toEqual(['127.0.0.1:2']);
    expect((await way('seed.test', proxied)).through).toEqual(['127.0.0.1:3']);
    expect((await way('127.0.0.1:5', proxied)).through).toEqual(['127.0.0.1:5']);
    expect((await way('2001:41d0::1', proxied)).through).toEqual(['2001:41d0::1:8333']);
    expect((await way('1.2.3.4', proxied)).remote).toEqual({ host: '1.2.3.4', port: 8333 });
  });

  test('a proxy that is away says nothing about the target', async () => {
    const { network } = recorder(false);
    const { made } = dialer({ reach: proxied }, network);
    const [far] = await made.targets('1.2.3.4');
    const [near] = await made.targets('2001:41d0::1');
    if (!far || !near) throw new Error('no target');
    expect((await made.connect(far)).proxyFailed).toBe(true);
    expect((await made.connect(near)).proxyFailed).toBe(false);
  });

  test('I2P has no ports, and needs a bridge', async () => {
    const bridged = { ...directReach, proxies: new Map([['i2p', route(7656)] as const]) };
    const to = async (text: string, reach: Reach) => {
      const { network, connected } = recorder();
      const { made, lines } = dialer({ reach }, network);
      const [target] = await made.targets(text);
      if (!target) throw new Error('no target');
      expect((await made.connect(target)).connection).toBeUndefined();
      expect(connected).toEqual([]);
      return lines.join();
    };
    const name = `${'a'.repeat(52)}.b32.i2p`;
    expect(await to(`${name}:0`, directReach)).toContain('-i2psam is not given');
    expect(await to(`${name}:8333`, bridged)).toContain('refused due to arbitrary port 8333');
    expect(await to(name, directReach)).toContain('-i2psam is not given');
  });
});

test('the handshake asks by name', () => {
  const handshake = new Socks5Handshake({ host: ONION, port: 8333 });
  const request = handshake.receive(Uint8Array.of(5, 0));
  expect(new TextDecoder().decode(request.subarray(5, 5 + ONION.length))).toBe(ONION);
});
