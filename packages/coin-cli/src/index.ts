/** The public surface of coin-cli: the program as a function, for tests and other terminals. */
export { formatResult, formatRpcError, type Outcome } from './format.ts';
export { run, type Surroundings } from './run.ts';
export type { Input } from './stdin.ts';
