/**
 * The roles of a PSBT between its making and its sending: updater, signer, finalizer, and the look ahead
 * of `analyzepsbt`. An input is worked on with what it says itself and what a `PsbtProvider` adds; the
 * verdict whether it is finished is the interpreter's.
 */
import { equalBytes, hash160, hexToBytes, ripemd160, Tx, type TxOutput } from '@coind/primitives';
import {
  buildScript,
  classifyOutput,
  HashType,
  matchMultisig,
  PrecomputedTx,
  p2pkh,
  ScriptError,
  type SignatureChecker,
  STANDARD_FLAGS,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  TxChecker,
  taprootPrivateKey,
  toDer,
  verifyScript,
  witnessProgram,
} from '@coind/script';
import type { Psbt, PsbtInput } from './psbt.ts';
import { encodeTapDerivation, In, Out } from './psbt-fields.ts';
import type { PsbtMap } from './psbt-map.ts';
import { PsbtProvider } from './psbt-provider.ts';

/** What an input wants before it can be finished: keys by HASH160, scripts by their hash. */
export interface Missing {
  readonly pubkeys: Uint8Array[];
  readonly signatures: Uint8Array[];
  redeemScript?: Uint8Array;
  witnessScript?: Uint8Array;
}

/** How signing an input came out. */
export type SignOutcome = 'complete' | 'incomplete' | 'missing-inputs' | 'sighash-mismatch';

/** How to sign. */
export interface SignOptions {
  /** The hash type that signatures must have; ALL, for taproot DEFAULT, when nobody says. */
  readonly sighash?: number | undefined;
  /** Whether a complete input is finished at once. */
  readonly finalize?: boolean;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const NOBODY = new PsbtProvider();

/** Makes signatures for one input; undefined without the key for it. */
interface SignatureMaker {
  readonly checker: SignatureChecker;
  ecdsa(
    script: Uint8Array,
    version: 'base' | 'v0',
    privateKey: Uint8Array | undefined,
  ): Uint8Array | undefined;
  schnorr(privateKey: Uint8Array | undefined): Uint8Array | undefined;
}

/** 71 bytes with low R and low S, the hash type included: as long as real ones are. */
const DUMMY_ECDSA = hexToBytes(`30440220${'01'.padEnd(64, '0')}0220${'01'.padEnd(64, '0')}01`);

/** Any signature is right: for the size of an input before anybody has signed. */
const DUMMY: SignatureMaker = {
  checker: {
    checkEcdsa: (sig) => sig.length > 0,
    checkSchnorr: () => undefined,
    checkLocktime: () => true,
    checkSequence: () => true,
  },
  ecdsa: () => DUMMY_ECDSA,
  schnorr: () => new Uint8Array(64),
};

/** Real signatures of one input. */
function signatureMaker(
  { tx, precomputed }: SigningTx,
  index: number,
  utxo: TxOutput,
  sighash: number,
): SignatureMaker {
  return {
    checker: new TxChecker(tx, index, utxo.value, precomputed),
    ecdsa(script, version, privateKey) {
      if (!privateKey) return undefined;
      const type = sighash === HashType.DEFAULT ? HashType.ALL : sighash;
      const digest =
        version === 'base'
          ? sighashLegacy(precomputed, index, script, type)
          : sighashV0(precomputed, index, script, utxo.value, type);
      return Uint8Array.of(...toDer(signEcdsa(digest, privateKey)), type);
    },
    schnorr(privateKey) {
      if (!privateKey || !precomputed.spent) return undefined;
      const digest = sighashTaproot(precomputed, index, sighash);
      if (!digest) return undefined;
      const sig = signSchnorr(digest, privateKey);
      return sighash === HashType.DEFAULT ? sig : Uint8Array.of(...sig, sighash);
    },
  };
}

/** The transaction of a PSBT, with what its signatures commit to as far as it is known. */
interface SigningTx {
  readonly tx: Tx;
  readonly precomputed: PrecomputedTx;
}

function signingTx(psbt: Psbt): SigningTx | undefined {
  const tx = psbt.unsignedTx();
  if (!tx) return undefined;
  const utxos = psbt.inputs.map(({ utxo }) => utxo);
  const all = utxos.every((utxo) => utxo !== undefined);
  return { tx, precomputed: all ? new PrecomputedTx(tx, utxos) : new PrecomputedTx(tx) };
}

/** What is found out about a script on the way to spending it. */
interface Solution {
  /** What the script is given on the stack, as far as it is there. */
  readonly stack: Uint8Array[];
  readonly solved: boolean;
}

/** Works on one script, with the fields of an input or output and what a provider adds to them. */
class Solver {
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
  solve(scriptPubKey: Uint8Array): { scriptSig: Uint8Array; witness: Uint8Array[] } | undefined {
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
  ): Solution & { readonly witness: Uint8Array[] } {
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
      let { solved, stack } = this.#step(found, 'v0');
      // What gave nothing is tried once more as miniscript, which asks for the same keys again.
      if (!solved && stack.length === 0) ({ solved, stack } = this.#step(found, 'v0'));
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
    const key = this.#provider.publicKey(hash) ?? this.#ownKey(hash);
    if (!key) {
      this.missing.pubkeys.push(hash);
      return { solved: false, stack: [] };
    }
    const sig = this.#ecdsa(key, script, version);
    return sig ? { solved: true, stack: [sig, key] } : { solved: false, stack: [] };
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
    const { TAP_INTERNAL_KEY, TAP_KEY_SIG, TAP_MERKLE_ROOT } = this.#types;
    const internalKey = this.#map.get(TAP_INTERNAL_KEY) ?? this.#provider.internalKey(outputKey);
    if (internalKey) {
      this.#map.set(TAP_INTERNAL_KEY, internalKey);
      this.#taprootOrigin(internalKey);
    }
    this.#taprootOrigin(outputKey);
    if (TAP_KEY_SIG === undefined) return { solved: false, stack: [] };
    let sig = this.#map.get(TAP_KEY_SIG);
    if (!sig) {
      const root = TAP_MERKLE_ROOT === undefined ? undefined : this.#map.get(TAP_MERKLE_ROOT);
      const secret = internalKey && this.#provider.privateKey(internalKey);
      const tweaked = secret && taprootPrivateKey(secret, root);
      sig = this.#maker.schnorr(tweaked ?? this.#provider.privateKey(outputKey));
      if (sig && this.#maker !== DUMMY) this.#map.set(TAP_KEY_SIG, sig);
    }
    return sig ? { solved: true, stack: [sig] } : { solved: false, stack: [] };
  }

  #taprootOrigin(key: Uint8Array): void {
    const type = this.#types.TAP_BIP32_DERIVATION;
    const origin = this.#provider.origin(key);
    if (!origin || this.#map.get(type, key)) return;
    this.#map.set(type, encodeTapDerivation({ leafHashes: [], origin }), key);
  }
}

/** The fields a solver reads and fills in, in the numbers of its map; outputs hold no signatures. */
interface FieldTypes {
  readonly REDEEM_SCRIPT: number;
  readonly WITNESS_SCRIPT: number;
  readonly BIP32_DERIVATION: number;
  readonly TAP_INTERNAL_KEY: number;
  readonly TAP_BIP32_DERIVATION: number;
  readonly PARTIAL_SIG?: number;
  readonly TAP_KEY_SIG?: number;
  readonly TAP_MERKLE_ROOT?: number;
}

function isTaproot({ scriptPubKey }: TxOutput): boolean {
  return classifyOutput(scriptPubKey).type === 'witness_v1_taproot';
}

/** True when the final fields of an input spend its coin. */
function isVerified(input: PsbtInput, index: number, { tx, precomputed }: SigningTx): boolean {
  const { utxo } = input;
  if (!utxo) return false;
  // Taproot's signatures commit to all spent outputs: without them none can be found right.
  if (isTaproot(utxo) && !precomputed.spent) return false;
  const { finalScriptSig = NOTHING, finalWitness = [] } = input;
  const checker = new TxChecker(tx, index, utxo.value, precomputed);
  try {
    verifyScript(finalScriptSig, utxo.scriptPubKey, finalWitness, STANDARD_FLAGS, checker);
    return true;
  } catch (error) {
    if (error instanceof ScriptError) return false;
    throw error;
  }
}

/** True when every input is finished and right. */
export function isPsbtComplete(psbt: Psbt): boolean {
  const signing = signingTx(psbt);
  if (!signing) return false;
  return psbt.inputs.every((input, index) => isVerified(input, index, signing));
}

/** The hash types that the signatures of an input already have are all `sighash`. */
function haveSighash({ map }: PsbtInput, sighash: number): boolean {
  const schnorr = [In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG].flatMap((type) => map.all(type));
  if (sighash === HashType.DEFAULT) return schnorr.every(({ value }) => value.length === 64);
  const ecdsa = map.all(In.PARTIAL_SIG);
  const isOf = ({ value }: { readonly value: Uint8Array }) => value[value.length - 1] === sighash;
  return schnorr.every((sig) => sig.value.length === 65 && isOf(sig)) && ecdsa.every(isOf);
}

interface Work {
  readonly provider: PsbtProvider;
  /** Undefined to pretend: any signature will do. */
  readonly signing: SigningTx | undefined;
  readonly options: SignOptions;
}

function workOn(
  psbt: Psbt,
  index: number,
  { provider, signing, options }: Work,
): { readonly outcome: SignOutcome; readonly missing?: Missing } {
  const input = psbt.inputs[index] as PsbtInput;
  const plain = signing ?? plainSigning(psbt);
  if (plain && isVerified(input, index, plain)) return { outcome: 'complete' };
  const { utxo } = input;
  if (!utxo) return { outcome: 'missing-inputs' };
  const defaultSighash = isTaproot(utxo) ? HashType.DEFAULT : HashType.ALL;
  const sighash = options.sighash ?? defaultSighash;
  if (input.sighash !== undefined && input.sighash !== sighash) {
    return { outcome: 'sighash-mismatch' };
  }
  // What goes without saying is not said: DEFAULT, and ALL where there is no other default.
  const isUsual = sighash === HashType.DEFAULT || sighash === defaultSighash;
  if (!isUsual) input.sighash = sighash;
  if (!haveSighash(input, sighash)) return { outcome: 'sighash-mismatch' };
  // An output that somebody only claims to exist is safe with witness signatures, which commit to it.
  const needsWitness = !input.nonWitnessUtxo;
  if (input.isFinal) return { outcome: needsWitness ? 'incomplete' : 'complete' };
  const maker = signing ? signatureMaker(signing, index, utxo, sighash) : DUMMY;
  const work = needsWitness ? input.clone() : input;
  const solver = new Solver(work.map, In, provider, maker);
  const proof = solver.solve(utxo.scriptPubKey);
  if (needsWitness && !solver.isWitness) return { outcome: 'incomplete' };
  if (work !== input) input.merge(work);
  if (proof && options.finalize !== false) input.finish(proof.scriptSig, proof.witness);
  if (solver.isWitness) input.witnessUtxo = utxo;
  return { outcome: proof ? 'complete' : 'incomplete', missing: solver.missing };
}

/** As `signingTx`, of a PSBT whose spent outputs are not to be relied on. */
function plainSigning(psbt: Psbt): SigningTx | undefined {
  const tx = psbt.unsignedTx();
  return tx && { tx, precomputed: new PrecomputedTx(tx) };
}

/** Who knows of inputs or outputs: one for all, or one for each by its index. */
export type Providers = PsbtProvider | ((index: number) => PsbtProvider);

function providerAt(providers: Providers, index: number): PsbtProvider {
  return typeof providers === 'function' ? providers(index) : providers;
}

/**
 * Fills in what `providers` know of the inputs that are not finished, and signs them. Returns the
 * outcomes; undefined when the inputs ask for locktimes that clash.
 */
export function signPsbt(
  psbt: Psbt,
  providers: Providers,
  options: SignOptions = {},
): readonly SignOutcome[] | undefined {
  const signing = signingTx(psbt);
  if (!signing) return undefined;
  return psbt.inputs.map((input, index) => {
    if (input.isFinal) return 'complete';
    const provider = providerAt(providers, index);
    return workOn(psbt, index, { provider, signing, options }).outcome;
  });
}

/** Fills in what `providers` know of the outputs: scripts, and how their keys are derived. */
export function updateOutputs(psbt: Psbt, providers: Providers): void {
  for (const [index, { map, scriptPubKey }] of psbt.outputs.entries()) {
    new Solver(map, Out, providerAt(providers, index), DUMMY).solve(scriptPubKey);
  }
}

/**
 * Leaves out whole transactions where no signature needs them: when every input is taproot, whose
 * signatures commit to all amounts.
 */
export function dropUnneededTransactions({ inputs }: Psbt): void {
  const isNeeded = inputs.some(({ witnessUtxo, sighash = 0 }) => {
    const program = witnessUtxo && witnessProgram(witnessUtxo.scriptPubKey);
    return !program || program.version === 0 || (sighash & HashType.ANYONECANPAY) !== 0;
  });
  if (!isNeeded) for (const input of inputs) input.nonWitnessUtxo = undefined;
}

/** Finishes every input whose signatures are all there; true when that is all inputs. */
export function finalizePsbt(psbt: Psbt): boolean {
  const signing = signingTx(psbt);
  if (!signing) return false;
  const outcomes = psbt.inputs.map((input, index) => {
    const options = { sighash: input.sighash };
    return workOn(psbt, index, { provider: NOBODY, signing, options }).outcome;
  });
  return outcomes.every((outcome) => outcome === 'complete');
}

/** The transaction of a PSBT whose inputs are finished. */
export function extractTx(psbt: Psbt): Tx | undefined {
  const tx = psbt.unsignedTx();
  if (!tx) return undefined;
  const inputs = tx.inputs.map((input, index) => {
    const { finalScriptSig = NOTHING, finalWitness = [] } = psbt.inputs[index] as PsbtInput;
    return { ...input, scriptSig: finalScriptSig, witness: finalWitness };
  });
  const { version, outputs, locktime } = tx;
  return new Tx({ version, inputs, outputs, locktime });
}

/** What `inspectInput` finds. */
export interface InputState {
  readonly isVerified: boolean;
  readonly outcome: SignOutcome;
  readonly missing: Missing;
}

/** What input `index` lacks, as far as that can be seen without anybody's keys. */
export function inspectInput(psbt: Psbt, index: number): InputState {
  const signing = signingTx(psbt);
  const input = psbt.inputs[index] as PsbtInput;
  const missing: Missing = { pubkeys: [], signatures: [] };
  if (!signing) return { isVerified: false, outcome: 'missing-inputs', missing };
  if (isVerified(input, index, signing)) return { isVerified: true, outcome: 'complete', missing };
  return {
    isVerified: false,
    missing,
    ...workOn(psbt, index, { provider: NOBODY, signing, options: {} }),
  };
}

/** Puts signatures of the usual size where real ones are still missing; false when that cannot be done. */
export function pretendSigned(psbt: Psbt): boolean {
  return psbt.inputs.every((_, index) => {
    const work = { provider: NOBODY, signing: undefined, options: {} };
    return workOn(psbt, index, work).outcome === 'complete';
  });
}

/** True when only a witness can spend the output, as far as `provider` knows its script. */
export function isSegwitOutput(scriptPubKey: Uint8Array, provider: PsbtProvider): boolean {
  if (witnessProgram(scriptPubKey)) return true;
  const { type, solutions } = classifyOutput(scriptPubKey);
  const redeemScript = type === 'scripthash' && provider.script(solutions[0] as Uint8Array);
  return redeemScript ? witnessProgram(redeemScript) !== undefined : false;
}
