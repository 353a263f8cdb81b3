// The process that the test of resuming starts and kills: trains the tiny detector in argv[2], resuming, with an evaluation.

import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { startEngine } from '../../src/engine';
import { tinyDetector, weightsOf, withoutTimes } from './tiny-detector';
import { trainTiny } from './tiny-run';

async function main(workDir: string): Promise<void> {
  await startEngine();
  const detector = tinyDetector();
  const { result } = await trainTiny({
    detector,
    epochs: 6,
    workDir,
    resume: true,
    checkpoint: { everyIterations: 3, maxKeep: 2, saveBest: 'coco/bbox_mAP' },
    evaluate: async ({ epoch }) => {
      await setTimeout(10);
      return { 'coco/bbox_mAP': epoch / 10 + weightsOf(detector)['head.scale'][0] };
    },
    log: (line) => console.log(line),
    callbacks: { onStep: () => setTimeout(10) },
  });
  const { history } = result;
  const numbers = {
    weights: weightsOf(detector),
    train: withoutTimes(history.train),
    evaluations: withoutTimes(history.evaluations),
  };
  writeFileSync(`${workDir}/numbers.json`, JSON.stringify(numbers));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
