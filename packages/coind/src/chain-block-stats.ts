/** What `getblockstats` says of a block: sums, extremes, medians and percentiles of its transactions. */
import type { BlockInfo, BlockUndo } from '@coind/chain';
import { subsidy } from '@coind/consensus';
import { type Block, type ChainParams, compactSizeLength, type TxOutput } from '@coind/primitives';
import { isUnspendable } from '@coind/script';

/** Bytes of an unspent output beside itself: its outpoint, its height and whether a coinbase made it. */
const COIN_OVERHEAD = 32 + 4 + 4;
const WITNESS_SCALE = 4;
const PERCENTILES = [0.1, 0.25, 0.5, 0.75, 0.9] as const;

/** The two blocks of the main network whose coinbase repeats an earlier one: they made no new coins. */
const REPEATED_COINBASES: Readonly<Record<string, number>> = {
  '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec': 91842,
  '00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721': 91880,
};

function coinSize({ scriptPubKey }: TxOutput): number {
  return 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length + COIN_OVERHEAD;
}

function sumOf(outputs: readonly TxOutput[]): bigint {
  return outputs.reduce((sum, { value }) => sum + value, 0n);
}

const add = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const largest = (values: readonly number[]): number => Math.max(0, ...values);
const smallest = (values: readonly number[]): number =>
  values.length === 0 ? 0 : Math.min(...values);
const quotient = (sum: number, count: number): number =>
  count === 0 ? 0 : Math.trunc(sum / count);

/** The middle one, or the mean of the middle two without its fraction. */
function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return Math.trunc(((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2);
}

/** Of rates with weights, the rates at the percentiles of all the weight. */
function percentilesByWeight(rates: readonly (readonly [rate: number, weight: number])[]) {
  const sorted = [...rates].sort(([a, x], [b, y]) => a - b || x - y);
  const total = add(sorted.map(([, weight]) => weight));
  return PERCENTILES.map((part) => {
    let weight = 0;
    const found = sorted.find(([, own]) => {
      weight += own;
      return weight >= total * part;
    });
    return (found ?? sorted.at(-1))?.[0] ?? 0;
  });
}

/** All statistics of a block by name; amounts in satoshis. `undo` leaves the coinbase out. */
export function blockStats(info: BlockInfo, block: Block, undo: BlockUndo, params: ChainParams) {
  const { ref, header, medianTimePast } = info;
  const isRepeat = REPEATED_COINBASES[ref.hash] === ref.height;
  const rest = block.txs.slice(1);
  const fees = rest.map(({ outputs }, i) =>
    Number(sumOf((undo[i] ?? []).map(({ output }) => output)) - sumOf(outputs)),
  );
  const weights = rest.map(({ weight }) => weight);
  const sizes = rest.map(({ size }) => size);
  const rates = fees.map((fee, i) => quotient(fee * WITNESS_SCALE, weights[i] as number));
  const witnessed = rest.filter(({ inputs }) => inputs.some(({ witness }) => witness.length > 0));

  const outputs = block.txs.flatMap((tx) => tx.outputs);
  // What never was in the set: genesis, repeated coinbases, and scripts that cannot succeed.
  const made = block.txs.flatMap((tx) =>
    ref.height === 0 || (isRepeat && tx.isCoinbase)
      ? []
      : tx.outputs.filter(({ scriptPubKey }) => !isUnspendable(scriptPubKey)),
  );
  const spent = undo.flatMap((coins) => coins.map(({ output }) => output));
  const inputCount = add(rest.map(({ inputs }) => inputs.length));
  const spentSize = add(spent.map(coinSize));

  return {
    avgfee: quotient(add(fees), rest.length),
    avgfeerate: quotient(add(fees) * WITNESS_SCALE, add(weights)),
    avgtxsize: quotient(add(sizes), rest.length),
    blockhash: ref.hash,
    feerate_percentiles: percentilesByWeight(
      rates.map((rate, i) => [rate, weights[i] as number] as const),
    ),
    height: ref.height,
    ins: inputCount,
    maxfee: largest(fees),
    maxfeerate: largest(rates),
    maxtxsize: largest(sizes),
    medianfee: median(fees),
    mediantime: medianTimePast,
    mediantxsize: median(sizes),
    minfee: smallest(fees),
    minfeerate: smallest(rates),
    mintxsize: smallest(sizes),
    outs: outputs.length,
    subsidy: Number(subsidy(ref.height, params)),
    swtotal_size: add(witnessed.map(({ size }) => size)),
    swtotal_weight: add(witnessed.map(({ weight }) => weight)),
    swtxs: witnessed.length,
    time: header.time,
    total_out: Number(sumOf(rest.flatMap((tx) => tx.outputs))),
    total_size: add(sizes),
    total_weight: add(weights),
    totalfee: add(fees),
    txs: block.txs.length,
    utxo_increase: outputs.length - inputCount,
    utxo_size_inc: add(outputs.map(coinSize)) - spentSize,
    utxo_increase_actual: made.length - inputCount,
    utxo_size_inc_actual: add(made.map(coinSize)) - spentSize,
  };
}

/** The statistics of a block. */
export type BlockStats = ReturnType<typeof blockStats>;
