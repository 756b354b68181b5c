/** The guide to accounts, run as it stands. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from '@coind/testing';
import { expect, onTestFinished, test } from 'vitest';
import { readGuide, runGuide } from '../support/guide.ts';

test('the guide to accounts does what it says', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coind-guide-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await using node = await spawn({ args: ['-fallbackfee=0.0002'] });
  // What the playground begins with.
  const { client } = node;
  await client.generatetoaddress({ nblocks: 201, address: await client.getnewaddress() });
  const steps = await runGuide(readGuide('accounts'), { node, variables: { TMP: directory } });
  expect(steps).toBeGreaterThan(35);
}, 60_000);
