// One rank of the tests: trains the tiny detector as argv says, a JSON object, and writes what it ends with.

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

async function main(given: RankArguments): Promise<void> {
  const { rank, size, file, seed = 7, timeout = 20 } = given;
  await startEngine({ threads: 1 });
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
    console.log('done');
  } catch (error) {
    console.log((error as Error).message);
  }
  process.exit(0);
}

void main(JSON.parse(process.argv[2]) as RankArguments);
