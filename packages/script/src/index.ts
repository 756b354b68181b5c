/** The public surface of @coind/script. */

export {
  AddressError,
  decodeAddress,
  decodeWif,
  encodeAddress,
  encodeWif,
  type WifKey,
} from './address.ts';
export { AsmError, formatAsm, hashTypeName, parseAsm } from './asm.ts';
export { base58CheckDecode, base58CheckEncode, base58Decode, base58Encode } from './base58.ts';
export { bech32Decode, bech32Encode, fromFiveBits, toFiveBits } from './bech32.ts';
export {
  NO_TX,
  type ScriptVersion,
  type SignatureChecker,
  TxChecker,
} from './checker.ts';
export { useNativeCurve } from './curve.ts';
export { dustThreshold, isDust } from './dust.ts';
export {
  ALL_FLAGS,
  type FlagName,
  Flags,
  flagNames,
  MANDATORY_FLAGS,
  parseFlags,
  STANDARD_FLAGS,
} from './flags.ts';
export { checkSignatureEncoding, evalScript, type TapscriptExecution } from './interpreter.ts';
export {
  aggregateKeys,
  combineSignatures,
  type KeyTweak,
  makeNonce,
  type SecretNonce,
  type SigningSession,
  signPartially,
} from './musig.ts';
export { isDisabled, isSuccess, OP, type OpName, opcodeByName, opcodeName } from './opcodes.ts';
export { schnorrVerify, signSchnorr } from './schnorr.ts';
export {
  buildScript,
  countSigops,
  decodeScript,
  findAndDelete,
  hasValidOps,
  isMinimalPush,
  isP2a,
  isP2sh,
  isPushOnly,
  isUnspendable,
  MAX_ELEMENT_SIZE,
  MAX_OPS_PER_SCRIPT,
  MAX_PUBKEYS_PER_MULTISIG,
  MAX_SCRIPT_SIZE,
  MAX_STACK_SIZE,
  p2shSigops,
  ScriptCursor,
  type ScriptOp,
  type WitnessProgram,
  witnessProgram,
  witnessSigops,
} from './script.ts';
export { ScriptError, type ScriptErrorCode, scriptErrors } from './script-error.ts';
export { decodeScriptNum, encodeScriptNum, isTrue } from './script-num.ts';
export {
  addPoints,
  convertPublicKey,
  ecdsaVerify,
  isPrivateKey,
  isPublicKey,
  isXOnlyPublicKey,
  isXOnlyTweak,
  multiplyPoint,
  negatePrivate,
  publicKey,
  type RecoverableSignature,
  recover,
  sharedX,
  signEcdsa,
  signRecoverable,
  type TweakedKey,
  tweakAddPrivate,
  tweakAddPublic,
  xOnlyPublicKey,
  xOnlyTweakAdd,
} from './secp.ts';
export {
  HashType,
  NO_CODE_SEPARATOR,
  PrecomputedTx,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  type TaprootContext,
} from './sighash.ts';
export { createSignatureCache, type SignatureCache } from './signature-cache.ts';
export {
  hasPublicKeyLength,
  isCompressedKey,
  isDefinedHashType,
  isLowS,
  isPlainPublicKey,
  isStrictDer,
  parseLaxDer,
  toDer,
} from './signature-encoding.ts';
export { MAX_STANDARD_WEIGHT, MIN_STANDARD_SIZE } from './standard.ts';
export {
  ANNEX_TAG,
  isTaprootCommitment,
  LEAF_MASK,
  TAPSCRIPT_LEAF,
  tapbranchHash,
  tapleafHash,
  taprootOutputKey,
  taprootPrivateKey,
  taprootRoot,
  tapTweak,
} from './taproot.ts';
export {
  classifyOutput,
  isP2pkh,
  type Multisig,
  matchMultisig,
  multisig,
  nullData,
  type OutputTemplate,
  type OutputType,
  p2pk,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  p2wsh,
  witnessScript,
} from './templates.ts';
export { verifyScript } from './verify.ts';
