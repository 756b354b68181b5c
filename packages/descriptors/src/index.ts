/** The public surface of @coind/descriptors. */
export {
  deriveChild,
  derivePath,
  type ExtendedKey,
  fingerprintHex,
  formatExtendedKey,
  formatPath,
  HARDENED,
  masterKey,
  neuter,
  parseExtendedKey,
  parsePath,
} from './bip32.ts';
export { descriptorChecksum, withChecksum } from './checksum.ts';
export {
  type Descriptor,
  hasAllPrivateKeys,
  hasPrivateKeys,
  isRanged,
  isSolvable,
  keysOf,
  leavesOf,
  mapKeys,
  type TapTree,
  warningsOf,
  withoutSecrets,
} from './descriptor.ts';
export { DescriptorError } from './errors.ts';
export { expandDescriptor, type ScriptSolution } from './expand.ts';
export { formatDescriptor } from './format.ts';
export { formatSolution, inferDescriptor, type Knowledge, knowledgeOf } from './infer.ts';
export {
  type DerivedKey,
  type KeyExpression,
  type KeyOrigin,
  wipeKey,
} from './key-expression.ts';
export type { Context } from './miniscript/context.ts';
export { decodeMiniscript, type KeyFinder } from './miniscript/decode.ts';
export type { FragmentName } from './miniscript/fragments.ts';
export { Miniscript } from './miniscript/node.ts';
export { maxStackItems } from './miniscript/sanity.ts';
export { type Means, satisfyMiniscript } from './miniscript/satisfy.ts';
export { deriveAggregate } from './musig.ts';
export { parseDescriptor, parseMultipath } from './parse.ts';
export { type SolutionWriter, solutionWriter } from './solution-text.ts';
export { type TapLeaf, type TaprootOutput, taprootOutput } from './tap-tree.ts';
