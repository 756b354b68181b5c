/** Handlers of the methods for partially signed transactions that need no wallet. */
import { randomInt } from 'node:crypto';
import { bytesToHex } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError, type ScanObject } from '@coind/rpc';
import {
  analyzePsbt,
  combinePsbts,
  dropUnneededTransactions,
  extractTx,
  finalizePsbt,
  isPsbtComplete,
  isSegwitOutput,
  joinPsbts,
  Psbt,
  PsbtProvider,
  SharedInputError,
  signPsbt,
  updateOutputs,
} from '@coind/wallet';
import type { NodeModules, RpcContext } from '../context.ts';
import { solutionsOf } from '../descriptor-scan.ts';
import { parseHashType } from '../raw-signing.ts';
import { newTx } from '../shapes/new-tx.ts';
import { analysisJson, psbtJson } from '../shapes/psbt-json.ts';
import { checkedVersion, checkOutcomes, formatPsbt, parsePsbt } from '../shapes/psbt-text.ts';
import { parseTx } from '../shapes/tx-json.ts';

function shuffled<T>(items: readonly T[]): readonly T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}

function providerOf(
  descriptors: readonly ScanObject[],
  { params }: NodeModules,
  discretion: ConstructorParameters<typeof PsbtProvider>[0],
): PsbtProvider {
  const provider = new PsbtProvider(discretion);
  for (const solution of solutionsOf(descriptors, params)) provider.addSolution(solution);
  return provider;
}

/** Puts in what the node knows of the outputs that are spent: whole transactions, else witness outputs. */
async function addSpent(psbt: Psbt, provider: PsbtProvider, node: NodeModules): Promise<void> {
  const { chain, indexes, mempool } = node;
  await indexes.tx?.caughtUp();
  for (const input of psbt.inputs) {
    const { txid } = input.outpoint;
    input.nonWitnessUtxo ??= (await indexes.tx?.find(txid))?.tx ?? mempool.get(txid)?.tx;
  }
  const unknown = psbt.inputs.filter(({ nonWitnessUtxo }) => !nonWitnessUtxo);
  const coins = await chain.coins(unknown.map(({ outpoint }) => outpoint));
  for (const [index, input] of unknown.entries()) {
    const output = coins[index]?.output;
    if (output && isSegwitOutput(output.scriptPubKey, provider)) input.witnessUtxo = output;
  }
}

/** Fills in and signs what node and `provider` know. Throws -22 and -25 as bitcoind does. */
async function process(
  psbt: Psbt,
  provider: PsbtProvider,
  node: NodeModules,
  options: Parameters<typeof signPsbt>[2],
): Promise<void> {
  await addSpent(psbt, provider, node);
  checkOutcomes(signPsbt(psbt, provider, options));
  updateOutputs(psbt, provider);
  dropUnneededTransactions(psbt);
}

/** Handlers of the methods for partially signed transactions. */
export const psbt: Handlers<typeof methods.psbt, RpcContext> = {
  createpsbt({ node }, { psbt_version, ...request }) {
    const tx = newTx(request, node);
    return formatPsbt(Psbt.of(tx, checkedVersion(psbt_version)));
  },

  converttopsbt(_, { hexstring, permitsigdata, iswitness, psbt_version }) {
    const form = iswitness === undefined ? 'either' : iswitness ? 'witness' : 'plain';
    const tx = parseTx(hexstring, form);
    if (!tx) throw rpcError('txDecodeFailed');
    const isSigned = tx.hasWitness || tx.inputs.some(({ scriptSig }) => scriptSig.length > 0);
    if (isSigned && !permitsigdata) {
      throw new RpcError(-22, 'Inputs must not have scriptSigs and scriptWitnesses');
    }
    return formatPsbt(Psbt.of(tx, checkedVersion(psbt_version)));
  },

  decodepsbt({ node }, { psbt: text }) {
    return psbtJson(parsePsbt(text), node.params);
  },

  combinepsbt(_, { txs }) {
    const [first, ...others] = txs.map(parsePsbt);
    if (!first) throw new RpcError(-8, "Parameter 'txs' cannot be empty");
    const combined = combinePsbts([first, ...others]);
    if (!combined) throw new RpcError(-8, 'PSBTs not compatible (different transactions)');
    return formatPsbt(combined);
  },

  joinpsbts(_, { txs }) {
    if (txs.length < 2) {
      throw new RpcError(-8, 'At least two PSBTs are required to join PSBTs.');
    }
    const psbts = txs.map((text) => {
      const one = parsePsbt(text);
      if (one.version === 0) return one;
      throw new RpcError(-8, 'joinpsbts only operates on version 0 PSBTs');
    });
    try {
      return formatPsbt(joinPsbts(psbts, shuffled));
    } catch (error) {
      if (error instanceof SharedInputError) throw new RpcError(-8, error.message);
      throw error;
    }
  },

  async utxoupdatepsbt({ node }, { psbt: text, descriptors }) {
    const provider = providerOf(descriptors ?? [], node, { hideSecrets: true });
    const updated = parsePsbt(text);
    await process(updated, provider, node, { finalize: false });
    return formatPsbt(updated);
  },

  async descriptorprocesspsbt({ node }, request) {
    const { psbt: text, descriptors, sighashtype, bip32derivs, finalize } = request;
    const provider = providerOf(descriptors, node, { hideOrigins: !bip32derivs });
    const sighash = parseHashType(sighashtype);
    const signed = parsePsbt(text);
    await process(signed, provider, node, { sighash, finalize });
    const complete = isPsbtComplete(signed);
    const tx = complete ? extractTx(signed) : undefined;
    return { psbt: formatPsbt(signed), complete, ...(tx && { hex: bytesToHex(tx.encode()) }) };
  },

  finalizepsbt(_, { psbt: text, extract }) {
    const finished = parsePsbt(text);
    const complete = finalizePsbt(finished);
    const tx = complete && extract ? extractTx(finished) : undefined;
    if (tx) return { hex: bytesToHex(tx.encode()), complete };
    return { psbt: formatPsbt(finished), complete };
  },

  analyzepsbt(_, { psbt: text }) {
    return analysisJson(analyzePsbt(parsePsbt(text)));
  },
};
