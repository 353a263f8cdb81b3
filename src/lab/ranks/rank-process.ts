// One rank of a run that `fit` has started in several processes: `node rank-process.js JOB RANK SIZE`. It ends with the process
// that started it.

import { startEngine } from '../../engine';
import { joinGroup } from '../../engine/torch/process-group';
import { Ranks } from '../../training/ranks/ranks';
import { fit } from '../fit';
import { readRankJob } from './rank-job';

async function main([file, rank, size]: string[]): Promise<void> {
  // rank 0 hears of Ctrl-C, and the ranks agree to stop
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(1));
  const { spec, data, options, meeting, timeout, cwd } = readRankJob(file);
  process.chdir(cwd);
  await startEngine();
  const group = await joinGroup({ rank: Number(rank), size: Number(size), meeting: { file: meeting }, timeout });
  const ranks = new Ranks(group);
  const log = () => {};
  await fit(spec, data, { ...options, watch: false, log }, ranks);
  ranks.close(true);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
