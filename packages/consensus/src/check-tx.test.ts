import {
  COIN,
  hexToBytes,
  MAX_MONEY,
  NO_VOUT,
  Tx,
  type TxFields,
  type Txid,
  ZERO_TXID,
} from '@coind/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkInputs, checkTx, formatMoney, valueOut } from './check-tx.ts';
import { type Coin, CoinsOverlay } from './coins.ts';
import { ValidationError } from './rejects.ts';
import { readShared } from './test-support/mini-chain.ts';

const SCRIPT = new Uint8Array([0x51]);
const prevout = (vout: number) => ({ txid: '11'.repeat(32) as Txid, vout });
const input = (vout = 0) => ({
  prevout: prevout(vout),
  scriptSig: new Uint8Array(),
  sequence: 0xffffffff,
  witness: [],
});
const output = (value: bigint) => ({ value, scriptPubKey: SCRIPT });

function tx(fields: Partial<TxFields> = {}): Tx {
  return new Tx({ version: 2, inputs: [input()], outputs: [output(1n)], locktime: 0, ...fields });
}

function coinbase(scriptSigSize: number): Tx {
  const scriptSig = new Uint8Array(scriptSigSize);
  return tx({ inputs: [{ ...input(), prevout: { txid: ZERO_TXID, vout: NO_VOUT }, scriptSig }] });
}

function coin(value: bigint, fields: Partial<Coin> = {}): Coin {
  return { output: output(value), height: 10, coinbase: false, ...fields };
}

function view(...coins: Coin[]): CoinsOverlay {
  const overlay = new CoinsOverlay();
  for (const [vout, one] of coins.entries()) overlay.add(prevout(vout), one);
  return overlay;
}

describe('checkTx', () => {
  test.each<[string, Tx]>([
    ['bad-txns-vin-empty', tx({ inputs: [] })],
    ['bad-txns-vout-empty', tx({ outputs: [] })],
    [
      'bad-txns-oversize',
      tx({ outputs: [{ value: 1n, scriptPubKey: new Uint8Array(1_000_000) }] }),
    ],
    ['bad-txns-vout-negative', tx({ outputs: [output(-1n)] })],
    ['bad-txns-vout-toolarge', tx({ outputs: [output(MAX_MONEY + 1n)] })],
    ['bad-txns-txouttotal-toolarge', tx({ outputs: [output(MAX_MONEY), output(1n)] })],
    ['bad-txns-inputs-duplicate', tx({ inputs: [input(3), input(1), input(3)] })],
    ['bad-cb-length', coinbase(1)],
    ['bad-cb-length', coinbase(101)],
    [
      'bad-txns-prevout-null',
      tx({ inputs: [input(), { ...input(), prevout: { txid: ZERO_TXID, vout: NO_VOUT } }] }),
    ],
  ])('refuses with %s', (reason, refused) => {
    expect(() => checkTx(refused)).toThrow(new ValidationError(reason as 'bad-cb-length'));
  });

  test('accepts the edges', () => {
    checkTx(tx({ outputs: [output(MAX_MONEY), output(0n)] }));
    checkTx(coinbase(2));
    checkTx(coinbase(100));
    // A zero txid alone names a transaction that nobody can find, but it is no null prevout.
    checkTx(tx({ inputs: [input(), { ...input(), prevout: { txid: ZERO_TXID, vout: 0 } }] }));
  });

  test("agrees with bitcoind's valid and invalid transactions", ({ skip }) => {
    const valid = readShared('vectors/core/tx_valid.json');
    const invalid = readShared('vectors/core/tx_invalid.json');
    if (!valid || !invalid) return skip('no ../shared/vectors/core/tx_valid.json, tx_invalid.json');
    const rows = (text: string) =>
      (JSON.parse(text) as string[][]).filter((row) => row.length > 1) as [
        unknown,
        string,
        string,
      ][];
    let bad = 0;
    for (const [, hex, flags] of [...rows(valid), ...rows(invalid)]) {
      const decoded = Tx.decode(hexToBytes(hex));
      if (flags === 'BADTX') {
        expect(() => checkTx(decoded), hex).toThrow(ValidationError);
        bad++;
      } else {
        checkTx(decoded);
      }
    }
    expect(bad).toBe(9);
  });
});

describe('checkInputs', () => {
  test('returns the fee and the coins in order', () => {
    const two = tx({ inputs: [input(1), input(0)], outputs: [output(70n)] });
    const { fee, spent } = checkInputs(two, view(coin(40n), coin(35n)), 11);
    expect(fee).toBe(5n);
    expect(spent.map(({ output: { value } }) => value)).toEqual([35n, 40n]);
  });

  test('refuses what is not there', () => {
    const refused = () => checkInputs(tx({ inputs: [input(0), input(1)] }), view(coin(9n)), 11);
    expect(refused).toThrow('bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent');
  });

  test('a coinbase matures after 100 blocks', () => {
    const young = view(coin(9n, { coinbase: true, height: 1 }));
    expect(() => checkInputs(tx(), young, 100)).toThrow(
      'bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99',
    );
    expect(checkInputs(tx(), young, 101).fee).toBe(8n);
  });

  test('refuses to pay more than it spends', () => {
    const spend = tx({ outputs: [output(2n * COIN)] });
    expect(() => checkInputs(spend, view(coin(COIN + 50_000_000n)), 11)).toThrow(
      'bad-txns-in-belowout, value in (1.50) < value out (2.00)',
    );
  });

  test('refuses amounts that cannot be', () => {
    expect(() => checkInputs(tx(), view(coin(MAX_MONEY + 1n)), 11)).toThrow(
      'bad-txns-inputvalues-outofrange',
    );
    const two = tx({ inputs: [input(0), input(1)] });
    expect(() => checkInputs(two, view(coin(MAX_MONEY), coin(1n)), 11)).toThrow(
      'bad-txns-inputvalues-outofrange',
    );
  });

  test('the fee is what goes in less what comes out', () => {
    const amounts = fc.array(fc.bigInt({ min: 0n, max: COIN }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(amounts, amounts, (valuesIn, valuesOut) => {
        const spend = tx({
          inputs: valuesIn.map((_, i) => input(i)),
          outputs: valuesOut.map(output),
        });
        const total = valuesIn.reduce((a, b) => a + b, 0n);
        const coins = view(...valuesIn.map((value) => coin(value)));
        if (total < valueOut(spend)) {
          expect(() => checkInputs(spend, coins, 11)).toThrow('bad-txns-in-belowout');
        } else {
          expect(checkInputs(spend, coins, 11).fee + valueOut(spend)).toBe(total);
        }
      }),
    );
  });
});

test.each([
  [0n, '0.00'],
  [1n, '0.00000001'],
  [COIN, '1.00'],
  [123_456_789n, '1.23456789'],
  [100_100_000n, '1.001'],
  [-150_000_000n, '-1.50'],
])('formatMoney(%d) is %s', (value, text) => {
  expect(formatMoney(value)).toBe(text);
});
