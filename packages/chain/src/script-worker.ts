/**
 * A thread that verifies scripts: for each job it is handed it takes what nobody has taken, until there
 * is nothing left, and answers with the first transaction it found to fail, or with -1.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { runScriptCheck, ValidationError } from '@coind/consensus';
import { JobShare } from './script-job.ts';

/** Index of the first transaction of this thread's share that fails; -1 for none. */
export function verifyShare(share: JobShare): number {
  for (let range = share.take(); range; range = share.take()) {
    for (let index = range.from; index < range.to; index++) {
      try {
        for (const check of share.checks(index)) runScriptCheck(check);
      } catch (error) {
        share.stop();
        if (error instanceof ValidationError) return index;
        throw error;
      }
    }
  }
  return -1;
}

function serve(port: MessagePort): void {
  port.on('message', (memory: SharedArrayBuffer) => {
    port.postMessage(verifyShare(new JobShare(memory)));
  });
  // Says that it is ready: until then nobody waits for it.
  port.postMessage(-1);
}

if (parentPort) serve(parentPort);
