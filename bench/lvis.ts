// `npm run bench -- --lvis`: LVIS's evaluation of boxes, 5,000 images with 300 detections each of 1,203 classes (seeded); given
// `--hotcoco PYTHON` with hotcoco 1.3, beside its LVIS mode on the same files, with AP compared.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { detectionsOfCoco, readCocoDetections, readCocoFile } from '../src/evaluation';
import { LvisMatching } from '../src/evaluation/lvis-matching';
import { lvisTruthsOfCoco } from '../src/evaluation/lvis-truths';
import { packageRoot } from '../src/paths';
import { Random } from '../src/random';
import { evaluationInput } from './evaluation-input';
import { readOptions, runScript } from './options';

const CLASSES = 1203;
const ENTRIES = 1000;

interface Times {
  load: number;
  evaluate: number;
  /** Of the evaluation: time of the processor, all threads. */
  cpu: number;
  AP: number;
}

/** gt.json with LVIS's lists of classes, and dt.json. */
function writeInput(folder: string, images: number): void {
  const { gt, dt } = evaluationInput({ images, perImage: 300, classes: CLASSES });
  const random = Random.seeded(5);
  const some = (count: number) => Array.from({ length: count }, () => 1 + random.integer(CLASSES));
  const categories = gt.categories.map((category, i) => ({ ...category, frequency: 'rcf'[i % 3] }));
  const listed = gt.images.map((image) => ({
    ...image,
    neg_category_ids: some(12),
    not_exhaustive_category_ids: some(3),
  }));
  const annotations = gt.annotations.map((annotation) => ({ ...annotation, iscrowd: 0 }));
  writeFileSync(path.join(folder, 'gt.json'), JSON.stringify({ images: listed, annotations, categories }));
  const file = openSync(path.join(folder, 'dt.json'), 'w');
  for (let i = 0; i < dt.length; i += ENTRIES)
    writeSync(file, `${i === 0 ? '[' : ','}${JSON.stringify(dt.slice(i, i + ENTRIES)).slice(1, -1)}`);
  writeSync(file, ']');
  closeSync(file);
}

const seconds = (since: number) => (performance.now() - since) / 1000;

async function measureOurs(folder: string): Promise<Times> {
  const started = performance.now();
  const coco = await readCocoFile(path.join(folder, 'gt.json'));
  const file = path.join(folder, 'dt.json');
  const labels = new Map(coco.categories.map(({ id }, label) => [id, label]));
  const detections = detectionsOfCoco(await readCocoDetections(file), { labels, images: coco.images, file });
  const classes = coco.categories.map(({ name }) => name);
  const { images } = lvisTruthsOfCoco(coco, classes, file);
  const load = seconds(started);
  const [evaluation, before] = [performance.now(), process.cpuUsage()];
  const metric = new LvisMatching(images, { classes });
  for (const [imageId, found] of detections) metric.add(imageId, found);
  const [AP] = Object.values(metric.compute().metrics);
  const { user, system } = process.cpuUsage(before);
  return { load, evaluate: seconds(evaluation), cpu: (user + system) / 1e6, AP };
}

function measureHotcoco(python: string, folder: string, threads: string): Times {
  const env = threads === '' ? process.env : { ...process.env, RAYON_NUM_THREADS: threads };
  const script = path.join(packageRoot, 'bench/python/hotcoco_lvis.py');
  const run = spawnSync(python, [script, folder], { encoding: 'utf8', env });
  if (run.status !== 0) throw new Error(`hotcoco failed: ${run.stderr.slice(-800)}`);
  return JSON.parse(run.stdout.trim().split('\n').at(-1)!) as Times;
}

async function main(): Promise<void> {
  const { hotcoco: python, images, rounds } = readOptions({ hotcoco: '', images: 5000, rounds: 3 });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-lvis-'));
  try {
    writeInput(folder, images);
    const load = os.loadavg()[0].toFixed(2);
    console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${load}`);
    const rows = new Map<string, Times[]>();
    const add = (name: string, times: Times) => rows.set(name, [...(rows.get(name) ?? []), times]);
    for (let round = 0; round < rounds; round++) {
      add('DetLab', await measureOurs(folder));
      if (!python) continue;
      add('hotcoco, 1 thread', measureHotcoco(python, folder, '1'));
      add('hotcoco, default', measureHotcoco(python, folder, ''));
    }
    console.log('| minimum of | load s | evaluation s | processor s | AP |\n|---|---|---|---|---|');
    for (const [name, times] of rows) {
      const least = (key: keyof Times) => Math.min(...times.map((one) => one[key]));
      const cells = [least('load'), least('evaluate'), least('cpu')].map((value) => value.toFixed(3));
      console.log(`| ${[name, ...cells, times[0].AP.toFixed(6)].join(' | ')} |`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runScript(main);
