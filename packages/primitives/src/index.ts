/** The public surface of @coind/primitives. */
export * from './amount.ts';
export * from './block.ts';
export * from './bytes.ts';
export * from './fee-rate.ts';
export * from './hash.ts';
export * from './ids.ts';
export * from './locktime.ts';
export * from './merkle.ts';
export * from './merkle-proof.ts';
export * from './params.ts';
export * from './params-file.ts';
export * from './reader.ts';
export * from './siphash.ts';
export * from './target.ts';
export * from './tx.ts';
export * from './writer.ts';
