/**
 * Listing unspent coins: the largest first through the whole wallet, or only those of some addresses. A million coins
 * are gigabytes as text, so they come in pages; all of them are the coins of one moment, while the wallet
 * goes on.
 */
import { formatSolution, type SolutionWriter, solutionWriter } from '@coind/descriptors';
import { bytesToHex, type OutPoint, type Sats } from '@coind/primitives';
import type { Range } from '@coind/store';
import { addressOf, scriptOf, type WalletContext, walletHeight } from './context.ts';
import { isOfReplacement } from './replacements.ts';
import {
  type BookRow,
  type CoinClass,
  type ScriptHex,
  type ScriptRow,
  UNSPENT_GROUPS,
  type UnspentRow,
  WATCHED_GROUP,
} from './tables.ts';

/** Which coins to list; all that are given must hold. */
export interface CoinFilter {
  readonly minConfirmations?: number;
  readonly maxConfirmations?: number;
  readonly addresses?: readonly string[];
  /** Unconfirmed coins from others, and of replacements; true unless told otherwise. */
  readonly includeUnsafe?: boolean;
  readonly includeImmature?: boolean;
  readonly minAmount?: Sats;
  readonly maxAmount?: Sats;
  readonly maxCount?: number;
  /** Enough once the coins add up to this. */
  readonly minSum?: Sats;
  /** Coins of watched addresses too, behind the others; false unless asked for. */
  readonly includeWatched?: boolean;
  /** Only those behind the coin here, with the same addresses. */
  readonly after?: CoinPlace;
}

/** Where a coin stands in a listing: others may come before and behind it, it says where to go on. */
export interface CoinPlace {
  /** Which class of coins, or which of the addresses asked for. */
  readonly part: number;
  readonly value: Sats;
  readonly outpoint: OutPoint;
}

/** A coin as `listunspent` shows it. */
export interface UnspentCoin extends CoinPlace {
  readonly script: ScriptHex;
  readonly address?: string;
  readonly book?: BookRow;
  readonly confirmations: number;
  readonly coinbase: boolean;
  /** Confirmed, or made from own trusted coins without replacing anything or being replaced. */
  readonly safe: boolean;
  /** The wallet has the keys; false of a watched coin. */
  readonly spendable: boolean;
  /** What lies behind a P2SH or P2WSH script, hex. */
  readonly redeemScript?: string;
  readonly witnessScript?: string;
  /** Descriptor of its script alone, when the wallet can sign for it. */
  readonly descriptor?: string;
  readonly parentDescriptor?: string;
}

/** A row of the index of unspent coins, and what its key says. */
interface Found extends UnspentRow, CoinPlace {
  readonly class: CoinClass;
  readonly watched: boolean;
}

/** Coins of a page: as text it is small enough to be short-lived memory. */
const PAGE_SIZE = 200;

const LOWEST: OutPoint = { txid: '0'.repeat(64), vout: 0 } as OutPoint;
const HIGHEST: OutPoint = { txid: 'f'.repeat(64), vout: 0xffffffff } as OutPoint;
const MAX_VALUE = 1n << 62n;

/**
 * Pages of coins that pass `filter` and are not locked, the largest first (or in order of their addresses), as
 * they are when this is called; only that has to happen between two changes.
 */
export function coinPages(
  context: WalletContext,
  filter: CoinFilter,
  isLocked: (outpoint: OutPoint) => boolean,
): AsyncIterable<readonly UnspentCoin[]> {
  const height = walletHeight(context);
  const { addresses = [] } = filter;
  const sources =
    addresses.length > 0 ? [coinsOn(context, addresses, filter)] : coinsByValue(context, filter);
  // The first step of a scan settles which rows it sees.
  const scans = sources.map((source) => {
    const scan = source[Symbol.asyncIterator]();
    return { scan, first: scan.next() };
  });
  return select(context, filter, height, isLocked, scans);
}

interface Scan {
  readonly scan: AsyncIterator<readonly Found[]>;
  readonly first: Promise<IteratorResult<readonly Found[]>>;
}

async function* select(
  context: WalletContext,
  filter: CoinFilter,
  height: number,
  isLocked: (outpoint: OutPoint) => boolean,
  scans: readonly Scan[],
): AsyncGenerator<UnspentCoin[]> {
  const { maxCount = Number.POSITIVE_INFINITY, minSum } = filter;
  const description = new CoinDescription(context, height);
  let count = 0;
  let sum = 0n;
  try {
    for (const { scan, first } of scans) {
      for (let step = await first; !step.done; step = await scan.next()) {
        const chosen: Found[] = [];
        let enough = false;
        for (const coin of step.value) {
          if (!passes(filter, coin, height) || isLocked(coin.outpoint)) continue;
          if (filter.includeUnsafe === false && !isSafe(context, coin)) continue;
          chosen.push(coin);
          sum += coin.value;
          enough = ++count >= maxCount || (minSum !== undefined && sum >= minSum);
          if (enough) break;
        }
        for (let start = 0; start < chosen.length; start += PAGE_SIZE) {
          yield await description.of(chosen.slice(start, start + PAGE_SIZE));
        }
        if (enough) return;
      }
    }
  } finally {
    for (const { scan } of scans) await scan.return?.();
  }
}

/** One scan of the index, from its largest coin on, for each class that is asked for; watched ones last. */
function coinsByValue(
  { tables, keyring }: WalletContext,
  filter: CoinFilter,
): AsyncIterable<readonly Found[]>[] {
  const { minAmount = 0n, maxAmount = MAX_VALUE, includeWatched = false } = filter;
  const { after, maxCount } = filter;
  const sides = includeWatched && keyring.known.any ? [false, true] : [false];
  const parts = sides.flatMap((watched) =>
    Object.entries(UNSPENT_GROUPS).map(([coinClass, group]) => ({
      coinClass: coinClass as CoinClass,
      watched,
      part: watched ? group + WATCHED_GROUP : group,
    })),
  );
  return parts
    .filter(({ coinClass, part }) => isWanted(coinClass, filter) && !isPast(part, after))
    .map(({ coinClass, watched, part }) => {
      const range: Range<[number, Sats, OutPoint]> = {
        gte: [part, minAmount, LOWEST],
        lte: [part, maxAmount, HIGHEST],
        ...(after?.part === part && { lt: [part, after.value, after.outpoint] }),
        reverse: true,
      };
      const rows =
        maxCount === undefined
          ? tables.unspent.chunks(range)
          : inChunks(tables.unspent.entries(range), Math.min(maxCount, PAGE_SIZE));
      return foundIn(rows, coinClass, watched);
    });
}

/** Whether a listing that goes on after a place is through with a part of it. */
function isPast(part: number, after: CoinPlace | undefined): boolean {
  return after !== undefined && part < after.part;
}

/** Rows in arrays of `size`: no more are read than somebody takes. */
async function* inChunks<Row>(rows: AsyncIterable<Row>, size: number): AsyncGenerator<Row[]> {
  let chunk: Row[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

async function* foundIn(
  chunks: AsyncIterable<[[number, Sats, OutPoint], UnspentRow][]>,
  coinClass: CoinClass,
  watched: boolean,
): AsyncGenerator<Found[]> {
  for await (const rows of chunks) {
    yield rows.map(([[part, value, outpoint], { script, height, coinbase, owner }]) => ({
      script,
      height,
      coinbase,
      ...(owner && { owner }),
      part,
      value,
      outpoint,
      class: coinClass,
      watched,
    }));
  }
}

/** Whether coins of a class can pass at all. */
function isWanted(coinClass: CoinClass, filter: CoinFilter): boolean {
  const { includeUnsafe = true, includeImmature = false, minConfirmations = 1 } = filter;
  const unconfirmed = coinClass === 'trusted' || coinClass === 'pending';
  if (unconfirmed && minConfirmations > 0) return false;
  if (coinClass === 'immature' && !includeImmature) return false;
  return coinClass !== 'pending' || includeUnsafe;
}

async function* coinsOn(
  { tables, params, keyring }: WalletContext,
  addresses: readonly string[],
  filter: CoinFilter,
): AsyncGenerator<Found[]> {
  const { after } = filter;
  for (const [part, address] of addresses.entries()) {
    if (isPast(part, after)) continue;
    const script: ScriptHex = bytesToHex(scriptOf(address, params));
    const owner = keyring.owner(undefined, script);
    const from: Range<[ScriptHex, OutPoint]> =
      after?.part === part ? { gt: [script, after.outpoint] } : {};
    for await (const rows of tables.coinsByScript.chunks({ prefix: [script], ...from })) {
      const outpoints = rows.map(([[, outpoint]]) => outpoint);
      const coins = await tables.coins.getMany(outpoints);
      yield coins.flatMap((coin, i) => {
        if (!coin || !isWanted(coin.class, filter)) return [];
        if (coin.watched ? !filter.includeWatched : !owner) return [];
        return [{ ...coin, ...(owner && { owner }), part, outpoint: outpoints[i] as OutPoint }];
      });
    }
  }
}

function confirmationsAt(height: number, coin: Pick<Found, 'height'>): number {
  return coin.height < 0 ? 0 : height - coin.height + 1;
}

function isSafe(context: WalletContext, { class: coinClass, height, outpoint }: Found): boolean {
  return coinClass !== 'pending' && (height >= 0 || !isOfReplacement(context, outpoint));
}

function passes(filter: CoinFilter, coin: Found, height: number): boolean {
  const { minConfirmations = 1, maxConfirmations = Number.POSITIVE_INFINITY } = filter;
  const { minAmount = 0n, maxAmount = MAX_VALUE } = filter;
  const confirmations = confirmationsAt(height, coin);
  if (confirmations < minConfirmations || confirmations > maxConfirmations) return false;
  return coin.value >= minAmount && coin.value <= maxAmount;
}

/** Adds to coins what the keyring and the address book know of their scripts. */
class CoinDescription {
  readonly #context: WalletContext;
  readonly #height: number;
  /** By descriptor: how the scripts it makes are written, where that goes without making them again. */
  readonly #writers = new Map<number, SolutionWriter | undefined>();

  constructor(context: WalletContext, height: number) {
    this.#context = context;
    this.#height = height;
  }

  async of(coins: readonly Found[]): Promise<UnspentCoin[]> {
    const { keyring, params, tables } = this.#context;
    const books = await tables.book.getMany(coins.map(({ script }) => script));
    return coins.map((coin, i) => {
      const { outpoint, value, part, script, owner, coinbase } = coin;
      const parent = owner && keyring.descriptorOf(owner);
      const address = addressOf(script, params);
      const book = books[i];
      return {
        outpoint,
        value,
        part,
        script,
        ...(address !== undefined && { address }),
        ...(book && { book }),
        confirmations: confirmationsAt(this.#height, coin),
        coinbase,
        safe: isSafe(this.#context, coin),
        // A wallet without private keys still calls its coins spendable: another signer has the keys.
        spendable: !coin.watched,
        ...this.#solution(owner, script),
        ...(parent && { parentDescriptor: parent.descriptor }),
      };
    });
  }

  #solution(
    owner: ScriptRow | undefined,
    script: ScriptHex,
  ): Pick<UnspentCoin, 'descriptor' | 'redeemScript' | 'witnessScript'> {
    const { keyring, params } = this.#context;
    const written =
      owner?.publicKey && this.#writer(owner.descriptor)?.(owner.index, owner.publicKey);
    if (written !== undefined) return { descriptor: written };
    const solution = owner ? keyring.solutionOf(owner, script) : keyring.known.solve(script);
    if (!solution) return {};
    const { redeemScript, witnessScript, keys } = solution;
    return {
      ...(redeemScript && { redeemScript: bytesToHex(redeemScript) }),
      ...(witnessScript && { witnessScript: bytesToHex(witnessScript) }),
      ...(keys.length > 0 && { descriptor: formatSolution(solution, params) }),
    };
  }

  #writer(id: number): SolutionWriter | undefined {
    if (!this.#writers.has(id)) {
      const descriptor = this.#context.keyring.publicDescriptor(id);
      this.#writers.set(id, descriptor && solutionWriter(descriptor));
    }
    return this.#writers.get(id);
  }
}
