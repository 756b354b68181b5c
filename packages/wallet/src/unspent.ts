/**
 * Listing unspent coins: by value through the whole wallet, or only those of some addresses. A million coins
 * are gigabytes as text, so they come in pages; all of them are the coins of one moment, while the wallet
 * goes on.
 */
import { formatSolution, type ScriptSolution } from '@coind/descriptors';
import { bytesToHex, hexToBytes, type OutPoint, type Sats } from '@coind/primitives';
import { addressOf, scriptOf, type WalletContext, walletHeight } from './context.ts';
import {
  type BookRow,
  type CoinClass,
  type ScriptHex,
  UNSPENT_GROUPS,
  type UnspentRow,
  WATCHED_GROUP,
} from './tables.ts';

/** Which coins to list; all that are given must hold. */
export interface CoinFilter {
  readonly minConfirmations?: number;
  readonly maxConfirmations?: number;
  readonly addresses?: readonly string[];
  /** Unconfirmed coins from others; true unless told otherwise. */
  readonly includeUnsafe?: boolean;
  readonly includeImmature?: boolean;
  readonly minAmount?: Sats;
  readonly maxAmount?: Sats;
  readonly maxCount?: number;
  /** Enough once the coins add up to this. */
  readonly minSum?: Sats;
  /** Coins of watched addresses too, behind the others; false unless asked for. */
  readonly includeWatched?: boolean;
}

/** A coin as `listunspent` shows it. */
export interface UnspentCoin {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly scriptPubKey: Uint8Array;
  readonly address?: string;
  readonly book?: BookRow;
  readonly confirmations: number;
  readonly coinbase: boolean;
  /** Confirmed, or made from own trusted coins. */
  readonly safe: boolean;
  /** The wallet has the keys; false of a watched coin. */
  readonly spendable: boolean;
  readonly solution?: ScriptSolution;
  /** Descriptor of its script alone, when the wallet can sign for it. */
  readonly descriptor?: string;
  readonly parentDescriptor?: string;
}

/** A row of the index of unspent coins, and what its key says. */
interface Found extends UnspentRow {
  readonly outpoint: OutPoint;
  readonly value: Sats;
  readonly class: CoinClass;
  readonly watched: boolean;
}

const LOWEST: OutPoint = { txid: '0'.repeat(64), vout: 0 } as OutPoint;
const HIGHEST: OutPoint = { txid: 'f'.repeat(64), vout: 0xffffffff } as OutPoint;
const MAX_VALUE = 1n << 62n;

/**
 * Pages of coins that pass `filter` and are not locked, in order of their value (or of their addresses), as
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
  let count = 0;
  let sum = 0n;
  try {
    for (const { scan, first } of scans) {
      for (let step = await first; !step.done; step = await scan.next()) {
        const chosen: Found[] = [];
        let enough = false;
        for (const coin of step.value) {
          if (!passes(filter, coin, height) || isLocked(coin.outpoint)) continue;
          chosen.push(coin);
          sum += coin.value;
          enough = ++count >= maxCount || (minSum !== undefined && sum >= minSum);
          if (enough) break;
        }
        yield await describe(context, chosen, height);
        if (enough) return;
      }
    }
  } finally {
    for (const { scan } of scans) await scan.return?.();
  }
}

/** One scan of the index for each class of coins that is asked for; watched ones last. */
function coinsByValue(
  { tables, keyring }: WalletContext,
  filter: CoinFilter,
): AsyncIterable<readonly Found[]>[] {
  const { minAmount = 0n, maxAmount = MAX_VALUE, includeWatched = false } = filter;
  const sides = includeWatched && keyring.known.any ? [false, true] : [false];
  const wanted = Object.entries(UNSPENT_GROUPS).filter(([coinClass]) =>
    isWanted(coinClass as CoinClass, filter),
  );
  return sides.flatMap((watched) =>
    wanted.map(([coinClass, group]) => {
      const at = watched ? group + WATCHED_GROUP : group;
      const rows = tables.unspent.chunks({
        gte: [at, minAmount, LOWEST],
        lte: [at, maxAmount, HIGHEST],
      });
      return foundIn(rows, coinClass as CoinClass, watched);
    }),
  );
}

async function* foundIn(
  chunks: AsyncIterable<[[number, Sats, OutPoint], UnspentRow][]>,
  coinClass: CoinClass,
  watched: boolean,
): AsyncGenerator<Found[]> {
  for await (const rows of chunks) {
    yield rows.map(([[, value, outpoint], row]) => ({
      ...row,
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
  for (const address of addresses) {
    const script: ScriptHex = bytesToHex(scriptOf(address, params));
    const owner = keyring.owner(undefined, script);
    for await (const rows of tables.coinsByScript.chunks({ prefix: [script] })) {
      const outpoints = rows.map(([[, outpoint]]) => outpoint);
      const coins = await tables.coins.getMany(outpoints);
      yield coins.flatMap((coin, i) => {
        if (!coin || !isWanted(coin.class, filter)) return [];
        if (coin.watched ? !filter.includeWatched : !owner) return [];
        return [{ ...coin, ...(owner && { owner }), outpoint: outpoints[i] as OutPoint }];
      });
    }
  }
}

function confirmationsAt(height: number, coin: Pick<Found, 'height'>): number {
  return coin.height < 0 ? 0 : height - coin.height + 1;
}

function passes(filter: CoinFilter, coin: Found, height: number): boolean {
  const { minConfirmations = 1, maxConfirmations = Number.POSITIVE_INFINITY } = filter;
  const { minAmount = 0n, maxAmount = MAX_VALUE } = filter;
  const confirmations = confirmationsAt(height, coin);
  if (confirmations < minConfirmations || confirmations > maxConfirmations) return false;
  return coin.value >= minAmount && coin.value <= maxAmount;
}

/** Coins with what the keyring and the address book know of their scripts. */
async function describe(
  { keyring, params, tables }: WalletContext,
  coins: readonly Found[],
  height: number,
): Promise<UnspentCoin[]> {
  const books = await tables.book.getMany(coins.map(({ script }) => script));
  return coins.map((coin, i) => {
    const { outpoint, value, script, owner, coinbase } = coin;
    const solution = owner ? keyring.solutionOf(owner, script) : keyring.known.solve(script);
    const parent = owner && keyring.descriptorOf(owner);
    const address = addressOf(script, params);
    const book = books[i];
    const solvable = solution !== undefined && solution.keys.length > 0;
    return {
      outpoint,
      value,
      scriptPubKey: hexToBytes(script),
      ...(address !== undefined && { address }),
      ...(book && { book }),
      confirmations: confirmationsAt(height, coin),
      coinbase,
      safe: coin.class !== 'pending',
      // A wallet without private keys still calls its coins spendable: another signer has the keys.
      spendable: !coin.watched,
      ...(solvable && { solution, descriptor: formatSolution(solution, params) }),
      ...(parent && { parentDescriptor: parent.descriptor }),
    };
  });
}
