/** A thread that searches: for each job it is handed it takes slices until there is no reason to go on. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { createScanner, type NonceScanner } from './scanner.ts';
import { JOB_SLICE, SearchJob } from './search-job.ts';

/** Works on `job` until a nonce is found, all are tried, or somebody says stop. */
export function searchShare(job: SearchJob, scanner: NonceScanner): void {
  scanner.prepare(job.header, job.target);
  for (let first = job.take(); first !== undefined; first = job.take()) {
    const nonce = scanner.scan(first, JOB_SLICE);
    job.finishSlice();
    if (nonce !== undefined) job.find(nonce);
  }
}

function serve(port: MessagePort): void {
  const scanner = createScanner();
  port.on('message', (memory: SharedArrayBuffer) => {
    searchShare(new SearchJob(memory), scanner);
    port.postMessage('done');
  });
}

if (parentPort) serve(parentPort);
