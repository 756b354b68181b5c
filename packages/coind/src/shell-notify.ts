/**
 * The commands that an operator has run when something happens: -blocknotify, -alertnotify, -walletnotify,
 * -startupnotify and -shutdownnotify. They go through the shell, as in bitcoind; whatever takes the place of %s and the
 * like is harmless there.
 */
import { spawn } from 'node:child_process';
import type { Chain, TipChange } from '@coind/chain';
import type { LedgerEvent, Wallets } from '@coind/wallet';
import type { Log } from './log.ts';
import type { NotifyOptions } from './option-groups.ts';
import { safeText } from './safe-text.ts';

/** Runs a command in a shell, and resolves when it has ended; the log hears of one that failed. */
export function runCommand(command: string, log: Pick<Log, 'error'>): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: 'ignore', detached: true });
    const done = (status: number | string | null): void => {
      if (status !== 0) log.error(`runCommand error: system(${command}) returned ${status}`);
      resolve();
    };
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(code ?? signal));
    child.unref();
  });
}

/** Text as one word of a shell command, without anything that might be more than text. */
export function shellWord(text: string): string {
  return `'${safeText(text)}'`;
}

/** Any text as one word of a shell command: quoted, a quote in it by leaving the quotes for it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** Puts `value` in the place of every %s. */
function filled(command: string, value: string): string {
  return command.replaceAll('%s', () => value);
}

/** Runs the command of `options.alert` for a warning. */
export function notifyAlert({ alert }: NotifyOptions, message: string, log: Log): void {
  if (alert !== undefined) void runCommand(filled(alert, shellWord(message)), log);
}

/** Runs the command of `options.block` for each new tip from now on, once the first download is over. */
export function notifyBlocks({ block: command }: NotifyOptions, chain: Chain, log: Log): void {
  if (command === undefined) return;
  chain.onTip((change) => {
    if (chain.initialDownload) return;
    for (const hash of newTips(change, chain)) void runCommand(filled(command, hash), log);
  });
}

/** The tips of a change one after the other: on the way over to another branch the chain has none. */
function newTips({ connected, disconnected }: TipChange, chain: Chain): string[] {
  if (connected.length === 0) return [chain.tip.ref.hash];
  const [oldTip] = disconnected;
  const oldWork = (oldTip && chain.info(oldTip.ref.hash)?.chainwork) ?? -1n;
  const hashes = connected.map(({ ref }) => ref.hash);
  return hashes.filter((hash) => (chain.info(hash)?.chainwork ?? 0n) > oldWork);
}

/** Runs the commands of `options.shutdown` and waits for them. */
export async function notifyShutdown({ shutdown }: NotifyOptions, log: Log): Promise<void> {
  await Promise.all(shutdown.map((command) => runCommand(command, log)));
}

/** Commands for wallets that run at the same time: a rescan may find more transactions than a system has processes. */
const WALLET_COMMANDS_AT_ONCE = 16;

/**
 * Runs `command` for each transaction of a wallet that is new, has changed its block or the lack of one, or was found
 * again by a rescan: with its id for %s, the wallet's name for %w, hash and height of its block for %b and %h.
 */
export function notifyWallets(
  command: string | undefined,
  wallets: Pick<Wallets, 'onOpen'>,
  log: Log,
): void {
  if (command === undefined) return;
  const waiting: string[] = [];
  let running = 0;
  const runNext = (): void => {
    const next = running < WALLET_COMMANDS_AT_ONCE ? waiting.shift() : undefined;
    if (next === undefined) return;
    running++;
    void runCommand(next, log).then(() => {
      running--;
      runNext();
    });
  };
  wallets.onOpen((wallet) => {
    wallet.onEvent((event) => {
      if (isNews(event)) waiting.push(walletCommand(command, wallet.name, event));
      runNext();
    });
  });
}

/**
 * What bitcoind runs its command for: not for one that has left the mempool or was given up, unless one of a
 * block contradicts it.
 */
export function isNews({ before, state, contradicted }: Omit<LedgerEvent, 'txid'>): boolean {
  const waited = before?.kind === 'mempool' || before?.kind === 'inactive';
  if (state.kind === 'inactive') return contradicted || !waited;
  return state.kind !== 'conflicted' || before?.kind === 'mempool';
}

/** The command for one event. */
export function walletCommand(
  command: string,
  wallet: string,
  { txid, state }: Pick<LedgerEvent, 'txid' | 'state'>,
): string {
  const ref = state.kind === 'confirmed' ? state.ref : undefined;
  const values: Readonly<Record<string, string>> = {
    '%s': txid,
    '%b': ref?.hash ?? 'unconfirmed',
    '%h': `${ref?.height ?? -1}`,
    // The shell of Windows has no way to write every name.
    ...(process.platform !== 'win32' && { '%w': shellQuoted(wallet) }),
  };
  return command.replaceAll(/%[sbhw]/g, (letter) => values[letter] ?? letter);
}
