/**
 * Signing by a key of several (BIP373): who they are is written into the fields, then everybody's nonces, then everybody's
 * parts of the signature; who has all parts puts them together.
 */
import { deriveAggregate, fingerprintHex } from '@coind/descriptors';
import { concatBytes, equalBytes, hash160 } from '@coind/primitives';
import {
  combineSignatures,
  type KeyTweak,
  type SigningSession,
  signPartially,
  taprootOutputKey,
  tapTweak,
} from '@coind/script';
import { decodeOrigin } from './own-keys.ts';
import { type FieldTypes, participantsIn } from './psbt-fields.ts';
import type { PsbtMap } from './psbt-map.ts';
import type { PsbtProvider } from './psbt-provider.ts';
import type { SignatureMaker } from './signature-maker.ts';

/** Who knows and signs, and what the fields say of keys. */
export interface MusigHelp {
  readonly provider: PsbtProvider;
  readonly maker: SignatureMaker;
  /** Fingerprint and path of an x-only key, as PSBTs write them. */
  originOf(key: Uint8Array): Uint8Array | undefined;
  /** Takes note that a key is used, in a leaf or not. */
  noteKey(key: Uint8Array, leafHash?: Uint8Array): void;
}

/** The key that a script wants a signature of. */
export interface WantedKey {
  readonly xOnly: Uint8Array;
  /** The leaf it stands in; none for the output key. */
  readonly leafHash?: Uint8Array;
  /** Of an internal key: that it is tweaked, and by which root. */
  readonly internal?: { readonly merkleRoot: Uint8Array | undefined };
}

/** A key and its makers. */
interface Aggregate {
  readonly key: Uint8Array;
  readonly participants: readonly Uint8Array[];
}

/** The way from an aggregate to the key that signs. */
interface Derived {
  /** 33 bytes. */
  readonly key: Uint8Array;
  readonly tweaks: readonly KeyTweak[];
}

/** Works on one input or output. */
export class MusigSolver {
  readonly #map: PsbtMap;
  readonly #types: FieldTypes;
  readonly #help: MusigHelp;

  constructor(map: PsbtMap, types: FieldTypes, help: MusigHelp) {
    this.#map = map;
    this.#types = types;
    this.#help = help;
    for (const { aggregate, participants } of help.provider.aggregates()) {
      map.set(types.MUSIG2_PARTICIPANTS, concatBytes(...participants), aggregate);
    }
  }

  /** The signature of a key, if all parts of it are there; else the next step towards it is done. */
  sign(wanted: WantedKey): Uint8Array | undefined {
    let signature: Uint8Array | undefined;
    for (const { key, value } of this.#map.all(this.#types.MUSIG2_PARTICIPANTS)) {
      const aggregate = { key, participants: participantsIn(value) };
      for (const participant of aggregate.participants) {
        if (!this.#help.provider.origin(hash160(participant))) continue;
        this.#help.noteKey(participant.subarray(1), wanted.leafHash);
      }
      const derived = this.#derive(aggregate, wanted);
      signature ??= derived && this.#step(aggregate, derived, wanted);
    }
    return signature;
  }

  #derive({ key }: Aggregate, { xOnly, internal }: WantedKey): Derived | undefined {
    let derived: Derived = { key, tweaks: [] };
    if (!equalBytes(key.subarray(1), xOnly)) {
      const bytes = this.#help.originOf(xOnly);
      const origin = bytes && decodeOrigin(bytes);
      if (!origin?.path.length || origin.fingerprint !== fingerprintHex(key)) return undefined;
      const { publicKey, tweaks } = deriveAggregate(key, origin.path);
      if (!equalBytes(publicKey.subarray(1), xOnly)) return undefined;
      derived = { key: publicKey, tweaks: tweaks.map((tweak) => ({ tweak, xOnly: false })) };
    }
    if (!internal) return derived;
    const { merkleRoot } = internal;
    const output = taprootOutputKey(xOnly, merkleRoot);
    if (!output) return undefined;
    const tweak = { tweak: tapTweak(xOnly, merkleRoot), xOnly: true };
    return {
      key: Uint8Array.of(2 + output.parity, ...output.xOnlyKey),
      tweaks: [...derived.tweaks, tweak],
    };
  }

  #step(
    { participants }: Aggregate,
    derived: Derived,
    { leafHash }: WantedKey,
  ): Uint8Array | undefined {
    const { MUSIG2_PUB_NONCE: nonceType, MUSIG2_PARTIAL_SIG: partType } = this.#types;
    const message = this.#help.maker.digest(leafHash);
    if (!message || nonceType === undefined || partType === undefined) return undefined;
    const nameOf = (participant: Uint8Array) =>
      concatBytes(participant, derived.key, ...(leafHash ? [leafHash] : []));
    const given = (type: number) =>
      participants.flatMap((participant) => this.#map.get(type, nameOf(participant)) ?? []);
    const publicNonces = given(nonceType);
    const session = { keys: participants, tweaks: derived.tweaks, message, publicNonces };
    if (publicNonces.length === participants.length) {
      const parts = given(partType);
      if (parts.length === participants.length) {
        return this.#help.maker.typed(combineSignatures(parts, session));
      }
      for (const participant of participants) {
        const part = this.#partOf(participant, derived.key, session, nonceType, nameOf);
        if (part) this.#map.set(partType, part, nameOf(participant));
      }
    }
    if (given(partType).length > 0) return undefined;
    for (const participant of participants) {
      if (this.#map.get(nonceType, nameOf(participant))) continue;
      const nonce = this.#nonceOf(participant, derived.key, message);
      if (nonce) this.#map.set(nonceType, nonce, nameOf(participant));
    }
    return undefined;
  }

  #nonceOf(
    participant: Uint8Array,
    signingKey: Uint8Array,
    message: Uint8Array,
  ): Uint8Array | undefined {
    const { provider } = this.#help;
    const secret = provider.privateKey(hash160(participant));
    return secret && provider.nonces?.make({ signingKey, participant, message }, secret);
  }

  #partOf(
    participant: Uint8Array,
    signingKey: Uint8Array,
    session: SigningSession,
    nonceType: number,
    nameOf: (participant: Uint8Array) => Uint8Array,
  ): Uint8Array | undefined {
    const { provider } = this.#help;
    const secret = provider.privateKey(hash160(participant));
    const publicNonce = this.#map.get(nonceType, nameOf(participant));
    if (!secret || !publicNonce) return undefined;
    const use = { signingKey, participant, message: session.message };
    const nonce = provider.nonces?.take(use, publicNonce);
    return nonce && signPartially(secret, nonce, session);
  }
}
