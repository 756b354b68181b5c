import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '@coind/primitives';
import { memoryStore } from '@coind/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Chain, openChain } from './chain.ts';
import { importBlocksFile } from './import.ts';
import { clock, genesis, mineChain, params } from './mining.test.support.ts';

let dir: string;
let chain: Chain;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coind-import-'));
  chain = await openChain({ params }, { store: memoryStore(), clock });
});
afterEach(async () => {
  await chain.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A file of blocks in bitcoind's framing, junk between them. */
function bootstrap(blocks: readonly Block[]): string {
  const path = join(dir, 'bootstrap.dat');
  const records = blocks.flatMap((block) => {
    const frame = Buffer.alloc(8);
    frame.write(params.messageStart, 'hex');
    frame.writeUInt32LE(block.encode().length, 4);
    return [frame, block.encode(), Buffer.from('junk')];
  });
  writeFileSync(path, Buffer.concat(records));
  return path;
}

test('a file of blocks is taken in, in whatever order they lie', async () => {
  const blocks = mineChain(genesis, 6);
  const [a, b, c, d, e, f] = blocks as [Block, Block, Block, Block, Block, Block];
  const lines: string[] = [];
  const log = {
    info: () => undefined,
    debug: (category: string, message: string) => void lines.push(`${category}: ${message}`),
  };
  const path = bootstrap([params.genesis, c, d, a, b, f, e, a]);
  expect(await importBlocksFile(chain, path, { log })).toBe(6);
  expect(chain.tip.ref).toEqual({ hash: f.hash, height: 6 });
  expect(lines[0]).toBe(
    `reindex: LoadExternalBlockFile: Out of order block ${c.hash}, parent ${b.hash} not known`,
  );
  expect(lines).toContain(
    `reindex: LoadExternalBlockFile: Processing out of order child ${d.hash} of ${c.hash}`,
  );
  // A second time there is nothing new in it.
  expect(await importBlocksFile(chain, path)).toBe(0);
});

test('an import ends early when the node stops, and a file that is not there is told apart', async () => {
  const path = bootstrap(mineChain(genesis, 3));
  expect(await importBlocksFile(chain, path, { signal: AbortSignal.abort() })).toBe(0);
  expect(chain.tip.ref.height).toBe(0);
  expect(await importBlocksFile(chain, join(dir, 'none.dat'))).toBeUndefined();
});
