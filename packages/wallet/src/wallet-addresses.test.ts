import { existsSync, readFileSync } from 'node:fs';
import { bytesToHex } from '@coind/primitives';
import { describe, expect, test } from 'vitest';
import type { AddressType } from './address-type.ts';
import { FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';

const golden = new URL('../../../../shared/golden/modern/wallet-addresses.json', import.meta.url);

interface Step {
  readonly method: string;
  readonly params: unknown;
  readonly save?: Readonly<Record<string, string>>;
  readonly expect: { readonly result?: Readonly<Record<string, unknown>> | string };
}

interface Request {
  readonly desc: string;
  readonly timestamp: 'now';
  readonly active: boolean;
  readonly internal: boolean;
}

async function goldenWallet() {
  const { steps } = JSON.parse(readFileSync(golden, 'utf8')) as { steps: Step[] };
  const { wallets } = fakeWallets(new FakeChain());
  const wallet = await wallets.create('w', { blank: true });
  const imported = steps.find(({ method }) => method === 'importdescriptors') as Step;
  const [requests] = imported.params as [Request[]];
  const outcomes = await wallet.importDescriptors(
    requests.map(({ desc, ...rest }) => ({ ...rest, descriptor: desc })),
  );
  expect(outcomes.map(({ success }) => success)).toEqual(requests.map(() => true));
  return { steps, wallet };
}

describe.skipIf(!existsSync(golden))('recordings of bitcoind (skipped without ../shared)', () => {
  test('imported descriptors hand out the recorded addresses, and know them', async () => {
    const { steps, wallet } = await goldenWallet();
    const saved = new Map<string, string>();
    let infos = 0;
    for (const step of steps) {
      const [first, type] = Array.isArray(step.params) ? step.params : [];
      const { result } = step.expect;
      if (typeof result === 'string' && step.method === 'getnewaddress') {
        if (!Array.isArray(step.params)) continue;
        const address = await wallet.newAddress({
          label: (first as string | null) ?? '',
          ...(type ? { type: type as AddressType } : {}),
        });
        // The recording also asks by name for one legacy address, which is skipped here.
        if (type !== 'legacy' || !saved.has('a0')) expect(address).toBe(result);
        for (const name of Object.keys(step.save ?? {})) saved.set(name, address);
      } else if (typeof result === 'string' && step.method === 'getrawchangeaddress') {
        const address = await wallet.changeAddress(first as AddressType | undefined);
        expect(address).toBe(result);
        for (const name of Object.keys(step.save ?? {})) saved.set(name, address);
      } else if (typeof result === 'object' && step.method === 'getaddressinfo') {
        const address = saved.get(String(first).slice(1));
        if (!address) continue;
        const info = await wallet.addressInfo(address);
        expect({
          scriptPubKey: bytesToHex(info.scriptPubKey),
          ismine: info.isMine,
          solvable: info.isSolvable,
          desc: info.descriptor,
          parent_desc: info.parentDescriptor,
          isscript: info.isScript,
          iswitness: info.witness !== undefined,
          ischange: info.isChange,
          hdkeypath: info.keyPath,
          hdmasterfingerprint: info.masterFingerprint,
          labels: info.book ? [info.book.label] : [],
          pubkey: info.publicKey && bytesToHex(info.publicKey),
        }).toEqual({
          scriptPubKey: result.scriptPubKey,
          ismine: result.ismine,
          solvable: result.solvable,
          desc: result.desc,
          parent_desc: result.parent_desc,
          isscript: result.isscript,
          iswitness: result.iswitness,
          ischange: result.ischange,
          hdkeypath: result.hdkeypath,
          hdmasterfingerprint: result.hdmasterfingerprint,
          labels: result.labels,
          pubkey: result.pubkey,
        });
        infos++;
      }
    }
    expect(infos).toBeGreaterThan(8);
  });
});

describe('addresses', () => {
  test('a label is an account, and moving an address moves what it received', async () => {
    const chain = new FakeChain();
    const { wallets } = fakeWallets(chain);
    const wallet = await wallets.create('w');
    const address = await wallet.newAddress({ label: 'alice' });
    await chain.mine(address);
    for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
    expect(await wallet.listAccounts()).toEqual(
      new Map([
        ['', 0n],
        ['alice', 5_000_000_000n],
      ]),
    );
    await wallet.setAccount(address, 'bob');
    // Asking alice for her current address made one, so she stays.
    expect(await wallet.listAccounts()).toEqual(
      new Map([
        ['', 0n],
        ['alice', 0n],
        ['bob', 5_000_000_000n],
      ]),
    );
    expect(
      (await wallet.listTransactions({ by: 'account', name: 'alice', moves: true })).length,
    ).toBe(0);
    expect(
      (await wallet.listTransactions({ by: 'account', name: 'bob', moves: true })).length,
    ).toBe(1);
    await expect(wallet.setAccount(FOREIGN, 'x')).rejects.toMatchObject({
      key: 'setaccount-foreign',
    });
  });

  test("an account's address stays until it was paid", async () => {
    const chain = new FakeChain();
    const { wallets } = fakeWallets(chain);
    const wallet = await wallets.create('w');
    const first = await wallet.accountAddress('alice');
    expect(await wallet.accountAddress('alice')).toBe(first);
    await chain.mine(first);
    const second = await wallet.accountAddress('alice');
    expect(second).not.toBe(first);
    expect((await wallet.addressesByLabel('alice')).map(({ address }) => address).sort()).toEqual(
      [first, second].sort(),
    );
  });

  test('a seed makes the same addresses again', async () => {
    const seed = new Uint8Array(32).fill(7);
    const make = async (): Promise<string> => {
      const wallet = await fakeWallets(new FakeChain()).wallets.create('w', { seed });
      return wallet.newAddress({ type: 'bech32m' });
    };
    expect(await make()).toBe(await make());
  });
});
