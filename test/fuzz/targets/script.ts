/**
 * Scripts through the interpreter: signed spends of every template, taproot vectors and scripts at random,
 * mutated, under flags at random. Laws: a refusal is a `ScriptError`, the answer is the same twice, and a
 * flag never makes a script valid that was not valid without it.
 */
import {
  concatBytes,
  EMPTY,
  hash160,
  SEQUENCE_FINAL,
  sha256,
  Tx,
  type Txid,
} from '@coind/primitives';
import {
  ALL_FLAGS,
  buildScript,
  classifyOutput,
  countSigops,
  decodeScript,
  evalScript,
  Flags,
  formatAsm,
  isPushOnly,
  isUnspendable,
  MANDATORY_FLAGS,
  multisig,
  NO_CODE_SEPARATOR,
  PrecomputedTx,
  p2pk,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  p2wsh,
  publicKey,
  type ScriptVersion,
  STANDARD_FLAGS,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  TAPSCRIPT_LEAF,
  TxChecker,
  tapleafHash,
  taprootOutputKey,
  taprootPrivateKey,
  toDer,
  verifyScript,
  witnessProgram,
  xOnlyPublicKey,
} from '@coind/script';
import type { Chance } from '../chance.ts';
import { attempt, type FuzzTarget, law } from '../fuzz.ts';
import { mutateBytes } from '../mutate.ts';
import { keys, publicKeys, randomScript, type Spend, vectorSpends } from './script-source.ts';

const VALUE = 100_000n;
const SIGHASH_ALL = Uint8Array.of(1);
const VERSIONS: readonly ScriptVersion[] = ['base', 'v0', 'tapscript'];
const flagBits = Object.values(Flags).filter((flag) => flag !== 0);
const key = keys[0] as Uint8Array;
const pubkey = publicKey(key, true);
const internalKey = xOnlyPublicKey(key);

/** The transaction in which every spend of this target stands. It does not name what it spends. */
function spending({ scriptSig, witness }: Pick<Spend, 'scriptSig' | 'witness'>): Tx {
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: '11'.repeat(32) as Txid, vout: 0 },
        scriptSig,
        sequence: SEQUENCE_FINAL - 1,
        witness,
      },
    ],
    outputs: [{ value: VALUE, scriptPubKey: p2pkh(hash160(pubkey)) }],
    locktime: 500_000,
  });
}

/** Signatures do not cover scriptSigs and witnesses, so one transaction serves all signers. */
const unsigned = spending({ scriptSig: EMPTY, witness: [] });

function legacySignature(script: Uint8Array): Uint8Array {
  return concatBytes(
    toDer(signEcdsa(sighashLegacy(new PrecomputedTx(unsigned), 0, script, 1), key)),
    SIGHASH_ALL,
  );
}

function v0Signature(script: Uint8Array): Uint8Array {
  return concatBytes(
    toDer(signEcdsa(sighashV0(new PrecomputedTx(unsigned), 0, script, VALUE, 1), key)),
    SIGHASH_ALL,
  );
}

function legacySpends(): Spend[] {
  const single = p2pk(pubkey);
  const hashed = p2pkh(hash160(pubkey));
  const oneOfTwo = multisig(1, [pubkey, publicKey(keys[1] as Uint8Array, false)]);
  return [
    { scriptPubKey: single, scriptSig: buildScript([legacySignature(single)]), witness: [] },
    {
      scriptPubKey: hashed,
      scriptSig: buildScript([legacySignature(hashed), pubkey]),
      witness: [],
    },
    {
      scriptPubKey: oneOfTwo,
      scriptSig: buildScript([0n, legacySignature(oneOfTwo)]),
      witness: [],
    },
    {
      scriptPubKey: p2sh(hash160(oneOfTwo)),
      scriptSig: buildScript([0n, legacySignature(oneOfTwo), oneOfTwo]),
      witness: [],
    },
  ];
}

function segwitSpends(): Spend[] {
  const oneOfTwo = multisig(1, [pubkey, publicKey(keys[1] as Uint8Array, true)]);
  const v0 = p2wpkh(hash160(pubkey));
  const v0Witness = [v0Signature(p2pkh(hash160(pubkey))), pubkey];
  return [
    { scriptPubKey: v0, scriptSig: EMPTY, witness: v0Witness },
    { scriptPubKey: p2sh(hash160(v0)), scriptSig: buildScript([v0]), witness: v0Witness },
    {
      scriptPubKey: p2wsh(sha256(oneOfTwo)),
      scriptSig: EMPTY,
      witness: [EMPTY, v0Signature(oneOfTwo), oneOfTwo],
    },
  ];
}

/** A spend of `script` as the only leaf of a tree, with `stack` in front of it. */
function leafSpend(script: Uint8Array, stack: readonly Uint8Array[]): Spend {
  const output = taprootOutputKey(internalKey, tapleafHash(TAPSCRIPT_LEAF, script));
  if (!output) throw new Error('the internal key is a point');
  const control = concatBytes(Uint8Array.of(TAPSCRIPT_LEAF | output.parity), internalKey);
  return {
    scriptPubKey: p2tr(output.xOnlyKey),
    scriptSig: EMPTY,
    witness: [...stack, script, control],
  };
}

function taprootSpends(): Spend[] {
  const output = taprootOutputKey(internalKey);
  if (!output) throw new Error('the internal key is a point');
  const scriptPubKey = p2tr(output.xOnlyKey);
  const digestFor = (script: Uint8Array, leafHash?: Uint8Array): Uint8Array => {
    const shared = new PrecomputedTx(unsigned, [{ value: VALUE, scriptPubKey: script }]);
    const leaf = leafHash ? { leafHash, codeSeparatorPosition: NO_CODE_SEPARATOR } : {};
    return sighashTaproot(shared, 0, 0, leaf) as Uint8Array;
  };
  const signature = signSchnorr(digestFor(scriptPubKey), taprootPrivateKey(key));
  const script = buildScript([internalKey, 0xac]);
  const leaf = leafSpend(script, []);
  const leafDigest = digestFor(leaf.scriptPubKey, tapleafHash(TAPSCRIPT_LEAF, script));
  return [
    { scriptPubKey, scriptSig: EMPTY, witness: [signature] },
    leafSpend(script, [signSchnorr(leafDigest, key)]),
  ];
}

/** A spend that runs a script at random in one of the places where scripts stand. */
function randomSpend(chance: Chance, pushes: readonly Uint8Array[]): Spend {
  const script = randomScript(chance, pushes);
  const stack = Array.from({ length: chance.skewed(0, 6) }, () => element(chance, pushes));
  switch (chance.below(5)) {
    case 0:
      return {
        scriptPubKey: p2sh(hash160(script)),
        scriptSig: buildScript([...stack, script]),
        witness: [],
      };
    case 1:
      return { scriptPubKey: p2wsh(sha256(script)), scriptSig: EMPTY, witness: [...stack, script] };
    case 2:
      return leafSpend(script, stack);
    case 3:
      return { scriptPubKey: script, scriptSig: randomScript(chance, pushes), witness: stack };
    default:
      return { scriptPubKey: script, scriptSig: buildScript(stack), witness: [] };
  }
}

function element(chance: Chance, pushes: readonly Uint8Array[]): Uint8Array {
  return chance.oneIn(2) ? chance.pick(pushes) : chance.bytes(chance.skewed(0, 80));
}

function mutated(chance: Chance, spend: Spend, donor: Uint8Array): Spend {
  const change = (bytes: Uint8Array): Uint8Array =>
    chance.oneIn(2) ? mutateBytes(chance, bytes, donor) : bytes;
  const witness = spend.witness.map(change);
  if (chance.oneIn(10)) witness.splice(chance.below(witness.length + 1), 1);
  if (chance.oneIn(10)) witness.push(chance.oneIn(2) ? Uint8Array.of(0x50) : donor);
  const scriptSig = change(spend.scriptSig);
  return {
    witness,
    scriptSig,
    scriptPubKey: chance.oneIn(4) ? change(spend.scriptPubKey) : spend.scriptPubKey,
  };
}

/** Flags at random, with those that others need. */
function randomFlags(chance: Chance): number {
  const common = chance.pick([0, MANDATORY_FLAGS, STANDARD_FLAGS, ALL_FLAGS]);
  return withNeeded(chance.oneIn(2) ? common : common ^ (chance.u32() & ALL_FLAGS));
}

function withNeeded(flags: number): number {
  const filled = flags & Flags.CLEANSTACK ? flags | Flags.WITNESS : flags;
  return filled & Flags.WITNESS ? filled | Flags.P2SH : filled;
}

function verify({ scriptSig, scriptPubKey, witness }: Spend, flags: number): string {
  const tx = spending({ scriptSig, witness });
  const shared = new PrecomputedTx(tx, [{ value: VALUE, scriptPubKey }]);
  return attempt(() => {
    verifyScript(scriptSig, scriptPubKey, witness, flags, new TxChecker(tx, 0, VALUE, shared));
    return 'OK';
  });
}

/** Everything that looks at a script without running it takes any bytes. */
function lookAt(script: Uint8Array): void {
  const ops = decodeScript(script);
  law(ops === undefined || ops.length <= script.length, 'an opcode takes a byte');
  law(countSigops(script, true) <= countSigops(script, false), 'accurate sigops are fewer');
  formatAsm(script);
  isPushOnly(script);
  isUnspendable(script);
  witnessProgram(script);
  const { type } = classifyOutput(script);
  law(type !== undefined, 'every script has a type');
}

/** Runs a script alone, on a stack that no spend would bring there. */
function evaluate(chance: Chance, script: Uint8Array): string {
  const version = chance.pick(VERSIONS);
  const stack = Array.from({ length: chance.skewed(0, 20) }, () => element(chance, publicKeys));
  const shared = new PrecomputedTx(unsigned, [{ value: VALUE, scriptPubKey: script }]);
  const checker = new TxChecker(unsigned, 0, VALUE, shared);
  const execution = {
    leafHash: tapleafHash(TAPSCRIPT_LEAF, script),
    codeSeparatorPosition: NO_CODE_SEPARATOR,
    weightLeft: chance.below(400),
  };
  const flags = randomFlags(chance);
  return attempt(() => {
    if (version === 'tapscript') evalScript(stack, script, flags, checker, version, execution);
    else evalScript(stack, script, flags, checker, version);
    law(stack.length <= 1000, 'a stack has at most a thousand elements');
    return 'OK';
  });
}

/** Scripts and spends. */
export function scriptTarget(): FuzzTarget {
  const signed = [...legacySpends(), ...segwitSpends(), ...taprootSpends()];
  const vectors = vectorSpends();
  const signatures = signed.flatMap(({ witness, scriptSig }) => [...witness, scriptSig]);
  const pushes = [...publicKeys, ...signatures.filter(({ length }) => length > 60 && length < 80)];
  for (const spend of signed) {
    const outcome = verify(spend, STANDARD_FLAGS);
    if (outcome !== 'OK') throw new Error(`a signed spend is not valid: ${outcome}`);
  }
  return {
    name: 'script',
    run(chance) {
      const source = chance.below(10);
      if (source === 0) {
        const script = chance.oneIn(3)
          ? chance.bytes(chance.skewed(0, 600))
          : randomScript(chance, pushes);
        lookAt(script);
        return evaluate(chance, script);
      }
      const whole =
        source < 4 ? randomSpend(chance, pushes) : chance.pick(source < 7 ? signed : vectors);
      const spend = chance.oneIn(8)
        ? whole
        : mutated(chance, whole, chance.pick(chance.oneIn(2) ? pushes : signatures));
      const flags = randomFlags(chance);
      const outcome = verify(spend, flags);
      if (chance.oneIn(8)) {
        lookAt(spend.scriptPubKey);
        law(verify(spend, flags) === outcome, 'the same script ends the same way');
        const more = withNeeded(flags | chance.pick(flagBits));
        law(outcome === 'OK' || verify(spend, more) !== 'OK', 'a flag only adds refusals');
      }
      return outcome;
    },
  };
}
