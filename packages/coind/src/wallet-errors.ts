/**
 * A wallet's refusals as RPC errors. One table: which code each has, and where 0.16 said it differently. Calls
 * whose code depends on the call (sendmany's creation failures) pass their own.
 */
import { DescriptorError } from '@coind/descriptors';
import { codes, type ErrorName, RpcError, rpcError } from '@coind/rpc';
import { WalletError, type WalletErrorKey, walletErrors } from '@coind/wallet';

/**
 * How a refusal is answered: by a code, by one code today and another in 0.16, or by code and text of a name
 * in the table of @coind/rpc.
 */
type Outcome = number | readonly [core: number, legacy: number, legacyText?: string] | ErrorName;

/** A payment that cannot be made is "insufficient funds" today whatever the reason; 0.16 told them apart. */
const creationFailed: Outcome = [codes.insufficientFunds, codes.wallet];
/** 0.16 saw only afterwards what its transaction weighed. */
const tooHeavy: Outcome = [
  codes.insufficientFunds,
  codes.wallet,
  walletErrors['transaction-too-large'],
];

/** The answer to each refusal. */
const outcomes: Readonly<Record<WalletErrorKey, Outcome>> = {
  'insufficient-funds': 'insufficientFunds',
  'coins-unavailable': creationFailed,
  'account-insufficient-funds': 'accountInsufficientFunds',
  'preselected-insufficient': creationFailed,
  'fee-exceeds-balance': creationFailed,
  'amount-too-small': creationFailed,
  'amount-too-small-for-fee': creationFailed,
  'no-recipients': creationFailed,
  'invalid-amount': codes.type,
  'invalid-account': 'invalidAccountName',
  'invalid-address': 'invalidAddress',
  'foreign-address': 'addressNotInWallet',
  'setaccount-foreign': 'setaccountForeign',
  'not-a-key-address': 'notAKeyAddress',
  'unknown-address-type': codes.invalidAddressOrKey,
  'keypool-ran-out': codes.keypoolRanOut,
  'no-available-keys': codes.wallet,
  'no-change-address': creationFailed,
  'wallet-locked': 'unlockNeeded',
  'passphrase-incorrect': codes.passphraseIncorrect,
  searching: codes.wallet,
  'wallet-encrypted': codes.wrongEncryptionState,
  'wallet-unencrypted': codes.wrongEncryptionState,
  'nothing-to-export': codes.wallet,
  'nothing-to-encrypt': codes.encryptionFailed,
  'has-private-key': codes.wallet,
  'private-keys-disabled': codes.wallet,
  'private-key-unknown': codes.wallet,
  'invalid-private-key': 'invalidPrivateKeyEncoding',
  'invalid-import': codes.invalidAddressOrKey,
  'contradictory-import': codes.invalidParameter,
  'impossible-transactions': codes.invalidParameter,
  'incomplete-import': codes.misc,
  'rescan-failed': codes.misc,
  'rescan-incomplete': codes.wallet,
  'rescan-aborted': codes.misc,
  'rescan-running': codes.wallet,
  'foreign-transaction': codes.invalidAddressOrKey,
  'invalid-label': codes.invalidLabelName,
  'not-witness': codes.wallet,
  'other-witness': codes.wallet,
  'invalid-hd-key': codes.invalidAddressOrKey,
  'invalid-path': codes.invalidParameter,
  'invalid-range': codes.invalidParameter,
  'descriptor-conflict': codes.wallet,
  'fee-estimation-failed': creationFailed,
  'fee-rate-too-low': creationFailed,
  'fee-too-high': creationFailed,
  'missing-solving-data': codes.wallet,
  'invalid-input': codes.invalidParameter,
  'invalid-change-position': codes.invalidParameter,
  'transaction-too-large': creationFailed,
  'inputs-too-heavy': tooHeavy,
  'combination-too-heavy': tooHeavy,
  'chain-too-long': creationFailed,
  'signing-failed': creationFailed,
  'broadcast-rejected': codes.wallet,
  'unknown-transaction': 'notAWalletTransaction',
  'not-abandonable': codes.invalidAddressOrKey,
  'idempotency-mismatch': codes.invalidParameter,
  'bump-parameter': codes.invalidParameter,
  'bump-refused': codes.wallet,
  'bump-spent': codes.misc,
  'invalid-lock': codes.invalidParameter,
  'malformed-signature': 'malformedBase64',
  'wallet-exists': codes.walletAlreadyExists,
  'blocks-missing': codes.wallet,
  'wallet-not-found': codes.walletNotFound,
  'wallet-already-loaded': codes.walletAlreadyLoaded,
  'wallet-in-use': codes.wallet,
  'invalid-backup': codes.wallet,
  'invalid-wallet-name': codes.invalidParameter,
};

/** Refusals that one call words differently from the rest. */
export type OwnWords = Partial<Record<WalletErrorKey, Outcome>>;

const outcomesOfCreation: readonly Outcome[] = [creationFailed, tooHeavy, 'insufficientFunds'];

/** sendmany has always answered "insufficient funds" to whatever kept it from making the transaction. */
export const creationWords: OwnWords = Object.fromEntries(
  Object.entries(outcomes)
    .filter(([, outcome]) => outcomesOfCreation.includes(outcome))
    .map(([key]) => [key, codes.insufficientFunds]),
);

/** `error` as an RPC error when a wallet refused or a descriptor cannot be read; anything else as it is. */
export function asRpcError(error: unknown, own: OwnWords = {}): unknown {
  if (error instanceof DescriptorError) {
    return new RpcError(codes.invalidAddressOrKey, error.message);
  }
  if (!(error instanceof WalletError)) return error;
  const outcome = own[error.key] ?? outcomes[error.key];
  if (typeof outcome === 'number') return new RpcError(outcome, error.message);
  if (typeof outcome !== 'string') {
    const [core, legacy, legacyText = error.message] = outcome;
    return new RpcError(core, error.message, [legacy, legacyText]);
  }
  return rpcError(outcome, String(error.details.address ?? ''));
}

/** What kept bumpfee from it. 0.16 did not look for spent inputs: to it the transaction was just mined. */
export function asBumpError(error: unknown): unknown {
  if (!(error instanceof WalletError)) return error;
  if (error.key === 'bump-spent') {
    return new RpcError(codes.misc, error.message, [codes.wallet, walletErrors['bump-refused']]);
  }
  if (!Object.hasOwn(creationWords, error.key)) return asRpcError(error);
  return new RpcError(codes.wallet, `Unable to create transaction. ${error.message}`);
}

/** Runs `work`; a wallet's refusal becomes an RPC error, in the call's own words where it has some. */
export async function inWords<T>(own: OwnWords, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRpcError(error, own);
  }
}

type AnyHandler = (context: never, args: never) => unknown;

/** The same handlers, whose wallets' refusals are RPC errors. */
export function translated<H extends Readonly<Record<string, AnyHandler>>>(handlers: H): H {
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (context: never, args: never) => {
      try {
        return await handler(context, args);
      } catch (error) {
        throw asRpcError(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as H;
}
