import {
  BlockHeader,
  type ChainParams,
  chainParams,
  type VersionBitsDeployment,
  ZERO_HASH,
} from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerContextOf } from './header-context.ts';
import {
  blockVersion,
  type DeploymentCache,
  deploymentInfo,
  deploymentState,
  hasSignal,
  unknownDeployments,
  unknownRulesCache,
} from './version-bits.ts';

const regtest = chainParams('regtest')!;
const START = 1_500_000_000;
const DEPLOYMENT: VersionBitsDeployment = {
  bit: 3,
  startTime: START,
  timeout: START + 100_000,
  threshold: 8,
  period: 10,
  minActivationHeight: 0,
};
const SIGNAL = 0x20000000 | (1 << DEPLOYMENT.bit);
const SILENT = 0x20000000;

/** One header per version, a minute apart, the first at `time`. */
function branch(versions: readonly number[], time = START, spacing = 60): BlockHeader[] {
  return versions.map(
    (version, height) =>
      new BlockHeader({
        version,
        prevHash: ZERO_HASH,
        merkleRoot: '0'.repeat(64),
        time: time + spacing * height,
        bits: 0x207fffff,
        nonce: height,
      }),
  );
}

const times = (count: number, version: number) => Array.from({ length: count }, () => version);

/** States of the first blocks of all periods that `headers` decide, the genesis period first. */
function statesOf(headers: readonly BlockHeader[], deployment = DEPLOYMENT) {
  const { period } = deployment;
  const states = [deploymentState(deployment, undefined)];
  for (let end = period - 1; end < headers.length; end += period) {
    states.push(deploymentState(deployment, headerContextOf(headers, end)));
  }
  return states;
}

describe('the state machine', () => {
  test('starts, locks in, becomes active and stays so', () => {
    const headers = branch([...times(10, SILENT), ...times(10, SIGNAL), ...times(30, SILENT)]);
    expect(statesOf(headers)).toEqual([
      'defined',
      'started',
      'locked_in',
      'active',
      'active',
      'active',
    ]);
  });

  test('one signal short of the threshold is not enough', () => {
    const almost = [...times(7, SIGNAL), ...times(3, SILENT)];
    const enough = [...times(8, SIGNAL), ...times(2, SILENT)];
    const headers = branch([...times(10, SILENT), ...almost, ...enough]);
    expect(statesOf(headers)).toEqual(['defined', 'started', 'started', 'locked_in']);
  });

  test('is defined until the median time reaches the start', () => {
    const headers = branch(times(30, SIGNAL), START - 16 * 60);
    expect(statesOf(headers)).toEqual(['defined', 'defined', 'defined', 'started']);
  });

  test('fails when the time is over, unless the last period locks it in', () => {
    const timeout = START + 15 * 60;
    const late = { ...DEPLOYMENT, timeout };
    expect(statesOf(branch(times(40, SILENT)), late)).toEqual([
      'defined',
      'started',
      'started',
      'failed',
      'failed',
    ]);
    const saved = branch([...times(20, SILENT), ...times(20, SIGNAL)]);
    expect(statesOf(saved, late)[3]).toBe('locked_in');
  });

  test('waits for the minimum activation height', () => {
    const waiting = { ...DEPLOYMENT, minActivationHeight: 45 };
    const headers = branch([...times(10, SILENT), ...times(10, SIGNAL), ...times(40, SILENT)]);
    expect(statesOf(headers, waiting)).toEqual([
      'defined',
      'started',
      'locked_in',
      'locked_in',
      'locked_in',
      'active',
      'active',
    ]);
  });

  test('knows deployments that always or never hold', () => {
    const [header] = branch([SILENT]);
    const context = headerContextOf([header!]);
    expect(deploymentState({ ...DEPLOYMENT, startTime: -1 }, undefined)).toBe('active');
    expect(deploymentState({ ...DEPLOYMENT, startTime: -2 }, context)).toBe('failed');
  });

  test('a cache changes no answer', () => {
    const version = fc.constantFrom(SIGNAL, SILENT);
    fc.assert(
      fc.property(fc.array(version, { minLength: 10, maxLength: 80 }), (versions) => {
        const headers = branch(versions, START - 300);
        const cache: DeploymentCache = new Map();
        for (let height = 0; height < headers.length; height += 3) {
          const parent = headerContextOf(headers, height);
          expect(deploymentState(DEPLOYMENT, parent, cache)).toBe(
            deploymentState(DEPLOYMENT, parent),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('signals', () => {
  test.each([
    [SIGNAL, true],
    [SILENT, false],
    [0x00000008, false],
    [0x60000008, false],
    // Version is signed: these are top bits 101 and 111.
    [-0x5ffffff8, false],
    [-1, false],
  ])('version %i', (version, expected) => {
    const [header] = branch([version]);
    expect(hasSignal(header!.version, 3)).toBe(expected);
  });
});

describe('information', () => {
  test('counts the period while it is open', () => {
    const headers = branch([...times(10, SILENT), SIGNAL, SILENT, SILENT, SILENT]);
    expect(deploymentInfo(DEPLOYMENT, headerContextOf(headers))).toEqual({
      state: 'started',
      since: 10,
      nextState: 'started',
      statistics: {
        period: 10,
        elapsed: 4,
        count: 1,
        vote: { threshold: 8, possible: false },
      },
      signalling: '#---',
    });
  });

  test('says when the rules hold as soon as that is known', () => {
    const headers = branch([...times(10, SILENT), ...times(10, SIGNAL), ...times(20, SILENT)]);
    const at = (height: number) => deploymentInfo(DEPLOYMENT, headerContextOf(headers, height));
    expect(at(28)).toMatchObject({ state: 'locked_in', since: 20, nextState: 'locked_in' });
    expect(at(28).activeSince).toBeUndefined();
    expect(at(28).statistics).toEqual({ period: 10, elapsed: 9, count: 0 });
    expect(at(29)).toMatchObject({ state: 'locked_in', nextState: 'active', activeSince: 30 });
    expect(at(39)).toEqual({ state: 'active', since: 30, nextState: 'active', activeSince: 30 });
  });
});

describe('the version of a new block', () => {
  const params = (deployment: VersionBitsDeployment): ChainParams => ({
    ...regtest,
    deployments: { testdummy: deployment },
  });

  test('signals while there is something to decide', () => {
    const headers = branch([...times(10, SILENT), ...times(10, SIGNAL), ...times(10, SILENT)]);
    const after = (height: number) =>
      blockVersion(headerContextOf(headers, height), params(DEPLOYMENT));
    expect(after(8)).toBe(SILENT);
    expect(after(9)).toBe(SIGNAL);
    expect(after(28)).toBe(SIGNAL);
    expect(after(29)).toBe(SILENT);
  });

  test('unknown signals are noticed, known ones are not', () => {
    const quiet = { ...params({ ...DEPLOYMENT, startTime: -2 }), powTargetTimespan: 6000 };
    const headers = branch([...times(10, SILENT), ...times(10, SIGNAL), ...times(10, SILENT)]);
    const found = (height: number, known: ChainParams = quiet) =>
      unknownDeployments(headerContextOf(headers, height), known);
    expect(found(18)).toEqual([]);
    expect(found(19)).toEqual([{ bit: 3, active: false }]);
    expect(found(29)).toEqual([{ bit: 3, active: true }]);
    const cache = unknownRulesCache();
    for (let height = 0; height < 30; height++) {
      const remembered = unknownDeployments(headerContextOf(headers, height), quiet, cache);
      expect(remembered, `${height}`).toEqual(found(height));
    }
    expect(found(29, { ...params(DEPLOYMENT), powTargetTimespan: 6000 })).toEqual([]);
  });

  test('bits that miners may use as a nonce announce nothing (BIP323)', () => {
    const quiet = { ...params({ ...DEPLOYMENT, startTime: -2 }), powTargetTimespan: 6000 };
    const nonce = 0x20000000 | (0xffffff << 5);
    const headers = branch([...times(10, SILENT), ...times(10, nonce), ...times(10, nonce | 16)]);
    const found = (height: number) =>
      unknownDeployments(headerContextOf(headers, height), quiet).map(({ bit }) => bit);
    expect(found(19)).toEqual([]);
    expect(found(29)).toEqual([4]);
  });
});
