/** Handlers of the methods by which keys came in and went out as text, up to 0.21. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import type { WalletContext } from '../context.ts';
import { COIND_VERSION } from '../version.ts';

const CANNOT_OPEN = new RpcError(-8, 'Cannot open wallet dump file');
/** Pieces of text are gathered up to this before they are written. */
const CHUNK_CHARACTERS = 1 << 16;

/** Handlers of the methods about keys as text. */
export const dump: Handlers<typeof methods.dump, WalletContext> = {
  async dumpwallet({ wallet }, { filename }) {
    await wallet.requireUnlocked();
    const path = resolve(filename);
    if (existsSync(path)) {
      throw new RpcError(
        -8,
        `${path} already exists. If you are sure this is what you want, move it out of the way first`,
      );
    }
    let file: number;
    try {
      file = openSync(path, 'wx', 0o600);
    } catch {
      throw CANNOT_OPEN;
    }
    try {
      let gathered = '';
      await wallet.dumpKeys(`coind ${COIND_VERSION}`, (text) => {
        gathered += text;
        if (gathered.length < CHUNK_CHARACTERS) return;
        writeSync(file, gathered);
        gathered = '';
      });
      writeSync(file, gathered);
    } finally {
      closeSync(file);
    }
    return { filename: path };
  },

  async importwallet({ wallet }, { filename }) {
    await wallet.requireUnlocked();
    let text: string;
    try {
      text = readFileSync(filename, 'utf8');
    } catch {
      throw CANNOT_OPEN;
    }
    await wallet.importDump(text);
    return null;
  },
};
