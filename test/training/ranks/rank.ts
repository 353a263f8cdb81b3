// One rank of the tests: trains the tiny detector once for each JSON object of argv, and writes a line of what each run ends with.

import { startEngine } from '../../../src/engine';
import { joinGroup } from '../../../src/engine/torch/process-group';
import { Ranks } from '../../../src/training/ranks/ranks';
import { tinyDetector, tinyLoader } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

export interface RankArguments {
  rank: number;
  size: number;
  file: string;
  seed?: number;
  timeout?: number;
  /** The iteration (from 1) at which its loss is NaN, it throws, is killed, or stops answering. */
  nan?: number;
  throws?: number;
  dies?: number;
  hangs?: number;
  /** Trains what the others have frozen. */
  unfrozen?: boolean;
}

async function run(given: RankArguments): Promise<string> {
  const { rank, size, file, seed = 7, timeout = 20 } = given;
  const group = await joinGroup({ rank, size, meeting: { file }, timeout });
  const ranks = new Ranks(group);
  const detector = tinyDetector();
  detector.poisonFrom = given.nan ?? Number.POSITIVE_INFINITY;
  if (given.unfrozen) detector.unfreeze('head.unused');
  try {
    await trainTiny({
      detector,
      ranks,
      seed,
      loader: tinyLoader(),
      callbacks: {
        onStep({ step }) {
          if (step === given.throws) throw new Error('this rank has had enough');
          if (step === given.dies) process.kill(process.pid, 'SIGKILL');
          if (step === given.hangs) process.kill(process.pid, 'SIGSTOP');
        },
      },
    });
    ranks.close(true);
    return 'done';
  } catch (error) {
    ranks.close(false);
    return (error as Error).message;
  }
}

async function main(): Promise<void> {
  await startEngine({ threads: 1 });
  for (const text of process.argv.slice(2)) {
    const said = await run(JSON.parse(text) as RankArguments);
    console.log(said.replaceAll('\n', ' '));
  }
  process.exit(0);
}

void main();
