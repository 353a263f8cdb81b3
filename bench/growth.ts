// `npm run bench -- --growth`: time and peak memory against batch, image size, classes, detections (suppression and
// evaluation) and records of a data set, beside Python: eager torch for the network, a loop of torch for suppression, pycocotools, and
// MMDetection's CocoDataset. Each measurement is a process. "growth" is the slope between the last two points in logarithms:
// 1 is linear. `--mmdet PYTHON` has mmdet and pycocotools; `--axes batch,nms` and `--most 100000` narrow it.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { buildPipeline, createLoader, loadCoco } from '../src/data';
import { startEngine } from '../src/engine';
import { CocoBboxMetric, detectionsOfCoco, readCocoDetections, readCocoFile, truthsOfCoco } from '../src/evaluation';
import { nms } from '../src/ops';
import { packageRoot } from '../src/paths';
import { evaluationInput } from './evaluation-input';
import { clusteredBoxes, writeRecords } from './growth-input';
import { child, fixed, type Measurement, min, pythonIn, ratio, venvPython } from './measurement';
import { chosen, readOptions, runScript } from './options';

/** Time until the first batch, of data sets. */
type GrowthMeasurement = Measurement & { first?: number };

interface Axis {
  title: string;
  points: number[];
  /** Arguments of case.ts and python/bench.py, of networks. */
  network?: (point: number) => string[];
}

const network = (...args: string[]) => ['--case', 'yolov8_s', '--precision', 'f32', '--reps', '3', ...args];
const POWERS = [1e3, 1e4, 1e5, 1e6];
const AXES: Record<string, Axis> = {
  batch: {
    title: 'YOLOv8-s inference, 640 x 640, batch',
    points: [1, 2, 4, 8, 16],
    network: (n) => network('--mode', 'infer', '--batch', String(n)),
  },
  size: {
    title: 'YOLOv8-s inference, batch 1, sides of the image',
    points: [320, 640, 960, 1344],
    network: (n) => network('--mode', 'infer', '--size', String(n)),
  },
  classes: {
    title: 'YOLOv8-s inference, 640 x 640, classes',
    points: [3, 80, 365, 1203],
    network: (n) => network('--mode', 'infer', '--classes', String(n)),
  },
  training: {
    title: 'YOLOv8-s training step, 640 x 640, classes',
    points: [3, 80, 365, 1203],
    network: (n) => network('--mode', 'train', '--classes', String(n)),
  },
  nms: { title: 'suppression (IoU 0.6), boxes', points: POWERS },
  evaluation: { title: 'COCO evaluation of boxes, detections', points: POWERS },
  records: { title: 'listing of a data set, records', points: POWERS },
};

const peakMB = () => process.resourceUsage().maxRSS / 1024;
const seconds = (since: number) => (performance.now() - since) / 1000;

async function measureNms(count: number): Promise<GrowthMeasurement> {
  await startEngine({ threads: 1 });
  const { boxes, scores } = clusteredBoxes(count);
  const [b, s] = [tf.tensor2d(boxes, [count, 4]), tf.tensor1d(scores)];
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    nms(b, s, { iouThreshold: 0.6 }).dataSync();
    times.push(seconds(start));
  }
  return { seconds: times, peakMB: peakMB() };
}

async function measureEvaluation(folder: string): Promise<GrowthMeasurement> {
  const coco = await readCocoFile(path.join(folder, 'gt.json'));
  const file = path.join(folder, 'dt.json');
  const labels = new Map(coco.categories.map(({ id }, label) => [id, label]));
  const detections = detectionsOfCoco(await readCocoDetections(file), { labels, images: coco.images, file });
  const start = performance.now();
  const metric = new CocoBboxMetric(truthsOfCoco(coco), { classes: coco.categories.map(({ name }) => name) });
  for (const [imageId, found] of detections) metric.add(imageId, found);
  metric.compute();
  return { seconds: [seconds(start)], peakMB: peakMB() };
}

async function measureRecords(folder: string, count: number): Promise<GrowthMeasurement> {
  const listing = performance.now();
  const images = path.join(folder, 'images');
  const dataset = await loadCoco(path.join(folder, `${count}.json`), images, { filterEmpty: true, minSize: 32 });
  const listed = seconds(listing);
  const steps = [
    { type: 'LoadImageFromFile' },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ];
  const loader = createLoader(dataset, buildPipeline(steps), { batchSize: 8, shuffle: true, workers: 1 });
  const start = performance.now();
  await loader.epoch(0).next();
  const first = seconds(start);
  await loader.close();
  return { seconds: [listed], peakMB: peakMB(), first };
}

/** One measurement of ours, in a process. */
async function measure(axis: string, count: number, folder: string): Promise<GrowthMeasurement> {
  if (axis === 'nms') return measureNms(count);
  return axis === 'evaluation' ? measureEvaluation(folder) : measureRecords(folder, count);
}

/** Writes what both read. */
async function prepare(axis: string, count: number, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  if (axis === 'records') await writeRecords(folder, count);
  if (axis !== 'evaluation') return;
  const { gt, dt } = evaluationInput({ images: Math.max(1, Math.round(count / 100)) });
  writeFileSync(path.join(folder, 'gt.json'), JSON.stringify(gt));
  writeFileSync(path.join(folder, 'dt.json'), JSON.stringify(dt));
}

interface Row {
  point: number;
  ours?: GrowthMeasurement;
  peer?: GrowthMeasurement;
}

async function measureRow(axis: string, point: number, python: string, folder: string): Promise<Row> {
  const args = AXES[axis].network?.(point);
  if (args) {
    const ours = child(process.execPath, [path.join(packageRoot, 'dist/bench/case.js'), ...args]);
    const torch = venvPython();
    const peer = torch && child(torch, ['bench/python/bench.py', ...args]);
    return { point, ours, peer: peer || undefined };
  }
  await prepare(axis, point, folder);
  const script = path.join(packageRoot, 'dist/bench/growth.js');
  const ours = child(process.execPath, [script, '--ours', axis, '--at', String(point), '--folder', folder]);
  // a loop of torch over 10^5 kept boxes takes minutes, over 10^6 hours
  const peer = python === '' || (axis === 'nms' && point > 1e5) ? undefined : python;
  return {
    point,
    ours,
    peer: peer === undefined ? peer : child(peer, ['bench/python/growth.py', axis, String(point), folder]),
  };
}

const slope = (a: number, b: number, from: number, to: number): string => {
  const value = Math.log(b / a) / Math.log(to / from);
  return Number.isFinite(value) ? value.toFixed(2) : '-';
};

function print(row: Row, before: Row | undefined): void {
  const { point, ours, peer } = row;
  const grown = (side: 'ours' | 'peer', value: (m: GrowthMeasurement) => number) => {
    const [now, then] = [row[side], before?.[side]];
    return now && then && before ? slope(value(then), value(now), before.point, point) : '-';
  };
  const memory = (m: GrowthMeasurement) => m.peakMB;
  const cells = [
    point.toLocaleString('en'),
    fixed(min(ours)),
    fixed(min(peer)),
    ratio(min(ours), min(peer)),
    `${grown('ours', min)} / ${grown('peer', min)}`,
    `${ours?.peakMB.toFixed(0) ?? '-'} / ${peer?.peakMB.toFixed(0) ?? '-'}`,
    `${grown('ours', memory)} / ${grown('peer', memory)}`,
    ...(ours?.first === undefined ? [] : [`first batch ${fixed(ours.first)} / ${fixed(peer?.first ?? Number.NaN)}`]),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

async function main(): Promise<void> {
  const options = readOptions({
    axes: Object.keys(AXES).join(','),
    most: Number.POSITIVE_INFINITY,
    mmdet: pythonIn(path.join(packageRoot, 'build/mmdet')) ?? '',
    folder: path.join(os.tmpdir(), `detlab-growth-${process.pid}`),
    // a measurement of ours, in a process of its own
    ours: '',
    at: 1000,
  });
  const axes = chosen('axes', options.axes, Object.keys(AXES));
  const { mmdet: python, most } = options;
  const folder = path.resolve(options.folder);
  if (options.ours) {
    console.log(JSON.stringify(await measure(options.ours, options.at, folder)));
    return;
  }
  if (!python)
    console.error('MMDetection and pycocotools are not measured: give a Python by --mmdet, or run --peers first');
  const cpu = os.cpus();
  console.log(`${cpu[0]?.model}, ${cpu.length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}`);
  for (const name of axes) {
    const { title, points } = AXES[name];
    console.log(`\n| ${title} | ours s | Python s | ratio | growth | peak MB | growth of memory |`);
    console.log('|---|---|---|---|---|---|---|');
    let before: Row | undefined;
    for (const point of points.filter((count) => count <= most)) {
      const inputs = path.join(folder, `${name}-${point}`);
      const row = await measureRow(name, point, python, inputs);
      rmSync(inputs, { recursive: true, force: true });
      print(row, before);
      before = row;
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

runScript(main);
