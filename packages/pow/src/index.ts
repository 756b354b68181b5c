/** The public surface of @coind/pow. */
export { HashMeter } from './hash-meter.ts';
export {
  createScanner,
  fastestKind,
  type NonceScanner,
  type ScannerKind,
  scannerKinds,
} from './scanner.ts';
export { type SearchLimits, type SearchOutcome, searchNonce, targetBytes } from './search.ts';
export {
  createSearchThreads,
  type SearchThreads,
  type SearchThreadsOptions,
} from './search-threads.ts';
export { headerOfWords, midstateOf, paddedWords } from './work-data.ts';
