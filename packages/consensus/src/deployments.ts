/**
 * Buried soft forks (BIP90): heights from which their rules hold, and the options by which a test moves
 * them (`-testactivationheight`, `-vbparams`). Soft forks that miners still decide are `version-bits`.
 */
import { type BuriedDeployments, type ChainParams, ParamsError } from '@coind/primitives';

/** Names a soft fork whose activation is history. */
export type BuriedName = keyof BuriedDeployments;

/** Buried soft forks in the order in which `getdeploymentinfo` lists them. */
export const buriedNames: readonly BuriedName[] = ['bip34', 'bip66', 'bip65', 'csv', 'segwit'];

/** True when the rules of `name` hold for the block at `height`. */
export function isBuriedActive(
  name: BuriedName,
  height: number,
  params: Pick<ChainParams, 'buried'>,
): boolean {
  return height >= params.buried[name];
}

/** The names that `-testactivationheight` takes. */
const testActivationNames: Readonly<Record<string, BuriedName>> = {
  segwit: 'segwit',
  bip34: 'bip34',
  dersig: 'bip66',
  cltv: 'bip65',
  csv: 'csv',
};

const INT32_MAX = 0x7fffffff;
const INT64_MAX = (1n << 63n) - 1n;

/**
 * `params` with one buried soft fork at another height: `text` is `name@height`, the argument of
 * `-testactivationheight`. Throws `ParamsError` with bitcoind's text.
 *
 * @example withActivationHeight(params, 'segwit@100').buried.segwit === 100
 */
export function withActivationHeight(params: ChainParams, text: string): ChainParams {
  const option = 'for -testactivationheight=name@height.';
  const at = text.indexOf('@');
  if (at < 0) throw new ParamsError(`Invalid format (${text}) ${option}`);
  const height = integer(text.slice(at + 1));
  if (height === undefined || height < 0n || height >= INT32_MAX) {
    throw new ParamsError(`Invalid height value (${text}) ${option}`);
  }
  const name = text.slice(0, at);
  const buried = Object.hasOwn(testActivationNames, name) ? testActivationNames[name] : undefined;
  if (!buried) throw new ParamsError(`Invalid name (${text}) ${option}`);
  return { ...params, buried: { ...params.buried, [buried]: Number(height) } };
}

/**
 * `params` with other times for a version bits deployment: `text` is
 * `deployment:start:end[:min_activation_height]`, the argument of `-vbparams`. Throws `ParamsError`
 * with bitcoind's text.
 *
 * @example withVersionBits(params, 'testdummy:-1:9223372036854775807')  // active from the start
 */
export function withVersionBits(params: ChainParams, text: string): ChainParams {
  const parts = text.split(':');
  if (parts.length < 3 || parts.length > 4) {
    const form = 'deployment:start:end[:min_activation_height]';
    throw new ParamsError(`Version bits parameters malformed, expecting ${form}`);
  }
  const [name = '', startText = '', timeoutText = '', heightText = '0'] = parts;
  const start = integer(startText);
  if (start === undefined) throw new ParamsError(`Invalid nStartTime (${startText})`);
  const timeout = integer(timeoutText);
  if (timeout === undefined) throw new ParamsError(`Invalid nTimeout (${timeoutText})`);
  const height = integer(heightText);
  if (height === undefined) throw new ParamsError(`Invalid min_activation_height (${heightText})`);
  if (!Object.hasOwn(params.deployments, name)) {
    throw new ParamsError(`Invalid deployment (${name})`);
  }
  const changed = {
    ...params.deployments[name as keyof ChainParams['deployments']],
    startTime: Number(start),
    timeout: timeout === INT64_MAX ? null : Number(timeout),
    minActivationHeight: Number(height),
  };
  return { ...params, deployments: { ...params.deployments, [name]: changed } };
}

/** An int64 in plain decimal digits; undefined for anything else. */
function integer(text: string): bigint | undefined {
  if (!/^-?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= -INT64_MAX - 1n && value <= INT64_MAX ? value : undefined;
}
