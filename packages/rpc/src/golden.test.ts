/**
 * The tables against recordings of bitcoind: usage lines, arity, types, named parameters. Handlers
 * are stand-ins that only say they were reached: everything compared here comes before them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Era, eraOf } from './era.ts';
import { RpcError } from './error.ts';
import { usageLine } from './help.ts';
import { formatJson, type Json, JsonNumber, JsonObject, parseJson } from './json.ts';
import type { Profile } from './method.ts';
import { createDispatcher } from './server/dispatch.ts';
import { viewsOf } from './tables.ts';

const shared = new URL('../../../../shared/', import.meta.url);
const missing = !existsSync(shared);
const why = missing ? ' (skipped: ../shared is not there)' : '';

interface Step {
  readonly method: string;
  readonly params: Json | undefined;
  readonly code: number;
  /** The whole text, or how it starts. */
  readonly message: string;
  readonly whole: boolean;
}

/** Refused only by the handler, in bitcoind too: an argument that may be left out, but not without a word. */
const LATE = ['simulaterawtransaction []'];

const REACHED = new RpcError(-32603, 'the handler was reached');

/** A dispatcher whose handlers all throw {@link REACHED}. */
function reach(profile: Profile, era: Era) {
  const handlers = Object.fromEntries(
    [...viewsOf(profile, era).keys()].map((name) => [
      name,
      () => {
        throw REACHED;
      },
    ]),
  );
  return createDispatcher({ profile, era, services: [{ handlers, contextOf: () => undefined }] });
}

async function errorOf(profile: Profile, era: Era, method: string, params: Json | undefined) {
  const call = { method, user: 'test', walletName: undefined };
  const outcome = await reach(profile, era)
    .call(call, params)
    .catch((error: unknown) => error);
  if (!(outcome instanceof RpcError)) throw new Error(`${method} answered`);
  return outcome;
}

const member = (json: Json | undefined, name: string): Json | undefined =>
  json instanceof JsonObject ? json.get(name) : undefined;

/** Read with our own parser: the numbers must keep their text. */
function recording(file: string): Json {
  return parseJson(readFileSync(new URL(`golden/${file}.json`, shared)));
}

/** Of the node that was recorded, by the options it was started with. */
function eraOfRecording(profile: Profile, json: Json): Era {
  const options = ([member(json, 'node_args') ?? []].flat() as readonly Json[]).map(String);
  const valuesOf = (name: string) =>
    options.filter((option) => option.startsWith(name)).map((option) => option.slice(name.length));
  return eraOf({
    compat: profile,
    deprecated: valuesOf('-deprecatedrpc='),
    choosesAddressType: valuesOf('-addresstype=').length > 0,
  });
}

/** The steps that expect a refusal. */
function refusalsOf(json: Json): Step[] {
  return (member(json, 'steps') as readonly Json[]).flatMap((step) => {
    const method = member(step, 'method');
    const error = member(member(step, 'expect'), 'error');
    const code = member(error, 'code');
    const message = member(error, 'message');
    const starts = member(message, '$starts');
    const text = typeof message === 'string' ? message : starts;
    if (typeof method !== 'string' || typeof text !== 'string') return [];
    if (!(code instanceof JsonNumber)) return [];
    const whole = starts === undefined;
    const params = member(step, 'params');
    return [{ method, params, code: Number(code.text), message: text, whole }];
  });
}

/** The refusals of a scenario that the tables alone must give; how many there were. */
async function replay(profile: Profile, file: string, codes: readonly number[]): Promise<number> {
  const json = recording(file);
  const era = eraOfRecording(profile, json);
  const views = viewsOf(profile, era);
  let compared = 0;
  for (const { method, params, code, message, whole } of refusalsOf(json)) {
    const given = params === undefined ? '' : formatJson(params);
    // Parameters with variables of the scenario mean nothing here.
    if (!views.has(method) || !codes.includes(code) || given.includes('$')) continue;
    if (LATE.includes(`${method} ${given}`)) continue;
    const actual = await errorOf(profile, era, method, params);
    const where = `${file}: ${method} ${given}`;
    if (actual === REACHED) {
      expect(code === -3 && /type|amount/i.test(message), `${where}: handler reached`).toBe(false);
      continue;
    }
    const text = whole ? actual.message : actual.message.slice(0, message.length);
    expect({ code: actual.code, message: text }, where).toEqual({ code, message });
    compared++;
  }
  return compared;
}

describe.skipIf(missing)(`recordings${why}`, () => {
  test('usage lines are those of modern bitcoind', () => {
    const spec = JSON.parse(readFileSync(new URL('spec/core-rpc.json', shared), 'utf8')) as {
      methods: Record<string, { usage: string }>;
    };
    for (const profile of ['core', 'coind'] as const) {
      for (const view of viewsOf(profile).values()) {
        const known = spec.methods[view.name];
        if (!known || view.replacedBy !== undefined || view.name === 'generate') continue;
        expect(usageLine(view)).toBe(known.usage);
      }
    }
  });

  test('parameters have the names, necessity and command line form of modern bitcoind', () => {
    interface Param {
      readonly name: string;
      readonly aliases?: readonly string[];
      readonly required: boolean;
      readonly cli?: string;
    }
    const spec = JSON.parse(readFileSync(new URL('spec/core-rpc.json', shared), 'utf8')) as {
      methods: Record<string, { params: readonly Param[]; category: string }>;
    };
    for (const view of viewsOf('core').values()) {
      const known = spec.methods[view.name];
      if (!known) continue;
      const shown = ({ name, aliases = [], required, cli = 'json' }: Param) =>
        `${view.name}: ${[name, ...aliases].join('|')} ${required} ${cli}`;
      const ours = view.params.map(({ name, aliases, optional, codec }) =>
        shown({ name, aliases, required: !optional, cli: codec.cli }),
      );
      expect(ours).toEqual(known.params.map(shown));
      expect(`${view.name} ${view.category}`).toBe(`${view.name} ${known.category}`);
    }
  });

  test.each(['arity-chain', 'arity-raw', 'arity-wallet', 'control-arguments', 'control-basics'])(
    'modern %s',
    async (file) => {
      for (const profile of ['core', 'coind'] as const) {
        expect(await replay(profile, `modern/${file}`, [-1, -3, -8])).toBeGreaterThan(5);
      }
    },
  );

  test.each([
    'raw-create',
    'wallet-history',
    'wallet-misc',
    'wallet-send',
    'wallet-sendtoaddress',
    'blockchain-basics',
    'blockchain-getblock',
    'wallet-addresses',
    'wallet-receive',
    'raw-sign',
    'raw-get',
    'raw-accept',
  ])('modern refusals of %s that come before the handler', async (file) => {
    await replay('core', `modern/${file}`, [-1, -3, -8]);
  });

  test.each([
    'errors-argument-count',
    'amounts',
    'accounts-move',
    'accounts-sendfrom',
    'accounts-sendmany',
    'accounts-receive',
    'accounts-listtransactions',
    'accounts-addresses',
    'accounts-keys',
    'unspent-locks',
    'node-and-mining',
  ])('0.16 refusals of %s that come before the handler', async (file) => {
    await replay('legacy', `legacy/${file}`, [-1, -3, -8, -11]);
  });
});
