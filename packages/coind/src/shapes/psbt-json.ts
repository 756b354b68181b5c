/** Partially signed transactions in the shape `decodepsbt` and `analyzepsbt` show them. */
import { formatPath } from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  hexToBytes,
  isMoney,
  Reader,
  type Sats,
} from '@coind/primitives';
import { base58CheckEncode, classifyOutput, formatAsm, hashTypeName } from '@coind/script';
import {
  decodeTapDerivation,
  decodeTapTree,
  Global,
  In,
  Modifiable,
  Out,
  type Psbt,
  type PsbtAnalysis,
  type PsbtInput,
  type PsbtMap,
  participantsIn,
} from '@coind/wallet';
import { scriptPubKeyJson, txJson } from './tx-json.ts';

type Output = Psbt['outputs'][number];

/** A key and where it comes from; `origin` is a fingerprint and a path as PSBTs write them. */
function originJson(origin: Uint8Array) {
  const reader = new Reader(origin);
  const master_fingerprint = bytesToHex(reader.take(4));
  const path: number[] = [];
  while (reader.left > 0) path.push(reader.u32());
  return { master_fingerprint, path: `m${formatPath(path)}` };
}

function scriptJson(script: Uint8Array) {
  const { type } = classifyOutput(script);
  return { asm: formatAsm(script), hex: bytesToHex(script), type };
}

/** The fields of `type` as a list, or nothing when there are none. */
function listed<T>(
  map: PsbtMap,
  type: number,
  shape: (key: Uint8Array, value: Uint8Array) => T,
): T[] | undefined {
  const fields = map.all(type);
  return fields.length > 0 ? fields.map(({ key, value }) => shape(key, value)) : undefined;
}

/** The fields of `type` from key to value. */
function mapped(map: PsbtMap, type: number): ReadonlyMap<string, string> | undefined {
  const fields = listed(map, type, (key, value) => [bytesToHex(key), bytesToHex(value)] as const);
  return fields && new Map(fields);
}

function hexOf(map: PsbtMap, type: number): string | undefined {
  const value = map.get(type);
  return value && bytesToHex(value);
}

const derivationJson = (key: Uint8Array, origin: Uint8Array) => ({
  pubkey: bytesToHex(key),
  ...originJson(origin),
});

function tapDerivationJson(key: Uint8Array, value: Uint8Array) {
  const { leafHashes, origin } = decodeTapDerivation(value);
  return { ...derivationJson(key, origin), leaf_hashes: leafHashes.map(bytesToHex) };
}

const musig2KeysJson = (key: Uint8Array, value: Uint8Array) => ({
  aggregate_pubkey: bytesToHex(key),
  participant_pubkeys: participantsIn(value).map(bytesToHex),
});

function participantJson(key: Uint8Array) {
  return {
    participant_pubkey: bytesToHex(key.subarray(0, 33)),
    aggregate_pubkey: bytesToHex(key.subarray(33, 66)),
    ...(key.length > 66 && { leaf_hash: bytesToHex(key.subarray(66)) }),
  };
}

function proprietaryJson({ proprietary }: PsbtMap) {
  return proprietary.map(({ identifier, subtype, key, value }) => ({
    identifier: bytesToHex(identifier),
    subtype,
    key: bytesToHex(key),
    value: bytesToHex(value),
  }));
}

function unknownJson({ unknown }: PsbtMap) {
  return new Map(unknown.map(({ key, value }) => [bytesToHex(key), bytesToHex(value)] as const));
}

/** What all maps may hold beside their own fields; left out where there is none of it. */
function othersJson(map: PsbtMap) {
  return {
    ...(map.proprietary.length > 0 && { proprietary: proprietaryJson(map) }),
    ...(map.unknown.length > 0 && { unknown: unknownJson(map) }),
  };
}

/** Scripts of a taproot tree, each with all its control blocks. */
function tapScriptsJson(map: PsbtMap) {
  const scripts = new Map<string, string[]>();
  for (const { key, value } of map.all(In.TAP_LEAF_SCRIPT)) {
    const leaf = bytesToHex(value);
    scripts.set(leaf, [...(scripts.get(leaf) ?? []), bytesToHex(key)]);
  }
  if (scripts.size === 0) return undefined;
  return [...scripts].map(([leaf, control_blocks]) => ({
    script: leaf.slice(0, -2),
    leaf_ver: hexToBytes(leaf.slice(-2))[0] as number,
    control_blocks,
  }));
}

function scriptsJson(map: PsbtMap, types: { REDEEM_SCRIPT: number; WITNESS_SCRIPT: number }) {
  const redeemScript = map.get(types.REDEEM_SCRIPT);
  const witnessScript = map.get(types.WITNESS_SCRIPT);
  return {
    redeem_script: redeemScript && scriptJson(redeemScript),
    witness_script: witnessScript && scriptJson(witnessScript),
  };
}

function inputJson(input: PsbtInput, version: Psbt['version'], params: ChainParams) {
  const { map, witnessUtxo, nonWitnessUtxo, sighash, finalScriptSig, finalWitness } = input;
  return {
    witness_utxo: witnessUtxo && {
      amount: witnessUtxo.value,
      scriptPubKey: scriptPubKeyJson(witnessUtxo.scriptPubKey, params),
    },
    non_witness_utxo: nonWitnessUtxo && txJson(nonWitnessUtxo, params),
    partial_signatures: mapped(map, In.PARTIAL_SIG),
    sighash: sighash === undefined ? undefined : (hashTypeName(sighash & 0xff) ?? ''),
    ...scriptsJson(map, In),
    bip32_derivs: listed(map, In.BIP32_DERIVATION, derivationJson),
    final_scriptSig: finalScriptSig && {
      asm: formatAsm(finalScriptSig, { sighashDecode: true }),
      hex: bytesToHex(finalScriptSig),
    },
    final_scriptwitness: finalWitness?.map(bytesToHex),
    ripemd160_preimages: mapped(map, In.RIPEMD160),
    sha256_preimages: mapped(map, In.SHA256),
    hash160_preimages: mapped(map, In.HASH160),
    hash256_preimages: mapped(map, In.HASH256),
    ...(version === 2 && {
      previous_txid: input.outpoint.txid,
      previous_vout: input.outpoint.vout,
      sequence: input.sequence,
      time_locktime: input.timeLocktime,
      height_locktime: input.heightLocktime,
    }),
    ...taprootJson(map),
    ...othersJson(map),
  };
}

function taprootJson(map: PsbtMap) {
  return {
    taproot_key_path_sig: hexOf(map, In.TAP_KEY_SIG),
    taproot_script_path_sigs: listed(map, In.TAP_SCRIPT_SIG, (key, sig) => ({
      pubkey: bytesToHex(key.subarray(0, 32)),
      leaf_hash: bytesToHex(key.subarray(32)),
      sig: bytesToHex(sig),
    })),
    taproot_scripts: tapScriptsJson(map),
    taproot_bip32_derivs: listed(map, In.TAP_BIP32_DERIVATION, tapDerivationJson),
    taproot_internal_key: hexOf(map, In.TAP_INTERNAL_KEY),
    taproot_merkle_root: hexOf(map, In.TAP_MERKLE_ROOT),
    musig2_participant_pubkeys: listed(map, In.MUSIG2_PARTICIPANTS, musig2KeysJson),
    musig2_pubnonces: listed(map, In.MUSIG2_PUB_NONCE, (key, pubnonce) => ({
      ...participantJson(key),
      pubnonce: bytesToHex(pubnonce),
    })),
    musig2_partial_sigs: listed(map, In.MUSIG2_PARTIAL_SIG, (key, sig) => ({
      ...participantJson(key),
      partial_sig: bytesToHex(sig),
    })),
  };
}

function outputJson(
  { map, value, scriptPubKey }: Output,
  version: Psbt['version'],
  params: ChainParams,
) {
  const tree = map.get(Out.TAP_TREE);
  return {
    ...scriptsJson(map, Out),
    bip32_derivs: listed(map, Out.BIP32_DERIVATION, derivationJson),
    ...(version === 2 && { amount: value, script: scriptPubKeyJson(scriptPubKey, params) }),
    taproot_internal_key: hexOf(map, Out.TAP_INTERNAL_KEY),
    taproot_tree:
      tree &&
      decodeTapTree(tree).map(({ depth, leafVersion, script }) => ({
        depth,
        leaf_ver: leafVersion,
        script: bytesToHex(script),
      })),
    taproot_bip32_derivs: listed(map, Out.TAP_BIP32_DERIVATION, tapDerivationJson),
    musig2_participant_pubkeys: listed(map, Out.MUSIG2_PARTICIPANTS, musig2KeysJson),
    ...othersJson(map),
  };
}

/** The sum of `values`; undefined when one is unknown or it is more than there is. */
function sum(values: readonly (Sats | undefined)[]): Sats | undefined {
  let total: Sats = 0n;
  for (const value of values) {
    if (value === undefined || !isMoney(value)) return undefined;
    total += value;
    if (!isMoney(total)) return undefined;
  }
  return total;
}

/** What decodepsbt says. */
export function psbtJson(psbt: Psbt, params: ChainParams) {
  const { version, global, inputs, outputs, modifiable } = psbt;
  const tx = version === 0 ? psbt.unsignedTx() : undefined;
  const paid = sum(inputs.map(({ utxo }) => utxo?.value));
  const received = sum(outputs.map(({ value }) => value));
  const isKnown = paid !== undefined && received !== undefined;
  return {
    tx: tx && txJson(tx, params),
    global_xpubs: global.all(Global.XPUB).map(({ key, value }) => ({
      xpub: base58CheckEncode(key),
      ...originJson(value),
    })),
    ...(version === 2 && {
      tx_version: psbt.txVersion,
      fallback_locktime: psbt.fallbackLocktime,
      input_count: inputs.length,
      output_count: outputs.length,
      ...(modifiable !== undefined && {
        inputs_modifiable: (modifiable & Modifiable.INPUTS) !== 0,
        outputs_modifiable: (modifiable & Modifiable.OUTPUTS) !== 0,
        has_sighash_single: (modifiable & Modifiable.HAS_SINGLE) !== 0,
      }),
    }),
    psbt_version: version,
    proprietary: proprietaryJson(global),
    unknown: unknownJson(global),
    inputs: inputs.map((input) => inputJson(input, version, params)),
    outputs: outputs.map((output) => outputJson(output, version, params)),
    ...(isKnown && { fee: paid - received }),
  };
}

/** What analyzepsbt says. */
export function analysisJson({ inputs, next, estimatedVsize, fee, error }: PsbtAnalysis) {
  return {
    ...(inputs.length > 0 && {
      inputs: inputs.map(({ hasUtxo, isFinal, next: role, missing }) => ({
        has_utxo: hasUtxo,
        is_final: isFinal,
        next: role,
        missing: missing && missingJson(missing),
      })),
    }),
    estimated_vsize: estimatedVsize,
    ...(estimatedVsize !== undefined &&
      fee !== undefined && { estimated_feerate: (fee * 1000n) / BigInt(estimatedVsize) }),
    fee,
    next,
    error,
  };
}

function missingJson({
  pubkeys,
  signatures,
  redeemScript,
  witnessScript,
}: NonNullable<PsbtAnalysis['inputs'][number]['missing']>) {
  const isNothing =
    pubkeys.length === 0 && signatures.length === 0 && !redeemScript && !witnessScript;
  if (isNothing) return undefined;
  return {
    ...(pubkeys.length > 0 && { pubkeys: pubkeys.map(bytesToHex) }),
    ...(redeemScript && { redeemscript: bytesToHex(redeemScript) }),
    ...(witnessScript && { witnessscript: bytesToHex(witnessScript) }),
    ...(signatures.length > 0 && { signatures: signatures.map(bytesToHex) }),
  };
}
