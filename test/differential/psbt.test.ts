/** PSBTs of version 0 beside bitcoinjs-lib: each reads what the other wrote, and both finish alike. */
import { bytesToHex, hash160, Tx, type Txid } from '@coind/primitives';
import { multisig, p2sh, p2wpkh, publicKey, signEcdsa } from '@coind/script';
import { combinePsbts, extractTx, finalizePsbt, Psbt } from '@coind/wallet';
import * as bitcoin from 'bitcoinjs-lib';
import { expect, test } from 'vitest';

const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n + 40));
const signers = secrets.map((secret) => ({
  publicKey: publicKey(secret, true),
  sign: (digest: Uint8Array) => signEcdsa(digest, secret),
}));
const [first, second, third] = signers as [
  (typeof signers)[0],
  (typeof signers)[0],
  (typeof signers)[0],
];
const redeemScript = multisig(2, [first.publicKey, second.publicKey, third.publicKey]);
const funding = new Tx({
  version: 2,
  inputs: [
    {
      prevout: { txid: 'cc'.repeat(32) as Txid, vout: 0 },
      scriptSig: new Uint8Array([0x51]),
      sequence: 0xffffffff,
      witness: [],
    },
  ],
  outputs: [
    { value: 50_000n, scriptPubKey: p2wpkh(hash160(first.publicKey)) },
    { value: 60_000n, scriptPubKey: p2sh(hash160(redeemScript)) },
  ],
  locktime: 0,
});

/** A payment of both outputs, made by bitcoinjs-lib. */
function theirs(): bitcoin.Psbt {
  const psbt = new bitcoin.Psbt({ network: bitcoin.networks.regtest });
  psbt.setVersion(2);
  psbt.addInput({
    hash: funding.txid,
    index: 0,
    sequence: 0xfffffffd,
    witnessUtxo: { script: p2wpkh(hash160(first.publicKey)), value: 50_000n },
  });
  psbt.addInput({
    hash: funding.txid,
    index: 1,
    sequence: 0xfffffffd,
    nonWitnessUtxo: funding.encode(),
    redeemScript,
  });
  psbt.addOutput({ script: p2wpkh(hash160(third.publicKey)), value: 100_000n });
  return psbt;
}

test('a PSBT of theirs is read and written the same', () => {
  const psbt = theirs();
  psbt.signAllInputs(first);
  const bytes = psbt.toBuffer();
  const ours = Psbt.decode(bytes);
  expect(ours.version).toBe(0);
  expect(bitcoin.Psbt.fromBuffer(ours.encode()).toBase64()).toBe(psbt.toBase64());
});

test('what two of their signers made, we put together and finish as they do', () => {
  const [one, other] = [theirs(), theirs()];
  one.signAllInputs(first);
  other.signInput(1, second);
  const combined = combinePsbts([Psbt.decode(one.toBuffer()), Psbt.decode(other.toBuffer())]);
  if (!combined) throw new Error('not combined');
  expect(finalizePsbt(combined)).toBe(true);
  const expected = one.combine(other).finalizeAllInputs().extractTransaction();
  expect(bytesToHex((extractTx(combined) as Tx).encode())).toBe(expected.toHex());
});

test('what we finish, they take out', () => {
  const psbt = theirs();
  psbt.signAllInputs(first);
  psbt.signInput(1, third);
  const ours = Psbt.decode(psbt.toBuffer());
  expect(finalizePsbt(ours)).toBe(true);
  const tx = bitcoin.Psbt.fromBuffer(ours.encode()).extractTransaction();
  expect(tx.toHex()).toBe(bytesToHex((extractTx(ours) as Tx).encode()));
});
