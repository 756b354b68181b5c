/** Hashes of headers per second and thread: the three ways to search, beside `crypto.hash` in a loop. */
import * as crypto from 'node:crypto';
import { createScanner, scannerKinds } from '@coind/pow';
import { chainParams } from '@coind/primitives';
import { type Result, summarise, timed } from './measure.ts';

/** Hashes of one sample, all sorts in turn, so that each has its share of quiet moments. */
const HASHES = 32_768;
const ROUNDS = 100;

/** Runs the benchmark. */
export async function search(): Promise<readonly Result[]> {
  const header = Buffer.from(chainParams('main')?.genesis.header.encode() ?? []);
  // A target that no hash meets: nothing but the loop is measured.
  const target = new Uint8Array(32);
  const ways = scannerKinds.map((kind) => {
    const scanner = createScanner(kind);
    scanner.prepare(header, target);
    return { name: kind as string, run: (first: number) => scanner.scan(first, HASHES) };
  });
  ways.push({
    name: 'crypto.hash, twice',
    run(first) {
      for (let i = 0; i < HASHES; i++) {
        header.writeUInt32LE(first + i, 76);
        crypto.hash('sha256', crypto.hash('sha256', header, 'buffer'), 'buffer');
      }
      return undefined;
    },
  });
  const samples = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, run } of ways) {
      samples.get(name)?.push((await timed(() => run(round * HASHES))) / HASHES);
    }
  }
  return [...samples].map(([name, ms]) => {
    const { leastMs } = summarise(name, ms);
    return summarise(name, ms, `at best ${(1 / leastMs / 1000).toFixed(2)} million/s`);
  });
}
