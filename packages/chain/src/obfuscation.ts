/**
 * The key that bodies and undo records are XORed with on disk, so that no virus scanner finds in a block
 * file what somebody wrote into a transaction. It lies beside the files in `xor.dat`, as bitcoind's does,
 * and repeats every eight bytes from the beginning of each file. Eight zeros leave the files as they are.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '@coind/primitives';
import { ChainError } from './chain-error.ts';

const KEY_SIZE = 8;

/** Name of the file that holds the key. */
export const OBFUSCATION_FILE = 'xor.dat';

/** XORs bytes of a file; the same call hides and shows. */
export class Obfuscation {
  readonly key: Uint8Array;
  readonly #isPlain: boolean;

  /** `key` is eight bytes. */
  constructor(key: Uint8Array) {
    this.key = key;
    this.#isPlain = key.every((byte) => byte === 0);
  }

  /** Changes `bytes`, which lie at byte `offset` of their file, in place. */
  apply(bytes: Uint8Array, offset: number): void {
    if (this.#isPlain) return;
    const turned = this.key.map((_, i) => this.key[(i + offset) % KEY_SIZE] as number);
    const [even, odd] = new Uint32Array(turned.buffer) as unknown as [number, number];
    // Whole words first: a sync XORs every byte of the chain.
    const isAligned = bytes.byteOffset % 4 === 0;
    const words = isAligned
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
      : new Uint32Array(0);
    for (let i = 0; i < words.length; i++) {
      words[i] = (words[i] as number) ^ ((i & 1) === 0 ? even : odd);
    }
    for (let i = words.length * 4; i < bytes.length; i++) {
      bytes[i] = (bytes[i] as number) ^ (turned[i % KEY_SIZE] as number);
    }
  }
}

/** Files as they are. */
export const noObfuscation = new Obfuscation(new Uint8Array(KEY_SIZE));

/**
 * The key of the block files in `dir`: the one that lies there; else, in a directory with nothing in it
 * and where it is `wanted`, a new one; else none. Throws `ChainError` when there is a key and it is not
 * `wanted`: files that were written with it could not be read.
 */
export function openObfuscation(dir: string, wanted: boolean): Obfuscation {
  const path = join(dir, OBFUSCATION_FILE);
  const obfuscation = existsSync(path)
    ? new Obfuscation(readKey(path))
    : newObfuscation(path, wanted && isUnused(dir));
  const { key } = obfuscation;
  if (!wanted && key.some((byte) => byte !== 0)) {
    const message = `Failed to initialize ChainstateManager: The blocksdir XOR-key can not be disabled when a random key was already stored! Stored key: '${bytesToHex(key)}', stored path: '${path}'.`;
    throw new ChainError('wrong-key', message, path);
  }
  return obfuscation;
}

function readKey(path: string): Uint8Array {
  const bytes = readFileSync(path);
  if (bytes.length < KEY_SIZE) {
    const message = `The key of the block files, ${path}, is ${bytes.length} bytes long instead of ${KEY_SIZE}. Put it back from a copy: without it the block files cannot be read.`;
    throw new ChainError('wrong-key', message, path);
  }
  return new Uint8Array(bytes.subarray(0, KEY_SIZE));
}

/** Writes the key at once, so that no block is ever written with one that is not on disk. */
function newObfuscation(path: string, isRandom: boolean): Obfuscation {
  const key = isRandom ? new Uint8Array(randomBytes(KEY_SIZE)) : new Uint8Array(KEY_SIZE);
  writeFileSync(path, key, { flag: 'wx', flush: true });
  return new Obfuscation(key);
}

/** True when nothing lies in `dir` but hidden files, such as its lock. */
function isUnused(dir: string): boolean {
  return readdirSync(dir, { withFileTypes: true }).every(
    (entry) => entry.isFile() && entry.name.startsWith('.'),
  );
}
