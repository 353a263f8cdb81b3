// `npm run bench -- --evaluation`: loading and COCO evaluation of boxes and of masks, 5,000 images and 500,000 detections of 80
// classes (seeded); given `--hotcoco PYTHON` with hotcoco 1.3, beside hotcoco on the same files, with the numbers compared.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  CocoBboxMetric,
  CocoSegmMetric,
  detectionsOfCoco,
  readCocoDetections,
  readCocoFile,
  truthsOfCoco,
} from '../src/evaluation';
import { packageRoot } from '../src/paths';
import { evaluationInput } from './evaluation-input';
import { readOptions, runScript } from './options';

type Kind = 'bbox' | 'segm';

interface Times {
  load: number[];
  evaluate: number[];
  /** Of the evaluation: time of the processor, all threads. */
  cpu: number[];
  stats: number[];
}

/** gt.json and dt.json; entries of masks have no box, as in COCO's format. */
function writeInput(folder: string, kind: Kind): string {
  const { gt, dt } = evaluationInput({ masks: kind === 'segm' });
  writeFileSync(path.join(folder, 'gt.json'), JSON.stringify(gt));
  const file = openSync(path.join(folder, 'dt.json'), 'w');
  for (let i = 0; i < dt.length; i += 1000) {
    const entries = dt.slice(i, i + 1000).map(({ bbox, ...entry }) => (kind === 'segm' ? entry : { ...entry, bbox }));
    writeSync(file, `${i === 0 ? '[' : ','}${JSON.stringify(entries).slice(1, -1)}`);
  }
  writeSync(file, ']');
  closeSync(file);
  return `${gt.images.length} images, ${gt.annotations.length} objects, ${dt.length} detections`;
}

async function load(folder: string) {
  const coco = await readCocoFile(path.join(folder, 'gt.json'));
  const file = path.join(folder, 'dt.json');
  const labels = new Map(coco.categories.map(({ id }, label) => [id, label]));
  const detections = detectionsOfCoco(await readCocoDetections(file), { labels, images: coco.images, file });
  return { truths: truthsOfCoco(coco), detections, classes: coco.categories.map(({ name }) => name) };
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function measureOurs(folder: string, kind: Kind, times: Times): Promise<void> {
  const started = performance.now();
  const { truths, detections, classes } = await load(folder);
  const loaded = performance.now();
  const cpu = cpuSeconds();
  const metric = new (kind === 'segm' ? CocoSegmMetric : CocoBboxMetric)(truths, { classes });
  await metric.addAll(detections);
  times.stats = Object.values(metric.compute().metrics);
  times.load.push((loaded - started) / 1000);
  times.evaluate.push((performance.now() - loaded) / 1000);
  times.cpu.push(cpuSeconds() - cpu);
}

function measureHotcoco(python: string, folder: string, kind: Kind, threads: string, times: Times): string {
  const script = path.join(packageRoot, 'bench/python/hotcoco_eval.py');
  const env = threads === '' ? process.env : { ...process.env, RAYON_NUM_THREADS: threads };
  const run = spawnSync(python, [script, folder, kind, '1'], { encoding: 'utf8', env });
  if (run.status !== 0) throw new Error(`hotcoco failed: ${run.stderr.slice(-800)}`);
  const { version, ...result } = JSON.parse(run.stdout.trim().split('\n').at(-1)!) as Times & { version: string };
  for (const key of ['load', 'evaluate', 'cpu'] as const) times[key].push(...result[key]);
  times.stats = result.stats;
  return version;
}

const noTimes = (): Times => ({ load: [], evaluate: [], cpu: [], stats: [] });

async function measure(kind: Kind, python: string | undefined, rounds: number): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-evaluation-'));
  try {
    const size = writeInput(folder, kind);
    console.log(`\n${kind}: ${size}, ${(readFileSync(path.join(folder, 'dt.json')).length / 1e6).toFixed(0)} MB`);
    const ours = noTimes();
    const peers = { '1 thread': noTimes(), default: noTimes() };
    let version = '';
    for (let round = 0; round < rounds; round++) {
      await measureOurs(folder, kind, ours);
      if (!python) continue;
      version = measureHotcoco(python, folder, kind, '1', peers['1 thread']);
      measureHotcoco(python, folder, kind, '', peers.default);
    }
    const shown = (list: number[]) => Math.min(...list).toFixed(3);
    console.log('| minimum of | load s | evaluation s | processor s | load + evaluation s |\n|---|---|---|---|---|');
    const row = (name: string, { load, evaluate, cpu }: Times) =>
      console.log(
        `| ${name} | ${shown(load)} | ${shown(evaluate)} | ${shown(cpu)} | ${shown(load.map((s, i) => s + evaluate[i]))} |`,
      );
    row(`DetLab, ${rounds} rounds`, ours);
    console.log(
      `| DetLab, the first | ${ours.load[0].toFixed(3)} | ${ours.evaluate[0].toFixed(3)} | ${ours.cpu[0].toFixed(3)} | ${(ours.load[0] + ours.evaluate[0]).toFixed(3)} |`,
    );
    if (!python) return;
    for (const [threads, times] of Object.entries(peers)) row(`hotcoco ${version}, ${threads}`, times);
    const ratio = (key: 'evaluate' | 'cpu', peer: Times) =>
      (Math.min(...ours[key]) / Math.min(...peer[key])).toFixed(2);
    for (const [threads, times] of Object.entries(peers))
      console.log(
        `evaluation, ours / hotcoco with ${threads}: ${ratio('evaluate', times)}, processor ${ratio('cpu', times)}`,
      );
    const difference = Math.max(...ours.stats.map((value, i) => Math.abs(value - peers.default.stats[i])));
    console.log(`largest difference of the twelve numbers: ${difference}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { hotcoco, rounds } = readOptions({ hotcoco: '', rounds: 5 });
  const load = os.loadavg()[0].toFixed(2);
  console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${load}`);
  for (const kind of ['bbox', 'segm'] as const) await measure(kind, hotcoco || undefined, rounds);
}

runScript(main);
