/**
 * The errors a caller can see: bitcoind's codes, and by name the texts that differ between modern
 * bitcoind ("core") and 0.16 ("legacy"). Code that throws names what went wrong; which text the
 * caller reads is decided where the answer is written (server/dispatch.ts). A text that is the same
 * everywhere needs no name: `new RpcError(code, message)`.
 */

/** bitcoind's error codes by meaning; the full list of what programs test for. */
export const codes = {
  misc: -1,
  forbiddenBySafeMode: -2,
  type: -3,
  wallet: -4,
  invalidAddressOrKey: -5,
  insufficientFunds: -6,
  outOfMemory: -7,
  invalidParameter: -8,
  clientNotConnected: -9,
  initialDownload: -10,
  invalidLabelName: -11,
  keypoolRanOut: -12,
  unlockNeeded: -13,
  passphraseIncorrect: -14,
  wrongEncryptionState: -15,
  encryptionFailed: -16,
  alreadyUnlocked: -17,
  walletNotFound: -18,
  walletNotSpecified: -19,
  database: -20,
  deserialization: -22,
  nodeAlreadyAdded: -23,
  nodeNotAdded: -24,
  verify: -25,
  verifyRejected: -26,
  verifyAlreadyInUtxoSet: -27,
  inWarmup: -28,
  nodeNotConnected: -29,
  invalidIpOrSubnet: -30,
  p2pDisabled: -31,
  methodDeprecated: -32,
  mempoolDisabled: -33,
  nodeCapacityReached: -34,
  walletAlreadyLoaded: -35,
  walletAlreadyExists: -36,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  parse: -32700,
} as const;

/** Whose texts an answer uses: modern bitcoind's or 0.16's. */
export type Style = 'core' | 'legacy';

type Text = readonly [code: number, message: string];

/** A refusal with a code and a text for the caller; `legacy` when 0.16 said it differently. */
export class RpcError extends Error {
  readonly code: number;
  readonly legacy: Text | undefined;

  constructor(code: number, message: string, legacy?: Text) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.legacy = legacy;
  }

  /** The same refusal in the words of `style`. */
  inStyle(style: Style): RpcError {
    return style === 'legacy' && this.legacy ? new RpcError(...this.legacy) : this;
  }
}

const LEGACY_TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  bool: 'a boolean',
  array: 'an array',
  object: 'an object',
  number: 'an integer',
};

interface Wording {
  readonly core: (...details: string[]) => Text;
  readonly legacy: (...details: string[]) => Text;
}

function both(core: Wording['core'], legacy: Wording['legacy'] = core): Wording {
  return { core, legacy };
}

/** Every refusal whose text depends on the style, and those that several methods share. */
export const wordings = {
  /** Details: expected type, type found, 0.16's word for the expected one where it differs. */
  wrongType: both(
    (expected, got) => [-3, `JSON value of type ${got} is not of expected type ${expected}`],
    (expected = '', _got, word = LEGACY_TYPES[expected] ?? expected) => [
      -1,
      `JSON value is not ${word} as expected`,
    ],
  ),
  /** Details: expected type, type found, member. */
  wrongMemberType: both(
    (expected, got, key) => [
      -3,
      `JSON value of type ${got} for field ${key} is not of expected type ${expected}`,
    ],
    (expected, got, key) => [-3, `Expected type ${expected} for ${key}, got ${got}`],
  ),
  /** Details: expected type, type found; 0.16's methods that look at all types first. */
  wrongTypeUpFront: both(
    (expected, got) => [-3, `JSON value of type ${got} is not of expected type ${expected}`],
    (expected, got) => [-3, `Expected type ${expected}, got ${got}`],
  ),
  missingMember: both((key) => [-3, `Missing ${key}`]),
  unexpectedMember: both((key) => [-3, `Unexpected key ${key}`]),
  integerOutOfRange: both(() => [-1, 'JSON integer out of range']),
  /** Details: parameter, wanted length, text. */
  hashLength: both(
    (name, length, text = '') => [
      -8,
      `${name} must be of length ${length} (not ${text.length}, for '${text}')`,
    ],
    (name, length, text = '') =>
      /^(?:[0-9a-fA-F]{2})+$/.test(text)
        ? [-8, `${name} must be of length ${length} (not ${text.length})`]
        : [-8, `${name} must be hexadecimal string (not '${text}')`],
  ),
  /** Details: parameter, type found where text of hex digits is expected. */
  hashType: both(
    (_name, got) => [-3, `JSON value of type ${got} is not of expected type string`],
    (name) => [-8, `${name} must be hexadecimal string (not '')`],
  ),
  notHex: both((name, text) => [-8, `${name} must be hexadecimal string (not '${text}')`]),
  amountType: both(() => [-3, 'Amount is not a number or string']),
  amountInvalid: both(() => [-3, 'Invalid amount']),
  amountRange: both(() => [-3, 'Amount out of range']),
  /** A zero where 0.16 asks for a positive amount; modern bitcoind says it when it builds the payment. */
  amountZeroSend: both(() => [-3, 'Invalid amount for send']),
  missingVout: both(() => [-8, 'Invalid parameter, missing vout key']),
  voutNegative: both(
    () => [-8, 'Invalid parameter, vout cannot be negative'],
    () => [-8, 'Invalid parameter, vout must be positive'],
  ),
  dummyStar: both(() => [-32, 'dummy first argument must be excluded or set to "*".']),
  dummyEmpty: both(() => [-8, 'Dummy value must be set to ""']),
  minconfNeedsAccount: both(() => [
    -8,
    'getbalance minconf option is only currently supported if an account is specified',
  ]),
  watchonlyNeedsAccount: both(() => [
    -8,
    'getbalance include_watchonly option is only currently supported if an account is specified',
  ]),

  /** An address of an account or label call that is none of this network. */
  invalidAddress: both(() => [-5, 'Invalid Bitcoin address']),
  /** Details: the text. A recipient, among several where they can be. */
  invalidRecipient: both((text) => [-5, `Invalid Bitcoin address: ${text}`]),
  /** Details: the text. sendtoaddress's own wording in 0.16. */
  invalidSendAddress: both(
    (text) => [-5, `Invalid Bitcoin address: ${text}`],
    () => [-5, 'Invalid address'],
  ),
  /** The address of signmessage and verifymessage. */
  invalidSignAddress: both(
    () => [-5, 'Invalid address'],
    () => [-3, 'Invalid address'],
  ),
  invalidMiningAddress: both(() => [-5, 'Error: Invalid address']),
  notAKeyAddress: both(() => [-3, 'Address does not refer to key']),
  notAKeyAddressDump: both(() => [-3, 'Address does not refer to a key']),
  /** Details: the address. */
  privateKeyUnknown: both((address) => [-4, `Private key for address ${address} is not known`]),
  privateKeyMissing: both(() => [-4, 'Private key not available']),
  invalidPrivateKeyEncoding: both(() => [-5, 'Invalid private key encoding']),
  invalidPrivateKey: both(() => [-5, 'Invalid private key']),
  malformedBase64: both(
    () => [-3, 'Malformed base64 encoding'],
    () => [-5, 'Malformed base64 encoding'],
  ),
  invalidAccountName: both(() => [-11, 'Invalid account name']),
  invalidLabelName: both(() => [-11, 'Invalid label name']),
  /** Details: the label. */
  noAddressesWithLabel: both((label) => [-11, `No addresses with label ${label}`]),
  labelNotFound: both(() => [-4, 'Label not found in wallet']),
  addressNotInWallet: both(() => [-4, 'Address not found in wallet']),
  setaccountForeign: both(() => [-1, 'setaccount can only be used with own address']),
  accountInsufficientFunds: both(() => [-6, 'Account has insufficient funds']),
  insufficientFunds: both(() => [-6, 'Insufficient funds']),
  /** Details: the type asked for. */
  unknownAddressType: both((type) => [-5, `Unknown address type '${type}'`]),
  keypoolRanOut: both(() => [-12, 'Error: Keypool ran out, please call keypoolrefill first']),
  unlockNeeded: both(() => [
    -13,
    'Error: Please enter the wallet passphrase with walletpassphrase first.',
  ]),
  confTargetRange: both(
    () => [-8, 'Invalid conf_target, must be between 1 and 1008'],
    () => [-8, 'Invalid conf_target, must be between 1 - 1008'],
  ),
  estimateMode: both(
    () => [
      -8,
      'Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"',
    ],
    () => [-8, 'Invalid estimate_mode parameter'],
  ),
  /** Details: the text. */
  sighashParameter: both(
    (text) => [-8, `'${text}' is not a valid sighash parameter.`],
    () => [-8, 'Invalid sighash param'],
  ),
  notAWalletTransaction: both(() => [-5, 'Invalid or non-wallet transaction id']),
  labelArgument: both(() => [-8, 'Label argument must be a valid label name or "*".']),
  negativeCount: both(() => [-8, 'Negative count']),
  negativeFrom: both(() => [-8, 'Negative from']),
  /** Details: the address. */
  duplicatedAddress: both((address) => [-8, `Invalid parameter, duplicated address: ${address}`]),

  blockNotFound: both(() => [-5, 'Block not found']),
  heightOutOfRange: both(() => [-8, 'Block height out of range']),
  txDecodeFailed: both(() => [-22, 'TX decode failed']),
  txDecodeFailedNoInputs: both(
    () => [-22, 'TX decode failed. Make sure the tx has at least one input.'],
    () => [-22, 'TX decode failed'],
  ),
  blockDecodeFailed: both(() => [-22, 'Block decode failed']),
  missingInputs: both(
    () => [-25, 'bad-txns-inputs-missingorspent'],
    () => [-25, 'Missing inputs'],
  ),
  alreadyInChain: both(
    () => [-27, 'Transaction outputs already in utxo set'],
    () => [-27, 'transaction already in block chain'],
  ),
  feeAboveMaximum: both(
    () => [-25, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)'],
    () => [-26, '256: absurdly-high-fee'],
  ),
  maxFeeRateTooHigh: both(() => [
    -8,
    'Fee rates larger than or equal to 1BTC/kvB are not accepted',
  ]),
  txNotFound: both(() => [
    -5,
    'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.',
  ]),
  txNotFoundNoIndex: both(
    () => [
      -5,
      'No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.',
    ],
    () => [
      -5,
      'No such mempool transaction. Use -txindex to enable blockchain transaction queries. Use gettransaction for wallet transactions.',
    ],
  ),
  txNotFoundYet: both(() => [
    -5,
    'No such mempool transaction. Blockchain transactions are still in the process of being indexed. Use gettransaction for wallet transactions.',
  ]),
  txNotFoundInBlock: both(() => [
    -5,
    'No such transaction found in the provided block. Use gettransaction for wallet transactions.',
  ]),
  genesisCoinbase: both(() => [
    -5,
    'The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved',
  ]),
  notConnected: both(
    () => [-9, 'Bitcoin Core is not connected!'],
    () => [-9, 'Bitcoin is not connected!'],
  ),
  notSynced: both(
    () => [-10, 'Bitcoin Core is in initial sync and waiting for blocks...'],
    () => [-10, 'Bitcoin is downloading blocks...'],
  ),
  notInMempool: both(() => [-5, 'Transaction not in mempool']),

  noWalletLoaded: both(
    () => [
      -18,
      'No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)',
    ],
    () => [-32601, 'Method not found (wallet method is disabled because no wallet is loaded)'],
  ),
  walletNotLoaded: both(() => [-18, 'Requested wallet does not exist or is not loaded']),
  severalWallets: both(
    () => [
      -19,
      'Multiple wallets are loaded. Please select which wallet to use by requesting the RPC through the /wallet/<walletname> URI path.',
    ],
    () => [
      -19,
      'Wallet file not specified (must request wallet RPC through /wallet/<filename> uri-path).',
    ],
  ),

  methodNotFound: both(() => [-32601, 'Method not found']),
  unknownNamed: both((name) => [-8, `Unknown named parameter ${name}`]),
  repeatedNamed: both((name) => [-8, `Parameter ${name} specified multiple times`]),
  namedTwice: both((name) => [
    -8,
    `Parameter ${name} specified twice both as positional and named argument`,
  ]),
  /** Details: the parameter, the one it stands in the way of. */
  namedConflict: both((name, other) => [-8, `Parameter ${name} conflicts with parameter ${other}`]),
} as const satisfies Readonly<Record<string, Wording>>;

/** The name of a refusal in {@link wordings}. */
export type ErrorName = keyof typeof wordings;

/**
 * The refusal called `name`, in both styles; `details` fill its text in the order the table names.
 *
 * @example throw rpcError('invalidRecipient', text)
 */
export function rpcError(name: ErrorName, ...details: string[]): RpcError {
  const wording: Wording = wordings[name];
  const [code, message] = wording.core(...details);
  const legacy = wording.legacy === wording.core ? undefined : wording.legacy(...details);
  return new RpcError(code, message, legacy);
}
