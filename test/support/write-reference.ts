/** `pnpm docs`: writes docs/reference anew. Runs from the build, which has the same paths one folder deeper. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { referenceDocuments } from './reference.ts';

const directory = resolve(import.meta.dirname, '../../../docs/reference');
rmSync(directory, { recursive: true, force: true });
for (const [path, text] of referenceDocuments()) {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}
