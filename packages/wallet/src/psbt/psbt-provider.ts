/**
 * What a signer of PSBTs knows: keys with where they come from, scripts by hash, taproot outputs by their
 * internal keys. Filled from what descriptors make; may keep its secrets to itself.
 */
import type { DerivedKey, KeyOrigin, ScriptSolution, TaprootOutput } from '@coind/descriptors';
import { bytesToHex, hash160, hexToBytes, sha256, Writer } from '@coind/primitives';
import type { SecretNonces } from './secret-nonces.ts';

/** What is kept back from the PSBT. */
export interface Discretion {
  /** No private key is used. */
  readonly hideSecrets?: boolean;
  /** Nothing is said of how keys were derived. */
  readonly hideOrigins?: boolean;
}

/** A key that several hold together, and their keys in the order of their bytes. */
export interface AggregateKey {
  readonly aggregate: Uint8Array;
  readonly participants: readonly Uint8Array[];
}

/** Keys and scripts by what scripts call them. */
export class PsbtProvider {
  readonly #keys = new Map<string, DerivedKey>();
  readonly #scripts = new Map<string, Uint8Array>();
  readonly #outputs = new Map<string, TaprootOutput>();
  readonly #aggregates = new Map<string, AggregateKey>();
  readonly #discretion: Discretion;
  /** Where secret nonces wait; without, nobody starts to sign together. */
  readonly nonces: SecretNonces | undefined;

  constructor(discretion: Discretion = {}, nonces?: SecretNonces) {
    this.#discretion = discretion;
    this.nonces = nonces;
  }

  /** Adds all that a descriptor knows of a script. */
  addSolution({ keys, redeemScript, witnessScript, taproot }: ScriptSolution): void {
    for (const { musig } of keys) {
      if (!musig) continue;
      const participants = musig.participants.map(({ publicKey }) => publicKey);
      const { aggregate } = musig;
      this.#aggregates.set(bytesToHex(aggregate), { aggregate, participants });
    }
    const participants = keys.flatMap(({ musig }) => musig?.participants ?? []);
    for (const key of [...keys, ...participants]) {
      this.#add(hash160(key.publicKey), key);
      if (key.publicKey.length !== 33) continue;
      this.#add(key.publicKey.subarray(1), key);
      // Tapscript hashes keys without the byte in front.
      if (taproot) this.#add(hash160(key.publicKey.subarray(1)), key);
    }
    for (const script of [redeemScript, witnessScript]) {
      if (!script) continue;
      this.#scripts.set(bytesToHex(hash160(script)), script);
      this.#scripts.set(bytesToHex(sha256(script)), script);
    }
    if (taproot) this.#outputs.set(bytesToHex(taproot.outputKey), taproot);
  }

  #add(name: Uint8Array, key: DerivedKey): void {
    const at = bytesToHex(name);
    // The same key may come once with its secret and once without.
    if (key.privateKey || !this.#keys.has(at)) this.#keys.set(at, key);
  }

  /** The public key of which `name` is the HASH160, or the x coordinate. */
  publicKey(name: Uint8Array): Uint8Array | undefined {
    return this.#keys.get(bytesToHex(name))?.publicKey;
  }

  privateKey(name: Uint8Array): Uint8Array | undefined {
    if (this.#discretion.hideSecrets) return undefined;
    return this.#keys.get(bytesToHex(name))?.privateKey;
  }

  /** Where the key comes from, as PSBTs write it: fingerprint and path. */
  origin(name: Uint8Array): Uint8Array | undefined {
    if (this.#discretion.hideOrigins) return undefined;
    const key = this.#keys.get(bytesToHex(name));
    return key && encodeOrigin(key.origin);
  }

  /** By HASH160 or SHA256. */
  script(hash: Uint8Array): Uint8Array | undefined {
    return this.#scripts.get(bytesToHex(hash));
  }

  /** Keys that several hold together. */
  aggregates(): readonly AggregateKey[] {
    return [...this.#aggregates.values()];
  }

  /** How a taproot output may be spent. */
  taproot(outputKey: Uint8Array): TaprootOutput | undefined {
    return this.#outputs.get(bytesToHex(outputKey));
  }
}

function encodeOrigin({ fingerprint, path }: KeyOrigin): Uint8Array {
  const writer = new Writer(4 + 4 * path.length).bytes(hexToBytes(fingerprint));
  for (const step of path) writer.u32(step);
  return writer.finish();
}
