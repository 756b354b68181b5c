/**
 * Transactions: built at random, written down, mutated, read again. Laws: a refusal is a `DecodeError` or a
 * `ValidationError`, what was read is written as it was read, ids and sizes are those of the bytes.
 */

import { checkTx, isFinalTx, legacySigops, sigopCostOf } from '@coind/consensus';
import {
  equalBytes,
  hashToHex,
  MAX_MONEY,
  NO_VOUT,
  type OutPoint,
  sha256d,
  Tx,
  type TxInput,
  type Txid,
  type TxOutput,
  ZERO_TXID,
} from '@coind/primitives';
import {
  MANDATORY_FLAGS,
  PrecomputedTx,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
} from '@coind/script';
import type { Chance } from '../chance.ts';
import { attempt, type FuzzTarget, law } from '../fuzz.ts';
import { mutateBytes } from '../mutate.ts';
import { randomScript } from './script-source.ts';

const AMOUNTS = [0n, 1n, 546n, 5_000_000_000n, MAX_MONEY, MAX_MONEY + 1n, -1n, 2n ** 63n - 1n];
const WORDS = [
  0, 1, 2, 3, 499_999_999, 500_000_000, 0x400001, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

function randomOutpoint(chance: Chance): OutPoint {
  if (chance.oneIn(10)) return { txid: ZERO_TXID, vout: chance.pick([0, NO_VOUT]) };
  const txid = chance.below(4).toString(16).padStart(64, '0') as Txid;
  return { txid, vout: chance.oneIn(3) ? chance.pick(WORDS) : chance.below(3) };
}

function randomInput(chance: Chance, segwit: boolean): TxInput {
  return {
    prevout: randomOutpoint(chance),
    scriptSig: chance.oneIn(2) ? new Uint8Array(0) : randomScript(chance),
    sequence: chance.pick(WORDS),
    witness: segwit
      ? Array.from({ length: chance.skewed(0, 5) }, () => chance.bytes(chance.skewed(0, 90)))
      : [],
  };
}

/** An output that a transaction at random has. */
export function randomOutput(chance: Chance): TxOutput {
  return { value: chance.pick(AMOUNTS), scriptPubKey: randomScript(chance) };
}

/** A transaction at random: well-formed, seldom valid. */
export function randomTx(chance: Chance): Tx {
  const segwit = chance.oneIn(2);
  return new Tx({
    version: chance.pick(WORDS),
    inputs: Array.from({ length: chance.skewed(1, 6) }, () => randomInput(chance, segwit)),
    outputs: Array.from({ length: chance.skewed(chance.oneIn(9) ? 0 : 1, 6) }, () =>
      randomOutput(chance),
    ),
    locktime: chance.pick(WORDS),
  });
}

/** Throws unless a transaction that was read from `bytes` is what they say. */
export function requireRoundTrip(tx: Tx, bytes: Uint8Array): void {
  const { version, inputs, outputs, locktime } = tx;
  // A copy has no bytes to remember: it writes itself anew.
  const copy = new Tx({ version, inputs, outputs, locktime });
  law(equalBytes(copy.encode(), bytes), 'a transaction is written as it was read');
  law(copy.size === bytes.length, 'the size is that of the bytes');
  law(copy.strippedSize === copy.encodeStripped().length, 'so is the size without witness');
  law(
    copy.txid === hashToHex(sha256d(tx.encodeStripped())),
    'the txid is the hash without witness',
  );
  law(copy.wtxid === hashToHex(sha256d(bytes)), 'the wtxid is the hash of all');
  law(copy.weight === 3 * copy.strippedSize + copy.size, 'the weight is that of BIP141');
}

/** Signature hashes exist for every input and hash type; `undefined` is an answer of taproot. */
function signatureHashes(chance: Chance, tx: Tx): void {
  if (tx.inputs.length === 0) return;
  const spent = tx.inputs.map(() => randomOutput(chance));
  const shared = new PrecomputedTx(tx, spent);
  const at = chance.below(tx.inputs.length);
  const hashType = chance.oneIn(2)
    ? chance.below(256)
    : chance.pick([0, 1, 2, 3, 0x81, 0x82, 0x83]);
  const script = randomScript(chance);
  const digests = [
    sighashLegacy(shared, at, script, chance.oneIn(9) ? chance.u32() | 0 : hashType),
    sighashV0(shared, at, script, spent[at]?.value ?? 0n, hashType),
    sighashTaproot(shared, at, hashType),
  ];
  law(
    digests.every((digest) => !digest || digest.length === 32),
    'a digest has 32 bytes',
  );
  sigopCostOf(tx, spent, MANDATORY_FLAGS);
}

/** Transactions. */
export function transactionTarget(): FuzzTarget {
  return {
    name: 'transaction',
    run(chance) {
      const made = randomTx(chance);
      const bytes = made.encode();
      const given = chance.oneIn(4) ? bytes : mutateBytes(chance, bytes, chance.bytes(60));
      return attempt(() => {
        const tx = Tx.decode(given);
        requireRoundTrip(tx, given);
        legacySigops(tx);
        isFinalTx(tx, chance.pick(WORDS), chance.pick(WORDS));
        if (chance.oneIn(4)) signatureHashes(chance, tx);
        checkTx(tx);
        return 'OK';
      });
    },
  };
}
