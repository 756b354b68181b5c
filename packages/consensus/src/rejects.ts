/**
 * Every reason for which a block or a transaction is refused, in one table: bitcoind's reason, what
 * the rule says, and which kind of refusal it is. Consensus and policy reasons stand together because
 * peers, caches and RPC codes treat them by kind, not by the package that found them.
 */

/** What a kind of refusal means for the sender, for our caches and for error codes. */
export const kinds = {
  /** The data can never be valid on this chain. */
  consensus: kind({ punish: true, remember: true }),
  /** The header itself breaks a rule. */
  'invalid-header': kind({ punish: true, remember: true }),
  /** The body is not what the header commits to: another body for the same header may be valid. */
  mutated: kind({ punish: true, remember: false }),
  /** Already known to be invalid. */
  'cached-invalid': kind({ punish: true, remember: true }),
  /** The parent header is unknown. */
  'missing-parent': kind({ punish: true, remember: false }),
  /** An ancestor is invalid. */
  'invalid-parent': kind({ punish: true, remember: true }),
  /** Not yet: becomes valid as the clock goes on. */
  'too-new': kind({ punish: false, remember: false }),
  /** The chain it is on is not worth storing. */
  'low-work': kind({ punish: false, remember: false }),
  /** Spends what nobody has: perhaps the parent has not arrived yet. */
  'missing-inputs': kind({ punish: false, remember: false, rpc: -25 }),
  /** Not yet: immature coinbase, locktime, relative lock. */
  'too-early': kind({ punish: false, remember: false, bip61: 0x40 }),
  /** Not what we relay. */
  policy: kind({ punish: false, remember: true, bip61: 0x40 }),
  /** Spends outputs that we do not relay spends of; no witness can change that. */
  'policy-inputs': kind({ punish: false, remember: true, bip61: 0x40 }),
  /** The witness may have been changed on the way: says nothing about the txid. */
  'witness-mutated': kind({ punish: false, remember: false, bip61: 0x40 }),
  /** The witness was taken off on the way. */
  'witness-stripped': kind({ punish: false, remember: false, bip61: 0x40 }),
  /** Already known, or already in the chain. */
  conflict: kind({ punish: false, remember: false, bip61: 0x12 }),
  /** Against the limits of this pool: fees, sizes, replacement. */
  'mempool-policy': kind({ punish: false, remember: true, bip61: 0x40 }),
  /** Pays too little alone; may be accepted in a package. */
  reconsiderable: kind({ punish: false, remember: false, bip61: 0x42 }),
  /** The package as a whole is not what we take. */
  package: kind({ punish: false, remember: false, bip61: 0x40 }),
  /** A transaction of the package failed; its own refusal says why. */
  'package-member': kind({ punish: false, remember: false, bip61: 0x40 }),
} as const satisfies Record<string, Kind>;

/** The properties of a kind of refusal. */
export interface Kind {
  /** True when an honest, up-to-date peer does not send such. */
  readonly punish: boolean;
  /** True when the same data need not be looked at again. */
  readonly remember: boolean;
  /** Reject code that nodes up to 0.19 sent (BIP61) and printed in front of the reason. */
  readonly bip61: number;
  /** JSON-RPC error code of `sendrawtransaction`. */
  readonly rpc: number;
}

/** Names a kind of refusal. */
export type RejectKind = keyof typeof kinds;

function kind(fields: Pick<Kind, 'punish' | 'remember'> & Partial<Kind>): Kind {
  return { bip61: 0x10, rpc: -26, ...fields };
}

/** One way to be refused. */
export interface Rule {
  readonly kind: RejectKind;
  /** What would have been right, as a sentence. */
  readonly about: string;
  /** Where it differs from the kind's. */
  readonly bip61?: number;
}

function rule(kind: RejectKind, about: string, bip61?: number): Rule {
  return bip61 === undefined ? { kind, about } : { kind, about, bip61 };
}

/** Reasons, as bitcoind spells them, with the rule that was broken. */
export const rejects = {
  // Transactions, whatever their context.
  'bad-txns-vin-empty': rule('consensus', 'A transaction has at least one input.'),
  'bad-txns-vout-empty': rule('consensus', 'A transaction has at least one output.'),
  'bad-txns-oversize': rule('consensus', 'A transaction fits into a block.'),
  'bad-txns-vout-negative': rule('consensus', 'No output has a negative amount.'),
  'bad-txns-vout-toolarge': rule('consensus', 'No output is above 21 million BTC.'),
  'bad-txns-txouttotal-toolarge': rule('consensus', 'All outputs together are within the supply.'),
  'bad-txns-inputs-duplicate': rule('consensus', 'A transaction spends a coin once.'),
  'bad-cb-length': rule('consensus', "A coinbase's scriptSig has 2 to 100 bytes."),
  'bad-txns-prevout-null': rule('consensus', 'Only a coinbase has an input that names no coin.'),

  // Transactions and the coins they spend.
  'bad-txns-inputs-missingorspent': rule('missing-inputs', 'Every input names an unspent output.'),
  'bad-txns-premature-spend-of-coinbase': rule(
    'too-early',
    'A coinbase output may be spent after 100 blocks.',
    0x10,
  ),
  'bad-txns-inputvalues-outofrange': rule('consensus', 'Spent amounts are within the supply.'),
  'bad-txns-in-belowout': rule('consensus', 'A transaction pays no more than it spends.'),
  'bad-txns-fee-outofrange': rule('consensus', 'A fee is within the supply.'),

  // Headers.
  'high-hash': rule('invalid-header', 'The hash of a header meets its target.'),
  'bad-diffbits': rule('invalid-header', 'The target is the one the chain calls for.'),
  'time-too-old': rule('invalid-header', 'A block is later than the median of the eleven before.'),
  'time-timewarp-attack': rule(
    'invalid-header',
    'A period starts no earlier than it ended (BIP94).',
  ),
  'time-too-new': rule('too-new', 'A block is at most two hours ahead of the clock.'),
  'bad-version': rule(
    'invalid-header',
    'The version is not below what active soft forks call for.',
    0x11,
  ),
  'prev-blk-not-found': rule('missing-parent', 'The parent of a header is known.'),
  'bad-prevblk': rule('invalid-parent', 'The parent of a block is valid.'),
  'too-little-chainwork': rule('low-work', 'The branch of a header has the work we ask for.'),
  'duplicate-invalid': rule(
    'cached-invalid',
    'The block is not one that was refused before.',
    0x12,
  ),

  // Blocks, whatever their context.
  'bad-signet-blksig': rule('consensus', 'A signet block is signed (BIP325).'),
  'bad-txnmrklroot': rule('mutated', 'The header commits to the transactions.'),
  'bad-txns-duplicate': rule('mutated', 'No end of the merkle tree is repeated (CVE-2012-2459).'),
  'bad-blk-length': rule('consensus', 'A block has transactions, and not more than fit.'),
  'bad-cb-missing': rule('consensus', 'The first transaction is a coinbase.'),
  'bad-cb-multiple': rule('consensus', 'Only the first transaction is a coinbase.'),
  'bad-blk-sigops': rule('consensus', 'Signature operations of a block cost at most 80,000.'),

  // Blocks on their parent.
  'bad-txns-nonfinal': rule('consensus', 'Every transaction is final in its block.'),
  'bad-cb-height': rule('consensus', 'A coinbase starts with the height (BIP34).'),
  'bad-witness-nonce-size': rule('mutated', "A coinbase's witness is one item of 32 bytes."),
  'bad-witness-merkle-match': rule('mutated', 'The coinbase commits to the witnesses (BIP141).'),
  'unexpected-witness': rule('mutated', 'A block without a commitment has no witness.'),
  'bad-blk-weight': rule('consensus', 'A block weighs at most 4,000,000.'),

  // Blocks and the coins they spend.
  'bad-txns-BIP30': rule('consensus', 'No transaction replaces one with unspent outputs (BIP30).'),
  'bad-txns-accumulated-fee-outofrange': rule('consensus', 'All fees are within the supply.'),
  'bad-cb-amount': rule('consensus', 'A coinbase pays no more than subsidy and fees.'),
  'block-script-verify-flag-failed': rule('consensus', 'Every script allows the spend.'),

  // The pool's policy.
  coinbase: rule('consensus', 'A coinbase travels in its block.'),
  version: rule('policy', 'The version is one that is relayed.'),
  'tx-size': rule('policy', 'The weight is at most 400,000.'),
  'tx-size-small': rule('policy', 'A transaction has at least 65 bytes (CVE-2017-12842).'),
  'scriptsig-size': rule('policy', 'A scriptSig has at most 1,650 bytes.'),
  'scriptsig-not-pushonly': rule('policy', 'A scriptSig only pushes.'),
  scriptpubkey: rule('policy', 'Outputs follow a known template.'),
  datacarrier: rule('policy', 'Data outputs are within the limit.'),
  'bare-multisig': rule('policy', 'Bare multisig is relayed only where allowed.'),
  'multi-op-return': rule('policy', 'One data output at most (before 30.0).'),
  dust: rule('policy', 'An output is worth more than it costs to spend.', 0x41),
  'non-final': rule('too-early', 'The next block may contain the transaction.'),
  'non-BIP68-final': rule('too-early', 'Relative locks allow the next block.'),
  'bad-txns-nonstandard-inputs': rule('policy-inputs', 'Spent outputs follow a known template.'),
  'bad-witness-nonstandard': rule('witness-mutated', 'Witnesses are within the limits of policy.'),
  'bad-txns-too-many-sigops': rule('policy', 'A transaction takes a fifth of the sigops at most.'),
  'mempool-script-verify-flag-failed': rule('policy', 'Scripts obey the rules of relay.'),
  'txn-already-in-mempool': rule('conflict', 'The transaction is new to the pool.'),
  'txn-same-nonwitness-data-in-mempool': rule('conflict', 'No twin with another witness is there.'),
  'txn-already-known': rule('conflict', 'The transaction is not in the chain already.'),
  'txn-mempool-conflict': rule('mempool-policy', 'No other transaction spends the same.', 0x12),
  'bip125-replacement-disallowed': rule('mempool-policy', 'The conflicting one may be replaced.'),
  'too many potential replacements': rule('mempool-policy', 'A replacement evicts few others.'),
  'insufficient fee': rule('reconsiderable', 'A replacement pays for what it evicts and itself.'),
  'replacement-failed': rule('reconsiderable', 'A replacement makes the pool better to mine.'),
  'replacement-adds-unconfirmed': rule(
    'mempool-policy',
    'A replacement adds no unconfirmed input.',
  ),
  'bad-txns-spends-conflicting-tx': rule('consensus', 'A replacement spends none it replaces.'),
  'mempool min fee not met': rule('reconsiderable', 'The fee rate meets the minimum of the pool.'),
  'min relay fee not met': rule('reconsiderable', 'The fee rate meets the minimum of relay.'),
  'max feerate exceeded': rule('mempool-policy', "The fee rate is within the caller's limit."),
  'max-fee-exceeded': rule('mempool-policy', "The fee is within the caller's limit."),
  'mempool full': rule('reconsiderable', 'The fee rate keeps the transaction in a full pool.'),
  'too-large-cluster': rule('mempool-policy', 'Connected transactions are within the limits.'),
  'too-long-mempool-chain': rule('mempool-policy', 'Unconfirmed chains are within the limits.'),
  'TRUC-violation': rule('mempool-policy', 'Version 3 keeps to its topology (BIP431).'),
  'missing-ephemeral-spends': rule('mempool-policy', 'A child spends the dust of its parents.'),

  // Packages.
  'package-too-many-transactions': rule('package', 'A package has at most 25 transactions.'),
  'package-too-large': rule('package', 'A package weighs at most 404,000.'),
  'package-contains-duplicates': rule('package', 'A package has no transaction twice.'),
  'package-not-sorted': rule('package', 'Parents come before children.'),
  'conflict-in-package': rule('package', 'No two transactions of a package spend the same coin.'),
  'package-not-child-with-parents': rule('package', 'A package is one child and its parents.'),
  'package-mempool-limits': rule('package', 'A package is within the limits of the pool.'),
  'package RBF failed: package must be 1-parent-1-child': rule(
    'package',
    'A package that replaces is one parent with one child.',
  ),
  'package RBF failed: new transaction cannot have mempool ancestors': rule(
    'package',
    'A package that replaces spends nothing unconfirmed.',
  ),
  'package RBF failed: too many potential replacements': rule(
    'package',
    'A replacement evicts few others.',
  ),
  'package RBF failed: insufficient anti-DoS fees': rule(
    'package',
    'A package pays for what it evicts and for its own relay.',
  ),
  'package RBF failed: package feerate is less than or equal to parent feerate': rule(
    'package',
    'The child of a package that replaces pays for its parent.',
  ),
  'package RBF failed: insufficient feerate: does not improve feerate diagram': rule(
    'package',
    'A replacement makes the pool better to mine.',
  ),
  'transaction failed': rule('package-member', 'Every transaction of a package is acceptable.'),
  'unspent-dust': rule('package-member', 'Dust of a package is spent in it.'),
} as const satisfies Record<string, Rule>;

/** A rule's name: bitcoind's reason without what it adds in parentheses. */
export type RejectRule = keyof typeof rejects;

/** Rules whose reason goes on in parentheses: `bad-version(0x00000001)`. */
type Detailed =
  | 'bad-version'
  | 'block-script-verify-flag-failed '
  | 'mempool-script-verify-flag-failed '
  | 'too many potential replacements '
  | 'insufficient fee ';

/** Reason text as bitcoind gives it; a misspelt one does not compile. */
export type RejectReason = RejectRule | `${Detailed}(${string})`;

/** The rule that a reason names. */
export function ruleOf(reason: RejectReason): RejectRule {
  const end = reason.indexOf('(');
  return (end < 0 ? reason : reason.slice(0, end).trimEnd()) as RejectRule;
}

/**
 * A block or transaction breaks a rule. Thrown by rules, caught at the doors (`submitBlock`, `submit`)
 * and returned from there as a value. The message is bitcoind's: `reason` or `reason, debug`.
 */
export class ValidationError extends Error {
  override name = 'ValidationError';
  /** bitcoind's reject reason. */
  readonly reason: RejectReason;
  /** What bitcoind says beyond the reason; empty for nothing. */
  readonly debug: string;
  readonly kind: RejectKind;

  /** `kind` is the rule's unless the context makes it another: in a block every failure is final. */
  constructor(reason: RejectReason, debug = '', kind?: RejectKind) {
    super(debug === '' ? reason : `${reason}, ${debug}`);
    this.reason = reason;
    this.debug = debug;
    this.kind = kind ?? rejects[ruleOf(reason)].kind;
  }

  /** BIP61 code, as nodes up to 0.19 printed it in front of the reason. */
  get bip61(): number {
    const rule: Rule = rejects[ruleOf(this.reason)];
    return rule.bip61 ?? kinds[this.kind].bip61;
  }

  /** JSON-RPC code of `sendrawtransaction`. */
  get rpcCode(): number {
    return kinds[this.kind].rpc;
  }
}

/** Throws `ValidationError` unless `condition` holds. Build a costly `debug` with `fail` instead. */
export function check(condition: boolean, reason: RejectReason, debug?: string): asserts condition {
  if (!condition) throw new ValidationError(reason, debug);
}

/** Throws `ValidationError`; for reasons whose text is only made when it is needed. */
export function fail(reason: RejectReason, debug?: string, kind?: RejectKind): never {
  throw new ValidationError(reason, debug, kind);
}
