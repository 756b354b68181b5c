import { expect, test } from 'vitest';
import { type Json, JsonNumber, JsonObject } from './json.ts';
import { openRpcDocument } from './openrpc.ts';
import { viewsOf } from './tables.ts';

const INFO = { title: 'a node', version: 'v1', description: 'for a test' };

/** JSON as JavaScript has it. */
function plain(json: Json): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (json instanceof JsonObject) {
    return Object.fromEntries(json.entries.map(([key, value]) => [key, plain(value)]));
  }
  return Array.isArray(json) ? json.map(plain) : json;
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly params: readonly { readonly name: string; readonly schema: unknown }[];
  readonly result: { readonly schema: unknown };
}

function describedBy(showHidden: boolean) {
  const document = plain(openRpcDocument(viewsOf('core').values(), INFO, showHidden)) as {
    readonly openrpc: string;
    readonly info: unknown;
    readonly methods: readonly Described[];
  };
  const find = (name: string) => document.methods.find((method) => method.name === name);
  return { ...document, find };
}

test('every method is described, hidden ones only when asked for', () => {
  const { openrpc, info, methods, find } = describedBy(false);
  expect({ openrpc, info }).toEqual({ openrpc: '1.4.1', info: INFO });
  const names = methods.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(names).toContain('rpc.discover');
  expect(find('echo')).toBeUndefined();
  expect(describedBy(true).find('echo')).toBeDefined();
  for (const { name, description } of methods) expect(description, name).not.toBe('');
});

test('types become schemas, with defaults and what must be given', () => {
  const { find } = describedBy(false);
  expect(find('getblockhash')).toMatchObject({
    params: [{ name: 'height', required: true, schema: { type: 'number' } }],
    result: { name: 'result', schema: { type: 'string', pattern: '^[0-9a-fA-F]+$' } },
  });
  expect(find('waitforblock')).toMatchObject({
    params: [
      { name: 'blockhash', required: true },
      { name: 'timeout', required: false, schema: { default: 0 } },
    ],
    result: {
      schema: {
        type: 'object',
        properties: { height: { type: 'number' } },
        additionalProperties: false,
        required: ['hash', 'height'],
      },
    },
  });
  const statistics = find('getblockstats')?.result.schema;
  expect(statistics).toMatchObject({
    properties: { feerate_percentiles: { type: 'array', items: { type: 'number' } } },
  });
});

test('a default that is an amount is text', () => {
  const params = describedBy(false).find('sendrawtransaction')?.params;
  expect(params?.find(({ name }) => name === 'maxfeerate')).toMatchObject({
    schema: { default: '0.10000000' },
  });
});

test('a parameter that the usage line leaves out is hidden', () => {
  const paramsOf = (showHidden: boolean) =>
    describedBy(showHidden)
      .find('stop')
      ?.params.map(({ name }) => name);
  expect(paramsOf(false)).toEqual([]);
  expect(paramsOf(true)).toEqual(['wait']);
});
