/** The scripts that a descriptor makes, with what it takes to spend them. */
import { compareBytes, hash160, sha256 } from '@coind/primitives';
import { buildScript, multisig, OP, p2pk, p2pkh, p2sh, p2tr, p2wpkh, p2wsh } from '@coind/script';
import {
  type Descriptor,
  keysOf,
  leavesOf,
  type MultiFunction,
  type TapTree,
} from './descriptor.ts';
import { refuse } from './errors.ts';
import { type DerivedKey, deriveKey, type KeyExpression } from './key-expression.ts';
import { compileMiniscript } from './miniscript/compile.ts';
import { type TaprootOutput, taprootOutput } from './tap-tree.ts';

/** A script that a descriptor makes, with what it takes to spend it. */
export interface ScriptSolution {
  readonly scriptPubKey: Uint8Array;
  readonly redeemScript?: Uint8Array;
  readonly witnessScript?: Uint8Array;
  /** Of a `tr`. */
  readonly taproot?: TaprootOutput;
  /** In the order of the descriptor's keys. */
  readonly keys: readonly DerivedKey[];
  /** Descriptor function of this very script: of a combo, which of the four. */
  readonly descriptor: Descriptor;
}

/**
 * The scripts at `index`: one, for a combo two (uncompressed key) or four, for `unused` none. Throws `DescriptorError`
 * when a hardened step lacks its private key. Whoever remembers the public key of a descriptor with one
 * key gives it as `known`, and it is not derived again.
 */
export function expandDescriptor(
  descriptor: Descriptor,
  index: number,
  known?: Uint8Array,
): ScriptSolution[] {
  try {
    if (descriptor.kind === 'unused') return [];
    if (descriptor.kind !== 'combo') {
      const [key, another] = keysOf(descriptor);
      const only = known && key && !another ? deriveKey(key, index, known) : undefined;
      return [expandOne(descriptor, { index, only })];
    }
    const { key } = descriptor;
    const only = deriveKey(key, index, known);
    const variants: Descriptor[] = [
      { kind: 'pk', key },
      { kind: 'pkh', key },
    ];
    if (only.publicKey.length === 33) {
      variants.push({ kind: 'wpkh', key }, { kind: 'sh', inner: { kind: 'wpkh', key } });
    }
    return variants.map((variant) => expandOne(variant, { index, only }));
  } catch (error) {
    if (error instanceof RangeError) refuse('Cannot derive script without private keys');
    throw error;
  }
}

interface At {
  readonly index: number;
  /** The key of a descriptor with one key, where it is derived already. */
  readonly only: DerivedKey | undefined;
}

function expandOne(descriptor: Descriptor, at: At): ScriptSolution {
  switch (descriptor.kind) {
    case 'addr':
    case 'raw':
      return { scriptPubKey: descriptor.script, keys: [], descriptor };
    case 'sh': {
      const inner = expandOne(descriptor.inner, at);
      const redeemScript = inner.scriptPubKey;
      return { ...inner, scriptPubKey: p2sh(hash160(redeemScript)), redeemScript, descriptor };
    }
    case 'wsh': {
      const inner = plainScript(descriptor.inner, at);
      const witnessScript = inner.script;
      const { keys } = inner;
      return { scriptPubKey: p2wsh(sha256(witnessScript)), witnessScript, keys, descriptor };
    }
    case 'tr':
      return expandTaproot(descriptor, at);
    default: {
      const { script, keys } = plainScript(descriptor, at);
      return { scriptPubKey: script, keys, descriptor };
    }
  }
}

interface Script {
  readonly script: Uint8Array;
  readonly keys: readonly DerivedKey[];
}

function deriveAll(keys: readonly KeyExpression[], { index, only }: At): readonly DerivedKey[] {
  return only ? [only] : keys.map((key) => deriveKey(key, index));
}

/** A script that wraps nothing. */
function plainScript(descriptor: Descriptor, at: At, tapscript = false): Script {
  switch (descriptor.kind) {
    case 'multi':
    case 'sortedmulti':
    case 'multi_a':
    case 'sortedmulti_a': {
      const keys = deriveAll(descriptor.keys, at);
      const pubkeys = keys.map(({ publicKey }) => publicKey);
      return { script: multiScript(descriptor.kind, descriptor.required, pubkeys), keys };
    }
    case 'miniscript': {
      const keys = deriveAll(descriptor.keys, at);
      const inScript = keys.map(({ publicKey }) => {
        const bytes = tapscript ? publicKey.subarray(1, 33) : publicKey;
        return { bytes, hash: hash160(bytes) };
      });
      return { script: compileMiniscript(descriptor.node, inScript), keys };
    }
    case 'pk':
    case 'pkh':
    case 'wpkh':
    case 'rawtr': {
      const key = at.only ?? deriveKey(descriptor.key, at.index);
      return { script: keyScript(descriptor.kind, key.publicKey, tapscript), keys: [key] };
    }
    default:
      throw new Error(`${descriptor.kind}() wraps a script`);
  }
}

function keyScript(
  kind: 'pk' | 'pkh' | 'wpkh' | 'rawtr',
  pubkey: Uint8Array,
  tapscript: boolean,
): Uint8Array {
  switch (kind) {
    case 'pk':
      return p2pk(tapscript ? pubkey.subarray(1, 33) : pubkey);
    case 'wpkh':
      return p2wpkh(hash160(pubkey));
    case 'rawtr':
      return p2tr(pubkey.subarray(1, 33));
    default:
      return p2pkh(hash160(pubkey));
  }
}

function multiScript(
  kind: MultiFunction,
  required: number,
  pubkeys: readonly Uint8Array[],
): Uint8Array {
  if (kind === 'multi') return multisig(required, pubkeys);
  if (kind === 'sortedmulti') return multisig(required, [...pubkeys].sort(compareBytes));
  const xOnly = pubkeys.map((key) => key.subarray(1, 33));
  if (kind === 'sortedmulti_a') xOnly.sort(compareBytes);
  const checks = xOnly.map((key, nth) => [key, nth === 0 ? OP.OP_CHECKSIG : OP.OP_CHECKSIGADD]);
  return buildScript([...checks.flat(), BigInt(required), OP.OP_NUMEQUAL]);
}

function expandTaproot(
  descriptor: Extract<Descriptor, { kind: 'tr' }>,
  { index, only }: At,
): ScriptSolution {
  const { key, tree } = descriptor;
  const internal = only ?? deriveKey(key, index);
  const leaves = tree ? leafScripts(tree, index) : [];
  const taproot = taprootOutput(internal.publicKey.subarray(1, 33), leaves);
  const keys = [internal, ...leaves.flatMap((leaf) => leaf.keys)];
  return { scriptPubKey: p2tr(taproot.outputKey), taproot, keys, descriptor };
}

function leafScripts(tree: TapTree, index: number): (Script & { readonly depth: number })[] {
  return leavesOf(tree).map(({ script, depth }) => ({
    ...plainScript(script, { index, only: undefined }, true),
    depth,
  }));
}
