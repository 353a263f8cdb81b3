// Reads many annotation files, some at a time; what is reported of them comes in the order of the files.

import { taskQueue } from '../loading/task-queue';
import { ReadReport } from './read-report';

const AT_A_TIME = 8;

/** @param read gets a report of its own, which is added to `report` in order */
export async function readFiles<F, T>(
  files: readonly F[],
  report: ReadReport,
  read: (file: F, report: ReadReport) => Promise<T>,
): Promise<T[]> {
  const queue = taskQueue(AT_A_TIME);
  const results = await Promise.all(
    files.map((file) =>
      queue.run(async () => {
        const own = new ReadReport(report.root);
        return { value: await read(file, own), own };
      }),
    ),
  );
  return results.map(({ value, own }) => {
    report.add(own);
    return value;
  });
}
