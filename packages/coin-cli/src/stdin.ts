/** Lines of standard input: passwords first, unseen on a terminal, then parameters. */

/** Where lines come from; `process.stdin` has all of it. */
export interface Input extends AsyncIterable<string | Uint8Array> {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

const ENTER: ReadonlySet<string> = new Set(['\r', '\n', '\u0004']);
const ERASE: ReadonlySet<string> = new Set(['\u007f', '\b']);
const INTERRUPT = '\u0003';

/** Reads lines one after another. Opens the input when it is first asked, and `close` lets go of it. */
export class LineReader {
  readonly #open: () => Input;
  readonly #tell: (text: string) => void;
  #chunks: AsyncIterator<string | Uint8Array> | undefined;
  #lines: string[] | undefined;

  constructor(open: () => Input, tell: (text: string) => void) {
    this.#open = open;
    this.#tell = tell;
  }

  /** The next line, undefined at the end; on a terminal after `question`, and unseen. */
  async secret(question: string): Promise<string | undefined> {
    const input = this.#open();
    if (!input.isTTY) return (await this.#all()).shift();
    this.#tell(question);
    input.setRawMode?.(true);
    try {
      return await this.#hidden();
    } finally {
      input.setRawMode?.(false);
      this.#tell('\n');
    }
  }

  /** Everything that is left, line by line. */
  async rest(): Promise<string[]> {
    return (await this.#all()).splice(0);
  }

  async close(): Promise<void> {
    await this.#chunks?.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.#chunks ??= this.#open()[Symbol.asyncIterator]();
    const { done, value } = await this.#chunks.next();
    if (done) return undefined;
    return typeof value === 'string' ? Buffer.from(value) : value;
  }

  async #all(): Promise<string[]> {
    if (this.#lines) return this.#lines;
    const chunks: Uint8Array[] = [];
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) chunks.push(chunk);
    const lines = Buffer.concat(chunks).toString().split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines;
    return lines;
  }

  async #hidden(): Promise<string> {
    let line = '';
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) {
      for (const char of Buffer.from(chunk).toString()) {
        if (ENTER.has(char)) return line;
        if (char === INTERRUPT) throw new Error('interrupted');
        line = ERASE.has(char) ? line.slice(0, -1) : line + char;
      }
    }
    return line;
  }
}
