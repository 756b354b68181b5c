/** Hashes of headers per second and thread: the three ways to search, beside `crypto.hash` in a loop. */
import * as crypto from 'node:crypto';
import { createScanner, scannerKinds } from '@coind/pow';
import { chainParams } from '@coind/primitives';
import { type Result, summarise, timed } from './measure.ts';

/** Hashes of one sample: about a millisecond, so that each sort has its share of moments undisturbed. */
const HASHES = { simd: 4_096, wasm: 1_024, javascript: 1_024 } as const;
const CRYPTO_HASHES = 512;
const ROUNDS = 400;

interface Way {
  readonly name: string;
  readonly hashes: number;
  run(first: number): unknown;
}

/** Runs the benchmark. */
export async function search(): Promise<readonly Result[]> {
  const header = Buffer.from(chainParams('main')?.genesis.header.encode() ?? []);
  // A target that no hash meets: nothing but the loop is measured.
  const target = new Uint8Array(32);
  const ways: Way[] = scannerKinds.map((kind) => {
    const scanner = createScanner(kind);
    scanner.prepare(header, target);
    const hashes = HASHES[kind];
    return { name: kind, hashes, run: (first) => scanner.scan(first, hashes) };
  });
  ways.push({
    name: 'crypto.hash, twice',
    hashes: CRYPTO_HASHES,
    run(first) {
      for (let i = 0; i < CRYPTO_HASHES; i++) {
        header.writeUInt32LE(first + i, 76);
        crypto.hash('sha256', crypto.hash('sha256', header, 'buffer'), 'buffer');
      }
    },
  });
  const samples = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, hashes, run } of ways) {
      samples.get(name)?.push((await timed(() => run(round * hashes))) / hashes);
    }
  }
  return [...samples].map(([name, ms]) => {
    const { leastMs } = summarise(name, ms);
    return summarise(name, ms, `at best ${(1 / leastMs / 1000).toFixed(2)} million/s`);
  });
}
