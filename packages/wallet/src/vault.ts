/**
 * Where the secrets of a wallet are. Without a passphrase they lie in a table as they are; with one, each
 * lies sealed under a random master key (AES-256-GCM), and the master key under a key that is made of the
 * passphrase (scrypt, memory-hard). While the wallet is unlocked the master key is in memory, and only there.
 */
import {
  createCipheriv,
  createDecipheriv,
  randomBytes,
  type ScryptOptions,
  scrypt,
} from 'node:crypto';
import { concatBytes } from '@coind/primitives';
import { WalletError } from './errors.ts';
import type { EncryptionRow, WalletTables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** How hard a guess shall be. */
export type KdfCost = Pick<EncryptionRow, 'cost' | 'blockSize' | 'parallelization'>;

/** 64 MiB and about a fifth of a second for every guess. */
export const defaultKdfCost: KdfCost = { cost: 2 ** 16, blockSize: 8, parallelization: 1 };

const CIPHER = 'aes-256-gcm';
const KEY_SIZE = 32;
const NONCE_SIZE = 12;
const TAG_SIZE = 16;
const MASTER = -1;

/** What a sealed text belongs to: it cannot be opened in the place of another. */
function placeOf(id: number): Uint8Array {
  return new TextEncoder().encode(id === MASTER ? 'master key' : `descriptor ${id}`);
}

/** Nonce, ciphertext and tag. A nonce is random and never used twice with one key. */
function seal(key: Uint8Array, id: number, plain: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_SIZE);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(placeOf(id));
  const body = concatBytes(cipher.update(plain), cipher.final());
  return concatBytes(nonce, body, cipher.getAuthTag());
}

/** What `seal` sealed; undefined when the key is another or the bytes were changed. */
function unseal(key: Uint8Array, id: number, sealed: Uint8Array): Uint8Array | undefined {
  const nonce = sealed.subarray(0, NONCE_SIZE);
  const body = sealed.subarray(NONCE_SIZE, sealed.length - TAG_SIZE);
  const decipher = createDecipheriv(CIPHER, key, nonce).setAAD(placeOf(id));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_SIZE));
  try {
    return concatBytes(decipher.update(body), decipher.final());
  } catch {
    return undefined;
  }
}

type Kdf = KdfCost & Pick<EncryptionRow, 'kdf'>;

/** HMAC, and so scrypt, fills a short password up with zeros: only an end of its own keeps those that are meant. */
function passwordOf(passphrase: string, kdf: EncryptionRow['kdf']): Uint8Array {
  return new TextEncoder().encode(kdf === 'scrypt' ? passphrase : `${passphrase}\x01`);
}

function passphraseKey(passphrase: string, salt: Uint8Array, how: Kdf): Promise<Uint8Array> {
  const { kdf, cost, blockSize, parallelization } = how;
  const options: ScryptOptions = {
    cost,
    blockSize,
    parallelization,
    maxmem: 256 * cost * blockSize,
  };
  const password = passwordOf(passphrase, kdf);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_SIZE, options, (error, key) => {
      password.fill(0);
      if (error) reject(error);
      else resolve(key);
    });
  });
}

async function sealMaster(
  master: Uint8Array,
  passphrase: string,
  cost: KdfCost,
): Promise<EncryptionRow> {
  const salt = randomBytes(KEY_SIZE);
  const how: Kdf = { kdf: 'scrypt-1', ...cost };
  const key = await passphraseKey(passphrase, salt, how);
  const masterKey = Buffer.from(seal(key, MASTER, master)).toString('hex');
  key.fill(0);
  return { ...how, salt: salt.toString('hex'), masterKey };
}

/** Throws `WalletError` 'passphrase-incorrect'. */
async function openMaster(row: EncryptionRow, passphrase: string): Promise<Uint8Array> {
  const key = await passphraseKey(passphrase, Buffer.from(row.salt, 'hex'), row);
  const master = unseal(key, MASTER, Buffer.from(row.masterKey, 'hex'));
  key.fill(0);
  if (!master) throw new WalletError('passphrase-incorrect');
  return master;
}

/** The secrets of one wallet. */
export class Vault {
  readonly #tables: WalletTables;
  readonly #kdf: KdfCost;
  #master: Uint8Array | undefined;

  constructor(kdf: KdfCost, { tables }: { tables: WalletTables }) {
    this.#kdf = kdf;
    this.#tables = tables;
  }

  get isEncrypted(): boolean {
    return this.#tables.encryption.getSync(undefined) !== undefined;
  }

  /** Encrypted, and the passphrase was not given. */
  get isLocked(): boolean {
    return this.#master === undefined && this.isEncrypted;
  }

  /** Whether there is a secret, open or sealed. */
  has(id: number): boolean {
    const { secrets, sealed } = this.#tables;
    return sealed.getSync(id) !== undefined || secrets.getSync(id) !== undefined;
  }

  /** A secret; undefined when there is none. Throws 'wallet-locked' when it is sealed. */
  get(id: number): string | undefined {
    const bytes = this.#tables.sealed.getSync(id);
    if (!bytes) return this.#tables.secrets.getSync(id);
    const plain = unseal(this.#open(), id, bytes);
    if (!plain) throw new Error(`the sealed secret of descriptor ${id} is damaged`);
    const text = new TextDecoder().decode(plain);
    plain.fill(0);
    return text;
  }

  /** Keeps a secret. Throws 'wallet-locked'. */
  put(unit: UnitOfWork, id: number, text: string): void {
    if (!unit.get(this.#tables.encryption, undefined)) {
      unit.put(this.#tables.secrets, id, text);
      return;
    }
    unit.put(this.#tables.sealed, id, seal(this.#open(), id, new TextEncoder().encode(text)));
  }

  #open(): Uint8Array {
    if (!this.#master) throw new WalletError('wallet-locked');
    return this.#master;
  }

  /** Makes a master key and seals it; nothing is written yet. */
  async prepare(passphrase: string): Promise<{ row: EncryptionRow; master: Uint8Array }> {
    const master = new Uint8Array(randomBytes(KEY_SIZE));
    return { row: await sealMaster(master, passphrase, this.#kdf), master };
  }

  /** Seals all secrets in `unit`; they are open until `lock`. `ids` are those of all descriptors. */
  encrypt(
    unit: UnitOfWork,
    { row, master }: { row: EncryptionRow; master: Uint8Array },
    ids: Iterable<number>,
  ): void {
    this.#master = master;
    unit.put(this.#tables.encryption, undefined, row);
    for (const id of ids) {
      const text = unit.get(this.#tables.secrets, id);
      if (text === undefined) continue;
      unit.del(this.#tables.secrets, id);
      this.put(unit, id, text);
    }
  }

  /** Opens the secrets. Throws 'passphrase-incorrect'. */
  async unlock(passphrase: string): Promise<void> {
    const row = this.#tables.encryption.getSync(undefined);
    if (row) this.#master = await openMaster(row, passphrase);
  }

  /** The master key under another passphrase, to be written. Throws 'passphrase-incorrect'. */
  async reseal(old: string, next: string): Promise<EncryptionRow> {
    const row = this.#tables.encryption.getSync(undefined);
    if (!row) throw new WalletError('passphrase-incorrect');
    const master = await openMaster(row, old);
    const sealed = await sealMaster(master, next, this.#kdf);
    master.fill(0);
    return sealed;
  }

  /** Forgets the master key. */
  lock(): void {
    this.#master?.fill(0);
    this.#master = undefined;
  }
}
