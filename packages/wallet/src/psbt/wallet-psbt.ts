/**
 * A wallet's part in a PSBT: the transactions it spends from, the scripts and the origins of keys behind its
 * inputs and outputs, and signatures. What somebody else has to add is left open.
 */
import { bytesToHex, Tx } from '@coind/primitives';
import { classifyOutput } from '@coind/script';
import type { WalletContext } from '../context.ts';
import { decodeOrigin, type NamedKey, solutionOfKey } from './own-keys.ts';
import type { Psbt, PsbtInput } from './psbt.ts';
import { decodeTapDerivation, In } from './psbt-fields.ts';
import { type Discretion, PsbtProvider } from './psbt-provider.ts';
import {
  dropUnneededTransactions,
  type SignOptions,
  type SignOutcome,
  signPsbt,
  updateOutputs,
} from './psbt-signer.ts';

/** What a wallet puts into a PSBT. */
export interface FillOptions extends SignOptions {
  readonly sign: boolean;
  /** Whether to say how keys are derived. */
  readonly origins: boolean;
}

type Parts = Pick<WalletContext, 'tables' | 'keyring' | 'nonces'>;

/**
 * Fills in what the wallet knows, and signs. Returns what became of each input; undefined when the inputs ask
 * for locktimes that clash.
 */
export function fillPsbt(
  context: Parts,
  psbt: Psbt,
  { sign, origins, ...options }: FillOptions,
): readonly SignOutcome[] | undefined {
  addTransactions(context, psbt);
  const discretion = { hideSecrets: !sign, hideOrigins: !origins };
  const outcomes = signPsbt(
    psbt,
    (index) => providerOfInput(context, psbt.inputs[index] as PsbtInput, discretion),
    options,
  );
  if (!outcomes) return undefined;
  updateOutputs(psbt, (index) =>
    providerOfScript(context, psbt.outputs[index]?.scriptPubKey, discretion),
  );
  dropUnneededTransactions(psbt);
  return outcomes;
}

/** The wallet's transactions that inputs spend from. */
function addTransactions({ tables }: Parts, { inputs }: Psbt): void {
  for (const input of inputs) {
    if (input.isFinal || input.nonWitnessUtxo) continue;
    const bytes = tables.txBytes.getSync(input.outpoint.txid);
    if (bytes) input.nonWitnessUtxo = Tx.decode(bytes);
  }
}

function providerOfScript(
  { keyring, nonces }: Parts,
  script: Uint8Array | undefined,
  discretion: Discretion,
): PsbtProvider {
  const provider = new PsbtProvider(discretion, nonces);
  const solution = script && keyring.solve(bytesToHex(script), discretion.hideSecrets !== true);
  if (solution) provider.addSolution(solution);
  return provider;
}

/** What is known of an input: its script's descriptor, or whichever of the keys it names are the wallet's. */
function providerOfInput(context: Parts, input: PsbtInput, discretion: Discretion): PsbtProvider {
  const { utxo } = input;
  const provider = providerOfScript(context, utxo?.scriptPubKey, discretion);
  if (!utxo || context.keyring.owner(undefined, bytesToHex(utxo.scriptPubKey))) return provider;
  if (discretion.hideSecrets) return provider;
  for (const named of namedKeys(input, utxo.scriptPubKey)) {
    const solution = solutionOfKey(context.keyring, named);
    if (solution) provider.addSolution(solution);
  }
  return provider;
}

/** Every public key that an input names. */
function namedKeys({ map }: PsbtInput, script: Uint8Array): readonly NamedKey[] {
  const even = (x: Uint8Array) => Uint8Array.of(2, ...x);
  const { type, solutions } = classifyOutput(script);
  const outputKey = type === 'witness_v1_taproot' ? solutions[0] : undefined;
  return [
    ...map.all(In.BIP32_DERIVATION).map(({ key, value }) => ({
      publicKey: key,
      origin: decodeOrigin(value),
    })),
    ...(outputKey ? [{ publicKey: even(outputKey) }] : []),
    ...map.all(In.TAP_BIP32_DERIVATION).map(({ key, value }) => ({
      publicKey: even(key),
      origin: decodeOrigin(decodeTapDerivation(value).origin),
    })),
  ];
}
