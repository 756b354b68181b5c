/**
 * Headers, blocks and undo records: blocks with work and transactions that spend each other, changed in
 * their structure or in their bytes. Laws: a refusal is typed, what was read is written as it was read, and
 * taking a connected block back gives the coins it took.
 */

import { decodeUndo, encodeUndo } from '@coind/chain';
import {
  type Coin,
  CoinsOverlay,
  checkBlock,
  checkHeader,
  checkProofOfWork,
  connectBlock,
  contextualCheckBlock,
  disconnectBlock,
  headerContextOf,
  isMutated,
  rulesFor,
  runScriptCheck,
} from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  concatBytes,
  equalBytes,
  hexToBytes,
  MAX_MONEY,
  outpointKey,
  SEQUENCE_FINAL,
  sha256d,
  Tx,
  type Txid,
} from '@coind/primitives';
import type { Chance } from '../chance.ts';
import { attempt, type FuzzTarget, law } from '../fuzz.ts';
import { mutateBytes } from '../mutate.ts';
import { ANYONE, blockOn, mined, params } from './block-source.ts';
import { randomOutput, randomTx, requireRoundTrip } from './transaction.ts';

const networks = ['main', 'test', 'testnet4', 'signet', 'regtest'].map(
  (name) => chainParams(name) as ChainParams,
);
const NOW = 1_800_000_000;
const PARENT_HEIGHT = 119;
const COIN_VALUE = 1_000_000n;
const COINS = 24;

/** Headers up to the parent of every block here; the rules look at their times and targets only. */
const headers: BlockHeader[] = [params.genesis.header];
for (let height = 1; height <= PARENT_HEIGHT; height++) {
  const { time, bits } = params.genesis.header;
  const prevHash = (headers[height - 1] as BlockHeader).hash;
  const merkle = '00'.repeat(32);
  headers.push(
    new BlockHeader({
      version: 4,
      prevHash,
      merkleRoot: merkle,
      time: time + height * 600,
      bits,
      nonce: 0,
    }),
  );
}
const parent = headerContextOf(headers);
const onParent = { ...parent.ref, time: parent.header.time };
const ref = (hash: BlockHash) => ({ hash, height: PARENT_HEIGHT + 1 });

const coinTxid = (index: number): Txid => (index + 1).toString(16).padStart(64, '0') as Txid;

/** Coins that blocks here may spend: most mature, the last ones young coinbases. */
function startingCoins(): CoinsOverlay {
  const coins = new CoinsOverlay();
  for (let index = 0; index < COINS; index++) {
    const coinbase = index % 4 === 3;
    const height = index < COINS - 4 ? 1 + index : PARENT_HEIGHT;
    const output = { value: COIN_VALUE, scriptPubKey: ANYONE };
    coins.add({ txid: coinTxid(index), vout: 0 }, { output, height, coinbase });
  }
  return coins;
}

function spendOf(chance: Chance, prevout: Tx['inputs'][number]['prevout'], value: bigint): Tx {
  const count = BigInt(1 + chance.below(3));
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout,
        scriptSig: new Uint8Array(0),
        sequence: chance.pick([SEQUENCE_FINAL, SEQUENCE_FINAL - 1, 3, 0x400001]),
        witness: [],
      },
    ],
    outputs: Array.from({ length: Number(count) }, (_, i) => ({
      value: value / count,
      scriptPubKey: i === 2 ? Uint8Array.of(0x6a) : ANYONE,
    })),
    locktime: chance.oneIn(6) ? chance.below(200) : 0,
  });
}

/** Transactions that spend starting coins and each other, in an order that is right. */
function randomTxs(chance: Chance): Tx[] {
  const txs: Tx[] = [];
  const start = chance.below(COINS);
  for (let count = chance.skewed(0, 8); count > 0; count--) {
    const before = txs.at(-1);
    const output = before?.outputs[0];
    if (before && output && chance.oneIn(2)) {
      txs.push(spendOf(chance, { txid: before.txid, vout: 0 }, output.value));
    } else {
      const txid = coinTxid((start + txs.length) % COINS);
      txs.push(spendOf(chance, { txid, vout: 0 }, COIN_VALUE));
    }
  }
  return txs;
}

/** A block that is right but perhaps for the maturity of what it spends. */
function randomBlock(chance: Chance): Block {
  return blockOn(onParent, randomTxs(chance));
}

/** The same block with its list of transactions changed, and work done again unless that is forgotten. */
function restructured(chance: Chance, block: Block): Block {
  const txs = block.txs.slice();
  const at = chance.below(txs.length);
  const tx = txs[at] as Tx;
  switch (chance.below(7)) {
    case 0:
      txs.splice(at, 0, tx);
      break;
    case 1:
      txs.splice(at, 1);
      break;
    case 2:
      txs.push(...txs.slice(chance.below(txs.length)));
      break;
    case 3:
      txs[at] = txs[chance.below(txs.length)] as Tx;
      break;
    case 4:
      txs[at] = randomTx(chance);
      break;
    case 5:
      txs[at] = new Tx({ ...tx, outputs: [...tx.outputs, randomOutput(chance)] });
      break;
    default:
      txs[at] = new Tx({
        ...tx,
        inputs: tx.inputs.map((input) => ({ ...input, witness: [chance.bytes(32)] })),
      });
  }
  return chance.oneIn(4) ? new Block(block.header, txs) : mined(onParent, txs);
}

/** Checks a block as the chain does, connects it, and takes it back. */
function judge(block: Block): string {
  checkBlock(block, params);
  checkHeader(block.header, parent, params, NOW);
  contextualCheckBlock(block, parent, params);
  const coins = startingCoins();
  const rules = rulesFor(block.header, parent, params);
  const effects = connectBlock(block, ref(block.hash), parent, coins, rules);
  for (const check of effects.scripts) runScriptCheck(check);
  takeBack(block, effects.spent, effects.spentOutpoints, effects.created);
  return 'OK';
}

function takeBack(
  block: Block,
  spent: readonly Coin[],
  spentOutpoints: readonly { txid: Txid; vout: number }[],
  created: readonly (readonly [{ txid: Txid; vout: number }, Coin])[],
): void {
  const { restored, removed } = disconnectBlock(block, spent);
  const gone = new Set(removed.map(outpointKey));
  law(
    created.every(([outpoint]) => gone.has(outpointKey(outpoint))),
    'what was made is removed',
  );
  const back = new Set(restored.map(([outpoint]) => outpointKey(outpoint)));
  law(
    back.size === spentOutpoints.length && spentOutpoints.every((o) => back.has(outpointKey(o))),
    'what was spent comes back',
  );
  const undo = decodeUndo(encodeUndo(block, spent), block.header.prevHash).flat();
  law(
    undo.length === spent.length && undo.every((coin, i) => isSame(coin, spent[i])),
    'an undo record holds what was spent',
  );
}

function isSame(a: Coin, b: Coin | undefined): boolean {
  return (
    b !== undefined &&
    a.height === b.height &&
    a.coinbase === b.coinbase &&
    a.output.value === b.output.value &&
    equalBytes(a.output.scriptPubKey, b.output.scriptPubKey)
  );
}

/** Blocks. */
export function blockTarget(): FuzzTarget {
  return {
    name: 'block',
    run(chance) {
      const whole = randomBlock(chance);
      const block = chance.oneIn(2) ? restructured(chance, whole) : whole;
      const bytes = new Block(block.header, block.txs).encode();
      const given = chance.oneIn(3) ? mutateBytes(chance, bytes, chance.bytes(40)) : bytes;
      return attempt(() => {
        const read = Block.decode(given);
        const copy = new Block(
          read.header,
          read.txs.map((tx) => new Tx(tx)),
        );
        law(equalBytes(copy.encode(), given), 'a block is written as it was read');
        law(copy.size === given.length, 'the size is that of the bytes');
        for (const tx of read.txs) requireRoundTrip(tx, tx.encode());
        isMutated(read, true);
        return judge(read);
      });
    },
  };
}

/** Headers, under the rules of every network. */
export function headerTarget(): FuzzTarget {
  return {
    name: 'header',
    run(chance) {
      const { header } = mined(onParent, [], {
        time: chance.oneIn(2) ? parent.header.time + chance.below(100_000) - 10_000 : chance.u32(),
        bits: chance.oneIn(3) ? chance.u32() : parent.header.bits,
        version: chance.oneIn(3) ? chance.u32() | 0 : 0x20000000,
      });
      const bytes = header.encode();
      const given = chance.oneIn(2) ? mutateBytes(chance, bytes) : bytes;
      return attempt(() => {
        const read = BlockHeader.decode(given);
        law(equalBytes(read.encode(), given), 'a header is written as it was read');
        law(
          hexToBytes(read.hash)
            .reverse()
            .every((byte, i) => sha256d(given)[i] === byte),
          'its hash is that of the bytes',
        );
        const network = chance.pick(networks);
        checkProofOfWork(read, network);
        checkHeader(read, parent, network, NOW);
        return 'OK';
      });
    },
  };
}

/** Undo records: any coins are read back as written, and damage is refused. */
export function undoTarget(): FuzzTarget {
  return {
    name: 'undo',
    run(chance) {
      const block = randomBlock(chance);
      const spent = block.txs.slice(1).map(
        (): Coin => ({
          output: {
            ...randomOutput(chance),
            value: (chance.u64() >> BigInt(chance.below(63))) % (MAX_MONEY + 1n),
          },
          height: chance.oneIn(5) ? 0 : chance.below(2 ** 31),
          coinbase: chance.oneIn(3),
        }),
      );
      const bytes = encodeUndo(block, spent);
      const { prevHash } = block.header;
      const read = decodeUndo(bytes, prevHash).flat();
      law(
        read.every((coin, i) => isSame(coin, spent[i])),
        'an undo record holds what was spent',
      );
      const body = mutateBytes(chance, bytes.subarray(0, -32));
      const sum = chance.oneIn(4)
        ? bytes.subarray(-32)
        : sha256d(concatBytes(hexToBytes(prevHash).reverse(), body));
      return attempt(() => {
        decodeUndo(concatBytes(body, sum), prevHash);
        return 'OK';
      });
    },
  };
}
