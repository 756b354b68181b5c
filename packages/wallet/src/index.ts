/** The public surface of @coind/wallet. */
export type { AddressInfo } from './address-book.ts';
export { ADDRESS_TYPES, type AddressType, parseAddressType } from './address-type.ts';
export type { AuditFault, AuditReport } from './audit.ts';
export type { Balances, CoinbaseReceived } from './balances.ts';
export type { BumpOptions } from './bump-fee.ts';
export type { BroadcastOutcome, ChainSource, SourceTip, TxFollower } from './chain-source.ts';
export type { ChosenFeeRate, FeeReason } from './chosen-fee-rate.ts';
export { combineTransactions } from './combine.ts';
export type { Randomness, WalletOptions } from './context.ts';
export type { TextSink } from './dump.ts';
export type { WalletEncryption } from './encryption.ts';
export { WalletError, type WalletErrorKey, walletErrors } from './errors.ts';
export type {
  HistoryEntry,
  HistoryFilter,
  HistoryPlace,
  TxDetail,
  TxSummary,
  TxView,
} from './history.ts';
export type { Once } from './idempotency.ts';
export { checkRange, type DescriptorImport, type ImportOutcome } from './import.ts';
export type { MultiImport } from './import-multi.ts';
export type { JournalLine, JournalPage } from './journal.ts';
export type { Watched } from './key-imports.ts';
export type { LedgerEvent } from './ledger.ts';
export { signMessageWithKey, verifyMessage } from './message.ts';
export type { HandlingOptions, PartialPayment, UnsignedReplacement } from './partial-payments.ts';
export type { Payment, SendOptions } from './payments.ts';
export {
  combinePsbts,
  joinPsbts,
  Modifiable,
  Psbt,
  type PsbtInput,
  SharedInputError,
} from './psbt/psbt.ts';
export { analyzePsbt, type PsbtAnalysis } from './psbt/psbt-analysis.ts';
export {
  decodeTapDerivation,
  decodeTapTree,
  Global,
  In,
  Out,
  participantsIn,
} from './psbt/psbt-fields.ts';
export { PsbtError, type PsbtMap, type PsbtVersion } from './psbt/psbt-map.ts';
export { PsbtProvider } from './psbt/psbt-provider.ts';
export {
  dropUnneededTransactions,
  extractTx,
  finalizePsbt,
  isPsbtComplete,
  isSegwitOutput,
  type SignOutcome,
  signPsbt,
  updateOutputs,
} from './psbt/psbt-signer.ts';
export type { FillOptions } from './psbt/wallet-psbt.ts';
export type { ListPage, ReceivedByAddress, ReceivedByLabel } from './received-lists.ts';
export { type RescanProgress, TIMESTAMP_WINDOW } from './rescan.ts';
export type { SendAllOptions, Share } from './send-all.ts';
export type { InputError, SignedTx } from './sign.ts';
export { type PlainKey, type PrevOut, signWithKeys } from './sign-request.ts';
export type { ChosenInput, PreparedTx, Recipient, SpendOptions } from './spend-options.ts';
export {
  type BookRow,
  type DescriptorRow,
  type JournalCause,
  type JournalRow,
  type MoveRow,
  type TxRow,
  type TxState,
  UNBORN,
  WALLET_SCHEMA,
  type WalletFlags,
  type WalletMeta,
} from './tables.ts';
export type { CoinFilter, CoinPlace, UnspentCoin } from './unspent.ts';
export { walletUpgrades } from './upgrades.ts';
export type { Wallet, WalletInfo } from './wallet.ts';
export {
  type CreateOptions,
  defaultWalletOptions,
  systemRandom,
  Wallets,
  type WalletsModules,
} from './wallets.ts';
