/** The log as this package sees it: what it writes lines into, and which debug categories it knows. */

/** What the chain writes into a log; the node's log fits. */
export interface ChainLog {
  info(message: string, fields?: Readonly<Record<string, string | number>>): void;
  debug(category: 'prune' | 'reindex', message: string): void;
}
