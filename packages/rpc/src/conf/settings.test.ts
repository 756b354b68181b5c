import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArguments, UnknownOptionError } from './arguments.ts';
import { parseConf } from './conf-file.ts';
import type { OptionTable } from './option-table.ts';
import { formatOptionHelp, nearestOption } from './option-table.ts';
import { ConfError, emptySources, isTrueText, leadingInteger, Settings } from './settings.ts';

const table: OptionTable = {
  server: { category: 'rpc', kind: 'bool', about: 'Serve' },
  port: { category: 'net', kind: 'port', about: 'Port', value: '<port>', networkOnly: true },
  rpcport: { category: 'rpc', kind: 'port', about: 'RPC port', value: '<port>' },
  connect: { category: 'net', kind: 'string', about: 'Peers', repeatable: true },
  datadir: { category: 'net', kind: 'string', about: 'Where', noNegation: true },
  proxy: { category: 'net', kind: 'string', about: 'Through', noBareForm: true, noEffect: true },
  includeconf: { category: 'net', kind: 'string', about: 'More', repeatable: true },
  regtest: { category: 'net', kind: 'bool', about: 'Test' },
};

function settings(argv: string[], conf = '', section = ''): Settings {
  const sources = emptySources();
  const warnings: string[] = [];
  const { values } = parseArguments(argv, table, { warn: (text) => warnings.push(text) });
  for (const [name, list] of values) sources.commandLine.set(name, list);
  for (const { key, value } of parseConf(conf).lines) {
    const dot = key.indexOf('.');
    const name = key.slice(dot + 1).replace(/^no/, '');
    const of = sources.conf.get(key.slice(0, Math.max(dot, 0))) ?? new Map();
    sources.conf.set(key.slice(0, Math.max(dot, 0)), of);
    of.set(name, [...(of.get(name) ?? []), key.slice(dot + 1).startsWith('no') ? false : value]);
  }
  return new Settings(sources, table, section);
}

describe('arguments', () => {
  test('every form of bitcoind', () => {
    expect(settings(['-server']).bool('server')).toBe(true);
    expect(settings(['--server=0']).bool('server')).toBe(false);
    expect(settings(['-noserver']).bool('server')).toBe(false);
    expect(settings(['-noserver=0']).bool('server')).toBe(true);
    expect(settings(['-rpcport=1', '-rpcport=2']).int('rpcport')).toBe(2);
    expect(settings([]).bool('server')).toBeUndefined();
  });

  test('options end at the first word', () => {
    const { words, values } = parseArguments(['-server', 'echo', '-port=1'], table, {
      warn: () => undefined,
    });
    expect(words).toEqual(['echo', '-port=1']);
    expect([...values.keys()]).toEqual(['server']);
  });

  test.each([
    [['-foo=1'], 'Invalid parameter -foo=1'],
    [['-regtest.port=1'], 'Invalid parameter -regtest.port=1'],
    [['--'], 'Invalid parameter --'],
    [['-nodatadir'], 'Negating of -datadir is meaningless and therefore forbidden'],
    [['-proxy'], 'Can not set -proxy with no value. Please specify value with -proxy=value.'],
    [['-includeconf=x'], '-includeconf cannot be used from commandline; -includeconf="x"'],
  ])('%j is refused', (argv, message) => {
    const parse = () => parseArguments(argv, table, { warn: () => undefined });
    expect(parse).toThrow(ConfError);
    expect(parse).toThrow(message);
  });

  test('a double negative is told', () => {
    const told: string[] = [];
    parseArguments(['-noserver=0'], table, { warn: (text) => told.push(text) });
    expect(told).toEqual(['Parsed potentially confusing double-negative -server=0']);
  });

  test('an unknown option carries its name, for a suggestion', () => {
    try {
      parseArguments(['-rpcprot=1'], table, { warn: () => undefined });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnknownOptionError);
      expect(nearestOption(table, (error as UnknownOptionError).option)).toBe('rpcport');
    }
    expect(nearestOption(table, 'somethingelse')).toBeUndefined();
  });
});

describe('settings', () => {
  test('command line over section over the lines before any section', () => {
    const conf = 'rpcport=1\n[regtest]\nrpcport=2\n';
    expect(settings([], conf, 'main').int('rpcport')).toBe(1);
    expect(settings([], conf, 'regtest').int('rpcport')).toBe(2);
    expect(settings(['-rpcport=3'], conf, 'regtest').int('rpcport')).toBe(3);
  });

  test('in a file the first value counts, of a chain flag the last', () => {
    expect(settings([], 'rpcport=1\nrpcport=2').int('rpcport')).toBe(1);
    expect(settings([], 'regtest=1\nregtest=0').chainFlag('regtest')).toBe(false);
    expect(settings(['-noregtest'], 'regtest=1').chainFlag('regtest')).toBe(true);
  });

  test('a network-only option outside of the section counts for the main network only', () => {
    expect(settings([], 'port=5', 'main').int('port')).toBe(5);
    expect(settings([], 'port=5', 'regtest').int('port')).toBeUndefined();
    expect(settings([], 'port=5', 'regtest').misplaced()).toEqual(['port']);
    expect(settings(['-port=6'], 'port=5', 'regtest').misplaced()).toEqual([]);
    expect(settings([], 'noport=1', 'regtest').get('port')).toBe(false);
  });

  test('lists gather all sources until a negation', () => {
    const conf = 'connect=c\n[regtest]\nconnect=b\n';
    expect(settings(['-connect=a'], conf, 'regtest').texts('connect')).toEqual(['a', 'b', 'c']);
    expect(settings(['-noconnect'], conf, 'regtest').texts('connect')).toEqual([]);
    expect(settings(['-connect=x', '-noconnect', '-connect=a'], conf).texts('connect')).toEqual([
      'a',
      'c',
    ]);
  });

  test('an implied setting never overrides one that was made', () => {
    const given = settings(['-server=0']);
    expect(given.imply('server', '1')).toBe(false);
    expect(given.imply('rpcport', '7')).toBe(true);
    expect(given.bool('server')).toBe(false);
    expect(given.int('rpcport')).toBe(7);
  });

  test('of all single values on a command line, the last one counts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 1 }), (ports) => {
        const given = settings(ports.map((port) => `-rpcport=${port}`));
        expect(given.int('rpcport')).toBe(ports.at(-1));
      }),
    );
  });

  test('numbers and truth as C reads them', () => {
    expect([leadingInteger(' -12x'), leadingInteger('x'), leadingInteger('')]).toEqual([-12, 0, 0]);
    expect([isTrueText(''), isTrueText('0'), isTrueText('2'), isTrueText('yes')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('conf files', () => {
  test('comments, sections, dotted keys', () => {
    const { lines, sections } = parseConf('# c\n a = b # d\r\n[regtest]\nx=\nsignet.y=1\n');
    expect(lines).toEqual([
      { key: 'a', value: 'b' },
      { key: 'regtest.x', value: '' },
      { key: 'regtest.signet.y', value: '1' },
    ]);
    expect(sections).toEqual([
      { name: 'regtest', line: 3 },
      { name: 'regtest.signet', line: 5 },
    ]);
  });

  test.each([
    ['regtest', 'parse error on line 1: regtest'],
    [
      '\nnono',
      'parse error on line 2: nono, if you intended to specify a negated option, use nono=1 instead',
    ],
    [
      '-a=1',
      'parse error on line 1: -a=1, options in configuration file must be specified without leading -',
    ],
    [
      'rpcpassword=a#b',
      'parse error on line 1, using # in rpcpassword can be ambiguous and should be avoided',
    ],
  ])('%j is refused', (text, message) => {
    expect(() => parseConf(text)).toThrow(new ConfError(message));
  });

  test('what was written is what is read', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const value = fc.stringMatching(/^[A-Za-z0-9:/.=_-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, value)), (pairs) => {
        const text = pairs.map(([key, content]) => `${key}=${content}\n`).join('');
        const read = parseConf(text).lines.map((line) => [line.key, line.value]);
        expect(read).toEqual(pairs);
      }),
    );
  });
});

test('help groups options under the given headings', () => {
  const help = formatOptionHelp(table, { rpc: 'RPC', net: 'Network' });
  expect(help.startsWith('RPC:\n\n  -rpcport=<port>\n       RPC port.\n\n')).toBe(true);
  expect(help).toContain('Accepted, without effect yet.');
});
