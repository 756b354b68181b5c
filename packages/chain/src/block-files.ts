/**
 * Block bodies and undo records in append-only files, framed as bitcoind frames them:
 * blkNNNNN.dat holds `magic size body` and revNNNNN.dat `magic size undo checksum`, the latter beside
 * the body's file number. A body is written once; LevelDB would copy it at every compaction. Readers
 * open the file anew each time, so a file that an operator moves away is missed at once. What the bytes
 * are XORed with on disk is in `obfuscation.ts`.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Block, DecodeError, equalBytes, hexToBytes, Reader, Writer } from '@coind/primitives';
import { ChainError, damaged, missing } from './chain-error.ts';
import { noObfuscation, type Obfuscation } from './obfuscation.ts';

/** Where the payload of a record lies: file number, offset of its first byte, length. */
export interface FilePosition {
  readonly file: number;
  readonly offset: number;
  readonly size: number;
}

/** Bodies in blk files, undo records in rev files. */
export type FileKind = 'blk' | 'rev';

/** What the chain needs of the place where bodies and undo records lie. */
export interface BlockFiles {
  /** Appends to the last file, or starts a new one. In the page cache when it returns. */
  appendBody(body: Uint8Array): FilePosition;
  /** Bodies go into a file of their own from here on. */
  beginFile(): void;
  /** Appends `undo` (checksum included) beside the body file of number `file`. */
  appendUndo(file: number, undo: Uint8Array): FilePosition;
  /** The payload at `position`. Throws `ChainError` when it is not there. */
  read(kind: FileKind, position: FilePosition): Uint8Array;
  /** Bytes of all files. */
  sizeBytes(): number;
  /** Number of the body file that is appended to; those before it are finished. */
  readonly lastFile: number;
  /** Grows whenever another chunk of a body file was begun: the moments to look whether there is too much. */
  readonly chunks: number;
  /** Deletes the pair of files of that number. Whatever lies in them must be of no use any more. */
  remove(file: number): void;
  /** Name of a file, as an operator sees it. */
  path(kind: FileKind, file: number): string;
  /** Makes everything appended survive a loss of power. */
  sync(): void;
  close(): void;
}

const FRAME = 8;
/** Files are closed at this size, as bitcoind's are. */
const MAX_FILE_SIZE = 128 << 20;
/** bitcoind takes space for body files in chunks of this size. */
const MAX_CHUNK_SIZE = 16 << 20;
/** Files kept open for appending: the last pair, and older undo files that side branches reach. */
const MAX_OPEN = 8;

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
  end: number;
  dirty: boolean;
}

/** Where records of a file end that the index knows of; bytes behind that are leftovers. */
export interface FileEnds {
  readonly blk: ReadonlyMap<number, number>;
  readonly rev: ReadonlyMap<number, number>;
}

/** How the files of a directory are written. */
export interface DiskBlockFilesOptions {
  /** Bytes at which a file is closed. */
  readonly maxFileSize?: number;
  /** What the files are XORed with; none unless told otherwise. */
  readonly obfuscation?: Obfuscation;
}

/** The files in one directory. */
export class DiskBlockFiles implements BlockFiles {
  readonly #dir: string;
  readonly #magic: Uint8Array;
  readonly #maxFileSize: number;
  readonly #chunkSize: number;
  readonly #obfuscation: Obfuscation;
  readonly #open = new Map<string, OpenFile>();
  #lastFile = 0;
  #chunks = 0;

  /** `messageStart` is the network's magic in hex. Creates the directory. */
  constructor(dir: string, messageStart: string, options: DiskBlockFilesOptions = {}) {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.#magic = hexToBytes(messageStart);
    this.#maxFileSize = options.maxFileSize ?? MAX_FILE_SIZE;
    this.#chunkSize = Math.min(MAX_CHUNK_SIZE, this.#maxFileSize >> 2);
    this.#obfuscation = options.obfuscation ?? noObfuscation;
    for (const file of this.fileNumbers('blk')) this.#lastFile = Math.max(this.#lastFile, file);
  }

  path(kind: FileKind, file: number): string {
    return join(this.#dir, `${kind}${file.toString().padStart(5, '0')}.dat`);
  }

  /** Numbers of the files that exist, ascending. */
  fileNumbers(kind: FileKind): number[] {
    const numbers: number[] = [];
    for (const name of readdirSync(this.#dir)) {
      const match = /^(blk|rev)([0-9]{5})\.dat$/.exec(name);
      if (match && match[1] === kind) numbers.push(Number(match[2]));
    }
    return numbers.sort((a, b) => a - b);
  }

  get lastFile(): number {
    return this.#lastFile;
  }

  get chunks(): number {
    return this.#chunks;
  }

  beginFile(): void {
    if (this.#file('blk', this.#lastFile).end > 0) this.#file('blk', ++this.#lastFile);
  }

  appendBody(body: Uint8Array): FilePosition {
    let file = this.#file('blk', this.#lastFile);
    // bitcoind's rule to the byte: which blocks share a file decides which of them can be pruned.
    if (file.end > 0 && file.end + FRAME + body.length >= this.#maxFileSize) {
      file = this.#file('blk', ++this.#lastFile);
    }
    // Files come in pairs, though nothing may ever be spent in this one.
    if (file.end === 0) this.#file('rev', this.#lastFile);
    const begun = Math.ceil(file.end / this.#chunkSize);
    const position = this.#append(file, this.#lastFile, body, body.length);
    if (Math.ceil(file.end / this.#chunkSize) > begun) this.#chunks++;
    return position;
  }

  appendUndo(file: number, undo: Uint8Array): FilePosition {
    // bitcoind's size field leaves the 32 bytes of checksum out.
    return this.#append(this.#file('rev', file), file, undo, undo.length - 32);
  }

  read(kind: FileKind, { file, offset, size }: FilePosition): Uint8Array {
    const path = this.path(kind, file);
    const frame = readAt(path, offset - FRAME, FRAME + size, this.#obfuscation);
    const framedSize = new Reader(frame, 4).u32() + (kind === 'rev' ? 32 : 0);
    if (!equalBytes(frame.subarray(0, 4), this.#magic) || framedSize !== size) {
      throw damaged(path, `no record at byte ${offset - FRAME}`);
    }
    return frame.subarray(FRAME);
  }

  sizeBytes(): number {
    let size = 0;
    for (const kind of ['blk', 'rev'] as const) {
      for (const file of this.fileNumbers(kind)) size += statSync(this.path(kind, file)).size;
    }
    return size;
  }

  sync(): void {
    for (const file of this.#open.values()) {
      if (file.dirty) fsyncSync(file.descriptor);
      file.dirty = false;
    }
  }

  close(): void {
    this.sync();
    for (const file of this.#open.values()) closeSync(file.descriptor);
    this.#open.clear();
  }

  /**
   * Compares the files with what the index knows: every record must lie within its file. Returns
   * where leftovers begin in body files, bytes that were appended but never entered in the index.
   * Throws `ChainError` for a file that is missing or too short.
   */
  check(ends: FileEnds): { readonly file: number; readonly offset: number }[] {
    for (const kind of ['blk', 'rev'] as const) {
      for (const [file, end] of ends[kind]) {
        const path = this.path(kind, file);
        if (!existsSync(path)) throw missing(path);
        const { size } = statSync(path);
        if (size < end) throw damaged(path, `${size} bytes long, expected at least ${end}`);
      }
    }
    const leftovers: { file: number; offset: number }[] = [];
    for (const file of this.fileNumbers('blk')) {
      const offset = ends.blk.get(file) ?? 0;
      if (statSync(this.path('blk', file)).size > offset) leftovers.push({ file, offset });
    }
    for (const file of this.fileNumbers('rev')) {
      const end = ends.rev.get(file) ?? 0;
      if (statSync(this.path('rev', file)).size > end) this.cut('rev', file, end);
    }
    return leftovers;
  }

  /** True for a body file that was begun and has nothing in it yet. */
  isEmpty(file: number): boolean {
    return statSync(this.path('blk', file)).size === 0;
  }

  /** Shortens a file to `end` bytes; does nothing when it is not longer. */
  cut(kind: FileKind, file: number, end: number): void {
    // Looked at before it is opened: a whole file need not be writable.
    if (statSync(this.path(kind, file)).size <= end) return;
    const open = this.#file(kind, file);
    if (open.end <= end) return;
    ftruncateSync(open.descriptor, end);
    open.end = end;
    open.dirty = true;
  }

  /** Deletes all undo files: what they hold is written again when blocks are connected again. */
  deleteUndo(): void {
    for (const file of this.fileNumbers('rev')) this.#delete(this.path('rev', file));
  }

  /** Deletes body files behind a gap in the numbers: pruning left nothing for them to build on. */
  deleteBehindGap(): void {
    const numbers = this.fileNumbers('blk');
    for (const [i, file] of numbers.entries()) if (file !== i) this.#delete(this.path('blk', file));
    this.#lastFile = this.fileNumbers('blk').at(-1) ?? 0;
  }

  remove(file: number): void {
    this.#delete(this.path('blk', file));
    this.#delete(this.path('rev', file));
  }

  #delete(path: string): void {
    const open = this.#open.get(path);
    if (open) closeSync(open.descriptor);
    this.#open.delete(path);
    rmSync(path, { force: true });
  }

  /** Whole blocks of a body file of ours from `offset` on: see `scanBlocks`. */
  *scan(file: number, offset = 0): IterableIterator<ScannedBlock> {
    const path = this.path('blk', file);
    const place = { path, magic: this.#magic, obfuscation: this.#obfuscation };
    for (const { block, offset: at, size } of scanBlocks(place, offset)) {
      yield { position: { file, offset: at, size }, block };
    }
  }

  #file(kind: FileKind, file: number): OpenFile {
    const path = this.path(kind, file);
    let open = this.#open.get(path);
    if (!open) {
      if (this.#open.size >= MAX_OPEN) this.close();
      const descriptor = openSync(path, existsSync(path) ? 'r+' : 'w+');
      open = { path, descriptor, end: fstatSync(descriptor).size, dirty: false };
      this.#open.set(path, open);
    }
    return open;
  }

  #append(open: OpenFile, file: number, payload: Uint8Array, size: number): FilePosition {
    const record = new Writer(FRAME + payload.length).bytes(this.#magic).u32(size).bytes(payload);
    const bytes = record.finish();
    this.#obfuscation.apply(bytes, open.end);
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(open.descriptor, bytes, written, undefined, open.end + written);
    }
    const position = { file, offset: open.end + FRAME, size: payload.length };
    open.end += bytes.length;
    open.dirty = true;
    return position;
  }
}

/** The same in memory, for tests and nodes that live as long as a test. */
export class MemoryBlockFiles implements BlockFiles {
  readonly #records: Record<FileKind, Uint8Array[]> = { blk: [], rev: [] };

  beginFile(): void {}

  appendBody(body: Uint8Array): FilePosition {
    return { file: 0, offset: this.#records.blk.push(body) - 1, size: body.length };
  }

  appendUndo(file: number, undo: Uint8Array): FilePosition {
    return { file, offset: this.#records.rev.push(undo) - 1, size: undo.length };
  }

  read(kind: FileKind, { offset }: FilePosition): Uint8Array {
    const record = this.#records[kind][offset];
    if (!record) throw new ChainError('file-missing', `no ${kind} record ${offset} in memory`);
    return record;
  }

  /** One file that never ends, so nothing of it is ever pruned. */
  readonly lastFile = 0;
  readonly chunks = 0;

  remove(): void {}

  sizeBytes(): number {
    const { blk, rev } = this.#records;
    return [...blk, ...rev].reduce((size, record) => size + FRAME + record.length, 0);
  }

  path(kind: FileKind, file: number): string {
    return `${kind} file ${file} in memory`;
  }

  sync(): void {}

  close(): void {}
}

/** A block found in a file, and where. */
export interface ScannedBlock {
  readonly position: FilePosition;
  readonly block: Block;
}

/** A file of blocks in bitcoind's framing. */
export interface FramedFile {
  readonly path: string;
  readonly magic: Uint8Array;
  readonly obfuscation: Obfuscation;
}

/**
 * Whole blocks of a file from `start` on, whatever lies between them, with the offset of their first byte.
 * What is cut short, does not start with the magic or does not decode is passed over to the next magic, so
 * a torn record never takes the one behind it along.
 */
export function* scanBlocks(
  { path, magic, obfuscation }: FramedFile,
  start = 0,
): IterableIterator<{ readonly block: Block; readonly offset: number; readonly size: number }> {
  const end = statSync(path).size;
  let at = start;
  while (at + FRAME < end) {
    const window = readAt(path, at, Math.min(SCAN_WINDOW, end - at), obfuscation);
    const found = indexOf(window, magic);
    if (found !== 0) {
      // The magic may straddle the end of the window.
      at += found > 0 ? found : Math.max(1, window.length - 3);
      continue;
    }
    const size = window.length >= FRAME ? new Reader(window, 4).u32() : 0;
    const offset = at + FRAME;
    const isWhole = size >= SMALLEST_BLOCK && offset + size <= end;
    const block = isWhole ? decodeBlock(readAt(path, offset, size, obfuscation)) : undefined;
    if (block) yield { block, offset, size };
    at += block ? FRAME + size : 1;
  }
}

function decodeBlock(bytes: Uint8Array): Block | undefined {
  try {
    return Block.decode(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const SCAN_WINDOW = 64 << 10;
/** A header, a count and the smallest transaction. */
const SMALLEST_BLOCK = 81 + 10;

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted);
}

function readAt(
  path: string,
  offset: number,
  length: number,
  obfuscation: Obfuscation,
): Uint8Array {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw missing(path, error);
  }
  try {
    const bytes = new Uint8Array(length);
    let got = 0;
    while (got < length) {
      const count = readSync(descriptor, bytes, got, length - got, offset + got);
      if (count === 0) throw damaged(path, `ends at byte ${offset + got}`);
      got += count;
    }
    obfuscation.apply(bytes, offset);
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
