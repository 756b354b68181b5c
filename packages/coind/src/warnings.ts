/**
 * What the node's owner should know: bitcoind's warnings, by what they are about. They stand in the answers of
 * getblockchaininfo, getnetworkinfo and getmininginfo, and -alertnotify hears of each once. Who finds them out
 * is told here too, for those that come from the chain.
 */
import type { Chain } from '@coind/chain';
import { unknownDeployments, unknownRulesCache } from '@coind/consensus';
import type { Era } from '@coind/rpc';

/** What a warning is about, in the order in which they are listed. */
const topics = [
  'unknown-rules',
  'invalid-chain',
  'pre-release',
  'trusted-chain',
  'trusted-coins',
] as const;
type Topic = (typeof topics)[number];

/** The warnings that hold now. */
export class Warnings {
  readonly #messages = new Map<Topic, string>();
  readonly #notify: (message: string) => void;

  /** `notify` hears of every new warning; of what held from the start, `standing`, nobody does. */
  constructor(
    notify: (message: string) => void,
    standing: readonly (readonly [Topic, string])[] = [],
  ) {
    this.#notify = notify;
    for (const [topic, message] of standing) this.#messages.set(topic, message);
  }

  /** Enters a warning, unless there is one about the same. */
  set(topic: Topic, message: string): void {
    if (this.#messages.has(topic)) return;
    this.#messages.set(topic, message);
    this.#notify(message);
  }

  /** Takes it back; false when there was none. */
  unset(topic: Topic): boolean {
    return this.#messages.delete(topic);
  }

  /** All of them, as RPC lists them. */
  get messages(): string[] {
    return topics.flatMap((topic) => this.#messages.get(topic) ?? []);
  }
}

/** What the bitcoind that -compat=core speaks for says of itself, as every build between two releases does. */
export const PRE_RELEASE = [
  'pre-release',
  'This is a pre-release test build - use at your own risk - do not use for mining or merchant applications',
] as const;

/** The warnings that hold, as RPC tells of them: with -deprecatedrpc=warnings the last one, or nothing. */
export function warningsJson({
  warnings: { messages },
  era,
}: {
  readonly warnings: Pick<Warnings, 'messages'>;
  readonly era: Pick<Era, 'allowed'>;
}): string | readonly string[] {
  return era.allowed.has('warnings') ? (messages.at(-1) ?? '') : messages;
}

const INVALID_CHAIN =
  'Found invalid chain more than 6 blocks longer than our best chain. This could be due to database corruption or consensus incompatibility with peers.';

/** Warns when a branch that broke a rule has left our chain far behind (`isFar`), and no more when not. */
export function warnOfInvalidChain(warnings: Warnings, isFar: boolean): void {
  if (isFar) warnings.set('invalid-chain', `Warning: ${INVALID_CHAIN}`);
  else warnings.unset('invalid-chain');
}

/** Watches the chain for soft forks that miners have made and we do not know. */
export function watchUnknownRules(warnings: Warnings, chain: Chain): void {
  const cache = unknownRulesCache();
  chain.onTip(() => {
    if (chain.initialDownload) return;
    const tip = chain.headerContext(chain.tip.ref.hash);
    for (const { bit, active } of unknownDeployments(tip, chain.params, cache)) {
      if (active) warnings.set('unknown-rules', `Unknown new rules activated (versionbit ${bit})`);
    }
  });
}
