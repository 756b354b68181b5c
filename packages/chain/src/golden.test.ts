/**
 * Numbers that bitcoind gave for a chain of 105 blocks at a fixed time: block hashes, and the hashes
 * over the UTXO set. The recordings are not part of this repository; without them this is skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blockVersion, hasProofOfWork, subsidy, witnessCommitmentOutput } from '@coind/consensus';
import {
  Block,
  BlockHeader,
  merkleRoot,
  NO_VOUT,
  Tx,
  type TxOutput,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript, decodeAddress, OP } from '@coind/script';
import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import { params } from './mining.test.support.ts';

const recording = fileURLToPath(
  new URL('../../../../shared/golden/modern/blockchain-utxo.json', import.meta.url),
);

interface Step {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly expect: { readonly result: Record<string, unknown> & readonly string[] };
}

/** What bitcoind's built-in miner makes of an empty pool. */
function mine(chain: Chain, now: number, scriptPubKey: Uint8Array): Block {
  const { ref, medianTimePast } = chain.tip;
  const version = blockVersion(chain.headerContext(ref.hash), params);
  const height = ref.height + 1;
  const coinbase = (outputs: readonly TxOutput[], witness: readonly Uint8Array[]): Tx =>
    new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: NO_VOUT },
          scriptSig: buildScript([BigInt(height), ...(height <= 16 ? [OP.OP_0] : [])]),
          sequence: 0xfffffffe,
          witness,
        },
      ],
      outputs,
      locktime: height - 1,
    });
  const reward = { value: subsidy(height, params), scriptPubKey };
  const commitment = witnessCommitmentOutput([coinbase([reward], [])]);
  const tx = coinbase([reward, commitment], [new Uint8Array(32)]);
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({
      version,
      prevHash: ref.hash,
      merkleRoot: merkleRoot([tx.txid]).root,
      time: Math.max(now, medianTimePast + 1),
      bits: params.genesis.header.bits,
      nonce,
    });
    if (hasProofOfWork(header.hash, header.bits, params.powLimit)) return new Block(header, [tx]);
  }
}

test.skipIf(!existsSync(recording))(
  'the UTXO set of a recorded chain hashes to what bitcoind said (needs ../shared/golden)',
  async () => {
    const { steps } = JSON.parse(readFileSync(recording, 'utf8')) as { steps: readonly Step[] };
    const [setTime, generate] = steps as [Step, Step];
    const now = setTime.params[0] as number;
    const [count, address] = generate.params as [number, string];
    const chain = await openChain({ params }, { store: memoryStore(), clock: { now: () => now } });
    const script = decodeAddress(address, params);
    const hashes: string[] = [];
    for (let i = 0; i < count; i++) {
      const block = mine(chain, now, script);
      hashes.push(block.hash);
      expect((await chain.submitBlock(block)).status).toBe('connected');
    }
    expect(hashes).toEqual(generate.expect.result);
    let compared = 0;
    for (const kind of ['muhash', 'hash_serialized_3'] as const) {
      const step = steps.find(
        ({ method, params: [first] }) => method === 'gettxoutsetinfo' && first === kind,
      );
      const stats = await chain.utxoStats(kind);
      expect(stats.hash).toBe(step?.expect.result[kind]);
      expect(stats).toMatchObject({
        ref: { height: count, hash: step?.expect.result.bestblock },
        txouts: step?.expect.result.txouts,
        bogosize: step?.expect.result.bogosize,
        totalAmount: 525_000_000_000n,
      });
      compared++;
    }
    expect(compared).toBe(2);
    await chain.close();
  },
);
