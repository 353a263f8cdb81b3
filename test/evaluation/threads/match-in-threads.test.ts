// Masks of a results file that several threads match: bit for bit those of one, with objects of all kinds, and the same errors.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { evaluationInput } from '../../../bench/evaluation-input';
import {
  type CocoFile,
  CocoSegmMetric,
  detectionsOfCoco,
  readCocoDetections,
  truthsOfCoco,
} from '../../../src/evaluation';
import { CocoMetric } from '../../../src/evaluation/coco-metric';
import { encodeRle, rleToSegmentation } from '../../../src/masks';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { gt, dt } = evaluationInput({ images: 12, perImage: 12, classes: 3, masks: true });

/** Polygons, two parts, run lengths of both kinds, and objects without outline. */
function mixedTruths(): CocoFile {
  const annotations = gt.annotations.map((annotation, i) => {
    if (i % 5 === 1) return { ...annotation, segmentation: undefined };
    const [x, y, w, h] = annotation.bbox.map(Math.round);
    if (i % 5 > 3 || i % 5 < 2) return { ...annotation };
    const bitmap = new Uint8Array(480 * 640);
    for (let row = y; row < y + h; row++) bitmap.fill(1, row * 640 + x, row * 640 + x + w);
    const mask = encodeRle(bitmap, 480, 640);
    const counts = i % 5 === 2 ? rleToSegmentation(mask).counts : [...mask.counts];
    return { ...annotation, iscrowd: 1, segmentation: { size: [480, 640], counts } };
  });
  return { ...gt, annotations } as CocoFile;
}

async function found(entries: readonly object[]) {
  const file = path.join(folder, 'results.json');
  writeFileSync(file, JSON.stringify(entries));
  const labels = new Map(gt.categories.map(({ id }, label) => [id, label]));
  return detectionsOfCoco(await readCocoDetections(file), { labels, images: gt.images, file });
}

const evaluated = async (coco: CocoFile, entries: readonly object[], threads: number) => {
  const metric = new CocoSegmMetric(truthsOfCoco(coco), { classes: gt.categories.map(({ name }) => name) });
  await metric.addAll(await found(entries), { threads, from: 0 });
  return { rows: metric.matches, report: metric.compute() };
};

/** What an evaluation is refused with. */
const refusal = (coco: CocoFile, entries: readonly object[], threads: number): Promise<string> =>
  evaluated(coco, entries, threads).then(String, (reason: Error) => reason.message);

it('are matched as by one thread', async () => {
  const coco = mixedTruths();
  const one = await evaluated(coco, dt, 1);
  const three = await evaluated(coco, dt, 3);
  expect(three.report).toEqual(one.report);
  expect(one.report.metrics.AP).toBeGreaterThan(0.02);
  for (const [c, { rows, ...rest }] of three.rows.entries()) {
    const { rows: expected, ...others } = one.rows[c];
    expect(rest).toEqual(others);
    expect(rows).toEqual(expected);
  }
});

it('the first mask that cannot be read is named, as by one thread', async () => {
  const broken = dt.map((entry, i) =>
    i % 40 === 39 ? { ...entry, segmentation: { size: [480, 640], counts: '11' } } : entry,
  );
  expect(await refusal(gt, broken, 1)).toMatch(
    /masks of image \d+: detection \d+: .*its size \[480,640\], received 2 pixels/,
  );
  expect(await refusal(gt, broken, 2)).toBe(await refusal(gt, broken, 1));
});

it('an object whose outline cannot be read is refused where it is met, as by one thread', async () => {
  const broken = mixedTruths();
  broken.annotations[20].segmentation = { size: [480, 640], counts: '11' };
  expect(await refusal(broken, dt, 1)).toMatch(/its size \[480,640\], received 2 pixels/);
  expect(await refusal(broken, dt, 2)).toBe(await refusal(broken, dt, 1));
});

it('an image that is not in the ground truth is refused', async () => {
  const metric = new CocoSegmMetric(truthsOfCoco({ ...gt, images: gt.images.slice(1) }), { classes: ['a', 'b', 'c'] });
  await expect(metric.addAll(await found(dt), { threads: 2, from: 0 })).rejects.toThrow(/no such image/);
});

it('CocoMetric adds all images of a file', async () => {
  const categories = gt.categories.map(({ id, name }, label) => ({ id, name, label }));
  const dataset = { classes: gt.categories.map(({ name }) => name), categories, records: [], problems: [] };
  const annFile = path.join(folder, 'gt.json');
  writeFileSync(annFile, JSON.stringify(gt));
  const build = () =>
    CocoMetric.build(
      CocoMetric.options.parse({ ann_file: annFile, metric: ['bbox', 'segm'] }),
      {} as never,
    )(dataset as never);
  const [all, each] = [await build(), await build()];
  const images = await found(dt);
  await all.addAll!(images);
  for (const [id, detections] of images) each.add(id, detections);
  expect(all.compute()).toEqual(each.compute());
});
