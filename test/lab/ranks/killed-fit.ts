// The processes that the test of kill -9 starts and kills: trains the narrow detector in two processes in argv[2], resuming, and
// writes the weights at the end.

import { writeFileSync } from 'node:fs';
import { startEngine } from '../../../src';
import { narrow, quiet, towns, weightsOf } from './narrow';

async function main(folder: string): Promise<void> {
  await startEngine({ threads: 1 });
  const data = await towns(folder);
  const workDir = `${folder}/run`;
  const run = await narrow(data).fit(data, {
    ...quiet,
    batch: 2,
    processes: 2,
    epochs: 8,
    evaluateEvery: 4,
    workDir,
    resume: true,
    checkpoint: { everyIterations: 1, maxKeep: 2 },
    log: (line) => console.log(line),
  });
  writeFileSync(`${folder}/weights.json`, JSON.stringify([...weightsOf(run.model)].map(([name, w]) => [name, [...w]])));
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    console.log((error as Error).message);
    process.exit(1);
  },
);
