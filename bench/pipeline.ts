// `npm run bench -- --pipeline`: YOLOX's training pipeline (Mosaic, RandomAffine, MixUp, HSV, flip) on photographs, decoding
// included, beside MMDetection's own with cv2: images a second of processor time, one thread of transforms, in turn.
// The photographs are in `--data FOLDER` (VOC's layout), by default BCCD next to the repository; MMDetection is that of
// `--mmdet PYTHON`, or is installed as for `--peers`.

import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildPipeline, createLoader, loadVoc } from '../src/data';
import { packageRoot } from '../src/paths';
import { child, fixed, type Measurement, merge, min, pythonIn, ratio } from './measurement';
import { readOptions, runScript } from './options';

const SCALE: [number, number] = [640, 640];
/** configs/yolox/yolox_s_8xb8-300e_coco.py: two steps of the inner dataset, and those that mix. */
const STEPS = [
  { type: 'LoadImageFromFile' },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Mosaic', img_scale: SCALE, pad_val: 114 },
  { type: 'RandomAffine', scaling_ratio_range: [0.1, 2], border: [-SCALE[0] / 2, -SCALE[1] / 2] },
  { type: 'MixUp', img_scale: SCALE, ratio_range: [0.8, 1.6], pad_val: 114 },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Resize', scale: SCALE, keep_ratio: true },
  { type: 'Pad', pad_to_square: true, pad_val: { img: [114, 114, 114] } },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
] as const;
const WARM_UP = 40;

interface PipelineMeasurement extends Measurement {
  cpuSeconds: number[];
}

const processorSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

/** Seconds an image of this process, in which one worker thread runs the pipeline. */
async function measure(data: string, classes: string[], images: number): Promise<PipelineMeasurement> {
  const dataset = await loadVoc(data, { split: 'train', classes });
  const pipeline = buildPipeline(STEPS, undefined, 'pipeline', { inner: 2 });
  const loader = createLoader(dataset, pipeline, { batchSize: 8, shuffle: true, workers: 1 });
  let seen = 0;
  let started: { time: number; cpu: NodeJS.CpuUsage; images: number } | undefined;
  for (let epoch = 0; ; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      seen += batch.length;
      if (!started) {
        if (seen >= WARM_UP) started = { time: performance.now(), cpu: process.cpuUsage(), images: seen };
        continue;
      }
      const count = seen - started.images;
      if (count < images) continue;
      const seconds = (performance.now() - started.time) / 1000;
      const cpu = processorSeconds(started.cpu);
      await loader.close();
      const peakMB = process.resourceUsage().maxRSS / 1024;
      return { seconds: [seconds / count], cpuSeconds: [cpu / count], peakMB };
    }
}

const both = (a: PipelineMeasurement | undefined, b: Measurement | undefined): PipelineMeasurement | undefined => {
  const merged = merge(a, b) as PipelineMeasurement | undefined;
  return merged && a && b
    ? { ...merged, cpuSeconds: [...a.cpuSeconds, ...(b as PipelineMeasurement).cpuSeconds] }
    : merged;
};

function report(name: string, m: PipelineMeasurement | undefined): void {
  if (!m) return;
  const cpu = Math.min(...m.cpuSeconds);
  const cells = [(1 / cpu).toFixed(1), fixed(1000 * cpu), fixed(1000 * min(m)), m.peakMB.toFixed(0)];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

async function main(): Promise<void> {
  const options = readOptions({
    data: path.join(packageRoot, '../shared/data/bccd'),
    classes: 'Platelets,RBC,WBC',
    images: 200,
    mmdet: pythonIn(path.join(packageRoot, 'build/mmdet')) ?? '',
    rounds: 5,
    // a measurement of ours, in a process of its own
    ours: false,
  });
  const { data, classes, images, mmdet: python } = options;
  if (!existsSync(data)) {
    console.error(
      `skipped: no photographs at ${data}. Give a folder in VOC's layout by --data, its classes by --classes`,
    );
    return;
  }
  if (options.ours) {
    console.log(JSON.stringify(await measure(data, classes.split(','), images)));
    return;
  }
  if (!python)
    console.error('MMDetection is not measured: give its Python by --mmdet, or run "npm run bench -- --peers" first');
  const args = ['--data', data, '--classes', classes, '--images', String(images)];
  let ours: PipelineMeasurement | undefined;
  let theirs: PipelineMeasurement | undefined;
  for (let round = 0; round < options.rounds; round++) {
    ours = both(ours, child(process.execPath, [path.join(packageRoot, 'dist/bench/pipeline.js'), '--ours', ...args]));
    if (python) theirs = both(theirs, child(python, ['bench/python/pipeline.py', ...args]));
  }
  const cpu = os.cpus();
  console.log(`${cpu[0]?.model}, ${cpu.length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}\n`);
  console.log(
    '| pipeline of YOLOX, 640 x 640 | images/s of one core | processor ms an image | ms an image | peak MB |',
  );
  console.log('|---|---|---|---|---|');
  report('DetLab', ours);
  report(theirs?.version ?? 'MMDetection', theirs);
  if (ours && theirs)
    console.log(
      `\nDetLab / MMDetection, images/s of one core: ${ratio(Math.min(...theirs.cpuSeconds), Math.min(...ours.cpuSeconds))}`,
    );
}

runScript(main);
