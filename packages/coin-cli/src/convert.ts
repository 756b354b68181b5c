/**
 * Words of a command line to JSON parameters, by the method table of @coind/rpc: a parameter that is
 * text stays as it was typed, any other must be JSON. A method the table does not have gets all texts.
 */
import { formatJson, type Json, type Param, parseJson, viewsOf } from '@coind/rpc';

type Form = 'string' | 'json' | 'json_or_string';

/** What the table says about one parameter. */
interface Conversion {
  readonly form: Form;
  /** Text of the user's own making, which may well hold an `=`. */
  readonly freeText: boolean;
}

/** Names of parameters that take any text. An address or a hash with an `=` is a slip instead. */
const FREE_TEXT: ReadonlySet<string> = new Set([
  'account',
  'backup_file',
  'comment',
  'comment_to',
  'destination',
  'filename',
  'fromaccount',
  'label',
  'message',
  'newpassphrase',
  'oldpassphrase',
  'passphrase',
  'path',
  'psbt',
  'signature',
  'toaccount',
  'wallet_name',
]);

function paramsOf(method: string): readonly Param[] {
  const view = viewsOf('coind').get(method) ?? viewsOf('core').get(method);
  return view?.params ?? [];
}

function byPosition(method: string, position: number): Conversion | undefined {
  const param = paramsOf(method).filter(({ positional }) => positional)[position];
  return param && { form: param.codec.cli, freeText: FREE_TEXT.has(param.name) };
}

function byName(method: string, name: string): Conversion | undefined {
  for (const { name: own, aliases, codec } of paramsOf(method)) {
    if (own === name || aliases.includes(name)) {
      return { form: codec.cli, freeText: FREE_TEXT.has(name) };
    }
    // Members of an options object may be given as parameters of their own.
    const member = codec.alsoNamed ? codec.members?.find(({ key }) => key === name) : undefined;
    if (member) return { form: member.codec.cli, freeText: false };
  }
  return undefined;
}

function tryJson(word: string): Json | undefined {
  try {
    return parseJson(word);
  } catch {
    return undefined;
  }
}

/** JSON text of a word. Throws when it must be JSON and is not. */
function convert(word: string, form: Form): string {
  if (form === 'string') return formatJson(word);
  const json = tryJson(word);
  if (json !== undefined) return formatJson(json);
  if (form === 'json_or_string') return formatJson(word);
  throw new Error(`Error parsing JSON: ${word}`);
}

/** The `params` of a request, as JSON text, from words in their order. */
export function positionalParams(method: string, words: readonly string[]): string {
  const items = words.map((word, at) => convert(word, byPosition(method, at)?.form ?? 'string'));
  return `[${items.join(',')}]`;
}

/**
 * The `params` of a request from `NAME=VALUE` words; words without a name become `args`. A word with an
 * `=` whose first half is no parameter is a value when the next parameter can take it as it stands.
 */
export function namedParams(method: string, words: readonly string[]): string {
  const named = new Map<string, string>();
  const positional: string[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(0, Math.max(0, equals));
    const next = byPosition(method, positional.length);
    const known = equals < 0 ? undefined : byName(method, name);
    const whole =
      equals < 0 ||
      (!known &&
        ((next?.form === 'json' && tryJson(word) !== undefined) ||
          (next?.form === 'string' && next.freeText)));
    if (whole) positional.push(convert(word, next?.form ?? 'string'));
    else named.set(name, convert(word.slice(equals + 1), known?.form ?? 'string'));
  }
  const members = [...named].map(([name, value]) => `${formatJson(name)}:${value}`);
  // Beside an explicit `args` the server is to see both and to judge.
  if (positional.length > 0) members.push(`"args":[${positional.join(',')}]`);
  return `{${members.join(',')}}`;
}
