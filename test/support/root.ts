/** Where the repository lies, seen from a source file or from its build, which is one folder deeper. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest directory above `from` that holds the workspace. Throws when there is none. */
export function repositoryRoot(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'pnpm-workspace.yaml'))) return directory;
    if (directory === dirname(directory)) throw new Error(`no repository above ${from}`);
  }
}
