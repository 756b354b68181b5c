/** The checksum behind a descriptor's text: a BCH code over its characters (BIP380). */

const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
/** The five generator words of the code, each of 40 bits. */
const GENERATOR = [0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd];
const HALF = 2 ** 20;

/** What the five bits that are shifted out add, for each of their values; both halves of 20 bits. */
const [HIGH, LOW] = [(word: number) => word / HALF, (word: number) => word % HALF].map((half) =>
  Int32Array.from({ length: 32 }, (_, top) =>
    GENERATOR.reduce((sum, word, bit) => ((top >> bit) & 1 ? sum ^ half(word) : sum), 0),
  ),
) as [Int32Array, Int32Array];

/** The remainder of 40 bits, in halves that fit into small integers: listings make one for every coin. */
class Remainder {
  #high = 0;
  #low = 1;

  feed(symbol: number): void {
    const top = this.#high >> 15;
    const next = ((this.#high & 0x7fff) << 5) | (this.#low >> 15);
    this.#high = next ^ (HIGH[top] as number);
    this.#low = (((this.#low & 0x7fff) << 5) | symbol) ^ (LOW[top] as number);
  }

  /** The eight symbols that make the remainder of a text with them 1. */
  symbols(): string {
    for (let i = 0; i < 8; i++) this.feed(0);
    const low = this.#low ^ 1;
    let text = '';
    for (const half of [this.#high, low]) {
      for (let shift = 15; shift >= 0; shift -= 5) text += CHECKSUM_CHARSET[(half >> shift) & 31];
    }
    return text;
  }
}

/** Place of each ASCII character among those a descriptor may have; -1 for the others. */
const POSITIONS = Int8Array.from({ length: 128 }, (_, code) =>
  INPUT_CHARSET.indexOf(String.fromCharCode(code)),
);

/** The eight characters behind `#`; undefined when `text` has a character no descriptor may have. */
export function descriptorChecksum(text: string): string | undefined {
  const remainder = new Remainder();
  let group = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const position = POSITIONS[text.charCodeAt(i)] ?? -1;
    if (position < 0) return undefined;
    remainder.feed(position & 31);
    group = group * 3 + (position >> 5);
    if (++count === 3) {
      remainder.feed(group);
      group = 0;
      count = 0;
    }
  }
  if (count > 0) remainder.feed(group);
  return remainder.symbols();
}

/** `text#checksum`. Throws `RangeError` for a character no descriptor may have. */
export function withChecksum(text: string): string {
  const checksum = descriptorChecksum(text);
  if (checksum === undefined) throw new RangeError('invalid characters in descriptor');
  return `${text}#${checksum}`;
}
