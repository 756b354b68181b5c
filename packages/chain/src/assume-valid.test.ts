/** Scripts are left out below an assumed-valid block, and only there. */
import { type BlockHash, Tx } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { openChain } from './chain.ts';
import {
  asParent,
  clock,
  genesis,
  mineChain,
  mineOn,
  params,
  spend,
} from './mining.test.support.ts';

/** 101 blocks, one whose only payment fails its script, and more than two weeks on top of it. */
const trunk = mineChain(genesis, 101);
const first = trunk[0]?.txs[0];
const invalid = (() => {
  const value = first?.outputs[0]?.value ?? 0n;
  const txid = first?.txid;
  if (!txid) throw new Error('a block has a coinbase');
  const tx = spend({ txid, vout: 0 }, value);
  const [input] = tx.inputs;
  // OP_RETURN in the scriptSig fails whatever the output wants.
  const inputs = input ? [{ ...input, scriptSig: Uint8Array.of(0x6a) }] : [];
  const { version, outputs, locktime } = tx;
  const broken = new Tx({ version, inputs, outputs, locktime });
  return mineOn(asParent(trunk[100] as (typeof trunk)[number], 101), [broken]);
})();
const above = mineChain(asParent(invalid, 102), 2100);
const all = [...trunk, invalid, ...above];

async function submitUpToInvalid(assumeValid: BlockHash | undefined, headers = all) {
  const lines: string[] = [];
  const { assumeValid: _, ...rules } = params;
  const chain = await openChain(
    { params: { ...rules, ...(assumeValid && { assumeValid }) } },
    {
      store: memoryStore(),
      clock,
      log: { info: (message) => void lines.push(message), debug: () => undefined },
    },
  );
  await chain.submitHeaders(headers.map(({ header }) => header));
  for (const block of trunk) await chain.submitBlock(block);
  const outcome = await chain.submitBlock(invalid);
  await chain.close();
  return { status: outcome.status, lines: lines.filter((line) => line.includes('verification')) };
}

test('an ancestor that lies deep enough is connected without its scripts', async () => {
  const { status, lines } = await submitUpToInvalid(above[50]?.hash);
  expect(status).toBe('connected');
  expect(lines).toEqual([`Disabling script verification at block #1 (${trunk[0]?.hash}).`]);
});

test('otherwise scripts are verified, and the log says why', async () => {
  const unknown = 'ab'.repeat(32) as BlockHash;
  const cases = [
    [undefined, all, 'assumevalid=0 (always verify)'],
    [unknown, all, 'assumevalid hash not in headers'],
    [above[50]?.hash, all.slice(0, 160), 'block too recent relative to best header'],
  ] as const;
  for (const [assumeValid, headers, reason] of cases) {
    const { status, lines } = await submitUpToInvalid(assumeValid, [...headers]);
    expect(status).toBe('invalid');
    expect(lines[0]).toContain(`Enabling script verification at block #1 (`);
    expect(lines[0]).toContain(reason);
  }
  const { status, lines } = await submitUpToInvalid(trunk[100]?.hash);
  expect(status).toBe('invalid');
  expect(lines.at(-1)).toContain('#102');
  expect(lines.at(-1)).toContain('block height above assumevalid height');
});
