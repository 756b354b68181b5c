/**
 * The text of a conf file: `name=value` lines, `[section]` headings, `#` comments to the end of the line.
 * What the names mean is for load-conf.ts and the option table.
 */
import { ConfError } from './settings.ts';

/** One `name=value`; the section stands in front of the key: `regtest.rpcport`. */
export interface ConfLine {
  readonly key: string;
  readonly value: string;
}

/** Where a section was named. */
export interface ConfSection {
  readonly name: string;
  readonly line: number;
}

/** A conf file, taken apart. */
export interface ConfText {
  readonly lines: readonly ConfLine[];
  readonly sections: readonly ConfSection[];
}

const BLANK_ENDS = /^[ \t\r\n]+|[ \t\r\n]+$/g;
const trim = (text: string) => text.replace(BLANK_ENDS, '');

/**
 * Takes a conf file apart. Throws {@link ConfError} with the number of the line at fault.
 *
 * @example parseConf('[regtest]\nport=1').lines // [{ key: 'regtest.port', value: '1' }]
 */
export function parseConf(text: string): ConfText {
  const lines: ConfLine[] = [];
  const sections: ConfSection[] = [];
  let prefix = '';
  const rows = text.split('\n');
  for (const [index, row] of rows.entries()) {
    const line = index + 1;
    const hash = row.indexOf('#');
    const content = trim(hash < 0 ? row : row.slice(0, hash));
    if (content === '') continue;
    if (content.startsWith('[') && content.endsWith(']')) {
      const name = content.slice(1, -1);
      sections.push({ name, line });
      prefix = `${name}.`;
      continue;
    }
    if (content.startsWith('-')) {
      throw new ConfError(
        `parse error on line ${line}: ${content}, options in configuration file must be specified without leading -`,
      );
    }
    const equals = content.indexOf('=');
    if (equals < 0) {
      const hint = content.startsWith('no')
        ? `, if you intended to specify a negated option, use ${content}=1 instead`
        : '';
      throw new ConfError(`parse error on line ${line}: ${content}${hint}`);
    }
    const key = prefix + trim(content.slice(0, equals));
    if (hash >= 0 && key.includes('rpcpassword')) {
      throw new ConfError(
        `parse error on line ${line}, using # in rpcpassword can be ambiguous and should be avoided`,
      );
    }
    lines.push({ key, value: trim(content.slice(equals + 1)) });
    const dot = key.lastIndexOf('.');
    if (dot >= prefix.length) sections.push({ name: key.slice(0, dot), line });
  }
  return { lines, sections };
}
