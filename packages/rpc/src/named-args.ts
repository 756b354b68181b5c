/**
 * From the `params` of a request to the arguments of a handler: named ones find their positions, the
 * number and the JSON types are checked, each is decoded. The order of the checks and all texts are
 * bitcoind's, so that a caller learns the same first fault from both.
 */
import { isOptional } from './codec.ts';
import { namedMembers } from './codec-shapes.ts';
import { RpcError, rpcError } from './error.ts';
import { helpText } from './help.ts';
import { formatJsonIndented, type Json, JsonObject, jsonType } from './json.ts';
import type { Param, View } from './method.ts';

/** The arguments of a call in the order of the method's parameters. */
export interface Positional {
  /** Gaps between named ones are null; a trailing null was given. */
  readonly values: readonly Json[];
  /** Arguments of parameters that have a name but no position. */
  readonly byName: ReadonlyMap<string, Json>;
}

const NO_NAMES: ReadonlyMap<string, Json> = new Map();

/** Brings an array, an object or nothing into positions. Throws `RpcError` -8 as bitcoind does. */
export function toPositional(view: View, params: Json | undefined): Positional {
  if (params === undefined || params === null) return { values: [], byName: NO_NAMES };
  if (!(params instanceof JsonObject)) {
    return { values: params as readonly Json[], byName: NO_NAMES };
  }
  return placeNamed(view, params);
}

function placeNamed(view: View, params: JsonObject): Positional {
  const given = new Map<string, Json>();
  for (const [name, value] of params.entries) {
    if (given.has(name)) throw rpcError('repeatedNamed', name);
    given.set(name, value);
  }
  const take = (name: string): Json | undefined => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };

  const values: Json[] = [];
  const byName = new Map<string, Json>();
  let first: string | undefined;
  let firstIndex = 0;
  const positional = view.params.filter((param) => param.positional);
  for (const [index, param] of positional.entries()) {
    const value = takeOne(param, given, take);
    if (value === undefined) continue;
    first ??= param.name;
    if (values.length === 0) firstIndex = index;
    while (values.length < index) values.push(null);
    values.push(value);
  }
  for (const param of view.params) {
    if (param.positional) continue;
    const value = take(param.name);
    if (value !== undefined) byName.set(param.name, value);
  }

  // Only an array has the meaning of leading positions; anything else called args is dropped.
  const leading = take('args');
  if (Array.isArray(leading)) {
    if (first !== undefined && firstIndex < leading.length) throw rpcError('namedTwice', first);
    for (const [index, value] of (leading as readonly Json[]).entries()) values[index] = value;
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) throw rpcError('unknownNamed', unknown);
  return { values, byName };
}

/** The value of one parameter, under any of its names, or gathered from its members' names. */
function takeOne(
  param: Param,
  given: ReadonlyMap<string, Json>,
  take: (name: string) => Json | undefined,
): Json | undefined {
  const name = [param.name, ...param.aliases].find((candidate) => given.has(candidate));
  const value = name === undefined ? undefined : take(name);
  const entries: [string, Json][] = [];
  for (const { key } of namedMembers(param.codec)) {
    const member = take(key);
    if (member === undefined) continue;
    if (value !== undefined) throw rpcError('namedConflict', param.name, key);
    entries.push([key, member]);
  }
  // A null that was given is an argument: it counts, and its type is looked at.
  return entries.length > 0 ? new JsonObject(entries) : value;
}

/** Throws `RpcError` -1 with the help text when there are too few or too many arguments. */
export function checkCount(view: View, { values }: Positional): void {
  const most = view.params.reduce((count, param) => count + (param.positional ? 1 : 0), 0);
  if (values.length < view.required || values.length > most) {
    throw new RpcError(-1, helpText(view));
  }
}

/** Throws `RpcError` -3 when, before any is read, an argument is seen to have the wrong JSON type. */
export function checkTypes(view: View, { values }: Positional): void {
  if (view.style === 'core') checkAllTypes(view, values);
  else checkSomeTypes(view, values);
}

/** Modern bitcoind names every argument of a wrong type at once. */
function checkAllTypes(view: View, values: readonly Json[]): void {
  let faults: [string, Json][] | undefined;
  for (let i = 0; i < view.params.length; i++) {
    const param = view.params[i];
    if (param?.codec.type === undefined) continue;
    const value = values[i] ?? null;
    const type = jsonType(value);
    if (type === param.codec.type || (value === null && param.optional)) continue;
    faults ??= [];
    faults.push([
      `Position ${i + 1} (${param.name})`,
      `JSON value of type ${type} is not of expected type ${param.codec.type}`,
    ]);
  }
  if (faults === undefined) return;
  const text = formatJsonIndented(new JsonObject(faults), 4);
  throw new RpcError(-3, `Wrong type passed:\n${text}`);
}

/** 0.16 looked ahead in a few methods only, and stopped at the first fault. */
function checkSomeTypes(view: View, values: readonly Json[]): void {
  for (const name of view.checked) {
    const index = view.params.findIndex((param) => param.name === name);
    const param = view.params[index];
    const value = values[index] ?? null;
    const { type: wanted, keepsNull } = param?.codec ?? {};
    if (wanted === undefined || (value === null && (param?.optional || keepsNull))) continue;
    const type = jsonType(value);
    if (type !== wanted) throw rpcError('wrongTypeUpFront', wanted, type);
  }
}

/** Reads checked arguments into what the handler gets. Throws `RpcError`. */
export function decodeArguments(
  view: View,
  { values, byName }: Positional,
): Readonly<Record<string, unknown>> {
  const args: Record<string, unknown> = { ...view.defaults };
  for (let i = 0; i < view.params.length; i++) {
    const param = view.params[i];
    if (param === undefined) continue;
    const { codec, target, name } = param;
    const value = param.positional ? values[i] : byName.get(name);
    if (isOptional(codec) && (value === undefined || (value === null && !codec.keepsNull))) {
      args[target] = codec.default;
    } else if (codec.late) {
      const read = () => codec.decode(value ?? null, name);
      Object.defineProperty(args, target, { get: read, enumerable: true });
    } else {
      args[target] = codec.decode(value ?? null, name);
    }
  }
  view.refuse(args);
  return args;
}
