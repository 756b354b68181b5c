/**
 * The refusal to start with what lies on disk. bitcoind asks whether to rebuild it, and prints the question
 * without the word "Error" in front, because nobody is there to answer; programs compare that.
 */
export class RebuildError extends Error {
  override name = 'RebuildError';

  /** `problem` without its full stop. */
  constructor(problem: string) {
    super(`${problem}.\nPlease restart with -reindex or -reindex-chainstate to recover.`);
  }
}
