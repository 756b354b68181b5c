/** Methods for partially signed transactions (BIP174, BIP370) that need no wallet. */
import { amount, bool, hex, int, optional, str, txid, uint32 } from '../codec.ts';
import { list, object, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { newOutputs, ranged, scanObject, truth } from './params.ts';
import { scriptPubKey, tx } from './shapes.ts';
import { inputs, locktime, sighashtype } from './transaction-params.ts';

const modern = ['coind', 'core'] as const;

const psbt = (about = 'The PSBT, base64') => str(about);
/** The version of a new PSBT. */
export const psbtVersion = optional(uint32('The version of the PSBT, 0 or 2'), 2);
const descriptors = list(scanObject(''), 'Descriptors, or {"desc": …, "range": …}', {
  usage: '["",{"desc":"str","range":n or [n,n]},...]',
});

const script = object({
  asm: str('The script, disassembled'),
  hex: hex('The script'),
  type: str('Its template'),
});
const derivation = {
  pubkey: hex('The key'),
  master_fingerprint: hex('The fingerprint of the master key'),
  path: str('The way down from it'),
};
const derivations = optional(list(object(derivation), 'How its keys are derived'));
const taprootDerivations = optional(
  list(
    object({ ...derivation, leaf_hashes: list(hex(''), 'The leaves the key is used in') }),
    'How its taproot keys are derived',
  ),
);
const musig2Keys = optional(
  list(
    object({
      aggregate_pubkey: hex('The aggregate key'),
      participant_pubkeys: list(hex(''), 'The keys it is made of, in order'),
    }),
    'Aggregate keys (BIP373)',
  ),
);
const participant = {
  participant_pubkey: hex('Whose it is'),
  aggregate_pubkey: hex('For which aggregate key'),
  leaf_hash: optional(hex('For which leaf')),
};
const proprietaryList = list(
  object({
    identifier: hex('Whose field it is'),
    subtype: int('Its type there'),
    key: hex('The whole key'),
    value: hex('The value'),
  }),
  'Fields that belong to one program',
);
const unknownMap = record(hex(''), 'Fields of unknown types, by key');
const preimages = (name: string) => optional(record(hex(''), `Preimages by ${name}`));

const input = object({
  witness_utxo: optional(object({ amount: amount('Its amount'), scriptPubKey })),
  non_witness_utxo: optional(object(tx)),
  partial_signatures: optional(record(hex(''), 'Signatures by key')),
  sighash: optional(str('The hash type that signatures shall have')),
  redeem_script: optional(script),
  witness_script: optional(script),
  bip32_derivs: derivations,
  final_scriptSig: optional(object({ asm: str('The script'), hex: hex('The script') })),
  final_scriptwitness: optional(list(hex(''), 'The finished witness')),
  ripemd160_preimages: preimages('RIPEMD160'),
  sha256_preimages: preimages('SHA256'),
  hash160_preimages: preimages('HASH160'),
  hash256_preimages: preimages('HASH256'),
  previous_txid: optional(txid('The transaction spent from')),
  previous_vout: optional(uint32('The output spent')),
  sequence: optional(uint32('The sequence')),
  time_locktime: optional(uint32('The unix time it asks for')),
  height_locktime: optional(uint32('The height it asks for')),
  taproot_key_path_sig: optional(hex('The signature by key path')),
  taproot_script_path_sigs: optional(
    list(
      object({ pubkey: hex('The key'), leaf_hash: hex('The leaf'), sig: hex('The signature') }),
      'Signatures by script path',
    ),
  ),
  taproot_scripts: optional(
    list(
      object({
        script: hex('The script'),
        leaf_ver: int('Its leaf version'),
        control_blocks: list(hex(''), 'What proves that it belongs to the output'),
      }),
      'Scripts of the tree',
    ),
  ),
  taproot_bip32_derivs: taprootDerivations,
  taproot_internal_key: optional(hex('The internal key')),
  taproot_merkle_root: optional(hex('The root of the tree')),
  musig2_participant_pubkeys: musig2Keys,
  musig2_pubnonces: optional(
    list(object({ ...participant, pubnonce: hex('The nonce') }), 'Public nonces'),
  ),
  musig2_partial_sigs: optional(
    list(object({ ...participant, partial_sig: hex('The signature') }), 'Partial signatures'),
  ),
  proprietary: optional(proprietaryList),
  unknown: optional(unknownMap),
});

const output = object({
  redeem_script: optional(script),
  witness_script: optional(script),
  bip32_derivs: derivations,
  amount: optional(amount('Its amount')),
  script: optional(scriptPubKey),
  taproot_internal_key: optional(hex('The internal key')),
  taproot_tree: optional(
    list(
      object({
        depth: int('How deep it lies'),
        leaf_ver: int('Its leaf version'),
        script: hex('The script'),
      }),
      'The leaves of the tree, depth first',
    ),
  ),
  taproot_bip32_derivs: taprootDerivations,
  musig2_participant_pubkeys: musig2Keys,
  proprietary: optional(proprietaryList),
  unknown: optional(unknownMap),
});

/** 0.17 brought PSBTs of the first version. */
const since017 = ['0.17'] as const;
const FIRST_VERSION = { psbt_version: 0 };

/** Methods for partially signed transactions. */
export const psbtMethods = {
  createpsbt: method({
    category: 'rawtransactions',
    about: 'A PSBT of given inputs and outputs, unsigned.',
    releases: since017,
    params: {
      inputs,
      outputs: newOutputs('What it pays', { usage: '[{"address":amount,...},{"data":"hex"},...]' }),
      locktime,
      replaceable: optional(bool('Whether it signals that it may be replaced (BIP125)')),
      version: optional(
        ranged(1, 3, 'Invalid parameter, version out of range(1~3)', 'The version'),
        2,
      ),
      psbt_version: psbtVersion,
    },
    result: psbt(),
    examples: ['"[]" "[{\\"data\\":\\"00010203\\"}]"'],
    legacy: {
      params: {
        inputs,
        outputs: newOutputs('What it pays', { usage: '[{"address":amount},{"data":"hex"},...]' }),
        locktime,
        replaceable: optional(truth('Whether it signals that it may be replaced'), false),
      },
      fixed: FIRST_VERSION,
    },
  }),
  converttopsbt: method({
    category: 'rawtransactions',
    about: 'A PSBT of a raw transaction.',
    releases: since017,
    params: {
      hexstring: hex('The transaction'),
      permitsigdata: optional(bool('Whether signatures may be there, to be left out'), false),
      iswitness: optional(bool('Whether it is in witness format; both are tried without it')),
      psbt_version: psbtVersion,
    },
    result: psbt(),
    examples: ['"0200…"'],
    legacy: {
      params: {
        hexstring: hex('The transaction'),
        permitsigdata: optional(bool('Whether signatures may be there, to be left out'), false),
        iswitness: optional(bool('Whether it is in witness format; both are tried without it')),
      },
      fixed: FIRST_VERSION,
    },
  }),
  decodepsbt: method({
    category: 'rawtransactions',
    about: 'The members of a PSBT.',
    releases: since017,
    params: { psbt: psbt() },
    result: object({
      tx: optional(object(tx)),
      global_xpubs: list(
        object({
          xpub: str('The extended public key'),
          master_fingerprint: hex('The fingerprint of the master key'),
          path: str('The way down from it'),
        }),
        'Extended keys',
      ),
      tx_version: optional(uint32('The version of the transaction')),
      fallback_locktime: optional(uint32('The locktime where no input asks for one')),
      input_count: optional(int('Inputs')),
      output_count: optional(int('Outputs')),
      inputs_modifiable: optional(bool('Whether inputs may be added')),
      outputs_modifiable: optional(bool('Whether outputs may be added')),
      has_sighash_single: optional(bool('Whether a signature binds an input to its output')),
      psbt_version: int('The version of the PSBT'),
      proprietary: proprietaryList,
      unknown: unknownMap,
      inputs: list(input, 'The inputs'),
      outputs: list(output, 'The outputs'),
      fee: optional(amount('The fee, where all amounts are known')),
    }),
    examples: ['"cHNidP8…"'],
  }),
  combinepsbt: method({
    category: 'rawtransactions',
    about: 'What several signers added to one PSBT, put together.',
    releases: since017,
    params: { txs: list(psbt(''), 'The PSBTs, base64', { usage: '["psbt",...]' }) },
    result: psbt(),
    examples: ['"[\\"cHNidP8…\\",\\"cHNidP8…\\"]"'],
  }),
  joinpsbts: method({
    category: 'rawtransactions',
    about: 'One PSBT (version 0) with the inputs and outputs of several, in random order.',
    profiles: modern,
    params: { txs: list(psbt(''), 'The PSBTs, base64', { usage: '["psbt",...]' }) },
    result: psbt(),
    examples: ['"[\\"cHNidP8…\\",\\"cHNidP8…\\"]"'],
  }),
  utxoupdatepsbt: method({
    category: 'rawtransactions',
    about: 'A PSBT with what the node, and descriptors, know of its inputs and outputs.',
    profiles: modern,
    params: { psbt: psbt(), descriptors: optional(descriptors) },
    result: psbt(),
    examples: ['"cHNidP8…"'],
  }),
  descriptorprocesspsbt: method({
    category: 'rawtransactions',
    about: 'A PSBT updated and signed with what descriptors know.',
    profiles: modern,
    params: {
      psbt: psbt(),
      descriptors,
      sighashtype,
      bip32derivs: optional(bool('Whether to say how keys are derived'), true),
      finalize: optional(bool('Whether to finish the inputs that can be'), true),
    },
    result: object({
      psbt: psbt(),
      complete: bool('Whether every input is finished'),
      hex: optional(hex('The transaction, when complete')),
    }),
    examples: ['"cHNidP8…" "[\\"wpkh(cT…)\\"]"'],
  }),
  finalizepsbt: method({
    category: 'rawtransactions',
    about: 'A PSBT with its inputs finished; the transaction itself when all are.',
    releases: since017,
    params: {
      psbt: psbt(),
      extract: optional(bool('Whether to take out the finished transaction'), true),
    },
    result: object({
      psbt: optional(psbt()),
      hex: optional(hex('The transaction')),
      complete: bool('Whether every input is finished'),
    }),
    examples: ['"cHNidP8…"'],
  }),
  analyzepsbt: method({
    category: 'rawtransactions',
    about: 'What a PSBT still needs, and what it will cost.',
    profiles: modern,
    params: { psbt: psbt() },
    result: object({
      inputs: optional(
        list(
          object({
            has_utxo: bool('Whether the output spent is known'),
            is_final: bool('Whether it is finished'),
            next: str('Whose turn it is'),
            missing: optional(
              object({
                pubkeys: optional(list(hex(''), 'HASH160 of keys')),
                redeemscript: optional(hex('HASH160 of the redeem script')),
                witnessscript: optional(hex('SHA256 of the witness script')),
                signatures: optional(list(hex(''), 'HASH160 of the keys that shall sign')),
              }),
            ),
          }),
          'The inputs',
        ),
      ),
      estimated_vsize: optional(int('Virtual bytes once signed')),
      estimated_feerate: optional(amount('The fee rate then, BTC per 1,000 vbytes')),
      fee: optional(amount('The fee')),
      next: str('Whose turn it is'),
      error: optional(str('Why nothing will come of it')),
    }),
    examples: ['"cHNidP8…"'],
  }),
};
