/** Pieces of descriptor text: what stands between brackets and commas. */

/** Where the expression ends that begins at `start`: at a comma or closing bracket that belongs to something around it. */
export function expressionEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '(' || character === '{') depth++;
    else if (depth === 0 && character === ',') return at;
    else if (character === ')' || character === '}') {
      if (depth === 0) return at;
      depth--;
    }
  }
  return text.length;
}

/** The expression that `text` begins with. */
export function firstExpression(text: string): string {
  return text.slice(0, expressionEnd(text, 0));
}

/** What stands in the brackets of `name(…)`; undefined when `text` is not that. */
export function inBrackets(name: string, text: string): string | undefined {
  if (!text.startsWith(`${name}(`) || !text.endsWith(')')) return undefined;
  return text.slice(name.length + 1, -1);
}

/** A decimal integer that fits into 64 bits, as C++ reads one; undefined for anything else. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^-?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
