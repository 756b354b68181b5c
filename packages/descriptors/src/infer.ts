/**
 * The descriptor that can be told from a script, and from what somebody knows of the keys and scripts behind its hashes.
 */
import { bytesToHex, type ChainParams, concatBytes, hash160, sha256 } from '@coind/primitives';
import {
  classifyOutput,
  encodeAddress,
  hasPublicKeyLength,
  isXOnlyPublicKey,
  matchMultisig,
  OP,
  TAPSCRIPT_LEAF,
} from '@coind/script';
import type { Descriptor, TapTree } from './descriptor.ts';
import type { ScriptSolution } from './expand.ts';
import { formatDescriptor } from './format.ts';
import type { KeyExpression, KeyOrigin, SingleKey } from './key-expression.ts';
import type { Context } from './miniscript/context.ts';
import { decodeMiniscript, type KeyFinder } from './miniscript/decode.ts';
import { isSane } from './miniscript/sanity.ts';
import { inferLeaves, type TapLeaf, type TaprootOutput } from './tap-tree.ts';

/** What somebody knows of keys and scripts. */
export interface Knowledge {
  /** The public key of a HASH160, also of one over an x-only key. */
  publicKey?(hash: Uint8Array): Uint8Array | undefined;
  /** The script of a HASH160 or SHA256. */
  script?(hash: Uint8Array): Uint8Array | undefined;
  /** Where a key comes from; `key` may be x-only. */
  origin?(key: Uint8Array): KeyOrigin | undefined;
  taproot?(outputKey: Uint8Array): TaprootOutput | undefined;
}

type Place = 'top' | 'sh' | 'wsh' | 'tr';

/** The descriptor of `script` as text, with its checksum. */
export function inferDescriptor(
  script: Uint8Array,
  params: ChainParams,
  knowledge: Knowledge = {},
): string {
  const found = new Inference(knowledge).descriptorOf(script, 'top');
  return formatDescriptor(found ?? fallback(script, params), 'public', params);
}

function fallback(script: Uint8Array, params: ChainParams): Descriptor {
  const address = encodeAddress(script, params);
  return address === undefined ? { kind: 'raw', script } : { kind: 'addr', address, script };
}

class Inference {
  readonly #known: Knowledge;

  constructor(known: Knowledge) {
    this.#known = known;
  }

  /** Undefined when nobody knows more than the script's address or bytes. */
  descriptorOf(script: Uint8Array, place: Place): Descriptor | undefined {
    if (place === 'tr') return this.#leaf(script) ?? this.#miniscript(script, 'tapscript');
    const { type, solutions } = classifyOutput(script);
    const [first = script] = solutions;
    switch (type) {
      case 'pubkey':
        return this.#ofKey('pk', first, place);
      case 'pubkeyhash':
        return this.#ofKey('pkh', this.#known.publicKey?.(first), place);
      case 'witness_v0_keyhash': {
        if (place === 'wsh') return undefined;
        return this.#ofKey('wpkh', this.#known.publicKey?.(first), 'wsh');
      }
      case 'multisig':
        return this.#multisig(script, place);
      case 'scripthash':
        return place === 'top' ? this.#wrapped('sh', first) : undefined;
      case 'witness_v0_scripthash':
        return place === 'wsh' ? undefined : this.#wrapped('wsh', first);
      case 'witness_v1_taproot':
        return place === 'top' ? this.#taproot(first) : undefined;
      default:
        return place === 'wsh' ? this.#miniscript(script, 'wsh') : undefined;
    }
  }

  #ofKey(
    kind: 'pk' | 'pkh' | 'wpkh',
    publicKey: Uint8Array | undefined,
    place: Place,
  ): Descriptor | undefined {
    const key = publicKey && this.#key(publicKey, place);
    return key && { kind, key };
  }

  /** A key as it may be written here; undefined for one that may not. */
  #key(publicKey: Uint8Array, place: Place): SingleKey | undefined {
    const isHybrid = publicKey[0] === 6 || publicKey[0] === 7;
    if (!hasPublicKeyLength(publicKey) || isHybrid) return undefined;
    const isLegacy = place === 'top' || place === 'sh';
    if (!isLegacy && publicKey.length !== 33) return undefined;
    return this.#single(publicKey, false, this.#known.origin?.(publicKey));
  }

  #xOnlyKey(key: Uint8Array): SingleKey {
    const even = concatBytes(Uint8Array.of(2), key);
    return this.#single(even, true, this.#known.origin?.(key));
  }

  #single(publicKey: Uint8Array, xOnly: boolean, origin: KeyOrigin | undefined): SingleKey {
    return { kind: 'single', publicKey, xOnly, ...(origin && { origin }), marker: 'h' };
  }

  #multisig(script: Uint8Array, place: Place): Descriptor | undefined {
    const match = matchMultisig(script);
    const keys = match?.pubkeys.flatMap((key) => this.#key(key, place) ?? []) ?? [];
    const isWhole = match && keys.length === match.pubkeys.length;
    return isWhole ? { kind: 'multi', required: match.required, keys } : undefined;
  }

  #wrapped(kind: 'sh' | 'wsh', hash: Uint8Array): Descriptor | undefined {
    const script = this.#known.script?.(hash);
    const inner = script && this.descriptorOf(script, kind);
    return inner && { kind, inner };
  }

  #taproot(outputKey: Uint8Array): Descriptor | undefined {
    const output = this.#known.taproot?.(outputKey);
    const leaves = output && inferLeaves(output);
    const scripts = leaves?.map((leaf) => this.#leafScript(leaf));
    if (output && scripts?.every((script) => script !== undefined)) {
      const key = this.#xOnlyKey(output.internalKey);
      const tree = treeOf(leaves as readonly TapLeaf[], scripts);
      return tree ? { kind: 'tr', key, tree } : { kind: 'tr', key };
    }
    return isXOnlyPublicKey(outputKey)
      ? { kind: 'rawtr', key: this.#xOnlyKey(outputKey) }
      : undefined;
  }

  #leafScript({ version, script }: TapLeaf): Descriptor | undefined {
    return version === TAPSCRIPT_LEAF ? this.descriptorOf(script, 'tr') : undefined;
  }

  /** A leaf that has a name besides its miniscript. */
  #leaf(script: Uint8Array): Descriptor | undefined {
    const isPk = script.length === 34 && script[0] === 32 && script[33] === OP.OP_CHECKSIG;
    if (isPk) return { kind: 'pk', key: this.#xOnlyKey(script.subarray(1, 33)) };
    const keys: KeyExpression[] = [];
    const node = decodeMiniscript(script, 'tapscript', this.#finder('tapscript', keys));
    if (node?.name !== 'multi_a') return undefined;
    const named = node.keys.map((key) => keys[key] as KeyExpression);
    return { kind: 'multi_a', required: node.k, keys: named };
  }

  #miniscript(script: Uint8Array, context: Context): Descriptor | undefined {
    const keys: SingleKey[] = [];
    const node = decodeMiniscript(script, context, this.#finder(context, keys));
    if (!node) return undefined;
    const names = keys.map(({ publicKey }) => bytesToHex(publicKey));
    return isSane(node, names) ? { kind: 'miniscript', node, keys } : undefined;
  }

  /** Finds keys and puts them into `keys`. */
  #finder(context: Context, keys: KeyExpression[]): KeyFinder {
    const add = (key: SingleKey | undefined) => (key ? keys.push(key) - 1 : undefined);
    return {
      byBytes: (bytes) => {
        if (context === 'wsh') return add(this.#key(bytes, 'wsh'));
        return bytes.length === 32 ? add(this.#xOnlyKey(bytes)) : undefined;
      },
      byHash: (hash) => {
        const found = this.#known.publicKey?.(hash);
        return found && add(this.#key(found, 'wsh'));
      },
    };
  }
}

/** The tree with these scripts at the depths of the leaves. */
function treeOf(
  leaves: readonly TapLeaf[],
  scripts: readonly (Descriptor | undefined)[],
): TapTree | undefined {
  const open: { readonly depth: number; readonly tree: TapTree }[] = [];
  for (const [nth, { depth }] of leaves.entries()) {
    let next = { depth, tree: { kind: 'leaf', script: scripts[nth] as Descriptor } as TapTree };
    for (let last = open[open.length - 1]; last?.depth === next.depth; ) {
      open.pop();
      next = {
        depth: next.depth - 1,
        tree: { kind: 'branch', left: last.tree, right: next.tree },
      };
      last = open[open.length - 1];
    }
    open.push(next);
  }
  return open[0]?.tree;
}

/** What a descriptor knows of its own script. */
export function knowledgeOf({
  keys,
  redeemScript,
  witnessScript,
  taproot,
}: ScriptSolution): Required<Knowledge> {
  const scripts = new Map<string, Uint8Array>();
  if (redeemScript) scripts.set(bytesToHex(hash160(redeemScript)), redeemScript);
  if (witnessScript) scripts.set(bytesToHex(sha256(witnessScript)), witnessScript);
  const all = keys.flatMap((key) => [key, ...(key.musig?.participants ?? [])]);
  const isOf = (key: Uint8Array, name: string) =>
    bytesToHex(key) === name || bytesToHex(key.subarray(1)) === name;
  return {
    publicKey: (hash) => {
      const name = bytesToHex(hash);
      return all.find(
        ({ publicKey }) =>
          bytesToHex(hash160(publicKey)) === name ||
          (taproot && bytesToHex(hash160(publicKey.subarray(1))) === name),
      )?.publicKey;
    },
    script: (hash) => scripts.get(bytesToHex(hash)),
    origin: (key) => all.find(({ publicKey }) => isOf(publicKey, bytesToHex(key)))?.origin,
    taproot: () => taproot,
  };
}

/**
 * The descriptor of one script alone: its keys as hex behind their origins, as `getaddressinfo` and
 * `listunspent` print it.
 */
export function formatSolution(solution: ScriptSolution, params: ChainParams): string {
  return inferDescriptor(solution.scriptPubKey, params, knowledgeOf(solution));
}
