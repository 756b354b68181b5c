/** Text from others where only harmless characters may stand: bitcoind's default set. */

const UNSAFE = /[^a-zA-Z0-9 .,;_/:?@()-]/g;

/** `text` without anything that a log, a terminal or a shell might take for more than text. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, '');
}
