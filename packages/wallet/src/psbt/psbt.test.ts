/** PSBTs from hand to hand: written and read again, signed by several, finished, looked into, refused. */
import { expandDescriptor, parseDescriptor, withChecksum } from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  chainParams,
  hexToBytes,
  SEQUENCE_FINAL,
  Tx,
  type Txid,
  type TxOutput,
} from '@coind/primitives';
import { encodeWif, p2pkh, publicKey } from '@coind/script';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combinePsbts, joinPsbts, Psbt, SharedInputError } from './psbt.ts';
import { analyzePsbt } from './psbt-analysis.ts';
import { Global, In, Out } from './psbt-fields.ts';
import { PsbtError } from './psbt-map.ts';
import { PsbtProvider } from './psbt-provider.ts';
import { extractTx, finalizePsbt, isPsbtComplete, signPsbt, updateOutputs } from './psbt-signer.ts';

const regtest = chainParams('regtest') as ChainParams;
const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
const keys = secrets.map((secret) => bytesToHex(publicKey(secret, true)));
const wifs = secrets.map((secret) => encodeWif(secret, true, regtest));

/** A provider that knows `text`, a descriptor without its checksum. */
function knows(text: string): { provider: PsbtProvider; scriptPubKey: Uint8Array } {
  const provider = new PsbtProvider();
  const [solution] = expandDescriptor(parseDescriptor(withChecksum(text), regtest), 0);
  if (!solution) throw new Error('no script');
  provider.addSolution(solution);
  return { provider, scriptPubKey: solution.scriptPubKey };
}

const payment: TxOutput = { value: 90_000n, scriptPubKey: p2pkh(new Uint8Array(20).fill(7)) };

/** A transaction that pays to `scriptPubKey`, and one that spends that. */
function chainOf(scriptPubKey: Uint8Array): { funding: Tx; spending: Tx } {
  const input = { scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [] };
  const funding = new Tx({
    version: 2,
    inputs: [{ prevout: { txid: 'aa'.repeat(32) as Txid, vout: 1 }, ...input }],
    outputs: [{ value: 100_000n, scriptPubKey }],
    locktime: 0,
  });
  const spending = new Tx({
    version: 2,
    inputs: [{ prevout: { txid: funding.txid, vout: 0 }, ...input }],
    outputs: [payment],
    locktime: 0,
  });
  return { funding, spending };
}

function blank(scriptPubKey: Uint8Array, version: 0 | 2 = 2): Psbt {
  const { funding, spending } = chainOf(scriptPubKey);
  const psbt = Psbt.of(spending, version);
  for (const input of psbt.inputs) input.nonWitnessUtxo = funding;
  return psbt;
}

const again = (psbt: Psbt): Psbt => Psbt.decode(psbt.encode());

describe('reading and writing', () => {
  test.each([0, 2] as const)('version %i comes back as it was', (version) => {
    const { provider, scriptPubKey } = knows(`wpkh(${wifs[0]})`);
    const psbt = blank(scriptPubKey, version);
    signPsbt(psbt, provider, { finalize: false });
    const copy = again(psbt);
    expect(bytesToHex(copy.encode())).toBe(bytesToHex(psbt.encode()));
    expect(copy.version).toBe(version);
    expect(copy.id).toBe(psbt.id);
    expect(copy.inputs[0]?.map.all(In.PARTIAL_SIG)).toHaveLength(1);
  });

  test('the two versions are about the same transaction', () => {
    const { scriptPubKey } = knows(`pkh(${keys[0]})`);
    const [v0, v2] = [blank(scriptPubKey, 0), blank(scriptPubKey, 2)];
    expect(again(v0).unsignedTx()?.txid).toBe(again(v2).unsignedTx()?.txid);
  });

  test('anything but a PSBT is refused with a reason, nothing crashes', () => {
    const { scriptPubKey } = knows(`wsh(multi(1,${keys[0]},${keys[1]}))`);
    const whole = blank(scriptPubKey).encode();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = whole.slice(0, length);
          for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
          try {
            const psbt = Psbt.decode(bytes);
            expect(bytesToHex(again(psbt).encode())).toBe(bytesToHex(psbt.encode()));
          } catch (error) {
            expect(error).toBeInstanceOf(PsbtError);
          }
        },
      ),
    );
  });

  test.each([
    ['', 'unexpected end of data'],
    ['70736274fe00', 'Invalid PSBT magic bytes'],
    ['70736274ff', 'Separator is missing at the end of the global map'],
    ['70736274ff00', 'No unsigned transaction was provided'],
    ['70736274ff01fb040100000000', 'There is no PSBT version 1'],
    ['70736274ff01fb040300000000', 'Unsupported version number'],
    ['70736274ff01fb040200000000', 'PSBT_GLOBAL_TX_VERSION is required in PSBTv2'],
    ['70736274ff0200000100', 'Size of key was not 1 for the type Global Unsigned TX'],
    ['70736274ff01fb040000000001fb040000000000', 'Duplicate Key, global key "fb" already provided'],
  ])('%s: %s', (hex, reason) => {
    expect(() => Psbt.decode(hexToBytes(hex))).toThrow(reason);
  });

  test('fields that nobody knows are kept', () => {
    const psbt = blank(knows(`pkh(${keys[0]})`).scriptPubKey);
    const hex = bytesToHex(psbt.encode());
    // Before the separator of the global map: a field of type 0xf0, and one of some program.
    const at = hex.indexOf('01fb040200000000') + 14;
    const more = `${hex.slice(0, at)}02f0aa01bb06fc0161626300${hex.slice(at)}`;
    const changed = Psbt.decode(hexToBytes(more.replace('06fc0161626300', '05fc0161006300')));
    expect(changed.global.unknown.map(({ value }) => bytesToHex(value))).toEqual(['bb']);
    expect(changed.global.proprietary).toHaveLength(1);
    expect(changed.global.proprietary[0]?.subtype).toBe(0);
    expect(bytesToHex(again(changed).encode())).toBe(bytesToHex(changed.encode()));
  });
});

const kinds = [
  ['pkh', (key: string) => `pkh(${key})`],
  ['wpkh', (key: string) => `wpkh(${key})`],
  ['sh(wpkh)', (key: string) => `sh(wpkh(${key}))`],
  ['wsh(pk)', (key: string) => `wsh(pk(${key}))`],
  ['tr', (key: string) => `tr(${key})`],
  ['rawtr', (key: string) => `rawtr(${key})`],
] as const;

describe('one signer', () => {
  test.each(kinds)('%s: signed, finished, taken out', (kind, form) => {
    const { provider, scriptPubKey } = knows(form(wifs[0] as string));
    const psbt = blank(scriptPubKey);
    expect(analyzePsbt(psbt).next).toBe('updater');
    expect(signPsbt(psbt, provider, { finalize: false })).toEqual(['complete']);
    expect(isPsbtComplete(psbt)).toBe(false);
    const handed = again(psbt);
    expect(analyzePsbt(handed).next).toBe('finalizer');
    expect(finalizePsbt(handed)).toBe(true);
    expect(analyzePsbt(again(handed)).next).toBe('extractor');
    expect(isPsbtComplete(again(handed))).toBe(true);
    const tx = extractTx(again(handed));
    expect(tx?.outputs).toEqual([payment]);
    // A scriptSig is part of what the txid hashes, a witness is not.
    const hasScriptSig = kind === 'pkh' || kind === 'sh(wpkh)';
    expect(tx?.txid === handed.unsignedTx()?.txid).toBe(!hasScriptSig);
  });

  test('only who has the key can sign', () => {
    const { scriptPubKey } = knows(`wpkh(${wifs[0]})`);
    const { provider } = knows(`wpkh(${keys[0]})`);
    const psbt = blank(scriptPubKey);
    expect(signPsbt(psbt, provider)).toEqual(['incomplete']);
    const { inputs, next, fee, estimatedVsize } = analyzePsbt(psbt);
    expect(next).toBe('signer');
    expect(inputs[0]?.missing?.signatures).toHaveLength(1);
    expect(fee).toBe(10_000n);
    signPsbt(psbt, knows(`wpkh(${wifs[0]})`).provider);
    expect(extractTx(psbt)?.vsize).toBe(estimatedVsize);
  });

  test('an output that is only claimed is enough for a witness, not for less', () => {
    const witness = knows(`wpkh(${wifs[0]})`);
    const plain = knows(`pkh(${wifs[0]})`);
    for (const [{ provider, scriptPubKey }, outcome] of [
      [witness, 'complete'],
      [plain, 'incomplete'],
    ] as const) {
      const psbt = Psbt.of(chainOf(scriptPubKey).spending);
      const [input] = psbt.inputs;
      if (!input) throw new Error('no input');
      input.witnessUtxo = { value: 100_000n, scriptPubKey };
      expect(signPsbt(psbt, provider)).toEqual([outcome]);
      expect(input.isFinal).toBe(outcome === 'complete');
    }
  });

  test('a hash type that another asked for is not overruled', () => {
    const { provider, scriptPubKey } = knows(`wpkh(${wifs[0]})`);
    const psbt = blank(scriptPubKey);
    expect(signPsbt(psbt, provider, { sighash: 2, finalize: false })).toEqual(['complete']);
    expect(psbt.inputs[0]?.sighash).toBe(2);
    expect(signPsbt(again(psbt), provider, { sighash: 1 })).toEqual(['sighash-mismatch']);
    expect(finalizePsbt(again(psbt))).toBe(true);
  });
});

describe('several signers', () => {
  const multi = (signer: number) =>
    `multi(2,${keys.map((key, n) => (n === signer ? wifs[n] : key)).join(',')})`;

  test.each([
    ['sh', (inner: string) => `sh(${inner})`],
    ['wsh', (inner: string) => `wsh(${inner})`],
    ['sh(wsh)', (inner: string) => `sh(wsh(${inner}))`],
  ])('%s: any two of three are enough, one is not', (_, wrap) => {
    const { scriptPubKey } = knows(wrap(multi(-1)));
    const signedBy = (signer: number) => {
      const psbt = blank(scriptPubKey);
      signPsbt(psbt, knows(wrap(multi(signer))).provider);
      return again(psbt);
    };
    for (const [a, b] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ] as const) {
      const [first, second] = [signedBy(a), signedBy(b)];
      expect(finalizePsbt(first.clone())).toBe(false);
      expect(analyzePsbt(first).next).toBe('signer');
      const both = combinePsbts([first, second]);
      expect(both?.inputs[0]?.map.all(In.PARTIAL_SIG)).toHaveLength(2);
      expect(both && finalizePsbt(both)).toBe(true);
      expect(both && isPsbtComplete(both)).toBe(true);
    }
  });

  test('what is about other transactions is not combined', () => {
    const one = blank(knows(`wpkh(${keys[0]})`).scriptPubKey);
    const other = blank(knows(`wpkh(${keys[1]})`).scriptPubKey);
    expect(combinePsbts([one, other])).toBeUndefined();
    expect(combinePsbts([one, blank(knows(`wpkh(${keys[0]})`).scriptPubKey, 0)])).toBeUndefined();
  });

  test('joined: all inputs and outputs, each input once', () => {
    const one = blank(knows(`wpkh(${keys[0]})`).scriptPubKey, 0);
    const other = blank(knows(`wpkh(${keys[1]})`).scriptPubKey, 0);
    const joined = again(joinPsbts([one, other], (items) => [...items].reverse()));
    expect(joined.inputs.map(({ outpoint }) => outpoint)).toEqual(
      [other, one].map((psbt) => psbt.inputs[0]?.outpoint),
    );
    expect(joined.outputs).toHaveLength(2);
    expect(() => joinPsbts([one, one], (items) => items)).toThrow(SharedInputError);
  });
});

describe('what the fields mean', () => {
  test('an output says what its owner needs to know it again', () => {
    const { provider, scriptPubKey } = knows(`sh(wsh(multi(1,${keys[0]},${keys[1]})))`);
    const { spending } = chainOf(payment.scriptPubKey);
    const { version, inputs, locktime } = spending;
    const psbt = Psbt.of(
      new Tx({ version, inputs, outputs: [{ value: 1n, scriptPubKey }], locktime }),
    );
    updateOutputs(psbt, provider);
    const map = again(psbt).outputs[0]?.map;
    expect(map?.has(Out.REDEEM_SCRIPT)).toBe(true);
    expect(map?.has(Out.WITNESS_SCRIPT)).toBe(true);
    expect(map?.all(Out.BIP32_DERIVATION)).toHaveLength(2);
  });

  test('locktimes: heights before times, none when they clash (BIP370)', () => {
    const u32 = (value: number) => new Uint8Array(new Uint32Array([value]).buffer);
    const { spending } = chainOf(payment.scriptPubKey);
    const { version, inputs, outputs } = spending;
    const two = new Tx({ version, inputs: [...inputs, ...inputs], outputs, locktime: 7 });
    const psbt = Psbt.of(two);
    expect(psbt.locktime()).toBe(7);
    psbt.inputs[0]?.map.set(In.TIME_LOCKTIME, u32(500_000_001));
    expect(psbt.locktime()).toBe(500_000_001);
    psbt.inputs[1]?.map.set(In.HEIGHT_LOCKTIME, u32(20));
    expect(psbt.locktime()).toBeUndefined();
    expect(psbt.unsignedTx()).toBeUndefined();
    expect(analyzePsbt(psbt).error).toBe('PSBT cannot be made into a valid transaction');
    psbt.inputs[0]?.map.set(In.HEIGHT_LOCKTIME, u32(30));
    expect(psbt.locktime()).toBe(30);
  });

  test('a sequence that version 2 leaves out is final', () => {
    const psbt = blank(payment.scriptPubKey);
    const bytes = bytesToHex(psbt.encode()).replace('011004fdffffff', '');
    expect(Psbt.decode(hexToBytes(bytes)).unsignedTx()?.inputs[0]?.sequence).toBe(SEQUENCE_FINAL);
  });

  test('whoever forbids a change forbids it for all', () => {
    const [one, other] = [blank(payment.scriptPubKey), blank(payment.scriptPubKey)];
    one.global.set(Global.TX_MODIFIABLE, Uint8Array.of(3));
    other.global.set(Global.TX_MODIFIABLE, Uint8Array.of(6));
    expect(combinePsbts([one, other])?.modifiable).toBe(6);
  });
});
