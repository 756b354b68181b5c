/**
 * Maps from addresses to the autonomous systems that announce them (-asmap): whoever runs one holds all of
 * its addresses, however far apart they are, so peers are spread over systems instead of over prefixes. The file is
 * a program of bits, as Bitcoin Core defines it: a walk down the bits of an IPv6 address.
 */
import { bytesToHex, sha256d } from '@coind/primitives';
import { type HostAddress, linkedIpv4, networkClass } from './net-address.ts';

/** The file is no map. */
export class AsMapError extends Error {
  override name = 'AsMapError';
}

/** Instructions by their number. */
const RETURN = 0;
const JUMP = 1;
const MATCH = 2;
const DEFAULT = 3;
const IP_BITS = 128;
const MAX_PADDING_BITS = 7;

/** A number in classes: so many ones, a zero unless it is the last class, and then so many bits. */
interface NumberCode {
  readonly least: number;
  readonly bits: readonly number[];
}
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const instructions: NumberCode = { least: 0, bits: [0, 0, 1] };
const systems: NumberCode = { least: 1, bits: range(15, 24) };
const matches: NumberCode = { least: 2, bits: range(1, 8) };
const jumps: NumberCode = { least: 17, bits: range(5, 30) };

/** Reads a program; every number that is cut off is an error. */
class BitReader {
  readonly #bytes: Uint8Array;
  readonly end: number;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.end = 8 * bytes.length;
  }

  bit(): number {
    if (this.at >= this.end) throw new AsMapError('the map is cut off');
    const bit = ((this.#bytes[this.at >> 3] as number) >> (this.at & 7)) & 1;
    this.at++;
    return bit;
  }

  number({ least, bits }: NumberCode): number {
    let value = least;
    for (const [index, size] of bits.entries()) {
      if (index < bits.length - 1 && this.bit() === 1) {
        value += 2 ** size;
        continue;
      }
      for (let left = size - 1; left >= 0; left--) value += this.bit() * 2 ** left;
      return value;
    }
    throw new AsMapError('the map is cut off');
  }
}

/** How many bits of the address a match looks at. */
const matchLength = (match: number): number => 31 - Math.clz32(match);

/** A map that has been checked. */
export class AsMap {
  readonly #bytes: Uint8Array;
  /** Hash of the file: which map addresses were sorted by. */
  readonly hash: Uint8Array;

  /** Throws `AsMapError` for a file that is no map. */
  constructor(bytes: Uint8Array) {
    checkMap(bytes);
    this.#bytes = bytes;
    this.hash = sha256d(bytes);
  }

  /** The hash as it is printed. */
  get version(): string {
    return bytesToHex(this.hash.slice().reverse());
  }

  /** The number of the system that announces an address; 0 for none, and for networks without such. */
  systemOf(host: HostAddress): number {
    const network = networkClass(host);
    if (network !== 'ipv4' && network !== 'ipv6') return 0;
    const ipv4 = linkedIpv4(host);
    const ip = new Uint8Array(16);
    if (ipv4) {
      ip.set([0xff, 0xff], 10);
      ip.set(ipv4, 12);
    } else ip.set(host.bytes);
    return walk(this.#bytes, ip);
  }
}

function walk(program: Uint8Array, ip: Uint8Array): number {
  const reader = new BitReader(program);
  let fallback = 0;
  let used = 0;
  const next = (): number => {
    const bit = ((ip[used >> 3] as number) >> (7 - (used & 7))) & 1;
    used++;
    return bit;
  };
  for (;;) {
    switch (reader.number(instructions)) {
      case RETURN:
        return reader.number(systems);
      case JUMP: {
        const distance = reader.number(jumps);
        if (next() === 1) reader.at += distance;
        break;
      }
      case MATCH: {
        const match = reader.number(matches);
        for (let left = matchLength(match) - 1; left >= 0; left--) {
          if (next() !== ((match >> left) & 1)) return fallback;
        }
        break;
      }
      default:
        fallback = reader.number(systems);
    }
  }
}

/** Follows every way through a program: it ends, wastes nothing, and never looks past the address. */
function checkMap(program: Uint8Array): void {
  const reader = new BitReader(program);
  const waiting: { readonly at: number; readonly bits: number }[] = [];
  let bits = IP_BITS;
  let last = JUMP;
  let hadShortMatch = false;
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new AsMapError(what);
  };
  for (;;) {
    const target = waiting.at(-1);
    demand(!target || reader.at < target.at, 'a jump leads into an instruction');
    const instruction = reader.number(instructions);
    if (instruction === RETURN) {
      demand(last !== DEFAULT, 'a default that nothing needs');
      reader.number(systems);
      if (!target) break;
      demand(reader.at === target.at, 'instructions that nothing reaches');
      waiting.pop();
      bits = target.bits;
      last = JUMP;
      continue;
    }
    if (instruction === JUMP) {
      const to = reader.number(jumps) + reader.at;
      demand(to <= reader.end, 'a jump past the end');
      demand(!target || to < target.at, 'jumps that cross');
      demand(bits-- > 0, 'more bits than an address has');
      waiting.push({ at: to, bits });
    } else if (instruction === MATCH) {
      const length = matchLength(reader.number(matches));
      if (last !== MATCH) hadShortMatch = false;
      demand(length === 8 || !hadShortMatch, 'short matches in a row');
      hadShortMatch = length < 8;
      bits -= length;
      demand(bits >= 0, 'more bits than an address has');
    } else {
      demand(last !== DEFAULT, 'defaults in a row');
      reader.number(systems);
    }
    last = instruction;
  }
  demand(reader.end - reader.at <= MAX_PADDING_BITS, 'bytes behind the end');
  while (reader.at < reader.end) demand(reader.bit() === 0, 'bits behind the end');
}
