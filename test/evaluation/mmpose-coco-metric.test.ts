// The average precision of keypoints against MMPose's CocoMetric (pycocotools): crowds, objects without keypoints, poses twice, an image
// without any. The annotations are read by PoseCocoDataset.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';
import { expectClose } from '../golden-data';
import { poseGolden } from '../pose-golden';

const { coco, found, cases } = poseGolden().metric;
const folder = mkdtempSync(path.join(tmpdir(), 'detlab-pose-'));
let dataset: Dataset;

const load = async (file: string, more: object = {}) =>
  catalogue
    .build(
      'dataset',
      { type: 'PoseCocoDataset', data_root: folder, ann_file: file, test_mode: true, ...more },
      { path: 'data' },
    )
    .load();

beforeAll(async () => {
  const pixels = { create: { width: 400, height: 300, channels: 3 as const, background: '#000' } };
  const image = await sharp(pixels).jpeg().toBuffer();
  for (const { file_name } of coco.images) writeFileSync(path.join(folder, file_name), image);
  writeFileSync(path.join(folder, 'gt.json'), JSON.stringify(coco));
  dataset = await load('gt.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluate = async (options: object) => {
  const metric = await catalogue.build(
    'metric',
    { type: 'mmpose.CocoMetric', ...options },
    { path: 'metric' },
  )(dataset);
  for (const { id, scores, bboxes, keypoints } of found)
    metric.add(id, { scores, bboxes, labels: scores.map(() => 0), keypoints: Float32Array.from(keypoints) });
  return metric;
};

test.each(cases.map((c) => [JSON.stringify(c.options), c] as const))('%s', async (_, { options, metrics }) => {
  const { logged } = (await evaluate(options)).compute();
  expect(Object.keys(logged!)).toEqual(Object.keys(metrics));
  expectClose(Object.values(logged!), Object.values(metrics), 1e-9);
});

test('the results file has the keypoints', async () => {
  const metric = await evaluate({ outfile_prefix: path.join(folder, 'out'), format_only: true });
  expect(metric.compute().metrics).toEqual({});
  const [file] = (await metric.write?.()) ?? [];
  const entries = JSON.parse(readFileSync(file, 'utf8')) as { keypoints: number[]; category_id: number }[];
  expect(path.basename(file)).toBe('out.keypoints.json');
  expect(entries.every(({ keypoints, category_id }) => keypoints.length === 51 && category_id === 1)).toBe(true);
});

test('detections and data without keypoints are refused', async () => {
  const metric = await evaluate({}).catch((error: Error) => error);
  expect(metric).not.toBeInstanceOf(Error);
  const empty = await catalogue.build('metric', { type: 'mmpose.CocoMetric' }, { path: 'metric' })(dataset);
  expect(() => empty.add(1, { scores: [1], bboxes: [0, 0, 1, 1], labels: [0] })).toThrow(
    /expected 17 keypoints of each of 1/,
  );
  const { skeleton: _, ...bare } = dataset;
  await expect(catalogue.build('metric', { type: 'mmpose.CocoMetric' }, { path: 'metric' })(bare)).rejects.toThrow(
    /Cannot evaluate the keypoints of "gt": it has none/,
  );
});

test('annotations that cannot be used are named, and their objects have no visible keypoint', async () => {
  const [first] = coco.annotations as { keypoints: unknown[]; num_keypoints: number }[];
  const changed = (id: number, change: object) => ({ ...first, id, bbox: [10 * id, 10, 9, 9], ...change });
  const edited = (at: number, value: unknown) => first.keypoints.map((v, i) => (i === at ? value : v));
  const { keypoints: _, ...without } = first;
  const annotations = [
    changed(1, {}),
    changed(2, { keypoints: [1, 2, 2] }),
    changed(3, { keypoints: edited(2, 7) }),
    changed(4, { keypoints: edited(3, null) }),
    changed(5, { keypoints: 'none' }),
    changed(6, { num_keypoints: 1 + first.num_keypoints }),
    { ...without, id: 7, bbox: [70, 10, 9, 9] },
    changed(8, { bbox: [80, 10, 9, 9] }),
    changed(8, { bbox: [90, 10, 9, 9] }),
  ];
  const text = JSON.stringify({ ...coco, images: coco.images.slice(0, 2), annotations });
  writeFileSync(path.join(folder, 'bad.json'), text.replace('null', 'NaN'));
  const { records, problems, notices } = await load('bad.json');
  const file = path.join(folder, 'bad.json');
  const said = problems.filter(({ message }) => message.includes('keypoint')).map(({ message }) => message);
  expect(said).toEqual([
    `Annotation 2 in "${file}" has 3 numbers as keypoints: expected x, y and visibility of 17, 51 numbers; its keypoints are not used`,
    `Annotation 3 in "${file}" has the visibility 7 of "nose": expected 0 (not labelled), 1 (hidden) or 2 (visible); its keypoints are not used`,
    expect.stringMatching(/^Annotation 4 in .* has the keypoint "left_eye" \[null,.*expected three numbers/),
    `Annotation 5 in "${file}" has keypoints that are no list; its keypoints are not used`,
    expect.stringMatching(/^Annotation 6 in .* has num_keypoints \d+, and \d+ keypoints that are labelled/),
    expect.stringMatching(/^Annotation 8 in .* is the id of several annotations, so that their keypoints are not used/),
    expect.stringMatching(/^Annotation 8/),
  ]);
  expect(notices?.some((line) => line.includes('1 annotations have no keypoints'))).toBe(true);
  expect(records[0].annotationIds).toEqual([1, 2, 3, 4, 5, 6, 8, 8]);
  const counts = records[0].annotationIds.map((_, i) =>
    records[0].keypoints!.points.subarray(51 * i, 51 * i + 51).some((v, k) => k % 3 === 2 && v > 0),
  );
  expect(counts).toEqual([true, false, false, false, false, true, false, false]);
  expect(records[1].truths.labels.length).toBe(0);
  expect((await load('bad.json', { test_mode: false })).records.length).toBe(1);
  await expect(load('bad.json', { metainfo: { from_file: 'mine.py' } })).rejects.toThrow(/Cannot use data\.metainfo/);
});
