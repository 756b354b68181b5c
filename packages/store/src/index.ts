/** The public surface of @coind/store. */
export {
  bool,
  bytes,
  type Codec,
  hash32,
  hex,
  i64be,
  json,
  list,
  optional,
  outpoint,
  type PartCodec,
  part,
  struct,
  type TupleCodec,
  text,
  tuple,
  u8,
  u32be,
  u64be,
  uint,
  unit,
  varBytes,
  varText,
} from './codec.ts';
export type { LevelOptions } from './level.ts';
export {
  memoryStore,
  openStore,
  type Store,
  type StoreOptions,
  type StoreStamp,
  type Upgrades,
} from './store.ts';
export { StoreError, type StoreErrorCode } from './store-error.ts';
export type { PrefixOf, Range, Table, TableSpec, Write } from './table.ts';
