import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfError } from '@coind/rpc/conf';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Options, parseOptions } from './config.ts';
import { isSubnet, parseMoney, splitHostPort } from './option-checks.ts';
import { coreOptions, optionsOf } from './options.ts';
import { SettingsFile } from './settings-file.ts';
import { formatUsage, formatVersion } from './usage.ts';

const shared = fileURLToPath(new URL('../../../../shared/spec/core-options.json', import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-conf-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function start(argv: readonly string[], conf?: string, name = 'bitcoin.conf'): Options {
  if (conf !== undefined) writeFileSync(join(dir, name), conf);
  const request = parseOptions([`-datadir=${dir}`, ...argv], { HOME: dir });
  if (request.kind !== 'start') throw new Error(`unexpected ${request.kind}`);
  return request.options;
}
const notes = (options: Options) => options.notes.map(({ message }) => message);

describe('what a start gets', () => {
  test('without options: the network of coind, friendly defaults', () => {
    const options = start([]);
    expect(options.params.name).toBe('coin');
    expect(options.profile).toBe('coind');
    expect(options.paths.network).toBe(join(dir, 'coin'));
    expect(options.rpc.endpoints).toEqual([
      { host: '127.0.0.1', port: 8332 },
      { host: '::1', port: 8332 },
    ]);
    expect(options.wallets.createDefault).toBe(true);
    expect(options.wallets.fallbackFeeRate).toBe(0n);
    expect(start(['-regtest']).wallets.fallbackFeeRate).toBe(20_000n);
    expect(options.mempool.minRelayFeeRate).toBe(100n);
    expect(options.warnings).toEqual([]);
  });

  test('-compat=core: exactly bitcoind', () => {
    const options = start(['-compat=core']);
    expect(options.params.name).toBe('main');
    expect(options.paths.network).toBe(dir);
    expect(options.wallets.createDefault).toBe(false);
    expect(start(['-compat=core', '-regtest']).wallets.fallbackFeeRate).toBe(0n);
    expect(() => start(['-compat=core', '-paytxfee=1'])).toThrow('Invalid parameter -paytxfee=1');
    expect(start(['-compat=legacy', '-paytxfee=0.0001']).wallets.payTxFeeRate).toBe(10_000n);
    expect(start(['-compat=legacy']).wallets.addressType).toBe('p2sh-segwit');
  });

  test("the command lines of bitcoin's own tests and of the recordings", () => {
    const conf =
      'regtest=1\n[regtest]\nport=11000\nrpcport=16000\nrpcservertimeout=99000\nrpcdoccheck=1\n' +
      'rpcthreads=2\nfallbackfee=0.0002\nserver=1\nkeypool=1\ndiscover=0\ndnsseed=0\nfixedseeds=0\n' +
      'listenonion=0\npeertimeout=999999999\nprinttoconsole=0\nnatpmp=0\nshrinkdebugfile=0\n' +
      'unsafesqlitesync=1\nconnect=0\nmaxconnections=94\npar=2\nprevoutfetchthreads=1\nbind=127.0.0.1\n';
    const options = start(
      [
        ...['-logtimemicros', '-debug', '-debugexclude=leveldb', '-debugexclude=rand'],
        ...['-uacomment=testnode0', '-disablewallet', '-logthreadnames', '-logsourcelocations'],
        ...['-loglevel=trace', '-nologratelimit', '-v2transport=0'],
      ],
      conf,
    );
    expect(options.params.name).toBe('regtest');
    expect(options.rpc).toMatchObject({ serverTimeoutSeconds: 99000, threads: 2 });
    expect(options.rpc.endpoints[0]?.port).toBe(16000);
    expect(options.net).toMatchObject({ port: 11000, connectOnly: [], maxConnections: 94 });
    expect(options.net.userAgent).toContain('(testnode0)');
    expect(options.wallets.enabled).toBe(false);
    expect(options.log).toMatchObject({ console: false, level: 'trace', timeMicros: true });
    expect(options.log.categories.has('rand')).toBe(false);
    expect(options.log.categories.has('net')).toBe(true);
    expect(options.validation.scriptThreads).toBe(2);

    const recorded = start([
      ...['-regtest', '-rpcport=1', '-port=2', '-rpcuser=user', '-rpcpassword=pass'],
      ...['-bind=127.0.0.1:2', '-discover=0', '-dnsseed=0', '-fixedseeds=0', '-listenonion=0'],
      ...['-natpmp=0', '-server=1', '-rest=1', '-txindex=1', '-blockfilterindex=1'],
      ...['-coinstatsindex=1', '-fallbackfee=0.0002', '-keypool=10', '-conf='],
    ]);
    expect(recorded.rpc).toMatchObject({ user: 'user', password: 'pass', rest: true });
    expect(recorded.paths.cookie).toBeUndefined();
    expect(recorded.indexes).toEqual({
      tx: true,
      blockFilter: true,
      coinStats: true,
      txoSpender: false,
      address: false,
    });
    expect(recorded.wallets.keypoolSize).toBe(10);
  });

  test('arguments, then settings.json, then the section, then the rest of the file', () => {
    mkdirSync(join(dir, 'regtest'));
    writeFileSync(join(dir, 'regtest', 'settings.json'), '{"keypool": "7", "wallet": ["a", "b"]}');
    const conf =
      'keypool=1\ntxconfirmtarget=3\n[regtest]\nkeypool=5\ntxconfirmtarget=4\nwallet=c\n';
    const options = start(['-regtest'], conf);
    expect(options.wallets).toMatchObject({
      keypoolSize: 7,
      confirmTarget: 4,
      load: ['a', 'b', 'c'],
    });
    expect(start(['-regtest', '-keypool=9'], conf).wallets.keypoolSize).toBe(9);
    expect(start(['-regtest', '-nosettings'], conf).wallets.keypoolSize).toBe(5);
    options.settingsFile.set('wallet', ['a']);
    expect(start(['-regtest'], conf).wallets.load).toEqual(['a', 'c']);
    expect(SettingsFile.read(options.paths.settings).values.get('keypool')).toBe('7');
  });

  test('coin.conf is read before bitcoin.conf, and the one that is not read is refused', () => {
    expect(start([], 'regtest=1\n', 'coin.conf').params.name).toBe('regtest');
    expect(start([], 'signet=1\n').params.name).toBe('regtest');
    rmSync(join(dir, 'coin.conf'));
    writeFileSync(join(dir, 'other.conf'), '');
    expect(() => start(['-conf=other.conf'])).toThrow('which is ignored, because a different');
    expect(start(['-conf=other.conf', '-allowignoredconf']).params.name).toBe('coin');
    expect(notes(start(['-noconf']))).toContain(
      `Data directory "${dir}" contains a "bitcoin.conf" file which is explicitly ignored using -noconf.`,
    );
  });

  test('includeconf reads more files, once deep', () => {
    writeFileSync(join(dir, 'a.conf'), 'keypool=3\nincludeconf=b.conf\n');
    const options = start([], 'includeconf=a.conf\n');
    expect(options.wallets.keypoolSize).toBe(3);
    expect(options.warnings).toEqual([
      'warning: -includeconf cannot be used from included files; ignoring -includeconf=b.conf',
    ]);
    expect(start(['-noincludeconf']).wallets.keypoolSize).toBe(1000);
  });

  test('a private network comes from a file', () => {
    const file = join(dir, 'class.json');
    const json = { name: 'classroom', messageStart: '0badc0de', p2pPort: 9333, rpcPort: 9332 };
    writeFileSync(file, JSON.stringify(json));
    const options = start([`-chain=${file}`]);
    expect(options.paths.network).toBe(join(dir, 'classroom'));
    expect(options.rpc.endpoints[0]?.port).toBe(9332);
    writeFileSync(file, '{"name": "Class"}');
    expect(() => start([`-chain=${file}`])).toThrow(`Chain file ${file}:`);
  });

  test('soft forks of test networks can be moved', () => {
    const { params } = start([
      ...['-regtest', '-testactivationheight=dersig@102', '-testactivationheight=segwit@5'],
      '-vbparams=testdummy:1:9223372036854775807:7',
    ]);
    expect(params.buried).toMatchObject({ bip66: 102, segwit: 5, csv: 1 });
    expect(params.deployments.testdummy).toMatchObject({
      startTime: 1,
      timeout: null,
      minActivationHeight: 7,
    });
  });

  test('implied settings are told, and never override what was said', () => {
    const told = notes(start(['-regtest', '-connect=1.2.3.4']));
    expect(told).toContain(
      'parameter interaction: -connect or -maxconnections=0 set -> setting -dnsseed=0',
    );
    expect(told).toContain('parameter interaction: -listen=0 -> setting -listenonion=0');
    expect(start(['-regtest', '-connect=1.2.3.4', '-listen']).net.listen).toBe(true);
    expect(start(['-regtest', '-noconnect']).net).toMatchObject({ listen: false, connectOnly: [] });
  });

  test('sources are logged, secrets are not', () => {
    const told = notes(
      start(['-regtest', '-rpcpassword=secret', '-addnode=x'], 'keypool=4\n'),
    ).join('\n');
    expect(told).toContain('Command-line arg: addnode="x"');
    expect(told).toContain('Command-line arg: rpcpassword=****');
    expect(told).toContain('Config file arg: keypool="4"');
    expect(told).not.toContain('secret');
  });

  test('help and version go before everything else', () => {
    expect(parseOptions(['-?'], {}).kind).toBe('help');
    expect(parseOptions(['-version', '-datadir=/nowhere'], {}).kind).toBe('version');
    expect(formatVersion()).toContain('version v');
    expect(formatUsage('coind', false)).toContain('\nOptions:\n');
    expect(formatUsage('coind', false)).not.toContain('-capturemessages');
    expect(formatUsage('core', true)).not.toContain('-paytxfee');
  });
});

describe('refusals', () => {
  test('an unknown option names the nearest, bitcoind does not', () => {
    expect(() => start(['-rpcprot=1'])).toThrow(
      'Error parsing command line arguments: Invalid parameter -rpcprot=1. Did you mean -rpcport?',
    );
    expect(() => start(['-compat=core', '-rpcprot=1'])).toThrow(/Invalid parameter -rpcprot=1$/);
    expect(() => start(['-compat=old'])).toThrow('Unknown -compat value old.');
  });

  test('network-only settings before any section', () => {
    expect(() => start(['-regtest'], 'wallet=foo\n')).toThrow(
      'Config setting for -wallet only applied on regtest network when in [regtest] section.',
    );
    expect(start([], 'wallet=foo\n').wallets.load).toEqual(['foo']);
  });

  test('what is to be private is refused rather than sent in the open', () => {
    const refusal = (...args: string[]) => {
      try {
        return start(['-regtest', '-privatebroadcast', ...args]) && 'started';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal()).toContain('but none of Tor or I2P networks is reachable');
    expect(refusal('-onion=127.0.0.1:9050', '-connect=127.0.0.1')).toContain('incompatible');
    expect(refusal('-onion=127.0.0.1:9050')).toContain('which coind does not have yet');
    expect(refusal('-noprivatebroadcast')).toBe('started');
  });

  test('settings.json says who writes it, and what nobody knows is told and kept', () => {
    mkdirSync(join(dir, 'regtest'));
    const file = join(dir, 'regtest', 'settings.json');
    writeFileSync(file, '{"_warning_": "x", "nobody": [1]}');
    const options = start(['-regtest', '-compat=core']);
    expect(notes(options)).toContain('Ignoring unknown rw_settings value nobody');
    expect(notes(options)).not.toContain('_warning_');
    options.settingsFile.save();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      _warning_: expect.stringContaining('generated and updated by Bitcoin Core.'),
      nobody: [1],
    });
    rmSync(file);
    mkdirSync(`${file}.tmp`);
    expect(() => options.settingsFile.save()).toThrow('Settings file could not be written:');
  });

  test('a broken settings.json', () => {
    mkdirSync(join(dir, 'regtest'));
    const file = join(dir, 'regtest', 'settings.json');
    for (const [text, message] of [
      ['{', 'does not contain valid JSON'],
      ['[]', `Found non-object value [] in settings file ${file}`],
      ['{"a": 1, "a": 2}', `Found duplicate key a in settings file ${file}`],
    ] as const) {
      writeFileSync(file, text);
      expect(() => start(['-regtest'])).toThrow(message);
    }
  });

  test('every start-up failure recorded from bitcoind', ({ skip }) => {
    skip(!existsSync(shared), 'the recordings in ../shared are not here');
    const { startup_failures: failures } = JSON.parse(readFileSync(shared, 'utf8')) as {
      startup_failures: { args: string[]; conf?: string; exit: number | null; stderr: string }[];
    };
    expect(failures.length).toBeGreaterThan(40);
    for (const { args, conf, exit, stderr } of failures) {
      const missing = join(dir, 'missing');
      const fill = (text: string) =>
        text.replaceAll('{datadir}', dir).replaceAll('{missing}', missing);
      rmSync(join(dir, 'bitcoin.conf'), { force: true });
      const long = args.map((arg) => arg.replace('xxxxxxxxx…', 'x'.repeat(300)));
      let message = '';
      try {
        start(['-compat=core', ...long.map(fill)], conf);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfError);
        message = `Error: ${(error as Error).message}\n`;
      }
      const expected = exit === null ? '' : fill(stderr);
      if (expected.endsWith('…')) expect(message.startsWith(expected.slice(0, -1))).toBe(true);
      else expect(message).toBe(expected);
    }
  });
});

describe('the table', () => {
  test('has every option of bitcoind, of the same form', ({ skip }) => {
    skip(!existsSync(shared), 'the recordings in ../shared are not here');
    const { daemon } = JSON.parse(readFileSync(shared, 'utf8')) as {
      daemon: Record<string, { kind: string; repeatable?: true; network_only?: true }>;
    };
    for (const [dashed, spec] of Object.entries(daemon)) {
      const option = coreOptions[dashed.slice(1)];
      expect([dashed, option?.kind]).toEqual([dashed, spec.kind]);
      expect([dashed, option?.repeatable]).toEqual([dashed, spec.repeatable]);
      expect([dashed, option?.networkOnly]).toEqual([dashed, spec.network_only]);
    }
  });

  test('no option begins with "no": that would read as a negation', () => {
    for (const name of Object.keys(optionsOf('coind'))) expect(name).not.toMatch(/^no/);
  });
});

describe('small readers', () => {
  test('amounts are plain decimals', () => {
    expect(parseMoney('0.0002')).toBe(20_000n);
    expect(parseMoney(' 1. ')).toBe(100_000_000n);
    expect(parseMoney('.5')).toBe(50_000_000n);
    for (const text of ['', 'x', '-1', '1e-8', '0.000000001', '21000001']) {
      expect(parseMoney(text)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }), (sats) => {
        const digits = sats.toString().padStart(9, '0');
        expect(parseMoney(`${digits.slice(0, -8)}.${digits.slice(-8)}`)).toBe(sats);
      }),
    );
  });

  test('subnets and hosts', () => {
    const subnets = ['1.2.3.4', '1.2.3.0/24', '1.2.3.4/255.255.255.0', '::1', 'fe80::/10'];
    expect(subnets.every(isSubnet)).toBe(true);
    expect(['foo', '1.2.3', '1.2.3.4/33', '1.2.3.4/x', '::1/129'].some(isSubnet)).toBe(false);
    expect(splitHostPort('127.0.0.1:8')).toEqual({ host: '127.0.0.1', port: 8 });
    expect(splitHostPort('[::1]:8')).toEqual({ host: '::1', port: 8 });
    expect(splitHostPort('::1')).toEqual({ host: '::1' });
    expect(splitHostPort('a:0')).toBeUndefined();
    expect(splitHostPort('a:b')).toBeUndefined();
  });
});
