/**
 * bitcoind's own vectors for scripts, transactions, signature hashes, keys and addresses: once the copies
 * beside the repository (`../shared/vectors/core`), once the older ones inside the npm package
 * bitcore-lib, which a fresh clone has. Cases that fail CheckTransaction belong to @coind/consensus.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  bytesToHex,
  type ChainParams,
  chainParams,
  EMPTY,
  hexToBytes,
  hexToHash,
  NO_VOUT,
  outpointKey,
  Reader,
  readOutput,
  SEQUENCE_FINAL,
  Tx,
  type Txid,
  type TxOutput,
  ZERO_TXID,
} from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import { decodeAddress, decodeWif, encodeAddress, encodeWif } from './address.ts';
import { parseAsm } from './asm.ts';
import { base58Decode, base58Encode } from './base58.ts';
import { TxChecker } from './checker.ts';
import { ALL_FLAGS, Flags, flagNames, MANDATORY_FLAGS, parseFlags } from './flags.ts';
import { buildScript, OP } from './index.ts';
import { schnorrVerify, signSchnorr } from './schnorr.ts';
import { ScriptError } from './script-error.ts';
import { xOnlyPublicKey } from './secp.ts';
import { PrecomputedTx, sighashLegacy, sighashTaproot } from './sighash.ts';
import { createSignatureCache } from './signature-cache.ts';
import {
  tapbranchHash,
  tapleafHash,
  taprootOutputKey,
  taprootPrivateKey,
  tapTweak,
} from './taproot.ts';
import { p2tr } from './templates.ts';
import { verifyScript } from './verify.ts';

const core = fileURLToPath(new URL('../../../../shared/vectors/core/', import.meta.url));
const bitcore = `${createRequire(import.meta.url)
  .resolve('bitcore-lib/package.json')
  .slice(0, -'package.json'.length)}test/data/`;

const loadJson = <Data>(path: string): Data => JSON.parse(readFileSync(path, 'utf8')) as Data;

/** Runs over every row of a file; says aloud that it did not when the file is missing. */
function testRows<Row>(
  name: string,
  path: string,
  count: number,
  check: (row: Row) => void,
  choose: (row: Row) => boolean = () => true,
): void {
  if (!existsSync(path)) {
    test.skip(`${name}: ${path} is not there`);
    return;
  }
  test(`${name}: ${count} cases`, { timeout: 120_000 }, () => {
    const rows = loadJson<Row[]>(path).filter(choose);
    const wrong: string[] = [];
    for (const row of rows) {
      try {
        check(row);
      } catch (error) {
        wrong.push(`${JSON.stringify(row).slice(0, 400)}: ${error}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(rows.length).toBe(count);
  });
}

/** The name of the failure, `OK` for none. */
function outcome(run: () => void): string {
  try {
    run();
    return 'OK';
  } catch (error) {
    if (error instanceof ScriptError) return error.code;
    throw error;
  }
}

/** Valid signatures are met again under every other set of flags. */
const cache = createSignatureCache(100_000);

type ScriptRow = (string | (string | number)[])[];

/** The internal key that generated taproot outputs of script_tests have: that of private key 1. */
const internalKey = hexToBytes('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

function checkScriptRow(row: ScriptRow): void {
  const { got, wanted } = runScriptRow(row);
  if (got !== wanted) throw new Error(`got ${got}`);
}

/**
 * The copy of 2017 knows fewer names of errors and writes numbers that no script can hold today; and it
 * has the lock opcodes discouraged as NOPs where they are not enforced, which bitcoind gave up.
 */
function checkOldScriptRow(row: ScriptRow): void {
  const modern = row.map((part) => (typeof part === 'string' ? writeOutNumbers(part) : part));
  const { got, wanted } = runScriptRow(modern as ScriptRow);
  if (row[0] === '1' && /^CHECK(LOCKTIME|SEQUENCE)VERIFY$/.test(row[1] as string)) {
    if (wanted === 'DISCOURAGE_UPGRADABLE_NOPS' && got === 'OK') return;
  }
  if ((got === 'OK') !== (wanted === 'OK')) throw new Error(`got ${got}`);
}

/** Replaces decimal numbers of more than 32 bits by pushes of their bytes. */
function writeOutNumbers(text: string): string {
  return text.replace(/(?<=^| )-?[0-9]{10,}(?=$| )/g, (word) => {
    const value = BigInt(word);
    let rest = value < 0n ? -value : value;
    const bytes: number[] = [];
    for (; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 0xffn));
    if ((bytes.at(-1) as number) & 0x80) bytes.push(0);
    if (value < 0n) bytes.push((bytes.pop() as number) | 0x80);
    return `0x${bytesToHex(buildScript([new Uint8Array(bytes)]))}`;
  });
}

function runScriptRow(row: ScriptRow): { got: string; wanted: string } {
  const [first, ...rest] = row;
  const witness: Uint8Array[] = [];
  let amount = 0n;
  let taprootOutput: Uint8Array = EMPTY;
  if (Array.isArray(first)) {
    amount = BigInt(Math.round((first.at(-1) as number) * 1e8));
    for (const item of first.slice(0, -1) as string[]) {
      if (item.startsWith('#SCRIPT#')) {
        witness.push(parseAsm(item.slice('#SCRIPT#'.length)));
      } else if (item === '#CONTROLBLOCK#') {
        const leafHash = tapleafHash(0xc0, witness.at(-1) as Uint8Array);
        const output = taprootOutputKey(internalKey, leafHash);
        if (!output) throw new Error('no output key');
        taprootOutput = p2tr(output.xOnlyKey);
        witness.push(new Uint8Array([0xc0 | output.parity, ...internalKey]));
      } else {
        witness.push(hexToBytes(item));
      }
    }
  }
  const [sigText, pubkeyText, flagText, wanted] = (Array.isArray(first)
    ? rest
    : row) as string[] as [string, string, string, string];
  const scriptSig = parseAsm(sigText);
  const scriptPubKey = pubkeyText.includes('#TAPROOTOUTPUT#')
    ? taprootOutput
    : parseAsm(pubkeyText);
  const credit = new Tx({
    version: 1,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: NO_VOUT },
        scriptSig: buildScript([OP.OP_0, OP.OP_0]),
        sequence: SEQUENCE_FINAL,
        witness: [],
      },
    ],
    outputs: [{ value: amount, scriptPubKey }],
    locktime: 0,
  });
  const spend = new Tx({
    version: 1,
    inputs: [
      { prevout: { txid: credit.txid, vout: 0 }, scriptSig, sequence: SEQUENCE_FINAL, witness },
    ],
    outputs: [{ value: amount, scriptPubKey: EMPTY }],
    locktime: 0,
  });
  const run = (flags: number) =>
    outcome(() => {
      const checker = new TxChecker(
        spend,
        0,
        amount,
        new PrecomputedTx(spend, credit.outputs),
        cache,
      );
      verifyScript(scriptSig, scriptPubKey, witness, flags, checker);
    });
  const flags = fill(parseFlags(flagText));
  const got = run(flags);
  // Flags are soft forks: what passes, passes with fewer; what fails, fails with more.
  for (const name of flagNames(ALL_FLAGS)) {
    if (got === 'OK') expect(run(trim(flags & ~Flags[name]))).toBe('OK');
    else expect(run(fill(flags | Flags[name]))).not.toBe('OK');
  }
  return { got, wanted: renamed(wanted) };
}

/** Names that the vectors of some year spell in another way. */
function renamed(code: string): string {
  return code === 'SIG_NULLFAIL' ? 'NULLFAIL' : code;
}

/** Adds the flags without which others mean nothing. */
function fill(flags: number): number {
  let filled = flags;
  if (filled & Flags.CLEANSTACK) filled |= Flags.WITNESS;
  if (filled & Flags.WITNESS) filled |= Flags.P2SH;
  return filled;
}

/** Removes the flags that mean nothing without others. */
function trim(flags: number): number {
  let trimmed = flags;
  if (!(trimmed & Flags.P2SH)) trimmed &= ~Flags.WITNESS;
  if (!(trimmed & Flags.WITNESS)) trimmed &= ~Flags.CLEANSTACK;
  return trimmed;
}

const isCase = (row: readonly unknown[]): boolean => row.length > 1;

type TxRow = [[string, number, string, number?][], string, string];

/** `OK` or the failure of the first input that fails. */
function verifyTx([prevouts, hex]: TxRow, flags: number): string {
  const tx = Tx.decode(hexToBytes(hex));
  const outputs = new Map<string, TxOutput>();
  for (const [txid, vout, script, value] of prevouts) {
    const key = outpointKey({ txid: txid as Txid, vout: vout >>> 0 });
    outputs.set(key, { value: BigInt(value ?? 0), scriptPubKey: parseAsm(script) });
  }
  const spent = tx.inputs.map(({ prevout }) => outputs.get(outpointKey(prevout)) as TxOutput);
  const precomputed = new PrecomputedTx(tx, spent);
  return outcome(() => {
    tx.inputs.forEach(({ scriptSig, witness }, i) => {
      const { value, scriptPubKey } = spent[i] as TxOutput;
      verifyScript(
        scriptSig,
        scriptPubKey,
        witness,
        flags,
        new TxChecker(tx, i, value, precomputed),
      );
    });
  });
}

function checkValidTx(row: TxRow): void {
  const excluded = parseFlags(row[2]);
  expect(verifyTx(row, ALL_FLAGS & ~excluded)).toBe('OK');
  for (const name of flagNames(ALL_FLAGS)) {
    expect(verifyTx(row, trim(ALL_FLAGS & ~excluded & ~Flags[name]))).toBe('OK');
  }
  for (const name of flagNames(excluded)) {
    const fewer = trim(excluded & ~Flags[name]);
    if (fewer !== excluded) expect(verifyTx(row, ALL_FLAGS & ~fewer)).not.toBe('OK');
  }
}

function checkInvalidTx(row: TxRow): void {
  const flags = parseFlags(row[2]);
  expect(verifyTx(row, flags)).not.toBe('OK');
  for (const name of flagNames(ALL_FLAGS)) {
    expect(verifyTx(row, fill(flags | Flags[name]))).not.toBe('OK');
  }
  for (const name of flagNames(flags)) {
    const fewer = trim(flags & ~Flags[name]);
    if (fewer !== flags) expect(verifyTx(row, fewer)).toBe('OK');
  }
}

type SighashRow = [string, string, number, number, string];

function checkSighashRow([hex, script, inputIndex, hashType, wanted]: SighashRow): void {
  const precomputed = new PrecomputedTx(Tx.decode(hexToBytes(hex)));
  const digest = sighashLegacy(precomputed, inputIndex, hexToBytes(script), hashType);
  expect(bytesToHex(digest)).toBe(bytesToHex(hexToHash(wanted)));
}

interface Asset {
  tx: string;
  prevouts: string[];
  index: number;
  flags: string;
  comment: string;
  final?: boolean;
  success?: { scriptSig: string; witness: string[] };
  failure?: { scriptSig: string; witness: string[] };
}

/** Signatures do not sign scriptSigs and witnesses, so all runs of a case share its transaction. */
function prepareAsset({ tx: hex, prevouts, index }: Asset) {
  const tx = Tx.decode(hexToBytes(hex));
  const spent = prevouts.map((prevout) => readOutput(new Reader(hexToBytes(prevout))));
  const precomputed = new PrecomputedTx(tx, spent);
  const { value, scriptPubKey } = spent[index] as TxOutput;
  return (flags: number, input: { scriptSig: string; witness: string[] }) => {
    const scriptSig = hexToBytes(input.scriptSig);
    const witness = input.witness.map(hexToBytes);
    const checker = new TxChecker(tx, index, value, precomputed, cache);
    return outcome(() => verifyScript(scriptSig, scriptPubKey, witness, flags, checker));
  };
}

function checkAsset(asset: Asset): void {
  const flags = parseFlags(asset.flags);
  const run = prepareAsset(asset);
  if (asset.success) {
    // Soft forks again: also under no rules at all, and a final case under all rules of consensus.
    expect(run(flags, asset.success)).toBe('OK');
    expect(run(Flags.NONE, asset.success)).toBe('OK');
    if (asset.final) expect(run(MANDATORY_FLAGS, asset.success)).toBe('OK');
  }
  if (asset.failure) {
    expect(run(flags, asset.failure)).not.toBe('OK');
    expect(run(flags | MANDATORY_FLAGS, asset.failure)).not.toBe('OK');
  }
}

describe("bitcoind's vectors", () => {
  testRows('script_tests', `${core}script_tests.json`, 1233, checkScriptRow, isCase);
  testRows('tx_valid', `${core}tx_valid.json`, 121, checkValidTx, isCase);
  testRows(
    'tx_invalid',
    `${core}tx_invalid.json`,
    84,
    checkInvalidTx,
    (row: TxRow) => isCase(row) && row[2] !== 'BADTX',
  );
  testRows('sighash', `${core}sighash.json`, 500, checkSighashRow, isCase);
  testRows('base58', `${core}base58_encode_decode.json`, 21, ([hex, text]: [string, string]) => {
    expect(base58Encode(hexToBytes(hex))).toBe(text);
    expect(bytesToHex(base58Decode(text, 256) ?? EMPTY)).toBe(hex.toLowerCase());
  });
  testRows('key_io_valid', `${core}key_io_valid.json`, 70, checkValidKey);
  testRows('key_io_invalid', `${core}key_io_invalid.json`, 70, ([text]: [string]) => {
    for (const name of ['main', 'test', 'testnet4', 'signet', 'regtest']) {
      const params = chainParams(name) as ChainParams;
      expect(() => decodeAddress(text, params)).toThrow();
      expect(() => decodeWif(text, params)).toThrow();
    }
  });
});

describe("bitcore-lib's copies of bitcoind's vectors", () => {
  testRows('script_tests', `${bitcore}bitcoind/script_tests.json`, 1189, checkOldScriptRow, isCase);
  testRows('sighash', `${bitcore}sighash.json`, 500, checkSighashRow, isCase);
  testRows('script_assets_test', `${bitcore}bitcoind/script_assets_test.json`, 2243, checkAsset);
});

interface KeyFacts {
  chain: string;
  isPrivkey: boolean;
  isCompressed?: boolean;
  tryCaseFlip?: boolean;
}

function checkValidKey([text, hex, facts]: [string, string, KeyFacts]): void {
  const params = chainParams(facts.chain) as ChainParams;
  if (facts.isPrivkey) {
    const { privateKey, compressed } = decodeWif(text, params);
    expect(bytesToHex(privateKey)).toBe(hex);
    expect(compressed).toBe(facts.isCompressed);
    expect(encodeWif(privateKey, compressed, params)).toBe(text);
    expect(() => decodeAddress(text, params)).toThrow();
    return;
  }
  expect(bytesToHex(decodeAddress(text, params))).toBe(hex);
  expect(encodeAddress(hexToBytes(hex), params)).toBe(text);
  expect(() => decodeWif(text, params)).toThrow();
  const flipped = text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase();
  if (facts.tryCaseFlip) expect(bytesToHex(decodeAddress(flipped, params))).toBe(hex);
  else expect(() => decodeAddress(flipped, params)).toThrow();
}

describe('BIP340', () => {
  const path = `${core}bip340_test_vectors.csv`;
  if (!existsSync(path)) {
    test.skip(`${path} is not there`);
    return;
  }
  const rows = readFileSync(path, 'utf8').trim().split('\n').slice(1);
  test('19 vectors; the four with messages that are no hash are refused', () => {
    expect(rows.length).toBe(19);
    for (const row of rows) {
      const [, secret = '', key = '', aux = '', message = '', sig = '', result] = row.split(',');
      const hash = hexToBytes(message);
      const signature = hexToBytes(sig);
      const isHash = hash.length === 32;
      expect(schnorrVerify(hash, signature, hexToBytes(key))).toBe(isHash && result === 'TRUE');
      if (!secret || !isHash) continue;
      expect(bytesToHex(xOnlyPublicKey(hexToBytes(secret)))).toBe(key.toLowerCase());
      expect(bytesToHex(signSchnorr(hash, hexToBytes(secret), hexToBytes(aux)))).toBe(
        sig.toLowerCase(),
      );
    }
  });
});

type Tree = { script: string; leafVersion: number } | [Tree, Tree];

interface Bip341 {
  scriptPubKey: {
    given: { internalPubkey: string; scriptTree: Tree | null };
    intermediary: { merkleRoot: string | null; tweak: string; tweakedPubkey: string };
    expected: { scriptPubKey: string; bip350Address: string };
  }[];
  keyPathSpending: {
    given: { rawUnsignedTx: string; utxosSpent: { scriptPubKey: string; amountSats: number }[] };
    intermediary: Record<string, string>;
    inputSpending: {
      given: {
        txinIndex: number;
        internalPrivkey: string;
        merkleRoot: string | null;
        hashType: number;
      };
      intermediary: { tweakedPrivkey: string; sigHash: string };
      expected: { witness: string[] };
    }[];
  }[];
}

function rootOf(tree: Tree): Uint8Array {
  if (!Array.isArray(tree)) return tapleafHash(tree.leafVersion, hexToBytes(tree.script));
  return tapbranchHash(rootOf(tree[0]), rootOf(tree[1]));
}

describe('BIP341 wallet vectors', () => {
  const path = `${core}bip341_wallet_vectors.json`;
  if (!existsSync(path)) {
    test.skip(`${path} is not there`);
    return;
  }
  const vectors = loadJson<Bip341>(path);

  test('trees to output keys and addresses', () => {
    expect(vectors.scriptPubKey.length).toBe(7);
    for (const { given, intermediary, expected } of vectors.scriptPubKey) {
      const internal = hexToBytes(given.internalPubkey);
      const root = given.scriptTree ? rootOf(given.scriptTree) : undefined;
      expect(root ? bytesToHex(root) : null).toBe(intermediary.merkleRoot);
      expect(bytesToHex(tapTweak(internal, root))).toBe(intermediary.tweak);
      const output = taprootOutputKey(internal, root);
      expect(bytesToHex(output?.xOnlyKey ?? EMPTY)).toBe(intermediary.tweakedPubkey);
      const script = p2tr(output?.xOnlyKey ?? EMPTY);
      expect(bytesToHex(script)).toBe(expected.scriptPubKey);
      expect(encodeAddress(script, chainParams('main') as ChainParams)).toBe(
        expected.bip350Address,
      );
    }
  });

  test('key path signatures', () => {
    for (const { given, intermediary, inputSpending } of vectors.keyPathSpending) {
      const spent = given.utxosSpent.map(({ scriptPubKey, amountSats }) => ({
        value: BigInt(amountSats),
        scriptPubKey: hexToBytes(scriptPubKey),
      }));
      const shared = new PrecomputedTx(Tx.decode(hexToBytes(given.rawUnsignedTx)), spent);
      expect(bytesToHex(shared.spentAmountsDigest)).toBe(intermediary.hashAmounts);
      expect(bytesToHex(shared.spentScriptsDigest)).toBe(intermediary.hashScriptPubkeys);
      expect(bytesToHex(shared.prevoutsDigest)).toBe(intermediary.hashPrevouts);
      expect(inputSpending.length).toBe(7);
      for (const input of inputSpending) {
        const { txinIndex, internalPrivkey, merkleRoot, hashType } = input.given;
        const root = merkleRoot ? hexToBytes(merkleRoot) : undefined;
        const key = taprootPrivateKey(hexToBytes(internalPrivkey), root);
        expect(bytesToHex(key)).toBe(input.intermediary.tweakedPrivkey);
        const digest = sighashTaproot(shared, txinIndex, hashType) as Uint8Array;
        expect(bytesToHex(digest)).toBe(input.intermediary.sigHash);
        const type = hashType ? hashType.toString(16).padStart(2, '0') : '';
        expect(bytesToHex(signSchnorr(digest, key)) + type).toBe(input.expected.witness[0]);
      }
    }
  });
});
