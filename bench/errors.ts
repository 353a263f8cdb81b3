// `npm run bench -- --errors`: kinds of error and their costs on 5,000 images and 500,000 detections of 80 classes (seeded), beside
// our COCO evaluation of the same and, given `--tidecv PYTHON` with tidecv 1.0.1, beside tidecv on the same files.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorCosts } from '../src/analysis/error-costs';
import { classifyErrors, ERROR_KINDS, TIDE_NAMES } from '../src/analysis/error-kinds';
import { detectionsOfCoco, evaluateBoxes, truthsOfCoco } from '../src/evaluation';
import { packageRoot } from '../src/paths';
import { evaluationInput } from './evaluation-input';
import { readOptions, runScript } from './options';

const ROUNDS = 7;

interface Times {
  wall: number;
  /** Of the processor, all threads. */
  cpu: number;
}

/** Minimums over the rounds, of several works in turn. */
function fastest(works: (() => void)[]): Times[] {
  const best = works.map((): Times => ({ wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, work] of works.entries()) {
      const [started, cpu] = [performance.now(), process.cpuUsage()];
      work();
      const { user, system } = process.cpuUsage(cpu);
      best[i].wall = Math.min(best[i].wall, (performance.now() - started) / 1000);
      best[i].cpu = Math.min(best[i].cpu, (user + system) / 1e6);
    }
  return best;
}

function tidecv(python: string, folder: string) {
  const run = spawnSync(python, [path.join(packageRoot, 'bench/python/tide.py'), folder], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`tidecv failed: ${run.stderr.slice(-800)}`);
  return JSON.parse(run.stdout.trim().split('\n').at(-1)!) as { seconds: number; main: Record<string, number> };
}

/** What is measured, without the lists that it is made of. */
function prepared() {
  const { gt, dt } = evaluationInput();
  const truths = truthsOfCoco(gt);
  const labels = new Map(gt.categories.map(({ id }, label) => [id, label]));
  const detections = detectionsOfCoco(dt, { labels, images: gt.images, file: 'generated' });
  const size = `${truths.length} images, ${gt.annotations.length} objects, ${dt.length} detections, ${labels.size} classes`;
  return { truths, detections, classes: gt.categories.map(({ name }) => name), size };
}

function main(): void {
  const { tidecv: python } = readOptions({ tidecv: '' });
  const { truths, detections, classes, size } = prepared();
  console.log(size);
  const images = truths.map((image) => ({ truths: image, detections: detections.get(image.imageId)! }));
  const costs = () => errorCosts(classifyErrors({ classes, metric: { type: 'CocoMetric' }, images }), classes.length);
  const [evaluation, errors] = fastest([() => evaluateBoxes(truths, detections, { classes }), costs]);
  const shown = ({ wall, cpu }: Times) => `${wall.toFixed(2)} s (processor ${cpu.toFixed(2)} s)`;
  console.log(
    `our COCO evaluation ${shown(evaluation)}, errors ${shown(errors)}: ` +
      `${(errors.wall / evaluation.wall).toFixed(2)} of it (processor ${(errors.cpu / evaluation.cpu).toFixed(2)})`,
  );
  if (!python) return;
  const { kinds } = costs();
  const { gt, dt } = evaluationInput();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-errors-'));
  try {
    writeFileSync(path.join(folder, 'gt.json'), JSON.stringify(gt));
    writeFileSync(path.join(folder, 'dt.json'), JSON.stringify(dt));
    const peer = tidecv(python, folder);
    console.log(`tidecv ${peer.seconds.toFixed(2)} s: errors take ${(errors.wall / peer.seconds).toFixed(3)} of it`);
    for (const kind of ERROR_KINDS) {
      const [ours, theirs] = [100 * kinds[kind], peer.main[TIDE_NAMES[kind]]];
      console.log(`  ${kind}: ${ours.toFixed(6)}, tidecv ${theirs.toFixed(6)}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runScript(main);
