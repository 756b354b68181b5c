/**
 * JSON as bitcoind reads and writes it. Unlike `JSON.parse`, a number keeps its text (amounts are
 * decimal, ids come back as written) and an object keeps all its members in order, doubled ones too.
 * What is accepted follows UniValue: strict JSON, nesting up to 512, no lone surrogates.
 * What a value means is the codecs' business, see codec.ts.
 */

/** A JSON number, as it was written: `1.0` and `1` are different texts. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON object: every member in the order it came, doubled names included. */
export class JsonObject {
  readonly entries: readonly (readonly [string, Json])[];
  constructor(entries: readonly (readonly [string, Json])[]) {
    this.entries = entries;
  }
  /** The first member called `name`; undefined when there is none. */
  get(name: string): Json | undefined {
    for (const [key, value] of this.entries) if (key === name) return value;
    return undefined;
  }
}

/** Any JSON value as {@link parseJson} returns it. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;

/** The names bitcoind calls the JSON types by in its messages. */
export type JsonType = 'null' | 'bool' | 'string' | 'number' | 'array' | 'object';

/** What kind of value `json` is, in bitcoind's words. */
export function jsonType(json: Json): JsonType {
  if (json === null) return 'null';
  if (typeof json === 'string') return 'string';
  if (typeof json === 'boolean') return 'bool';
  if (json instanceof JsonNumber) return 'number';
  return Array.isArray(json) ? 'array' : 'object';
}

/** The deepest nesting of arrays and objects that is read; UniValue's limit. */
export const MAX_JSON_DEPTH = 512;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** A run of characters that need no second look inside a string. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these
const PLAIN = /[^"\\\u0000-\u001f]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these
const NOT_PLAIN = /[\\\u0000-\u001f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads one JSON value and nothing after it. Throws `SyntaxError` for everything bitcoind calls a
 * parse error; bytes that are no UTF-8 and a byte order mark are among that.
 *
 * @example (parseJson('[1.0]') as JsonNumber[])[0]?.text === '1.0'
 */
export function parseJson(source: string | Uint8Array): Json {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  return new Parser(text).parse();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SyntaxError('JSON text is not UTF-8');
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Json {
    const value = this.#value(1);
    this.#next();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  /** Skips white space; the code unit that stands next, NaN at the end. */
  #next(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      code = this.#text.charCodeAt(++this.#at);
    }
    return code;
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`unexpected JSON at ${this.#at}`);
  }

  #value(depth: number): Json {
    switch (this.#next()) {
      case 0x22: // "
        return this.#string();
      case 0x7b: // {
        return this.#object(depth);
      case 0x5b: // [
        return this.#array(depth);
      case 0x74: // t
        return this.#word('true', true);
      case 0x66: // f
        return this.#word('false', false);
      case 0x6e: // n
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) throw this.#unexpected();
    this.#at += match[0].length;
    return new JsonNumber(match[0]);
  }

  #array(depth: number): Json[] {
    if (depth > MAX_JSON_DEPTH) throw new SyntaxError('JSON is nested too deeply');
    const items: Json[] = [];
    this.#at++;
    if (this.#next() === 0x5d) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value(depth + 1));
      const code = this.#next();
      this.#at++;
      if (code === 0x5d) return items;
      if (code !== 0x2c) throw this.#unexpected();
    }
  }

  #object(depth: number): JsonObject {
    if (depth > MAX_JSON_DEPTH) throw new SyntaxError('JSON is nested too deeply');
    const entries: [string, Json][] = [];
    this.#at++;
    if (this.#next() === 0x7d) {
      this.#at++;
      return new JsonObject(entries);
    }
    for (;;) {
      if (this.#next() !== 0x22) throw this.#unexpected();
      const key = this.#string();
      if (this.#next() !== 0x3a) throw this.#unexpected();
      this.#at++;
      entries.push([key, this.#value(depth + 1)]);
      const code = this.#next();
      this.#at++;
      if (code === 0x7d) return new JsonObject(entries);
      if (code !== 0x2c) throw this.#unexpected();
    }
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end < 0) throw this.#unexpected();
    const text = this.#text.slice(start, end);
    // Nearly all strings are plain, and blocks in hex are megabytes of it: two native scans do.
    if (!NOT_PLAIN.test(text)) {
      this.#at = end + 1;
      return text;
    }
    this.#at = start;
    return this.#escapedString();
  }

  #escapedString(): string {
    let text = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#text)?.[0] ?? '';
      text += plain;
      this.#at += plain.length;
      const char = this.#text[this.#at++];
      if (char === '"') break;
      if (char !== '\\') throw this.#unexpected();
      text += this.#escape();
    }
    if (LONE_SURROGATE.test(text)) throw new SyntaxError('JSON string holds half a surrogate pair');
    return text;
  }

  #escape(): string {
    const char = this.#text[this.#at++] ?? '';
    if (char !== 'u') {
      const meaning = ESCAPES[char];
      if (meaning === undefined) throw this.#unexpected();
      return meaning;
    }
    const hex = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#unexpected();
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
}

/** What {@link formatJson} writes: parsed JSON, or plain values a program holds. */
export type JsonInput =
  | Json
  | number
  | undefined
  | readonly JsonInput[]
  | { readonly [name: string]: JsonInput };

/**
 * JSON without spaces, members in their order, numbers with the text they came with. Plain objects
 * and numbers are taken too, so that clients can pass what they have; undefined members are left out.
 */
export function formatJson(value: JsonInput): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'string':
      return formatString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return formatReal(value);
    default:
  }
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(formatJson).join(',')}]`;
  const entries = value instanceof JsonObject ? value.entries : Object.entries(value);
  const members: string[] = [];
  for (const [key, member] of entries) {
    if (member !== undefined) members.push(`${formatString(key)}:${formatJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/**
 * JSON with every member and item on a line of its own, the way bitcoind indents it in messages
 * (4) and bitcoin-cli prints it (2).
 */
export function formatJsonIndented(value: Json, indent: number, margin = ''): string {
  const inner = margin + ' '.repeat(indent);
  if (Array.isArray(value)) {
    const items = value.map((item) => inner + formatJsonIndented(item, indent, inner));
    return `[\n${items.join(',\n')}${items.length > 0 ? '\n' : ''}${margin}]`;
  }
  if (value instanceof JsonObject) {
    const members = value.entries.map(
      ([key, member]) =>
        `${inner}${formatString(key)}: ${formatJsonIndented(member, indent, inner)}`,
    );
    return `{\n${members.join(',\n')}${members.length > 0 ? '\n' : ''}${margin}}`;
  }
  return formatJson(value);
}

/** A JSON string. Characters outside ASCII and `/` are written as they are, DEL is not: UniValue's way. */
export function formatString(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.includes('\x7f') ? quoted.replaceAll('\x7f', '\\u007f') : quoted;
}

/**
 * A double the way bitcoind prints one: up to 16 significant digits, no trailing zeros, exponents
 * (at least two digits) below 1e-4 and from 1e16 on. JSON has no NaN or infinity, so neither has it.
 *
 * @example formatReal(4.656542373906925e-10) === '4.656542373906925e-10'; formatReal(1) === '1'
 */
export function formatReal(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15)
    return Object.is(value, -0) ? '-0' : `${value}`;
  if (!Number.isFinite(value)) throw new RangeError(`JSON cannot hold ${value}`);
  const [mantissa = '', exponentText = '0'] = value.toExponential(15).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) return stripZeros(value.toFixed(15 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${stripZeros(mantissa)}e${sign}${`${Math.abs(exponent)}`.padStart(2, '0')}`;
}

function stripZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
