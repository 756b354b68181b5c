/**
 * The one error of this package. A key says what went wrong; doors (RPC) map keys to their own codes.
 * Messages are bitcoind's where bitcoind has one, so a door can pass them on as they are.
 */

/** What a wallet can refuse, and the text it refuses with when the thrower says nothing better. */
export const walletErrors = {
  'insufficient-funds': 'Insufficient funds',
  /** There is money, but locked away or not spendable yet. */
  'coins-unavailable': 'Insufficient funds',
  'account-insufficient-funds': 'Account has insufficient funds',
  'preselected-insufficient':
    'The preselected coins total amount does not cover the transaction target. Please allow other inputs to be automatically selected or include more coins manually',
  'fee-exceeds-balance': 'The total exceeds your balance when the transaction fee is included.',
  'amount-too-small': 'Transaction amount too small',
  'amount-too-small-for-fee': 'The transaction amount is too small to pay the fee',
  'no-recipients': 'Transaction must have at least one recipient',
  'invalid-amount': 'Invalid amount',
  'invalid-account': 'Invalid account name',
  'invalid-address': 'Invalid Bitcoin address',
  'foreign-address': 'Address not found in wallet',
  'setaccount-foreign': 'setaccount can only be used with own address',
  'not-a-key-address': 'Address does not refer to a key',
  'unknown-address-type': 'Unknown address type',
  'keypool-ran-out': 'Error: Keypool ran out, please call keypoolrefill first',
  'no-available-keys': 'Error: This wallet has no available keys',
  'no-change-address': "Transaction needs a change address, but we can't generate it.",
  'wallet-locked': 'Error: Please enter the wallet passphrase with walletpassphrase first.',
  'passphrase-incorrect': 'Error: The wallet passphrase entered was incorrect.',
  /** Old blocks are being searched with the keys. */
  searching: 'Error: the wallet is currently being used to rescan the blockchain',
  'wallet-encrypted': 'Error: running with an encrypted wallet',
  'wallet-unencrypted': 'Error: running with an unencrypted wallet',
  'nothing-to-export': 'Error: Wallet has no descriptors to export',
  'nothing-to-encrypt': 'Error: wallet does not contain private keys, nothing to encrypt.',
  'has-private-key': 'The wallet already contains the private key for this address or script',
  'private-keys-disabled': 'Error: Private keys are disabled for this wallet',
  'private-key-unknown': 'Private key not available',
  'invalid-private-key': 'Invalid private key encoding',
  /** One request among several names something that is none, or things that cannot be together. */
  'invalid-import': 'Invalid scriptPubKey',
  'contradictory-import': 'Incompatibility found',
  'impossible-transactions':
    'One or more transaction inputs are missing or have been spent already',
  'incomplete-import': 'Missing required fields',
  'rescan-failed': 'Rescan failed',
  'rescan-incomplete':
    'Rescan was unable to fully rescan the blockchain. Some transactions may be missing.',
  'rescan-aborted': 'Rescan aborted by user.',
  'rescan-running': 'Wallet is currently rescanning. Abort existing rescan or wait.',
  'foreign-transaction': 'No addresses in wallet correspond to included transaction',
  'invalid-label': 'Invalid label name',
  'not-witness': 'Public key or redeemscript not known to wallet, or the key is uncompressed',
  'other-witness': 'Cannot convert between witness address types',
  'invalid-hd-key': 'Could not parse HD key',
  'invalid-path': 'Invalid BIP32 keypath',
  'invalid-range': 'Range is too large',
  'descriptor-conflict': 'Could not add descriptor',
  'fee-estimation-failed':
    'Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or enable -fallbackfee.',
  'fee-rate-too-low': 'Fee rate is lower than the minimum fee rate setting',
  'fee-too-high': 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)',
  'missing-solving-data': 'Missing solving data for estimating transaction size',
  'invalid-input': 'Invalid input',
  'invalid-change-position': 'Transaction change output index out of range',
  'transaction-too-large': 'Transaction too large',
  'inputs-too-heavy':
    "The inputs size exceeds the maximum weight. Please try sending a smaller amount or manually consolidating your wallet's UTXOs",
  'combination-too-heavy':
    "The combination of the pre-selected inputs and the wallet automatic inputs selection exceeds the transaction maximum weight. Please try sending a smaller amount or manually consolidating your wallet's UTXOs",
  'chain-too-long': 'too many unconfirmed transactions in cluster',
  'signing-failed': 'Signing transaction failed',
  'broadcast-rejected': 'Transaction commit failed',
  'unknown-transaction': 'Invalid or non-wallet transaction id',
  'not-abandonable': 'Transaction not eligible for abandonment',
  'idempotency-mismatch': 'The idempotency key was used before with other arguments',
  'bump-parameter': 'Transaction has descendants in the wallet',
  'bump-refused': 'Transaction has been mined, or is conflicted with a mined transaction',
  'bump-spent': 'An input is already spent',
  'invalid-lock': 'Invalid parameter, expected unspent output',
  'malformed-signature': 'Malformed base64 encoding',
  'wallet-exists': 'Database already exists.',
  'blocks-missing': 'Wallet loading failed.',
  'wallet-not-found': 'Requested wallet does not exist or is not loaded',
  'wallet-already-loaded': 'Wallet is already loaded.',
  'wallet-in-use':
    'SQLiteDatabase: Unable to obtain an exclusive lock on the database, is it being used by another instance?',
  'invalid-backup': 'Data is not in recognized format.',
  'invalid-wallet-name': 'Wallet name cannot be used',
} as const satisfies Record<string, string>;

/** Names one reason of refusal. */
export type WalletErrorKey = keyof typeof walletErrors;

/** A wallet refused; nothing was changed. */
export class WalletError extends Error {
  override name = 'WalletError';
  readonly key: WalletErrorKey;
  /** Amounts or names that a door may want for a text of its own (e.g. `fee`). */
  readonly details: Readonly<Record<string, string | bigint>>;

  constructor(
    key: WalletErrorKey,
    message: string = walletErrors[key],
    details: Readonly<Record<string, string | bigint>> = {},
  ) {
    super(message);
    this.key = key;
    this.details = details;
  }
}
