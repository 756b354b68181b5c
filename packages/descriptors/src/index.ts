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
  expandDescriptor,
  formatDescriptor,
  formatSolution,
  hasAllPrivateKeys,
  hasPrivateKeys,
  isRanged,
  isSolvable,
  keysOf,
  mapKeys,
  parseDescriptor,
  parseMultipath,
  type ScriptSolution,
  withoutSecrets,
} from './descriptor.ts';
export { DescriptorError } from './errors.ts';
export { inferDescriptor } from './infer.ts';
export { type DerivedKey, type KeyExpression, type KeyOrigin, wipeKey } from './key-expression.ts';
