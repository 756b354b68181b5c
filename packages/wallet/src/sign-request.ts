/**
 * Signing transactions that others made: collects the outputs they spend and the keys and scripts that
 * fit, from the wallet or from a list of keys, and hands them to the signer.
 */
import {
  bytesToHex,
  hash160,
  type OutPoint,
  outpointKey,
  type Sats,
  Tx,
  type TxOutput,
} from '@coind/primitives';
import { matchMultisig, p2pk, p2pkh, p2sh, p2wpkh, publicKey } from '@coind/script';
import type { WalletContext } from './context.ts';
import { type SignedTx, SigningProvider, signTransaction } from './sign.ts';

/** An output that a transaction spends, as the caller of `signrawtransaction` describes it. */
export interface PrevOut {
  readonly outpoint: OutPoint;
  readonly scriptPubKey: Uint8Array;
  readonly redeemScript?: Uint8Array;
  readonly witnessScript?: Uint8Array;
  /** Needed for witness inputs. */
  readonly amount?: Sats;
}

/** A private key and the length of its public key. */
export interface PlainKey {
  readonly privateKey: Uint8Array;
  readonly compressed: boolean;
}

type Signed = SignedTx & { readonly spent: readonly (TxOutput | undefined)[] };

function described(prevouts: readonly PrevOut[]): Map<string, TxOutput> {
  return new Map(
    prevouts.map(({ outpoint, scriptPubKey, amount = 0n }) => [
      outpointKey(outpoint),
      { scriptPubKey, value: amount },
    ]),
  );
}

/** Signs with the wallet's keys. */
export async function signForWallet(
  context: WalletContext,
  tx: Tx,
  prevouts: readonly PrevOut[],
  hashType: number | undefined,
): Promise<Signed> {
  const spent = await findSpent(context, tx, described(prevouts));
  const provider = new SigningProvider();
  for (const output of spent) {
    if (!output) continue;
    addOwn(context, provider, output.scriptPubKey);
    addKnown(context, provider, output.scriptPubKey);
  }
  for (const { redeemScript, witnessScript } of prevouts) {
    for (const script of [redeemScript, witnessScript]) {
      if (!script) continue;
      provider.addScript(script);
      // A script of the caller's may ask for keys that the wallet uses elsewhere.
      addOwn(context, provider, script);
      for (const key of matchMultisig(script)?.pubkeys ?? []) addOwnKey(context, provider, key);
    }
  }
  return { ...signTransaction(tx, spent, provider, hashType), spent };
}

function addOwn({ keyring }: WalletContext, provider: SigningProvider, script: Uint8Array): void {
  const solution = keyring.solve(bytesToHex(script), true);
  if (solution) provider.addSolution(solution);
}

/** A script with keys of others too: ours sign their part. */
function addKnown(context: WalletContext, provider: SigningProvider, script: Uint8Array): void {
  const solution = context.keyring.known.solve(bytesToHex(script));
  if (!solution) return;
  provider.addSolution(solution);
  for (const { publicKey: key } of solution.keys) addOwnKey(context, provider, key);
}

function addOwnKey(context: WalletContext, provider: SigningProvider, key: Uint8Array): void {
  const hash = hash160(key);
  for (const script of [p2wpkh(hash), p2pkh(hash), p2sh(hash160(p2wpkh(hash))), p2pk(key)]) {
    addOwn(context, provider, script);
  }
}

async function findSpent(
  { tables, source }: WalletContext,
  tx: Tx,
  given: ReadonlyMap<string, TxOutput>,
): Promise<(TxOutput | undefined)[]> {
  const coins = await source.coins(tx.inputs.map(({ prevout }) => prevout));
  return tx.inputs.map(({ prevout }, index) => {
    const coin = coins[index]?.output;
    if (coin) return coin;
    const described = given.get(outpointKey(prevout));
    if (described) return described;
    const bytes = tables.txBytes.getSync(prevout.txid);
    return bytes && Tx.decode(bytes).outputs[prevout.vout];
  });
}

/** Signs with the given keys only, as `signrawtransactionwithkey` does. `coins` by input. */
export function signWithKeys(
  tx: Tx,
  coins: readonly (TxOutput | undefined)[],
  prevouts: readonly PrevOut[],
  keys: readonly PlainKey[],
  hashType?: number,
): Signed {
  const given = described(prevouts);
  const spent = tx.inputs.map(
    ({ prevout }, index) => coins[index] ?? given.get(outpointKey(prevout)),
  );
  const provider = new SigningProvider();
  for (const { privateKey, compressed } of keys) {
    const key = publicKey(privateKey, compressed);
    provider.addKey(key, privateKey);
    provider.addScript(p2pk(key));
    provider.addScript(p2pkh(hash160(key)));
    if (compressed) provider.addScript(p2wpkh(hash160(key)));
  }
  for (const { redeemScript, witnessScript } of prevouts) {
    for (const script of [redeemScript, witnessScript]) if (script) provider.addScript(script);
  }
  return { ...signTransaction(tx, spent, provider, hashType), spent };
}
