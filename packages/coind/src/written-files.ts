/** Files that a call is told to write: wallets and their keys. */
import { open } from 'node:fs/promises';

/** Writes a file that only its owner may read; it is on the disk when this resolves. */
export async function writeSynced(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}
