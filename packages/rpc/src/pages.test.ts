import { describe, expect, test } from 'vitest';
import { num } from './codec.ts';
import { drain, encodePages, framed, joinShort, Pages, wholeText } from './pages.ts';

async function* pagesOf(...pages: number[][]): AsyncGenerator<number[]> {
  yield* pages;
}

const long = Array.from({ length: 300_000 }, (_, i) => i);

describe('a list in pages', () => {
  test.each([[[]], [[[]]], [[[1], [], [2, 3]]], [[[], [], [4]]]] as number[][][][])(
    '%j is written as one list',
    async (pages) => {
      const text = await joinShort(encodePages(new Pages(pagesOf(...pages)), num('')));
      expect(text).toBe(JSON.stringify(pages.flat()));
    },
  );

  test('a long one comes in pieces, and is the same', async () => {
    const pages = Array.from({ length: 2 }, () => long);
    const text = await joinShort(encodePages(new Pages(pagesOf(...pages)), num('')));
    expect(typeof text).not.toBe('string');
    const whole = await wholeText(framed('{"result":', text, '}'));
    expect(whole === JSON.stringify({ result: pages.flat() })).toBe(true);
  });

  test('a failure among the first pages is one of the call', async () => {
    async function* failing(): AsyncGenerator<number[]> {
      yield [1];
      throw new Error('disk');
    }
    await expect(joinShort(encodePages(new Pages(failing()), num('')))).rejects.toThrow('disk');
  });

  test('a text in parts is framed, and one string where it has to be', async () => {
    const text = framed('<', ['a', new TextEncoder().encode('ä')], '>');
    expect(await wholeText(text)).toBe('<aä>');
    await drain(text);
  });

  test('what nobody wants is read to its end', async () => {
    let ended = false;
    async function* watched(): AsyncGenerator<number[]> {
      try {
        yield long;
        yield long;
      } finally {
        ended = true;
      }
    }
    await drain(await joinShort(encodePages(new Pages(watched()), num(''))));
    expect(ended).toBe(true);
  });
});
