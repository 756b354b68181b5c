/**
 * Signing inputs: P2PK, P2PKH, multisig, each also behind P2SH and P2WSH, P2WPKH, miniscript behind P2WSH, and taproot by
 * its key or one of its scripts. Which keys and scripts are known is said by a `SigningProvider`; the verdict whether an input
 * is complete is the interpreter's, not ours.
 */
import type { DerivedKey, ScriptSolution, TaprootOutput } from '@coind/descriptors';
import {
  bytesToHex,
  equalBytes,
  hash160,
  type Sats,
  sha256,
  Tx,
  type TxInput,
  type TxOutput,
} from '@coind/primitives';
import {
  buildScript,
  classifyOutput,
  decodeScript,
  ecdsaVerify,
  HashType,
  matchMultisig,
  PrecomputedTx,
  p2pkh,
  ScriptError,
  STANDARD_FLAGS,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  TxChecker,
  tapleafHash,
  taprootOutputKey,
  taprootPrivateKey,
  toDer,
  verifyScript,
} from '@coind/script';
import { type ScriptMeans, satisfyScript, spendByLeaf } from './script-path.ts';

interface SigningKey {
  readonly publicKey: Uint8Array;
  readonly privateKey?: Uint8Array;
}

/** Keys and scripts by what scripts call them. */
export class SigningProvider {
  readonly #keys = new Map<string, SigningKey>();
  readonly #taproot = new Map<string, Uint8Array>();
  readonly #outputs = new Map<string, TaprootOutput>();
  readonly #scripts = new Map<string, Uint8Array>();

  /** Adds a key under its public key, the hash of it and (compressed ones) its taproot output key. */
  addKey(publicKey: Uint8Array, privateKey?: Uint8Array, taproot = true): void {
    const key = { publicKey, ...(privateKey && { privateKey }) };
    this.#keys.set(bytesToHex(publicKey), key);
    this.#keys.set(bytesToHex(hash160(publicKey)), key);
    if (!taproot || publicKey.length !== 33 || !privateKey) return;
    const output = taprootOutputKey(publicKey.subarray(1));
    if (output) this.#taproot.set(bytesToHex(output.xOnlyKey), taprootPrivateKey(privateKey));
    this.#addXOnly(publicKey.subarray(1), publicKey, privateKey);
  }

  /** Adds a key under its x coordinate, and the hash of that, as tapscript names keys. */
  #addXOnly(x: Uint8Array, publicKey: Uint8Array, privateKey: Uint8Array | undefined): void {
    const key = { publicKey, ...(privateKey && { privateKey }) };
    this.#keys.set(bytesToHex(hash160(x)), key);
    if (privateKey) this.#taproot.set(bytesToHex(x), privateKey);
  }

  #addTaproot(output: TaprootOutput, keys: readonly DerivedKey[]): void {
    const { outputKey, internalKey, merkleRoot } = output;
    this.#outputs.set(bytesToHex(outputKey), output);
    for (const { publicKey, privateKey } of keys) {
      const x = publicKey.subarray(1);
      this.#addXOnly(x, publicKey, privateKey);
      if (!privateKey || !equalBytes(x, internalKey)) continue;
      this.#taproot.set(bytesToHex(outputKey), taprootPrivateKey(privateKey, merkleRoot));
    }
  }

  /** Adds a redeem or witness script. */
  addScript(script: Uint8Array): void {
    this.#scripts.set(bytesToHex(hash160(script)), script);
    this.#scripts.set(bytesToHex(sha256(script)), script);
  }

  /** Adds all that a descriptor knows of a script. */
  addSolution({ keys, redeemScript, witnessScript, taproot, descriptor }: ScriptSolution): void {
    const isTaproot = taproot !== undefined || descriptor.kind === 'rawtr';
    for (const key of keys) this.addKey(key.publicKey, key.privateKey, isTaproot);
    if (taproot) this.#addTaproot(taproot, keys);
    if (redeemScript) this.addScript(redeemScript);
    if (witnessScript) this.addScript(witnessScript);
  }

  /** By public key or by its HASH160. */
  key(name: Uint8Array): SigningKey | undefined {
    return this.#keys.get(bytesToHex(name));
  }

  /** By HASH160 or SHA256. */
  script(hash: Uint8Array): Uint8Array | undefined {
    return this.#scripts.get(bytesToHex(hash));
  }

  /** The private key of a taproot output key, or of an x-only key in a leaf. */
  taprootKey(key: Uint8Array): Uint8Array | undefined {
    return this.#taproot.get(bytesToHex(key));
  }

  /** How a taproot output may be spent. */
  taproot(outputKey: Uint8Array): TaprootOutput | undefined {
    return this.#outputs.get(bytesToHex(outputKey));
  }
}

/** What makes an input spend its coin. */
export interface InputProof {
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** Signs one transaction. `spent` are the outputs its inputs spend, where they are known. */
export class TxSigner {
  readonly #tx: Tx;
  readonly #spent: readonly (TxOutput | undefined)[];
  readonly #provider: SigningProvider;
  readonly #hashType: number | undefined;
  readonly #precomputed: PrecomputedTx;

  constructor(
    {
      tx,
      spent,
      hashType,
    }: { tx: Tx; spent: readonly (TxOutput | undefined)[]; hashType?: number | undefined },
    { provider }: { provider: SigningProvider },
  ) {
    this.#tx = tx;
    this.#spent = spent;
    this.#provider = provider;
    this.#hashType = hashType;
    // Taproot commits to every spent output, so it can only be signed when all are known.
    const all = spent.every((output) => output !== undefined);
    this.#precomputed = all ? new PrecomputedTx(tx, spent as TxOutput[]) : new PrecomputedTx(tx);
  }

  /** Signs the input as far as keys allow; keeps signatures that are there already. */
  sign(index: number): InputProof {
    const input = this.#tx.inputs[index] as TxInput;
    const output = this.#spent[index];
    if (!output) return input;
    const present = existingItems(input);
    const { scriptPubKey, value } = output;
    const { type, solutions } = classifyOutput(scriptPubKey);
    const [hash = NOTHING] = solutions;
    const before: InputProof = { scriptSig: input.scriptSig, witness: input.witness };
    switch (type) {
      case 'witness_v0_keyhash':
        return { scriptSig: NOTHING, witness: this.#keyHash(index, hash, value, before.witness) };
      case 'witness_v0_scripthash': {
        const witness = this.#witnessScript(index, hash, value, present);
        return witness ? { scriptSig: NOTHING, witness } : before;
      }
      case 'witness_v1_taproot':
        return { scriptSig: NOTHING, witness: this.#taproot(index, hash, value) ?? before.witness };
      case 'scripthash':
        return this.#scriptHash(index, hash, value, present) ?? before;
      default: {
        const stack = this.#stack(index, scriptPubKey, value, 'base', present);
        if (!stack) return before;
        return { scriptSig: buildScript(stack), witness: [] };
      }
    }
  }

  #keyHash(
    index: number,
    hash: Uint8Array,
    value: Sats,
    present: readonly Uint8Array[],
  ): readonly Uint8Array[] {
    const key = this.#provider.key(hash);
    const signature = key && this.#ecdsa(index, p2pkh(hash), value, 'v0', key);
    return key && signature ? [signature, key.publicKey] : present;
  }

  #witnessScript(
    index: number,
    hash: Uint8Array,
    value: Sats,
    present: readonly Uint8Array[],
  ): readonly Uint8Array[] | undefined {
    const script = this.#provider.script(hash);
    const stack = script && this.#stack(index, script, value, 'v0', present);
    return stack && script ? [...stack, script] : undefined;
  }

  #scriptHash(
    index: number,
    hash: Uint8Array,
    value: Sats,
    present: readonly Uint8Array[],
  ): InputProof | undefined {
    const redeem = this.#provider.script(hash);
    if (!redeem) return undefined;
    const { type, solutions } = classifyOutput(redeem);
    const [inner = NOTHING] = solutions;
    const scriptSig = buildScript([redeem]);
    if (type === 'witness_v0_keyhash') {
      const witness = this.#keyHash(index, inner, value, []);
      return witness.length > 0 ? { scriptSig, witness } : undefined;
    }
    if (type === 'witness_v0_scripthash') {
      const witness = this.#witnessScript(index, inner, value, present);
      return witness && { scriptSig, witness };
    }
    const stack = this.#stack(index, redeem, value, 'base', present);
    return stack && { scriptSig: buildScript([...stack, redeem]), witness: [] };
  }

  /** What a plain script takes from the stack; undefined when nothing of it can be made. */
  #stack(
    index: number,
    script: Uint8Array,
    value: Sats,
    version: 'base' | 'v0',
    present: readonly Uint8Array[],
  ): readonly Uint8Array[] | undefined {
    const multisig = matchMultisig(script);
    if (multisig) {
      return this.#multisig(index, script, value, version, multisig, present);
    }
    const { type, solutions } = classifyOutput(script);
    if (version === 'v0' && type === 'nonstandard') return this.#miniscript(index, script, value);
    const key = this.#provider.key(solutions[0] ?? NOTHING);
    if (!key || (type !== 'pubkey' && type !== 'pubkeyhash')) return undefined;
    const signature = this.#ecdsa(index, script, value, version, key);
    if (!signature) return undefined;
    return type === 'pubkey' ? [signature] : [signature, key.publicKey];
  }

  /** A witness script that is no template. */
  #miniscript(index: number, script: Uint8Array, value: Sats): readonly Uint8Array[] | undefined {
    return satisfyScript(script, 'wsh', {
      ...this.#means(index, value),
      sign: (bytes) => {
        const key = this.#provider.key(bytes);
        return key && this.#ecdsa(index, script, value, 'v0', key);
      },
      publicKey: (hash) => this.#provider.key(hash)?.publicKey,
    });
  }

  #means(index: number, value: Sats): Pick<ScriptMeans, 'preimage' | 'checker'> {
    const checker = new TxChecker(this.#tx, index, value, this.#precomputed);
    return { preimage: () => undefined, checker };
  }

  #multisig(
    index: number,
    script: Uint8Array,
    value: Sats,
    version: 'base' | 'v0',
    { required, pubkeys }: { required: number; pubkeys: readonly Uint8Array[] },
    present: readonly Uint8Array[],
  ): readonly Uint8Array[] {
    const signatures: Uint8Array[] = [];
    for (const pubkey of pubkeys) {
      if (signatures.length === required) break;
      const kept = present.find((item) =>
        this.#isSignature(index, script, value, version, pubkey, item),
      );
      const key = this.#provider.key(pubkey);
      const signature = kept ?? (key && this.#ecdsa(index, script, value, version, key));
      if (signature) signatures.push(signature);
    }
    // Missing ones leave empty places, as bitcoind writes them, so another signer can add to it.
    while (signatures.length < required) signatures.push(NOTHING);
    return [NOTHING, ...signatures];
  }

  #isSignature(
    index: number,
    script: Uint8Array,
    value: Sats,
    version: 'base' | 'v0',
    pubkey: Uint8Array,
    item: Uint8Array,
  ): boolean {
    const hashType = item[item.length - 1];
    if (hashType === undefined || item.length < 9 || item.length > 73) return false;
    const digest = this.#digest(index, script, value, version, hashType);
    return ecdsaVerify(digest, item.subarray(0, -1), pubkey);
  }

  #digest(
    index: number,
    scriptCode: Uint8Array,
    value: Sats,
    version: 'base' | 'v0',
    hashType: number,
  ): Uint8Array {
    return version === 'base'
      ? sighashLegacy(this.#precomputed, index, scriptCode, hashType)
      : sighashV0(this.#precomputed, index, scriptCode, value, hashType);
  }

  #ecdsa(
    index: number,
    scriptCode: Uint8Array,
    value: Sats,
    version: 'base' | 'v0',
    { publicKey, privateKey }: SigningKey,
  ): Uint8Array | undefined {
    // Witness programs only know compressed keys (BIP143).
    if (!privateKey || (version === 'v0' && publicKey.length !== 33)) return undefined;
    const hashType = this.#hashType || HashType.ALL;
    const digest = this.#digest(index, scriptCode, value, version, hashType);
    return Uint8Array.of(...toDer(signEcdsa(digest, privateKey)), hashType);
  }

  #taproot(index: number, outputKey: Uint8Array, value: Sats): readonly Uint8Array[] | undefined {
    const signature = this.#schnorr(index, this.#provider.taprootKey(outputKey));
    if (signature) return [signature];
    const { leaves = [] } = this.#provider.taproot(outputKey) ?? {};
    return spendByLeaf(leaves, ({ script, version }) => {
      const leafHash = tapleafHash(version, script);
      return {
        ...this.#means(index, value),
        sign: (key) => this.#schnorr(index, this.#provider.taprootKey(key), leafHash),
        publicKey: (hash) => this.#provider.key(hash)?.publicKey.subarray(1, 33),
      };
    });
  }

  /** With the hash of a leaf for one of the output's scripts, without for the output key. */
  #schnorr(
    index: number,
    privateKey: Uint8Array | undefined,
    leafHash?: Uint8Array,
  ): Uint8Array | undefined {
    if (!privateKey || !this.#precomputed.spent) return undefined;
    const hashType = this.#hashType ?? HashType.DEFAULT;
    const digest = sighashTaproot(this.#precomputed, index, hashType, leafHash && { leafHash });
    if (!digest) return undefined;
    const signature = signSchnorr(digest, privateKey);
    return hashType === HashType.DEFAULT ? signature : Uint8Array.of(...signature, hashType);
  }

  /** Why an input is not complete, in bitcoind's words; undefined when it is. */
  verify(index: number, { scriptSig, witness }: InputProof): string | undefined {
    const output = this.#spent[index];
    if (!output) return 'Input not found or already spent';
    const checker = new TxChecker(this.#tx, index, output.value, this.#precomputed);
    try {
      verifyScript(scriptSig, output.scriptPubKey, witness, STANDARD_FLAGS, checker);
      return undefined;
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      if (error.code === 'INVALID_STACK_OPERATION') {
        return 'Unable to sign input, invalid stack size (possibly missing key)';
      }
      if (error.code === 'NULLFAIL') {
        return 'CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)';
      }
      return error.message;
    }
  }
}

/** What scriptSig and witness push, to find signatures that are there already. */
export function existingItems({ scriptSig, witness }: TxInput): readonly Uint8Array[] {
  const pushed = (decodeScript(scriptSig) ?? []).flatMap(({ data }) => (data ? [data] : []));
  return [...pushed, ...witness];
}

/** An input that could not be completed. */
export interface InputError {
  readonly index: number;
  readonly input: TxInput;
  readonly message: string;
}

/** A transaction as far as it could be signed. */
export interface SignedTx {
  readonly tx: Tx;
  readonly complete: boolean;
  readonly errors: readonly InputError[];
}

/**
 * Signs every input that can be signed and says of the others why not. `hashType` undefined means ALL,
 * for taproot DEFAULT. With SINGLE, inputs without an output of their index are left alone.
 */
export function signTransaction(
  tx: Tx,
  spent: readonly (TxOutput | undefined)[],
  provider: SigningProvider,
  hashType?: number,
): SignedTx {
  const signer = new TxSigner({ tx, spent, hashType }, { provider });
  const single = ((hashType ?? 0) & ~HashType.ANYONECANPAY) === HashType.SINGLE;
  const inputs = tx.inputs.map((input, index) =>
    single && index >= tx.outputs.length ? input : { ...input, ...signer.sign(index) },
  );
  const errors: InputError[] = [];
  inputs.forEach((input, index) => {
    const message = signer.verify(index, input);
    if (message !== undefined) errors.push({ index, input, message });
  });
  const signed = new Tx({
    version: tx.version,
    inputs,
    outputs: tx.outputs,
    locktime: tx.locktime,
  });
  return { tx: signed, complete: errors.length === 0, errors };
}
