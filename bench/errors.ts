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

const ROUNDS = 5;

const fastest = <T>(run: () => T): { seconds: number; result: T } => {
  const runs = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    const result = run();
    return { seconds: (performance.now() - started) / 1000, result };
  });
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
};

function tidecv(python: string, folder: string) {
  const run = spawnSync(python, [path.join(packageRoot, 'bench/python/tide.py'), folder], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`tidecv failed: ${run.stderr.slice(-800)}`);
  return JSON.parse(run.stdout.trim().split('\n').at(-1)!) as { seconds: number; main: Record<string, number> };
}

function main(): void {
  const { gt, dt } = evaluationInput();
  const classes = gt.categories.map(({ name }) => name);
  const truths = truthsOfCoco(gt);
  const labels = new Map(gt.categories.map(({ id }, label) => [id, label]));
  const detections = detectionsOfCoco(dt, { labels, images: gt.images, file: 'generated' });
  const images = truths.map((image) => ({ truths: image, detections: detections.get(image.imageId)! }));
  console.log(
    `${gt.images.length} images, ${gt.annotations.length} objects, ${dt.length} detections, ${classes.length} classes`,
  );
  const evaluation = fastest(() => evaluateBoxes(truths, detections, { classes }));
  const errors = fastest(() =>
    errorCosts(classifyErrors({ classes, metric: { type: 'CocoMetric' }, images }), classes.length),
  );
  const ratio = (errors.seconds / evaluation.seconds).toFixed(2);
  console.log(
    `our COCO evaluation ${evaluation.seconds.toFixed(2)} s, errors ${errors.seconds.toFixed(2)} s: ${ratio} of it`,
  );
  const at = process.argv.indexOf('--tidecv');
  if (at < 0) return;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-errors-'));
  try {
    writeFileSync(path.join(folder, 'gt.json'), JSON.stringify(gt));
    writeFileSync(path.join(folder, 'dt.json'), JSON.stringify(dt));
    const peer = tidecv(process.argv[at + 1], folder);
    console.log(`tidecv ${peer.seconds.toFixed(2)} s: errors take ${(errors.seconds / peer.seconds).toFixed(3)} of it`);
    for (const kind of ERROR_KINDS) {
      const [ours, theirs] = [100 * errors.result.kinds[kind], peer.main[TIDE_NAMES[kind]]];
      console.log(`  ${kind}: ${ours.toFixed(6)}, tidecv ${theirs.toFixed(6)}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main();
