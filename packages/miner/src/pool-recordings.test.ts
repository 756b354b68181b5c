/**
 * What bitcoind's pool said to transactions, recorded call by call, said again by ours: reasons, sizes,
 * fees, chunks and mining order. The chain of each recording is mined here, so a difference in any
 * block would show as well. Limits on fees and packages belong to the RPC and are left out. The
 * recordings are not part of this repository; without them the tests are skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Chain, openChain } from '@coind/chain';
import {
  createMempool,
  type Entry,
  type Mempool,
  type MempoolOptions,
  mempoolDefaults,
  type TxOutcome,
} from '@coind/mempool';
import {
  type ChainParams,
  chainParams,
  formatBtc,
  hexToBytes,
  Tx,
  type Txid,
} from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import { memoryStore } from '@coind/store';
import { expect, test } from 'vitest';
import { createMiner, type Miner } from './miner.ts';
import { templateDefaults } from './template.ts';

const recordings = fileURLToPath(new URL('../../../../shared/golden/modern/', import.meta.url));
const regtest = chainParams('regtest') as ChainParams;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Step {
  readonly method?: string;
  readonly params: readonly Json[];
  readonly save?: Readonly<Record<string, string>>;
  readonly expect: { readonly result?: Json; readonly error?: { code: number; message: Json } };
}

/** BTC as a JSON number, which is how the recordings have it. */
const btc = (value: bigint): number => Number(formatBtc(value));

/** One recording on a node of its own. */
class Replay {
  now = 0;
  compared = 0;
  readonly #saved = new Map<string, Json>();
  readonly #mempool: Mempool;
  readonly #chain: Chain;
  readonly #miner: Miner;

  private constructor(chain: Chain, mempool: Mempool, miner: Miner, clock: { now: () => number }) {
    this.#chain = chain;
    this.#mempool = mempool;
    this.#miner = miner;
    clock.now = () => this.now;
  }

  static async open(options: Partial<MempoolOptions>): Promise<Replay> {
    const clock = { now: () => 0 };
    const chain = await openChain({ params: regtest }, { store: memoryStore(), clock });
    const mempool = createMempool({ ...mempoolDefaults, ...options }, { chain, clock });
    const miner = createMiner(templateDefaults, { chain, mempool, clock });
    return new Replay(chain, mempool, miner, clock);
  }

  async step({ method, params, save, expect: expected }: Step): Promise<void> {
    const args = this.#filled(params) as readonly Json[];
    const answer = expected.error ? undefined : this.#filled(expected.result ?? null);
    const actual = await this.#call(method ?? '', args, answer, expected.error);
    const result = actual ?? answer;
    for (const [name, path] of Object.entries(save ?? {})) {
      this.#saved.set(name, pick(result as Json, path));
    }
  }

  /** Runs what this test knows about and compares; undefined for the rest. */
  async #call(
    method: string,
    args: readonly Json[],
    answer: Json | undefined,
    error: Step['expect']['error'],
  ): Promise<Json | undefined> {
    switch (method) {
      case 'setmocktime':
        this.now = args[0] as number;
        return undefined;
      case 'generatetoaddress':
        return error ? undefined : this.#mine(args[0] as number, args[1] as string, answer);
      case 'sendrawtransaction':
        return this.#send(args, answer, error);
      case 'testmempoolaccept':
        if (!error) await this.#test(args, answer as readonly { [key: string]: Json }[]);
        return undefined;
      case 'getrawmempool':
        return error ? undefined : this.#list(args, answer);
      case 'getmempoolancestors':
      case 'getmempooldescendants':
        if (error || args.length > 1) return undefined;
        return this.#same(
          txidsOf(this.#relatives(method, args[0] as Txid)).sort(),
          [...unordered(answer as Json)].sort(),
        );
      case 'generateblock':
        return error ? undefined : this.#generate(args, answer);
      case 'getmempoolentry':
        if (!error) this.#same(this.#entry(args[0] as Txid), answer);
        else if (error.code === -5) this.#same(this.#mempool.has(args[0] as Txid), false);
        return undefined;
      case 'getmempoolcluster':
        return error ? undefined : this.#same(this.#cluster(args[0] as Txid), answer);
      default:
        return undefined;
    }
  }

  /** `getrawmempool`, plain or with the pool's sequence. */
  #list(
    args: readonly Json[] | { readonly [key: string]: Json },
    answer: Json | undefined,
  ): undefined {
    const [verbose, sequenced] = Array.isArray(args)
      ? args
      : [false, (args as { readonly [key: string]: Json }).mempool_sequence];
    const txids = txidsOf(this.#mempool.entries());
    const { sequence } = this.#mempool;
    if (verbose) {
      const all = txids.map((txid) => [txid, this.#entry(txid as Txid)] as const);
      return this.#same(Object.fromEntries(all), answer);
    }
    return this.#same(sequenced ? { txids, mempool_sequence: sequence } : txids, answer);
  }

  #relatives(method: string, txid: Txid): Entry[] {
    return method === 'getmempoolancestors'
      ? this.#mempool.ancestors(txid)
      : this.#mempool.descendants(txid);
  }

  async #mine(count: number, address: string, answer: Json | undefined): Promise<Json> {
    const hashes = await this.#miner.mine(count, decodeAddress(address, regtest));
    if (Array.isArray(answer)) this.#same(hashes, answer);
    return hashes;
  }

  async #generate([output, list]: readonly Json[], answer: Json | undefined): Promise<undefined> {
    const txs = (list as readonly string[]).map((text) => {
      const entry = this.#mempool.get(text as Txid);
      return entry ? entry.tx : Tx.decode(hexToBytes(text));
    });
    const block = await this.#miner.solve(
      this.#miner.draft(txs, decodeAddress(output as string, regtest)),
    );
    if (!block) throw new Error('no block');
    await this.#chain.submitBlock(block);
    return this.#same({ hash: block.hash }, answer);
  }

  async #send(
    [hex]: readonly Json[],
    answer: Json | undefined,
    error: Step['expect']['error'],
  ): Promise<undefined> {
    const message = error && this.#filled(error.message);
    // Types, decoding, the caller's limit on fees and what is in the chain are the RPC's to judge.
    const ours = !error || error.code === -26 || message === 'bad-txns-inputs-missingorspent';
    if (!ours) return;
    const outcome = await this.#mempool.submit(Tx.decode(hexToBytes(hex as string)), {
      unbroadcast: true,
    });
    if (!error && !outcome.accepted && outcome.error.reason === 'txn-already-in-mempool') return;
    this.#same(said(outcome), error ? (message as Json) : (answer as Json));
  }

  async #test([list]: readonly Json[], answers: readonly { readonly [key: string]: Json }[]) {
    const [answer] = answers;
    if (!answer || (list as readonly Json[]).length !== 1) return;
    if (answer['reject-reason'] === 'max-fee-exceeded') return;
    const hex = (list as readonly string[])[0] as string;
    const outcome = await this.#mempool.test(Tx.decode(hexToBytes(hex)));
    if (!answer.allowed) {
      const missing = answer['reject-reason'] === 'missing-inputs';
      const text = missing ? 'bad-txns-inputs-missingorspent' : (answer['reject-details'] as Json);
      this.#same(said(outcome), text);
    } else {
      const { vsize, fees } = answer as { vsize: Json; fees: { readonly base: Json } };
      const entry = outcome.accepted ? outcome.entry : undefined;
      this.#same(entry ? { vsize: entry.vsize, fee: btc(entry.fee) } : said(outcome), {
        vsize,
        fee: fees.base,
      });
    }
  }

  /** `getmempoolentry` in bitcoind's shape. */
  #entry(txid: Txid): Json {
    const entry = this.#mempool.get(txid) as Entry;
    const ancestors = this.#mempool.ancestorTotals(txid);
    const descendants = this.#mempool.descendantTotals(txid);
    const chunk = this.#mempool
      .cluster(txid)
      .find(({ entries }) => entries.some((e) => e === entry));
    return {
      vsize_adjusted: entry.vsize,
      vsize: entry.vsize,
      vsize_bip141: entry.tx.vsize,
      weight: entry.tx.weight,
      time: entry.time,
      height: entry.height,
      descendantcount: descendants.count,
      descendantsize: descendants.vsize,
      ancestorcount: ancestors.count,
      ancestorsize: ancestors.vsize,
      wtxid: entry.tx.wtxid,
      chunkweight: chunk?.size ?? 0,
      fees: {
        base: btc(entry.fee),
        modified: btc(entry.modifiedFee),
        ancestor: btc(ancestors.fees),
        descendant: btc(descendants.fees),
        chunk: btc(chunk?.fee ?? 0n),
      },
      depends: txidsOf(entry.parents).sort(),
      spentby: txidsOf(this.#mempool.children(txid)),
      unbroadcast: entry.unbroadcast,
    };
  }

  /** `getmempoolcluster` in bitcoind's shape. */
  #cluster(txid: Txid): Json {
    const chunks = this.#mempool.cluster(txid);
    return {
      clusterweight: chunks.reduce((sum, { size }) => sum + size, 0),
      txcount: chunks.reduce((sum, { entries }) => sum + entries.length, 0),
      chunks: chunks.map(({ fee, size, entries }) => ({
        chunkfee: btc(fee),
        chunkweight: size,
        txs: entries.map(({ tx }) => tx.txid),
      })),
    };
  }

  #same(actual: Json, wanted: Json | undefined): undefined {
    expect(actual).toEqual(wanted);
    this.compared++;
  }

  /** Puts saved values in for `$name` and `${name}`. */
  #filled(value: Json): Json {
    if (typeof value === 'string') {
      const whole = /^\$(\w+)$/.exec(value);
      if (whole?.[1] && this.#saved.has(whole[1])) return this.#saved.get(whole[1]) as Json;
      return value.replace(/\$\{(\w+)\}/g, (_, name: string) => String(this.#saved.get(name)));
    }
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.#filled(key), this.#filled(item)]),
    );
  }
}

/** The list in `{"$unordered": […]}`, or the list itself. */
function unordered(value: Json): readonly string[] {
  const list = Array.isArray(value)
    ? value
    : (value as { readonly [key: string]: Json }).$unordered;
  return list as readonly string[];
}

const txidsOf = (entries: Iterable<Entry>): string[] => Array.from(entries, ({ tx }) => tx.txid);

function said(outcome: TxOutcome): string {
  return outcome.accepted ? outcome.entry.tx.txid : outcome.error.message;
}

/** What a path like `.tx[0]` or `[-1]` means; `.` is the whole. */
function pick(value: Json, path: string): Json {
  let found = value;
  for (const [, key, index] of path.matchAll(/\.(\w+)|\[(-?\d+)\]/g)) {
    found = key
      ? ((found as { readonly [key: string]: Json })[key] ?? null)
      : ((found as readonly Json[]).at(Number(index)) ?? null);
  }
  return found;
}

test.for<[string, number, Partial<MempoolOptions>]>([
  ['mempool-rbf', 40, {}],
  ['mempool-limits', 10, { clusterCount: 5, maxBytes: 5_000_000, expirySeconds: 3_600 }],
  ['mempool-entries', 20, {}],
  ['raw-accept', 60, { permitBareMultisig: false }],
])('%s, as recorded', async ([name, least, options], { skip }) => {
  skip(!existsSync(recordings), 'the recordings of bitcoind are not here');
  const replay = await Replay.open(options);
  const { steps } = JSON.parse(readFileSync(`${recordings}${name}.json`, 'utf8'));
  for (const step of steps as readonly Step[]) {
    // Packages change the pool in ways that this test does not follow.
    if (step.method === 'submitpackage') break;
    await replay.step(step);
  }
  expect(replay.compared).toBeGreaterThanOrEqual(least);
});
