import { describe, expect, test } from 'vitest';
import { help, helpList, helpText, usageLine } from './help.ts';
import { type Json, parseJson } from './json.ts';
import type { Profile } from './method.ts';
import { checkCount, checkTypes, decodeArguments, toPositional } from './named-args.ts';
import { viewsOf } from './tables.ts';

/** What the handler of `method` gets for `params`. */
function argsOf(profile: Profile, method: string, params: string): unknown {
  const view = viewsOf(profile).get(method);
  if (!view) throw new Error(`no ${method}`);
  const positional = toPositional(view, parseJson(params) as Json);
  checkCount(view, positional);
  checkTypes(view, positional);
  return decodeArguments(view, positional);
}

describe('one shape of arguments for every profile', () => {
  test('getbalance: an account beside modern calls, a dummy alone, an account alone', () => {
    expect(argsOf('coind', 'getbalance', '["alice",1]')).toMatchObject({
      account: 'alice',
      minconf: 1,
    });
    expect(argsOf('coind', 'getbalance', '["*",6]')).toMatchObject({ account: undefined });
    expect(argsOf('core', 'getbalance', '["*",6]')).toMatchObject({
      account: undefined,
      minconf: 6,
    });
    expect(() => argsOf('core', 'getbalance', '["alice"]')).toThrow('excluded or set to "*"');
    expect(argsOf('legacy', 'getbalance', '["*"]')).toEqual({
      account: '*',
      minconf: undefined,
      include_watchonly: false,
      avoid_reuse: undefined,
    });
    expect(() => argsOf('legacy', 'getbalance', '[null,1]')).toThrow('if an account is specified');
  });

  test('getnewaddress: label and account are the same name', () => {
    for (const [profile, name] of [
      ['coind', 'label'],
      ['coind', 'account'],
      ['core', 'label'],
      ['legacy', 'account'],
    ] as const) {
      expect(argsOf(profile, 'getnewaddress', `{"${name}":"a"}`)).toMatchObject({ label: 'a' });
    }
    expect(() => argsOf('core', 'getnewaddress', '{"account":"a"}')).toThrow('Unknown named');
  });

  test('listtransactions: a label by position, an account by name', () => {
    expect(argsOf('coind', 'listtransactions', '["a",5]')).toMatchObject({ label: 'a', count: 5 });
    expect(argsOf('coind', 'listtransactions', '{"account":"a"}')).toMatchObject({
      label: undefined,
      account: 'a',
    });
    expect(argsOf('legacy', 'listtransactions', '[]')).toMatchObject({ account: '*', count: 10 });
  });

  test('sendmany: "" is no account but under 0.16, where it is the default one', () => {
    expect(argsOf('coind', 'sendmany', '["",{"x":1}]')).toMatchObject({ fromaccount: undefined });
    expect(argsOf('coind', 'sendmany', '["a",{"x":1,"x":2}]')).toMatchObject({
      fromaccount: 'a',
      amounts: [
        ['x', 100_000_000n],
        ['x', 200_000_000n],
      ],
    });
    expect(() => argsOf('core', 'sendmany', '["a",{"x":1}]')).toThrow('Dummy value must be set');
    expect(argsOf('legacy', 'sendmany', '["",{"x":1}]')).toMatchObject({
      fromaccount: '',
      verbose: false,
    });
    expect(() => argsOf('core', 'sendmany', '["",{"x":1},1,"",["y"]]')).toThrow(
      'destination y not found in tx outputs',
    );
    expect(() => argsOf('core', 'sendmany', '["",{"x":1},1,"",[0,"x"]]')).toThrow(
      'duplicated position: 0',
    );
    expect(argsOf('legacy', 'sendmany', '["",{"x":1},1,"",["y"]]')).toMatchObject({
      subtractfeefrom: ['y'],
    });
  });

  test('0.16 looks at an amount when its handler has looked at the address', () => {
    const { toaddress, ...late } = Object.getOwnPropertyDescriptors(
      argsOf('legacy', 'sendfrom', '["a","nowhere",0]'),
    );
    expect(toaddress?.value).toBe('nowhere');
    expect(late.amount?.get).toThrow('Invalid amount for send');
    const { amounts } = argsOf('legacy', 'sendmany', '["",{"x":0}]') as {
      amounts: readonly (readonly [string, bigint])[];
    };
    expect(amounts[0]?.[0]).toBe('x');
    expect(() => amounts[0]?.[1]).toThrow('Invalid amount for send');
    expect(() => argsOf('core', 'sendmany', '["",{"x":-1}]')).toThrow('Amount out of range');
  });

  test('what a profile fixes for its callers', () => {
    expect(argsOf('legacy', 'getreceivedbyaddress', '["x"]')).toMatchObject({ coinbase: 'none' });
    expect(argsOf('core', 'getreceivedbyaddress', '["x"]')).toMatchObject({ coinbase: 'mature' });
    expect(argsOf('core', 'getreceivedbyaddress', '["x",1,true]')).toMatchObject({
      coinbase: 'all',
    });
    expect(argsOf('legacy', 'validateaddress', '["x"]')).toEqual({
      address: 'x',
      wallet_facts: true,
    });
  });

  test('sendrawtransaction: allowhighfees becomes a highest fee rate', () => {
    expect(argsOf('legacy', 'sendrawtransaction', '["00",true]')).toMatchObject({ maxfeerate: 0n });
    expect(argsOf('legacy', 'sendrawtransaction', '["00"]')).toEqual({
      hexstring: '00',
      maxfeerate: 10_000_000n,
      maxburnamount: 0n,
    });
  });

  test('members of an options object may stand beside it by name', () => {
    expect(argsOf('core', 'listunspent', '{"minimumAmount":10,"maximumCount":1}')).toMatchObject({
      minconf: 1,
      query_options: { minimumAmount: 1_000_000_000n, maximumCount: 1 },
    });
  });

  test('a null that was given is told from nothing only where it matters', () => {
    expect(argsOf('core', 'echo', '[null,null,3,null]')).toMatchObject({ arg1: null, arg3: null });
    expect(argsOf('core', 'echo', '[null]')).toMatchObject({ arg0: null, arg1: undefined });
    expect(argsOf('core', 'listtransactions', '[null,null]')).toMatchObject({ count: 10 });
    expect(() => argsOf('core', 'getblockhash', '{"height":null}')).toThrow('type null');
  });

  test('a name given twice is refused', () => {
    expect(() => argsOf('core', 'getblockhash', '{"height":1,"height":2}')).toThrow(
      'Parameter height specified multiple times',
    );
  });
});

describe('help', () => {
  const views = viewsOf('coind');

  test('the list is grouped and leaves hidden methods out', () => {
    const text = helpList(views.values());
    expect(text).toMatch(/^== Blockchain ==\n/);
    expect(text).toContain('\ngetbestblockhash\n');
    expect(text).toContain('\nmove "fromaccount" "toaccount" amount ( minconf "comment" )');
    expect(text).not.toContain('setmocktime');
  });

  test('one method: usage first, then arguments, result, examples', () => {
    const view = views.get('getblock');
    if (!view) throw new Error('no getblock');
    const text = helpText(view);
    expect(text).toMatch(/^getblock "blockhash" \( verbosity \)\n\n/);
    expect(text).toContain('2. verbosity or verbose (numeric or boolean, optional, default=1)');
    expect(text).toContain('"previousblockhash" (string, hex, optional)');
    expect(text).toContain('> coin-cli getblock ');
  });

  test('unknown commands are answered, not refused', () => {
    expect(help(views, 'foo')).toBe('help: unknown command: foo');
    expect(help(views, '')).toBe(help(views, undefined));
    expect(help(views, 'setmocktime')).toMatch(/^setmocktime timestamp\n/);
  });

  test('every method has a sentence, an example, and explained parameters', () => {
    for (const view of views.values()) {
      expect(view.spec.about, view.name).toMatch(/\.$/);
      expect(view.spec.examples?.length, view.name).toBeGreaterThan(0);
      for (const { name, codec } of view.params) {
        expect(codec.about, `${view.name} ${name}`).not.toBe('');
      }
      expect(usageLine(view)).toMatch(new RegExp(`^${view.name}( |$)`));
    }
  });
});
