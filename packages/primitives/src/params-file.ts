/**
 * Chain parameters from JSON: a private network is a known one (`base`) with other values. Checked field by
 * field, so a slip in the file is a message and not a network that nobody else can join.
 */
import type { BlockHash } from './ids.ts';
import {
  type AssumedUtxos,
  type BuriedDeployments,
  type ChainParams,
  chainNames,
  chainParams,
  genesisBlock,
} from './params.ts';
import { decodeBits, encodeBits, hashToNumber } from './target.ts';

/** A parameter file says something that no network can have. */
export class ParamsError extends Error {
  override name = 'ParamsError';
}

/** How far a missing genesis nonce is searched: seconds of work at most. */
const NONCE_SEARCH_LIMIT = 1 << 22;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fail(field: string, wanted: string): never {
  throw new ParamsError(`chain parameters: ${field} must be ${wanted}`);
}

type Check<T> = (value: unknown, field: string) => T;

const integer =
  (min: number, max: number): Check<number> =>
  (value, field) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : fail(field, `a whole number from ${min} to ${max}`);
const bool: Check<boolean> = (value, field) =>
  typeof value === 'boolean' ? value : fail(field, 'true or false');
const text =
  (pattern: RegExp, wanted: string): Check<string> =>
  (value, field) =>
    typeof value === 'string' && pattern.test(value) ? value : fail(field, wanted);
const hex = (bytes: number): Check<string> =>
  text(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `${bytes} bytes of lower-case hex`);
const bits: Check<number> = (value, field) => Number.parseInt(hex(4)(value, field), 16);
const uint32 = integer(0, 0xffffffff);
const byte = integer(0, 255);
const port = integer(1, 65535);
const height = integer(0, 0x7fffffff);

const hostText = text(/^[\x21-\x7e]{1,255}$/, 'a host name or an address');
const list =
  <T>(check: Check<T>): Check<readonly T[]> =>
  (value, field) =>
    Array.isArray(value) ? value.map((each) => check(each, field)) : fail(field, 'a list');

/** Checks the members of an object against `checks`; refuses members it does not know. */
function members<T>(
  value: unknown,
  field: string,
  checks: { [K in keyof T]: Check<T[K]> },
): Partial<T> {
  if (!isObject(value)) return fail(field, 'an object');
  const known: Partial<T> = {};
  for (const [key, member] of Object.entries(value)) {
    const check = (checks as Readonly<Record<string, Check<unknown>>>)[key];
    const path = field === '' ? key : `${field}.${key}`;
    if (!Object.hasOwn(checks, key) || !check) {
      throw new ParamsError(`chain parameters: unknown member ${path}`);
    }
    (known as Record<string, unknown>)[key] = check(member, path);
  }
  return known;
}

const heights: { [K in keyof BuriedDeployments]: Check<number> } = {
  bip34: height,
  bip66: height,
  bip65: height,
  csv: height,
  segwit: height,
};

/** What a file may set; everything else comes from the base network. */
interface FileFields {
  base: string;
  name: string;
  testNetwork: boolean;
  messageStart: string;
  p2pPort: number;
  rpcPort: number;
  onionPort: number;
  base58: Partial<ChainParams['base58']>;
  bip32: Partial<ChainParams['bip32']>;
  bip44CoinType: number;
  bech32Hrp: string;
  halvingInterval: number;
  powLimitBits: number;
  powTargetSpacing: number;
  powTargetTimespan: number;
  minDifficultyBlocks: boolean;
  noRetargeting: boolean;
  bip94: boolean;
  buried: Partial<BuriedDeployments>;
  signetChallenge: string;
  dnsSeeds: readonly string[];
  fixedSeeds: readonly string[];
  genesis: Partial<GenesisJson>;
  assumeUtxo: readonly AssumedUtxos[];
}

interface GenesisJson {
  text: string;
  script: string;
  time: number;
  bits: number;
  nonce: number;
}

/** Every member of each row has to be given: half a snapshot cannot be checked. */
const assumedUtxos: Check<readonly AssumedUtxos[]> = (value, field) => {
  if (!Array.isArray(value)) return fail(field, 'a list');
  return value.map((row, i) => {
    const path = `${field}[${i}]`;
    const {
      height: at,
      blockHash,
      hash,
      txCount,
    } = members<AssumedUtxos>(row, path, {
      height: integer(1, 0x7fffffff),
      blockHash: (member, name) => hex(32)(member, name) as BlockHash,
      hash: hex(32),
      txCount: integer(1, Number.MAX_SAFE_INTEGER),
    });
    if (at === undefined || !blockHash || hash === undefined || txCount === undefined) {
      return fail(path, 'an object with height, blockHash, hash and txCount');
    }
    return { height: at, blockHash, hash, txCount };
  });
};

const fileFields: { [K in keyof FileFields]: Check<FileFields[K]> } = {
  base: (value, field) =>
    typeof value === 'string' && chainNames.includes(value)
      ? value
      : fail(field, `one of ${chainNames.join(', ')}`),
  name: text(/^[a-z][a-z0-9-]{0,31}$/, 'a lower-case word (letters, digits, hyphens)'),
  testNetwork: bool,
  messageStart: hex(4),
  p2pPort: port,
  rpcPort: port,
  onionPort: port,
  base58: (value, field) =>
    members<ChainParams['base58']>(value, field, {
      pubkeyHash: byte,
      scriptHash: byte,
      secretKey: byte,
    }),
  bip32: (value, field) =>
    members<ChainParams['bip32']>(value, field, { public: uint32, private: uint32 }),
  bip44CoinType: integer(0, 0x7fffffff),
  bech32Hrp: text(/^[a-z]{1,16}$/, '1 to 16 lower-case letters'),
  halvingInterval: integer(1, 210_000),
  powLimitBits: bits,
  powTargetSpacing: integer(1, 86_400),
  powTargetTimespan: integer(1, 0x7fffffff),
  minDifficultyBlocks: bool,
  noRetargeting: bool,
  bip94: bool,
  buried: (value, field) => members<BuriedDeployments>(value, field, heights),
  signetChallenge: text(/^([0-9a-f]{2})+$/, 'a script in hex'),
  dnsSeeds: list(hostText),
  fixedSeeds: list(hostText),
  assumeUtxo: assumedUtxos,
  genesis: (value, field) =>
    members<GenesisJson>(value, field, {
      text: text(/^[\x20-\x7e]{1,80}$/, '1 to 80 printable ASCII characters'),
      script: text(/^([0-9a-f]{2})*$/, 'a script in hex'),
      time: uint32,
      bits,
      nonce: uint32,
    }),
};

/**
 * Parameters of the network that `json` describes (`-chain=FILE.json`). Only `name` is required; `base`
 * defaults to `regtest`. A genesis without `nonce` is mined on the spot where that is quick.
 * Throws `ParamsError` naming the member at fault.
 *
 * @example parseChainParams({ base: 'coin', name: 'classroom', messageStart: '0badc0de', p2pPort: 9333, rpcPort: 9332 })
 */
export function parseChainParams(json: unknown): ChainParams {
  const {
    base: baseName = 'regtest',
    genesis,
    powLimitBits,
    ...fields
  } = members<FileFields>(json, '', fileFields);
  const base = chainParams(baseName) as ChainParams;
  if (fields.name === undefined) fail('name', 'given');
  if (chainNames.includes(fields.name)) fail('name', 'no name of a known network');
  const powLimit = powLimitBits === undefined ? base.powLimit : targetOf(powLimitBits);
  const params: ChainParams = {
    ...base,
    // The base network's seeds know nothing of this one.
    dnsSeeds: [],
    fixedSeeds: [],
    ...fields,
    name: fields.name,
    dataSubdirectory: fields.name,
    powLimit,
    base58: { ...base.base58, ...fields.base58 },
    bip32: { ...base.bip32, ...fields.bip32 },
    buried: { ...base.buried, ...fields.buried },
    genesis: genesis ? genesisOf(genesis, base, powLimit) : base.genesis,
  };
  if (params.powTargetTimespan % params.powTargetSpacing !== 0) {
    fail('powTargetTimespan', 'a multiple of powTargetSpacing');
  }
  if (genesis) {
    // Facts about the base network's own history; they mean nothing on another chain.
    const { bip34Hash: _, assumeValid: __, ...own } = params;
    return {
      ...own,
      scriptExceptions: {},
      assumeUtxo: fields.assumeUtxo ?? [],
      minimumChainwork: 0n,
      txStats: { time: 0, txCount: 0, txRate: 0.001 },
    };
  }
  return params;
}

function targetOf(powLimitBits: number): bigint {
  const { target, negative, overflow } = decodeBits(powLimitBits);
  if (negative || overflow || target === 0n) fail('powLimitBits', 'a valid compact target');
  return target;
}

function genesisOf(
  json: Partial<GenesisJson>,
  base: ChainParams,
  powLimit: bigint,
): ChainParams['genesis'] {
  const { text: message, script = '6a', time, bits: given, nonce } = json;
  if (message === undefined) fail('genesis.text', 'given');
  if (time === undefined) fail('genesis.time', 'given');
  const genesisBits = given ?? encodeBits(powLimit);
  const { target, negative, overflow } = decodeBits(genesisBits);
  if (negative || overflow || target === 0n || target > powLimit) {
    fail('genesis.bits', `a target within the limit of ${base.name} or powLimitBits`);
  }
  const at = (candidate: number) =>
    genesisBlock({ text: message, script, time, bits: genesisBits, nonce: candidate });
  if (nonce !== undefined) {
    const block = at(nonce);
    if (hashToNumber(block.hash) > target) fail('genesis.nonce', 'one that meets genesis.bits');
    return block;
  }
  for (let candidate = 0; candidate < NONCE_SEARCH_LIMIT; candidate++) {
    const block = at(candidate);
    if (hashToNumber(block.hash) <= target) return block;
  }
  return fail('genesis.nonce', 'given: this target is too hard to search for one at every start');
}
