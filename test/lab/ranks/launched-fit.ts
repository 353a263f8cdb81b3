// A rank that a launcher has started: trains the narrow detector in argv[2] and writes its weights there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinLaunched } from '../../../src/lab/ranks/join-launched';
import { launchedRank } from '../../../src/lab/ranks/launched-rank';
import { Ranks } from '../../../src/training/ranks/ranks';
import { narrow, quiet, towns, weightsOf } from './narrow';

async function main(folder: string): Promise<void> {
  const launched = await launchedRank('pytorch', process.env);
  if (!launched) throw new Error('expected to be one of several');
  const ranks = new Ranks(await joinLaunched(launched));
  const log = (line: string) => {
    if (ranks.isFirst) console.log(line);
  };
  const data = await towns(join(folder, String(ranks.rank)));
  const run = await narrow(data).fitAsRank(data, { ...quiet, batch: 2, epochs: 2, log }, ranks);
  const weights = [...weightsOf(run.model).values()].map((w) => Buffer.from(w.buffer));
  writeFileSync(join(folder, `weights-${ranks.rank}`), Buffer.concat(weights));
  ranks.close(true);
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    console.error((error as Error).message);
    process.exit(1);
  },
);
