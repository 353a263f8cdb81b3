// A first-in, first-out queue that bounds how many tasks run at a time, and so how many images are in memory at once.

export interface TaskQueue {
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Drops the tasks that have not started; their promises never settle. */
  clear(): void;
}

/** A queue that runs at most `limit` tasks at a time. */
export function taskQueue(limit: number): TaskQueue {
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
