// The recipe of the README's table: Faster R-CNN R18-FPN from random weights on the BCCD dataset, for several seeds and
// precisions. `npm run bench -- --bccd [--seeds 0,1,2] [--precisions f32,bf16]`; the dataset is not part of DetLab.

import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { dataset, detector } from '../src';
import { packageRoot } from '../src/paths';
import { chosen, readOptions, runScript } from './options';

async function main(): Promise<void> {
  const { data, epochs, precisions, seeds } = readOptions({
    data: path.join(packageRoot, '../shared/data/bccd'),
    epochs: 12,
    precisions: 'bf16,f32',
    seeds: '0,1,2',
  });
  const root = path.resolve(data);
  if (!existsSync(root)) {
    console.error(`Cannot find the BCCD dataset at ${root}: specify its folder with --data`);
    process.exitCode = 1;
    return;
  }
  const cells = await dataset.voc(root, { classes: ['Platelets', 'RBC', 'WBC'] });
  const recipe = detector('faster-rcnn_r18_fpn_bccd').classes(cells.classes);
  mkdirSync(path.join(packageRoot, 'runs/bench'), { recursive: true });
  for (const precision of chosen('precisions', precisions, ['bf16', 'f32']))
    for (const seed of seeds.split(',').map(Number)) {
      let trainSeconds = 0;
      let trained = 0;
      const run = await recipe.fit(cells, {
        seed,
        epochs,
        amp: precision === 'bf16',
        workDir: false,
        log: (line) => console.error(line),
        onStep: (event) => {
          // the first iterations warm the engine up
          if (event.step <= 3) return;
          trainSeconds += event.time;
          trained += 4;
        },
      });
      const evaluations = run.curves.data.evaluations;
      const result = {
        precision,
        seed,
        evaluations,
        trainImagesPerSecond: trained / trainSeconds,
        evaluatedImagesPerSecond: run.report ? 1 / run.report.secondsPerImage : undefined,
        waiting: run.waiting,
        seconds: run.seconds,
      };
      console.log(JSON.stringify(result));
      appendFileSync(path.join(packageRoot, 'runs/bench/bccd.jsonl'), `${JSON.stringify(result)}\n`);
      run.model.dispose();
    }
}

runScript(main);
