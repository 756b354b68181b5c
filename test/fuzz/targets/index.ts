/** Every target of the fuzzer, by name; made when it is asked for, because some prepare a lot. */
import type { FuzzTarget } from '../fuzz.ts';
import { blockTarget, headerTarget, undoTarget } from './block.ts';
import { peerTarget } from './peer.ts';
import { scriptTarget } from './script.ts';
import { textTarget } from './text.ts';
import { transactionTarget } from './transaction.ts';
import { wireTarget } from './wire.ts';

/** Makes a target. */
export const targets = {
  script: scriptTarget,
  transaction: transactionTarget,
  header: headerTarget,
  block: blockTarget,
  undo: undoTarget,
  text: textTarget,
  wire: wireTarget,
  peer: peerTarget,
} as const satisfies Record<string, () => FuzzTarget | Promise<FuzzTarget>>;

/** The name of a target. */
export type TargetName = keyof typeof targets;
