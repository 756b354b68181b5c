/**
 * Signing of raw transactions in RPC's terms: keys as WIF, outputs that the chain may not know, sighash names,
 * and the list of inputs that could not be signed.
 */
import {
  bytesToHex,
  type ChainParams,
  equalBytes,
  hash160,
  hexToBytes,
  isHex,
  MAX_MONEY,
  type OutPoint,
  outpointKey,
  type Sats,
  sha256,
  type Tx,
  type TxOutput,
} from '@coind/primitives';
import { RpcError, rpcError } from '@coind/rpc';
import { classifyOutput, formatAsm, HashType, p2sh, p2wsh } from '@coind/script';
import { type PlainKey, type PrevOut, type SignedTx, signWithKeys } from '@coind/wallet';
import type { NodeModules } from './context.ts';
import { parseKey } from './shapes/recipient.ts';

/** An output to be spent that the chain may not know, as RPC describes it. */
export interface PrevTx extends OutPoint {
  readonly scriptPubKey: string;
  readonly redeemScript?: string | undefined;
  readonly witnessScript?: string | undefined;
  readonly amount?: Sats | undefined;
}

const hashTypes: Readonly<Record<string, number>> = {
  DEFAULT: HashType.DEFAULT,
  ALL: HashType.ALL,
  NONE: HashType.NONE,
  SINGLE: HashType.SINGLE,
  'ALL|ANYONECANPAY': HashType.ALL | HashType.ANYONECANPAY,
  'NONE|ANYONECANPAY': HashType.NONE | HashType.ANYONECANPAY,
  'SINGLE|ANYONECANPAY': HashType.SINGLE | HashType.ANYONECANPAY,
};

/** The signature hash type that `text` names; undefined for none. Throws -8. */
export function parseHashType(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!Object.hasOwn(hashTypes, text)) throw rpcError('sighashParameter', text);
  return hashTypes[text];
}

/** The private keys in `texts` (WIF). Throws -5 for one that is none. */
export function parseKeys(texts: readonly string[], params: ChainParams): PlainKey[] {
  return texts.map((text) => parseKey(text, params));
}

/**
 * What `given` says of the outputs that `tx` spends, checked. Throws -8 and -22 as bitcoind does. The scripts behind hashes
 * are needed where nothing but given keys signs; a wallet knows those of its outputs.
 */
export async function parsePrevTxs(
  { mempool }: Pick<NodeModules, 'mempool'>,
  tx: Tx,
  given: readonly PrevTx[] = [],
  scripts: 'needed' | 'known' = 'needed',
): Promise<PrevOut[]> {
  if (given.length === 0) return [];
  const prevouts = tx.inputs.map(({ prevout }) => prevout);
  const coins = await mempool.coins(prevouts);
  const known = new Map(
    prevouts.map((prevout, index) => [outpointKey(prevout), coins[index]?.output.scriptPubKey]),
  );
  return given.map((prevTx) => {
    const { txid, vout, amount = MAX_MONEY } = prevTx;
    if (vout < 0) {
      throw new RpcError(-22, 'vout cannot be negative', [-22, 'vout must be positive']);
    }
    const scriptPubKey = parseScript(prevTx.scriptPubKey, 'scriptPubKey');
    const before = known.get(outpointKey(prevTx));
    if (before && !equalBytes(before, scriptPubKey)) {
      throw new RpcError(
        -22,
        `Previous output scriptPubKey mismatch:\n${formatAsm(before)}\nvs:\n${formatAsm(scriptPubKey)}`,
      );
    }
    known.set(outpointKey(prevTx), scriptPubKey);
    return {
      outpoint: { txid, vout },
      scriptPubKey,
      amount,
      ...scriptsBehind(scriptPubKey, prevTx, scripts),
    };
  });
}

function parseScript(hex: string, name: string): Uint8Array {
  if (!isHex(hex)) throw rpcError('notHex', name, hex);
  return hexToBytes(hex);
}

/** The redeem and witness scripts given for a P2SH or P2WSH output. Throws -8 when they do not fit it, or must be given. */
function scriptsBehind(
  scriptPubKey: Uint8Array,
  given: PrevTx,
  scripts: 'needed' | 'known',
): Pick<PrevOut, 'redeemScript' | 'witnessScript'> {
  const { type } = classifyOutput(scriptPubKey);
  if (type !== 'scripthash' && type !== 'witness_v0_scripthash') return {};
  const { redeemScript, witnessScript } = given;
  const text = witnessScript ?? redeemScript;
  if (text === undefined) {
    if (scripts === 'known') return {};
    throw new RpcError(-8, 'Missing redeemScript/witnessScript');
  }
  const script = parseScript(text, witnessScript === undefined ? 'redeemScript' : 'witnessScript');
  const wrapped = p2wsh(sha256(script));
  if (redeemScript !== undefined && witnessScript !== undefined && redeemScript !== witnessScript) {
    if (!equalBytes(parseScript(redeemScript, 'redeemScript'), wrapped)) {
      throw new RpcError(-8, 'redeemScript does not correspond to witnessScript');
    }
  }
  const candidates =
    type === 'scripthash' ? [p2sh(hash160(script)), p2sh(hash160(wrapped))] : [wrapped];
  if (!candidates.some((candidate) => equalBytes(candidate, scriptPubKey))) {
    throw new RpcError(-8, 'redeemScript/witnessScript does not match scriptPubKey');
  }
  // The script may stand alone or behind a witness program of its hash: the signer takes what fits.
  return { witnessScript: script, redeemScript: wrapped };
}

/** Signs with the given keys only. */
export async function signGiven(
  { mempool }: Pick<NodeModules, 'mempool'>,
  tx: Tx,
  prevOuts: readonly PrevOut[],
  keys: readonly PlainKey[],
  hashType: number | undefined,
) {
  const coins = await mempool.coins(tx.inputs.map(({ prevout }) => prevout));
  const outputs = coins.map((coin) => coin?.output);
  return signedJson(signWithKeys(tx, outputs, prevOuts, keys, hashType));
}

/** What signing came to, as signrawtransactionwithkey and -withwallet print it. */
export function signedJson({
  tx,
  complete,
  errors,
  spent,
}: SignedTx & { readonly spent: readonly (TxOutput | undefined)[] }) {
  for (const [index, { witness }] of tx.inputs.entries()) {
    const output = spent[index];
    if (output?.value !== MAX_MONEY || witness.length === 0) continue;
    const script = bytesToHex(output.scriptPubKey).slice(0, 30);
    throw new RpcError(
      -3,
      `Missing amount for CTxOut(nValue=21000000.00000000, scriptPubKey=${script})`,
    );
  }
  return {
    hex: bytesToHex(tx.encode()),
    complete,
    ...(errors.length > 0 && {
      errors: errors.map(({ input, message }) => ({
        ...input.prevout,
        witness: input.witness.map(bytesToHex),
        scriptSig: bytesToHex(input.scriptSig),
        sequence: input.sequence,
        error: message,
      })),
    }),
  };
}
