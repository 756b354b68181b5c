/**
 * The rules against what a real bitcoind answered: block hashes it mined, reasons for which it refused
 * blocks, states of deployments, hashes of the UTXO set.
 */
import { createHash } from 'node:crypto';
import { Block, BlockHeader, chainParams, hexToBytes, Reader, Tx } from '@coind/primitives';
import { decodeAddress, flagNames } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { addCoin, bogoSize, SerializedCoinsHash } from './coin-hash.ts';
import { MuHash } from './muhash.ts';
import { ValidationError } from './rejects.ts';
import { scriptFlagsAt } from './rules.ts';
import { MiniChain, readShared } from './test-support/mini-chain.ts';
import { deploymentInfo } from './version-bits.ts';

const regtest = chainParams('regtest')!;

interface Step {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly save?: Readonly<Record<string, string>>;
  readonly expect: { readonly result?: unknown; readonly error?: { readonly message: unknown } };
}

/** Steps of a recording; skips the test, aloud, where recordings are not there. */
function stepsOf(name: string, skip: (note: string) => void): readonly Step[] {
  const text = readShared(`golden/modern/${name}.json`);
  if (text === undefined) {
    skip(`no recording ../shared/golden/modern/${name}.json`);
    return [];
  }
  return (JSON.parse(text) as { steps: Step[] }).steps;
}

function generate(chain: MiniChain, [count, address]: readonly unknown[]): string[] {
  const scriptPubKey = decodeAddress(address as string, regtest);
  return Array.from(
    { length: count as number },
    () => chain.mine(1, { scriptPubKey }).header.hash as string,
  );
}

/** All coins after the tip, in bitcoind's order. */
function coinsOf(chain: MiniChain) {
  const coins = [];
  for (let at = chain.tip; at.parent; at = at.parent) coins.push(...(at.effects?.created ?? []));
  return coins.sort(([a], [b]) => (hexToWire(a.txid) < hexToWire(b.txid) ? -1 : 1));
}

function hexToWire(id: string): string {
  return Buffer.from(id, 'hex').reverse().toString('hex');
}

describe('recordings of bitcoind', () => {
  test('blocks of generatetoaddress, and both hashes of the set', ({ skip }) => {
    const chain = new MiniChain();
    let compared = 0;
    for (const { method, params, expect: expected } of stepsOf('blockchain-utxo', skip)) {
      // Blocks after these hold transactions of the recording's wallet.
      if (method === 'sendrawtransaction') break;
      const result = expected.result as Record<string, unknown> | undefined;
      if (method === 'generatetoaddress' && Array.isArray(result)) {
        expect(generate(chain, params)).toEqual(result);
      }
      if (method !== 'gettxoutsetinfo' || !result || result.height !== 105) continue;
      const coins = coinsOf(chain);
      const muhash = new MuHash();
      const serialized = new SerializedCoinsHash(() => createHash('sha256'));
      let bogosize = 0;
      for (const [outpoint, coin] of coins) {
        addCoin(muhash, outpoint, coin);
        serialized.add(outpoint, coin);
        bogosize += bogoSize(coin.output.scriptPubKey);
      }
      expect([coins.length, bogosize]).toEqual([result.txouts, result.bogosize]);
      if (result.muhash) expect(muhash.digest()).toBe(result.muhash);
      const hash = result.hash_serialized_3;
      if (hash) expect(serialized.digest()).toBe(hash);
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });

  test('the muhash after 600 blocks of halvings', ({ skip }) => {
    const steps = stepsOf('blockchain-halving', skip);
    const chain = new MiniChain();
    for (const { method, params } of steps) {
      if (method === 'generatetoaddress' && chain.tip.height < 600) generate(chain, params);
    }
    const recorded = steps.find(
      ({ method, params }) => method === 'gettxoutsetinfo' && params[1] === 600,
    )?.expect.result as Record<string, unknown>;
    const muhash = new MuHash();
    for (const [outpoint, coin] of coinsOf(chain)) addCoin(muhash, outpoint, coin);
    expect(chain.tip.header.hash).toBe(recorded.bestblock);
    expect(muhash.digest()).toBe(recorded.muhash);
  });

  test('deployments over 440 blocks', ({ skip }) => {
    const chain = new MiniChain();
    const { testdummy } = regtest.deployments;
    let compared = 0;
    for (const { method, params, expect: expected } of stepsOf('blockchain-deployments', skip)) {
      if (method === 'generatetoaddress') generate(chain, params);
      const result = expected.result as { height: number } & Record<string, unknown>;
      if (method !== 'getdeploymentinfo' || expected.error) continue;
      const block = chain.tip.ancestor(result.height)!;
      const info = deploymentInfo(testdummy, block);
      const { testdummy: recorded } = result.deployments as Record<string, unknown>;
      const { activeSince, statistics, signalling } = info;
      const { vote, ...counts } = statistics ?? {};
      expect({
        type: 'bip9',
        ...(activeSince !== undefined && { height: activeSince }),
        active: activeSince !== undefined && activeSince <= result.height + 1,
        bip9: {
          ...(statistics && { bit: testdummy.bit }),
          start_time: testdummy.startTime,
          timeout: Number('9223372036854775807'),
          min_activation_height: testdummy.minActivationHeight,
          status: info.state,
          since: info.since,
          status_next: info.nextState,
          ...(statistics && { statistics: { ...counts, ...vote }, signalling }),
        },
      }).toEqual(recorded);
      expect(flagNames(scriptFlagsAt(block.ref, regtest))).toEqual(result.script_flags);
      compared++;
    }
    expect(compared).toBeGreaterThan(8);
  });

  test('what submitblock and submitheader answered', ({ skip }) => {
    const chain = new MiniChain();
    const seen = new Set<string>();
    for (const { method, params, expect: expected } of stepsOf('mining-submitblock', skip)) {
      // From here on the recording marks blocks by hand, which is the chain's business.
      if (method === 'invalidateblock') break;
      if (method === 'setmocktime') chain.now = params[0] as number;
      const [hex] = params;
      if (typeof hex !== 'string' || !/^([0-9a-f]{2}){80,}$/.test(hex)) continue;
      if (method === 'submitblock' && !expected.error) {
        const reason = chain.submit(decodeLoosely(hex));
        expect(reason, hex).toBe(expected.result);
        seen.add(String(reason));
      }
      if (method === 'submitheader' && !String(expected.error?.message).startsWith('Must')) {
        const header = BlockHeader.read(new Reader(hexToBytes(hex)));
        const reason = refusalOf(() => chain.accept(header));
        expect(reason, hex).toBe(expected.error ? expected.error.message : null);
      }
    }
    expect(seen.size).toBeGreaterThan(20);
  });
});

/** Decodes a block whatever stands behind it, as bitcoind's RPC does. */
function decodeLoosely(hex: string): Block {
  const reader = new Reader(hexToBytes(hex));
  const header = BlockHeader.read(reader);
  const count = reader.compactSize();
  return new Block(
    header,
    Array.from({ length: count }, () => Tx.read(reader)),
  );
}

function refusalOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof ValidationError) return error.reason;
    throw error;
  }
}
