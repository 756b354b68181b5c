/** A valid payload for every message of the protocol, about a small world of blocks and transactions. */

import {
  BloomFilter,
  compactBlockOf,
  encodeBlockTxn,
  encodeBlockTxnRequest,
  encodeCompactBlock,
  encodePayload,
  type MessageType,
  NO_ADDRESS,
  PROTOCOL_VERSION,
} from '@coind/p2p/codec';
import {
  type Block,
  type BlockHash,
  encodeMerkleBlock,
  proveTxs,
  SEQUENCE_FINAL,
  Tx,
} from '@coind/primitives';
import type { Chance } from '../chance.ts';
import { ANYONE, asParent, blockOn, chainOn, genesis } from './block-source.ts';

/** What messages are about. */
export interface World {
  /** The chain a node starts with, from height 1. */
  readonly base: readonly Block[];
  /** Blocks that may follow it. */
  readonly next: readonly Block[];
  /** Transactions that spend its coins, and each other. */
  readonly txs: readonly Tx[];
}

const BASE_HEIGHT = 110;

function spendOf(
  prevout: Tx['inputs'][number]['prevout'],
  value: bigint,
  witness: Uint8Array[],
): Tx {
  return new Tx({
    version: 2,
    inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: SEQUENCE_FINAL, witness }],
    outputs: [
      { value: value / 2n, scriptPubKey: ANYONE },
      { value: value / 2n - 1000n, scriptPubKey: ANYONE },
    ],
    locktime: 0,
  });
}

/** A world that is the same every time. */
export function createWorld(): World {
  const base = chainOn(genesis, BASE_HEIGHT);
  const txs: Tx[] = [];
  for (const block of base.slice(0, 5)) {
    const { txid, outputs } = block.txs[0] as Tx;
    const parent = spendOf({ txid, vout: 0 }, outputs[0]?.value ?? 0n, []);
    txs.push(parent, spendOf({ txid: parent.txid, vout: 0 }, parent.outputs[0]?.value ?? 0n, []));
  }
  const tip = asParent(base.at(-1) as Block, BASE_HEIGHT);
  const full = blockOn(tip, txs);
  const next = [full, ...chainOn(asParent(full, BASE_HEIGHT + 1), 3), ...chainOn(tip, 4, 1)];
  return { base, next, txs };
}

const NO_HASH = '0'.repeat(64) as BlockHash;
const NETWORK_IDS = [1, 2, 4, 5, 6, 9] as const;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16, 4: 32, 5: 32, 6: 16, 9: 7 };
const INVENTORY_TYPES = [1, 2, 3, 4, 5, 0x40000001, 0x40000002, 0];
const SERVICES = 0xc49n;

function address(chance: Chance, networks: readonly number[]) {
  const networkId = chance.pick(networks);
  return {
    time: 1_799_990_000 + chance.below(20_000),
    services: SERVICES,
    networkId,
    bytes: chance.bytes(ADDRESS_BYTES[networkId] as number),
    port: chance.below(65_536),
  };
}

const many = <T>(chance: Chance, most: number, make: () => T): T[] =>
  Array.from({ length: chance.skewed(0, most) }, make);

/** Makes payloads about `world`. */
export class WireSource {
  readonly #world: World;
  readonly #hashes: readonly string[];

  constructor(world: World) {
    this.#world = world;
    const blocks = [...world.base, ...world.next];
    const ids = world.txs.flatMap(({ txid, wtxid }): string[] => [txid, wtxid]);
    this.#hashes = [...blocks.map(({ hash }) => hash), ...ids, NO_HASH];
  }

  /** A valid payload for a message of this type. */
  payload(type: MessageType, chance: Chance): Uint8Array {
    return this.#samples[type](chance);
  }

  readonly #block = (chance: Chance): Block => {
    const { base, next } = this.#world;
    return chance.oneIn(3) ? chance.pick(base) : chance.pick(next);
  };
  readonly #hash = (chance: Chance): BlockHash => this.#block(chance).hash;
  readonly #empty = (): Uint8Array => new Uint8Array(0);
  readonly #inventory =
    (type: 'inv' | 'getdata' | 'notfound') =>
    (chance: Chance): Uint8Array =>
      encodePayload(
        type,
        many(chance, 20, () => ({
          type: chance.pick(INVENTORY_TYPES),
          hash: chance.pick(this.#hashes),
        })),
      );
  readonly #locator =
    (type: 'getblocks' | 'getheaders') =>
    (chance: Chance): Uint8Array =>
      encodePayload(type, {
        locator: many(chance, 12, () => this.#hash(chance)),
        stop: chance.oneIn(2) ? NO_HASH : this.#hash(chance),
      });
  readonly #nonce =
    (type: 'ping' | 'pong') =>
    (chance: Chance): Uint8Array =>
      encodePayload(type, chance.u64());
  readonly #range =
    (type: 'getcfilters' | 'getcfheaders') =>
    (chance: Chance): Uint8Array =>
      encodePayload(type, {
        filterType: chance.below(2),
        startHeight: chance.below(120),
        stopHash: this.#hash(chance),
      });

  /** Complete by its type: a new message of the table wants a sample here. */
  readonly #samples: Readonly<Record<MessageType, (chance: Chance) => Uint8Array>> = {
    version: (chance) =>
      encodePayload('version', {
        version: chance.oneIn(4) ? 60_000 + chance.below(11_000) : PROTOCOL_VERSION,
        services: SERVICES,
        time: 1_800_000_000,
        receiver: { ...NO_ADDRESS, services: 0n },
        nonce: chance.u64(),
        userAgent: '/fuzz:1/',
        startHeight: chance.below(200),
        relay: !chance.oneIn(4),
      }),
    verack: this.#empty,
    wtxidrelay: this.#empty,
    sendaddrv2: this.#empty,
    sendheaders: this.#empty,
    sendcmpct: (chance) =>
      encodePayload('sendcmpct', { announce: chance.below(3), version: BigInt(chance.below(4)) }),
    feature: (chance) =>
      encodePayload('feature', { id: 'fuzzing', data: chance.bytes(chance.below(20)) }),
    sendtxrcncl: (chance) =>
      encodePayload('sendtxrcncl', { version: chance.below(3), salt: chance.u64() }),
    ping: this.#nonce('ping'),
    pong: this.#nonce('pong'),
    addr: (chance) =>
      encodePayload(
        'addr',
        many(chance, 30, () => address(chance, [1, 2])),
      ),
    addrv2: (chance) =>
      encodePayload(
        'addrv2',
        many(chance, 30, () => address(chance, NETWORK_IDS)),
      ),
    getaddr: this.#empty,
    inv: this.#inventory('inv'),
    getdata: this.#inventory('getdata'),
    notfound: this.#inventory('notfound'),
    getblocks: this.#locator('getblocks'),
    getheaders: this.#locator('getheaders'),
    headers: (chance) => {
      const blocks = chance.oneIn(3) ? this.#world.base : this.#world.next;
      const from = chance.below(blocks.length);
      const some = blocks.slice(from, from + chance.skewed(1, 60));
      return encodePayload(
        'headers',
        some.map(({ header }) => header),
      );
    },
    block: (chance) => encodePayload('block', this.#block(chance)),
    tx: (chance) => encodePayload('tx', chance.pick(this.#world.txs)),
    mempool: this.#empty,
    feefilter: (chance) => encodePayload('feefilter', BigInt(chance.below(100_000))),
    cmpctblock: (chance) => encodeCompactBlock(compactBlockOf(this.#block(chance), chance.u64())),
    getblocktxn: (chance) =>
      encodeBlockTxnRequest({
        blockHash: this.#hash(chance),
        indexes: [chance.below(3), 3 + chance.below(5)],
      }),
    blocktxn: (chance) => {
      const { hash, txs } = this.#block(chance);
      return encodeBlockTxn({ blockHash: hash, txs: txs.slice(chance.below(2)) });
    },
    filterload: (chance) => {
      const size = chance.skewed(1, 50);
      return BloomFilter.sizedFor(size, 0.01, {
        tweak: chance.u32(),
        flags: chance.below(3),
      }).encode();
    },
    filteradd: (chance) => Uint8Array.of(20, ...chance.bytes(20)),
    filterclear: this.#empty,
    merkleblock: (chance) => {
      const { header, txs } = this.#block(chance);
      const txids = txs.map(({ txid }) => txid);
      return encodeMerkleBlock(
        proveTxs(header, txids, new Set(txids.filter(() => chance.oneIn(2)))),
      );
    },
    getcfilters: this.#range('getcfilters'),
    cfilter: (chance) =>
      encodePayload('cfilter', {
        filterType: 0,
        blockHash: this.#hash(chance),
        filter: chance.bytes(chance.below(60)),
      }),
    getcfheaders: this.#range('getcfheaders'),
    cfheaders: (chance) =>
      encodePayload('cfheaders', {
        filterType: 0,
        stopHash: this.#hash(chance),
        previousHeader: NO_HASH,
        filterHashes: many(chance, 9, () => this.#hash(chance)),
      }),
    getcfcheckpt: (chance) =>
      encodePayload('getcfcheckpt', { filterType: chance.below(2), stopHash: this.#hash(chance) }),
    cfcheckpt: (chance) =>
      encodePayload('cfcheckpt', {
        filterType: 0,
        stopHash: this.#hash(chance),
        headers: many(chance, 9, () => this.#hash(chance)),
      }),
  };
}
