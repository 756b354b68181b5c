/**
 * The method tables as an OpenRPC document: what `getopenrpcinfo` and `rpc.discover` answer, so that
 * programs can make a client of their own from it. Types become JSON Schema.
 */
import { type Codec, isOptional } from './codec.ts';
import { type Json, JsonNumber, JsonObject, parseJson } from './json.ts';
import type { Param, View } from './method.ts';

/** Version of the specification that the document follows. */
const OPENRPC_VERSION = '1.4.1';
const HEX_PATTERN = '^[0-9a-fA-F]+$';

const jsonTypes = {
  string: 'string',
  number: 'number',
  bool: 'boolean',
  array: 'array',
  object: 'object',
} as const;

/** What the document says of the program. */
export interface OpenRpcInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** The document about `views`; hidden methods and parameters only with `showHidden`. */
export function openRpcDocument(
  views: Iterable<View>,
  { title, version, description }: OpenRpcInfo,
  showHidden: boolean,
): JsonObject {
  const methods = [...views]
    .filter((view) => view.replacedBy === undefined)
    .filter((view) => showHidden || view.category !== 'hidden')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((view) => methodJson(view, showHidden));
  return members({
    openrpc: OPENRPC_VERSION,
    info: members({ title, version, description }),
    methods,
  });
}

/** An object with those members that are there. */
function members(entries: Readonly<Record<string, Json | undefined>>): JsonObject {
  return new JsonObject(
    Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function methodJson(view: View, showHidden: boolean): JsonObject {
  const params = view.params.filter((param) => showHidden || isShown(param, view));
  return members({
    name: view.name,
    description: view.spec.about,
    params: params.map(paramJson),
    result: members({ name: 'result', schema: schemaOf(view.result) }),
    'x-bitcoin-category': view.category,
  });
}

/** A parameter that the usage line of its method keeps to itself is hidden. */
function isShown({ name }: Param, { usage }: View): boolean {
  return usage === undefined || usage.includes(name);
}

function paramJson({ name, aliases, codec, optional }: Param): JsonObject {
  return members({
    name,
    required: !optional,
    schema: withDefault(schemaOf(codec), codec),
    description: codec.about || undefined,
    'x-bitcoin-aliases': aliases.length > 0 ? aliases : undefined,
  });
}

function withDefault(schema: JsonObject, codec: Codec<unknown>): JsonObject {
  if (!isOptional(codec) || codec.default === undefined) return schema;
  const value = parseJson(codec.encode(codec.default));
  // An amount as text: bitcoind has it so, and nobody reads it as a binary fraction.
  const exact = value instanceof JsonNumber && value.text.includes('.') ? value.text : value;
  return new JsonObject([...schema.entries, ['default', exact]]);
}

/** JSON Schema for the values of a codec. */
function schemaOf(codec: Codec<unknown>): JsonObject {
  const { type, word, choices, item, members: parts } = codec;
  if (choices) return choicesSchema(type, choices.map(schemaOf));
  if (item && type === 'array') return members({ type, items: schemaOf(item) });
  if (item) return members({ type: 'object', additionalProperties: schemaOf(item) });
  if (parts) return objectSchema(parts);
  return members({
    type: type && jsonTypes[type],
    pattern: word === 'string, hex' ? HEX_PATTERN : undefined,
  });
}

function choicesSchema(type: Codec<unknown>['type'], schemas: readonly JsonObject[]): JsonObject {
  if (type !== 'array') return members({ oneOf: schemas });
  const length = new JsonNumber(`${schemas.length}`);
  return members({
    type,
    items: schemas,
    additionalItems: false,
    minItems: length,
    maxItems: length,
  });
}

function objectSchema(parts: NonNullable<Codec<unknown>['members']>): JsonObject {
  const properties = parts.map(({ key, codec }): [string, Json] => {
    const schema = withDefault(schemaOf(codec), codec);
    return [key, describe(schema, codec.about)];
  });
  const required = parts.filter(({ codec }) => !isOptional(codec)).map(({ key }) => key);
  return members({
    type: 'object',
    properties: new JsonObject(properties),
    additionalProperties: false,
    required: required.length > 0 ? required : undefined,
  });
}

function describe(schema: JsonObject, about: string): JsonObject {
  return about === '' ? schema : new JsonObject([...schema.entries, ['description', about]]);
}
