/** The public surface of @coind/rpc; `/client` and `/server` have the parts only they need. */
export type { CliForm, Codec, OptionalCodec, TextPart } from './codec.ts';
export {
  account,
  amount,
  blockHash,
  bool,
  feeRate,
  hex,
  int,
  int64,
  into,
  json,
  label,
  nothing,
  num,
  optional,
  signedAmount,
  str,
  txid,
  uint32,
} from './codec.ts';
export type { ValueOf } from './codec-shapes.ts';
export { list, nullable, object, oneOf, pairs, record } from './codec-shapes.ts';
export { type Conversion, conversionsOf } from './conversions.ts';
export { type Era, eraOf, type Release } from './era.ts';
export type { ErrorName, Style } from './error.ts';
export { codes, RpcError, rpcError } from './error.ts';
export { help, helpText, usageLine } from './help.ts';
export type { Json, JsonInput, JsonType } from './json.ts';
export {
  formatJson,
  formatJsonIndented,
  JsonNumber,
  JsonObject,
  jsonType,
  parseJson,
} from './json.ts';
export { logCategories } from './log-categories.ts';
export type {
  ArgsOf,
  Category,
  HandlerResult,
  Handlers,
  Method,
  MethodTable,
  NamedArgs,
  Param,
  Profile,
  ResultOf,
  View,
} from './method.ts';
export { method } from './method.ts';
export type { IndexRange, NewOutput, ScanObject } from './methods/params.ts';
export { type OpenRpcInfo, openRpcDocument } from './openrpc.ts';
export { framed, type JsonText, Pages } from './pages.ts';
export { type RestShapes, restShapes } from './rest-shapes.ts';
export { allMethods, methods, viewsOf } from './tables.ts';
