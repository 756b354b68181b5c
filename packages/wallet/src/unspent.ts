/** Listing unspent coins: by value through the whole wallet, or only those of some addresses. */
import { bytesToHex, hexToBytes, type OutPoint, type Sats } from '@coind/primitives';
import { addressOf, scriptOf, type WalletContext, walletHeight } from './context.ts';
import { formatSolution, type ScriptSolution } from './descriptor.ts';
import { lazily } from './lazily.ts';
import { type BookRow, type CoinRow, type ScriptHex, UNSPENT_GROUPS } from './tables.ts';

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
  /** The wallet has the keys. */
  readonly spendable: boolean;
  readonly solution?: ScriptSolution;
  /** Descriptor of its script alone, when the wallet can sign for it. */
  readonly descriptor?: string;
  readonly parentDescriptor?: string;
}

/** Coins that pass `filter` and are not locked, in order of their value (or of their scripts). */
export async function listCoins(
  context: WalletContext,
  filter: CoinFilter,
  isLocked: (outpoint: OutPoint) => boolean,
): Promise<UnspentCoin[]> {
  const found: UnspentCoin[] = [];
  let sum = 0n;
  const { minSum, maxCount } = filter;
  for await (const outpoint of outpoints(context, filter)) {
    if (isLocked(outpoint)) continue;
    const row = context.tables.coins.getSync(outpoint);
    if (!row || !passes(context, filter, row)) continue;
    found.push(describe(context, outpoint, row));
    sum += row.value;
    if (maxCount !== undefined && found.length >= maxCount) break;
    if (minSum !== undefined && sum >= minSum) break;
  }
  return found;
}

async function* outpoints(
  { tables, params }: WalletContext,
  { addresses, includeUnsafe = true, includeImmature = false }: CoinFilter,
): AsyncGenerator<OutPoint> {
  if (addresses && addresses.length > 0) {
    for (const address of addresses) {
      const script: ScriptHex = bytesToHex(scriptOf(address, params));
      for await (const [[, outpoint]] of tables.coinsByScript.entries({ prefix: [script] })) {
        const coinClass = tables.coins.getSync(outpoint)?.class;
        if (coinClass === 'immature' && !includeImmature) continue;
        if (coinClass === 'pending' && !includeUnsafe) continue;
        yield outpoint;
      }
    }
    return;
  }
  for (const [coinClass, group] of Object.entries(UNSPENT_GROUPS)) {
    if (coinClass === 'immature' && !includeImmature) continue;
    if (coinClass === 'pending' && !includeUnsafe) continue;
    for await (const [[, , outpoint]] of lazily(tables.unspent, { prefix: [group] })) {
      yield outpoint;
    }
  }
}

function confirmationsOf(context: WalletContext, { height }: CoinRow): number {
  return height < 0 ? 0 : walletHeight(context) - height + 1;
}

function passes(context: WalletContext, filter: CoinFilter, row: CoinRow): boolean {
  const confirmations = confirmationsOf(context, row);
  const {
    minConfirmations = 1,
    maxConfirmations = Number.POSITIVE_INFINITY,
    minAmount,
    maxAmount,
  } = filter;
  if (confirmations < minConfirmations || confirmations > maxConfirmations) return false;
  if (minAmount !== undefined && row.value < minAmount) return false;
  return maxAmount === undefined || row.value <= maxAmount;
}

function describe(context: WalletContext, outpoint: OutPoint, row: CoinRow): UnspentCoin {
  const { keyring, params, tables } = context;
  const solution = keyring.solve(row.script, false);
  const owner = keyring.owner(undefined, row.script);
  const parent = owner && keyring.descriptorOf(owner);
  const address = addressOf(row.script, params);
  const book = tables.book.getSync(row.script);
  const solvable = solution !== undefined && solution.keys.length > 0;
  return {
    outpoint,
    value: row.value,
    scriptPubKey: hexToBytes(row.script),
    ...(address !== undefined && { address }),
    ...(book && { book }),
    confirmations: confirmationsOf(context, row),
    coinbase: row.coinbase,
    safe: row.class !== 'pending',
    // A wallet without private keys still calls its coins spendable: another signer has the keys.
    spendable: true,
    ...(solvable && { solution, descriptor: formatSolution(solution, params) }),
    ...(parent && { parentDescriptor: parent.descriptor }),
  };
}
