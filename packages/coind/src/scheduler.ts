/**
 * Things to do at intervals: by the machine's clock, which a test may push forward (mockscheduler) to
 * see them done. What depends on the network's time asks the node's clock itself.
 */

interface Task {
  readonly run: () => void;
  readonly delayMs: () => number;
  due: number;
}

/** Runs tasks when they are due. */
export interface Scheduler {
  /** Runs `task` again and again; `delayMs` is asked before each wait. */
  every(delayMs: () => number, task: () => void): void;
  /** Pretends that so many seconds have passed; what is due then runs soon. */
  forward(seconds: number): void;
  close(): void;
}

/** A scheduler without tasks. */
export function createScheduler(): Scheduler {
  const tasks: Task[] = [];
  let ahead = 0;
  let timer: NodeJS.Timeout | undefined;
  const now = () => performance.now() + ahead;

  const arm = () => {
    clearTimeout(timer);
    const next = Math.min(...tasks.map(({ due }) => due));
    if (!Number.isFinite(next)) return;
    timer = setTimeout(runDue, Math.max(0, next - now())).unref();
  };
  const runDue = () => {
    for (const task of tasks) {
      if (task.due > now()) continue;
      task.due = now() + task.delayMs();
      task.run();
    }
    arm();
  };
  return {
    every(delayMs, run) {
      tasks.push({ run, delayMs, due: now() + delayMs() });
      arm();
    },
    forward(seconds) {
      ahead += 1000 * seconds;
      arm();
    },
    close() {
      tasks.length = 0;
      clearTimeout(timer);
    },
  };
}
