/** What transactions that somebody made would change of a wallet's balance, without telling anybody of them. */
import { bytesToHex, type OutPoint, outpointKey, type Sats, type Tx } from '@coind/primitives';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';

/** Outputs of the transactions looked at so far, by what they are worth to the wallet; spent ones are gone. */
class Made {
  readonly #worth = new Map<string, Sats>();
  readonly #spent = new Set<string>();

  add(outpoint: OutPoint, worth: Sats): void {
    this.#worth.set(outpointKey(outpoint), worth);
  }

  /** What is lost with an outpoint that one of them made; undefined for any other. Throws for one that is spent. */
  spend(outpoint: OutPoint): Sats | undefined {
    const key = outpointKey(outpoint);
    if (this.#spent.has(key)) {
      const text = 'Transaction(s) are spending the same output more than once';
      throw new WalletError('impossible-transactions', text);
    }
    this.#spent.add(key);
    const worth = this.#worth.get(key);
    this.#worth.delete(key);
    return worth;
  }
}

/** The sum of what the wallet gets less what it loses, in satoshis. Throws 'impossible-transactions'. */
export async function balanceChange(
  { source, tables, keyring }: WalletContext,
  txs: readonly Tx[],
  withWatched: boolean,
): Promise<Sats> {
  const made = new Made();
  let change = 0n;
  for (const tx of txs) {
    const prevouts = tx.inputs.map(({ prevout }) => prevout);
    const coins = await source.coins(prevouts);
    for (const [i, prevout] of prevouts.entries()) {
      const worth = made.spend(prevout);
      if (worth === undefined && !coins[i]) {
        throw new WalletError('impossible-transactions');
      }
      const coin = worth === undefined ? tables.coins.getSync(prevout) : undefined;
      change -= worth ?? (coin && (withWatched || !coin.watched) ? coin.value : 0n);
    }
    for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
      const standing = keyring.standing(undefined, bytesToHex(scriptPubKey));
      const counts = standing === 'own' || (withWatched && standing === 'watched');
      made.add({ txid: tx.txid, vout }, counts ? value : 0n);
      if (counts) change += value;
    }
  }
  return change;
}
