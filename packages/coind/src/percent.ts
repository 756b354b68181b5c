/** Percent-encoding as bitcoind reads it in paths and queries: it never fails, and `+` is a plus. */

/** `%41` becomes `A`; what is no two hex digits stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const decoded = text.replace(/%([0-9a-fA-F]{2})/g, (_match, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1').toString('utf8');
}
