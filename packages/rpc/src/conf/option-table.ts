/**
 * What an option is, as data: the daemon and the command line client each keep one table of these, and
 * parsing, the conf file, help and documentation are derived from it. What the options of either program
 * are is theirs to say; how bitcoind's programs read options is in arguments.ts and settings.ts.
 */

/** How the text of an option is read. An `amount` is a fee rate or a sum in BTC. */
export type OptionKind = 'bool' | 'int' | 'string' | 'port' | 'amount';

/** One option of a program. */
export interface OptionSpec {
  /** The heading it stands under in help; `hidden` ones are accepted and not shown. */
  readonly category: string;
  readonly kind: OptionKind;
  /** What help says: one sentence without its full stop. */
  readonly about: string;
  /** What stands behind the `=` in help, for example `<n>`. */
  readonly value?: string;
  /** The default in words, for help. */
  readonly default?: string;
  /** All values count, not one. */
  readonly repeatable?: boolean;
  /** Outside of a network's section it counts for the main network only. */
  readonly networkOnly?: boolean;
  /** Logged as `****`. */
  readonly sensitive?: boolean;
  /** `-noNAME` is refused. */
  readonly noNegation?: boolean;
  /** `-NAME` without a value is refused. */
  readonly noBareForm?: boolean;
  /** Shown by -help-debug only. */
  readonly debugOnly?: boolean;
  /** Accepted so that command lines made for bitcoind work, but nothing reads it yet. */
  readonly noEffect?: boolean;
}

/** The options of a program by name, without the dash. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The option called `name`, if the table has it. */
export function findOption(table: OptionTable, name: string): OptionSpec | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/**
 * The option a misspelt name was probably meant to be; undefined when nothing is near.
 *
 * @example nearestOption(table, 'rpcprot') === 'rpcport'
 */
export function nearestOption(table: OptionTable, name: string): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const [candidate, { category }] of Object.entries(table)) {
    if (category === 'hidden') continue;
    const distance = editDistance(name, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, changes and swaps of neighbours from `a` to `b`; `limit` when not fewer. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? limit) + 1,
        (current[column - 1] ?? limit) + 1,
        (previous[column - 1] ?? limit) + (same ? 0 : 1),
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) {
        cost = Math.min(cost, (beforePrevious[column - 2] ?? limit) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? limit;
}

const WIDTH = 79;
const OPTION_INDENT = '  ';
const TEXT_INDENT = '       ';

/** Breaks `text` into lines of at most `width` characters; a longer word stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/**
 * The help of a table: a paragraph per option under the headings of `titles` (category to heading, in
 * order). Options for debugging are left out unless `debug`.
 */
export function formatOptionHelp(
  table: OptionTable,
  titles: Readonly<Record<string, string>>,
  debug = false,
): string {
  const parts: string[] = [];
  for (const [category, title] of Object.entries(titles)) {
    const names = Object.keys(table)
      .filter((name) => table[name]?.category === category && (debug || !table[name].debugOnly))
      .sort();
    if (names.length === 0) continue;
    parts.push(`${title}:\n\n`);
    for (const name of names) parts.push(formatOption(name, table[name] as OptionSpec));
  }
  return parts.join('');
}

function formatOption(name: string, spec: OptionSpec): string {
  const form = `-${name}${spec.value === undefined ? '' : `=${spec.value}`}`;
  const notes = [
    `${spec.about}${spec.default === undefined ? '' : ` (default: ${spec.default})`}.`,
    ...(spec.repeatable ? ['May be given more than once.'] : []),
    ...(spec.noEffect ? ['Accepted, without effect yet.'] : []),
  ];
  const lines = wrap(notes.join(' '), WIDTH - TEXT_INDENT.length).map(
    (line) => `${TEXT_INDENT}${line}\n`,
  );
  return `${OPTION_INDENT}${form}\n${lines.join('')}\n`;
}
