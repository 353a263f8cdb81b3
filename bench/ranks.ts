// `npm run bench -- --ranks`: training of the tour's Faster R-CNN R18 in two processes of one thread beside one process of two
// threads, alternately, with the same images in a step; and what a step waits for the exchange of gradients.

import { availableParallelism } from 'node:os';
import { dataset, detector, type Recipe, startEngine } from '../src';
import type { LabDataset } from '../src/lab/lab-dataset';
import { fixed } from './measurement';
import { readOptions, runScript } from './options';

const {
  images: IMAGES,
  steps: STEPS,
  processes,
  repeats,
} = readOptions({ images: 8, steps: 14, processes: 2, repeats: 5 });
/** Steps before a run is warm. */
const WARM = 3;

/** Median images a second of one run, and the line that says what the exchange took. */
async function measure(recipe: Recipe, data: LabDataset, processes: number) {
  const times: number[] = [];
  let last = performance.now();
  let exchange = '';
  const run = await recipe.fit(data, {
    batch: IMAGES / processes,
    ...(processes > 1 && { processes }),
    epochs: 1,
    workDir: false,
    workers: 1,
    log(line) {
      if (line.startsWith('exchange')) exchange = line;
    },
    onStep() {
      times.push((performance.now() - last) / 1000);
      last = performance.now();
    },
  });
  run.model.dispose();
  const steady = times.slice(WARM).sort((a, b) => a - b);
  return { rate: IMAGES / steady[Math.floor(steady.length / 2)], exchange };
}

async function main(): Promise<void> {
  await startEngine({ threads: processes });
  const town = await dataset.toytown({ images: Math.ceil(IMAGES * STEPS * 1.1), seed: 3, valShare: 0.02 });
  const data = town.split('train').take(IMAGES * STEPS);
  const recipe = detector('faster-rcnn_r18_fpn_toytown').classes(data.classes);
  console.log(`${availableParallelism()} processors, ${IMAGES} images a step, ${repeats} runs of each in turn`);
  const best = { one: 0, several: 0 };
  for (let i = 0; i < repeats; i++) {
    const one = await measure(recipe, data, 1);
    const several = await measure(recipe, data, processes);
    best.one = Math.max(best.one, one.rate);
    best.several = Math.max(best.several, several.rate);
    console.log(
      `images/s: one process of ${processes} threads ${fixed(one.rate)}, ${processes} processes of one ${fixed(several.rate)}; ` +
        several.exchange,
    );
  }
  console.log(`best: ${fixed(best.one)} and ${fixed(best.several)}, ${fixed(best.several / best.one)}x`);
}

runScript(main);
