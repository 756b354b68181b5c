/** The generated reference says what the tables say. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { referenceDocuments } from './support/reference.ts';

const directory = resolve(import.meta.dirname, '../docs/reference');

test.each([...referenceDocuments()])(
  'docs/reference/%s is fresh: if not, run pnpm docs',
  (path, text) => {
    expect(readFileSync(join(directory, path), 'utf8')).toBe(text);
  },
);
