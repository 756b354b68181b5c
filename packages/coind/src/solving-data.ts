/** How to spend coins that are not a wallet's, as a caller describes it: keys, scripts, descriptors, or weights. */
import {
  type DerivedKey,
  DescriptorError,
  expandDescriptor,
  parseMultipath,
  type ScriptSolution,
  withChecksum,
} from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  equalBytes,
  hash160,
  hexToBytes,
  isHex,
  type OutPoint,
  outpointKey,
  sha256,
} from '@coind/primitives';
import { RpcError } from '@coind/rpc';
import { classifyOutput, MAX_STANDARD_WEIGHT, p2sh, p2wsh, witnessProgram } from '@coind/script';
import { parsePublicKey } from './shapes/multisig.ts';

const MIN_INPUT_WEIGHT = 165;

/** An input, and what it weighs once signed, in weight units. */
export interface InputWeight extends OutPoint {
  readonly weight: number;
}

/** The weight of each input that one was given for, by outpoint. Throws -8. */
export function weightsOf(given: readonly InputWeight[]): ReadonlyMap<string, number> {
  for (const { vout, weight } of given) {
    if (vout < 0) throw new RpcError(-8, 'Invalid parameter, vout cannot be negative');
    if (weight < MIN_INPUT_WEIGHT) {
      throw new RpcError(
        -8,
        `Invalid parameter, weight cannot be less than ${MIN_INPUT_WEIGHT} (41 bytes (size of outpoint + sequence + empty scriptSig) * 4 (witness scaling factor)) + 1 (empty witness)`,
      );
    }
    if (weight > MAX_STANDARD_WEIGHT) {
      throw new RpcError(
        -8,
        `Invalid parameter, weight cannot be greater than the maximum standard tx weight of ${MAX_STANDARD_WEIGHT}`,
      );
    }
  }
  return new Map(given.map((input) => [outpointKey(input), input.weight]));
}

/** What a caller says about coins of others: public keys and scripts in hex, descriptors. */
export interface SolvingData {
  readonly pubkeys?: readonly string[] | undefined;
  readonly scripts?: readonly string[] | undefined;
  readonly descriptors?: readonly string[] | undefined;
}

/** How to spend what is not the wallet's. Throws -5 and -8 for keys, scripts and descriptors that are none. */
export function foreignSolutions(
  { pubkeys = [], scripts = [], descriptors = [] }: SolvingData,
  params: ChainParams,
): ScriptSolution[] {
  const described = (text: string) =>
    parseMultipath(text, params, true).flatMap((descriptor) => expandDescriptor(descriptor, 0));
  const ofKeys = pubkeys.flatMap((text) =>
    described(withChecksum(`combo(${bytesToHex(parsePublicKey(text))})`)),
  );
  const keys = ofKeys.flatMap((solution) => solution.keys);
  const ofScripts = scripts.flatMap((text) => {
    if (!isHex(text)) throw new RpcError(-5, `'${text}' is not hex`);
    const script = hexToBytes(text);
    return behindHashes(script, keysIn(script, keys));
  });
  const ofDescriptors = descriptors.flatMap((text) => {
    try {
      return described(text);
    } catch (error) {
      if (!(error instanceof DescriptorError)) throw error;
      throw new RpcError(-8, `Unable to parse descriptor '${text}': ${error.message}`);
    }
  });
  return [...ofKeys, ...ofScripts, ...ofDescriptors];
}

/** The key that a script pays to, if it is among those that are known. */
function keysIn(script: Uint8Array, known: readonly DerivedKey[]): readonly DerivedKey[] {
  const { type, solutions } = classifyOutput(script);
  const [named] = solutions;
  if (!named || (type !== 'pubkeyhash' && type !== 'pubkey')) return [];
  const nameOf = ({ publicKey }: DerivedKey) =>
    type === 'pubkey' ? publicKey : hash160(publicKey);
  const key = known.find((one) => equalBytes(nameOf(one), named));
  return key ? [key] : [];
}

/** The outputs that a script may be behind. */
function behindHashes(script: Uint8Array, keys: readonly DerivedKey[]): ScriptSolution[] {
  // A program alone solves nothing: what it stands for is another key or script.
  if (witnessProgram(script)) return [];
  const descriptor = { kind: 'raw', script } as const;
  const program = p2wsh(sha256(script));
  return [
    { scriptPubKey: p2sh(hash160(script)), redeemScript: script, keys, descriptor },
    { scriptPubKey: program, witnessScript: script, keys, descriptor },
    {
      scriptPubKey: p2sh(hash160(program)),
      redeemScript: program,
      witnessScript: script,
      keys,
      descriptor,
    },
  ];
}
