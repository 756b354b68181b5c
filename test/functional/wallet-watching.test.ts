/** Watched addresses and imports as bitcoind 0.16 has them, over HTTP: one daemon, calls and their answers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, type ChainParams, chainParams, hash160 } from '@coind/primitives';
import {
  encodeAddress,
  encodeWif,
  multisig,
  p2pk,
  p2pkh,
  p2sh,
  p2wpkh,
  publicKey,
} from '@coind/script';
import { type Spawned, spawn } from '@coind/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const params = chainParams('regtest') as ChainParams;
const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const addressOf = (script: Uint8Array) => encodeAddress(script, params) as string;

/** A key that is nobody's, in all its forms. */
function strangeKey(n: number) {
  const secret = new Uint8Array(32).fill(n);
  const key = publicKey(secret);
  const hash = hash160(key);
  return {
    wif: encodeWif(secret, true, params),
    pubkey: bytesToHex(key),
    key,
    address: addressOf(p2pkh(hash)),
    segwit: addressOf(p2wpkh(hash)),
    nested: addressOf(p2sh(hash160(p2wpkh(hash)))),
    script: bytesToHex(p2pkh(hash)),
    raw: bytesToHex(p2pk(key)),
  };
}

let node: Spawned;
beforeAll(async () => {
  const era = ['-compat=legacy', '-addresstype=legacy', '-deprecatedrpc=addwitnessaddress'];
  node = await spawn({ args: [...era, '-fallbackfee=0.0002'] });
});
afterAll(() => node.close());

/** The result, or the refusal as `code text`. */
function call(method: string, ...args: unknown[]): Promise<unknown> {
  return node.client
    .call(method, args as never)
    .catch(({ code, message }: { code: number; message: string }) => `${code} ${message}`);
}

const mineTo = (address: string, blocks = 1) => call('generatetoaddress', blocks, address);

async function expectClean(): Promise<void> {
  expect(await call('auditaccounts')).toMatchObject({ clean: true });
}

describe('importaddress', () => {
  const theirs = strangeKey(1);

  test('what was paid before counts where watched addresses are asked for', async () => {
    await mineTo(theirs.address, 2);
    await mineTo(FOREIGN, 100);
    expect(await call('importaddress', theirs.address, 'theirs')).toBe(null);
    expect(await call('getbalance')).toBe(0);
    expect(await call('getbalance', 'theirs')).toBe(0);
    expect(await call('getbalance', 'theirs', 1, true)).toBe(100);
    expect(await call('getbalance', 'theirs', 102, true)).toBe(50);
    expect(await call('getbalance', '*', 1, true)).toBe(100);
    expect(await call('listaccounts')).toEqual({ '': 0 });
    expect(await call('listaccounts', 1, true)).toEqual({ '': 0, theirs: 100 });
    expect(await call('getwalletinfo')).toMatchObject({ balance: 0, txcount: 2 });
    expect(await call('listtransactions')).toEqual([]);
    expect(await call('listtransactions', '*', 1, 0, true)).toMatchObject([
      { involvesWatchonly: true, account: 'theirs', category: 'generate', amount: 50 },
    ]);
    expect(await call('validateaddress', theirs.address)).toMatchObject({
      ismine: false,
      iswatchonly: true,
      account: 'theirs',
      timestamp: 0,
    });
    expect(await call('getaddressesbyaccount', 'theirs')).toEqual([theirs.address]);
    await expectClean();
  });

  test('its coins are listed as not to be spent, and not selected', async () => {
    expect(await call('listunspent')).toMatchObject([
      { address: theirs.address, account: 'theirs', spendable: false, solvable: false, safe: true },
      { spendable: false },
    ]);
    expect(await call('sendtoaddress', FOREIGN, 1)).toBe('-6 Insufficient funds');
    expect(await call('sendfrom', 'theirs', FOREIGN, 1)).toBe('-6 Account has insufficient funds');
    const [{ txid }] = (await call('listunspent')) as [{ txid: string }];
    const raw = await call('createrawtransaction', [{ txid, vout: 0 }], { [FOREIGN]: 49.999 });
    expect(await call('signrawtransaction', raw)).toMatchObject({ complete: false });
    expect(await call('gettransaction', txid)).toMatchObject({ amount: 0, details: [] });
    expect(await call('gettransaction', txid, true)).toMatchObject({
      amount: 50,
      details: [{ involvesWatchonly: true, account: 'theirs', category: 'generate', vout: 0 }],
    });
  });

  test('its public key makes it solvable: a transaction can be funded for another signer', async () => {
    expect(await call('importpubkey', theirs.pubkey, 'theirs', false)).toBe(null);
    expect(await call('listunspent', 1, 999, [theirs.address])).toMatchObject([
      { solvable: true, spendable: false },
      { solvable: true, spendable: false },
    ]);
    expect(await call('validateaddress', theirs.segwit)).toMatchObject({
      ismine: false,
      iswatchonly: true,
      account: 'theirs',
    });
    const raw = await call('createrawtransaction', [], { [FOREIGN]: 1 });
    expect(await call('fundrawtransaction', raw)).toBe('-4 Insufficient funds');
    const funded = (await call('fundrawtransaction', raw, { includeWatching: true })) as {
      hex: string;
    };
    expect(await call('signrawtransaction', funded.hex)).toMatchObject({ complete: false });
    expect(await call('signrawtransaction', funded.hex, [], [theirs.wif])).toMatchObject({
      complete: true,
    });
  });

  test('its private key makes it own', async () => {
    expect(await call('importprivkey', theirs.wif, 'ours', false)).toBe(null);
    expect(await call('getbalance')).toBe(100);
    expect(await call('getbalance', 'ours')).toBe(100);
    expect(await call('getbalance', 'ours', 1, true)).toBe(100);
    expect(await call('validateaddress', theirs.address)).toMatchObject({
      ismine: true,
      iswatchonly: false,
    });
    expect(await call('importaddress', theirs.address)).toBe(
      '-4 The wallet already contains the private key for this address or script',
    );
    expect(await call('importprivkey', theirs.wif, 'again')).toBe(null);
    expect(await call('getaccount', theirs.nested)).toBe('again');
    expect(await call('sendfrom', 'again', FOREIGN, 60)).toMatch(/^[0-9a-f]{64}$/);
    await mineTo(FOREIGN);
    await expectClean();
  });

  test.each([
    [['nonsense'], '-5 Invalid Bitcoin address or script'],
    [[''], '-5 Invalid Bitcoin address or script'],
    [
      [FOREIGN, '', false, true],
      '-5 Cannot use the p2sh flag with an address - use a script instead',
    ],
    [[5], '-1 JSON value is not a string as expected'],
    [[FOREIGN, 5], '-1 JSON value is not a string as expected'],
    [[FOREIGN, '', 'yes'], '-1 JSON value is not a boolean as expected'],
  ])('importaddress %j is refused', async (args, text) => {
    expect(await call('importaddress', ...args)).toBe(text);
  });

  test.each([
    [['zz'], '-5 Pubkey must be a hex string'],
    [['02ff'], '-5 Pubkey is not a valid public key'],
  ])('importpubkey %j is refused', async (args, text) => {
    expect(await call('importpubkey', ...args)).toBe(text);
  });
});

describe('a script whose keys are elsewhere', () => {
  const [a, b] = [strangeKey(11), strangeKey(12)];
  const script = multisig(2, [a.key, b.key]);
  const joint = addressOf(p2sh(hash160(script)));

  test('is watched with the P2SH address it is behind', async () => {
    expect(await call('importaddress', bytesToHex(script), 'joint', false, true)).toBe(null);
    await mineTo(joint);
    await mineTo(FOREIGN, 100);
    expect(await call('listunspent', 1, 9999, [joint])).toMatchObject([
      { redeemScript: bytesToHex(script), solvable: true, spendable: false, account: 'joint' },
    ]);
    expect(await call('validateaddress', joint)).toMatchObject({
      iswatchonly: true,
      script: 'multisig',
      hex: bytesToHex(script),
      addresses: [a.address, b.address],
      sigsrequired: 2,
    });
  });

  test('is signed for by whom has part of its keys, and own with the last one', async () => {
    const [{ txid, vout }] = (await call('listunspent', 1, 9999, [joint])) as [
      { txid: string; vout: number },
    ];
    const raw = await call('createrawtransaction', [{ txid, vout }], { [FOREIGN]: 49.999 });
    expect(await call('importprivkey', a.wif, '', false)).toBe(null);
    const half = (await call('signrawtransaction', raw)) as { hex: string; complete: boolean };
    expect(half.complete).toBe(false);
    expect(half.hex).not.toBe(raw);
    expect(await call('getbalance', 'joint')).toBe(0);
    expect(await call('importprivkey', b.wif, '', false)).toBe(null);
    expect(await call('getbalance', 'joint')).toBe(50);
    expect(await call('signrawtransaction', raw)).toMatchObject({ complete: true });
    await expectClean();
  });

  test('addmultisigaddress remembers it: watching the address needs no more', async () => {
    const own = (await call('getnewaddress')) as string;
    const other = strangeKey(13);
    const made = (await call('addmultisigaddress', 2, [own, other.pubkey], 'shared')) as {
      address: string;
      redeemScript: string;
    };
    expect(await call('validateaddress', made.address)).toMatchObject({
      ismine: false,
      iswatchonly: false,
      hex: made.redeemScript,
    });
    expect(await call('importaddress', made.address, 'shared', false)).toBe(null);
    await mineTo(made.address);
    await mineTo(FOREIGN, 100);
    expect(await call('listunspent', 1, 9999, [made.address])).toMatchObject([
      { redeemScript: made.redeemScript, solvable: true, spendable: false },
    ]);
    expect(await call('listreceivedbyaccount', 1, false, false)).not.toContainEqual(
      expect.objectContaining({ account: 'shared' }),
    );
  });

  test('a bare public key has the name of its P2PKH address', async () => {
    const bare = strangeKey(14);
    expect(await call('importaddress', bare.raw, 'bare', false)).toBe(null);
    expect(await call('getaccount', bare.address)).toBe('bare');
  });
});

describe('importmulti', () => {
  const outcome = async (...requests: unknown[]) =>
    ((await call('importmulti', requests, { rescan: false })) as object[]).map((one) => {
      const { success, error } = one as {
        success: boolean;
        error?: { code: number; message: string };
      };
      return error ? `${error.code} ${error.message}` : success;
    });
  const to = (n: number) => ({
    scriptPubKey: { address: strangeKey(n).address },
    timestamp: 'now',
  });
  const k = strangeKey(20);
  const inner = multisig(1, [k.key, strangeKey(25).key]);
  const behind = addressOf(p2sh(hash160(inner)));

  test.each([
    ['an address', to(21), true],
    ['a script', { scriptPubKey: strangeKey(22).script, internal: true, timestamp: 'now' }, true],
    ['a public key', { ...to(23), pubkeys: [strangeKey(23).pubkey], label: 'pub' }, true],
    ['a private key', { ...to(24), keys: [strangeKey(24).wif], label: 'priv' }, true],
    [
      'a redeem script',
      { scriptPubKey: { address: behind }, redeemscript: bytesToHex(inner), timestamp: 5 },
      true,
    ],
    [
      'a script that is not internal',
      { scriptPubKey: k.script, timestamp: 'now' },
      '-8 Internal must be set for hex scriptPubKey',
    ],
    ['no script', { timestamp: 'now' }, '-8 Invalid scriptPubKey'],
    ['a wrong address', { ...to(20), scriptPubKey: { address: 'x' } }, '-5 Invalid address'],
    ['a wrong script', { scriptPubKey: 'x', timestamp: 'now' }, '-5 Invalid scriptPubKey'],
    [
      'internal with a label',
      { ...to(20), internal: true, label: 'x' },
      '-8 Incompatibility found between internal and label',
    ],
    [
      'watchonly with a key',
      { ...to(20), watchonly: true, keys: [k.wif] },
      '-8 Incompatibility found between watchonly and keys',
    ],
    [
      'two keys',
      { ...to(20), keys: [k.wif, k.wif] },
      '-8 More than private key given for one address',
    ],
    ['another key', { ...to(20), keys: [strangeKey(9).wif] }, '-5 Consistency check failed'],
    [
      'another public key',
      { ...to(20), pubkeys: [strangeKey(9).pubkey] },
      '-5 Consistency check failed',
    ],
    ['a wrong key', { ...to(20), keys: ['x'] }, '-5 Invalid private key encoding'],
    ['a wrong public key', { ...to(20), pubkeys: ['zz'] }, '-5 Pubkey must be a hex string'],
    ['a short public key', { ...to(20), pubkeys: ['02ff'] }, '-5 Pubkey is not a valid public key'],
    ['a redeem script that is none', { ...to(20), redeemscript: 'x' }, '-5 Invalid redeem script'],
    [
      'a redeem script of no P2SH',
      { ...to(20), redeemscript: '51' },
      '-5 Invalid P2SH address / script',
    ],
    ['the wrong type', { ...to(20), keys: 5 }, '-1 Missing required fields'],
    [
      'a key it has',
      { ...to(24) },
      '-4 The wallet already contains the private key for this address or script',
    ],
  ])('%s', async (_, request, expected) => {
    expect(await outcome(request)).toEqual([expected]);
  });

  test('each request has an outcome of its own', async () => {
    expect(await outcome(to(26), { timestamp: 'now' }, to(27))).toEqual([
      true,
      '-8 Invalid scriptPubKey',
      true,
    ]);
    expect(await call('getaccount', strangeKey(24).address)).toBe('priv');
    expect(await call('validateaddress', strangeKey(23).address)).toMatchObject({
      iswatchonly: true,
      pubkey: strangeKey(23).pubkey,
    });
    expect(await call('validateaddress', behind)).toMatchObject({ timestamp: 5, sigsrequired: 1 });
  });

  test.each([
    [[[{ scriptPubKey: '51' }]], '-3 Missing required timestamp field for key'],
    [
      [[{ scriptPubKey: '51', timestamp: 'then' }]],
      '-3 Expected number or "now" timestamp value for key. got type string',
    ],
    [['x'], '-3 Expected type array, got string'],
    [[[], 5], '-3 Expected type object, got number'],
  ])('importmulti %j is refused as a whole', async (args, text) => {
    expect(await call('importmulti', ...args)).toBe(text);
  });

  test('searches old blocks once, from the oldest request on', async () => {
    const old = strangeKey(28);
    await mineTo(old.address);
    const request = { scriptPubKey: { address: old.address }, timestamp: 0, label: 'old' };
    expect(await call('importmulti', [request])).toEqual([{ success: true }]);
    expect(await call('getreceivedbyaddress', old.address, 0)).toBe(0);
    expect(await call('listtransactions', 'old', 5, 0, true)).toMatchObject([
      { category: 'immature' },
    ]);
    await expectClean();
  });
});

describe('single transactions', () => {
  const theirs = strangeKey(30);

  test('come with a proof and go again', async () => {
    const paid = (await call('sendtoaddress', theirs.address, 2)) as string;
    await mineTo(FOREIGN);
    const { hex } = (await call('gettransaction', paid)) as { hex: string };
    const proof = await call('gettxoutproof', [paid]);
    expect(await call('importaddress', theirs.address, 'pruned', false)).toBe(null);
    expect(await call('removeprunedfunds', paid)).toBe(null);
    expect(await call('removeprunedfunds', paid)).toBe('-8 Transaction does not exist in wallet.');
    expect(await call('listjournal', '')).toMatchObject({
      lines: expect.arrayContaining([expect.objectContaining({ cause: 'removal', txid: paid })]),
    });
    await expectClean();
    expect(await call('importprunedfunds', hex, proof)).toBe(null);
    expect(await call('getbalance', 'pruned', 1, true)).toBe(2);
    await expectClean();
    expect(await call('importprunedfunds', 'zz', proof)).toBe('-22 TX decode failed');
    const [coinbase] = (
      (await call('getblock', await call('getbestblockhash'))) as { tx: [string] }
    ).tx;
    const other = await call('getrawtransaction', coinbase);
    expect(await call('importprunedfunds', other, proof)).toBe(
      "-5 Transaction given doesn't exist in proof",
    );
    expect(await call('importprunedfunds', other, await call('gettxoutproof', [coinbase]))).toBe(
      '-5 No addresses in wallet correspond to included transaction',
    );
  });
});

describe('addwitnessaddress', () => {
  test('is the segwit form of an own key or of a known script', async () => {
    const own = (await call('getnewaddress', 'plain')) as string;
    const nested = (await call('addwitnessaddress', own)) as string;
    const bare = (await call('addwitnessaddress', own, false)) as string;
    expect(nested).toMatch(/^2/);
    expect(bare).toMatch(/^bcrt1q/);
    expect(await call('validateaddress', nested)).toMatchObject({ ismine: true, account: '' });
    expect(await call('addwitnessaddress', bare, false)).toBe(bare);
    expect(await call('addwitnessaddress', bare)).toBe(
      '-4 Cannot convert between witness address types',
    );
    const other = strangeKey(40);
    expect(await call('addwitnessaddress', other.address)).toBe(
      '-4 Public key or redeemscript not known to wallet, or the key is uncompressed',
    );
    const made = (await call('addmultisigaddress', 1, [own, other.pubkey])) as { address: string };
    const joint = (await call('addwitnessaddress', made.address)) as string;
    expect(await call('validateaddress', joint)).toMatchObject({ ismine: false, isscript: true });
    expect(await call('importprivkey', other.wif, '', false)).toBe(null);
    expect(await call('validateaddress', joint)).toMatchObject({ ismine: true });
    expect(await call('addwitnessaddress', 'x')).toBe('-5 Invalid Bitcoin address');
  });
});

describe('a dump', () => {
  test('has the scripts too, and brings them into another wallet', async () => {
    const [mine, theirs] = [strangeKey(50), strangeKey(51)];
    await call('importprivkey', mine.wif, 'mine', false);
    const shared = (await call('addmultisigaddress', 2, [mine.pubkey, theirs.pubkey])) as {
      address: string;
      redeemScript: string;
    };
    const directory = mkdtempSync(join(tmpdir(), 'coind-'));
    try {
      const file = join(directory, 'dump.txt');
      expect(await call('dumpwallet', file)).toEqual({ filename: file });
      expect(readFileSync(file, 'utf8')).toContain(
        `${shared.redeemScript} 0 script=1 # addr=${shared.address}\n`,
      );
      await using other = await spawn({ args: ['-compat=legacy', '-addresstype=legacy'] });
      const ask = (method: string, ...args: unknown[]) => other.client.call(method, args as never);
      expect(await ask('importwallet', file)).toBe(null);
      expect(await ask('validateaddress', shared.address)).toMatchObject({
        ismine: false,
        hex: shared.redeemScript,
      });
      expect(await ask('importprivkey', theirs.wif, '', false)).toBe(null);
      expect(await ask('validateaddress', shared.address)).toMatchObject({ ismine: true });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
