// WIDER FACE's AP on sets of wider_face.json, whose numbers are also those of the Python port of its evaluation.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { type FaceImage, readFaceLists, SETTINGS, type Setting } from '../../src/evaluation/wider-face-lists';
import { WIDERFaceMetric, WiderFaceEvaluation } from '../../src/evaluation/wider-face-metric';
import golden from '../golden/wider_face.json';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-wider-face-'));
afterAll(() => rmSync(folder, { recursive: true }));

type GoldenSet = (typeof golden.sets)[number];

const listsOf = ({ images }: GoldenSet): FaceImage[] =>
  images.map(({ event, name, boxes, kept }) => ({
    event,
    name,
    boxes: Float64Array.from(boxes.flat()),
    counted: Object.fromEntries(
      SETTINGS.map((setting) => [
        setting,
        Uint8Array.from(boxes, (_, g) => ((kept[setting] as number[]).includes(g + 1) ? 1 : 0)),
      ]),
    ) as Record<Setting, Uint8Array>,
  }));

const datasetOf = (images: readonly { event: string; name: string }[]) =>
  ({
    records: images.map(({ event, name }, i) => ({ id: i + 1, path: `/data/WIDER_val/${event}/${name}.jpg` })),
  }) as unknown as Dataset;

function write(files: Record<string, string>): string {
  const own = mkdtempSync(path.join(folder, 'lists-'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(own, name), Buffer.from(content, 'base64'));
  return own;
}

/** Detections in another order than the evaluation's. */
const detectionsOf = ({ found }: GoldenSet['images'][number]) => {
  const shuffled = (found as number[][]).map((row, i) => ({ row, key: (i * 7) % 5 })).sort((a, b) => a.key - b.key);
  const rows = shuffled.map(({ row }) => row);
  const ties = new Set(rows.map((row) => row[4])).size < rows.length;
  const list = ties ? (found as number[][]) : rows;
  return {
    bboxes: list.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]),
    scores: list.map((row) => row[4]),
    labels: list.map(() => 0),
  };
};

const { sets } = golden;
const withFiles = sets.filter(({ files }) => files !== null);

it.each(sets.map((set, i) => [i, set] as const))('set %i: easy, medium and hard', (_, set) => {
  const options = WIDERFaceMetric.options.parse({ gt_dir: 'lists' });
  const metric = new WiderFaceEvaluation(datasetOf(set.images), listsOf(set), options);
  for (const [i, image] of set.images.entries()) metric.add(i + 1, detectionsOf(image));
  const { metrics, problems, logged } = metric.compute();
  for (const setting of SETTINGS) expect(metrics[setting], setting).toBeCloseTo(set.ap[setting], 10);
  expect(logged!['wider_face/hard']).toBe(metrics.hard);
  expect(problems).toEqual([]);
});

describe('the files of the evaluation', () => {
  it.each(withFiles.map((set, i) => [i === 0 ? 'compressed' : 'plain', set] as const))('%s', async (_, set) => {
    expect(await readFaceLists(write(set.files!))).toEqual(listsOf(set));
  });

  it('the metric reads them, and says which images are not in the data', async () => {
    const [set] = withFiles;
    const options = WIDERFaceMetric.options.parse({ gt_dir: write(set.files!) });
    const build = (dataset: Dataset) => WIDERFaceMetric.build(options, {} as never)(dataset);
    const metric = await build(datasetOf(set.images));
    for (const [i, image] of set.images.entries()) metric.add(i + 1, detectionsOf(image));
    expect(metric.compute().metrics.hard).toBeCloseTo(set.ap.hard, 10);
    const part = await build(datasetOf(set.images.slice(0, 2)));
    expect(part.compute().problems[0].message).toMatch(/4 of the 6 images of .* are not in the data/);
    await expect(build(datasetOf([{ event: 'a', name: 'unknown' }]))).rejects.toThrow(
      /6 images, and none of this name/,
    );
  });

  it('lists of other kinds, and places that are none, are refused', async () => {
    const [set] = withFiles;
    const swapped = { ...set.files!, 'wider_easy_val.mat': set.files!['wider_face_val.mat'] };
    await expect(readFaceLists(write(swapped))).rejects.toThrow(/expected a variable "gt_list" of cells/);
    const other = { ...set.files!, 'wider_face_val.mat': withFiles[1].files!['wider_face_val.mat'] };
    await expect(readFaceLists(write(other))).rejects.toThrow(/gt_list\{\d\}\{\d\} of .*expected places 1 to/);
  });
});
