/**
 * Long lists. A million coins are gigabytes as text, more than a string or a careful process may hold, so a
 * handler may give a list page by page; it is written out as it comes.
 */
import type { Codec, TextPart } from './codec.ts';

/** What a handler returns in place of a list that may be long. */
export class Pages<T> {
  readonly pages: AsyncIterable<readonly T[]>;

  constructor(pages: AsyncIterable<readonly T[]>) {
    this.pages = pages;
  }
}

/** JSON text: whole, in parts of which some are kept as bytes, or in pieces as they come. */
export type JsonText = string | readonly TextPart[] | AsyncIterable<string>;

/** Up to so many characters are put together before anything is sent. */
const SHORT = 1 << 20;

/** The JSON of a list of `item`, a page at a time. */
export async function* encodePages<T>({ pages }: Pages<T>, item: Codec<T>): AsyncGenerator<string> {
  let lead = '[';
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield lead + page.map((value) => item.encode(value)).join(',');
    lead = ',';
  }
  yield lead === '[' ? '[]' : ']';
}

/**
 * One string of pieces that are short together, else the pieces. A failure in the first of them is still
 * a failure of the call: nothing was sent.
 */
export async function joinShort(pieces: AsyncGenerator<string>): Promise<JsonText> {
  const first: string[] = [];
  let length = 0;
  for (let step = await pieces.next(); !step.done; step = await pieces.next()) {
    first.push(step.value);
    length += step.value.length;
    if (length > SHORT) return resumed(first, pieces);
  }
  return first.join('');
}

async function* resumed(
  first: readonly string[],
  rest: AsyncGenerator<string>,
): AsyncGenerator<string> {
  yield* first;
  yield* rest;
}

const fromUtf8 = new TextDecoder();

/** True for a text whose parts are all there. */
export function isInParts(text: JsonText): text is readonly TextPart[] {
  return Array.isArray(text);
}

/** The text as one string, for those who must have it whole. */
export async function wholeText(text: JsonText): Promise<string> {
  if (typeof text === 'string') return text;
  if (isInParts(text)) {
    const whole = text.map((part) => (typeof part === 'string' ? part : fromUtf8.decode(part)));
    return whole.join('');
  }
  const pieces: string[] = [];
  for await (const piece of text) pieces.push(piece);
  return pieces.join('');
}

/** Lets go of a text that nobody wants: what its pieces come from must be read to the end. */
export async function drain(text: JsonText): Promise<void> {
  if (typeof text === 'string' || isInParts(text)) return;
  for await (const _ of text);
}

/** The text with something around it. */
export function framed(head: string, text: JsonText, tail: string): JsonText {
  if (typeof text === 'string') return head + text + tail;
  return isInParts(text) ? [head, ...text, tail] : framedPieces(head, text, tail);
}

async function* framedPieces(
  head: string,
  pieces: AsyncIterable<string>,
  tail: string,
): AsyncGenerator<string> {
  yield head;
  yield* pieces;
  yield tail;
}
