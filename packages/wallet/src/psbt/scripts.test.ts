/** PSBTs of scripts that are more than templates: miniscript and the leaves of taproot trees, passed from hand to hand. */
import { expandDescriptor, parseDescriptor } from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  chainParams,
  sha256,
  Tx,
  type Txid,
} from '@coind/primitives';
import { encodeWif, p2pkh, publicKey } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { combinePsbts, Psbt, type PsbtInput } from './psbt.ts';
import { analyzePsbt } from './psbt-analysis.ts';
import { decodeTapDerivation, decodeTapTree, In, Out } from './psbt-fields.ts';
import { PsbtProvider } from './psbt-provider.ts';
import { extractTx, finalizePsbt, isPsbtComplete, signPsbt, updateOutputs } from './psbt-signer.ts';
import { SecretNonces } from './secret-nonces.ts';

const regtest = chainParams('regtest') as ChainParams;
const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
const [a, b, c] = secrets.map((secret) => bytesToHex(publicKey(secret, true))) as [
  string,
  string,
  string,
];
const [aWif, bWif, cWif] = secrets.map((secret) => encodeWif(secret, true, regtest)) as [
  string,
  string,
  string,
];
const preimage = new Uint8Array(32).fill(9);
const hash = sha256(preimage);

function knows(text: string, nonces?: SecretNonces) {
  const [solution] = expandDescriptor(parseDescriptor(text, regtest), 0);
  if (!solution) throw new Error('no script');
  const provider = new PsbtProvider({}, nonces);
  provider.addSolution(solution);
  return { provider, ...solution };
}

/** A PSBT that spends an output of a script; `sequence` blocks after it. */
function spending(scriptPubKey: Uint8Array, sequence = 0xfffffffd): Psbt {
  const input = { scriptSig: new Uint8Array(0), sequence, witness: [] };
  const funding = new Tx({
    version: 2,
    inputs: [{ prevout: { txid: 'aa'.repeat(32) as Txid, vout: 1 }, ...input }],
    outputs: [{ value: 100_000n, scriptPubKey }],
    locktime: 0,
  });
  const tx = new Tx({
    version: 2,
    inputs: [{ prevout: { txid: funding.txid, vout: 0 }, ...input }],
    outputs: [{ value: 90_000n, scriptPubKey: p2pkh(new Uint8Array(20)) }],
    locktime: 0,
  });
  const psbt = Psbt.of(tx, 2);
  for (const one of psbt.inputs) one.nonWitnessUtxo = funding;
  return psbt;
}

const again = (psbt: Psbt): Psbt => Psbt.decode(psbt.encode());

function witnessOf(psbt: Psbt): readonly Uint8Array[] {
  expect(finalizePsbt(psbt)).toBe(true);
  expect(isPsbtComplete(psbt)).toBe(true);
  return extractTx(psbt)?.inputs[0]?.witness ?? [];
}

describe('miniscript behind P2WSH', () => {
  test('a preimage is asked for, given, and used', () => {
    const policy = (key: string) => `wsh(and_v(v:pk(${key}),sha256(${bytesToHex(hash)})))`;
    const { provider, scriptPubKey } = knows(policy(aWif));
    const psbt = spending(scriptPubKey);
    expect(signPsbt(psbt, provider)).toEqual(['incomplete']);
    const copy = again(psbt);
    expect(copy.inputs[0]?.map.all(In.PARTIAL_SIG)).toHaveLength(1);
    copy.inputs[0]?.map.set(In.SHA256, preimage, hash);
    const [given, signature, script] = witnessOf(copy);
    expect(given).toEqual(preimage);
    expect(signature?.length).toBeGreaterThan(60);
    expect(script).toEqual(knows(policy(a)).witnessScript);
  });

  test.each([
    [9, 'incomplete'],
    [10, 'complete'],
  ])('a key that has to wait ten blocks, after %i: %s', (sequence, outcome) => {
    const text = `sh(wsh(or_d(pk(${a}),and_v(v:pkh(${bWif}),older(10)))))`;
    const { provider, scriptPubKey } = knows(text);
    expect(signPsbt(spending(scriptPubKey, sequence), provider)).toEqual([outcome]);
  });

  test('two signers of three, and what is missing before them', () => {
    const policy = (one: string, two: string) =>
      `wsh(thresh(2,pk(${one}),s:pk(${two}),s:pk(${c})))`;
    const psbt = spending(knows(policy(a, b)).scriptPubKey);
    signPsbt(psbt, knows(policy(a, b)).provider, { finalize: false });
    const [analysis] = analyzePsbt(psbt).inputs;
    expect(analysis?.next).toBe('signer');
    expect(analysis?.missing?.signatures).toHaveLength(3);
    const copies = [policy(aWif, b), policy(a, bWif)].map((text) => {
      const copy = again(psbt);
      signPsbt(copy, knows(text).provider);
      return copy;
    });
    const combined = combinePsbts(copies as [Psbt, Psbt]) as Psbt;
    const witness = witnessOf(combined);
    expect(witness.map(({ length }) => length > 0)).toEqual([false, true, true, true]);
  });
});

describe('trees of taproot', () => {
  const tree = (key: string, one: string, two: string) =>
    `tr(${key},{and_v(v:pk(${one}),older(5)),multi_a(2,${one},${two})})`;

  function filled(): { psbt: Psbt; input: PsbtInput } {
    const { provider, scriptPubKey } = knows(tree(a, b, c));
    const psbt = spending(scriptPubKey, 5);
    signPsbt(psbt, provider);
    const copy = again(psbt);
    return { psbt: copy, input: copy.inputs[0] as PsbtInput };
  }

  test('the input says which leaves there are and which keys are in them', () => {
    const { map } = filled().input;
    expect(map.all(In.TAP_LEAF_SCRIPT)).toHaveLength(2);
    expect(map.get(In.TAP_MERKLE_ROOT)).toEqual(knows(tree(a, b, c)).taproot?.merkleRoot);
    const uses = map
      .all(In.TAP_BIP32_DERIVATION)
      .map(({ key, value }) => [bytesToHex(key), decodeTapDerivation(value).leafHashes.length]);
    expect(new Map(uses as [string, number][])).toEqual(
      new Map([a, b, c].map((key, leaves) => [key.slice(2), leaves === 0 ? 0 : 3 - leaves])),
    );
  });

  test.each([
    ['the internal key alone', tree(aWif, b, c), 1],
    ['one key and its lock, the smaller of two leaves', tree(a, bWif, cWif), 3],
  ])('%s', (_name, text, items) => {
    const { psbt } = filled();
    signPsbt(psbt, knows(text).provider, { finalize: false });
    expect(witnessOf(psbt)).toHaveLength(items);
  });

  test('signers of one leaf, each with one key', () => {
    const { scriptPubKey, provider } = knows(tree(a, b, c));
    const psbt = spending(scriptPubKey, 4);
    signPsbt(psbt, provider);
    const copies = [tree(a, bWif, c), tree(a, b, cWif)].map((text) => {
      const copy = again(psbt);
      expect(signPsbt(copy, knows(text).provider)).toEqual(['incomplete']);
      return again(copy);
    });
    expect(witnessOf(combinePsbts(copies as [Psbt, Psbt]) as Psbt)).toHaveLength(4);
  });

  test('an output carries the tree it pays to', () => {
    const { provider, scriptPubKey, taproot } = knows(tree(a, b, c));
    const { inputs, version, locktime } = spending(scriptPubKey).unsignedTx() as Tx;
    const outputs = [{ value: 1n, scriptPubKey }];
    const psbt = Psbt.of(new Tx({ version, inputs, outputs, locktime }), 2);
    updateOutputs(psbt, provider);
    const map = again(psbt).outputs[0]?.map;
    const leaves = decodeTapTree(map?.get(Out.TAP_TREE) as Uint8Array);
    expect(leaves.map(({ script }) => bytesToHex(script)).sort()).toEqual(
      taproot?.leaves.map(({ script }) => bytesToHex(script)).sort(),
    );
    expect(map?.all(Out.TAP_BIP32_DERIVATION)).toHaveLength(3);
  });
});

describe('keys of several', () => {
  let count = 0;
  const newNonces = () => new SecretNonces({ random: () => sha256(Uint8Array.of(count++)) });
  const internal = (one: string, two: string) => `tr(musig(${one},${two}),pk(${c}))`;
  const leaf = (one: string, two: string) => `tr(${c},{pk(musig(${one},${two})),pk(${c})})`;

  /** Two signers who each know one secret. */
  function signers(policy: typeof internal) {
    return [policy(aWif, b), policy(a, bWif)].map((text) => knows(text, newNonces()).provider);
  }

  function round(psbt: Psbt, providers: readonly PsbtProvider[]): Psbt {
    const copies = providers.map((provider) => {
      const copy = again(psbt);
      expect(signPsbt(copy, provider, { finalize: false })).toEqual(['incomplete']);
      return again(copy);
    });
    return combinePsbts(copies as [Psbt, Psbt]) as Psbt;
  }

  test.each([
    ['the internal key', internal, 1],
    ['a leaf', leaf, 3],
  ])('%s: nonces, parts, a signature', (_name, policy, items) => {
    const psbt = spending(knows(policy(a, b)).scriptPubKey);
    const both = signers(policy);
    const withNonces = round(psbt, both);
    expect(withNonces.inputs[0]?.map.all(In.MUSIG2_PUB_NONCE)).toHaveLength(2);
    expect(withNonces.inputs[0]?.map.all(In.MUSIG2_PARTIAL_SIG)).toHaveLength(0);
    const withParts = round(withNonces, both);
    expect(withParts.inputs[0]?.map.all(In.MUSIG2_PARTIAL_SIG)).toHaveLength(2);
    expect(witnessOf(withParts)).toHaveLength(items);
  });

  test('a nonce signs once', () => {
    const psbt = spending(knows(internal(a, b)).scriptPubKey);
    const both = signers(internal);
    const withNonces = round(psbt, both);
    const parts = () => {
      const copy = again(withNonces);
      signPsbt(copy, both[0] as PsbtProvider, { finalize: false });
      return copy.inputs[0]?.map.all(In.MUSIG2_PARTIAL_SIG).length;
    };
    expect([parts(), parts()]).toEqual([1, 0]);
  });

  test('one signer alone comes to nothing', () => {
    const psbt = spending(knows(internal(a, b)).scriptPubKey);
    const [first] = signers(internal) as [PsbtProvider];
    for (let turn = 0; turn < 3; turn++) {
      expect(signPsbt(psbt, first)).toEqual(['incomplete']);
    }
    expect(psbt.inputs[0]?.map.all(In.MUSIG2_PUB_NONCE)).toHaveLength(1);
    expect(finalizePsbt(psbt)).toBe(false);
  });
});
