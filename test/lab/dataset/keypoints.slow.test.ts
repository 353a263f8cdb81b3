// Poses from annotations to results: `dataset.coco` with keypoints, training, evaluation, files, drawings and an export.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataset, detector, type LabDataset } from '../../../src';
import { startEngine } from '../../../src/engine';
import { COCO_PERSON } from '../../../src/geometry/skeleton';
import type { Settings } from '../../../src/lab/setting-paths';
import { drawingPng } from '../../../src/visualization/chart';

const dir = mkdtempSync(path.join(tmpdir(), 'detlab-pose-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const [WIDTH, HEIGHT] = [96, 64];
/** Of each keypoint its place in the box, in hundredths. */
const FIGURE = [
  ...[50, 10, 56, 6, 44, 6, 62, 10, 38, 10, 70, 25, 30, 25, 85, 40, 15, 40],
  ...[95, 55, 5, 55, 65, 55, 35, 55, 68, 75, 32, 75, 70, 95, 30, 95],
];

/** A COCO file of images with a stick figure each; of every figure one keypoint is not labelled, one hidden. */
async function figures(name: string, count: number) {
  const imgDir = path.join(dir, name);
  mkdirSync(imgDir);
  const images = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    file_name: `${name}-${i}.png`,
    width: WIDTH,
    height: HEIGHT,
  }));
  const annotations = images.map(({ id }) => {
    const [x, y, w, h] = [8 * id, 2 + id, 40, 50];
    const keypoints = COCO_PERSON.names.flatMap((_, k) => [
      x + (FIGURE[2 * k] * w) / 100,
      y + (FIGURE[2 * k + 1] * h) / 100,
      k > 4 ? 2 : Number(k === 4),
    ]);
    const numbers = { bbox: [x, y, w, h], area: 1000, iscrowd: 0, num_keypoints: 13 };
    return { id, image_id: id, category_id: 1, keypoints, ...numbers };
  });
  for (const [i, { keypoints }] of annotations.entries()) {
    const lines = COCO_PERSON.links.map(
      ([a, b]) =>
        `<line x1="${keypoints[3 * a]}" y1="${keypoints[3 * a + 1]}" x2="${keypoints[3 * b]}" y2="${keypoints[3 * b + 1]}" stroke="#301020" stroke-width="3"/>`,
    );
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="#789"/>${lines.join('')}</svg>`;
    writeFileSync(path.join(imgDir, images[i].file_name), await drawingPng(svg));
  }
  const annFile = path.join(dir, `${name}.json`);
  writeFileSync(annFile, JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'person' }] }));
  return { annFile, imgDir };
}

let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  const { annFile, imgDir } = await figures('train', 3);
  data = await dataset.coco(annFile, imgDir, { val: await figures('val', 2), keypoints: true });
});

test('objects are drawn with their skeleton, and exported with their keypoints', async () => {
  const page = await data.show().html();
  // the right leg and the right arm, of each figure four lines and six dots
  expect(page.match(/#ff8000/g)).toHaveLength(3 * (4 + 6));
  const { notices } = await data.export('coco', path.join(dir, 'coco'));
  expect(notices).toEqual([]);
  const part = (name: string) => path.join(dir, 'coco', name);
  const file = part('annotations/instances_train.json');
  const again = await dataset.coco(file, part('images/train'), { keypoints: true });
  const keypoints = ({ train }: LabDataset) => train.records.map((record) => record.keypoints?.points);
  expect(keypoints(again)).toEqual(keypoints(data));
  const [{ keypoints: names, skeleton }] = JSON.parse(readFileSync(file, 'utf8')).categories;
  expect([names[0], skeleton[0]]).toEqual(['nose', [16, 14]]);
  const lost = await data.export('yolo', path.join(dir, 'yolo'), { onNotice: () => {} });
  expect(lost.notices[0]).toBe("5 objects are written without keypoints: only 'coco' has them here");
});

test('a model of poses is trained, evaluated by the similarity of keypoints, and its poses are saved', async () => {
  const parts = ['backbone', 'neck', 'bbox_head.head_module'];
  const narrow = Object.fromEntries(parts.map((at) => [`model.${at}.widen_factor`, 0.125])) as Settings;
  const recipe = detector('yolox-pose_s_8xb32-300e-rtmdet-hyp_coco').imageSize([WIDTH, HEIGHT]).set(narrow);
  const run = await recipe
    .set({ load_from: null } as Settings)
    .fit(data, { epochs: 2, batch: 3, seed: 1, workers: 0, workDir: false, log: () => {} });
  for (const name of ['loss_kpt', 'loss_vis']) expect(run.history.train.at(-1)?.[name]).toBeGreaterThan(0);
  const report = await run.model.evaluate(data);
  expect(Object.keys(report.metrics)).toEqual(['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl']);
  const found = await run.model.predict(path.join(dir, 'val'));
  const results = path.join(dir, 'results.coco.json');
  await found.save(results, { data });
  const rows: { keypoints: number[] }[] = JSON.parse(readFileSync(results, 'utf8'));
  expect(rows.length).toBeGreaterThan(0);
  for (const { keypoints } of rows) expect(keypoints).toHaveLength(51);
  expect((await found.show({ threshold: 0 }).html()).length).toBeGreaterThan(10_000);
  run.model.dispose();
});
