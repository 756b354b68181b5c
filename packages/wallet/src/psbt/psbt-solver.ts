/**
 * Working on one input or output of a PSBT: which scripts and keys are behind it, what can be signed, and what that comes
 * to. What is found out is written into its fields, for whoever comes next.
 */
import type { FragmentName } from '@coind/descriptors';
import { equalBytes, hash160, ripemd160 } from '@coind/primitives';
import {
  buildScript,
  classifyOutput,
  matchMultisig,
  p2pkh,
  ScriptError,
  STANDARD_FLAGS,
  verifyScript,
} from '@coind/script';
import { satisfyScript } from '../script-path.ts';
import type { FieldTypes } from './psbt-fields.ts';
import type { PsbtMap } from './psbt-map.ts';
import type { PsbtProvider } from './psbt-provider.ts';
import { DUMMY, type SignatureMaker } from './signature-maker.ts';
import type { Missing, Solution } from './solution.ts';
import { TaprootSolver } from './taproot-solver.ts';

const NOTHING: Uint8Array = new Uint8Array(0);

/** Works on one script, with the fields of an input or output and what a provider adds to them. */
export class Solver {
  readonly missing: Missing = { pubkeys: [], signatures: [] };
  /** True once the script was seen to be a witness program that can be looked into. */
  isWitness = false;
  readonly #map: PsbtMap;
  readonly #types: FieldTypes;
  readonly #provider: PsbtProvider;
  readonly #maker: SignatureMaker;

  constructor(map: PsbtMap, types: FieldTypes, provider: PsbtProvider, maker: SignatureMaker) {
    this.#map = map;
    this.#types = types;
    this.#provider = provider;
    this.#maker = maker;
  }

  /** Looks for what spends `scriptPubKey`; undefined when it is not all there or not right. */
  solve(
    scriptPubKey: Uint8Array,
  ): { scriptSig: Uint8Array; witness: readonly Uint8Array[] } | undefined {
    let script = scriptPubKey;
    let step = this.#step(script, 'base');
    let redeemScript: Uint8Array | undefined;
    if (step.solved && classifyOutput(script).type === 'scripthash') {
      redeemScript = step.stack[0] as Uint8Array;
      this.#map.set(this.#types.REDEEM_SCRIPT, redeemScript);
      script = redeemScript;
      step = this.#step(script, 'base');
    }
    const { solved, stack, witness } = this.#witness(script, step, redeemScript !== undefined);
    const scriptSig = buildScript(redeemScript ? [...stack, redeemScript] : stack);
    if (!solved) return undefined;
    try {
      verifyScript(scriptSig, scriptPubKey, witness, STANDARD_FLAGS, this.#maker.checker);
      return { scriptSig, witness };
    } catch (error) {
      if (error instanceof ScriptError) return undefined;
      throw error;
    }
  }

  /** Goes on from a script to the witness program that it may be. */
  #witness(
    script: Uint8Array,
    step: Solution,
    insideP2sh: boolean,
  ): Solution & { readonly witness: readonly Uint8Array[] } {
    const { type } = classifyOutput(script);
    if (type === 'witness_v1_taproot' && !insideP2sh) {
      this.isWitness = true;
      return { solved: step.solved, stack: [], witness: step.solved ? step.stack : [] };
    }
    if (!step.solved) return { ...step, witness: [] };
    const [found = NOTHING] = step.stack;
    if (type === 'witness_v0_keyhash') {
      this.isWitness = true;
      const { solved, stack } = this.#step(p2pkh(found), 'v0');
      return { solved, stack: [], witness: stack };
    }
    if (type === 'witness_v0_scripthash') {
      this.isWitness = true;
      this.#map.set(this.#types.WITNESS_SCRIPT, found);
      const template = this.#step(found, 'v0');
      // A multisig that is not complete is kept as far as it goes; miniscript is all or nothing.
      const isOther = !template.solved && template.stack.length === 0;
      const { solved, stack } = isOther ? this.#miniscript(found) : template;
      return { solved, stack: [], witness: [...stack, found] };
    }
    return { ...step, witness: [] };
  }

  #step(script: Uint8Array, version: 'base' | 'v0'): Solution {
    const { type, solutions } = classifyOutput(script);
    const [first = NOTHING] = solutions;
    switch (type) {
      case 'pubkey': {
        const sig = this.#ecdsa(first, script, version);
        return { solved: sig !== undefined, stack: sig ? [sig] : [] };
      }
      case 'pubkeyhash':
        return this.#keyHash(first, script, version);
      case 'multisig':
        return this.#multisig(script, version);
      case 'scripthash':
        return this.#script(first, first, 'redeemScript');
      case 'witness_v0_keyhash':
        return { solved: true, stack: [first] };
      case 'witness_v0_scripthash':
        return this.#script(first, ripemd160(first), 'witnessScript');
      case 'witness_v1_taproot':
        return this.#taproot(first);
      case 'anchor':
        return { solved: true, stack: [] };
      default:
        return { solved: false, stack: [] };
    }
  }

  #keyHash(hash: Uint8Array, script: Uint8Array, version: 'base' | 'v0'): Solution {
    const key = this.#keyOf(hash);
    const sig = key && this.#ecdsa(key, script, version);
    return key && sig ? { solved: true, stack: [sig, key] } : { solved: false, stack: [] };
  }

  #keyOf(hash: Uint8Array): Uint8Array | undefined {
    const key = this.#ownKey(hash) ?? this.#provider.publicKey(hash);
    if (!key) this.missing.pubkeys.push(hash);
    return key;
  }

  /** A key that the PSBT itself names. */
  #ownKey(hash: Uint8Array): Uint8Array | undefined {
    const types = [this.#types.PARTIAL_SIG, this.#types.BIP32_DERIVATION];
    const named = types.flatMap((type) => (type === undefined ? [] : this.#map.all(type)));
    return named.find(({ key }) => equalBytes(hash160(key), hash))?.key;
  }

  #multisig(script: Uint8Array, version: 'base' | 'v0'): Solution {
    const { required, pubkeys } = matchMultisig(script) as NonNullable<
      ReturnType<typeof matchMultisig>
    >;
    // All are asked: the PSBT shall hold every signature there is.
    const signatures = pubkeys.flatMap((key) => this.#ecdsa(key, script, version) ?? []);
    const taken = signatures.slice(0, required);
    const solved = taken.length === required;
    while (taken.length < required) taken.push(NOTHING);
    return { solved, stack: [NOTHING, ...taken] };
  }

  #script(name: Uint8Array, id: Uint8Array, kind: 'redeemScript' | 'witnessScript'): Solution {
    const script = this.#provider.script(name) ?? this.#ownScript(id);
    if (script) return { solved: true, stack: [script] };
    this.missing[kind] = name;
    return { solved: false, stack: [] };
  }

  /** A script that the PSBT itself has. */
  #ownScript(id: Uint8Array): Uint8Array | undefined {
    const scripts = [this.#types.REDEEM_SCRIPT, this.#types.WITNESS_SCRIPT].map((type) =>
      this.#map.get(type),
    );
    return scripts.find((script) => script && equalBytes(hash160(script), id));
  }

  #ecdsa(key: Uint8Array, script: Uint8Array, version: 'base' | 'v0'): Uint8Array | undefined {
    const type = this.#types.PARTIAL_SIG;
    const known = type === undefined ? undefined : this.#map.get(type, key);
    if (known) return known;
    const name = hash160(key);
    const origin = this.#provider.origin(name);
    if (origin && !this.#map.get(this.#types.BIP32_DERIVATION, key)) {
      this.#map.set(this.#types.BIP32_DERIVATION, origin, key);
    }
    const isUsable = version === 'base' || key.length === 33;
    const made = isUsable && this.#maker.ecdsa(script, version, this.#provider.privateKey(name));
    if (!made) {
      this.missing.signatures.push(name);
      return undefined;
    }
    if (type !== undefined && this.#maker !== DUMMY) this.#map.set(type, made, key);
    return made;
  }

  #taproot(outputKey: Uint8Array): Solution {
    const solver = new TaprootSolver(this.#map, this.#types, {
      provider: this.#provider,
      maker: this.#maker,
      preimage: (name, hash) => this.#preimage(name, hash),
      missing: this.missing,
    });
    return solver.solve(outputKey);
  }

  /** A witness script that is no template, as miniscript. */
  #miniscript(script: Uint8Array): Solution {
    const stack = satisfyScript(script, 'wsh', {
      sign: (key) => this.#ecdsa(key, script, 'v0'),
      publicKey: (hash) => this.#keyOf(hash),
      preimage: (name, hash) => this.#preimage(name, hash),
      checker: this.#maker.checker,
    });
    return { solved: stack !== undefined, stack: stack ?? [] };
  }

  #preimage(name: FragmentName, hash: Uint8Array): Uint8Array | undefined {
    const type = this.#types[name.toUpperCase() as keyof FieldTypes];
    return type === undefined ? undefined : this.#map.get(type, hash);
  }
}
