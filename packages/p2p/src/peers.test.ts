/** Whole nodes without a daemon: chain, pool and peers in memory, joined over the loopback interface. */
import { type Chain, openChain, SNAPSHOT_HEADER_SIZE, writeSnapshot } from '@coind/chain';
import { hasProofOfWork, subsidy } from '@coind/consensus';
import { createMempool, type Mempool, mempoolDefaults } from '@coind/mempool';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  concatBytes,
  hexToBytes,
  merkleRoot,
  NO_VOUT,
  SEQUENCE_FINAL,
  Tx,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript } from '@coind/script';
import { memoryStore } from '@coind/store';
import { afterEach, describe, expect, test } from 'vitest';
import { AddressManager } from './address-manager.ts';
import { BanList } from './ban-list.ts';
import { isolatedOptions } from './isolated-options.ts';
import { encodePayload, NO_ADDRESS } from './messages.ts';
import { openPeers, type Peers, type PeersOptions } from './peers.ts';
import { systemRandom, tcpNetwork } from './tcp-network.ts';
import { V1Transport } from './transport.ts';

const params = chainParams('regtest') as ChainParams;
const START = 1_800_000_000;
const ANYONE = Uint8Array.of(0x51);

interface TestNode {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly peers: Peers;
  readonly lines: string[];
  readonly port: number;
}

const open: TestNode[] = [];
afterEach(async () => {
  for (const node of open.splice(0)) {
    await node.peers.close();
    node.mempool.close();
    await node.chain.close();
  }
});

const defaults = isolatedOptions({ host: '127.0.0.1', port: 0 });

async function startNode(
  options: Partial<PeersOptions> = {},
  network: ChainParams = params,
): Promise<TestNode> {
  const started = performance.now();
  const clock = {
    now: () => Math.floor(clock.nowMs() / 1000),
    nowMs: () => START * 1000 + performance.now() - started,
  };
  const chain = await openChain({ params: network }, { store: memoryStore(), clock });
  const mempool = createMempool({ ...mempoolDefaults, requireStandard: false }, { chain, clock });
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const peers = await openPeers(
    { ...defaults, ...options },
    {
      chain,
      mempool,
      clock,
      network: tcpNetwork,
      random: systemRandom,
      bans: new BanList({ defaultSeconds: 60 }, { now: clock.now }),
      addresses: new AddressManager(
        { key: systemRandom.bytes(32) },
        { now: clock.now, randomBelow: systemRandom.below },
      ),
      log: {
        info: note,
        warn: note,
        error: note,
        debug: (_category, line) => note(line),
        enabled: () => true,
      },
      onFatal: (error) => note(`fatal ${error instanceof Error ? error.stack : error}`),
    },
  );
  const port = peers.endpoints[0]?.port ?? 0;
  const node = { chain, mempool, peers, lines, port };
  open.push(node);
  return node;
}

let extraNonce = 0;

/** Extends the chain of a node by one block, found here. */
async function mine({ chain }: TestNode, txs: readonly Tx[] = []): Promise<Block> {
  const { tip } = chain;
  const height = tip.ref.height + 1;
  const nonce = new Uint8Array(4);
  new DataView(nonce.buffer).setUint32(0, ++extraNonce);
  const coinbase = new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: NO_VOUT },
        scriptSig: concatBytes(buildScript([BigInt(height)]), Uint8Array.of(4), nonce),
        sequence: SEQUENCE_FINAL,
        witness: [],
      },
    ],
    outputs: [{ value: subsidy(height, params), scriptPubKey: ANYONE }],
    locktime: 0,
  });
  const all = [coinbase, ...txs];
  const fields = {
    version: 0x20000000,
    prevHash: tip.ref.hash,
    merkleRoot: merkleRoot(all.map(({ txid }) => txid)).root,
    time: Math.max(tip.medianTimePast + 1, START - 1000 + height),
    bits: tip.header.bits,
  };
  for (let tries = 0; ; tries++) {
    const header = new BlockHeader({ ...fields, nonce: tries });
    if (!hasProofOfWork(header.hash, header.bits, params.powLimit)) continue;
    const block = new Block(header, all);
    await chain.submitBlock(block);
    return block;
  }
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`still waiting for ${what}`);
}

const sameTip = (a: TestNode, b: TestNode) => () => a.chain.tip.ref.hash === b.chain.tip.ref.hash;
const connect = (from: TestNode, to: TestNode, v2 = true) =>
  from.peers.connect(`127.0.0.1:${to.port}`, v2);

describe('two nodes', () => {
  test.each([true, false])('shake hands and sync (v2: %s)', async (v2) => {
    const [a, b] = [await startNode({ v2 }), await startNode({ v2 })];
    for (let i = 0; i < 50; i++) await mine(a);
    await connect(b, a, v2);
    await until('the blocks', sameTip(a, b));
    const [outbound] = b.peers.info();
    expect(outbound).toMatchObject({
      type: 'manual',
      transport: v2 ? 'v2' : 'v1',
      userAgent: '/test:1/',
      inFlight: [],
    });
    expect(a.peers.count()).toEqual({ inbound: 1, outbound: 0 });
  });

  test('a new block and a reorganisation reach the other side', async () => {
    const [a, b] = [await startNode(), await startNode()];
    await mine(a);
    await connect(b, a);
    await until('the first block', sameTip(a, b));
    await mine(a);
    await until('an announced block', sameTip(a, b));
    b.peers.setActive(false);
    await mine(a);
    for (let i = 0; i < 3; i++) await mine(b);
    b.peers.setActive(true);
    await connect(b, a);
    await until('the longer branch', sameTip(a, b));
    expect(a.chain.tip.ref.height).toBe(5);
  });

  test('the past of a snapshot is fetched behind a tip that goes on', async () => {
    const a = await startNode();
    for (let i = 0; i < 60; i++) await mine(a);
    const base = a.chain.at(40);
    if (!base) throw new Error('sixty blocks are more than forty');
    const pieces: Uint8Array[] = [];
    const { hash } = await writeSnapshot(a.chain, base.ref, (bytes) => void pieces.push(bytes));
    const { ref, chainTxCount: txCount } = base;
    const assumed = { height: ref.height, blockHash: ref.hash, hash, txCount };
    const b = await startNode({}, { ...params, assumeUtxo: [assumed] });
    const headers = Array.from({ length: 60 }, (_, i) => a.chain.at(i + 1)?.header);
    await b.chain.submitHeaders(headers.filter((header) => header !== undefined));
    const file = concatBytes(...pieces);
    const coins = (async function* () {
      yield file.subarray(SNAPSHOT_HEADER_SIZE);
    })();
    await b.chain.loadSnapshot({ baseHash: ref.hash, coinCount: 40n, coins });
    expect(b.chain.tip.ref).toEqual(ref);
    // Whoever has no past does not say that it serves one.
    expect(b.peers.localServices & 1n).toBe(0n);
    await connect(b, a);
    await until('the tip', sameTip(a, b));
    await until('the past', () => b.chain.background === undefined);
    expect(b.peers.localServices & 1n).toBe(1n);
    expect(await b.chain.block(a.chain.at(7)?.ref.hash as BlockHash)).toBeDefined();
  });

  test('a transaction is announced, asked for and taken', async () => {
    const [a, b] = [await startNode(), await startNode()];
    const first = await mine(a);
    for (let i = 0; i < 100; i++) await mine(a);
    await connect(b, a);
    await until('the blocks', sameTip(a, b));
    const coin = first.txs[0] as Tx;
    const tx = new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: coin.txid, vout: 0 },
          scriptSig: new Uint8Array(0),
          sequence: SEQUENCE_FINAL,
          witness: [],
        },
      ],
      outputs: [{ value: 4_999_990_000n, scriptPubKey: hexToBytes(`0014${'11'.repeat(20)}`) }],
      locktime: 0,
    });
    const outcome = await a.mempool.submit(tx);
    expect(outcome.accepted).toBe(true);
    await until('the handshakes', () =>
      [...a.peers.info(), ...b.peers.info()].every(
        ({ ping, minPing }) => (ping ?? minPing) !== undefined,
      ),
    );
    a.peers.relay(tx.wtxid);
    await until('the transaction', () => b.mempool.has(tx.txid));
  }, 40_000);
});

describe('who is not welcome', () => {
  /** A peer by hand: speaks v1 and collects what it hears. */
  async function stranger(node: TestNode) {
    const transport = new V1Transport(hexToBytes(params.messageStart));
    const connection = await tcpNetwork.connect(
      { host: '127.0.0.1', port: node.port },
      { timeoutMs: 1000 },
    );
    const heard: string[] = [];
    let closed = false;
    connection.start({
      data: (bytes) => {
        for (const { type } of transport.receive(bytes).messages) heard.push(type);
      },
      drained: () => undefined,
      closed: () => {
        closed = true;
      },
    });
    const say = (type: string, payload: Uint8Array) => {
      transport.send(type, payload);
      connection.write(transport.pull());
    };
    const greet = (version = 70016) => {
      say(
        'version',
        encodePayload('version', {
          version,
          services: 9n,
          time: START,
          receiver: { ...NO_ADDRESS, services: 0n },
          nonce: 5n,
          userAgent: '/stranger/',
          startHeight: 0,
          relay: true,
        }),
      );
      say('verack', new Uint8Array(0));
    };
    return { say, greet, heard, isClosed: () => closed, connection };
  }

  test('the order of a handshake is bitcoind’s', async () => {
    const node = await startNode();
    const peer = await stranger(node);
    peer.greet();
    await until('what follows verack', () => peer.heard.includes('ping'));
    expect(peer.heard.slice(0, 4)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
    expect(peer.heard).toContain('sendcmpct');
    peer.connection.close();
  });

  test('too old a version, and another network', async () => {
    const node = await startNode({ v2: false });
    const old = await stranger(node);
    old.greet(31799);
    await until('the end', old.isClosed);
    const foreign = await stranger(node);
    foreign.connection.write([new Uint8Array(24)]);
    await until('the end', foreign.isClosed);
    expect(node.lines.join('\n')).toContain('Wrong MessageStart 00000000 received, peer=1');
    expect(node.peers.info()).toEqual([]);
  });

  test('headers without work, and lists that are too long', async () => {
    const node = await startNode();
    const faker = await stranger(node);
    faker.greet();
    const { header } = params.genesis;
    const fake = new BlockHeader({ ...header, prevHash: header.hash, bits: 0x1d00ffff });
    faker.say('headers', encodePayload('headers', [fake]));
    await until('the end', faker.isClosed);
    const chatterbox = await stranger(node);
    chatterbox.greet();
    const item = { type: 5, hash: '11'.repeat(32) };
    chatterbox.say('inv', encodePayload('inv', new Array(50_001).fill(item)));
    await until('the end', chatterbox.isClosed);
    const log = node.lines.join('\n');
    expect(log).toContain('Misbehaving: peer=0: header with invalid proof of work');
    expect(log).toContain('Misbehaving: peer=1: inv message size = 50001');
  });

  test('what cannot be read costs nothing but itself', async () => {
    const node = await startNode();
    const peer = await stranger(node);
    peer.greet();
    peer.say('getheaders', Uint8Array.of(1, 2, 3));
    peer.say('nonsense', Uint8Array.of(1));
    peer.say('ping', new Uint8Array(8));
    await until('the pong', () => peer.heard.includes('pong'));
    expect(node.lines.join('\n')).toContain('ProcessMessages(getheaders, 3 bytes): Exception');
    peer.connection.close();
  });
});
