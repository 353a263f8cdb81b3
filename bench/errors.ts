// `npm run bench -- --errors`: kinds of error and their costs on 5,000 images and 500,000 detections of 80 classes (seeded), beside
// our COCO evaluation of the same and, given `--tidecv PYTHON` with tidecv 1.0.1, beside tidecv on the same files.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorCosts } from '../src/analysis/error-costs';
import { classifyErrors, ERROR_KINDS, TIDE_NAMES } from '../src/analysis/error-kinds';
import { type BoxDetections, type CocoFile, evaluateBoxes, truthsOfCoco } from '../src/evaluation';
import { packageRoot } from '../src/paths';
import { Random } from '../src/random';

const IMAGES = 5000;
const PER_IMAGE = 100;
const CLASSES = 80;
const ROUNDS = 3;

interface Found {
  image_id: number;
  category_id: number;
  bbox: [number, number, number, number];
  score: number;
}

/** Truths as COCO has them, 7.3 an image, and detections: near ones, wrong classes, duplicates, background. */
function synthetic(): { gt: CocoFile; dt: Found[] } {
  const random = Random.seeded(14);
  const images = Array.from({ length: IMAGES }, (_, i) => ({
    id: i + 1,
    width: 640,
    height: 480,
    file_name: `${i}.jpg`,
  }));
  const annotations: CocoFile['annotations'] = [];
  const dt: Found[] = [];
  const round = (v: number) => Math.round(v * 100) / 100;
  for (const { id } of images) {
    const truths = Array.from({ length: 1 + random.integer(13) }, () => {
      const [w, h] = [random.uniform(8, 200), random.uniform(8, 160)];
      const bbox = [random.uniform(0, 640 - w), random.uniform(0, 480 - h), w, h].map(round) as Found['bbox'];
      return { category_id: 1 + random.integer(CLASSES), bbox };
    });
    for (const { category_id, bbox } of truths)
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id,
        bbox,
        area: bbox[2] * bbox[3],
        iscrowd: random.uniform() < 0.01 ? 1 : 0,
        segmentation: [[bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1], bbox[0], bbox[1] + bbox[3]]],
      });
    for (let k = 0; k < PER_IMAGE; k++) {
      const near = truths[random.integer(truths.length)];
      const spread = random.uniform(0, 0.4);
      const [w, h] = [near.bbox[2], near.bbox[3]];
      const moved = near.bbox.map((v, i) => round(v + random.uniform(-spread, spread) * (i % 2 === 0 ? w : h)));
      dt.push({
        image_id: id,
        category_id: random.uniform() < 0.7 ? near.category_id : 1 + random.integer(CLASSES),
        bbox: [moved[0], moved[1], Math.max(1, moved[2]), Math.max(1, moved[3])],
        score: Math.round(random.uniform() * 1000) / 1000,
      });
    }
  }
  const categories = Array.from({ length: CLASSES }, (_, c) => ({ id: c + 1, name: `class ${c + 1}` }));
  return { gt: { images, annotations, categories }, dt };
}

function detectionsOf(dt: Found[]): Map<number, BoxDetections> {
  const byImage = new Map<number, Found[]>();
  for (const found of dt) byImage.set(found.image_id, [...(byImage.get(found.image_id) ?? []), found]);
  return new Map(
    [...byImage].map(([id, list]) => [
      id,
      {
        bboxes: Float64Array.from(list.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h])),
        scores: Float64Array.from(list, ({ score }) => score),
        labels: Int32Array.from(list, ({ category_id }) => category_id - 1),
      },
    ]),
  );
}

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
  const { gt, dt } = synthetic();
  const classes = gt.categories.map(({ name }) => name);
  const truths = truthsOfCoco(gt);
  const detections = detectionsOf(dt);
  const images = truths.map((image) => ({ truths: image, detections: detections.get(image.imageId)! }));
  console.log(`${IMAGES} images, ${gt.annotations.length} objects, ${dt.length} detections, ${CLASSES} classes`);
  const evaluation = fastest(() => evaluateBoxes(truths, detections, { classes }));
  const errors = fastest(() =>
    errorCosts(classifyErrors({ classes, metric: { type: 'CocoMetric' }, images }), CLASSES),
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
