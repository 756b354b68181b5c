/** Scripts on several threads: jobs as bytes, who takes what, which failure is reported. */
import { existsSync } from 'node:fs';
import { runScriptCheck, type ScriptCheck, scriptChecksOf } from '@coind/consensus';
import { EMPTY, equalBytes, hash160, Tx, type Txid, type TxOutput } from '@coind/primitives';
import {
  buildScript,
  Flags,
  PrecomputedTx,
  p2pkh,
  publicKey,
  sighashLegacy,
  signEcdsa,
  toDer,
} from '@coind/script';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { byTransaction, JobShare, writeJob } from './script-job.ts';
import { createScriptThreads, type ScriptThreads } from './script-threads.ts';
import { verifyShare } from './script-worker.ts';

const FLAGS = Flags.P2SH | Flags.WITNESS | Flags.TAPROOT | Flags.DERSIG;
const KEY = new Uint8Array(32).fill(7);
const PUBKEY = publicKey(KEY);
const SCRIPT = p2pkh(hash160(PUBKEY));

/** A transaction that spends `inputs` coins of one key; `bad` spoils the signature of one input. */
function payment(index: number, inputs = 2, bad = -1): ScriptCheck[] {
  const spent: TxOutput[] = Array.from({ length: inputs }, (_, i) => ({
    value: BigInt(1000 + i),
    scriptPubKey: SCRIPT,
  }));
  const unsigned = new Tx({
    version: 2,
    inputs: spent.map((_, vout) => ({
      prevout: { txid: index.toString(16).padStart(64, '0') as Txid, vout },
      scriptSig: new Uint8Array(0),
      sequence: 0xffffffff,
      witness: [],
    })),
    outputs: [{ value: 500n, scriptPubKey: SCRIPT }],
    locktime: index,
  });
  const precomputed = new PrecomputedTx(unsigned, spent);
  const signed = unsigned.inputs.map((input, i) => {
    const digest = sighashLegacy(precomputed, i, SCRIPT, 1);
    if (i === bad) digest[0] = (digest[0] as number) ^ 1;
    const signature = Uint8Array.of(...toDer(signEcdsa(digest, KEY)), 1);
    return { ...input, scriptSig: buildScript([signature, PUBKEY]) };
  });
  const { version, outputs, locktime } = unsigned;
  return scriptChecksOf(new Tx({ version, inputs: signed, outputs, locktime }), spent, FLAGS);
}

const good = Array.from({ length: 40 }, (_, i) => payment(i));

/** The error of checking one after the other, which is what must come out however it is done. */
function inlineError(checks: readonly ScriptCheck[]): string | undefined {
  try {
    for (const check of checks) runScriptCheck(check);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

describe('a job', () => {
  test('gives every transaction back, with what it spends', () => {
    const share = new JobShare(writeJob(good));
    for (const [i, checks] of good.entries()) {
      const decoded = share.checks(i);
      expect(decoded.length).toBe(checks.length);
      expect(decoded[0]?.tx.txid).toBe(checks[0]?.tx.txid);
      expect(decoded[0]?.spent).toEqual(checks[0]?.spent);
      expect(decoded[0]?.flags).toBe(FLAGS);
    }
  });

  test('takes outputs of any size', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
            fc.constantFrom(0, 1, 252, 253, 65_535, 65_536),
          ),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        (coins) => {
          const [check] = payment(1, coins.length);
          const spent = coins.map(([value, size]) => ({
            value,
            scriptPubKey: new Uint8Array(size).fill(size),
          }));
          const checks = scriptChecksOf((check as ScriptCheck).tx, spent, FLAGS);
          const read = new JobShare(writeJob([checks])).checks(0)[0]?.spent ?? [];
          expect(read.length).toBe(spent.length);
          for (const [i, { value, scriptPubKey }] of read.entries()) {
            expect(value).toBe(spent[i]?.value);
            expect(equalBytes(scriptPubKey, spent[i]?.scriptPubKey ?? EMPTY)).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is shared out without gaps, and nothing twice', () => {
    const memory = writeJob(good);
    const shares = [new JobShare(memory), new JobShare(memory), new JobShare(memory)];
    const taken: number[] = [];
    for (let i = 0; ; i++) {
      const range = shares[i % 3]?.take();
      if (!range) break;
      for (let at = range.from; at < range.to; at++) taken.push(at);
    }
    expect(taken).toEqual(good.map((_, i) => i));
    expect(shares.every((share) => share.take() === undefined)).toBe(true);
  });

  test('stops for everybody with the first failure', () => {
    const memory = writeJob([...good.slice(0, 9), payment(99, 2, 1), ...good.slice(9)]);
    expect(verifyShare(new JobShare(memory))).toBe(9);
    expect(new JobShare(memory).take()).toBeUndefined();
    expect(verifyShare(new JobShare(writeJob(good)))).toBe(-1);
  });

  test('groups checks by transaction', () => {
    expect(byTransaction(good.flat())).toEqual(good);
    expect(byTransaction([])).toEqual([]);
  });
});

describe('threads', () => {
  // A thread runs JavaScript, so this half wants a build; what it runs is tested above either way.
  const workerUrl = new URL('../dist/script-worker.js', import.meta.url);
  const built = existsSync(workerUrl);
  let threads: ScriptThreads | undefined;
  afterEach(async () => {
    await threads?.close();
    threads = undefined;
  });

  async function started(options: { threads: number; leastChecks: number; workerUrl: URL }) {
    threads = createScriptThreads(options);
    // The first block starts them; they are asked once they are there.
    await threads.verify(good.flat());
    await new Promise((resolve) => setTimeout(resolve, 500));
    return threads;
  }

  test.skipIf(!built)('report what one thread would report (skipped without a build)', async () => {
    const pool = await started({ threads: 3, leastChecks: 4, workerUrl });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -12, max: 3 }), { minLength: 3, maxLength: 30 }),
        async (spoilt) => {
          const checks = spoilt.flatMap((bad, i) =>
            bad < 0 ? (good[i] as ScriptCheck[]) : payment(100 + i, 4, bad),
          );
          const error = await (async () => pool.verify(checks))().then(() => undefined, String);
          expect(error).toBe(inlineError(checks));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('that cannot start leave the work to this one', async () => {
    const nowhere = new URL('./no-such-worker.js', import.meta.url);
    const pool = await started({ threads: 2, leastChecks: 2, workerUrl: nowhere });
    await pool.verify(good.flat());
    const bad = [...good.flat(), ...payment(7, 2, 0)];
    expect(() => pool.verify(bad)).toThrow(/script-verify-flag-failed/);
  });
});
