// Bounds how many images are in memory at once: a queue that runs at most `limit` tasks at a time, first come first
// served.

export interface TaskQueue {
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Forgets the tasks that have not begun; their promises never settle. */
  clear(): void;
}

/** A queue that runs at most `limit` tasks at a time. */
export function atMost(limit: number): TaskQueue {
  const queued: (() => void)[] = [];
  let running = 0;
  const begin = () => {
    while (running < limit && queued.length > 0) {
      running++;
      queued.shift()!();
    }
  };
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        queued.push(() => {
          task()
            .then(resolve, reject)
            .finally(() => {
              running--;
              begin();
            });
        });
        begin();
      }),
    clear() {
      queued.length = 0;
    },
  };
}
