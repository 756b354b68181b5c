import { concatBytes, EMPTY, hash160, hexToBytes, sha256, Tx, type Txid } from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAsm } from './asm.ts';
import { NO_TX, type ScriptVersion, type SignatureChecker, TxChecker } from './checker.ts';
import { ALL_FLAGS, Flags, MANDATORY_FLAGS, STANDARD_FLAGS } from './flags.ts';
import { evalScript } from './interpreter.ts';
import { OP } from './opcodes.ts';
import { signSchnorr } from './schnorr.ts';
import { buildScript } from './script.ts';
import { ScriptError } from './script-error.ts';
import { publicKey, signEcdsa, xOnlyPublicKey } from './secp.ts';
import { PrecomputedTx, sighashLegacy, sighashTaproot, sighashV0 } from './sighash.ts';
import { createSignatureCache } from './signature-cache.ts';
import { toDer } from './signature-encoding.ts';
import { tapleafHash, taprootOutputKey, taprootPrivateKey } from './taproot.ts';
import { multisig, p2pkh, p2sh, p2tr, p2wpkh, p2wsh, witnessScript } from './templates.ts';
import { verifyScript } from './verify.ts';

const key = sha256(new Uint8Array([1]));
const pubkey = publicKey(key);
const ALL = new Uint8Array([1]);

interface Spend {
  scriptPubKey: Uint8Array;
  scriptSig?: Uint8Array;
  witness?: readonly Uint8Array[];
  flags?: number;
  sequence?: number;
  locktime?: number;
  version?: number;
}

const spendingTx = ({ scriptSig = EMPTY, witness = [], ...rest }: Spend) =>
  new Tx({
    version: rest.version ?? 2,
    inputs: [
      {
        prevout: { txid: '11'.repeat(32) as Txid, vout: 0 },
        scriptSig,
        sequence: rest.sequence ?? 0xfffffffd,
        witness,
      },
    ],
    outputs: [{ value: 900n, scriptPubKey: EMPTY }],
    locktime: rest.locktime ?? 0,
  });

/** What signs the spend: its transaction with everything that is hashed. */
function unsigned(spend: Spend): PrecomputedTx {
  return new PrecomputedTx(spendingTx(spend), [{ value: 1000n, scriptPubKey: spend.scriptPubKey }]);
}

/** `OK` or the name of the failure. */
function verdict(spend: Spend, checkerOf?: (tx: Tx) => SignatureChecker): string {
  const { scriptPubKey, scriptSig = EMPTY, witness = [], flags = MANDATORY_FLAGS } = spend;
  const tx = spendingTx(spend);
  const checker = checkerOf?.(tx) ?? new TxChecker(tx, 0, 1000n, unsigned(spend));
  return failure(() => verifyScript(scriptSig, scriptPubKey, witness, flags, checker));
}

function failure(run: () => void): string {
  try {
    run();
    return 'OK';
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return error.code;
  }
}

const ecdsa = (digest: Uint8Array) => concatBytes(toDer(signEcdsa(digest, key)), ALL);

describe('what wallets make', () => {
  test('P2PKH', () => {
    const scriptPubKey = p2pkh(hash160(pubkey));
    const sig = ecdsa(sighashLegacy(unsigned({ scriptPubKey }), 0, scriptPubKey, 1));
    const flags = STANDARD_FLAGS;
    expect(verdict({ scriptPubKey, scriptSig: buildScript([sig, pubkey]), flags })).toBe('OK');
    const empty = buildScript([EMPTY, pubkey]);
    expect(verdict({ scriptPubKey, scriptSig: empty, flags })).toBe('EVAL_FALSE');
    const other = buildScript([sig, publicKey(sig.subarray(0, 32))]);
    expect(verdict({ scriptPubKey, scriptSig: other, flags })).toBe('EQUALVERIFY');
    expect(verdict({ scriptPubKey, scriptSig: buildScript([sig, pubkey]), locktime: 1 })).toBe(
      'EVAL_FALSE',
    );
  });

  test('P2WPKH, bare and in P2SH', () => {
    const program = p2wpkh(hash160(pubkey));
    const sig = ecdsa(
      sighashV0(unsigned({ scriptPubKey: program }), 0, p2pkh(hash160(pubkey)), 1000n, 1),
    );
    const witness = [sig, pubkey];
    expect(verdict({ scriptPubKey: program, witness })).toBe('OK');
    const nested = { scriptPubKey: p2sh(hash160(program)), scriptSig: buildScript([program]) };
    expect(verdict({ ...nested, witness })).toBe('OK');
    expect(verdict({ scriptPubKey: program, witness, scriptSig: parseAsm('1') })).toBe(
      'WITNESS_MALLEATED',
    );
    const twice = buildScript([EMPTY, program]);
    expect(verdict({ ...nested, witness, scriptSig: twice })).toBe('WITNESS_MALLEATED_P2SH');
    expect(verdict({ scriptPubKey: program, witness: [sig] })).toBe('WITNESS_PROGRAM_MISMATCH');
    expect(verdict({ ...nested, witness: [sig, pubkey, sig] })).toBe('WITNESS_PROGRAM_MISMATCH');
    // Whoever does not know segwit lets anybody spend it.
    expect(verdict({ scriptPubKey: program, witness: [], flags: Flags.P2SH })).toBe('OK');
  });

  test('2-of-3 multisig in P2WSH', () => {
    const keys = [1, 2, 3].map((n) => sha256(new Uint8Array([n])));
    const script = multisig(
      2,
      keys.map((each) => publicKey(each)),
    );
    const scriptPubKey = p2wsh(sha256(script));
    const digest = sighashV0(unsigned({ scriptPubKey }), 0, script, 1000n, 1);
    const [a, b, c] = keys.map((each) => concatBytes(toDer(signEcdsa(digest, each)), ALL)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const flags = STANDARD_FLAGS;
    expect(verdict({ scriptPubKey, witness: [EMPTY, a, b, script], flags })).toBe('OK');
    expect(verdict({ scriptPubKey, witness: [EMPTY, a, c, script], flags })).toBe('OK');
    expect(verdict({ scriptPubKey, witness: [EMPTY, b, a, script], flags })).toBe('NULLFAIL');
    expect(verdict({ scriptPubKey, witness: [EMPTY, b, a, script] })).toBe('EVAL_FALSE');
    expect(verdict({ scriptPubKey, witness: [ALL, a, b, script] })).toBe('SIG_NULLDUMMY');
    expect(verdict({ scriptPubKey, witness: [a, b, script] })).toBe('INVALID_STACK_OPERATION');
    expect(verdict({ scriptPubKey, witness: [EMPTY, a, b] })).toBe('WITNESS_PROGRAM_MISMATCH');
    expect(verdict({ scriptPubKey, witness: [] })).toBe('WITNESS_PROGRAM_WITNESS_EMPTY');
  });

  test('P2TR by key and by script', () => {
    const internal = xOnlyPublicKey(key);
    const script = parseAsm(`0x20 0x${hex(internal)} CHECKSIG`);
    const leafHash = tapleafHash(0xc0, script);
    const output = taprootOutputKey(internal, leafHash);
    if (!output) throw new Error('no output key');
    const scriptPubKey = p2tr(output.xOnlyKey);
    const shared = unsigned({ scriptPubKey });
    const digest = (context = {}) => sighashTaproot(shared, 0, 0, context) as Uint8Array;

    const byKey = signSchnorr(digest(), taprootPrivateKey(key, leafHash));
    expect(verdict({ scriptPubKey, witness: [byKey] })).toBe('OK');
    expect(verdict({ scriptPubKey, witness: [concatBytes(byKey, new Uint8Array(1))] })).toBe(
      'SCHNORR_SIG_HASHTYPE',
    );
    expect(verdict({ scriptPubKey, witness: [byKey.subarray(1)] })).toBe('SCHNORR_SIG_SIZE');
    expect(verdict({ scriptPubKey, witness: [byKey], locktime: 5 })).toBe('SCHNORR_SIG');

    const control = concatBytes(new Uint8Array([0xc0 | output.parity]), internal);
    const byScript = signSchnorr(digest({ leafHash }), key);
    expect(verdict({ scriptPubKey, witness: [byScript, script, control] })).toBe('OK');
    expect(verdict({ scriptPubKey, witness: [EMPTY, script, control] })).toBe('EVAL_FALSE');
    const flipped = control.slice();
    flipped[0] = (flipped[0] as number) ^ 1;
    expect(verdict({ scriptPubKey, witness: [byScript, script, flipped] })).toBe(
      'WITNESS_PROGRAM_MISMATCH',
    );
    expect(verdict({ scriptPubKey, witness: [byScript, script, control.subarray(1)] })).toBe(
      'TAPROOT_WRONG_CONTROL_SIZE',
    );
    // An annex is signed, so adding one later spoils the signature.
    const annex = hexToBytes('50aa');
    expect(verdict({ scriptPubKey, witness: [byScript, script, control, annex] })).toBe(
      'SCHNORR_SIG',
    );
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('programs without an owner', () => {
  const discouraged = MANDATORY_FLAGS | Flags.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM;

  test('pay-to-anchor is spent by nothing at all, and may be relayed', () => {
    const scriptPubKey = hexToBytes('51024e73');
    expect(verdict({ scriptPubKey, flags: discouraged })).toBe('OK');
    expect(verdict({ scriptPubKey, scriptSig: parseAsm('1'), flags: discouraged })).toBe(
      'WITNESS_MALLEATED',
    );
    const nested = {
      scriptPubKey: p2sh(hash160(scriptPubKey)),
      scriptSig: buildScript([scriptPubKey]),
    };
    expect(verdict({ ...nested, flags: discouraged })).toBe(
      'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM',
    );
  });

  test('later versions are for anybody, and are not relayed', () => {
    const scriptPubKey = witnessScript(2, new Uint8Array(32).fill(1));
    expect(verdict({ scriptPubKey, witness: [ALL] })).toBe('OK');
    expect(verdict({ scriptPubKey, flags: discouraged })).toBe(
      'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM',
    );
  });

  test('a witness where none is looked at is refused', () => {
    expect(verdict({ scriptPubKey: parseAsm('1'), witness: [ALL] })).toBe('WITNESS_UNEXPECTED');
  });
});

describe('locks', () => {
  const cltv = (lock: string) => parseAsm(`${lock} CHECKLOCKTIMEVERIFY`);
  const csv = (lock: string) => parseAsm(`${lock} CHECKSEQUENCEVERIFY`);

  test('OP_CHECKLOCKTIMEVERIFY (BIP65)', () => {
    expect(verdict({ scriptPubKey: cltv('100'), locktime: 100 })).toBe('OK');
    expect(verdict({ scriptPubKey: cltv('101'), locktime: 100 })).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict({ scriptPubKey: cltv('100'), locktime: 500_000_000 })).toBe(
      'UNSATISFIED_LOCKTIME',
    );
    expect(verdict({ scriptPubKey: cltv('-1'), locktime: 100 })).toBe('NEGATIVE_LOCKTIME');
    expect(verdict({ scriptPubKey: cltv('100'), locktime: 100, sequence: 0xffffffff })).toBe(
      'UNSATISFIED_LOCKTIME',
    );
    expect(verdict({ scriptPubKey: cltv('4294967295'), locktime: 0xffffffff })).toBe('OK');
    expect(verdict({ scriptPubKey: cltv('101'), flags: Flags.NONE })).toBe('OK');
  });

  test('OP_CHECKSEQUENCEVERIFY (BIP112)', () => {
    expect(verdict({ scriptPubKey: csv('10'), sequence: 10 })).toBe('OK');
    expect(verdict({ scriptPubKey: csv('11'), sequence: 10 })).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict({ scriptPubKey: csv('10'), sequence: 10, version: 1 })).toBe(
      'UNSATISFIED_LOCKTIME',
    );
    // Blocks against units of 512 seconds.
    expect(verdict({ scriptPubKey: csv('10'), sequence: 0x0040000a })).toBe('UNSATISFIED_LOCKTIME');
    expect(verdict({ scriptPubKey: csv('4194314'), sequence: 0x0040000a })).toBe('OK');
    expect(verdict({ scriptPubKey: csv('10'), sequence: 0x8000000a })).toBe('UNSATISFIED_LOCKTIME');
    // With the top bit of the operand there is no lock.
    expect(verdict({ scriptPubKey: csv('2147483648'), version: 1 })).toBe('OK');
    expect(verdict({ scriptPubKey: csv('-1'), sequence: 10 })).toBe('NEGATIVE_LOCKTIME');
  });

  test('a version with its top bit set is a high one', () => {
    expect(verdict({ scriptPubKey: csv('1'), sequence: 1, version: 0xffffffff })).toBe('OK');
  });
});

describe('tapscript', () => {
  const run = (
    script: Uint8Array,
    stack: Uint8Array[],
    weightLeft = 1000,
    flags = MANDATORY_FLAGS,
  ) =>
    failure(() =>
      evalScript(stack, script, flags, { ...NO_TX, checkSchnorr: () => undefined }, 'tapscript', {
        leafHash: new Uint8Array(32),
        codeSeparatorPosition: 0,
        weightLeft,
      }),
    );
  const checkSig = buildScript([new Uint8Array(32).fill(2), OP.OP_CHECKSIG]);

  test('each signature takes 50 of the budget', () => {
    expect(run(checkSig, [ALL], 50)).toBe('OK');
    expect(run(checkSig, [ALL], 49)).toBe('TAPSCRIPT_VALIDATION_WEIGHT');
    expect(run(checkSig, [EMPTY], 0)).toBe('OK');
  });

  test('OP_CHECKSIGADD counts, and exists only here', () => {
    const script = buildScript([new Uint8Array(32), OP.OP_CHECKSIGADD]);
    const stack = [ALL, new Uint8Array([5])];
    expect(run(script, stack)).toBe('OK');
    expect(stack).toEqual([new Uint8Array([6])]);
    const idle = [EMPTY, new Uint8Array([5])];
    expect(run(script, idle)).toBe('OK');
    expect(idle).toEqual([new Uint8Array([5])]);
    expect(failure(() => evalScript([ALL, ALL], script, 0, NO_TX, 'base'))).toBe('BAD_OPCODE');
  });

  test('keys of unknown length count as signed, unless that is discouraged', () => {
    const script = buildScript([new Uint8Array(31), OP.OP_CHECKSIG]);
    expect(run(script, [ALL])).toBe('OK');
    const flags = ALL_FLAGS;
    expect(run(script, [ALL], 1000, flags)).toBe('DISCOURAGE_UPGRADABLE_PUBKEYTYPE');
    expect(run(buildScript([EMPTY, OP.OP_CHECKSIG]), [EMPTY])).toBe('TAPSCRIPT_EMPTY_PUBKEY');
  });

  test('no multisig, minimal IF, no limit of opcodes or size', () => {
    expect(run(parseAsm('0 0 CHECKMULTISIG'), [EMPTY])).toBe('TAPSCRIPT_CHECKMULTISIG');
    expect(run(parseAsm('IF ENDIF'), [new Uint8Array([2])])).toBe('TAPSCRIPT_MINIMALIF');
    const long = new Uint8Array(10_001).fill(OP.OP_NOP);
    expect(run(long, [])).toBe('OK');
    expect(failure(() => evalScript([], long, 0, NO_TX, 'base'))).toBe('SCRIPT_SIZE');
    expect(failure(() => evalScript([], long.subarray(0, 202), 0, NO_TX, 'v0'))).toBe('OP_COUNT');
  });
});

describe('limits', () => {
  test('a thousand elements, 520 bytes each', () => {
    const pushes = new Uint8Array(1001).fill(OP.OP_1);
    expect(failure(() => evalScript([], pushes, 0, NO_TX, 'base'))).toBe('STACK_SIZE');
    expect(failure(() => evalScript([], pushes.subarray(1), 0, NO_TX, 'base'))).toBe('OK');
    const big = buildScript([new Uint8Array(521)]);
    expect(failure(() => evalScript([], big, 0, NO_TX, 'base'))).toBe('PUSH_SIZE');
  });

  test('flags that need others are a mistake of the caller', () => {
    expect(() => verdict({ scriptPubKey: ALL, flags: Flags.WITNESS })).toThrow(RangeError);
    expect(() => verdict({ scriptPubKey: ALL, flags: Flags.CLEANSTACK })).toThrow(RangeError);
  });
});

describe('any bytes', () => {
  const opcodes = fc.array(
    fc.oneof(
      fc.integer({ min: 0x51, max: 0xba }).map((opcode) => new Uint8Array([opcode])),
      fc.uint8Array({ maxLength: 5 }).map((data) => buildScript([data])),
    ),
    { maxLength: 60 },
  );
  const script = fc.oneof(
    opcodes.map((parts) => concatBytes(...parts)),
    fc.uint8Array({ maxLength: 80 }),
  );

  test('end in success or in a named failure, the same each time', () => {
    fc.assert(
      fc.property(script, script, fc.nat({ max: ALL_FLAGS }), (scriptSig, scriptPubKey, bits) => {
        const flags = bits | (bits & Flags.CLEANSTACK || bits & Flags.WITNESS ? STANDARD_FLAGS : 0);
        const first = verdict({ scriptSig, scriptPubKey, flags, witness: [scriptSig] });
        expect(verdict({ scriptSig, scriptPubKey, flags, witness: [scriptSig] })).toBe(first);
        // More flags never make a failure a success.
        if (first !== 'OK') {
          const strict = verdict({
            scriptSig,
            scriptPubKey,
            flags: ALL_FLAGS,
            witness: [scriptSig],
          });
          expect(strict).not.toBe('OK');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('under every version, and the stack stays within its limit', () => {
    const stack = fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 8 });
    const version = fc.constantFrom<ScriptVersion>('base', 'v0', 'tapscript');
    fc.assert(
      fc.property(stack, script, version, (elements, bytes, rules) => {
        const execution = { leafHash: EMPTY, codeSeparatorPosition: 0, weightLeft: 200 };
        const tapscript = rules === 'tapscript' ? execution : undefined;
        const left = elements.slice();
        failure(() => evalScript(left, bytes, ALL_FLAGS, NO_TX, rules, tapscript));
        expect(left.length).toBeLessThanOrEqual(1003);
        expect(left.every((element) => element instanceof Uint8Array)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the signature cache', () => {
  test('spares the second check of what was valid, and nothing else', () => {
    const scriptPubKey = p2pkh(hash160(pubkey));
    const sig = ecdsa(sighashLegacy(unsigned({ scriptPubKey }), 0, scriptPubKey, 1));
    const scriptSig = buildScript([sig, pubkey]);
    const cache = createSignatureCache(10);
    let hits = 0;
    const counting = {
      add: cache.add,
      has: (...of: Parameters<typeof cache.has>) => {
        const hit = cache.has(...of);
        if (hit) hits++;
        return hit;
      },
    };
    const spend = { scriptPubKey, scriptSig };
    const check = (more = {}) =>
      verdict(
        { ...spend, ...more },
        (tx) => new TxChecker(tx, 0, 1000n, new PrecomputedTx(tx), counting),
      );
    expect(check()).toBe('OK');
    expect(hits).toBe(0);
    expect(check()).toBe('OK');
    expect(hits).toBe(1);
    expect(check({ locktime: 9 })).toBe('EVAL_FALSE');
    expect(hits).toBe(1);
  });

  test('forgets the oldest and keeps the key apart from the signature', () => {
    const cache = createSignatureCache(4);
    const of = (n: number) => new Uint8Array(32).fill(n);
    const longer = concatBytes(of(1), of(2));
    cache.add(of(0), of(2), of(1));
    expect(cache.has(of(0), of(2), of(1))).toBe(true);
    expect(cache.has(of(0), EMPTY, longer)).toBe(false);
    for (let n = 10; n < 16; n++) cache.add(of(n), of(n), of(n));
    expect(cache.has(of(0), of(2), of(1))).toBe(false);
    expect(cache.has(of(15), of(15), of(15))).toBe(true);
  });
});
