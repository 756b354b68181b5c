/**
 * Which rules a script is held to, as bits. Every flag only adds refusals: what passes under (A | B)
 * passes under A. Which flags hold at which block is consensus; which more hold in the mempool, policy.
 */

/** The verification flags, named as bitcoind names them. */
export const Flags = {
  NONE: 0,
  /** BIP16. */
  P2SH: 1 << 0,
  /** Strict DER, defined hash types, public keys in one of two forms; policy only. */
  STRICTENC: 1 << 1,
  /** BIP66. */
  DERSIG: 1 << 2,
  /** S of a signature in the lower half; policy only. */
  LOW_S: 1 << 3,
  /** BIP147. */
  NULLDUMMY: 1 << 4,
  /** A scriptSig only pushes. */
  SIGPUSHONLY: 1 << 5,
  /** Pushes and numbers in their shortest form; policy only. */
  MINIMALDATA: 1 << 6,
  DISCOURAGE_UPGRADABLE_NOPS: 1 << 7,
  /** Exactly one element is left on the stack; needs P2SH and WITNESS. */
  CLEANSTACK: 1 << 8,
  /** BIP65. */
  CHECKLOCKTIMEVERIFY: 1 << 9,
  /** BIP112. */
  CHECKSEQUENCEVERIFY: 1 << 10,
  /** BIP141; needs P2SH. */
  WITNESS: 1 << 11,
  DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: 1 << 12,
  /** In segwit v0, the argument of OP_IF is empty or 1; policy only. */
  MINIMALIF: 1 << 13,
  /** A signature that fails is empty; policy only. */
  NULLFAIL: 1 << 14,
  /** Public keys in segwit v0 are compressed; policy only. */
  WITNESS_PUBKEYTYPE: 1 << 15,
  /** No OP_CODESEPARATOR and no signature inside the script it signs, before segwit; policy only. */
  CONST_SCRIPTCODE: 1 << 16,
  /** BIP341 and BIP342. */
  TAPROOT: 1 << 17,
  DISCOURAGE_UPGRADABLE_TAPROOT_VERSION: 1 << 18,
  DISCOURAGE_OP_SUCCESS: 1 << 19,
  DISCOURAGE_UPGRADABLE_PUBKEYTYPE: 1 << 20,
} as const;

/** The name of a flag. */
export type FlagName = keyof typeof Flags;

/** What every block of today is held to. */
export const MANDATORY_FLAGS: number =
  Flags.P2SH |
  Flags.DERSIG |
  Flags.NULLDUMMY |
  Flags.CHECKLOCKTIMEVERIFY |
  Flags.CHECKSEQUENCEVERIFY |
  Flags.WITNESS |
  Flags.TAPROOT;

/** What a transaction is held to before it is relayed or mined. */
export const STANDARD_FLAGS: number =
  MANDATORY_FLAGS |
  Flags.STRICTENC |
  Flags.MINIMALDATA |
  Flags.DISCOURAGE_UPGRADABLE_NOPS |
  Flags.CLEANSTACK |
  Flags.MINIMALIF |
  Flags.NULLFAIL |
  Flags.LOW_S |
  Flags.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM |
  Flags.WITNESS_PUBKEYTYPE |
  Flags.CONST_SCRIPTCODE |
  Flags.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION |
  Flags.DISCOURAGE_OP_SUCCESS |
  Flags.DISCOURAGE_UPGRADABLE_PUBKEYTYPE;

/** Every flag at once. */
export const ALL_FLAGS: number = Object.values(Flags).reduce<number>((all, flag) => all | flag, 0);

/**
 * Flags of a comma-separated list of names, as test vectors and RPC write them; the empty text and
 * `NONE` are no flags. Throws `RangeError` for a name that is none.
 *
 * @example parseFlags('P2SH,WITNESS') === (Flags.P2SH | Flags.WITNESS)
 */
export function parseFlags(text: string): number {
  let flags = 0;
  for (const name of text.split(',')) {
    if (name === '') continue;
    if (!Object.hasOwn(Flags, name)) throw new RangeError(`unknown script flag ${name}`);
    flags |= Flags[name as FlagName];
  }
  return flags;
}

/** Names of the flags that are set, sorted, as `getdeploymentinfo` lists them. */
export function flagNames(flags: number): FlagName[] {
  return (Object.keys(Flags) as FlagName[]).filter((name) => (flags & Flags[name]) !== 0).sort();
}
