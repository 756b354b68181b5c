/** Writing descriptors, character by character as bitcoind does. */
import { bytesToHex, type ChainParams } from '@coind/primitives';
import { withChecksum } from './checksum.ts';
import type { Descriptor, TapTree } from './descriptor.ts';
import { formatKey, type KeyExpression, type KeyForm } from './key-expression.ts';
import { formatMiniscript } from './miniscript/compile.ts';

type KeyWriter = (key: KeyExpression) => string;

function formatBody(descriptor: Descriptor, write: KeyWriter): string {
  switch (descriptor.kind) {
    case 'sh':
    case 'wsh':
      return `${descriptor.kind}(${formatBody(descriptor.inner, write)})`;
    case 'multi':
    case 'sortedmulti':
    case 'multi_a':
    case 'sortedmulti_a':
      return `${descriptor.kind}(${[descriptor.required, ...descriptor.keys.map(write)].join(',')})`;
    case 'miniscript':
      return formatMiniscript(descriptor.node, descriptor.keys.map(write));
    case 'addr':
      return `addr(${descriptor.address})`;
    case 'raw':
      return `raw(${bytesToHex(descriptor.script)})`;
    case 'tr': {
      const { key, tree } = descriptor;
      return tree ? `tr(${write(key)},${formatTree(tree, write)})` : `tr(${write(key)})`;
    }
    default:
      return `${descriptor.kind}(${write(descriptor.key)})`;
  }
}

function formatTree(tree: TapTree, write: KeyWriter): string {
  if (tree.kind === 'leaf') return formatBody(tree.script, write);
  return `{${formatTree(tree.left, write)},${formatTree(tree.right, write)}}`;
}

/** Writes a descriptor with its checksum. */
export function formatDescriptor(
  descriptor: Descriptor,
  form: KeyForm,
  params: ChainParams,
): string {
  return withChecksum(formatBody(descriptor, (key) => formatKey(key, form, params)));
}
