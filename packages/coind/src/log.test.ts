import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logCategories } from '@coind/rpc';
import { ConfError } from '@coind/rpc/conf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chosenCategories, chosenLevels, type LogOptions, openLog, shrinkLogFile } from './log.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-log-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function options(more: Partial<LogOptions> = {}): LogOptions {
  return {
    file: join(dir, 'debug.log'),
    console: false,
    categories: new Set(),
    level: 'debug',
    levels: new Map(),
    timestamps: false,
    timeMicros: false,
    threadNames: false,
    levelAlways: false,
    shrink: false,
    ...more,
  };
}
const written = () => readFileSync(join(dir, 'debug.log'), 'utf8');

describe('lines', () => {
  test('are on disk when the call returns, in the format of bitcoind', () => {
    const log = openLog(options({ categories: new Set(['net']) }), [
      { level: 'warning', message: 'early' },
    ]);
    log.info('new tip', { height: 5, hash: 'ab', note: 'two words', none: undefined });
    log.error('disk full');
    log.debug('net', 'received: ping');
    log.debug('rpc', 'not asked for');
    log.trace('net', 'too much');
    log.child('net').debug('sent', { bytes: 3n });
    expect(written()).toBe(
      '[warning] early\nnew tip height=5 hash=ab note="two words"\n[error] disk full\n' +
        '[net] received: ping\n[net] sent bytes=3\n',
    );
    log.close();
  });

  test('carry time, thread and level when told so', () => {
    const log = openLog(
      options({ timestamps: true, timeMicros: true, threadNames: true, levelAlways: true }),
    );
    log.info('hello');
    log.close();
    expect(written()).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \[main\] \[all:info\] hello\n$/,
    );
    const plain = openLog(options({ file: join(dir, 'b'), timestamps: true }));
    plain.info('x');
    plain.close();
    expect(readFileSync(join(dir, 'b'), 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ x\n$/);
  });

  test('cannot send control characters to a terminal', () => {
    const log = openLog(options());
    log.info('a\u001b[31mb\nc', { d: '\u007f' });
    log.close();
    expect(written()).toBe('a\\x1b[31mb\nc d=\\x7f\n');
  });

  test('go to the new file after reopen, and a second run leaves a gap', () => {
    const log = openLog(options());
    log.info('one');
    rmSync(join(dir, 'debug.log'));
    log.reopen();
    log.info('two');
    log.close();
    const again = openLog(options());
    again.info('three');
    again.close();
    expect(written()).toBe('two\n\n\n\n\n\nthree\n');
  });

  test('a file that cannot be opened is a clear error', () => {
    const file = join(dir, 'no', 'debug.log');
    expect(() => openLog(options({ file }))).toThrow(
      new ConfError(`Could not open debug log file ${file}`),
    );
  });
});

describe('categories', () => {
  test('all, some, and those after a none', () => {
    expect(chosenCategories(['1'], ['net']).size).toBe(logCategories.length - 1);
    expect([...chosenCategories(['http', 'abc', 'none', 'rpc'], [])]).toEqual(['rpc']);
    expect(() => chosenCategories(['abc'], [])).toThrow('Unsupported logging category -debug=abc.');
    expect(() => chosenCategories([], ['abc'])).toThrow(
      'Unsupported logging category -debugexclude=abc.',
    );
  });

  test('levels for all and for one', () => {
    expect(chosenLevels(['trace', 'net:info'])).toEqual({
      level: 'trace',
      levels: new Map([['net', 'info']]),
    });
    expect(() => chosenLevels(['abc'])).toThrow(
      'Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace.',
    );
    expect(() => chosenLevels(['net:info:x'])).toThrow('Unsupported category-specific');
  });

  test('can be switched while running', () => {
    const log = openLog(options());
    expect(log.enabled('net')).toBe(false);
    log.setCategories(['net', 'rpc'], ['rpc']);
    expect([log.enabled('net'), log.child('rpc').debugEnabled]).toEqual([true, false]);
    expect(log.categories().net).toBe(true);
    log.close();
  });
});

test('a long file keeps its end', () => {
  const file = join(dir, 'debug.log');
  writeFileSync(file, `${'x'.repeat(12_000_000)}end`);
  shrinkLogFile(file);
  expect(statSync(file).size).toBe(10_000_000);
  expect(readFileSync(file, 'latin1').endsWith('xend')).toBe(true);
});
