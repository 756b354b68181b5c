/**
 * The taproot part of working on a PSBT: the internal key, the tree and the keys of its leaves are written into the fields
 * (BIP371), and the cheapest way to spend is looked for, by the key first and then by every script.
 */
import { type FragmentName, type TaprootOutput, taprootOutput } from '@coind/descriptors';
import { bytesToHex, concatBytes, hash160, hexToBytes, Writer } from '@coind/primitives';
import { tapleafHash, taprootPrivateKey } from '@coind/script';
import { type ProvenScript, type ScriptMeans, spendByLeaf } from '../script-path.ts';
import { MusigSolver } from './musig-solver.ts';
import {
  decodeTapDerivation,
  decodeTapTree,
  encodeTapDerivation,
  type FieldTypes,
} from './psbt-fields.ts';
import type { PsbtMap } from './psbt-map.ts';
import type { PsbtProvider } from './psbt-provider.ts';
import { DUMMY, type SignatureMaker } from './signature-maker.ts';
import type { Missing, Solution } from './solution.ts';

/** Who knows, who signs, and where to tell what was not found. */
export interface Help {
  readonly provider: PsbtProvider;
  readonly maker: SignatureMaker;
  preimage(name: FragmentName, hash: Uint8Array): Uint8Array | undefined;
  readonly missing: Missing;
}

/** Works on one taproot output, with the fields of an input or output. */
export class TaprootSolver {
  readonly #map: PsbtMap;
  readonly #types: FieldTypes;
  readonly #help: Help;
  /** Leaves by the keys in them, where the provider knows the key. */
  readonly #uses = new Map<string, Uint8Array[]>();
  readonly #musig: MusigSolver;

  constructor(map: PsbtMap, types: FieldTypes, help: Help) {
    this.#map = map;
    this.#types = types;
    this.#help = help;
    this.#musig = new MusigSolver(map, types, {
      provider: help.provider,
      maker: help.maker,
      originOf: (key) => this.#originOf(key),
      noteKey: (key, leafHash) => this.#noteKey(key, leafHash),
    });
  }

  /** Fills in what is known, signs, and looks for what spends the output. */
  solve(outputKey: Uint8Array): Solution {
    const known = this.#help.provider.taproot(outputKey) ?? this.#ownTree();
    const internalKey = this.#map.get(this.#types.TAP_INTERNAL_KEY) ?? known?.internalKey;
    if (internalKey) {
      this.#map.set(this.#types.TAP_INTERNAL_KEY, internalKey);
      this.#noteKey(internalKey);
    }
    this.#noteKey(outputKey);
    if (known) this.#addTree(known);
    const signature = this.#keySignature(outputKey, internalKey, known);
    const stack = signature ? [signature] : this.#byScript(known);
    this.#writeOrigins();
    return { solved: stack !== undefined, stack: stack ?? [] };
  }

  /** The tree that an output says of itself. */
  #ownTree(): TaprootOutput | undefined {
    const { TAP_TREE, TAP_INTERNAL_KEY } = this.#types;
    const tree = TAP_TREE === undefined ? undefined : this.#map.get(TAP_TREE);
    const internalKey = this.#map.get(TAP_INTERNAL_KEY);
    if (!tree || !internalKey) return undefined;
    const leaves = decodeTapTree(tree);
    return taprootOutput(
      internalKey,
      leaves.map(({ leafVersion, ...leaf }) => ({ ...leaf, version: leafVersion })),
    );
  }

  #addTree({ merkleRoot, leaves }: TaprootOutput): void {
    const { TAP_MERKLE_ROOT, TAP_LEAF_SCRIPT, TAP_TREE } = this.#types;
    if (!merkleRoot) return;
    if (TAP_MERKLE_ROOT !== undefined && !this.#map.get(TAP_MERKLE_ROOT)) {
      this.#map.set(TAP_MERKLE_ROOT, merkleRoot);
    }
    if (TAP_LEAF_SCRIPT !== undefined) {
      for (const { script, version, controlBlock } of leaves) {
        this.#map.set(TAP_LEAF_SCRIPT, concatBytes(script, Uint8Array.of(version)), controlBlock);
      }
    }
    if (TAP_TREE === undefined) return;
    const writer = new Writer();
    // From right to left, which is a tree as well, and the one that bitcoind writes.
    for (const { depth, version, script } of [...leaves].reverse()) {
      writer.u8(depth).u8(version).varBytes(script);
    }
    this.#map.set(TAP_TREE, writer.finish());
  }

  #keySignature(
    outputKey: Uint8Array,
    internalKey: Uint8Array | undefined,
    known: TaprootOutput | undefined,
  ): Uint8Array | undefined {
    const { provider, maker } = this.#help;
    const { TAP_KEY_SIG, TAP_MERKLE_ROOT } = this.#types;
    const given = TAP_KEY_SIG === undefined ? undefined : this.#map.get(TAP_KEY_SIG);
    if (given) return given;
    const merkleRoot =
      (TAP_MERKLE_ROOT === undefined ? undefined : this.#map.get(TAP_MERKLE_ROOT)) ??
      known?.merkleRoot;
    const secret = internalKey && provider.privateKey(internalKey);
    const made =
      maker.schnorr(secret && taprootPrivateKey(secret, merkleRoot)) ??
      (internalKey && this.#musig.sign({ xOnly: internalKey, internal: { merkleRoot } })) ??
      maker.schnorr(provider.privateKey(outputKey)) ??
      this.#musig.sign({ xOnly: outputKey });
    if (made && maker !== DUMMY && TAP_KEY_SIG !== undefined) this.#map.set(TAP_KEY_SIG, made);
    return made;
  }

  #byScript(known: TaprootOutput | undefined): readonly Uint8Array[] | undefined {
    const { TAP_LEAF_SCRIPT } = this.#types;
    const listed = TAP_LEAF_SCRIPT === undefined ? [] : this.#map.all(TAP_LEAF_SCRIPT);
    const leaves: readonly ProvenScript[] = [
      ...listed.map(({ key, value }) => ({
        controlBlock: key,
        script: value.subarray(0, -1),
        version: value[value.length - 1] as number,
      })),
      ...(known?.leaves ?? []),
    ];
    return spendByLeaf(leaves, (leaf) => this.#meansFor(leaf));
  }

  #meansFor({ script, version }: ProvenScript): ScriptMeans {
    const leafHash = tapleafHash(version, script);
    const { maker, preimage } = this.#help;
    return {
      sign: (key) => this.#leafSignature(key, leafHash),
      publicKey: (hash) => this.#keyOf(hash),
      preimage,
      checker: maker.checker,
    };
  }

  #keyOf(hash: Uint8Array): Uint8Array | undefined {
    const { provider, missing } = this.#help;
    const named = this.#map.all(this.#types.TAP_BIP32_DERIVATION);
    const name = bytesToHex(hash);
    const own = named.find(({ key }) => bytesToHex(hash160(key)) === name)?.key;
    const key = own ?? provider.publicKey(hash)?.subarray(1, 33);
    if (!key) missing.pubkeys.push(hash);
    return key;
  }

  #leafSignature(key: Uint8Array, leafHash: Uint8Array): Uint8Array | undefined {
    const { provider, maker } = this.#help;
    const { TAP_SCRIPT_SIG } = this.#types;
    this.#noteKey(key, leafHash);
    const name = concatBytes(key, leafHash);
    const given = TAP_SCRIPT_SIG === undefined ? undefined : this.#map.get(TAP_SCRIPT_SIG, name);
    if (given) return given;
    const made =
      maker.schnorr(provider.privateKey(key), leafHash) ??
      this.#musig.sign({ xOnly: key, leafHash });
    if (made && maker !== DUMMY && TAP_SCRIPT_SIG !== undefined) {
      this.#map.set(TAP_SCRIPT_SIG, made, name);
    }
    return made;
  }

  /** What the fields or the provider say of where a key comes from. */
  #originOf(key: Uint8Array): Uint8Array | undefined {
    const said = this.#map.get(this.#types.TAP_BIP32_DERIVATION, key);
    return said ? decodeTapDerivation(said).origin : this.#help.provider.origin(key);
  }

  #noteKey(key: Uint8Array, leafHash?: Uint8Array): void {
    if (!this.#help.provider.origin(key)) return;
    const name = bytesToHex(key);
    const leaves = this.#uses.get(name) ?? [];
    if (leafHash) leaves.push(leafHash);
    this.#uses.set(name, leaves);
  }

  /** Where the keys come from; what somebody said before stays as it is. */
  #writeOrigins(): void {
    const type = this.#types.TAP_BIP32_DERIVATION;
    for (const [name, leafHashes] of this.#uses) {
      const key = hexToBytes(name);
      const origin = this.#help.provider.origin(key) as Uint8Array;
      if (this.#map.get(type, key)) continue;
      this.#map.set(type, encodeTapDerivation({ leafHashes, origin }), key);
    }
  }
}
