/** From the text of a miniscript to its expression. Whether that is typed and safe is asked afterwards. */
import { hexToBytes, isHex } from '@coind/primitives';
import { expressionEnd, parseInteger } from '../parsing.ts';
import { type Context, limits } from './context.ts';
import { type Arguments, type FragmentName, fragments } from './fragments.ts';
import { Miniscript } from './node.ts';

/** Reads a key's text; its place in the list of keys, undefined when it is none. */
export type KeyReader = (text: string) => number | undefined;

/** Names that stand for something else, and wrappers that do. */
const sugar = ['pk', 'pkh', 'and_n'] as const;
type WrittenName = FragmentName | (typeof sugar)[number];
const WRAPPERS = 'asctdvjnlu';
const names = new Set<string>([
  ...Object.keys(fragments).filter((name) => name.length > 1),
  ...sugar,
]);

const MAX_LOCK = 0x7fffffffn;

/** What stands in the brackets behind a name. */
function takenBy(name: Exclude<WrittenName, 'pk' | 'pkh'>): Arguments {
  return name === 'and_n' ? 'parts' : fragments[name as keyof typeof fragments].takes;
}

/** An expression whose parts are still being read. */
interface Open {
  readonly name: Exclude<WrittenName, 'pk' | 'pkh'>;
  readonly wrappers: string;
  readonly k: number;
  readonly parts: Miniscript[];
}

/** Thrown and caught in this file: the text is no miniscript. */
class NoMiniscript extends Error {}

function fail(): never {
  throw new NoMiniscript();
}

class Parser {
  readonly #text: string;
  readonly #context: Context;
  readonly #readKey: KeyReader;
  #at = 0;
  /** Where the name began that was read last. */
  #nameAt = 0;

  constructor(text: string, context: Context, readKey: KeyReader) {
    this.#text = text;
    this.#context = context;
    this.#readKey = readKey;
  }

  parse(): Miniscript {
    const open: Open[] = [];
    for (;;) {
      let node = this.#begin(open);
      while (node) {
        if (node.size > limits[this.#context].maxScriptSize) fail();
        const around = open[open.length - 1];
        if (!around) return this.#at === this.#text.length ? node : fail();
        around.parts.push(node);
        if (this.#continues(around)) break;
        open.pop();
        node = this.#wrap(around.wrappers, this.#build(around));
      }
    }
  }

  /** Reads what begins here: a whole expression, or the start of one that is put on `open`. */
  #begin(open: Open[]): Miniscript | undefined {
    const wrappers = this.#wrappers();
    const constant = this.#text[this.#at];
    if (constant === '0' || constant === '1') {
      this.#at++;
      return this.#wrap(wrappers, this.#node(constant));
    }
    const name = this.#name();
    if (name === 'pk' || name === 'pkh') {
      const key = this.#leaf(name === 'pk' ? 'pk_k' : 'pk_h');
      return this.#wrap(wrappers, this.#node('c', { subs: [key] }));
    }
    if (takenBy(name) !== 'parts' && takenBy(name) !== 'threshold') {
      return this.#wrap(wrappers, this.#leaf(name as FragmentName));
    }
    const k = takenBy(name) === 'threshold' ? this.#threshold() : 0;
    open.push({ name, wrappers, k, parts: [] });
    return undefined;
  }

  #wrappers(): string {
    const pattern = /[a-z]+:/y;
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    const letters = found.slice(0, -1);
    // Two v in a row add nothing to the script, and are no expression.
    if (letters.includes('vv')) fail();
    return [...letters].every((letter) => WRAPPERS.includes(letter)) ? letters : fail();
  }

  #name(): WrittenName {
    const pattern = /([a-z0-9_]+)\(/y;
    pattern.lastIndex = this.#nameAt = this.#at;
    const [found = '', name = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return names.has(name) ? (name as WrittenName) : fail();
  }

  #node(name: FragmentName, parts = {}): Miniscript {
    return new Miniscript(this.#context, name, parts);
  }

  #leaf(name: FragmentName): Miniscript {
    const takes = takenBy(name);
    if (takes === 'keys') return this.#keys(name);
    const end = expressionEnd(this.#text, this.#nameAt);
    if (this.#text[end - 1] !== ')') fail();
    const body = this.#text.slice(this.#at, end - 1);
    this.#at = end;
    if (takes === 'key') return this.#node(name, { keys: [this.#readKey(body) ?? fail()] });
    if (takes === 'number') return this.#node(name, { k: Number(this.#number(body, MAX_LOCK)) });
    const isHash = isHex(body) && body.length === (takes === 'hash32' ? 64 : 40);
    return isHash ? this.#node(name, { data: hexToBytes(body) }) : fail();
  }

  #keys(name: FragmentName): Miniscript {
    if ((name === 'multi_a') !== (this.#context === 'tapscript')) fail();
    const end = this.#text.indexOf(')', this.#at);
    if (end < 0) fail();
    const [count = '', ...texts] = this.#text.slice(this.#at, end).split(',');
    this.#at = end + 1;
    const k = parseInteger(count) ?? fail();
    const keys = texts.map((text) => (text === '' ? undefined : this.#readKey(text)) ?? fail());
    if (keys.length < 1 || keys.length > limits[this.#context].maxKeys) fail();
    return k < 1n || k > keys.length ? fail() : this.#node(name, { k: Number(k), keys });
  }

  #number(text: string, most: bigint): bigint {
    const value = parseInteger(text) ?? fail();
    return value >= 1n && value <= most ? value : fail();
  }

  #threshold(): number {
    const comma = this.#text.indexOf(',', this.#at);
    const text = comma < 0 ? fail() : this.#text.slice(this.#at, comma);
    this.#at = comma + 1;
    return Number(this.#number(text, MAX_LOCK));
  }

  #expect(character: ',' | ')'): void {
    if (this.#text[this.#at++] !== character) fail();
  }

  /** Whether a comma and one more part follow; else the closing bracket is read. */
  #continues({ name, k, parts }: Open): boolean {
    if (name === 'thresh') {
      const isMore = this.#text[this.#at] === ',';
      this.#expect(isMore ? ',' : ')');
      return isMore || (k > parts.length ? fail() : false);
    }
    const wanted = name === 'and_n' ? 2 : fragments[name as keyof typeof fragments].parts;
    const isMore = parts.length < wanted;
    this.#expect(isMore ? ',' : ')');
    return isMore;
  }

  #build({ name, k, parts }: Open): Miniscript {
    if (name !== 'and_n') return this.#node(name as FragmentName, { k, subs: parts });
    return this.#node('andor', { subs: [...parts, this.#node('0')] });
  }

  /** Puts wrappers around an expression, the last letter first. */
  #wrap(letters: string, inner: Miniscript): Miniscript {
    const { maxScriptSize } = limits[this.#context];
    let node = inner;
    for (const letter of [...letters].reverse()) {
      if (node.size > maxScriptSize) fail();
      if (letter === 't') node = this.#node('and_v', { subs: [node, this.#node('1')] });
      else if (letter === 'l') node = this.#node('or_i', { subs: [this.#node('0'), node] });
      else if (letter === 'u') node = this.#node('or_i', { subs: [node, this.#node('0')] });
      else node = this.#node(letter as FragmentName, { subs: [node] });
    }
    return node;
  }
}

/** Reads a miniscript; undefined for a text that is none. What `readKey` throws comes through. */
export function parseMiniscript(
  text: string,
  context: Context,
  readKey: KeyReader,
): Miniscript | undefined {
  try {
    return new Parser(text, context, readKey).parse();
  } catch (error) {
    if (error instanceof NoMiniscript) return undefined;
    throw error;
  }
}
